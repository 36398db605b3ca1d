"""More than two classes: decisions by the highest probability, as it is or in units of the class's proportion."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pandas as pd

from pipeline.measure import calibration, scores
from pipeline.measure.metrics import (
    average_precision,
    f1_by_class,
    mean,
    precision_by_class,
    recall_by_class,
    roc_auc,
)
from pipeline.measure.proportions import wilson
from pipeline.measure.task import Classification, Task, proportions_of
from pipeline.measure.thresholds import Threshold
from pipeline.table import weights

if TYPE_CHECKING:  # a logged model carries this module, and has no settings
    from pipeline.config import Config, Evaluate

COLUMN, SCORE = "probability_", "score_"  # and the code of the class
OF_CLASSES = {"recall": recall_by_class, "precision": precision_by_class, "f1": f1_by_class}


class Multiclass(Task):
    """More than two classes, each against the rest in metrics of ranking."""

    kind: ClassVar[str] = "multiclass"
    points: ClassVar[Mapping[str, str]] = {"default": "most probable class", "tuned": "class weights"}

    def refused(self, params: "Config") -> list[str]:
        """Objectives of t*, and folds along time, are for two classes."""
        against = "-S data.positive=CLASS compares one class with the rest"
        found, target = [], params.data.target
        if params.evaluate.objective != "balanced_accuracy":
            found.append(
                f"evaluate.objective: expected balanced_accuracy, since {target!r} has {self.classes} classes and "
                f"{params.evaluate.objective} is for two, found {params.evaluate.objective!r}: {against}"
            )
        if params.split.by == "time":
            found.append(
                f"split.by: expected rows or group, since folds along time are cut at equally many positives and "
                f"{target!r} has {self.classes} classes, found 'time': {against}"
            )
        return found

    def columns(self, probability: np.ndarray, score: np.ndarray | None = None) -> dict[str, np.ndarray]:
        """`probability_0` and so on, by code, and `score_0` and so on where there are such."""
        columns = {COLUMN: probability, SCORE: score}
        return {
            f"{name}{code}": of_class
            for name, values in columns.items()
            if values is not None
            for code, of_class in enumerate(values.T)
        }

    def probability(self, rows: pd.DataFrame) -> np.ndarray:
        """Of each class, shape (n, k)."""
        return np.asarray(rows[[f"{COLUMN}{code}" for code in range(self.classes)]])

    def score(self, rows: pd.DataFrame) -> np.ndarray:
        """Of each class against the rest, shape (n, k)."""
        names = [f"{SCORE}{code}" for code in range(self.classes)]
        return np.asarray(rows[names]) if names[0] in rows else scores.from_probability(self.probability(rows))

    def correct(self, probability: np.ndarray, *, trained: np.ndarray, true: np.ndarray) -> np.ndarray:
        """See `pipeline.measure.calibration.correct_proportions`."""
        return calibration.correct_proportions(probability, trained=trained, true=true)

    def choose(self, rows: pd.DataFrame, settings: "Evaluate") -> Threshold | None:
        """None: no threshold decides between several classes."""
        return None

    def platt(self, rows: pd.DataFrame) -> dict[str, float] | None:
        """None: Platt's line is for two classes."""
        return None

    def isotonic(self, rows: pd.DataFrame) -> dict[str, Any] | None:
        """None: the curve is for two classes."""
        return None

    def recalibrated(self, held: pd.DataFrame, others: pd.DataFrame) -> dict[str, np.ndarray]:
        """None."""
        return {}

    def cross_fitted(self, held: pd.DataFrame, others: pd.DataFrame, settings: "Evaluate") -> dict[str, Any]:
        """Nothing."""
        return {}

    def holdout(
        self, rows: pd.DataFrame, *, tuned: Threshold | None, trained: np.ndarray, confidence: float
    ) -> Classification:
        """`rows`; `threshold_free`, macro averages; `classes`, by name; and by rule `default` and `tuned`."""
        y, probability, weight = rows.y.to_numpy(), self.probability(rows), weights.of(rows)
        score = self.score(rows)
        predicted = {"default": decide(probability), "tuned": decide(probability, trained)}
        return {
            "rows": len(y),
            "threshold_free": self.threshold_free(y, probability, score, weight),
            "classes": {
                name: {
                    "support": int((y == code).sum()),
                    "average_precision": average_precision(y == code, score[:, code], weight),
                    "roc_auc": roc_auc(y == code, score[:, code], weight),
                    "calibration_ratio": calibration.calibration_ratio(y == code, probability[:, code], weight),
                }
                for code, name in enumerate(self.names)
            },
            **{
                point: self._of_matrix(confusion(y, codes, self.classes), confidence=confidence)
                for point, codes in predicted.items()
            },
        }

    def _of_matrix(self, cells: np.ndarray, *, confidence: float) -> dict[str, Any]:
        """`matrix`, its metrics, and `classes`: by name recall, precision, F1, rows `predicted` so, and `intervals`."""
        of_classes = {name: metric(cells) for name, metric in OF_CLASSES.items()}
        support, predicted, right = cells.sum(axis=1), cells.sum(axis=0), np.diag(cells)
        classes: dict[str, Any] = {}
        for code, name in enumerate(self.names):
            trials = {"recall": int(support[code]), "precision": int(predicted[code])}
            ends = {key: wilson(int(right[code]), rows, confidence=confidence) for key, rows in trials.items()}
            classes[name] = {
                **{key: values[code] for key, values in of_classes.items()},
                "predicted": int(predicted[code]),
                "intervals": {key: list(interval) if interval else None for key, interval in ends.items()},
            }
        metrics = {m.name: m.multiclass(cells) for m in self.metrics("decisions")}  # type: ignore[misc]
        return {"matrix": cells.tolist(), **metrics, "classes": classes}

    def calibration(self, y: np.ndarray, probability: np.ndarray, weight: np.ndarray) -> dict[str, Any]:
        """`log_loss`, `brier`, and the `calibration_ratio` of each class."""
        ratios = [
            calibration.calibration_ratio(y == code, probability[:, code], weight) for code in range(self.classes)
        ]
        return {
            "log_loss": calibration.log_loss(y, probability, weight),
            "brier": calibration.brier(y, probability, weight),
            "calibration_ratio": dict(zip(self.names, ratios, strict=True)),
        }

    def fold(
        self, held: pd.DataFrame, others: pd.DataFrame, fit: Mapping[str, Any], settings: "Evaluate"
    ) -> dict[str, Any]:
        """Macro averages by their names, decisions with the prefixes `default_` and `tuned_`, and those of each class.

        `recalibrated_log_loss` and `recalibrated_brier` are of prior-corrected probabilities. `average_precision_0` and
        so on, and recalls likewise, are the classes' own, by code; `rarest` counts the rows of the rarest class.
        """
        y, probability, weight = held.y.to_numpy(), self.probability(held), weights.of(held)
        trained, there = (
            proportions_of(fit, prefix, self.classes) for prefix in ("trained_proportion_", "training_rows_")
        )
        measured = self.holdout(held, tuned=None, trained=trained, confidence=settings.confidence)
        corrected = self.correct(probability, trained=trained, true=there / there.sum())
        decisions = [metric.name for metric in self.metrics("decisions")]
        return {
            "rows": len(y),
            "rarest": int(np.bincount(y, minlength=self.classes).min()),
            **measured["threshold_free"],
            "recalibrated_log_loss": calibration.log_loss(y, corrected, weight),
            "recalibrated_brier": calibration.brier(y, corrected, weight),
            **{f"{point}_{name}": measured[point][name] for point in self.points for name in decisions},
            **{
                f"{point}_recall_{code}": measured[point]["classes"][name]["recall"]
                for point in self.points
                for code, name in enumerate(self.names)
            },
            **{
                f"average_precision_{code}": measured["classes"][name]["average_precision"]
                for code, name in enumerate(self.names)
            },
        }

    def predicted(self, rows: pd.DataFrame, point: Mapping[str, Any], *, trained: np.ndarray | None) -> np.ndarray:
        """By the highest probability; with `trained`, in units of the class proportions in training."""
        return decide(self.probability(rows), trained)

    def matrix(self, point: Mapping[str, Any]) -> list[list[float]]:
        """As the point has it."""
        return list(point["matrix"])

    def match(self, baseline: pd.DataFrame, method: pd.DataFrame, fit: Mapping[str, Any]) -> dict[str, float]:
        """The baseline's decisions by class weights, beside the method's most probable classes."""
        trained = proportions_of(fit, "trained_proportion_", self.classes)
        ours, theirs = decide(self.probability(method)), decide(self.probability(baseline), trained)
        y = baseline.y.to_numpy()
        recall, before = (mean(recall_by_class(confusion(y, codes, self.classes))) for codes in (ours, theirs))
        if recall is None or before is None:
            raise ValueError("expected rows of each class in every fold")
        return {"same_decisions": float((theirs == ours).mean()), "gain": recall - before}

    def summary(self, holdout: Classification) -> str:
        """Macro recall by both rules."""
        recalls = (holdout[point]["balanced_accuracy"] for point in self.points)
        default, weighted = ("undefined" if recall is None else f"{recall:.3f}" for recall in recalls)
        return f"has macro recall {default} by the most probable class, {weighted} by class weights"

    def output(self, probability: np.ndarray, raw: np.ndarray, score: np.ndarray) -> dict[str, np.ndarray]:
        """`probability_`, `raw_probability_` and `score_`, and each class's name."""
        forms = {"probability": probability, "raw_probability": raw, "score": score}
        return {f"{form}_{name}": p[:, code] for form, p in forms.items() for code, name in enumerate(self.names)}


def decide(probability: np.ndarray, trained: np.ndarray | None = None) -> np.ndarray:
    """The code of the predicted class of each row: the most probable one, or by class weights; of equal ones the first.

    By class weights it is the class whose probability is highest in units of its proportion in training: the decision
    with the best expected balanced accuracy where probabilities are right, as it is Bayes' rule for equally frequent
    classes. For two classes it is a threshold at the trained prevalence.

    Parameters
    ----------
    probability
        Shape (n, k).
    trained
        Shape (k,): class proportions of what the model was fitted on; None takes the most probable class.

    References
    ----------
    Elkan 2001, IJCAI, 973-978, theorem 2, for two classes; Saerens, Latinne & Decaestecker 2002, Neural Computation 14,
    21-41, equation (2.4), with equal new priors.
    """
    weighed = probability if trained is None else probability / np.asarray(trained)
    return np.asarray(weighed.argmax(axis=1))


def confusion(y: np.ndarray, predicted: np.ndarray, classes: int) -> np.ndarray:
    """The confusion matrix, shape (k, k): a row an actual class, a column a predicted one."""
    codes = np.asarray(y, dtype=np.int64) * classes + predicted
    return np.bincount(codes, minlength=classes**2).reshape(classes, classes)
