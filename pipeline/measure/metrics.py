"""The metrics, an entry each: tables, report, CSV, JSON, verification and MLflow pick them up from here."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from math import sqrt
from typing import Literal

import numpy as np

from pipeline.measure.calibration import brier, calibration_ratio, log_loss
from pipeline.measure.statistics import ratio
from pipeline.table.weights import for_library

BEST = "best possible"  # the rule that decides by the true probabilities
Value = float | None  # None where a metric is not defined

OfProbabilities = Callable[[np.ndarray, np.ndarray, np.ndarray], Value]  # of y, probability and weight


@dataclass(frozen=True)
class Metric:
    """A metric of decisions or of probabilities.

    Attributes
    ----------
    name
        Its key in JSON, CSV and MLflow.
    title
        In tables.
    of
        `decisions`, which a threshold moves, or `probabilities`, which no threshold moves.
    binary
        Takes tn, fp, fn and tp; or y (0 and 1), the probability of the positive class, and weights. None where the
        metric is for more than two classes alone.
    multiclass
        Takes the confusion matrix, a row an actual class; or y (codes), probabilities of
        shape (n, k), and weights. None where it is for two classes alone.
    trials
        Of a proportion with a Wilson interval, the cells that are its successes, and those that are its trials.
    ranks
        Of probabilities, whether it takes scores in their place, since only their order counts.
    digits
        Decimals in tables.
    shown
        Whether the report and the Markdown table have it; the others are in CSV, JSON and MLflow.
    """

    name: str
    title: str
    of: Literal["decisions", "probabilities"]
    binary: Callable[..., Value] | None = None
    multiclass: Callable[..., Value] | None = None
    trials: tuple[tuple[str, ...], tuple[str, ...]] | None = None
    ranks: bool = False
    digits: int = 3
    shown: bool = True


def _recall(tn: float, fp: float, fn: float, tp: float) -> Value:
    return ratio(tp, tp + fn)


def _specificity(tn: float, fp: float, fn: float, tp: float) -> Value:
    return ratio(tn, tn + fp)


def _balanced_accuracy(tn: float, fp: float, fn: float, tp: float) -> Value:
    return mean([_recall(tn, fp, fn, tp), _specificity(tn, fp, fn, tp)])


def _g_mean(tn: float, fp: float, fn: float, tp: float) -> Value:
    recall, specificity = _recall(tn, fp, fn, tp), _specificity(tn, fp, fn, tp)
    return None if recall is None or specificity is None else sqrt(recall * specificity)


def _mcc(tn: float, fp: float, fn: float, tp: float) -> Value:
    """Matthews correlation coefficient, in [-1, 1]; Matthews 1975, BBA 405, 442-451."""
    return ratio(tp * tn - fp * fn, sqrt((tp + fp) * (tp + fn) * (tn + fp) * (tn + fn)))


def average_precision(y: np.ndarray, score: np.ndarray, weight: np.ndarray) -> Value:
    """Average precision: the prevalence where all rows have the same score, None without both classes."""
    from sklearn.metrics import average_precision_score

    both = 0 < (y == 1).sum() < len(y)
    return float(average_precision_score(y, score, sample_weight=for_library(weight))) if both else None


def roc_auc(y: np.ndarray, score: np.ndarray, weight: np.ndarray) -> Value:
    """Area under the ROC curve; None without both classes."""
    from sklearn.metrics import roc_auc_score

    both = 0 < (y == 1).sum() < len(y)
    return float(roc_auc_score(y, score, sample_weight=for_library(weight))) if both else None


def prevalence(y: np.ndarray, _: np.ndarray, weight: np.ndarray) -> float:
    """The positives' share of the rows, by weight."""
    return float(np.average(y == 1, weights=weight))


def _brier_skill(y: np.ndarray, probability: np.ndarray, weight: np.ndarray) -> Value:
    """The gain over the prevalence as every row's probability: 1 - brier / (prevalence (1 - prevalence))."""
    share = prevalence(y, probability, weight)
    return 1 - brier(y, probability, weight) / (share * (1 - share)) if 0 < share < 1 else None


