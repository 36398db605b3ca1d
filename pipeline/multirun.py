"""What sweeps leave in multirun/: finished runs, the sweeps that asked for them, and their way to MLflow."""

import fcntl
import json
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pipeline import config
from pipeline.config import Tracking
from pipeline.describe import flat_metrics, settings
from pipeline.errors import InputError
from pipeline.files import digest, read_json, read_table, write, write_json
from pipeline.tracking import Publication, Run, metric_name

ROOT = Path("multirun")
RUNS = ROOT / "runs"  # by the hash of all that a run depends on, so that no run is made twice
PARTIAL = ".partial-"  # folders that a killed process may leave in RUNS
STALE = 24 * 3600  # seconds after which such a folder is nobody's
NAMED = 16  # hexadecimal digits of a hash that name a folder
SCHEMA_VERSION = 1
ENDS = ("_low", "_high")  # of intervals, which are in metrics.json; MLflow writes a row for each
PAGES = (
    "index.html",
    "comparison.md",
    "comparison.csv",
    "comparison.json",
    "verdict.json",
    "summary.md",
    "summary.json",
    "runs.csv",
)
FOLD_METRICS = (
    "average_precision",
    "roc_auc",
    "log_loss",
    "brier",
    "default_recall",
    "default_precision",
    "tuned_recall",
    "tuned_precision",
)

FOLD_METRICS_OF_CLASSES = (
    *FOLD_METRICS[:4],
    "default_balanced_accuracy",
    "default_macro_f1",
    "tuned_balanced_accuracy",
    "tuned_macro_f1",
)


@dataclass(frozen=True)
class Planned:
    """A run that a sweep asks for.

    Attributes
    ----------
    id
        SHA-256 over its settings, its table, and the code that makes it.
    name
        For people: "smote · C=0.1 · seed 3".
    way
        The same without seeds: what runs that differ by luck alone have in common.
    variant
        Its name.
    axes
        What the sweep varied, by its key.
    settings
        The resolved configuration, with this variant alone, see `pipeline.config.restore`.
    data_sha256
        Of the table.
    """

    id: str
    name: str
    way: str
    variant: str
    axes: dict[str, str]
    settings: dict[str, Any]
    data_sha256: str

    @property
    def folder(self) -> Path:
        """Where its results are, once it is finished."""
        return RUNS / self.id[:NAMED]

    @property
    def finished(self) -> bool:
        """Whether its results are there, whole."""
        return self.folder.is_dir()


@dataclass(frozen=True)
class Sweep:
    """The runs that one command asks for.

    Attributes
    ----------
    name
        Names the tables and ends in a hash of the runs: the same command on the same table and code is the same sweep.
    command
        As it was typed.
    axes
        Keys that were varied, and their values.
    tracking
        Where it is published.
    commit
        See `pipeline.describe.git_tags`.
    runs
        In the order of the command.
    """

    name: str
    command: str
    axes: dict[str, list[str]]
    tracking: Tracking
    commit: dict[str, str]
    runs: list[Planned]

    @property
    def folder(self) -> Path:
        """Where its report is."""
        return ROOT / self.name

    def write(self) -> None:
        """Write `sweep.json`, from which `read` takes it up."""
        write_json(self.folder / "sweep.json", {"schema_version": SCHEMA_VERSION, **asdict(self)})

    def failures(self) -> dict[str, str]:
        """Why runs have failed at the last attempt, by id; of those that are not finished since."""
        known = {run.id: run for run in self.runs}
        there = (read_json(path) for path in sorted((self.folder / "failed").glob("*.json")))
        return {f["id"]: f["reason"] for f in there if f["id"] in known and not known[f["id"]].finished}


def read(folder: Path) -> Sweep:
    """A sweep as `Sweep.write` left it."""
    data = read_json(folder / "sweep.json")
    del data["schema_version"]
    runs = [Planned(**run) for run in data.pop("runs")]
    return Sweep(**{**data, "tracking": Tracking(**data["tracking"])}, runs=runs)


def sweeps() -> list[Sweep]:
    """All sweeps that are there, by name."""
    return [read(path.parent) for path in sorted(ROOT.glob("*/sweep.json"))]


