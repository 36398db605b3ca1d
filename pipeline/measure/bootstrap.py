"""Bootstrap intervals of a metric on test rows, on the logit scale."""

from collections.abc import Iterator
from math import exp
from statistics import NormalDist

import numpy as np

EXACT = 1e-12  # so near to 0 or 1 a metric differs from it by rounding alone


def bootstrap_logit(
    y: np.ndarray,
    score: np.ndarray,
    metric: str,
    *,
    threshold: float | None = None,
    confidence: float,
    draws: int,
    seed: int,
    weight: np.ndarray,
) -> tuple[float, float] | None:
    """Interval of a metric in [0, 1] on test rows: estimate plus and minus z standard deviations, on the logit scale.

    The standard deviation is over draws of rows with replacement, positives and negatives apart, so that each draw has
    both classes in the test's numbers. A draw that comes out at 0 or 1, where the logit is infinite, is put half-way
    between there and the nearest draw that doesn't.

    Parameters
    ----------
    y, score
        Shape (n,): 0 and 1, and what ranks the rows, the likelier ones of 1 higher.
    metric
        `average_precision`, `roc_auc`, or `f1` of calling rows positive from `threshold` on.
    threshold
        For `f1`.
    confidence
        Coverage aimed at, in (0, 1).
    draws, seed
        Number of draws, from 2, and their seed.
    weight
        Shape (n,): see `pipeline.table.weights`; drawn with the row.

    Returns
    -------
    interval
        Lower and upper limit, in (0, 1). None without a class, and where the estimate itself is 0 or 1: drawing again
        from rows without an error can't tell how rare errors are.

    References
    ----------
    Efron & Tibshirani 1993, An Introduction to the Bootstrap, chapter 13: normal intervals on a transformed scale;
    Boyd, Eng & Page 2013, ECML PKDD, 451-466: the logit, for average precision.
    """
    count = COUNTED[metric]
    assert metric != "f1" or threshold is not None
    group, groups = _grouped(score, threshold if metric == "f1" else None)
    classes = [(group[rows], weight[rows]) for rows in (y == 1, y != 1)]
    if any(of.size == 0 for of, _ in classes):
        return None
    estimate = count(*(np.bincount(of, weighed, groups) for of, weighed in classes))
    if not EXACT < estimate < 1 - EXACT:
        return None
    random = np.random.default_rng(seed)
    drawn = np.array([count(*_counts_of_a_draw(random, classes, groups)) for _ in range(draws)])
    inside = np.append(drawn[(drawn > EXACT) & (drawn < 1 - EXACT)], estimate)
    drawn = np.clip(drawn, inside.min() / 2, (1 + inside.max()) / 2)
    half = NormalDist().inv_cdf((1 + confidence) / 2) * float(np.std(np.log(drawn / (1 - drawn)), ddof=1))
    odds = estimate / (1 - estimate)
    return odds / (odds + exp(half)), odds / (odds + exp(-half))


def _grouped(score: np.ndarray, threshold: float | None) -> tuple[np.ndarray, int]:
    """The group of each row, from the highest score down, and how many groups there are.

    With a threshold, the rows called positive and the others; else ties are one group, as their order among themselves
    says nothing.
    """
    if threshold is not None:
        return np.where(score >= threshold, 0, 1), 2
    values, group = np.unique(-np.asarray(score), return_inverse=True)
    return group, len(values)


def _counts_of_a_draw(
    random: np.random.Generator, classes: list[tuple[np.ndarray, np.ndarray]], groups: int
) -> Iterator[np.ndarray]:
    """Of each class, the weights by group of as many of its rows, drawn with replacement.

    Counts by group, as sorting each draw's rows anew would take ten times as long.
    """
    for of, weight in classes:
        places = random.integers(of.size, size=of.size)
        yield np.bincount(of[places], weight[places], groups)


# Metrics of the numbers or weights of positive and of negative rows at each score, from the highest down.


def _average_precision(positives: np.ndarray, negatives: np.ndarray) -> float:
    found = np.cumsum(positives)
    called = found + np.cumsum(negatives)
    # No row called yet is no positive either: any divisor does.
    return float((positives * found / np.where(called > 0, called, 1)).sum() / found[-1])


def _roc_auc(positives: np.ndarray, negatives: np.ndarray) -> float:
    above = np.cumsum(positives) - positives / 2
    return float((negatives * above).sum() / (positives.sum() * negatives.sum()))


def _f1(positives: np.ndarray, negatives: np.ndarray) -> float:
    return float(2 * positives[0] / (positives.sum() + positives[0] + negatives[0]))


COUNTED = {"average_precision": _average_precision, "roc_auc": _roc_auc, "f1": _f1}
