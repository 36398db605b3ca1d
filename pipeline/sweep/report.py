"""Writes a sweep's tables and page, and prints its results."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from omegaconf import OmegaConf

from pipeline import config
from pipeline.config import Config
from pipeline.files import CONF, csv_text, digest, read_json, read_table, say, write
from pipeline.fit import run
from pipeline.fit.build import build
from pipeline.fit.variants import WEIGHTS, is_deaf, node_of
from pipeline.formatting import counted
from pipeline.judge import evidence, models
from pipeline.report import models as of_models
from pipeline.report.figures.spread import spread
from pipeline.report.figures.style import png
from pipeline.report.files import pages
from pipeline.report.page import render_summary
from pipeline.sweep import summary
from pipeline.sweep.results import Planned, Sweep
from pipeline.sweep.watch import Watch
from pipeline.tracking.runs import page
from pipeline.tracking.store import store_file

SORTED_BY = "test/average_precision"
LISTED = "variant@variants."  # in conf/config.yaml before the name of a variant
MODEL = "model"  # the key that varies where models are compared
SHOWN = 20  # failed runs listed at the end


def report(sweep: Sweep) -> None:
    """Write the tables and the page.

    There is a comparison where the runs differ in their variant alone, one of each model where they differ in it, too,
    and else a summary.
    """
    results = {p.id: read_json(p.folder / "metrics.json") for p in sweep.runs if p.finished}
    if not results:
        return
    runs = summary.frame(sweep.runs, results)
    write(sweep.folder / "runs.csv", csv_text(runs))
    for name, content in _files(sweep, runs).items():
        write(sweep.folder / name, content)


def _files(sweep: Sweep, runs: pd.DataFrame) -> dict[str, Any]:
    by_model: dict[str, list[Planned]] = {}
    for planned in sweep.runs:
        by_model.setdefault(planned.axes.get(MODEL, ""), []).append(planned)
    shared = ("data", "split", "preprocess", "evaluate", "compare", "seed")
    alike = len({digest([planned.settings[key] for key in shared]) for planned in sweep.runs}) == 1
    if not alike or not set(sweep.axes) <= {"variant", MODEL}:
        return _summary(sweep, runs)
    if len(by_model) == 1:
        return pages(_evidence(sweep, sweep.runs))
    return _models(sweep, by_model)


def _evidence(sweep: Sweep, runs: Sequence[Planned]) -> evidence.Evidence:
    """What these runs, which differ in their variant alone, say of them."""
    finished, failures = [planned for planned in runs if planned.finished], sweep.failures()
    params = Config.model_validate(finished[0].settings)
    _, truth, schema, _ = run.table(params.data)
    return evidence.Evidence(
        results={p.variant: read_json(p.folder / "metrics.json") for p in finished},
        predictions={p.variant: read_table(p.folder / "predictions.parquet") for p in finished},
        out_of_fold={p.variant: _optional(p.folder / "out_of_fold.parquet") for p in finished},
        folds={p.variant: _optional(p.folder / "folds.parquet") for p in finished},
        declared=evidence.declare(params),
        table=schema,
        classes=read_json(finished[0].folder / "run.json")["split"],
        truth=truth,
        components={},
        hashes=evidence.hashes(params),
        failed={p.variant: failures.get(p.id, "not run yet") for p in runs if not p.finished},
        baselines={},  # of one model
        command=sweep.command,
    )


def _models(sweep: Sweep, by_model: Mapping[str, Sequence[Planned]]) -> dict[str, Any]:
    """The files of each model's comparison, in a folder of its name, and those of all together."""
    begun = {model: runs for model, runs in by_model.items() if any(planned.finished for planned in runs)}
    said = {model: _evidence(sweep, runs) for model, runs in begun.items()}
    made = {model: pages(each) for model, each in said.items()}
    first, failures = next(iter(said.values())), sweep.failures()
    missing = [planned for runs in by_model.values() for planned in runs if not planned.finished]
    # What takes the place of the model is the same with each: one pair.
    replaced = {p.variant for p in sweep.runs if p.settings["variants"][p.variant]["model"].get(config.REPLACE)}
    folds, thresholds = {}, {}
    for model, each in said.items():
        for name, threshold in each.thresholds.items():
            pair = (name if name in replaced else model, name)
            folds[pair], thresholds[pair] = each.folds[name], threshold
    decision = models.across(
        folds,
        {model: files["verdict.json"] for model, files in made.items()},
        thresholds=thresholds,
        declared=first.declared,
        task=first.task,
        leaked=first.leaked,
        failed={models.words((p.axes[MODEL], p.variant)): failures.get(p.id, "not run yet") for p in missing},
    )
    return {
        **{f"{model}/{name}": content for model, files in made.items() for name, content in files.items()},
        **of_models.pages(
            decision,
            table=first.table["name"],
            command=sweep.command,
            compared=_compared(),
            refused={model: [WEIGHTS] for model, runs in by_model.items() if _is_deaf(runs[0])},
        ),
    }


