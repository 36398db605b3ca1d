"""Whether probabilities mean what they say, and what makes them mean it."""

import numpy as np

from pipeline.measure.statistics import ratio

STEPS = 100  # of Newton's method, which takes about ten
EPSILON = float(np.finfo(np.float64).eps)  # least probability in a logarithm, as in scikit-learn's log loss


def log_loss(y: np.ndarray, probability: np.ndarray, weight: np.ndarray) -> float:
    """The mean negative logarithm of the probability of what each row is, in nats, of two classes or several.

    Parameters
    ----------
    y
        Shape (n,): codes, 0 or 1 of two classes.
    probability
        Shape (n,), of code 1; or (n, k), of each of several classes.
    weight
        Shape (n,): see `pipeline.table.weights`.
    """
    from scipy.special import xlogy

    # scikit-learn's own function gives the same bits, and takes longer to check its arguments than to count.
    right = by_class(probability)[np.arange(len(y)), np.asarray(y, dtype=np.intp)]
    return float(np.average(-xlogy(1, np.clip(right, EPSILON, 1 - EPSILON)), weights=weight))


def brier(y: np.ndarray, probability: np.ndarray, weight: np.ndarray) -> float:
    """The Brier score: mean squared error of the probability, in [0, 1]; summed over several classes, in [0, 2].

    Parameters as for `log_loss`.
    """
    each = by_class(probability)
    is_class = np.eye(each.shape[1])[np.asarray(y, dtype=np.intp)]
    squares = float(np.average(((is_class - each) ** 2).sum(axis=1), weights=weight))
    return squares / 2 if probability.ndim == 1 else squares


def calibration_ratio(y: np.ndarray, probability: np.ndarray, weight: np.ndarray) -> float | None:
    """Mean predicted probability over the observed prevalence: 1 where they agree; None without positives."""
    return ratio(float(np.average(probability, weights=weight)), float(np.average(y == 1, weights=weight)))


def by_class(probability: np.ndarray) -> np.ndarray:
    """Probabilities of each class, shape (n, k), also where those of the positive class are given alone."""
    return probability if probability.ndim == 2 else np.column_stack([1 - probability, probability])


def calibration(y: np.ndarray, probability: np.ndarray, weight: np.ndarray) -> dict[str, float | None]:
    """How far probabilities are from the frequencies they announce; all perfect at slope 1, in the large 0, ratio 1.

    Parameters
    ----------
    y
        Shape (n,): 0 and 1.
    probability
        Shape (n,): probability of the positive class.
    weight
        Shape (n,): see `pipeline.table.weights`.

    Returns
    -------
    calibration
        `slope` of the logistic regression of y on logit(probability), below 1 where probabilities are too extreme;
        `in_the_large`, the intercept of that regression with the slope held at 1, in logits, below 0 where
        probabilities are too high; `calibration_ratio`, mean probability over prevalence. None where one is not
        defined: all three without positives, the first two without negatives, the slope also where all probabilities
        are equal or part the classes without overlap.

    Notes
    -----
    Probabilities of 0 and 1 count as the next that differ from them by floating point's epsilon, 2.2e-16, as in
    scikit-learn's log loss. Where many rows are surely wrong, the slope depends on that number.

    References
    ----------
    Cox 1958, Biometrika 45, 562-565; the names are those of Van Calster et al. 2019, BMC Medicine 17, 230.
    """
    target = (np.asarray(y) == 1).astype(np.float64)
    prevalence = float(np.average(target, weights=weight))
    x = _logit(probability)
    slope = in_the_large = None
    if 0 < prevalence < 1:
        ones, zeros = x[target == 1], x[target == 0]
        # Only where each class reaches into the other's range has the likelihood a maximum.
        if ones.min() < zeros.max() and zeros.min() < ones.max():
            slope, _ = _line(x, target, weight)
        in_the_large = _shift(x, prevalence, weight)
    return {
        "slope": slope,
        "in_the_large": in_the_large,
        "calibration_ratio": calibration_ratio(target, probability, weight),
    }


