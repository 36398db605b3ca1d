"""The metrics that a verdict can rest on."""

from collections.abc import Mapping
from typing import Any

from pipeline.measure.task import Task

REFERENCE = "none"  # the variant that methods are tested against, called the baseline in sentences
WORDS = {  # of those that are no metric of a single set of predictions
    "log_loss": "recalibrated log loss",
    "brier": "recalibrated Brier score",
    "expected_cost": "expected cost",
    "f_beta": "F-beta",
}
BETTER = {  # what a better model does
    "average_precision": "rank better",
    "roc_auc": "rank better",
    "log_loss": "give better probabilities",
    "brier": "give better probabilities",
    "expected_cost": "cost less",
    "f_beta": "decide better",
}
RANKING = ("average_precision", "roc_auc")
# Of each primary metric, its column among the folds, and whether more of it is better.
COLUMNS = {
    "average_precision": ("average_precision", 1),
    "roc_auc": ("roc_auc", 1),
    "log_loss": ("recalibrated_log_loss", -1),
    "brier": ("recalibrated_brier", -1),
    "expected_cost": ("tuned_expected_cost", -1),
    "f_beta": ("tuned_f_beta", 1),
}


def metric_words(primary: str, task: Task) -> str:
    """The primary metric in words."""
    return WORDS.get(primary) or task.title(primary)


def is_loss(declared: Mapping[str, Any]) -> bool:
    """Whether less of the metric that decides is better."""
    return COLUMNS[declared["primary"]][1] < 0
