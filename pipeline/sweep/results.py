"""The files in multirun/: finished runs, and their sweeps."""

import fcntl
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pipeline.config import Tracking
from pipeline.errors import InputError
from pipeline.files import read_json, sha256, write, write_json

ROOT = Path("multirun")
RUNS = ROOT / "runs"  # by a hash of all that a run depends on, so that no run is made twice
DAMAGED = ROOT / "damaged"  # where runs are put whose files aren't what was written
HASHES = "sha256.json"  # of a run's other files, by name
PARTIAL = ".partial-"  # start of the name of folders that a killed process may leave in RUNS
STALE = 24 * 3600  # seconds after which no living process uses such a folder
DIGITS = 16  # of a run's id, in the name of its folder
SCHEMA_VERSION = 2


@dataclass(frozen=True)
class Planned:
    """A run of a sweep.

    Attributes
    ----------
    id
        SHA-256 of its settings, its table, and the code that makes it.
    name
        For people, such as "smote · C=0.1 · seed 3".
    configuration
        The name without seeds and tables: runs that differ only in these have it in common.
    variant
        Name of the variant.
    axes
        The keys that the sweep varies, and their values in this run.
    settings
        All settings, with this variant as the only one; see `pipeline.config.Config`.
    data_sha256
        SHA-256 of the table.
    """

    id: str
    name: str
    configuration: str
    variant: str
    axes: dict[str, str]
    settings: dict[str, Any]
    data_sha256: str

    @property
    def folder(self) -> Path:
        """Where its results are, once it is finished."""
        return RUNS / self.id[:DIGITS]

    @property
    def finished(self) -> bool:
        """Whether all its results are there; whether they are as they were written, see `set_aside`."""
        return (self.folder / HASHES).is_file()


@dataclass(frozen=True)
class Sweep:
    """The runs of one command.

    Attributes
    ----------
    name
        The tables and a hash of the runs: the same command on the same tables and code is the same sweep.
    command
        As typed.
    axes
        The keys that vary, and their values.
    tracking
        Where to publish it.
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
        """Write `sweep.json`, see `read`."""
        plain = {**asdict(self), "tracking": self.tracking.model_dump()}
        write_json(self.folder / "sweep.json", {"schema_version": SCHEMA_VERSION, **plain})

    def failures(self) -> dict[str, str]:
        """Why runs failed in the last attempt, by id; without runs that are finished by now."""
        known = {run.id: run for run in self.runs}
        failed = (read_json(path) for path in sorted((self.folder / "failed").glob("*.json")))
        return {f["id"]: f["reason"] for f in failed if f["id"] in known and not known[f["id"]].finished}


def read(folder: Path) -> Sweep:
    """A sweep that `Sweep.write` has written."""
    data = read_json(folder / "sweep.json")
    del data["schema_version"]
    runs = [Planned(**run) for run in data.pop("runs")]
    return Sweep(**{**data, "tracking": Tracking.model_validate(data["tracking"])}, runs=runs)


def sweeps() -> list[Sweep]:
    """All sweeps in multirun/ by name, without those that another version of this project has written."""
    found = sorted(ROOT.glob("*/sweep.json"))
    return [read(path.parent) for path in found if read_json(path)["schema_version"] == SCHEMA_VERSION]


def save(planned: Planned, files: Mapping[str, Any]) -> None:
    """Write all results of a run in one step; a second process with the same run changes nothing.

    Parameters
    ----------
    files
        Content by name, see `pipeline.files.write`.
    """
    RUNS.mkdir(parents=True, exist_ok=True)
    partial = Path(tempfile.mkdtemp(dir=RUNS, prefix=PARTIAL))
    try:
        for name, content in files.items():
            write(partial / name, content)
        write_json(partial / HASHES, _hashes(partial))
        partial.chmod(0o755)
        if not planned.finished:
            partial.rename(planned.folder)
    except OSError:
        if not planned.finished:  # otherwise another process was faster, with the same results
            raise
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _hashes(folder: Path) -> dict[str, str]:
    return {path.name: sha256(path) for path in sorted(folder.iterdir()) if path.name != HASHES}


def set_aside(runs: Sequence[Planned]) -> list[str]:
    """Move runs whose files aren't those that were written out of the way, and give a line for each.

    A full disk, a kill of the system or a hand may have damaged them. They then count as not finished.
    """
    lines = []
    for planned in runs:
        if not planned.folder.is_dir() or (found := _damage(planned.folder)) is None:
            continue
        DAMAGED.mkdir(exist_ok=True)
        place = Path(tempfile.mkdtemp(dir=DAMAGED, prefix=f"{planned.folder.name}-"))
        planned.folder.rename(place)  # onto an empty folder
        lines.append(f"damaged  {planned.name}: {found}; moved to {place}, and run again")
    return lines


def _damage(folder: Path) -> str | None:
    """What is wrong with the files of a run, or None."""
    try:
        expected = read_json(folder / HASHES)
        if expected == (found := _hashes(folder)):
            return None
    except (InputError, OSError):
        return f"{HASHES} can't be read"
    if not isinstance(expected, dict):
        return f"{HASHES} isn't as written"
    changed = sorted(name for name in {**expected, **found} if expected.get(name) != found.get(name))
    return f"{', '.join(changed)} {'is' if len(changed) == 1 else 'are'} not as written"


def fail(folder: Path, planned: Planned, reason: str, trace: str) -> None:
    """Write to a sweep's folder why a run has failed."""
    write_json(folder / "failed" / f"{planned.id[:DIGITS]}.json", {"id": planned.id, "reason": reason, "trace": trace})


def tidy() -> None:
    """Delete half-written runs of processes that were killed long ago."""
    for path in RUNS.glob(f"{PARTIAL}*"):
        if time.time() - path.stat().st_mtime > STALE:
            shutil.rmtree(path, ignore_errors=True)


@contextmanager
def locked(sweep: Sweep) -> Iterator[None]:
    """Hold the lock of a sweep; it ends with the process.

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
                f"{sweep.folder}: another process is running this sweep. Wait for it, or stop it."
            ) from None
        yield
