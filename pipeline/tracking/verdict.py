"""The verdict's figures as MLflow has them: tags and metrics of the parent run, and of each variant's run."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from pipeline.formatting import digits, signed
from pipeline.measure.primary import COLUMNS
from pipeline.measure.task import Task
from pipeline.tracking.describe import rounded
from pipeline.tracking.runs import metric_name

PARENT = "verdict"  # before the names of the parent run's figures
CHILD = "folds"  # before those of a variant's
ENDS = {"mean": "gain", "low": "gain_low", "high": "gain_high", "better": "p_better", "regret": "regret"}


def tags(verdict: Mapping[str, Any]) -> dict[str, str]:
    """`verdict.action`, `.evidence`, `.variant` and the leading method's `.gain`, where they are."""
    leading = _method(verdict, verdict["leading"])
    gain = None if leading is None else signed(leading["mean"], digits(verdict["declared"]["rope"]))
    found = {"action": verdict["action"], "evidence": verdict["evidence"], "variant": verdict["variant"], "gain": gain}
    return {f"verdict.{name}": text for name, text in found.items() if text is not None}


def metrics(verdict: Mapping[str, Any]) -> dict[str, float]:
    """The leading method's gain with its bounds, what is at stake, and what could be detected; nothing without one."""
    leading = _method(verdict, verdict["leading"])
    if leading is None:
        return {}
    names = ("threshold", "reference", "minimum_detectable_difference")
    found = {**_figures(leading), **{name: verdict[name] for name in names}, "at_stake": verdict["price"]["upper"]}
    return {metric_name(PARENT, name): rounded(value) for name, value in found.items() if value is not None}


def of_variant(verdict: Mapping[str, Any], name: str) -> tuple[dict[str, str], dict[str, float]]:
    """Tags and metrics of a variant: whether it's chosen, and a method's `call` and gain with its bounds."""
    found: dict[str, str] = {"verdict.chosen": "true"} if name == verdict["variant"] else {}
    method = _method(verdict, name)
    if method is None:  # the baseline
        return found, {}
    figures = {metric_name(CHILD, key): rounded(value) for key, value in _figures(method).items() if value is not None}
    return {**found, "call": method["call"]}, figures


def sentence_of(verdict: Mapping[str, Any], name: str) -> str:
    """A method's gain with its bounds and its call; empty for the baseline."""
    method = _method(verdict, name)
    if method is None:
        return ""
    places, metric = digits(verdict["declared"]["rope"]), verdict["declared"]["metric"]
    gain, *ends = (signed(method[key], places) for key in ("mean", "low", "high"))
    return f"Over the folds, its gain in {metric} is {gain} ({' to '.join(ends)}): {method['call']}."


def fold_means(folds: pd.DataFrame | None, task: Task, primary: str) -> dict[str, float]:
    """Means over the folds: of the metrics that charts show, with decisions at t*, and of the one that decides.

    Parameters
    ----------
    folds
        See `pipeline.measure.evaluation.by_fold`; None without folds.
    task
        Of the table.
    primary
        `compare.primary`.
    """
    if folds is None:
        return {}
    columns = [name for name in task.series if not name.startswith("default_")] + [COLUMNS[primary][0]]
    means = {name: folds[name].mean(skipna=False) for name in columns}
    return {metric_name(CHILD, name): rounded(mean) for name, mean in means.items() if not pd.isna(mean)}


def _method(verdict: Mapping[str, Any], name: str | None) -> Mapping[str, Any] | None:
    return next((method for method in verdict["methods"] if method["variant"] == name), None)


def _figures(method: Mapping[str, Any]) -> dict[str, float | None]:
    return {ours: method[theirs] for theirs, ours in ENDS.items()}