def correct_prior(probability: np.ndarray, *, trained: float, true: float) -> np.ndarray:
    """Probabilities for rows with one prevalence, from a model trained on rows with another.

    One shift of all logits, by logit(true) - logit(trained): it is right where resampling changed the share of the
    classes and nothing within them, and it leaves the ranking as it is. 0 and 1 stay.

    Parameters
    ----------
    probability
        Any shape: probability of the positive class, in [0, 1].
    trained, true
        Shares of positives among the rows trained on, and among the rows to predict, in (0, 1).

    Raises
    ------
    ValueError
        With a share that is not between 0 and 1.

    References
    ----------
    Elkan 2001, IJCAI, 973-978, theorem 2; King & Zeng 2001, Political Analysis 9, 137-163, equation (7); Dal Pozzolo,
    Caelen, Johnson & Bontempi 2015, IEEE SSCI, 159-166: three ways to write it.
    """
    if not (0 < trained < 1 and 0 < true < 1):
        raise ValueError(f"expected shares of positives between 0 and 1, got trained {trained} and true {true}")
    p = np.asarray(probability, dtype=np.float64)
    # The shift as a factor of the odds, which needs no logarithm of 0.
    positive = p * (true / trained)
    return positive / (positive + (1 - p) * ((1 - true) / (1 - trained)))


def correct_proportions(probability: np.ndarray, *, trained: np.ndarray, true: np.ndarray) -> np.ndarray:
    """Probabilities of several classes for rows with their true shares, from a model trained on rows with others.

    Each class's probability is multiplied by its true share over its trained one, and each row's are made to sum to 1;
    for two classes it is `correct_prior`.

    Parameters
    ----------
    probability
        Shape (n, k), in [0, 1]; rows sum to 1.
    trained, true
        Shape (k,): shares of the classes among the rows trained on, and among the rows to predict, in (0, 1).

    Raises
    ------
    ValueError
        With a share that is not between 0 and 1.

    References
    ----------
    Saerens, Latinne & Decaestecker 2002, Neural Computation 14, 21-41, equation (2.4).
    """
    before, after = np.asarray(trained, dtype=np.float64), np.asarray(true, dtype=np.float64)
    if not all(((shares > 0) & (shares < 1)).all() for shares in (before, after)):
        raise ValueError(f"expected shares of classes between 0 and 1, got trained {trained} and true {true}")
    weighed = np.asarray(probability, dtype=np.float64) * (after / before)
    return np.asarray(weighed / weighed.sum(axis=1, keepdims=True))


def platt(y: np.ndarray, probability: np.ndarray, weight: np.ndarray) -> dict[str, float]:
    """`slope` and `intercept`, for `recalibrate`, that fit probabilities to what happened.

    Logistic regression on the logits, towards (n1 + 1) / (n1 + 2) for each of the n1 positives and 1 / (n0 + 2) for
    each of the n0 negatives in place of 1 and 0, so that it is finite even where the classes don't overlap. Where all
    probabilities are equal the slope is 0.

    Where some probabilities are 0 or 1, as shares of trees or of neighbors are, none counts as beyond these two values:
    they are `low` and `high`. The logits of 0 and 1 would have no size, and whichever they were given would decide the
    slope.

    Parameters
    ----------
    y
        Shape (n,): 0 and 1, of rows from 1.
    probability
        Shape (n,): probability of the positive class, from models that did not see the row.
    weight
        Shape (n,): see `pipeline.table.weights`; n1 and n0 are sums of them. Weights that add up to less than n are
        proportions, not counts: they are scaled to add up to n.

    References
    ----------
    Platt 1999, Advances in Large Margin Classifiers, 61-74, section 2.2, where the sign of both is turned; fitted as in
    Lin, Lin & Weng 2007, Machine Learning 68, 267-276.
    """
    low, high = targets(y, weight)
    ends = {"low": low, "high": high} if probability.min() <= 0 or probability.max() >= 1 else {}
    logits = _logit(np.clip(probability, low, high) if ends else probability)
    slope, intercept = _line(logits, np.where(np.asarray(y) == 1, high, low), weight)
    return {"slope": slope, "intercept": intercept, **ends}


