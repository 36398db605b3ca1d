"""How sure a figure is, and whether a difference is more than chance and more than trifling."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist

import numpy as np
import pandas as pd


@dataclass(frozen=True)
class CorrelatedTest:
    """What paired differences over folds say of their true mean, in the metric's unit.

    Attributes
    ----------
    mean, standard_error, df
        Of Student's t; `standard_error` holds the correction for training rows that folds share.
    t, p
        Of the null hypothesis that the true mean is 0, two-sided. `t` is None where the standard error is 0.
    low, high
        Limits of the interval with coverage 1 - alpha.
    worse, equivalent, better
        Posterior probabilities that the true mean is below, within or above the region of practical equivalence.
    """

    mean: float
    standard_error: float
    df: int
    t: float | None
    p: float
    low: float
    high: float
    worse: float
    equivalent: float
    better: float


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


def auc_lower(auc: float, positives: int, negatives: int, *, confidence: float) -> float:
    """Lower limit of the interval of a ROC AUC, by inverting a score test: below 1 also where the AUC is 1.

    Parameters
    ----------
    auc
        In [0.5, 1].
    positives, negatives
        Rows, from 1.
    confidence
        Coverage aimed at, in (0, 1), of the interval with both limits.

    References
    ----------
    Newcombe 2006, Statistics in Medicine 25, 559-573, method 5: the variance is that of Hanley & McNeil 1982, Radiology
    143, 29-36, at the limit rather than at the estimate, and with the mean of both counts in its two weights.
    """
    from scipy.optimize import brentq

    z, weight = NormalDist().inv_cdf((1 + confidence) / 2), (positives + negatives) / 2 - 1

    def beyond(limit: float) -> float:
        spread = 1 + weight * ((1 - limit) / (2 - limit) + limit / (1 + limit))
        return auc - limit - z * sqrt(limit * (1 - limit) * spread / (positives * negatives))

    # At an AUC of 1 the limit 1 is a root, too, and the distance is negative just below it.
    return float(brentq(beyond, 0.0, auc - 1e-9))


def ratio(above: float, below: float) -> float | None:
    """The quotient of both; None where `below` is 0."""
    return above / below if below else None


def fold_ratio(folds: pd.DataFrame) -> float:
    """Test rows over training rows of a fold, by `rows` and `training_rows` of all: 1 / (K - 1) where K are alike."""
    return float(folds["rows"].sum() / folds["training_rows"].sum())


def correlated(differences: np.ndarray, *, test_over_train: float, rope: float, alpha: float) -> CorrelatedTest:
    """The corrected resampled t-test and, from the same t, the Bayesian correlated t-test under a flat prior.

    Differences that are all equal leave nothing to estimate a variance from: p is 1 where they are 0, else 0, and the
    posterior is a point, which counts as equivalent on the border of the region.

    Parameters
    ----------
    differences
        Shape (repeats * folds,): remedy minus none on the same test rows, in a metric where higher is better.
    test_over_train
        See `fold_ratio`: 1 / (K - 1) for K folds; 0 is the plain t-test.
    rope
        Half-width of the region of practical equivalence [-rope, rope], from 0.
    alpha
        Error of the interval, in (0, 1).

    Raises
    ------
    ValueError
        With fewer than two differences, or one that is not finite.

    References
    ----------
    Nadeau & Bengio 2003, Machine Learning 52, 239-281; over repeated folds: Bouckaert & Frank 2004, PAKDD, 3-12.
    Posterior: Benavoli, Corani, Demsar & Zaffalon 2017, JMLR 18(77), where differences of two folds correlate by
    rho = 1 / K, and rho / (1 - rho) is `test_over_train`.
    """
    from scipy.special import stdtr, stdtrit

    d = np.asarray(differences, dtype=np.float64)
    if d.size < 2 or not np.isfinite(d).all():
        raise ValueError(
            f"expected two or more finite differences, got {d.size}, {np.isfinite(d).sum()} of them finite"
        )
    df = d.size - 1
    # Equal differences are told apart from nearly equal ones before rounding of their mean makes a variance.
    mean, variance = (float(d[0]), 0.0) if (d == d[0]).all() else (float(d.mean()), float(d.var(ddof=1)))
    error = sqrt(variance * (1 / d.size + test_over_train))
    if error == 0:
        worse, better = float(mean < -rope), float(mean > rope)
        return CorrelatedTest(mean, error, df, None, float(mean == 0), mean, mean, worse, 1 - worse - better, better)
    t = mean / error
    half = float(stdtrit(df, 1 - alpha / 2)) * error
    below, above = float(stdtr(df, (-rope - mean) / error)), float(stdtr(df, (rope - mean) / error))
    return CorrelatedTest(
        mean=mean,
        standard_error=error,
        df=df,
        t=t,
        p=2 * float(stdtr(df, -abs(t))),
        low=mean - half,
        high=mean + half,
        worse=below,
        equivalent=above - below,
        # Not 1 - above, which loses a small probability's digits.
        better=float(stdtr(df, (mean - rope) / error)),
    )


def holm(p_values: Sequence[float]) -> list[float]:
    """P-values adjusted for being several, in the order given: those below alpha are what Holm's procedure rejects.

    Parameters
    ----------
    p_values
        One per hypothesis of the family, in [0, 1].

    Raises
    ------
    ValueError
        With a value outside [0, 1], or NaN.

    References
    ----------
    Holm 1979, Scandinavian Journal of Statistics 6, 65-70; as adjusted p-values: Wright 1992, Biometrics 48, 1005-1013.
    """
    p = np.asarray(p_values, dtype=np.float64)
    if not ((p >= 0) & (p <= 1)).all():
        raise ValueError(f"expected p-values in [0, 1], got {p.tolist()}")
    order = np.argsort(p, kind="stable")
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(1.0, np.maximum.accumulate(p[order] * np.arange(p.size, 0, -1)))
    return [float(each) for each in adjusted]


def minimum_detectable(standard_error: float, df: int, *, alpha: float, power: float = 0.8, rope: float = 0.0) -> float:
    """The smallest true difference that `call` would find BETTER with this power, in the metric's unit.

    Without a region of practical equivalence it is (t[1 - alpha/2] + t[power]) standard errors. A wide region takes the
    place of the first term, as an estimate that is significant must also lie beyond it.

    Parameters
    ----------
    standard_error, df
        Of the test.
    alpha
        Two-sided error of the test, in (0, 1); divided by the number of remedies it is what Holm asks of the first.
    power
        Probability of finding the difference, from 0.5, in (0, 1).
    rope
        Half-width of the region of practical equivalence.

    References
    ----------
    Bloom 1995, Evaluation Review 19, 547-556. The noncentral t would be exact: at alpha .05 and power .8 this is
    1.2 % below it with 4 degrees of freedom, .02 % above it with 49.
    """
    from scipy.special import stdtrit

    least = max(float(stdtrit(df, 1 - alpha / 2)) * standard_error, rope)
    return least + float(stdtrit(df, power)) * standard_error
