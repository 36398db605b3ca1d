"""All figures of a comparison, and the tables that `dvc plots` draws from."""

from functools import singledispatch
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from pipeline.judge.comparison import by_truth, corrected
from pipeline.judge.evidence import Evidence
from pipeline.judge.verdict import FORMS
from pipeline.measure.metrics import BEST
from pipeline.measure.multiclass import Multiclass
from pipeline.measure.task import Task
from pipeline.report.answer import leaders
from pipeline.report.figures.calibration import reliability
from pipeline.report.figures.class_counts import class_counts
from pipeline.report.figures.components import components
from pipeline.report.figures.confusion import confusion_matrices
from pipeline.report.figures.costs import cost_map, decision_curve
from pipeline.report.figures.curves import precision_recall, roc
from pipeline.report.figures.differences import differences
from pipeline.report.figures.points import precision_recall_points, roc_points
from pipeline.report.figures.style import styled
from pipeline.report.figures.thresholds import distributions, thresholds
from pipeline.table import weights
from pipeline.table.split import tested

NARROW = 9  # letters beside a row of a matrix: longer labels leave out the target's name


def draw(evidence: Evidence, comparison: dict[str, Any]) -> dict[str, Figure]:
    """The figures of all variants together, by the name of their file without its ending.

    Parameters
    ----------
    evidence
        Of the comparison.
    comparison
        As `pipeline.judge.comparison.compare` returns it.
    """
    task, holdouts, labels = evidence.task, judged(comparison), _labels(evidence)
    matrices = {name: _matrices(task, holdout) for name, holdout in holdouts.items()}
    with styled():
        return {
            **({"differences": differences(comparison["verdict"])} if comparison["verdict"]["methods"] else {}),
            "class_counts": _class_counts(comparison, labels),
            "confusion_matrices": confusion_matrices(matrices, labels),
            **_curves(task, evidence, comparison),
        }


def draw_each(evidence: Evidence, comparison: dict[str, Any]) -> dict[str, Figure]:
    """The figures of each variant alone, by `VARIANT/FIGURE`; arguments as for `draw`."""
    task, labels = evidence.task, _labels(evidence)
    with styled():
        return {
            **{
                f"{v['variant']}/confusion_matrix": confusion_matrices(
                    {v["variant"]: _matrices(task, v["holdout"])}, labels
                )
                for v in comparison["variants"]
            },
            **_own_curves(task, evidence, comparison),
        }