def save(planned: Planned, files: Mapping[str, Any]) -> None:
    """Write the results of a run, all at once; a second writer of the same run changes nothing.

    Parameters
    ----------
    files
        Content by name: see `pipeline.files.write`.
    """
    RUNS.mkdir(parents=True, exist_ok=True)
    partial = Path(tempfile.mkdtemp(dir=RUNS, prefix=PARTIAL))
    try:
        for name, content in files.items():
            write(partial / name, content)
        partial.chmod(0o755)
        if not planned.finished:
            partial.rename(planned.folder)
    except OSError:
        if not planned.finished:  # else another process was faster, with the same bytes
            raise
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def fail(folder: Path, planned: Planned, reason: str, trace: str) -> None:
    """Say in a sweep's folder why a run has failed."""
    write_json(folder / "failed" / f"{planned.id[:NAMED]}.json", {"id": planned.id, "reason": reason, "trace": trace})


def tidy() -> None:
    """Delete what processes that were killed long ago left half written."""
    for path in RUNS.glob(f"{PARTIAL}*"):
        if time.time() - path.stat().st_mtime > STALE:
            shutil.rmtree(path, ignore_errors=True)


@contextmanager
def alone(sweep: Sweep) -> Iterator[None]:
    """Hold the lock of a sweep; the system frees it at death.

    Raises
    ------
    InputError
        Another process holds it.
    """
    sweep.folder.mkdir(parents=True, exist_ok=True)
    with (sweep.folder / "lock").open("a") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise InputError(
                f"{sweep.folder}: this sweep is running in another process: wait for it, or stop it"
            ) from None
        yield


def parent_run(sweep: Sweep) -> Run:
    """The MLflow run of a sweep, as it begins."""
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
        params=_shared([settings(config.restore(run.settings), run.variant) for run in sweep.runs]),
    )


def _shared(settings: list[dict[str, str]]) -> dict[str, str]:
    """The settings that are the same in all of them."""
    first = settings[0]
    return {key: text for key, text in first.items() if all(other.get(key) == text for other in settings)}


def child_run(planned: Planned, tags: Mapping[str, str]) -> Run:
    """The MLflow run of a finished run, from its folder; `tags` are those of the whole sweep."""
    params = config.restore(planned.settings)
    metrics = read_json(planned.folder / "metrics.json")
    series: dict[str, list[float | None]] = {}
    if (planned.folder / "folds.parquet").is_file():
        rows = json.loads(read_table(planned.folder / "folds.parquet").to_json(orient="records"))
        wanted = FOLD_METRICS if "positives" in rows[0] else FOLD_METRICS_OF_CLASSES
        series = {metric_name("per_fold", name): [row[name] for row in rows] for name in wanted}
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
        # What the sweep does not vary stands in the parent: here it would only hide what differs.
        params={"variant": planned.variant, "seed": str(params.seed), **planned.axes},
        metrics={name: value for name, value in flat_metrics(metrics).items() if not name.endswith(ENDS)},
        series=series,
        artifacts={name: planned.folder / name for name in ("confusion_matrix.json", "metrics.json", "run.json")},
    )


class Publisher:
    """Brings a sweep to MLflow, run by run; what the store already has is not brought again.

    Raises
    ------
    StoreError
        The store cannot be used; methods raise it too.
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
        """Publish what is finished and missing, then the sweep's table and report, unless all of it is there."""
        if self._publication.finished:
            return
        for planned in self._sweep.runs:
            if planned.finished:
                self.add(planned)
        whole = all(planned.finished for planned in self._sweep.runs)
        folder, text = self._sweep.folder, f"`{self._sweep.command}`"
        artifacts: dict[str, Path | str] = {name: folder / name for name in PAGES if (folder / name).is_file()}
        artifacts |= {f"figures/{path.name}": path for path in sorted((folder / "figures").glob("*.png"))}
        for name in ("comparison.md", "summary.md"):
            if name in artifacts:
                text += "\n\n" + (folder / name).read_text(encoding="utf-8")
        status = "FINISHED" if whole else "KILLED" if interrupted else "FAILED"
        self._publication.close(description=text, artifacts=artifacts, status=status)
