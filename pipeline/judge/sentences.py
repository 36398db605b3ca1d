"""What a variant does on rows that it has not seen, in sentences."""

from collections.abc import Mapping
from functools import singledispatch
from typing import Any

from pipeline import formatting
from pipeline.formatting import joined, signed
from pipeline.judge.primary import REFERENCE
from pipeline.measure import guarantee
from pipeline.measure.multiclass import Multiclass
from pipeline.measure.task import Task
from pipeline.table import weights
from pipeline.table.split import tested


def guaranteed(results: Mapping[str, Mapping[str, Any]]) -> str:
    """What holds at t* on new rows, and for which variants if not for all; empty where nothing is certified."""
    certified = {name: found for name, result in results.items() if (found := result.get("guarantee"))}
    certified = {name: found for name, found in certified.items() if found["certified"]}
    if not certified:
        return ""
    said = guarantee.sentence(next(iter(certified.values())))
    return said if len(certified) == len(results) else f"For {joined(certified)}: {said[0].lower()}{said[1:]}"


@singledispatch
def sentence(task: Task, result: Mapping[str, Any], baseline: Mapping[str, Any] | None, objective: str) -> str:
    """What a variant does on the rows that are judged, beside what the baseline does.

    Parameters
    ----------
    task
        Of the table.
    result, baseline
        Metrics of both; None where there is no baseline.
    objective
        Of the threshold t*.
    """
    ours, beside = result["holdout"], _beside(result, baseline)
    first = f"At 0.5 it finds {_found(ours['default'], among=True)}"
    parts = [first + (f"; the baseline finds {_found(beside['default'])}." if beside else ".")]
    if ours["tuned"]:
        at = formatting.threshold(ours["tuned"]["threshold"])
        tuned = f"At its own threshold for {objective.replace('_', ' ')}, {at}, it finds {_found(ours['tuned'])}"
        if beside:
            theirs_at = formatting.threshold(beside["tuned"]["threshold"])
            tuned += f"; the baseline at its own, {theirs_at}, finds {_found(beside['tuned'])}"
        parts.append(f"{tuned}.")
    return " ".join([*parts, *_ranking(task, ours, beside)])


@sentence.register
def _(task: Multiclass, result: Mapping[str, Any], baseline: Mapping[str, Any] | None, objective: str) -> str:
    ours, beside = result["holdout"], _beside(result, baseline)
    parts = []
    for point, by in task.points.items():
        recall = ours[point]["balanced_accuracy"]
        found = f"{'By the' if point == 'default' else 'With'} {by}, macro recall is " + formatting.number(recall)
        if recall is not None:
            name, worst = min(ours[point]["classes"].items(), key=lambda each: each[1]["recall"])
            found += f", lowest for class {name} ({worst['recall']:.3f})"
        if beside:
            found += f"; the baseline's is {formatting.number(beside[point]['balanced_accuracy'])}"
        parts.append(f"{found}.")
    return " ".join([*parts, *_ranking(task, ours, beside)])


def tradeoff(results: Mapping[str, Mapping[str, Any]], chosen: str | None, *, test_size: float) -> str | None:
    """What the recommended threshold finds, and for which costs that pays; None where no threshold is recommended.

    Parameters
    ----------
    results
        By variant: see `pipeline.measure.evaluation.gather`.
    chosen
        The recommended variant; None without a verdict.
    test_size
        Share of the rows that is held out for testing. With 0, each fold has a threshold of its own.
    """
    if chosen is None or (tuned := results[chosen]["holdout"]["tuned"]) is None or "tp" not in tuned:
        return None
    where, found = f"On the {judged_rows(results[chosen]['holdout'], test_size)}", _found(tuned, among=True)
    if chosen != REFERENCE:
        theirs = _found(results[REFERENCE]["holdout"]["tuned"])
        return f"{where}, {chosen} at its threshold finds {found}; the baseline at its own finds {theirs}."
    before, at = results[chosen]["holdout"]["default"], formatting.threshold(tuned["threshold"])
    if at == formatting.threshold(0.5):
        return f"{where}, the threshold of 0.5 finds {found}."
    own = f"the threshold of {at}" if test_size else "each fold's own threshold"
    said = f"{where}, {own} finds {found}; 0.5 finds {_found(before)}."
    more, alarms = tuned["tp"] - before["tp"], tuned["fp"] - before["fp"]
    if more * alarms <= 0:
        return said
    than = "more" if more > 0 else "less"
    return f"{said} It pays if a false negative costs {than} than about {alarms / more:.2g} false positives."


def judged_rows(holdout: Mapping[str, Any], test_size: float) -> str:
    """The number of rows whose decisions are shown, and how many they stand for, if these are others."""
    rows, point = holdout["rows"], holdout["default"]
    total = weights.shown(sum(point[cell] for cell in ("tn", "fp", "fn", "tp"))) if "tn" in point else rows
    return f"{rows:,} {tested(test_size)}" + (f", which stand for {total:,}" if total != rows else "")


def _beside(result: Mapping[str, Any], baseline: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    return None if baseline is None or baseline is result else baseline["holdout"]


def _ranking(task: Task, ours: Mapping[str, Any], beside: Mapping[str, Any] | None) -> list[str]:
    precision = ours["threshold_free"]["average_precision"]
    if precision is None:
        return []
    theirs = beside["threshold_free"]["average_precision"] if beside else None
    gain = "" if theirs is None else f" ({signed(precision - theirs)} against the baseline)"
    return [f"Its {task.title('average_precision')} is {precision:.3f}{gain}."]


def _found(point: Mapping[str, Any], *, among: bool = False) -> str:
    right, wrong, positives = map(weights.shown, (point["tp"], point["fp"], point["tp"] + point["fn"]))
    of = f" of {positives:,} positives" if among and positives else ""
    return f"{right:,}{of} with {wrong:,} false positive{'s' if wrong != 1 else ''}"
