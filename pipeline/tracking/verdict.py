"""The verdict's figures as MLflow has them: tags and metrics of the parent run, and of each variant's run."""

from collections.abc import Mapping
from typing import Any

from pipeline.formatting import digits, signed
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
    return {metric_name(PARENT, name): float(value) for name, value in found.items() if value is not None}


def of_variant(verdict: Mapping[str, Any], name: str) -> tuple[dict[str, str], dict[str, float]]:
    """Tags and metrics of a variant: its `call`, its mean over the folds, and a method's gain with its bounds."""
    found: dict[str, str] = {"verdict.chosen": "true"} if name == verdict["variant"] else {}
    method = _method(verdict, name)
    if method is not None:
        found["call"] = method["call"]
        figures = {"mean": method["mean_primary"], **_figures(method)}
    else:  # the baseline; without a verdict it has no reference
        figures = {"mean": verdict["reference"]}
    return found, {metric_name(CHILD, key): float(value) for key, value in figures.items() if value is not None}


def _method(verdict: Mapping[str, Any], name: str | None) -> Mapping[str, Any] | None:
    return next((method for method in verdict["methods"] if method["variant"] == name), None)


def _figures(method: Mapping[str, Any]) -> dict[str, float | None]:
    return {ours: method[theirs] for theirs, ours in ENDS.items()}
