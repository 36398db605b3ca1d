"""The metric that is declared to decide: its column among the folds, and what a model's arguments are chosen for."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from pipeline.config import OBJECTIVES, Config, model_of
from pipeline.measure import calibration, thresholds
from pipeline.measure.binary import confusion
from pipeline.measure.task import Task
from pipeline.table import weights

PRIOR_CORRECTED = "prior_corrected_log_loss"
# Of each primary metric, its column among the folds, and whether more of it is better.
COLUMNS = {
    "average_precision": ("average_precision", 1),
    "roc_auc": ("roc_auc", 1),
    "log_loss": ("recalibrated_log_loss", -1),
    "brier": ("recalibrated_brier", -1),
    "expected_cost": ("tuned_expected_cost", -1),
    "f_beta": ("tuned_f_beta", 1),
}


@dataclass(frozen=True)
class Criterion:
    """What the chosen arguments of a model are best for.

    Attributes
    ----------
    name
        The metric: `PRIOR_CORRECTED`, or its column among the folds.
    metric
        The primary metric, or `log_loss`.
    sign
        1 where more of it is better, else -1.
    recalibrated
        Whether probabilities get Platt's recalibration first, where the task has one.
    rule
        The objective that chooses the threshold, with its settings; None for metrics that have no threshold.
    """

    name: str
    metric: str
    sign: int
    recalibrated: bool = False
    rule: Mapping[str, Any] | None = None

    def value(self, rows: pd.DataFrame, task: Task) -> float:
        """The metric of these rows, by threshold and recalibration that are best on the same rows.

        Parameters
        ----------
        rows
            Predictions, see `pipeline.measure.task.Task`, with rows of each class.
        task
            Of the table.

        Raises
        ------
        ValueError
            The metric isn't defined, because a class has no rows.
        """
        y, probability, weight = rows.y.to_numpy(), task.probability(rows), weights.of(rows)
        score = task.score(rows)
        if self.rule is not None:
            chosen = thresholds.choose(y, score, self.rule, weight=weight)
            found = thresholds.objective_value(confusion(y, score >= chosen, weight), self.rule)[self.metric]
        else:
            if self.recalibrated and (line := task.platt(rows)) is not None:
                probability = calibration.recalibrate(probability, **line)
            found = task.threshold_free(y, probability, score, weight, only=self.metric)[self.metric]
        if found is None:
            raise ValueError(f"expected rows of each class, found codes {sorted(set(y.tolist()))}")
        return found


def criterion(params: Config, name: str) -> Criterion | None:
    """What the arguments of variant `name`'s model are chosen for; None where they stay as they are."""
    model = model_of(params, name)
    if not model.get("search"):
        return None
    if model["tune_for"] == "log_loss":
        return Criterion(PRIOR_CORRECTED, "log_loss", -1)
    primary = params.compare.primary
    column, sign = COLUMNS[primary]
    # These metrics need the objective of the same name, so that only its settings are read here, and not the objective.
    settings = {key: getattr(params.evaluate, key) for key in OBJECTIVES.get(primary, ())}
    rule = {"objective": primary, **settings} if settings else None
    return Criterion(column, primary, sign, recalibrated=primary in ("log_loss", "brier"), rule=rule)
