"""The model card: what a stranger must know before they use the model that the verdict chooses."""

from collections.abc import Mapping
from typing import Any

from pipeline.formatting import arguments, number, threshold
from pipeline.judge.primary import RANKING, REFERENCE, tuned_words
from pipeline.judge.verdict import FORMS
from pipeline.measure import guarantee
from pipeline.measure.task import Task
from pipeline.measure.tasks import task_of
from pipeline.report.tables import aligned
from pipeline.table import weights
from pipeline.table.split import tested


def model_card(comparison: Mapping[str, Any], *, command: str) -> str:
    """The card as Markdown: data, model, threshold, metrics with intervals, calibration, caveats, how to reproduce.

    Parameters
    ----------
    comparison
        As `pipeline.judge.comparison.compare` returns it.
    command
        That makes the comparison.

    References
    ----------
    Mitchell et al. 2019, Model Cards for Model Reporting, FAT* 220-229.
    """
    task, verdict = task_of(comparison["table"]), comparison["verdict"]
    chosen = verdict["variant"] or REFERENCE
    result = next((v for v in comparison["variants"] if v["variant"] == chosen), comparison["variants"][0])
    lines = [
        f"# Model card: {comparison['table']['name']}, {result['variant']}",
        "",
        verdict["sentence"],
        "",
        *_data(task, comparison),
        *_model(task, result, comparison["declared"]),
        *_metrics(task, result, comparison["declared"]),
        *_calibration(task, result, comparison["declared"]),
        *_section("Caveats", [f"- {caveat}" for caveat in verdict["caveats"]] or ["- None was found."]),
        *_section(
            "Reproduce",
            [
                f"`{command}` makes this model and this card again. "
                + ", ".join(f"{name} `{digest[:16]}`" for name, digest in verdict["hashes"].items() if digest)
                + "."
            ],
        ),
    ]
    return "\n".join(lines).rstrip("\n") + "\n"


def _section(title: str, lines: list[str]) -> list[str]:
    return [f"## {title}", "", *lines, ""]


def _data(task: Task, comparison: Mapping[str, Any]) -> list[str]:
    table, split = comparison["table"], comparison["split"]
    rows = [
        [name, *(f"{count:,}" for count in counts.values())]
        for name, counts in (("table", table["classes"]), ("training", split["train"]), ("test", split["test"]))
        if name != "test" or any(counts.values())
    ]
    positive = f" The positive class is {task.label(1)}." if task.classes == 2 else ""
    said = [
        f"The target is `{table['target']}`, with {len(table['features'])} features.{positive} The table's sha256 is "
        f"`{table['sha256']}`.",
        "",
        aligned(["rows", *(task.label(code) for code in range(task.classes))], rows),
    ]
    if weighted := weights.sentence(table):
        said += ["", weighted]
    return _section("Data", said)


def _model(task: Task, result: Mapping[str, Any], declared: Mapping[str, Any]) -> list[str]:
    model, tuned = result["model"], result["holdout"]["tuned"]
    said = f"{model['model']}, variant `{result['variant']}`"
    if model["best_params"]:
        said += f", {arguments(model['best_params'])} (chosen for {tuned_words(model['tuning'], declared, task)})"
    rule = "Each row gets its most probable class, in units of the class's proportion in training."
    if tuned is None:
        rule = "No threshold was tuned: a row is predicted positive from a probability of 0.5 on."
    elif "threshold" in tuned:
        rule = (
            f"A row is predicted positive from a raw probability of {threshold(tuned['threshold'])} on, the best "
            f"threshold for {declared['objective'].replace('_', ' ')} out of fold."
        )
    if (found := result.get("guarantee")) and found["certified"]:
        rule += f" {guarantee.sentence(found)}"
    synthetic = sum(result["training"]["synthetic"].values())
    rows = sum(result["training"]["rows"].values())
    return _section("Model", [f"{said}. It was fitted on {rows:,} rows, {synthetic:,} of them synthetic. {rule}"])


def _metrics(task: Task, result: Mapping[str, Any], declared: Mapping[str, Any]) -> list[str]:
    """On the rows that are judged: ranking, then decisions by the tuned rule."""
    holdout = result["holdout"]
    rows = [
        [task.title(name), number(holdout["threshold_free"][name]), _ends(result["intervals"].get(name))]
        for name in RANKING
    ]
    point, by = ("tuned", task.points["tuned"]) if holdout["tuned"] else ("default", task.points["default"])
    rows += [
        [
            f"{metric.title}, {by}",
            number(holdout[point][metric.name], metric.digits),
            _ends(holdout[point].get("intervals", {}).get(metric.name)),
        ]
        for metric in task.metrics("decisions")
        if metric.shown
    ]
    headers = ["metric", "value", f"{100 * declared['confidence']:g}% interval"]
    return _section(f"Metrics on the {tested(declared['split']['test_size'])}", [aligned(headers, rows)])


def _ends(interval: list[float] | None) -> str:
    return "–" if interval is None else f"{number(interval[0])} to {number(interval[1])}"


def _calibration(task: Task, result: Mapping[str, Any], declared: Mapping[str, Any]) -> list[str]:
    """How good the probabilities are as such, by form; `rebalance predict` gives the last of them."""
    names = ("log_loss", "brier") if task.classes > 2 else ("calibration_ratio", "slope", "log_loss", "brier")
    rows = [
        [words, *(number(result["probabilities"][form][name], 4) for name in names)]
        for form, words in FORMS.items()
        if result["probabilities"][form]
    ]
    headers = ["probabilities", *(name.replace("_", " ") for name in names)]
    return _section(f"Calibration on the {tested(declared['split']['test_size'])}", [aligned(headers, rows)])
