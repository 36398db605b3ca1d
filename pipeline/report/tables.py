"""A comparison as a CSV table and as Markdown."""

from collections.abc import Mapping
from typing import Any

import pandas as pd
from tabulate import tabulate

from pipeline import formatting
from pipeline.formatting import digits, number, signed
from pipeline.judge.primary import is_loss
from pipeline.measure.metrics import BEST
from pipeline.report import figures
from pipeline.table import weights

POINTS = ("default", "tuned")
NESTED = ("intervals", "matrix", "classes")  # of an operating point: no cells
OF_CLASSES = ("recall", "precision", "f1")


def flat(comparison: dict[str, Any]) -> pd.DataFrame:
    """One row a variant, and one for the best possible rule; a column a figure."""
    rows = [row(v["variant"], v["training"], v["holdout"]) for v in comparison["variants"]]
    if comparison["best_possible"]:
        rows.append(row(BEST, {}, comparison["best_possible"]))
    return pd.DataFrame(rows).convert_dtypes()


def row(name: str, training: Mapping[str, Any], holdout: Mapping[str, Any]) -> dict[str, Any]:
    """The figures of a variant as cells by column; `training` and `holdout` as in metrics.json."""
    cells: dict[str, Any] = {"variant": name}
    for kind in ("rows", "synthetic"):
        cells |= {f"training_{kind}_{label}": count for label, count in training.get(kind, {}).items()}
    cells |= holdout["threshold_free"]
    for point in POINTS:
        measured = holdout[point] or dict.fromkeys(holdout["default"])  # the same columns without t*
        cells |= {f"{point}_{key}": value for key, value in measured.items() if key not in NESTED}
        cells |= {
            f"{point}_{key}_{label}": each[key]
            for label, each in (measured.get("classes") or {}).items()
            for key in OF_CLASSES
        }
    return cells | {
        f"average_precision_{label}": each["average_precision"] for label, each in holdout.get("classes", {}).items()
    }


def markdown(comparison: dict[str, Any]) -> str:
    """Two tables, since two things must not be confused, and a sentence a variant."""
    judged = figures.judged(comparison).items()
    table, test = comparison["table"], comparison["split"]["test"]
    decisions = [[name, *_decision(h["default"])[1:], *_decision(h["tuned"])] for name, h in judged]
    ranking = [
        [
            name,
            *(number(h["threshold_free"][key]) for key in ("average_precision", "roc_auc")),
            number(h["threshold_free"]["log_loss"], 4),
            number(h["threshold_free"]["brier_skill"]),
            number(h["threshold_free"]["calibration_ratio"], 2),
        ]
        for name, h in judged
    ]
    return "\n".join(
        [
            f"# {table['name']}: {sum(test.values()):,} test rows, {test['positive']:,} positive",
            "",
            *([said, ""] if (said := weights.sentence(table)) else []),
            f"**{comparison['verdict']['sentence']}**",
            "",
            *(f"{place}. {reason}" for place, reason in enumerate(comparison["verdict"]["reasons"], start=1)),
            "",
            *tests(comparison["verdict"]),
            "Decisions: what moving a threshold moves too. tn/fp/fn/tp on the test rows.",
            "",
            aligned(
                ["variant", "recall at 0.5", "precision", "matrix", "tuned t*", "recall at t*", "precision", "matrix"],
                decisions,
            ),
            "",
            "Ranking and probabilities: what only a better model moves.",
            "",
            aligned(
                ["variant", "average precision", "ROC AUC", "log loss", "Brier skill", "predicted/observed"], ranking
            ),
            "",
            *(f"- **{v['variant']}**: {v['sentence']}" for v in comparison["variants"]),
            "",
            *comparison["verdict"]["caveats"],
            "",
        ]
    )


def tests(said: dict[str, Any]) -> list[str]:
    """The table of methods against none, as lines."""
    if not said["methods"]:
        return []
    declared = said["declared"]
    metric, places = declared["metric"], digits(declared["rope"])
    headers = ["method", "call", metric, "gain", "interval", "Holm p", "P(worse)", "P(equiv.)", "P(better)"]
    rows = [
        [
            method["variant"],
            method["call"],
            number(method["mean_primary"], places),
            signed(method["mean"], places),
            f"{signed(method['low'], places)} to {signed(method['high'], places)}",
            *(number(method[key]) for key in ("p_holm", "worse", "equivalent", "better")),
        ]
        for method in said["methods"]
    ]
    above = (
        f"Evidence: {metric} over the folds of the training rows; none has {number(said['reference'], places)}. A gain "
        f"against it is above 0 where the method is better{', which here is less' if is_loss(declared) else ''}."
    )
    return [above, "", aligned(headers, rows), ""]


def _decision(point: dict[str, Any] | None) -> list[str]:
    if point is None:
        return ["–"] * 4
    return [
        formatting.threshold(point["threshold"]),
        number(point["recall"]),
        number(point["precision"]),
        "/".join(str(weights.shown(point[cell])) for cell in ("tn", "fp", "fn", "tp")),
    ]


def aligned(headers: list[str], rows: list[list[str]], *, left: int = 1) -> str:
    """A table as text, of which the first `left` columns are words."""
    align = (*["left"] * left, *["right"] * (len(headers) - left))
    return tabulate(rows, headers, tablefmt="pipe", disable_numparse=True, colalign=align)
