"""A comparison as a CSV table and as Markdown."""

from collections.abc import Mapping
from typing import Any

import pandas as pd
from tabulate import tabulate

from pipeline import formatting
from pipeline.formatting import digits, number, signed
from pipeline.judge import synthetic
from pipeline.judge.headline import bounds
from pipeline.judge.primary import is_loss
from pipeline.judge.sentences import guaranteed
from pipeline.judge.settle import settling
from pipeline.measure.metrics import BEST
from pipeline.measure.task import Task
from pipeline.measure.tasks import task_of
from pipeline.report import pairs
from pipeline.report.figures.draw import judged
from pipeline.table import weights
from pipeline.table.split import tested

POINTS = ("default", "tuned")
NESTED = ("intervals", "matrix", "classes")  # of an operating point: no cells
OF_CLASSES = {"recall": "recall", "precision": "precision", "f1": "F1"}  # of each class, by each rule of decision
CELLS = ("tn", "fp", "fn", "tp")


def flat(comparison: dict[str, Any]) -> pd.DataFrame:
    """One row a variant, and one for the best possible rule; a column a metric or a count."""
    rows = [{**row(v["variant"], v["training"], v["holdout"]), **_near(v)} for v in comparison["variants"]]
    if comparison["best_possible"]:
        rows.append(row(BEST, {}, comparison["best_possible"]))
    return pd.DataFrame(rows).convert_dtypes()


def _near(variant: Mapping[str, Any]) -> dict[str, float | None]:
    """The columns of `pipeline.judge.synthetic.near_others`."""
    found = variant["near_others"] or dict.fromkeys(("synthetic", "low", "high", "real"))
    return {f"near_others_{key}": value for key, value in found.items()}


def row(name: str, training: Mapping[str, Any], holdout: Mapping[str, Any]) -> dict[str, Any]:
    """The numbers of a variant by column; `training` and `holdout` as in metrics.json."""
    cells: dict[str, Any] = {"variant": name}
    for kind in ("rows", "synthetic"):
        cells |= {f"training_{kind}_{label}": count for label, count in training.get(kind, {}).items()}
    cells |= holdout["threshold_free"]
    for point in POINTS:
        measured = holdout[point] or dict.fromkeys(holdout["default"])
        cells |= {f"{point}_{key}": value for key, value in measured.items() if key not in NESTED}
        for label, own in (measured.get("classes") or {}).items():
            cells |= {f"{point}_{key}_{label}": own[key] for key in OF_CLASSES}
    for label, own in holdout.get("classes", {}).items():
        cells[f"average_precision_{label}"] = own["average_precision"]
    return cells


