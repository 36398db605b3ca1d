"""How long a sampler takes: estimated before it starts, from runs on samples of the rows."""

import time
import warnings
from math import log
from typing import Any

import numpy as np
import pandas as pd
from imblearn import FunctionSampler
from sklearn.base import clone

from pipeline import config
from pipeline.config import Config
from pipeline.fit.tuning import INNER
from pipeline.formatting import counted
from pipeline.measure.repeats import repetitions
from pipeline.table.classes import rarest

FIRST = 500  # rows of the smallest sample
FEW = 20  # rows of each class in a sample, at least, if there are as many
ENOUGH = 0.5  # seconds that can be timed
CALLS = 8.0  # times as long as the smallest sample, which takes little but the time of the calls
LONG = 5.0  # seconds of a run that is the last one in any case
WORTH = 60.0  # seconds from which on a wait is reported
STEEPEST = 3.0  # growth of the time, as a power of the number of rows; cleaners have 2
SEED = 0  # of the samples, which no result depends on


def note(sampler: Any, X: pd.DataFrame, y: pd.Series, *, again: int = 0) -> str:
    """A person's warning of a long wait, such as "about 4 minutes for 200,000 rows"; empty where it is short.

    Parameters
    ----------
    sampler, X, y
        See `estimate`.
    again
        How often it runs after that on fewer rows.
    """
    seconds = estimate(sampler, X, y)
    if seconds < WORTH:
        return ""
    more = f", and at most as long for each of {again:,} fits in folds" if again else ""
    return f"about {_words(seconds)} for {counted(len(y), 'row')}{more}"


def again(params: Config, name: str, y: pd.Series) -> int:
    """How often a sampler runs besides on all training rows, at most: in folds, and in those of the search.

    Parameters
    ----------
    params, name
        All settings, and the variant of the sampler.
    y
        Codes of the training rows.
    """
    folds = params.evaluate.folds
    counts = {"rows": len(y), "rare": rarest(y, y.nunique()), "folds": max(folds, 2)}
    fits = folds * repetitions(params.evaluate.repeats, **counts) + 1
    return fits * (1 + INNER if config.candidates(params, name) else 1) - 1


def estimate(sampler: Any, X: pd.DataFrame, y: pd.Series) -> float:
    """Seconds that a sampler will take on these rows, about; 0 where that can't reach `WORTH`, or isn't known.

    It runs on samples, each twice as large as the one before, until it takes long enough to be timed. How the time
    grew to the last from one of a quarter of its rows is taken to go on. Only imbalanced-learn's own samplers are
    tried: others may draw from a generator that copies share, so that the result would depend on what was tried.

    Parameters
    ----------
    sampler
        With `fit_resample`; copies are fitted.
    X, y
        Shapes (n, p) and (n,): all rows.
    """
    known = type(sampler).__module__.startswith("imblearn.") and not isinstance(sampler, FunctionSampler)
    if not known:
        return 0.0
    seen: list[tuple[int, float]] = []
    size, total = FIRST, len(y)
    if size <= total // 4:
        _timed(sampler, X, y, size)  # libraries load what they need
    while size <= total // 4:
        # With many classes, of which each keeps a few rows, samples of two sizes may be the same.
        if (timed := _timed(sampler, X, y, size)) is not None and (not seen or timed[0] > seen[-1][0]):
            rows, seconds = timed
            if seconds * (total / rows) ** STEEPEST < WORTH:
                return 0.0
            seen.append(timed)
            if seconds >= max(ENOUGH, CALLS * seen[0][1]) or (len(seen) > 1 and seconds >= LONG):
                break
        size *= 2
    if len(seen) < 2 or seen[-1][1] < ENOUGH:  # an eighth of the rows takes no time
        return 0.0
    (rows, seconds), (fewer, less) = seen[-1], seen[max(len(seen) - 3, 0)]
    growth = min(max(log(seconds / less) / log(rows / fewer), 1.0), STEEPEST)
    return float(seconds * (total / rows) ** growth)


def _timed(sampler: Any, X: pd.DataFrame, y: pd.Series, size: int) -> tuple[int, float] | None:
    """About as many rows, drawn from each class alike, and seconds for them; None where the sampler can't take them."""
    random = np.random.default_rng(SEED)
    drawn = []
    for code, count in y.value_counts().items():
        places = random.permutation(np.flatnonzero(y == code))
        drawn.append(places[: max(FEW, round(size * count / len(y)))])
    places = np.sort(np.concatenate(drawn))
    rows, codes, copy = X.iloc[places], y.iloc[places], clone(sampler)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        began = time.perf_counter()
        try:
            copy.fit_resample(rows, codes)
        except Exception:  # whatever it is, the run on all rows will say it
            return None
        return len(places), time.perf_counter() - began


def _words(seconds: float) -> str:
    """A time in the largest unit of which it is two or more: "90 seconds", "4 minutes", "30 hours"."""
    for unit, name in ((86_400, "days"), (3600, "hours"), (60, "minutes")):
        if seconds >= 2 * unit:
            return f"{seconds / unit:,.0f} {name}"
    return f"{seconds:.0f} seconds"
