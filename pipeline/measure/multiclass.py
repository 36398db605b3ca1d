"""What decisions and probabilities are worth where there are more than two classes, class by class and over all."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from pipeline.formatting import label_text
from pipeline.measure.calibration import correct_shares, losses
from pipeline.measure.statistics import ratio, wilson

POINTS = {"default": "the likeliest class", "tuned": "class weights"}  # rules of decision, and what to call them
COLUMN = "probability_"  # and the code of the class
MACRO = ("balanced_accuracy", "macro_f1", "accuracy")


def by_column(probability: np.ndarray) -> dict[str, np.ndarray]:
    """Probabilities, shape (n, k), as columns `probability_0` to `probability_{k - 1}`."""
    return {f"{COLUMN}{code}": values for code, values in enumerate(probability.T)}


def columns(rows: pd.DataFrame) -> list[str]:
    """The columns of probabilities, by code."""
    return [name for name in rows.columns if name.startswith(COLUMN)]


def probabilities(rows: pd.DataFrame) -> np.ndarray:
    """The probabilities of `by_column`, shape (n, k)."""
    return np.asarray(rows[columns(rows)])


def decide(probability: np.ndarray, trained: np.ndarray | None = None) -> np.ndarray:
    """The code of the class that each row is called: the likeliest one, or by class weights; of equal ones the first.

    By class weights it is the class whose probability is highest in units of its share in training: the decision that
    has the best expected balanced accuracy where probabilities are right, as it is Bayes' rule for classes that are
    equally frequent. For two classes it is a threshold at the trained prevalence.

    Parameters
    ----------
    probability
        Shape (n, k).
    trained
        Shape (k,): shares of the classes in what the model was fitted on; None takes the likeliest class.

    References
    ----------
    Elkan 2001, IJCAI, 973-978, theorem 2, for two classes; Saerens, Latinne & Decaestecker 2002, Neural Computation 14,
    21-41, equation (2.4), with equal new priors.
    """
    weighed = probability if trained is None else probability / np.asarray(trained)
    return np.asarray(weighed.argmax(axis=1))


def matrix(y: np.ndarray, called: np.ndarray, classes: int) -> np.ndarray:
    """The confusion matrix, shape (k, k): a row an actual class, a column what it was called."""
    return np.bincount(np.asarray(y, dtype=np.int64) * classes + called, minlength=classes**2).reshape(classes, classes)


def of_matrix(cells: np.ndarray, labels: Sequence[Any], *, confidence: float) -> dict[str, Any]:
    """Metrics of a confusion matrix; None where one is not defined (a division by 0).

    Parameters
    ----------
    cells
        Shape (k, k), see `matrix`.
    labels
        Of the classes, by their codes.
    confidence
        Of Wilson's intervals, in (0, 1).

    Returns
    -------
    metrics
        `matrix`; `accuracy`; `balanced_accuracy`, which is macro recall; `macro_f1`; and `classes`: by label `recall`,
        `precision`, `f1`, how many rows were `called` so, and `intervals` of the first two.
    """
    support, called, right = cells.sum(axis=1), cells.sum(axis=0), np.diag(cells)
    classes: dict[str, Any] = {}
    for code, label in enumerate(labels):
        hits, is_, told = int(right[code]), int(support[code]), int(called[code])
        counts = {"recall": is_, "precision": told}
        ends = {name: wilson(hits, number, confidence=confidence) for name, number in counts.items()}
        classes[label_text(label)] = {
            **{name: ratio(hits, number) for name, number in counts.items()},
            "f1": ratio(2 * hits, is_ + told),
            "called": told,
            "intervals": {name: list(interval) if interval else None for name, interval in ends.items()},
        }
    return {
        "matrix": cells.tolist(),
        "accuracy": ratio(int(right.sum()), int(cells.sum())),
        "balanced_accuracy": _mean([each["recall"] for each in classes.values()]),
        "macro_f1": _mean([each["f1"] for each in classes.values()]),
        "classes": classes,
    }


def predicted_over_observed(one: np.ndarray, probability: np.ndarray) -> float | None:
    """Mean probability of a class over its share, where `one`, shape (n,), says which rows are of it."""
    return ratio(float(probability.mean()), float(one.mean()))


def of_probabilities(y: np.ndarray, probability: np.ndarray, labels: Sequence[Any]) -> dict[str, Any]:
    """Metrics of ranking and of probabilities, over all classes and of each.

    Parameters
    ----------
    y
        Shape (n,): codes.
    probability
        Shape (n, k).
    labels
        Of the classes, by their codes.

    Returns
    -------
    metrics
        `average_precision` and `roc_auc`: one class against the rest, mean over the classes, None where one has no
        rows; `log_loss`, in nats; `brier`, the sum of squares over the classes, in [0, 2]; and `classes`: by label
        `support`, its own `average_precision` and `roc_auc`, and `predicted_over_observed`.
    """
    from sklearn.metrics import average_precision_score, roc_auc_score

    classes = {}
    for code, label in enumerate(labels):
        one, p = np.asarray(y) == code, probability[:, code]
        some, both = bool(one.any()), bool(one.any() and not one.all())
        classes[label_text(label)] = {
            "support": int(one.sum()),
            "average_precision": float(average_precision_score(one, p)) if some else None,
            "roc_auc": float(roc_auc_score(one, p)) if both else None,
            "predicted_over_observed": predicted_over_observed(one, p),
        }
    return {
        **{metric: _mean([each[metric] for each in classes.values()]) for metric in ("average_precision", "roc_auc")},
        **losses(y, probability),
        "classes": classes,
    }


def holdout(
    y: np.ndarray, probability: np.ndarray, *, labels: Sequence[Any], trained: np.ndarray, confidence: float
) -> dict[str, Any]:
    """Everything this project says of probabilities on test rows.

    Parameters
    ----------
    y
        Shape (n,): codes.
    probability
        Shape (n, k).
    labels
        Of the classes, by their codes.
    trained
        Shape (k,): shares of the classes in what the model was fitted on.
    confidence
        Of the intervals, in (0, 1).

    Returns
    -------
    metrics
        `rows`; `threshold_free`, macro averages of `of_probabilities`; `classes`, by label; and by rule of decision,
        see `decide`, `default`, the likeliest class, and `tuned`, by class weights: see `of_matrix`.
    """
    free = of_probabilities(y, probability, labels)
    calls = {"default": decide(probability), "tuned": decide(probability, trained)}
    return {
        "rows": len(y),
        "threshold_free": {name: value for name, value in free.items() if name != "classes"},
        "classes": free["classes"],
        **{
            point: of_matrix(matrix(y, called, len(labels)), labels, confidence=confidence)
            for point, called in calls.items()
        },
    }


def mended(
    y: np.ndarray, probability: np.ndarray, *, labels: Sequence[Any], trained: np.ndarray, true: np.ndarray
) -> dict[str, Any]:
    """What probabilities of test rows are worth as they are, and corrected for the shares of the classes.

    Parameters
    ----------
    y, probability, labels
        As for `holdout`.
    trained, true
        Shape (k,): shares in what the model was fitted on, and in the training rows before resampling.

    Returns
    -------
    worth
        By `raw` and `prior_corrected` (see `pipeline.measure.calibration.correct_shares`): `log_loss`, `brier`, and by
        label `predicted_over_observed`. `corrections` has the shares `trained` and `true` by label.
    """
    forms = {"raw": probability, "prior_corrected": correct_shares(probability, trained=trained, true=true)}
    worth: dict[str, Any] = {}
    for form, p in forms.items():
        ratios = {
            label_text(label): predicted_over_observed(y == code, p[:, code]) for code, label in enumerate(labels)
        }
        worth[form] = {**losses(y, p), "predicted_over_observed": ratios}
    shares = {"trained": by_label(trained, labels), "true": by_label(true, labels)}
    return {**worth, "corrections": shares}


def by_label(values: np.ndarray, labels: Sequence[Any]) -> dict[str, float]:
    """Values by the label of their class."""
    return {label_text(label): float(value) for label, value in zip(labels, values, strict=True)}


def by_fold(predictions: pd.DataFrame, fits: pd.DataFrame) -> pd.DataFrame:
    """One row a fold: what was fitted, on how many `rows` it is judged, `rarest` of them of the rarest class, and how.

    `average_precision` and `roc_auc` are macro averages; `recalibrated_log_loss` and `recalibrated_brier` are of
    probabilities corrected for the shares of the classes; decisions are prefixed by `default_` and `tuned_`, see
    `holdout`. `average_precision_0` and so on, and recalls likewise, are the classes' own, by their codes.

    Parameters
    ----------
    predictions, fits
        See `pipeline.measure.evaluation.Folded`.
    """
    classes = len(columns(predictions))
    codes = range(classes)
    rows = []
    for fit in fits.to_dict("records"):
        held = predictions[(predictions.repeat == fit["repeat"]) & (predictions.fold == fit["fold"])]
        y, probability = held.y.to_numpy(), probabilities(held)
        trained, there = shares(fit, "trained_share_", classes), shares(fit, "training_rows_", classes)
        judged = holdout(y, probability, labels=codes, trained=trained, confidence=0.95)
        mended = losses(y, correct_shares(probability, trained=trained, true=there / there.sum()))
        own = {f"average_precision_{code}": judged["classes"][str(code)]["average_precision"] for code in codes}
        decisions = {
            **{f"{point}_{metric}": judged[point][metric] for point in POINTS for metric in MACRO},
            **{
                f"{point}_recall_{code}": judged[point]["classes"][str(code)]["recall"]
                for point in POINTS
                for code in codes
            },
        }
        rows.append(
            {
                "repeat": fit["repeat"],
                "fold": fit["fold"],
                "rows": len(y),
                "rarest": int(np.bincount(y, minlength=classes).min()),
                **judged["threshold_free"],
                "recalibrated_log_loss": mended["log_loss"],
                "recalibrated_brier": mended["brier"],
                **decisions,
                **own,
            }
        )
    return fits.merge(pd.DataFrame(rows), on=["repeat", "fold"])


def shares(fit: Mapping[str, Any], prefix: str, classes: int) -> np.ndarray:
    """The values of `prefix` and the code of each class in a row of `fits`, shape (k,)."""
    return np.array([fit[f"{prefix}{code}"] for code in range(classes)], dtype=np.float64)


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if len(known) == len(values) else None
