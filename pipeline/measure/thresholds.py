"""Chooses the threshold of a decision from scores of rows that the model did not see."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from pipeline.measure.statistics import ratio
from pipeline.table.weights import for_library


class Guarantee(NamedTuple):
    """What holds at a threshold on new rows: a `floor` of `metric`, recall or precision, with `confidence`.

    Attributes
    ----------
    certified
        False where no threshold passed, and t* is an estimate.
    trials
        Positives, for recall; for precision rows from the threshold on, None where none passed.
    needed
        The fewest trials that could show the floor, all of them successes, at a single threshold.
    """

    metric: str
    floor: float
    confidence: float
    certified: bool
    trials: int | None
    needed: int


class Threshold(NamedTuple):
    """A threshold: the `score` from which on rows are called positive, and the `probability` of the lowest such row.

    `guarantee` says what holds there on new rows; None where the settings don't ask for it.
    """

    probability: float
    score: float
    guarantee: Guarantee | None = None


def at(cut: float, score: np.ndarray, probability: np.ndarray) -> Threshold:
    """The threshold at score `cut`, on rows with these scores and probabilities; above all rows if that is where it is.

    Parameters
    ----------
    score, probability
        Shape (n,), n from 1.
    """
    above = score >= cut
    lowest = probability[above].min() if above.any() else min(1.0, np.nextafter(probability.max(), np.inf))
    return Threshold(float(lowest), cut)


def choose(y: np.ndarray, score: np.ndarray, rule: Mapping[str, Any], *, weight: np.ndarray) -> float:
    """The score that does best as a threshold by the declared rule; of equal ones the highest, which alerts least.

    Parameters
    ----------
    y
        Shape (n,): 0 and 1, both present.
    score
        Shape (n,): what rows are ranked by, from models that did not see the row.
    rule
        `objective` and the settings that belong to it:
        `balanced_accuracy`, (recall + specificity) / 2;
        `f_beta`, (1 + beta^2) tp / ((1 + beta^2) tp + beta^2 fn + fp) (van Rijsbergen 1979, chapter 7), with `beta`;
        `expected_cost`, lowest false_negative_cost fn + false_positive_cost fp, where no alert at all may be best;
        `recall_at_precision`, highest recall with a precision of `precision_floor` or more, or the highest precision
        where none reaches it;
        `precision_at_recall`, highest precision with a recall of `recall_floor` or more;
        `alert_budget`, highest recall with at most a share `alerts` of the rows called positive, or the fewest alerts.
    weight
        Shape (n,): see `pipeline.table.weights`.

    Returns
    -------
    threshold
        One of the scores: rows from it on are called positive. Where no alert is best, the next float above all.
    """
    from sklearn.metrics import confusion_matrix_at_thresholds

    tn, fp, fn, tp, threshold = confusion_matrix_at_thresholds(y, score, sample_weight=for_library(weight))
    value = served(rule, tn, fp, fn, tp)
    # The thresholds come in falling order, and argmax takes the first.
    best = int(np.argmax(value))
    if rule["objective"] == "expected_cost" and value[best] <= -rule["false_negative_cost"] * (tp[0] + fn[0]):
        return float(np.nextafter(threshold[0], np.inf))
    return float(threshold[best])


def served(rule: Mapping[str, Any], tn: np.ndarray, fp: np.ndarray, fn: np.ndarray, tp: np.ndarray) -> np.ndarray:
    """What is highest where the rule is served best, for each threshold."""
    match rule["objective"]:
        case "f_beta":
            misses = rule["beta"] ** 2
            return np.asarray((1 + misses) * tp / ((1 + misses) * tp + misses * fn + fp))
        case "expected_cost":
            return np.asarray(-rule["false_negative_cost"] * fn - rule["false_positive_cost"] * fp)
        case "recall_at_precision":
            precision = tp / (tp + fp)
            enough = precision >= rule["precision_floor"]
            return np.asarray(np.where(enough, tp, -1.0) if enough.any() else precision)
        case "precision_at_recall":
            # .29 of 100 positives is 28.999999999999996 in floats, and means 29.
            enough = tp >= rule["recall_floor"] * (tp + fn) * (1 - 1e-12)
            return np.asarray(np.where(enough, tp / (tp + fp), -1.0))
        case "alert_budget":
            alerts, rows = tp + fp, tp + fp + fn + tn
            enough = alerts <= rule["alerts"] * rows * (1 + 1e-12)
            return np.asarray(np.where(enough, tp, -1.0) if enough.any() else -alerts)
        case _:
            # In whole numbers, so that equal scores are equal: recall + specificity times both classes' counts.
            return np.asarray(tp * (tn + fp) + tn * (tp + fn))


def objective_value(cells: dict[str, Any], rule: Mapping[str, Any]) -> dict[str, float | None]:
    """The objective's own value of a confusion matrix, for those that a verdict may rest on; None where undefined."""
    tn, fp, fn, tp = (cells[cell] for cell in ("tn", "fp", "fn", "tp"))
    match rule["objective"]:
        case "f_beta":
            misses = rule["beta"] ** 2
            return {"f_beta": ratio((1 + misses) * tp, (1 + misses) * tp + misses * fn + fp)}
        case "expected_cost":
            cost = rule["false_negative_cost"] * fn + rule["false_positive_cost"] * fp
            return {"expected_cost": cost / (tn + fp + fn + tp)}
    return {}
