"""Keeps what each table gave, so that a stopped check can be resumed; changed code starts again."""

import hashlib
import time
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import Any

from joblib import Parallel, delayed
from tqdm import tqdm

from checks.declared import ROOT
from pipeline import files
from pipeline.files import digest
from pipeline.fit import code as code_

KEPT = ROOT / "checks"


def outcomes(
    make: Callable[..., dict[str, Any]], cases: Iterable[Any], *, folder: Path | None = None, jobs: int = 1, **how: Any
) -> dict[Any, dict[str, Any]]:
    """`make(case, **how)` by case; what lies below `folder` is not made again."""
    cases = list(cases)
    key = digest([code(), {name: str(value) for name, value in how.items()}])[:12]
    kept = folder and folder / f"{make.__name__}-{key}"
    missing = [case for case in cases if not (kept and (kept / f"{case}.json").is_file())]
    each = Parallel(n_jobs=jobs, return_as="generator_unordered")(
        delayed(_outcome)(make, case, kept, how) for case in missing
    )
    there, total = len(cases) - len(missing), len(cases)
    made = dict(tqdm(each, desc=make.__name__, initial=there, total=total, delay=2, mininterval=5, leave=False))
    return {case: made[case] if case in made else files.read_json(kept / f"{case}.json") for case in cases}


def _outcome(make: Callable[..., dict[str, Any]], case: Any, kept: Path | None, how: dict[str, Any]) -> Any:
    begin = time.perf_counter()
    found = make(case, **how)
    if kept is not None:
        files.write_json(kept / f"{case}.json", {**found, "seconds": round(time.perf_counter() - begin, 1)})
    return case, found


@cache
def code() -> str:
    """What outcomes depend on besides their settings: the modules and packages of a run, and the checks themselves."""
    sources = code_.sources_of(Path(__file__).parent)
    return digest([code_.code(), {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sources}])
