"""How sure a figure is, and whether a difference is significant and large enough to matter."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, sqrt
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
    p_better
        Of the null hypothesis that the true mean is 0 or below, one-sided.
    low, high
        Limits of the two-sided interval with coverage 1 - alpha.
    worse, equivalent, better
        Posterior probabilities that the true mean is below, within or above the region of practical equivalence.
    """

    mean: float
    standard_error: float
    df: int
    t: float | None
    p: float
    p_better: float
    low: float
    high: float
    worse: float
    equivalent: float
    better: float


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

    Parameters
    ----------
    differences
        Shape (repeats * folds,): method minus none on the same test rows, in a metric where higher is better.
    test_over_train
        See `fold_ratio`: 1 / (K - 1) for K folds; 0 is the plain t-test.
    rope, alpha
        See `student`.

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
    d = np.asarray(differences, dtype=np.float64)
    if d.size < 2 or not np.isfinite(d).all():
        raise ValueError(
            f"expected two or more finite differences, got {d.size}, {np.isfinite(d).sum()} of them finite"
        )
    # Equal differences are told apart from nearly equal ones before rounding of their mean makes a variance.
    mean, variance = (float(d[0]), 0.0) if (d == d[0]).all() else (float(d.mean()), float(d.var(ddof=1)))
    return student(mean, sqrt(variance * inflation(d.size, test_over_train)), d.size - 1, rope=rope, alpha=alpha)


def inflation(folds: int, test_over_train: float) -> float:
    """The variance of a mean over so many folds, in variances of one fold; Nadeau & Bengio 2003, see `correlated`."""
    return 1 / folds + test_over_train


def student(mean: float, standard_error: float, df: int, *, rope: float, alpha: float) -> CorrelatedTest:
    """The test and the posterior of a true mean, from its estimate, standard error and degrees of freedom.

    A standard error of 0 leaves a point: p is 1 where it is 0, else 0, and the posterior is that point, which counts as
    equivalent on the border of the region.

    Parameters
    ----------
    rope
        Half-width of the region of practical equivalence [-rope, rope], from 0.
    alpha
        Error of the interval, in (0, 1).
    """
    from scipy.special import stdtr, stdtrit

    error = standard_error
    if error == 0:
        worse, better = float(mean < -rope), float(mean > rope)
        tests = {"p": float(mean == 0), "p_better": float(mean <= 0), "low": mean, "high": mean}
        return CorrelatedTest(mean, error, df, None, **tests, worse=worse, equivalent=1 - worse - better, better=better)
    t = mean / error
    half = float(stdtrit(df, 1 - alpha / 2)) * error
    below, above = float(stdtr(df, (-rope - mean) / error)), float(stdtr(df, (rope - mean) / error))
    return CorrelatedTest(
        mean=mean,
        standard_error=error,
        df=df,
        t=t,
        p=2 * float(stdtr(df, -abs(t))),
        p_better=float(stdtr(df, -t)),
        low=mean - half,
        high=mean + half,
        worse=below,
        equivalent=above - below,
        # Not 1 - above, which loses a small probability's digits.
        better=float(stdtr(df, (mean - rope) / error)),
    )


def reach(standard_error: float, df: int, *, alpha: float) -> float:
    """How far a one-sided bound with error `alpha`, in (0, 1), lies from its estimate; in the metric's unit."""
    from scipy.special import stdtrit

    return float(stdtrit(df, 1 - alpha)) * standard_error


def expected_gain(test: CorrelatedTest) -> float | None:
    """The expected regret of staying at 0: E[max(0, true mean)] under the posterior, in the metric's unit.

    With u = mean / standard_error, and Student's density f and distribution function F, it is
    mean F(u) + standard_error (df + u^2) / (df - 1) f(u). None with one degree of freedom, where it is infinite.

    References
    ----------
    The linear loss integral of Student's t: Raiffa & Schlaifer 1961, Applied Statistical Decision Theory, Harvard.
    """
    from scipy.special import gammaln, stdtr

    if test.standard_error == 0:
        return max(0.0, test.mean)
    if test.df == 1:
        return None
    df, u = test.df, test.mean / test.standard_error
    log_density = gammaln((df + 1) / 2) - gammaln(df / 2) - np.log(df * np.pi) / 2 - (df + 1) / 2 * np.log1p(u**2 / df)
    tail = (df + u**2) / (df - 1) * float(np.exp(log_density))
    return max(0.0, test.mean * float(stdtr(df, u)) + test.standard_error * tail)


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


def steps(p_values: Sequence[float], *, alpha: float) -> list[int]:
    """How many hypotheses Holm's procedure still holds at the step that decides on each, in the order given.

    A p-value below alpha divided by this number, and by nothing less, is what rejects its hypothesis. Those that are
    not rejected share the last step.

    Parameters
    ----------
    p_values
        As for `holm`.
    alpha
        Error over the family, in (0, 1).
    """
    rejected = np.array(holm(p_values), dtype=np.float64) < alpha
    places = np.argsort(np.argsort(p_values, kind="stable"), kind="stable")
    return [len(places) - int(min(place, rejected.sum())) for place in places]


def minimum_detectable(standard_error: float, df: int, *, alpha: float, power: float = 0.8, rope: float = 0.0) -> float:
    """The smallest true difference that `call` would find BETTER with this power, in the metric's unit.

    Without a region of practical equivalence it is (t[1 - alpha] + t[power]) standard errors. A wide region takes the
    place of the first term, as an estimate that is significant must also lie beyond it.

    Parameters
    ----------
    standard_error, df
        Of the test.
    alpha
        One-sided error of the test, in (0, 1); divided by the number of methods it is what Holm asks of the first.
    power
        Probability of finding the difference, from 0.5, in (0, 1).
    rope
        Half-width of the region of practical equivalence.

    References
    ----------
    Bloom 1995, Evaluation Review 19, 547-556. The noncentral t would be exact: at alpha .05 and power .8 this is
    1.1 % above it with 4 degrees of freedom, .2 % with 49.
    """
    least = max(reach(standard_error, df, alpha=alpha), rope)
    return least + reach(standard_error, df, alpha=1 - power)


def rows_needed(rows: int, *, shrinking: float) -> int:
    """How many rows of the rarer class it takes instead of `rows` to multiply standard errors by `shrinking`.

    Standard errors fall with the root of these rows, as those of means of independent rows do.
    """
    return ceil(rows / shrinking**2)


def all_rows_shrinking(test_size: float) -> float:
    """What standard errors are multiplied by when folds use all rows, and not only 1 - `test_size` of them.

    See `rows_needed`: they fall with the root of the rows.
    """
    return sqrt(1 - test_size)
