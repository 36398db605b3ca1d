"""How far a method is the baseline with another rule of decision: the decisions that both share."""

from functools import singledispatch
from typing import Any

import numpy as np
import pandas as pd

from pipeline.formatting import signed, threshold
from pipeline.measure.evaluation import Folded
from pipeline.measure.multiclass import Multiclass
from pipeline.measure.statistics import correlated
from pipeline.measure.task import Task

APART = 0.0005  # alert rates that print as the same tenth of a percent


def equivalence(
    task: Task, baseline: Folded, method: pd.DataFrame, *, test_over_train: float, alpha: float
) -> dict[str, Any]:
    """What is left of a method once the baseline decides by the rule that comes nearest to it.

    Of two classes, the baseline's threshold moves to where it alerts on as many rows as the method does at 0.5. Rows of
    equal probability get one decision, so with ties it is the nearest possible number, of two as near the smaller.
    Of more classes, the baseline decides by class weights, and the method by the most probable class.

    Parameters
    ----------
    task
        Of the table.
    baseline
        Its predictions and fits, see `pipeline.measure.evaluation.Folded`.
    method
        Predictions from the same folds of the same rows.
    test_over_train
        See `pipeline.measure.statistics.fold_ratio`.
    alpha
        Error of the interval of `gain`, in (0, 1).

    Returns
    -------
    found
        Means over the folds of what `pipeline.measure.task.Task.match` gives, but for `threshold`, the median over the
        folds in which the baseline alerts at all, None if there is no such fold; and for `gain`, `mean`, and `low` and
        `high` of the interval with coverage 1 - alpha (see `pipeline.measure.statistics.correlated`).

    Raises
    ------
    ValueError
        If the two frames are not of the same folds, or a fold lacks a class.
    """
    before, same = baseline.predictions, ["repeat", "fold", "y"]
    if not (before.index.equals(method.index) and before[same].equals(method[same])):
        raise ValueError("expected both frames to have the same rows in the same folds, in the same order")
    matched = []
    for fit in baseline.fits.to_dict("records"):
        held = ((before.repeat == fit["repeat"]) & (before.fold == fit["fold"])).to_numpy()
        matched.append(task.match(before[held], method[held], fit))
    folds = pd.DataFrame(matched)
    gain = correlated(folds["gain"].to_numpy(), test_over_train=test_over_train, rope=0.0, alpha=alpha)
    found: dict[str, Any] = {name: float(folds[name].mean()) for name in folds if name not in ("gain", "threshold")}
    if "threshold" in folds:
        thresholds = folds["threshold"][np.isfinite(folds["threshold"])]
        found["threshold"] = float(thresholds.median()) if len(thresholds) else None
    return {**found, "gain": {"mean": gain.mean, "low": gain.low, "high": gain.high}}


@singledispatch
def sentence(task: Task, name: str, found: dict[str, Any]) -> str:
    """What `equivalence` found of the variant `name`, in words."""
    rate, baseline_rate, gain = found["alert_rate"], found["baseline_alert_rate"], found["gain"]
    if rate == 0:
        return f"At 0.5, {name} predicts no positives. A high threshold of the baseline does the same."
    at = found["threshold"]
    where = "above every probability" if at is None else f"at {threshold(at)}"
    rates = (
        f"the same alert rate ({rate:.1%})"
        if abs(rate - baseline_rate) < APART
        else f"a similar alert rate ({baseline_rate:.1%} instead of {rate:.1%})"
    )
    more = (
        f"{name}'s recall differs by {_points(gain)}"
        if any(gain.values())
        else "both have the same recall in every fold"
    )
    return (
        f"With its threshold {where}, the baseline makes {found['same_decisions']:.1%} of {name}'s decisions "
        f"at {rates}. At that rate, {more}."
    )


@sentence.register
def _(task: Multiclass, name: str, found: dict[str, Any]) -> str:
    return (
        f"By class weights, the baseline predicts the class that {name} finds most probable in "
        f"{found['same_decisions']:.1%} of the rows; {name}'s macro recall differs by {_points(found['gain'])}."
    )


def _points(gain: dict[str, float]) -> str:
    mean, low, high = (signed(100 * gain[key], 1) for key in ("mean", "low", "high"))
    return f"{mean} percentage points ({low} to {high})"
