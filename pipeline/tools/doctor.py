"""Repairs what a kill or a damaged disk leaves behind, and what keeps DVC from going on or hands out wrong files."""

import fcntl
import hashlib
import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pipeline.errors import InputError
from pipeline.files import say, write_bytes

LOCK, RUNNING, HELD = Path("dvc.lock"), Path(".dvc/tmp/lock"), Path(".dvc/tmp/rwlock")
REPAIRED = 10  # exit status


def run(*, cache: bool = False) -> int:
    """Repair what is damaged, print what was, and give 0 if nothing was, else `REPAIRED`.

    Parameters
    ----------
    cache
        Whether to compare each file in DVC's cache with the MD5 that is its name, too.

    Raises
    ------
    InputError
        A command of DVC is running here.
    """
    _refuse_running()
    found = [*_lock_file(), *_held(), *(_cache() if cache else ())]
    for line in found:
        say(line)
    if found:
        say("now run `dvc repro`: it reuses what is finished and undamaged")
        return REPAIRED
    say(f"nothing is damaged in {LOCK}{', ' if cache else ' and '}{HELD}" + (" and DVC's cache" if cache else ""))
    return 0


def _refuse_running() -> None:
    if RUNNING.is_file():
        with RUNNING.open("rb") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise InputError("a command of DVC is running in this folder. Wait until it has ended.") from None


def _lock_file() -> Iterator[str]:
    """What was done about dvc.lock, if DVC can't read it: a kill may leave a part of it, or nothing."""
    if not LOCK.is_file() or _read() is not None:
        return
    committed = subprocess.run(["git", "show", f"HEAD:./{LOCK}"], capture_output=True, check=False)
    if committed.returncode == 0:
        write_bytes(LOCK, committed.stdout)
        yield f"{LOCK} couldn't be read, as after a kill: restored from the last commit"
    else:
        LOCK.unlink()
        yield f"{LOCK} couldn't be read, as after a kill, and isn't in the last commit: deleted"


def _read() -> dict[str, Any] | None:
    """The content of dvc.lock; None if DVC would refuse it."""
    from dvc.schema import COMPILED_LOCKFILE_SCHEMA
    from voluptuous import Invalid
    from yaml import YAMLError, safe_load

    try:
        content: dict[str, Any] = COMPILED_LOCKFILE_SCHEMA(safe_load(LOCK.read_text(encoding="utf-8")))
    except (YAMLError, UnicodeDecodeError, Invalid):
        return None
    return content


def _held() -> Iterator[str]:
    """What was done about DVC's list of files in use, if it can't be read; from one it can, it drops dead processes."""
    from dvc.rwlock import SCHEMA
    from voluptuous import Invalid

    if HELD.is_file():
        try:
            SCHEMA(json.loads(HELD.read_text(encoding="utf-8")))
        except (ValueError, Invalid):
            HELD.unlink()
            yield f"{HELD} couldn't be read, as after a kill: deleted"


def _cache() -> Iterator[str]:
    """What was done about cached files whose content isn't what their name says, and about outputs that have some."""
    place = subprocess.run(["dvc", "cache", "dir"], capture_output=True, text=True, check=True).stdout.strip()
    files = {path.parent.name + path.name: path for path in Path(place).glob("files/md5/??/*") if path.is_file()}
    damaged = {name for name, path in files.items() if _md5(path) != name.removesuffix(".dir")}
    stages: dict[str, Any] = (_read() or {}).get("stages", {}) if LOCK.is_file() else {}
    for name, stage in stages.items():
        for out in stage.get("outs", ()):
            path = Path(out["path"])
            if path.exists() and damaged & {out.get("md5"), *_inside(files.get(out.get("md5")))}:
                shutil.rmtree(path) if path.is_dir() else path.unlink()
                yield f"{path} may have damaged content: deleted, and stage {name} makes it again"
    for name in sorted(damaged):
        files[name].unlink()
        yield f"{files[name]} doesn't match its hash: deleted"


def _inside(listing: Path | None) -> set[str]:
    """The MD5 of each file in a folder, by DVC's list of it; none if there is no list that can be read."""
    if listing is None or listing.suffix != ".dir":
        return set()
    try:
        return {str(each["md5"]) for each in json.loads(listing.read_text(encoding="utf-8"))}
    except (ValueError, KeyError, TypeError):
        return set()


def _md5(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
