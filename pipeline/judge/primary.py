"""The metrics that a verdict can rest on."""

from collections.abc import Mapping
from typing import Any

from pipeline.measure.primary import COLUMNS, PRIOR_CORRECTED
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


def metric_words(primary: str, task: Task) -> str:
    """The primary metric in words."""
    return WORDS.get(primary) or task.title(primary)


def tuned_words(tuning: Mapping[str, Any], declared: Mapping[str, Any], task: Task) -> str:
    """The metric that a model's arguments are chosen by, in words; `tuning` as in metrics.json."""
    return (
        "prior-corrected log loss" if tuning["metric"] == PRIOR_CORRECTED else metric_words(declared["primary"], task)
    )


def is_loss(declared: Mapping[str, Any]) -> bool:
    """Whether less of the metric that decides is better."""
    return COLUMNS[declared["primary"]][1] < 0
