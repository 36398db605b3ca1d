"""Precision-recall and ROC curves, with the operating points of every variant."""

from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from pipeline.report.figures.layout import curve, outside
from pipeline.report.figures.points import precision_recall_points, roc_points
from pipeline.report.figures.style import POINTS, explain_marks, line, mark


def precision_recall(holdouts: dict[str, dict[str, Any]], predictions: dict[str, pd.DataFrame], rows: str) -> Figure:
    """Precision against recall for every variant, with its operating points at 0.5 and at t*.

    Parameters
    ----------
    holdouts
        By variant: what metrics.json has as `holdout`.
    predictions
        By variant: `y`, `probability` and `weight` by row.
    rows
        What to call these rows.
    """
    figure, axis = curve("recall", "precision")
    prevalence = next(iter(holdouts.values()))["threshold_free"]["prevalence"]
    axis.axhline(prevalence, color="0.6", linewidth=1)
    axis.annotate(
        f"prevalence {prevalence:.3g}", (0, prevalence), (0, 3), textcoords="offset points", ha="left", color="0.4"
    )
    for number, (name, seen) in enumerate(predictions.items()):
        points = precision_recall_points(seen)
        value = holdouts[name]["threshold_free"]["average_precision"]
        line(axis, number, name, points.recall, points.precision, f"{name}, AP {value:.3f}", drawstyle="steps-post")
        for point in POINTS:
            cells = holdouts[name][point]
            if cells and cells["precision"] is not None and cells["recall"] is not None:
                mark(axis, number, name, cells["recall"], cells["precision"], point)
    _finish(axis, f"Precision-recall curves on the {rows}")
    return figure


def roc(holdouts: dict[str, dict[str, Any]], predictions: dict[str, pd.DataFrame], rows: str) -> Figure:
    """The ROC curve of every variant, with its operating points at 0.5 and at t*; parameters as above."""
    figure, axis = curve("false positive rate", "true positive rate (recall)")
    axis.plot([0, 1], [0, 1], color="0.6", linewidth=1)
    for number, (name, seen) in enumerate(predictions.items()):
        points = roc_points(seen)
        value = holdouts[name]["threshold_free"]["roc_auc"]
        line(axis, number, name, points.false_positive_rate, points.true_positive_rate, f"{name}, AUC {value:.3f}")
        for point in POINTS:
            cells = holdouts[name][point]
            if cells and cells["specificity"] is not None and cells["recall"] is not None:
                mark(axis, number, name, 1 - cells["specificity"], cells["recall"], point)
    _finish(axis, f"ROC curves on the {rows}")
    return figure


def _finish(axis: Any, title: str) -> None:
    explain_marks(axis)
    axis.set_title(title, loc="left")
    outside(axis.figure)
