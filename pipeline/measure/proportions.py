"""Intervals of proportions."""

from math import exp, log, sqrt
from statistics import NormalDist


def wilson(successes: float, trials: float, *, confidence: float) -> tuple[float, float] | None:
    """Interval of a binomial proportion by Wilson's score; None without trials.

    Parameters
    ----------
    successes, trials
        Counts, 0 <= successes <= trials; of rows with weights, effective ones, which need not be whole.
    confidence
        Coverage aimed at, in (0, 1).

    Returns
    -------
    interval
        Lower and upper limit, in [0, 1].

    References
    ----------
    Wilson 1927, JASA 22, 209-212; Brown, Cai & DasGupta 2001, Statistical Science 16, equation (4).
    """
    if trials == 0:
        return None
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    p = successes / trials
    centre = (p + z**2 / (2 * trials)) / (1 + z**2 / trials)
    half = z / (1 + z**2 / trials) * sqrt(p * (1 - p) / trials + z**2 / (4 * trials**2))
    # At no or all successes the limit is 0 or 1 exactly, which rounding would miss.
    return (0.0 if successes == 0 else centre - half, 1.0 if successes == trials else centre + half)


def share_of_classes(
    positives: tuple[int, int, float], others: tuple[int, int, float], *, confidence: float
) -> tuple[float, float] | None:
    """Interval of the positives' share in the weight of all alerts, where weights are the same within a class.

    The share's log odds are, but for a constant, the log of the ratio of two independent binomial proportions.

    Parameters
    ----------
    positives, others
        Of each class: rows with an alert, all rows, and the weight of each.
    confidence
        Coverage aimed at, in (0, 1).

    Returns
    -------
    interval
        Lower and upper limit, in (0, 1); None where a class has no alert.

    References
    ----------
    Katz, Baptista, Azen & Pike 1978, Biometrics 34, 469-474.
    """
    (right, n, weight), (wrong, m, other_weight) = positives, others
    if not right or not wrong:
        return None
    odds = log(right * weight) - log(wrong * other_weight)
    half = NormalDist().inv_cdf((1 + confidence) / 2) * sqrt((1 - right / n) / right + (1 - wrong / m) / wrong)
    return 1 / (1 + exp(half - odds)), 1 / (1 + exp(-half - odds))
