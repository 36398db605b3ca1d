"""What decisions and probabilities are worth, counted on rows that nothing was fitted on."""

from math import sqrt
from typing import Any

import numpy as np

from pipeline.statistics import wilson

DEFAULT_THRESHOLD = 0.5
BEST = "best possible"  # the rule that decides by the true probabilities

# Of each proportion: successes and trials, as sums of the matrix's cells.
PROPORTIONS = {
    "precision": (("tp",), ("tp", "fp")),
    "recall": (("tp",), ("tp", "fn")),
    "specificity": (("tn",), ("tn", "fp")),
    "accuracy": (("tp", "tn"), ("tp", "tn", "fp", "fn")),
}


def confusion(y: np.ndarray, decision: np.ndarray) -> dict[str, int]:
    """The confusion matrix's cells `tn`, `fp`, `fn`, `tp`.

    Parameters
    ----------
    y
        Shape (n,): 1 for the positive class, else 0.
    decision
        Shape (n,), bool: whether the row is called positive.
    """
    positive = y == 1
    return {
        "tn": int((~positive & ~decision).sum()),
        "fp": int((~positive & decision).sum()),
        "fn": int((positive & ~decision).sum()),
        "tp": int((positive & decision).sum()),
    }


def of_matrix(tn: int, fp: int, fn: int, tp: int) -> dict[str, float | None]:
    """Metrics of a confusion matrix; None where one is not defined (a division by 0).

    Returns
    -------
    metrics
        precision, recall, specificity, accuracy, f1, balanced_accuracy and g_mean in [0, 1]; mcc (Matthews
        correlation coefficient; Matthews 1975, BBA 405) in [-1, 1].
    """
    cells = {"tn": tn, "fp": fp, "fn": fn, "tp": tp}
    result = {
        name: _ratio(sum(cells[c] for c in above), sum(cells[c] for c in below))
        for name, (above, below) in PROPORTIONS.items()
    }
    recall, specificity = result["recall"], result["specificity"]
    both = recall is not None and specificity is not None
    result["f1"] = _ratio(2 * tp, 2 * tp + fp + fn)
    result["balanced_accuracy"] = (recall + specificity) / 2 if both else None  # type: ignore[operator]
    result["g_mean"] = sqrt(recall * specificity) if both else None  # type: ignore[operator]
    result["mcc"] = _ratio(tp * tn - fp * fn, sqrt((tp + fp) * (tp + fn) * (tn + fp) * (tn + fn)))
    return result


def at_threshold(y: np.ndarray, probability: np.ndarray, threshold: float, *, confidence: float) -> dict[str, Any]:
    """The confusion matrix at a threshold, its metrics, and Wilson intervals of the proportions among them.

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

    Returns
    -------
    metrics
        `threshold`, the cells, the metrics of `of_matrix`, and `intervals`: [low, high] by name, None where undefined.
    """
    cells = confusion(y, probability >= threshold)
    intervals = {
        name: wilson(sum(cells[c] for c in above), sum(cells[c] for c in below), confidence=confidence)
        for name, (above, below) in PROPORTIONS.items()
    }
    return {
        "threshold": float(threshold),
        **cells,
        **of_matrix(**cells),
        "intervals": {name: list(interval) if interval else None for name, interval in intervals.items()},
    }


def threshold_free(y: np.ndarray, probability: np.ndarray) -> dict[str, float | None]:
    """Metrics of ranking and of probabilities, which no threshold can move.

    Parameters
    ----------
    y
        Shape (n,): 0 and 1.
    probability
        Shape (n,): probability of the positive class.

    Returns
    -------
    metrics
        roc_auc; average_precision, which is `prevalence` where all rows have the same probability; log_loss, in nats;
        brier; brier_skill, 1 - brier / (prevalence (1 - prevalence)); predicted_over_observed, mean probability over
        prevalence. None where one is not defined, for want of a class.
    """
    from sklearn.metrics import average_precision_score, brier_score_loss, log_loss, roc_auc_score

    prevalence = float(np.mean(y == 1))
    brier = float(brier_score_loss(y, probability, pos_label=1))
    both = 0 < prevalence < 1
    return {
        "roc_auc": float(roc_auc_score(y, probability)) if both else None,
        "average_precision": float(average_precision_score(y, probability)) if prevalence > 0 else None,
        "prevalence": prevalence,
        "log_loss": float(log_loss(y, probability, labels=[0, 1])),
        "brier": brier,
        "brier_skill": 1 - brier / (prevalence * (1 - prevalence)) if both else None,
        "predicted_over_observed": _ratio(float(np.mean(probability)), prevalence),
    }


def holdout(y: np.ndarray, probability: np.ndarray, *, tuned: float | None, confidence: float) -> dict[str, Any]:
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

    Returns
    -------
    metrics
        `rows`, `positives`, `threshold_free`, and by threshold `default` (0.5) and `tuned` (None without one).
    """
    return {
        "rows": len(y),
        "positives": int((y == 1).sum()),
        "threshold_free": threshold_free(y, probability),
        "default": at_threshold(y, probability, DEFAULT_THRESHOLD, confidence=confidence),
        "tuned": None if tuned is None else at_threshold(y, probability, tuned, confidence=confidence),
    }


def _ratio(above: float, below: float) -> float | None:
    return above / below if below else None
