"""A comparison with more than two classes as a CSV table and as Markdown."""

from collections.abc import Mapping
from typing import Any

from pipeline.formatting import number
from pipeline.measure.multiclass import Multiclass
from pipeline.report.tables import aligned, tests

SHOWN = {"recall": "recall", "precision": "precision", "f1": "F1"}  # of each class, by both rules of decision
MACRO = {"balanced_accuracy": "macro recall", "macro_f1": "macro F1", "accuracy": "accuracy"}


def markdown(comparison: Mapping[str, Any]) -> str:
    """Macro averages, then class by class, and a sentence a variant."""
    table, test, said = comparison["table"], comparison["split"]["test"], comparison["verdict"]
    judged = {v["variant"]: v["holdout"] for v in comparison["variants"]}
    macro = [
        [
            name,
            *(number(h[point][key]) for point in Multiclass.points for key in MACRO),
            *(number(h["threshold_free"][key]) for key in ("average_precision", "roc_auc")),
            *(number(h["threshold_free"][key], 4) for key in ("log_loss", "brier")),
        ]
        for name, h in judged.items()
    ]
    classes = [
        [
            label,
            name,
            str(h["classes"][label]["support"]),
            *(number(h[point]["classes"][label][key]) for point in Multiclass.points for key in SHOWN),
            number(h["classes"][label]["average_precision"]),
        ]
        for label in table["classes"]
        for name, h in judged.items()
    ]
    by = list(Multiclass.points.values())
    macro_heads, own_heads = (
        [
            f"{text}{', by weights' if point == 'tuned' else ''}"
            for point in Multiclass.points
            for text in names.values()
        ]
        for names in (MACRO, SHOWN)
    )
    return "\n".join(
        [
            f"# {table['name']}: {sum(test.values()):,} test rows of {len(test)} classes: "
            + ", ".join(f"{count:,} {name}" for name, count in test.items()),
            "",
            f"**{said['sentence']}**",
            "",
            *(f"{place}. {reason}" for place, reason in enumerate(said["reasons"], start=1)),
            "",
            *tests(said),
            f"Over all classes, on the test rows: decisions by {by[0]} and {by[1]}; then ranking and probabilities.",
            "",
            aligned(
                [
                    "variant",
                    *macro_heads,
                    "macro average precision",
                    "macro ROC AUC",
                    "log loss",
                    "Brier",
                ],
                macro,
            ),
            "",
            f"Class by class, on the test rows: decisions by {by[0]} and {by[1]}.",
            "",
            aligned(
                [
                    "class",
                    "variant",
                    "rows",
                    *own_heads,
                    "average precision",
                ],
                classes,
                left=2,
            ),
            "",
            *(f"- **{v['variant']}**: {v['sentence']}" for v in comparison["variants"]),
            "",
            *said["caveats"],
            "",
        ]
    )
