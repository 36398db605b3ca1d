"""What a classification task decides how to do: of two classes with a threshold, of several without one."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pandas as pd

from pipeline.formatting import label_text
from pipeline.measure.metrics import METRICS, Metric
from pipeline.measure.thresholds import Threshold

if TYPE_CHECKING:  # a logged model carries this module, and has no settings
    from pipeline.config import Config, Evaluate

Classification = dict[str, Any]  # what metrics.json has as `holdout`


class Task(ABC):
    """A classification task: `pipeline.measure.binary.Binary` or `pipeline.measure.multiclass.Multiclass`.

    Rows of predictions are data frames with `y`, the codes of the actual classes; the columns that `columns` gives; and
    `weight` where it is declared. Rows are ranked by `score`, and a threshold t* applies to it; a probability says how
    likely a class is, and is what people read.

    Parameters
    ----------
    labels
        Of the classes, by code.
    names
        What files call the classes, by code.
    """

    kind: ClassVar[str]
    points: ClassVar[Mapping[str, str]]  # rules of decision by key, and what people call them

    def __init__(self, labels: Sequence[Any], names: Sequence[str]) -> None:
        self.labels, self.names = list(labels), list(names)

    @property
    def series(self) -> list[str]:
        """The metrics of a fold that charts show, by the names that `fold` gives them."""
        names = [metric.name for metric in self.metrics("probabilities") if metric.shown]
        decisions = [metric.name for metric in self.metrics("decisions") if metric.shown]
        return names + [f"{point}_{name}" for point in self.points for name in decisions]

    @property
    def classes(self) -> int:
        """The number of classes."""
        return len(self.labels)

    def metrics(self, of: str) -> list[Metric]:
        """The metrics of `decisions` or `probabilities` that this task has."""
        return [metric for metric in METRICS if metric.of == of and getattr(metric, self.kind) is not None]

    def title(self, name: str) -> str:
        """What people call a metric."""
        return next(metric.title for metric in METRICS if metric.name == name and getattr(metric, self.kind))

    def by_name(self, values: Sequence[float] | np.ndarray) -> dict[str, Any]:
        """Values by code as a mapping by the names of the classes."""
        return dict(zip(self.names, np.asarray(values).tolist(), strict=True))

    def label(self, code: int) -> str:
        """What to call a class in a sentence."""
        return label_text(self.labels[code])

    @abstractmethod
    def refused(self, params: "Config") -> list[str]:
        """Why these settings cannot be used for this task; empty where they can."""

    def threshold_free(
        self,
        y: np.ndarray,
        probability: np.ndarray,
        score: np.ndarray,
        weight: np.ndarray,
        *,
        only: str | None = None,
    ) -> dict[str, float | None]:
        """The metrics of probabilities and of ranking, by name, or `only` one; see `probability` and `score`."""
        return {
            metric.name: getattr(metric, self.kind)(y, score if metric.ranks else probability, weight)
            for metric in self.metrics("probabilities")
            if only in (None, metric.name)
        }

    @abstractmethod
    def columns(self, probability: np.ndarray, score: np.ndarray | None = None) -> dict[str, np.ndarray]:
        """Probabilities, shape (n, k), and what `scores.from_decision` gives, as the columns of predictions."""

    @abstractmethod
    def probability(self, rows: pd.DataFrame) -> np.ndarray:
        """The probabilities of predictions: of the positive class, shape (n,), or of each class, shape (n, k)."""

    @abstractmethod
    def score(self, rows: pd.DataFrame) -> np.ndarray:
        """What predictions are ranked by, shape as of `probability`: its columns, else rounded probabilities."""

    @abstractmethod
    def correct(self, probability: np.ndarray, *, trained: np.ndarray, true: np.ndarray) -> np.ndarray:
        """Prior-corrected probabilities, where a model saw the class proportions `trained` and `true` ones hold."""

    @abstractmethod
    def choose(self, rows: pd.DataFrame, settings: "Evaluate") -> Threshold | None:
        """The threshold t* that is best on rows held out of the fits; None where the task has none."""

    @abstractmethod
    def platt(self, rows: pd.DataFrame) -> dict[str, float] | None:
        """See `pipeline.measure.calibration.platt`, fitted on these rows; None where the task has none."""

    @abstractmethod
    def isotonic(self, rows: pd.DataFrame) -> dict[str, Any] | None:
        """See `pipeline.measure.isotonic`, fitted on these rows; None where they are too few, or the task has none."""

    @abstractmethod
    def recalibrated(self, held: pd.DataFrame, others: pd.DataFrame) -> dict[str, np.ndarray]:
        """Probabilities of a fold by form of recalibration, each fitted on the other folds of its repeat."""

    @abstractmethod
    def cross_fitted(self, held: pd.DataFrame, others: pd.DataFrame, settings: "Evaluate") -> dict[str, Any]:
        """What is chosen for a fold on the other folds of its repeat, as further columns of its predictions.

        `holdout`, `predicted` and `pipeline.measure.evaluation.assess` use these in place of what is chosen once for
        all rows.
        """

    @abstractmethod
    def holdout(
        self, rows: pd.DataFrame, *, tuned: Threshold | None, trained: np.ndarray, confidence: float
    ) -> Classification:
        """All metrics of predictions on rows that nothing was fitted on: what metrics.json has as `holdout`.

        Parameters
        ----------
        rows
            Predictions.
        tuned
            The threshold t*; None where there is none.
        trained
            Shape (k,): class proportions that the model was fitted on, by which several classes are decided without a
            threshold.
        confidence
            Of the Wilson intervals, in (0, 1).
        """

    @abstractmethod
    def calibration(self, y: np.ndarray, probability: np.ndarray, weight: np.ndarray) -> dict[str, Any]:
        """How good probabilities are as probabilities."""

    @abstractmethod
    def fold(
        self, held: pd.DataFrame, others: pd.DataFrame, fit: Mapping[str, Any], settings: "Evaluate"
    ) -> dict[str, Any]:
        """The metrics of one fold, for a row of folds.parquet.

        Parameters
        ----------
        held
            Predictions of the fold.
        others
            Predictions of the other folds of the same repeat, on which a threshold is chosen.
        fit
            The fold's row of `pipeline.measure.evaluation.Folded.fits`.
        settings
            Of `evaluate`.
        """

    @abstractmethod
    def predicted(self, rows: pd.DataFrame, point: Mapping[str, Any], *, trained: np.ndarray | None) -> np.ndarray:
        """The codes of the predicted classes, by a rule of decision: an operating point of `holdout`."""

    @abstractmethod
    def matrix(self, point: Mapping[str, Any]) -> list[list[float]]:
        """The confusion matrix of an operating point: a row an actual class, a column a predicted one."""

    @abstractmethod
    def match(self, baseline: pd.DataFrame, method: pd.DataFrame, fit: Mapping[str, Any]) -> dict[str, float]:
        """How far a method's decisions in a fold are the baseline's by another rule of decision.

        Parameters
        ----------
        baseline, method
            Predictions of the same rows.
        fit
            The fold's row of the baseline's fits.

        Returns
        -------
        found
            `same_decisions`, the share of rows that both predict alike; `gain` in recall, or macro recall;
            of two classes `alert_rate`, `baseline_alert_rate` and the baseline's `threshold` that comes nearest.
        """

    @abstractmethod
    def summary(self, holdout: Classification) -> str:
        """What a variant does on the test rows, as the rest of a sentence that begins with its name."""

    @abstractmethod
    def output(self, probability: np.ndarray, raw: np.ndarray, score: np.ndarray) -> dict[str, np.ndarray]:
        """Corrected and raw probabilities, shape (n, k), and `score`, as the columns that people get for new rows."""


def proportions_of(fit: Mapping[str, Any], prefix: str, classes: int) -> np.ndarray:
    """The values of `prefix` and the code of each class in a row of fits; shape (k,)."""
    return np.array([fit[f"{prefix}{code}"] for code in range(classes)], dtype=np.float64)