def targets(y: np.ndarray, weight: np.ndarray) -> tuple[float, float]:
    """What recalibration aims at for negatives and for positives, see `platt`."""
    positive = np.asarray(y) == 1
    counts = weight * max(1.0, 1 / np.mean(weight))
    ones, zeros = float(counts[positive].sum()), float(counts[~positive].sum())
    return 1 / (zeros + 2), (ones + 1) / (ones + 2)


def recalibrate(
    probability: np.ndarray, *, slope: float, intercept: float, low: float = 0.0, high: float = 1.0
) -> np.ndarray:
    """Probabilities with logits slope * logit(probability) + intercept, as `platt` fitted them."""
    from scipy.special import expit

    return np.asarray(expit(slope * _logit(np.clip(probability, low, high)) + intercept))


def _shift(x: np.ndarray, prevalence: float, weight: np.ndarray) -> float:
    """What added to all logits makes the mean probability the prevalence, as maximum likelihood does."""
    from scipy.optimize import brentq
    from scipy.special import expit, logit

    # At these ends, but for the 1 that rounding needs, all rows are below the prevalence or all above.
    ends = logit(prevalence) - x.max() - 1, logit(prevalence) - x.min() + 1
    return float(brentq(lambda shift: np.average(expit(x + shift), weights=weight) - prevalence, *ends))


def _line(x: np.ndarray, target: np.ndarray, weight: np.ndarray) -> tuple[float, float]:
    """Slope and intercept of the logistic regression of targets in [0, 1] on x, where there is one."""
    from scipy.special import expit, logit

    if (x == x[0]).all():
        return 0.0, float(logit(np.average(target, weights=weight)))
    # Standard scores, so that slope and intercept have the same size.
    centre, spread = float(x.mean()), float(x.std())
    z = (x - centre) / spread

    def loss(at: np.ndarray) -> float:
        # Two terms that are never negative: their usual difference drowns the last steps' gain in rounding.
        eta = at[0] * z + at[1]
        return float((weight * (target * np.logaddexp(0, -eta) + (1 - target) * np.logaddexp(0, eta))).sum())

    line = np.zeros(2)
    now = loss(line)
    for _ in range(STEPS):
        p = expit(line[0] * z + line[1])
        off, bend = weight * (p - target), weight * (p * (1 - p))
        # numpy's sums, since the last bits of a product of matrices are those of one build of BLAS.
        gradient, mixed = np.array([(off * z).sum(), off.sum()]), (bend * z).sum()
        curvature = np.array([[(bend * z * z).sum(), mixed], [mixed, bend.sum()]])
        # Where only rows of one probability are in doubt, rounding would decide which way to go.
        step = np.linalg.solve(curvature + 1e-12 * np.trace(curvature) * np.eye(2), gradient)
        gain = float((gradient * step).sum())
        # So close to the minimum the loss no longer shows what is gained, and one whole step ends at rounding.
        if gain <= 1e-12 * now:
            slope, intercept = line - step
            return float(slope / spread), float(intercept - slope * centre / spread)
        size = 1.0
        while (then := loss(line - size * step)) > now - 1e-4 * size * gain:
            size /= 2
        line, now = line - size * step, then
    raise ArithmeticError(f"logistic regression did not converge in {STEPS} steps")


def _logit(probability: np.ndarray) -> np.ndarray:
    """Logits, finite: 0 and 1 are moved inwards by floating point's epsilon."""
    from scipy.special import logit

    return np.asarray(logit(np.clip(np.asarray(probability, dtype=np.float64), EPSILON, 1 - EPSILON)))