def summary(comparison: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """What `dvc metrics show` prints, a row a variant that fits into 120 characters.

    Returns
    -------
    rows
        By variant: its `verdict`; over the folds, the mean of the metric that decides, and a method's gain with its
        bounds `low` and `high`; on the test rows, two metrics of decisions at t*, such as `recall` and `precision`. The
        verdict on the chosen variant is the action and how strong the evidence is, on another method its call.
    """
    verdict, task = comparison["verdict"], task_of(comparison["table"])
    metric, places = verdict["declared"]["primary"], digits(verdict["declared"]["rope"])
    decisions = [each.name for each in task.metrics("decisions") if each.shown][:2]
    methods = {method["variant"]: method for method in verdict["methods"]}
    rows: dict[str, dict[str, Any]] = {}
    for v in comparison["variants"]:
        name, point = v["variant"], v["holdout"]["tuned"] or v["holdout"]["default"]
        found = {"verdict": verdict["action"] if not methods else None, metric: verdict["reference"]}
        if method := methods.get(name):
            found |= {"verdict": method["call"], metric: method["mean_primary"], "gain": method["mean"]}
            found |= {end: method[end] for end in ("low", "high")}
        if name == verdict["variant"]:
            found["verdict"] = f"{verdict['action']}, {verdict['evidence']}"
        found |= {each: point[each] for each in decisions}
        rows[name] = {
            key: round(value, places) + 0.0 if isinstance(value, float) else value  # + 0.0: no -0.0
            for key, value in found.items()
            if value is not None
        }
    return rows


def markdown(comparison: dict[str, Any]) -> str:
    """The verdict with its evidence, then decisions apart from ranking and probabilities, then the caveats."""
    task, table, verdict = task_of(comparison["table"]), comparison["table"], comparison["verdict"]
    test_size, holdouts = comparison["declared"]["split"]["test_size"], judged(comparison)
    rows, shown = tested(test_size), comparison["split"]["test" if test_size else "train"]
    counts = ", ".join(f"{task.label(code)}: {number:,}" for code, number in enumerate(shown.values()))
    held = guaranteed({v["variant"]: v for v in comparison["variants"]})
    caveats = [f"- {caveat}" for caveat in verdict["caveats"]]
    options = [f"- {settling(option)}" for option in verdict["to_settle"]]
    return "\n".join(
        [
            f"# {table['name']}: {sum(shown.values()):,} {rows} ({counts})",
            "",
            *([weighted, ""] if (weighted := weights.sentence(table)) else []),
            f"**{verdict['sentence']}**",
            "",
            *([verdict["tradeoff"], ""] if verdict["tradeoff"] else []),
            *(pairs.markdown(models) if (models := pairs.decided(comparison)) else []),
            *(["What would settle it:", "", *options, ""] if options else []),
            *(f"{place}. {reason}" for place, reason in enumerate(verdict["reasons"], start=1)),
            "",
            *tests(comparison),
            f"Decisions on the {rows}; another threshold, or other class weights, would change them.",
            "",
            decisions(task, holdouts),
            "",
            *([held, ""] if held else []),
            f"Ranking and probabilities on the {rows}; only a better model improves them.",
            "",
            ranking(task, holdouts),
            "",
            *classes(task, holdouts, rows),
            *(f"- **{v['variant']}**: {v['sentence']}" for v in comparison["variants"]),
            "",
            *(["Caveats:", "", *caveats, ""] if caveats else []),
        ]
    )


def tests(comparison: dict[str, Any]) -> list[str]:
    """The table of methods against the baseline, as lines."""
    verdict = comparison["verdict"]
    if not verdict["methods"]:
        return []
    near = {v["variant"]: v["near_others"] for v in comparison["variants"]}
    declared = verdict["declared"]
    metric, places = declared["metric"], digits(declared["rope"])
    ends = bounds(declared, len(verdict["methods"]))
    headers = ["method", "result", metric, "gain", ends, "Holm p (better)", "Holm p (different)"]
    headers += ["P(worse)", "P(equivalent)", "P(better)"]
    if synthesized := any(near.values()):
        headers.append("synthetic near another class")
    rows = [
        [
            method["variant"],
            method["call"],
            number(method["mean_primary"], places),
            signed(method["mean"], places),
            f"{signed(method['low'], places)} to {signed(method['high'], places)}",
            *(number(method[key]) for key in ("p_better_holm", "p_holm", "worse", "equivalent", "better")),
            *([synthetic.shares(near[method["variant"]])] if synthesized else []),
        ]
        for method in verdict["methods"]
    ]
    above = (
        f"Evidence: {metric} over the folds of the training rows. The baseline has "
        f"{number(verdict['reference'], places)}. A positive gain means that the method is better"
        f"{' (its metric is lower)' if is_loss(declared) else ''}. Holm-adjusted p-values are one-sided for "
        "better, two-sided for different."
    )
    return [above, "", aligned(headers, rows), ""]


def decisions(task: Task, holdouts: Mapping[str, Mapping[str, Any]]) -> str:
    """The table of both rules of decision; of two classes with thresholds and confusion matrices."""
    metrics = [metric for metric in task.metrics("decisions") if metric.shown]
    headers = ["variant"]
    first = next(iter(holdouts.values()))["default"]
    for point, by in task.points.items():
        group = [metric.title for metric in metrics] + (["/".join(CELLS)] if "tn" in first else [])
        headers += ["t*"] if point == "tuned" and "threshold" in first else []
        headers += [f"{by}: {group[0]}", *group[1:]]
    rows = []
    for name, holdout in holdouts.items():
        cells = []
        for point in task.points:
            measured: dict[str, Any] = holdout[point] or dict.fromkeys(first)
            if point == "tuned" and "threshold" in first:
                cells.append(formatting.threshold(measured["threshold"]))
            cells += [number(measured[metric.name], metric.digits) for metric in metrics]
            if "tn" in first:
                counts = [measured[cell] for cell in CELLS]
                cells.append("–" if None in counts else "/".join(str(weights.shown(count)) for count in counts))
        rows.append([name, *cells])
    return aligned(headers, rows)


def ranking(task: Task, holdouts: Mapping[str, Mapping[str, Any]]) -> str:
    """The table of metrics that no threshold changes."""
    metrics = [metric for metric in task.metrics("probabilities") if metric.shown]
    rows = [
        [name, *(number(holdout["threshold_free"][metric.name], metric.digits) for metric in metrics)]
        for name, holdout in holdouts.items()
    ]
    return aligned(["variant", *(metric.title for metric in metrics)], rows)


def classes(task: Task, holdouts: Mapping[str, Mapping[str, Any]], tested_on: str) -> list[str]:
    """The table of each class, as lines; empty where the metrics are of one class."""
    if any("classes" not in holdout for holdout in holdouts.values()):
        return []
    headers = [f"{by}: {title}" for by in task.points.values() for title in OF_CLASSES.values()]
    rows = [
        [
            label,
            name,
            str(holdout["classes"][label]["support"]),
            *(number(holdout[point]["classes"][label][key]) for point in task.points for key in OF_CLASSES),
            number(holdout["classes"][label]["average_precision"]),
        ]
        for label in task.names
        for name, holdout in holdouts.items()
    ]
    headers = ["class", "variant", "rows", *headers, "average precision"]
    return [f"Results by class, on the {tested_on}.", "", aligned(headers, rows, left=2), ""]


def aligned(headers: list[str], rows: list[list[str]], *, left: int = 1) -> str:
    """A table as text, of which the first `left` columns are words."""
    align = (*["left"] * left, *["right"] * (len(headers) - left))
    return tabulate(rows, headers, tablefmt="pipe", disable_numparse=True, colalign=align)
