"""Intervals: how sure a figure is."""

from math import sqrt
from statistics import NormalDist


def wilson(successes: int, trials: int, *, confidence: float) -> tuple[float, float] | None:
    """Interval of a binomial proportion by Wilson's score; None without trials.

    Parameters
    ----------
    successes, trials
        Counts, 0 <= successes <= trials.
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
