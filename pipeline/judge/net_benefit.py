"""Net benefit, the figure of a decision curve."""

import numpy as np


def net_benefit(y: np.ndarray, probability: np.ndarray, thresholds: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """True positives per row, minus false positives per row times the odds of the threshold; shape of `thresholds`.

    Parameters
    ----------
    y
        Shape (n,): 0 and 1.
    probability
        Shape (n,): probability of the positive class.
    thresholds
        Shape (m,): the probability from which to alert, in [0, 1).
    weight
        Shape (n,): see `pipeline.table.weights`.

    Raises
    ------
    ValueError
        With a threshold outside [0, 1).

    References
    ----------
    Vickers & Elkin 2006, Medical Decision Making 26, 565-574; recommended with its decision curve by Van Calster et al.
    2025, Lancet Digital Health 7, 100916.
    """
    odds = _weight(thresholds)
    positive = np.asarray(y) == 1
    p = np.asarray(probability, dtype=np.float64)
    true, false = (weight_from(p[side], weight[side], thresholds) for side in (positive, ~positive))
    return np.asarray((true - false * odds) / weight.sum())


def treat_all(prevalence: float, thresholds: np.ndarray) -> np.ndarray:
    """Net benefit of alerting on every row; alerting on none has 0.

    Parameters
    ----------
    prevalence
        Proportion of positives, in [0, 1].
    thresholds
        Shape (m,): in [0, 1).

    Raises
    ------
    ValueError
        With a threshold outside [0, 1).
    """
    return np.asarray(prevalence - (1 - prevalence) * _weight(thresholds))


def weight_from(values: np.ndarray, counts: np.ndarray, thresholds: np.ndarray) -> np.ndarray:
    """The weight of the rows from each threshold on, of probabilities or of scores."""
    order = np.argsort(-values, kind="stable")
    rows = np.searchsorted(-values[order], -thresholds, side="right")
    return np.asarray(np.append(0.0, np.cumsum(counts[order]))[rows])


def _weight(thresholds: np.ndarray) -> np.ndarray:
    """The weight of a false positive: the odds of the threshold."""
    t = np.asarray(thresholds, dtype=np.float64)
    if not ((t >= 0) & (t < 1)).all():
        raise ValueError(f"expected thresholds from 0 to below 1, got {t.tolist()}")
    return t / (1 - t)
