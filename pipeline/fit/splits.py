"""Folds of the training rows: stratified, grouped, or by time."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from sklearn.model_selection import RepeatedStratifiedKFold, StratifiedGroupKFold, StratifiedKFold

from pipeline.config import Evaluate
from pipeline.table.classes import rarest

LEAST = 5  # rows of the rarest class, mostly positives, that each fold keeps for testing


def asked(y: pd.Series, classes: int, settings: Evaluate, times: pd.Series | None = None) -> int:
    """The number of folds that the settings ask for, as far as there are rows for them; see `count`.

    Those that aren't shuffled are as many as scikit-learn makes, if each has a row of each class.
    """
    return count(y, classes, most=settings.folds, times=times, least=LEAST if settings.shuffle else 1)


def count(y: pd.Series, classes: int, *, most: int, times: pd.Series | None = None, least: int = LEAST) -> int:
    """The number of folds, each with `least` rows of the rarest class; below 2 there is nothing to fold.

    Folds along time need as many of both classes in each of their blocks, also before the first, and many rows of one
    time may be in the way.

    Parameters
    ----------
    y, times
        See `splits`.
    classes
        Number of classes.
    most
        Folds, at most.
    """
    enough = min(most, rarest(y, classes) // least - (times is not None))  # along time a block comes before the first
    if times is None:
        return enough
    _, known, sorted_times = _in_order(y, times)
    for number in range(enough, 1, -1):
        if all(rarest(block, classes) >= least for block in np.split(known, _cuts(known, sorted_times, number))):
            return number
    return 0


def splits(
    y: pd.Series,
    *,
    folds: int,
    repeats: int,
    seed: int,
    groups: pd.Series | None = None,
    times: pd.Series | None = None,
    shuffle: bool = True,
) -> Iterator[tuple[int, int, np.ndarray, np.ndarray]]:
    """Of each fold: its repeat, its number, and the positions of its training and of its held rows.

    Parameters
    ----------
    y
        Shape (n,): codes of the classes; along time 0 and 1.
    folds, repeats, seed
        How many, and the seed of their shuffles. Folds along time have neither repeats nor chance.
    groups
        Shape (n,): rows of one group stay in one fold.
    times
        Shape (n,), sortable: each fold is learned from earlier rows alone. Rows in order are cut into folds + 1 blocks
        of equally many rows of the rarer class, equal times in one block; a fold holds a block and learns from all
        before it.
    shuffle
        Without, folds are of rows in their order, as scikit-learn's `cross_validate` has them by itself; once.
    """
    if times is not None:
        yield from _along_time(y, times, folds)
    elif groups is not None:
        for repeat in range(repeats):
            how: dict[str, Any] = {"shuffle": True, "random_state": derived(seed, repeat)} if shuffle else {}
            shuffled = StratifiedGroupKFold(folds, **how)
            for fold, (fit, held) in enumerate(shuffled.split(y, y, groups)):
                yield repeat, fold, fit, held
    else:
        repeated = RepeatedStratifiedKFold(n_splits=folds, n_repeats=repeats, random_state=seed)
        stratified = repeated if shuffle else StratifiedKFold(folds)
        for number, (fit, held) in enumerate(stratified.split(y, y)):
            yield *divmod(number, folds), fit, held


def _along_time(y: pd.Series, times: pd.Series, folds: int) -> Iterator[tuple[int, int, np.ndarray, np.ndarray]]:
    order, known, sorted_times = _in_order(y, times)
    begins = _cuts(known, sorted_times, folds)
    for fold, (begin, end) in enumerate(zip(begins, [*begins[1:], len(y)], strict=True)):
        yield 0, fold, np.sort(order[:begin]), np.sort(order[begin:end])


def _in_order(y: pd.Series, times: pd.Series) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The order of time, and labels and times in it."""
    order = np.argsort(times.to_numpy(), kind="stable")
    return order, y.to_numpy()[order], times.to_numpy()[order]


def _cuts(y: np.ndarray, times: np.ndarray, folds: int) -> list[int]:
    """Where each fold begins, of rows in the order of time."""
    rare = y == int(2 * y.sum() <= len(y))  # of two equally frequent classes the positive one
    # Only between two times; of all these the one with most nearly its share of the rarer class before it.
    begins = np.flatnonzero(np.append(True, times[1:] != times[:-1]))
    before = (np.cumsum(rare) - rare)[begins]
    shares = [int(rare.sum()) * block // (folds + 1) for block in range(1, folds + 1)]
    return [int(begins[len(begins) - 1 - np.abs(before - share)[::-1].argmin()]) for share in shares]


def derived(*numbers: int) -> int:
    """A seed that comes from these numbers alone (`numpy.random.SeedSequence`)."""
    return int(np.random.SeedSequence(numbers).generate_state(1)[0])