def _compared() -> list[str]:
    """The variants in the defaults of conf/, by name."""
    lines = [key for line in OmegaConf.load(CONF / "config.yaml").defaults if isinstance(line, Mapping) for key in line]
    return [key.removeprefix(LISTED) for key in lines if key.startswith(LISTED)]


def _is_deaf(planned: Planned) -> bool:
    """Whether the model of a run, which may be the variant's own, can't be weighted."""
    params = Config.model_validate(planned.settings)
    built = build(node_of(params.model), where=MODEL, method="predict_proba", trusted=params.trusted_packages)
    return is_deaf(built)


def _optional(path: Path) -> pd.DataFrame | None:
    return read_table(path) if path.is_file() else None


def _summary(sweep: Sweep, runs: pd.DataFrame) -> dict[str, Any]:
    summed = summary.summarize(sweep, runs, sweep.failures())
    ranking = {key: summary.RANKING[key] for key in ("average_precision", "log_loss")}
    drawn = {
        name: png(spread(block, {**summary.decisions(block), **ranking}))
        for name, block in runs.groupby("data", sort=False)
    }
    return {
        **{f"figures/{name}.png": picture for name, picture in drawn.items()},
        "summary.json": summed,
        "summary.md": summary.markdown(summed),
        "index.html": render_summary(summed, drawn),
    }


def conclude(sweep: Sweep, watch: Watch, *, skipped: int, stopped: str | None) -> None:
    """Print the table, the failed runs, and where to look."""
    finished, failures = sum(planned.finished for planned in sweep.runs), sweep.failures()
    tables = [
        sweep.folder / name for name in ("comparison.md", "models.md", "summary.md") if (sweep.folder / name).is_file()
    ]
    for table in tables if finished else []:
        say("\n" + table.read_text(encoding="utf-8").rstrip())
    names = {planned.id: planned.name for planned in sweep.runs}
    say("")
    for key, reason in list(failures.items())[:SHOWN]:
        say(f"failed   {names[key]}: {reason}")
    if len(failures) > SHOWN:
        say(f"failed   {len(failures) - SHOWN:,} more, see {sweep.folder / 'failed'}")
    if stopped:
        say(f"stopped  {stopped}")
    left = len(sweep.runs) - finished - len(failures)
    counts = f"{finished:,} of {len(sweep.runs):,} finished"
    counts += f" ({skipped:,} earlier)" if skipped else ""
    counts += f", {len(failures):,} failed" if failures else ""
    counts += f", {left:,} not started (to continue, run the same command again)" if left else ""
    say(f"runs     {counts}")
    if finished:
        say(f"report   {sweep.folder / 'index.html'}")
        say(f"table    {sweep.folder / 'runs.csv'}")
        if MODEL in sweep.axes:
            say(f"time     {_times(sweep)}")
    say(f"MLflow   {_where(sweep, watch)}")


def _times(sweep: Sweep) -> str:
    """How long the finished runs of each model took, whenever that was; no file of results has it, as it varies."""
    seconds: dict[str, list[float]] = {}
    for planned in (planned for planned in sweep.runs if planned.finished):
        seconds.setdefault(planned.axes[MODEL], []).append(read_json(planned.folder / "run.json")["seconds"])
    return ", ".join(f"{model} {sum(each):,.1f} s in {counted(len(each), 'run')}" for model, each in seconds.items())


def _where(sweep: Sweep, watch: Watch) -> str:
    if watch.unpublished is not None or watch.published is None:
        return watch.unpublished or "nothing to publish"
    uri, address = str(sweep.tracking.uri), page(watch.published, metric=SORTED_BY)
    if store_file(uri) is None:
        return f"{uri.rstrip('/')}/{address}"
    return f"run `rebalance publish --ui`, then open http://127.0.0.1:5000/{address}"
