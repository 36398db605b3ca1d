"""Publishes a sweep to MLflow, run by run."""

import json
from collections.abc import Mapping
from pathlib import Path

from pipeline.config import Config
from pipeline.errors import InputError
from pipeline.files import digest, read_json, read_table, say
from pipeline.measure.tasks import task_of
from pipeline.sweep import results
from pipeline.sweep.results import Planned, Sweep
from pipeline.tracking import verdict
from pipeline.tracking.describe import facts_of, metrics_of, settings
from pipeline.tracking.publication import Publication
from pipeline.tracking.runs import PAGES, Run, metric_name
from pipeline.tracking.store import StoreError

ENDS = ("_low", "_high")  # ends of intervals: left out, since MLflow writes a row for each; metrics.json has them
SUMMARY = ("summary.md", "summary.json", "runs.csv")


def parent_run(sweep: Sweep) -> Run:
    """The MLflow run of a sweep before any of its runs is published."""
    return Run(
        sweep.name,
        f"`{sweep.command}`",
        tags={
            "kind": "sweep",
            "command": sweep.command,
            "mlflow.source.name": sweep.command,
            **{f"swept.{key}": ", ".join(values) for key, values in sweep.axes.items()},
            **sweep.commit,
        },
        params=_shared([settings(Config.model_validate(run.settings), run.variant) for run in sweep.runs]),
    )


def _shared(settings: list[dict[str, str]]) -> dict[str, str]:
    """The settings that all runs have in common."""
    first = settings[0]
    return {key: text for key, text in first.items() if all(other.get(key) == text for other in settings)}


def child_run(planned: Planned, tags: Mapping[str, str]) -> Run:
    """The MLflow run of a finished run; `tags` are those of the whole sweep."""
    params = Config.model_validate(planned.settings)
    metrics = read_json(planned.folder / "metrics.json")
    series: dict[str, list[float | None]] = {}
    if (planned.folder / "folds.parquet").is_file():
        rows = json.loads(read_table(planned.folder / "folds.parquet").to_json(orient="records"))
        task = task_of(read_json(planned.folder / "run.json")["table"])
        series = {metric_name("per_fold", name): [row[name] for row in rows] for name in task.series}
    own = settings(params, planned.variant)
    return Run(
        planned.name,
        tags={
            "kind": "run",
            "variant": planned.variant,
            "data_sha256": planned.data_sha256,
            "params_sha256": digest(own),
            **tags,
        },
        # The other settings are in the parent run: here they would only hide what differs.
        params={"variant": planned.variant, "seed": str(params.seed), **planned.axes, **facts_of(metrics)},
        metrics={name: value for name, value in metrics_of(metrics).items() if not name.endswith(ENDS)},
        series=series,
        artifacts={name: planned.folder / name for name in ("confusion_matrix.json", "metrics.json", "run.json")},
    )


class Publisher:
    """Publishes a sweep to MLflow, run by run, and no run twice.

    Raises
    ------
    StoreError
        The store can't be used. The methods raise it too.
    """

    def __init__(self, sweep: Sweep) -> None:
        self._sweep = sweep
        self._tags = {**sweep.commit, "mlflow.source.name": sweep.command}
        key = digest(sorted(run.id for run in sweep.runs))
        self._publication = Publication(sweep.tracking, parent_run(sweep), key=key)
        self.published = self._publication.published

    def add(self, planned: Planned) -> None:
        """Publish a finished run."""
        if planned.id not in self._publication:
            self._publication.add(child_run(planned, self._tags), key=planned.id)

    def close(self, *, interrupted: bool = False) -> None:
        """Publish the finished runs that the store doesn't have, then the sweep's table and report."""
        if self._publication.finished:
            return
        for planned in self._sweep.runs:
            if planned.finished:
                self.add(planned)
        complete = all(planned.finished for planned in self._sweep.runs)
        folder, text = self._sweep.folder, f"`{self._sweep.command}`"
        artifacts: dict[str, Path | str] = {
            name: folder / name for name in (*PAGES, *SUMMARY) if (folder / name).is_file()
        }
        artifacts |= {f"figures/{path.name}": path for path in sorted((folder / "figures").glob("*.png"))}
        for name in ("comparison.md", "summary.md"):
            if name in artifacts:
                text += "\n\n" + (folder / name).read_text(encoding="utf-8")
        status = "FINISHED" if complete else "KILLED" if interrupted else "FAILED"
        judged = read_json(folder / "verdict.json") if "verdict.json" in artifacts else None
        tags, metrics = (verdict.tags(judged), verdict.metrics(judged)) if judged else ({}, {})
        parent = Run(self._sweep.name, text, tags=tags, metrics=metrics, artifacts=artifacts)
        self._publication.close(parent, status=status)


def publish_sweeps() -> int:
    """Publish what the stores of the sweeps in multirun/ don't have yet, and return how many sweeps are published."""
    number = 0
    for sweep in results.sweeps():
        if sweep.tracking.uri is None:
            continue
        try:
            with results.locked(sweep):
                for line in results.set_aside(sweep.runs):
                    say(f"{sweep.name}: {line} by the sweep's command")
                Publisher(sweep).close()
        except (StoreError, InputError) as error:  # its store can't be used, or it's still running and publishes itself
            say(f"{sweep.name}: {error}")
        else:
            number += 1
    if number:
        say(f"{results.ROOT}: {number} sweep{'s are' if number > 1 else ' is'} published")
    return number
