"""Bootstrap intervals of metrics on test rows, on the logit scale."""

from collections.abc import Sequence
from math import exp
from statistics import NormalDist

import numpy as np

from pipeline.table.weights import declared

EXACT = 1e-12  # so near to 0 or 1 a metric differs from it by rounding alone


def bootstrap_logit(
    y: np.ndarray,
    score: np.ndarray,
    metrics: Sequence[str],
    *,
    confidence: float,
    draws: int,
    seed: int,
    weight: np.ndarray,
) -> dict[str, tuple[float, float] | None]:
    """Intervals of metrics in [0, 1] on test rows: estimate plus and minus z standard deviations, on the logit scale.

    The standard deviation is over draws of rows with replacement, positives and negatives apart, so that each draw has
    both classes in the test's numbers. A draw that comes out at 0 or 1, where the logit is infinite, is put half-way
    between there and the nearest draw that doesn't.

    Parameters
    ----------
    y, score
        Shape (n,): 0 and 1, and what ranks the rows, the likelier ones of 1 higher.
    metrics
        Of `average_precision` and `roc_auc`; all are measured on the same draws.
    confidence
        Coverage aimed at, in (0, 1).
    draws, seed
        Number of draws, from 2, and their seed.
    weight
        Shape (n,): see `pipeline.table.weights`; drawn with the row.

    Returns
    -------
    intervals
        Of each metric the lower and upper limit, in (0, 1). None without a class, and where the estimate itself is 0 or
        1: drawing again from rows without an error can't tell how rare errors are.

    References
    ----------
    Efron & Tibshirani 1993, An Introduction to the Bootstrap, chapter 13: normal intervals on a transformed scale;
    Boyd, Eng & Page 2013, ECML PKDD, 451-466: the logit, for average precision.
    """
    # Ties are one group, as their order among themselves says nothing.
    values, group = np.unique(-np.asarray(score), return_inverse=True)
    classes = [(group[rows], weight[rows] if declared(weight) else None) for rows in (y == 1, y != 1)]
    if any(of.size == 0 for of, _ in classes):
        return dict.fromkeys(metrics)
    counts = [_counts(of, weighed, len(values)) for of, weighed in classes]
    estimates = {name: COUNTED[name](*counts) for name in metrics}
    random = np.random.default_rng(seed)
    drawn: dict[str, list[float]] = {name: [] for name, value in estimates.items() if EXACT < value < 1 - EXACT}
    for _ in range(draws if drawn else 0):
        counts = _counts_of_a_draw(random, classes, len(values))
        for name, found in drawn.items():
            found.append(COUNTED[name](*counts))
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    return {name: _interval(value, drawn[name], z) if name in drawn else None for name, value in estimates.items()}


def _interval(estimate: float, found: list[float], z: float) -> tuple[float, float]:
    """The estimate plus and minus `z` standard deviations of what the draws gave, on the logit scale."""
    drawn = np.array(found)
    inside = np.append(drawn[(drawn > EXACT) & (drawn < 1 - EXACT)], estimate)
    drawn = np.clip(drawn, inside.min() / 2, (1 + inside.max()) / 2)
    half = z * float(np.std(np.log(drawn / (1 - drawn)), ddof=1))
    odds = estimate / (1 - estimate)
    return odds / (odds + exp(half)), odds / (odds + exp(-half))


def _counts_of_a_draw(
    random: np.random.Generator, classes: list[tuple[np.ndarray, np.ndarray | None]], groups: int
) -> list[np.ndarray]:
    """Of each class, the weights by group of as many of its rows, drawn with replacement.

    Counts by group, as sorting each draw's rows anew would take ten times as long.
    """
    counts = []
    for of, weight in classes:
        places = random.integers(of.size, size=of.size)
        counts.append(_counts(of[places], None if weight is None else weight[places], groups))
    return counts


def _counts(of: np.ndarray, weight: np.ndarray | None, groups: int) -> np.ndarray:
    """The number of rows in each group, or their weights; shape (groups,)."""
    return np.bincount(of, weight, groups).astype(np.float64, copy=False)


# Metrics of the numbers or weights of positive and of negative rows at each score, from the highest down.


def _average_precision(positives: np.ndarray, negatives: np.ndarray) -> float:
    found = np.cumsum(positives)
    called = found + np.cumsum(negatives)
    # No row called yet is no positive either: any divisor does.
    return float((positives * found / np.where(called > 0, called, 1)).sum() / found[-1])


def _roc_auc(positives: np.ndarray, negatives: np.ndarray) -> float:
    above = np.cumsum(positives) - positives / 2
    return float((negatives * above).sum() / (positives.sum() * negatives.sum()))


COUNTED = {"average_precision": _average_precision, "roc_auc": _roc_auc}
