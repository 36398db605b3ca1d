"""What decisions and probabilities are worth, counted on rows that nothing was fitted on."""

from math import sqrt
from typing import Any

import numpy as np

from pipeline.measure.calibration import losses
from pipeline.measure.statistics import ratio, wilson
from pipeline.table.weights import at, effective

DEFAULT_THRESHOLD = 0.5
BEST = "best possible"  # the rule that decides by the true probabilities
# Of each proportion: successes and trials, as sums of the matrix's cells.
PROPORTIONS = {
    "precision": (("tp",), ("tp", "fp")),
    "recall": (("tp",), ("tp", "fn")),
    "specificity": (("tn",), ("tn", "fp")),
    "accuracy": (("tp", "tn"), ("tp", "tn", "fp", "fn")),
}


def confusion(y: np.ndarray, decision: np.ndarray, weight: np.ndarray | None = None) -> dict[str, float]:
    """The confusion matrix's cells `tn`, `fp`, `fn`, `tp`: numbers of rows, or with weights their sums, floats.

    Parameters
    ----------
    y
        Shape (n,): 1 for the positive class, else 0.
    decision
        Shape (n,), bool: whether the row is called positive.
    weight
        Shape (n,): how many rows each row stands for; None is one.
    """
    positive = y == 1
    cells = {
        "tn": ~positive & ~decision,
        "fp": ~positive & decision,
        "fn": positive & ~decision,
        "tp": positive & decision,
    }
    return {name: int(rows.sum()) if weight is None else float(weight[rows].sum()) for name, rows in cells.items()}


def of_matrix(tn: float, fp: float, fn: float, tp: float) -> dict[str, float | None]:
    """Metrics of a confusion matrix; None where one is not defined (a division by 0).

    Returns
    -------
    metrics
        precision, recall, specificity, accuracy, f1, balanced_accuracy and g_mean in [0, 1]; mcc (Matthews
        correlation coefficient; Matthews 1975, BBA 405) in [-1, 1].
    """
    cells = {"tn": tn, "fp": fp, "fn": fn, "tp": tp}
    result = {
        name: ratio(sum(cells[c] for c in above), sum(cells[c] for c in below))
        for name, (above, below) in PROPORTIONS.items()
    }
    recall, specificity = result["recall"], result["specificity"]
    both = recall is not None and specificity is not None
    result["f1"] = ratio(2 * tp, 2 * tp + fp + fn)
    result["balanced_accuracy"] = (recall + specificity) / 2 if both else None  # type: ignore[operator]
    result["g_mean"] = sqrt(recall * specificity) if both else None  # type: ignore[operator]
    result["mcc"] = ratio(tp * tn - fp * fn, sqrt((tp + fp) * (tp + fn) * (tn + fp) * (tn + fn)))
    return result


def at_threshold(
    y: np.ndarray, probability: np.ndarray, threshold: float, *, confidence: float, weight: np.ndarray | None = None
) -> dict[str, Any]:
    """The confusion matrix at a threshold, its metrics, and Wilson intervals of the proportions among them.

    With weights, a proportion's interval is that of as many rows of equal weight as tell as much as those that it is a
    share of (see `pipeline.table.weights.effective`).

    Parameters
    ----------
    y
        Shape (n,): 0 and 1.
    probability
        Shape (n,): probability of the positive class; a row is called positive from `threshold` on.
    threshold
        In [0, 1].
    confidence
        Of the intervals, in (0, 1).
    weight
        Shape (n,): how many rows each row stands for; None is one.

    Returns
    -------
    metrics
        `threshold`, the cells, the metrics of `of_matrix`, and `intervals`: [low, high] by name, None where undefined.

    References
    ----------
    Wilson's interval on effective numbers of rows: Franco, Little, Louis & Slud 2019, Journal of Survey Statistics and
    Methodology 7, 334-364.
    """
    decision = probability >= threshold
    cells = confusion(y, decision, weight)
    squares = None if weight is None else confusion(y, decision, weight**2)
    intervals = {}
    for name, (above, below) in PROPORTIONS.items():
        successes, trials = sum(cells[c] for c in above), sum(cells[c] for c in below)
        worth = 1 if squares is None or not trials else trials / sum(squares[c] for c in below)  # of a unit of weight
        intervals[name] = wilson(successes * worth, trials * worth, confidence=confidence)
    return {
        "threshold": float(threshold),
        **cells,
        **of_matrix(**cells),
        "intervals": {name: list(interval) if interval else None for name, interval in intervals.items()},
    }


def threshold_free(y: np.ndarray, probability: np.ndarray, weight: np.ndarray | None = None) -> dict[str, float | None]:
    """Metrics of ranking and of probabilities, which no threshold can move.

    Parameters
    ----------
    y
        Shape (n,): 0 and 1.
    probability
        Shape (n,): probability of the positive class.
    weight
        Shape (n,): how many rows each row stands for; None is one.

    Returns
    -------
    metrics
        roc_auc; average_precision, which is `prevalence` where all rows have the same probability; log_loss, in nats;
        brier; brier_skill, 1 - brier / (prevalence (1 - prevalence)); predicted_over_observed, mean probability over
        prevalence. None where one is not defined, for want of a class.
    """
    from sklearn.metrics import average_precision_score, roc_auc_score

    prevalence, lost = float(np.average(y == 1, weights=weight)), losses(y, probability, weight)
    both = 0 < prevalence < 1
    return {
        "roc_auc": float(roc_auc_score(y, probability, sample_weight=weight)) if both else None,
        # Without a negative it is 1, whatever the model.
        "average_precision": float(average_precision_score(y, probability, sample_weight=weight)) if both else None,
        "prevalence": prevalence,
        **lost,
        "brier_skill": 1 - lost["brier"] / (prevalence * (1 - prevalence)) if both else None,
        "predicted_over_observed": ratio(float(np.average(probability, weights=weight)), prevalence),
    }


def holdout(
    y: np.ndarray,
    probability: np.ndarray,
    *,
    tuned: float | None,
    confidence: float,
    weight: np.ndarray | None = None,
) -> dict[str, Any]:
    """Everything this project says of probabilities on test rows.

    Parameters
    ----------
    y
        Shape (n,): 0 and 1.
    probability
        Shape (n,): probability of the positive class.
    tuned
        Threshold chosen on other rows; None where there were too few to choose it.
    confidence
        Of the intervals, in (0, 1).
    weight
        Shape (n,): how many rows each row stands for; None is one.

    Returns
    -------
    metrics
        `rows`, `positives`, `threshold_free`, and by threshold `default` (0.5) and `tuned` (None without one). With
        weights `effective_positives` too, see `pipeline.table.weights.effective`; but for these, all figures are
        weighted.
    """
    how: dict[str, Any] = {"confidence": confidence, "weight": weight}
    positives = at(weight, y == 1)
    return {
        "rows": len(y),
        "positives": int((y == 1).sum()),
        **({} if positives is None else {"effective_positives": effective(positives)}),
        "threshold_free": threshold_free(y, probability, weight),
        "default": at_threshold(y, probability, DEFAULT_THRESHOLD, **how),
        "tuned": None if tuned is None else at_threshold(y, probability, tuned, **how),
    }