def macro(metric: OfProbabilities) -> OfProbabilities:
    """The mean over the classes of a metric of one class against the rest; None where one class has none."""

    def averaged(y: np.ndarray, values: np.ndarray, weight: np.ndarray) -> Value:
        codes = range(values.shape[1])
        return mean([metric((y == code).astype(np.int8), values[:, code], weight) for code in codes])

    return averaged


def recall_by_class(matrix: np.ndarray) -> list[Value]:
    """Of each class, the share of its rows that are predicted as it."""
    return [ratio(int(right), int(rows)) for right, rows in zip(np.diag(matrix), matrix.sum(axis=1), strict=True)]


def precision_by_class(matrix: np.ndarray) -> list[Value]:
    """Of each class, the share of its predictions that are right."""
    return [ratio(int(right), int(rows)) for right, rows in zip(np.diag(matrix), matrix.sum(axis=0), strict=True)]


def f1_by_class(matrix: np.ndarray) -> list[Value]:
    """Of each class, the harmonic mean of recall and precision."""
    sums = matrix.sum(axis=1) + matrix.sum(axis=0)
    return [ratio(2 * int(right), int(both)) for right, both in zip(np.diag(matrix), sums, strict=True)]


def mean(values: Iterable[Value]) -> Value:
    """The mean; None where one value is not defined."""
    known = list(values)
    defined = [value for value in known if value is not None]
    return float(np.mean(defined)) if len(defined) == len(known) else None


METRICS = (
    Metric(
        "recall",
        "recall",
        "decisions",
        binary=_recall,
        trials=(("tp",), ("tp", "fn")),
    ),
    Metric(
        "precision",
        "precision",
        "decisions",
        binary=lambda tn, fp, fn, tp: ratio(tp, tp + fp),
        trials=(("tp",), ("tp", "fp")),
    ),
    Metric("f1", "F1", "decisions", binary=lambda tn, fp, fn, tp: ratio(2 * tp, 2 * tp + fp + fn)),
    Metric(
        "specificity",
        "specificity",
        "decisions",
        binary=_specificity,
        trials=(("tn",), ("tn", "fp")),
        shown=False,
    ),
    Metric(
        "balanced_accuracy",
        "macro recall",
        "decisions",
        multiclass=lambda matrix: mean(recall_by_class(matrix)),
    ),
    Metric("balanced_accuracy", "balanced accuracy", "decisions", binary=_balanced_accuracy, shown=False),
    Metric("macro_f1", "macro F1", "decisions", multiclass=lambda matrix: mean(f1_by_class(matrix))),
    Metric("g_mean", "G-mean", "decisions", binary=_g_mean, shown=False),
    Metric("mcc", "MCC", "decisions", binary=_mcc, shown=False),
    Metric(
        "accuracy",
        "accuracy",
        "decisions",
        binary=lambda tn, fp, fn, tp: ratio(tp + tn, tp + tn + fp + fn),
        trials=(("tp", "tn"), ("tp", "tn", "fp", "fn")),
        shown=False,
    ),
    Metric(
        "accuracy",
        "accuracy",
        "decisions",
        multiclass=lambda matrix: ratio(int(np.diag(matrix).sum()), int(matrix.sum())),
    ),
    Metric("average_precision", "average precision", "probabilities", binary=average_precision, ranks=True),
    Metric(
        "average_precision", "macro average precision", "probabilities", multiclass=macro(average_precision), ranks=True
    ),
    Metric("roc_auc", "ROC AUC", "probabilities", binary=roc_auc, ranks=True),
    Metric("roc_auc", "macro ROC AUC", "probabilities", multiclass=macro(roc_auc), ranks=True),
    Metric("prevalence", "prevalence", "probabilities", binary=prevalence, shown=False),
    Metric("log_loss", "log loss", "probabilities", binary=log_loss, multiclass=log_loss, digits=4),
    Metric("brier", "Brier score", "probabilities", binary=brier, multiclass=brier, digits=4),
    Metric("brier_skill", "Brier skill", "probabilities", binary=_brier_skill),
    Metric("calibration_ratio", "calibration ratio", "probabilities", binary=calibration_ratio, digits=2),
)