def judged(comparison: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """What each variant does on unseen rows, in the order to show, and last the best possible rule if it is known."""
    holdouts = {v["variant"]: v["holdout"] for v in comparison["variants"]}
    return {**holdouts, **({BEST: comparison["best_possible"]} if comparison["best_possible"] else {})}


def tables(evidence: Evidence, comparison: dict[str, Any]) -> dict[str, pd.DataFrame]:
    """What `dvc plots` draws: long tables with a `variant` column."""
    task = evidence.task
    labels = [task.label(code) for code in range(task.classes)]
    cells = [
        {"variant": v["variant"], "threshold": by, "actual": actual, "predicted": predicted, "rows": rows}
        for v in comparison["variants"]
        for point, by in task.points.items()
        if v["holdout"][point]
        for actual, counts in zip(labels, task.matrix(v["holdout"][point]), strict=True)
        for predicted, rows in zip(labels, counts, strict=True)
    ]
    curves = _against(task, _predictions(evidence))
    return {
        "confusion_matrix": pd.DataFrame(cells),
        "precision_recall": _long({name: precision_recall_points(rows) for name, rows in curves.items()}),
        "roc": _long({name: roc_points(rows) for name, rows in curves.items()}),
    }


def _labels(evidence: Evidence) -> list[str]:
    task, target = evidence.task, evidence.table["target"]
    labels = [task.label(code) for code in range(task.classes)]
    full = [f"{target} = {label}" for label in labels]
    return full if max(map(len, full)) <= NARROW else labels


def _class_counts(comparison: dict[str, Any], labels: list[str]) -> Figure:
    table, split, training = comparison["table"], comparison["split"], {}
    for v in comparison["variants"]:
        training[v["variant"]] = {key: list(v["training"][key].values()) for key in ("rows", "synthetic")}
    whole = {
        "rows read" if "negatives" in table else "whole table": table["classes"],
        "training rows": split["train"],
        "test rows": split["test"],
    }
    whole = {name: counts for name, counts in whole.items() if any(counts.values())}  # maybe no test rows
    return class_counts(
        {name: list(counts.values()) for name, counts in whole.items()}
        | {name: counts["rows"] for name, counts in training.items()},
        {name: counts["synthetic"] for name, counts in training.items()},
        labels,
        weighted=weights.weighted(table),
    )


def _matrices(task: Task, holdout: dict[str, Any]) -> dict[str, list[list[float]] | None]:
    """By what to call the rule of decision."""
    return {by: task.matrix(holdout[point]) if holdout[point] else None for point, by in task.points.items()}


def _predictions(evidence: Evidence) -> dict[str, pd.DataFrame]:
    """By variant, and last of the best possible rule if it is known."""
    found = dict(evidence.predictions)
    if evidence.truth is not None:
        found[BEST] = by_truth(evidence)
    return found


@singledispatch
def _curves(task: Task, evidence: Evidence, comparison: dict[str, Any]) -> dict[str, Figure]:
    """The figures of thresholds and of the probability of the positive class."""
    holdouts, predictions, forms = judged(comparison), _predictions(evidence), corrected(evidence)
    leading = {name: evidence.predictions[name] for name in leaders(comparison)}
    rows = tested(evidence.declared["split"]["test_size"])
    return {
        "precision_recall": precision_recall(holdouts, predictions, rows),
        "thresholds": thresholds(leading, holdouts),
        "distributions": distributions(leading, holdouts),
        "roc": roc(holdouts, predictions, rows),
        "reliability": reliability({FORMS[form]: by_variant for form, by_variant in forms.items()}),
        **({"cost_map": cost_map(comparison["cost_map"])} if comparison["cost_map"] else {}),
        "decision_curve": decision_curve(forms.get("platt", forms["prior_corrected"])),
        **({"components": components(evidence.components)} if evidence.components else {}),
    }


@_curves.register
def _(task: Multiclass, evidence: Evidence, comparison: dict[str, Any]) -> dict[str, Figure]:
    return {}


@singledispatch
def _own_curves(task: Task, evidence: Evidence, comparison: dict[str, Any]) -> dict[str, Figure]:
    """What `draw_each` has of two classes alone."""
    forms, drawn, rows = corrected(evidence), {}, tested(evidence.declared["split"]["test_size"])
    for v in comparison["variants"]:
        name = v["variant"]
        own = {FORMS[form]: {name: seen[name]} for form, seen in forms.items() if name in seen}
        seen = {name: evidence.predictions[name]}
        drawn[f"{name}/precision_recall"] = precision_recall({name: v["holdout"]}, seen, rows)
        drawn[f"{name}/reliability"] = reliability(own)
    return drawn


@_own_curves.register
def _(task: Multiclass, evidence: Evidence, comparison: dict[str, Any]) -> dict[str, Figure]:
    return {}


@singledispatch
def _against(task: Task, predictions: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Predictions of one class against the rest, by what to call the curve."""
    return predictions


@_against.register
def _(task: Multiclass, predictions: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    return {
        f"{variant}: {name}": pd.DataFrame({"y": (rows.y == code).astype(int), "score": task.score(rows)[:, code]})
        for variant, rows in predictions.items()
        for code, name in enumerate(task.names)
    }


def _long(curves: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """All curves in one table; `point` counts along each."""
    return pd.concat(points.assign(variant=name, point=range(len(points))) for name, points in curves.items())
