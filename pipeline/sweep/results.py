"""What sweeps leave in multirun/: finished runs, and the sweeps that asked for them."""

import fcntl
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pipeline.config import Tracking
from pipeline.errors import InputError
from pipeline.files import read_json, write, write_json

ROOT = Path("multirun")
RUNS = ROOT / "runs"  # by the hash of all that a run depends on, so that no run is made twice
PARTIAL = ".partial-"  # folders that a killed process may leave in RUNS
STALE = 24 * 3600  # seconds after which such a folder is nobody's
NAMED = 16  # hexadecimal digits of a hash that name a folder
SCHEMA_VERSION = 1


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
        The resolved configuration, with this variant alone.
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
        See `pipeline.tracking.describe.git_tags`.
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
        plain = {**asdict(self), "tracking": self.tracking.model_dump()}
        write_json(self.folder / "sweep.json", {"schema_version": SCHEMA_VERSION, **plain})

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
    return Sweep(**{**data, "tracking": Tracking.model_validate(data["tracking"])}, runs=runs)


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
