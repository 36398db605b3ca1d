"""Metrics of a trained model's predictions: on test rows, and fold by fold."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from pipeline import config
from pipeline.config import Evaluate
from pipeline.measure import calibration, multiclass, thresholds
from pipeline.measure.metrics import holdout
from pipeline.measure.thresholds import worth
from pipeline.table import weights


@dataclass(frozen=True)
class Folded:
    """What models in folds say of the rows they did not see.

    Attributes
    ----------
    predictions
        Indexed by row_id, repeat by repeat in the table's order: `repeat`, `fold`, `y`, `probability` of the
        positive class, or of more than two classes each `probability_0` and so on, by their codes, and `weight` where
        it is declared. Folds along time leave out the first rows, which no earlier ones could learn.
    fits
        One row a fold: `repeat`, `fold`, `training_rows` and `training_positives` before resampling, `C`, whether the
        fit `converged`, and `trained_prevalence` after resampling and weights; of more than two classes
        `training_rows_0` and so on, and `trained_share_0`, in place of the positives'.
    """

    predictions: pd.DataFrame
    fits: pd.DataFrame


def threshold(seen: pd.DataFrame, settings: Evaluate) -> float:
    """The threshold that does best, by the rule declared, on rows as `Folded.predictions` has them."""
    rule = config.rule(settings)
    return thresholds.choose(seen.y.to_numpy(), seen.probability.to_numpy(), rule, weight=weights.of(seen))


def evaluate(
    model: Any,
    X: pd.DataFrame,
    y: pd.Series,
    *,
    tuned: float | None,
    confidence: float,
    weight: np.ndarray | None = None,
) -> tuple[np.ndarray, dict[str, Any]]:
    """The probabilities that the model gives to rows it has not seen, and what they are worth.

    Parameters
    ----------
    model
        Fitted; has `predict_proba`.
    X
        Shape (n, p): features of test rows.
    y
        Shape (n,): 0 and 1.
    tuned
        Threshold chosen on other rows; None where there were too few to choose it.
    confidence
        Of the intervals, in (0, 1).
    weight
        Shape (n,): how many rows each row stands for; None is one.

    Returns
    -------
    probability
        Shape (n,): of the positive class.
    metrics
        See `pipeline.measure.metrics.holdout`.
    """
    probability = model.predict_proba(X)[:, 1]
    return probability, holdout(y.to_numpy(), probability, tuned=tuned, confidence=confidence, weight=weight)


def assess(
    model: Any,
    X: pd.DataFrame,
    y: pd.Series,
    *,
    fitted: Mapping[str, Any],
    folded: Folded | None,
    tuned: float | None,
    before: pd.Series,
    labels: Sequence[Any] | None,
    confidence: float,
    weight: np.ndarray | None = None,
    weight_before: np.ndarray | None = None,
) -> tuple[pd.DataFrame, dict[str, Any], dict[str, Any]]:
    """What the model says of rows it has not seen, by row, and what that is worth, as it is and mended.

    Parameters
    ----------
    model, X, y, tuned, confidence, weight
        As for `evaluate`.
    fitted
        What `pipeline.fit.models.describe` says of the model.
    folded
        See `refit`.
    before, weight_before
        Labels of the training rows before resampling, and how many rows each stands for; None is one.
    labels
        Of more than two classes, by their codes; None for two.

    Returns
    -------
    predictions
        `y`, `probability` and, where it is declared, `weight` by row_id; of more than two classes `probability_0` and
        so on, by their codes.
    judged
        See `pipeline.measure.metrics.holdout` or `pipeline.measure.multiclass.holdout`.
    worth
        See `mended` or `pipeline.measure.multiclass.mended`.
    """
    if labels is None:
        probability, judged = evaluate(model, X, y, tuned=tuned, confidence=confidence, weight=weight)
        shares = {"trained": fitted["trained_prevalence"], "true": weights.prevalence(before, weight_before)}
        worth = mended(y.to_numpy(), probability, folded, weight=weight, **shares)
        told = {"y": y, "probability": probability, **weights.column(weight)}
        return pd.DataFrame(told, index=X.index), judged, worth
    probabilities, trained = model.predict_proba(X), np.array(list(fitted["trained_shares"].values()))
    true = np.bincount(before, minlength=len(labels)) / len(before)
    judged = multiclass.holdout(y.to_numpy(), probabilities, labels=labels, trained=trained, confidence=confidence)
    worth = multiclass.mended(y.to_numpy(), probabilities, labels=labels, trained=trained, true=true)
    return pd.DataFrame({"y": y, **multiclass.by_column(probabilities)}, index=X.index), judged, worth


def reports(predictions: pd.DataFrame, judged: dict[str, Any], fitted: Mapping[str, Any]) -> dict[str, Any]:
    """`classification_report` of each operating point; arguments as `assess` has them."""
    y, weight = predictions.y.to_numpy(), weights.of(predictions)
    if "probability" in predictions:
        called = {point: predictions.probability.to_numpy() >= m["threshold"] for point, m in points(judged).items()}
        return {point: classification_report(y, decision, weight=weight) for point, decision in called.items()}
    told, shares = multiclass.probabilities(predictions), fitted["trained_shares"]
    weighed = multiclass.decide(told, np.array(list(shares.values())))
    return {
        "default": classification_report(y, multiclass.decide(told), list(shares)),
        "tuned": classification_report(y, weighed, list(shares)),
    }


def classification_report(
    y: np.ndarray,
    decision: np.ndarray,
    names: Sequence[str] = ("negative", "positive"),
    *,
    weight: np.ndarray | None = None,
) -> dict[str, Any]:
    """scikit-learn's report by class: precision, recall, f1-score and support; None where one is not defined."""
    from sklearn.metrics import classification_report as report

    with np.errstate(invalid="ignore"):
        table = report(
            y,
            decision.astype(int),
            labels=range(len(names)),
            target_names=list(names),
            sample_weight=weight,
            output_dict=True,
            zero_division=np.nan,
        )
    for row in ("macro avg", "weighted avg"):
        # scikit-learn averages the classes that have a value: an average of what is not defined is not defined.
        for one in names:
            table[row] |= {name: np.nan for name, value in table[one].items() if np.isnan(value)}
    return {
        row: {name: None if np.isnan(value) else value for name, value in cells.items()}
        if isinstance(cells, dict)
        else cells
        for row, cells in table.items()
    }


def by_fold(folded: Folded, settings: Evaluate) -> pd.DataFrame:
    """One row a fold: what was fitted, see `Folded.fits`, on how many `rows` and `positives` it is judged, and how.

    Threshold-free metrics have their own names, `slope` and `in_the_large` are those of `pipeline.measure.calibration`,
    decisions at 0.5 are prefixed by `default_`, those at `threshold` by `tuned_`. That threshold, and Platt's
    correction, of which `recalibrated_log_loss` and `recalibrated_brier` speak, are fitted on the other folds of the
    same repeat: nothing is chosen on the rows that a row of this table is about. `tuned_f_beta` and
    `tuned_expected_cost` (per row) are there where they are the objective. With more than two classes: see
    `pipeline.measure.multiclass.by_fold`.
    """
    if "probability" not in folded.predictions:
        return multiclass.by_fold(folded.predictions, folded.fits)
    rule, rows = config.rule(settings), []
    seen = folded.predictions
    for (repeat, fold), held in seen.groupby(["repeat", "fold"]):
        others = seen[(seen.repeat == repeat) & (seen.fold != fold)]
        y, probability, weight = held.y.to_numpy(), held.probability.to_numpy(), weights.of(held)
        chosen = threshold(others, settings)
        judged = holdout(y, probability, tuned=chosen, confidence=settings.confidence, weight=weight)
        decisions = {
            f"{point}_{name}": value
            for point in ("default", "tuned")
            for name, value in judged[point].items()
            if name not in ("threshold", "intervals")
        }
        slope, intercept = _platt(others)
        mended = calibration.losses(y, calibration.recalibrate(probability, slope=slope, intercept=intercept), weight)
        found = calibration.calibration(y, probability, weight)
        rows.append(
            {
                "repeat": repeat,
                "fold": fold,
                "rows": judged["rows"],
                "positives": judged["positives"],
                "threshold": chosen,
                **judged["threshold_free"],
                "slope": found["slope"],
                "in_the_large": found["in_the_large"],
                "recalibrated_log_loss": mended["log_loss"],
                "recalibrated_brier": mended["brier"],
                **decisions,
                **{f"tuned_{name}": value for name, value in worth(judged["tuned"], rule).items()},
            }
        )
    return folded.fits.merge(pd.DataFrame(rows), on=["repeat", "fold"])


def _platt(seen: pd.DataFrame) -> tuple[float, float]:
    return calibration.platt(seen.y.to_numpy(), seen.probability.to_numpy(), weights.of(seen))


def gather(
    name: str,
    judged: dict[str, Any],
    *,
    classes: dict[str, Any],
    fitted: dict[str, Any],
    folded: Folded | None,
    mended: dict[str, Any],
) -> dict[str, Any]:
    """The content of metrics.json.

    Parameters
    ----------
    name
        Of the variant.
    judged
        See `pipeline.measure.metrics.holdout`.
    classes
        Rows of each class that the sampler gave, as `resample` counts them.
    fitted
        What `train` says of the model.
    folded
        See `refit`.
    mended
        See `mended`.
    """
    summary: dict[str, int | None] = {"folds": None, "repeats": None, "folds_converged": None}
    if folded is not None:
        counts = {"folds": folded.fits.fold.nunique(), "repeats": folded.fits.repeat.nunique()}
        summary = {**counts, "folds_converged": int(folded.fits.converged.sum())}
    training = {**classes, **summary}
    return {"variant": name, "holdout": judged, "training": training, "model": fitted, "probabilities": mended}


def mended(
    y: np.ndarray,
    probability: np.ndarray,
    folded: Folded | None,
    *,
    trained: float,
    true: float,
    weight: np.ndarray | None = None,
) -> dict[str, Any]:
    """What probabilities of test rows are worth as they are and as two corrections make them, neither fitted on them.

    Parameters
    ----------
    y
        Shape (n,): 0 and 1.
    probability
        Shape (n,): of the positive class.
    folded
        See `refit`: Platt's correction is fitted on it.
    trained, true
        Prevalence in what the model was fitted on, and in the training rows before resampling.
    weight
        Shape (n,): how many rows each test row stands for; None is one.

    Returns
    -------
    worth
        By `raw`, `prior_corrected` (see `pipeline.measure.calibration.correct_prior`) and `platt`: `log_loss`, `brier`,
        and what `pipeline.measure.calibration.calibration` measures. `platt` is None without folds. `corrections` has
        what makes them: the shares `trained` and `true`, and `platt`'s `slope` and `intercept`.
    """
    forms: dict[str, np.ndarray | None] = {
        "raw": probability,
        "prior_corrected": calibration.correct_prior(probability, trained=trained, true=true),
        "platt": None,
    }
    corrections: dict[str, Any] = {"trained": trained, "true": true, "platt": None}
    if folded is not None:
        slope, intercept = _platt(folded.predictions)
        corrections["platt"] = {"slope": slope, "intercept": intercept}
        forms["platt"] = calibration.recalibrate(probability, slope=slope, intercept=intercept)
    measured = {name: None if form is None else _measured(y, form, weight) for name, form in forms.items()}
    return {**measured, "corrections": corrections}


def _measured(y: np.ndarray, probability: np.ndarray, weight: np.ndarray | None) -> dict[str, float | None]:
    return {**calibration.losses(y, probability, weight), **calibration.calibration(y, probability, weight)}


def matrices(judged: dict[str, Any]) -> dict[str, list[list[float]]]:
    """The confusion matrix at each threshold: a row an actual class, a column what it was called, by their codes."""
    return {
        point: m["matrix"] if "matrix" in m else [[m["tn"], m["fp"]], [m["fn"], m["tp"]]]
        for point, m in points(judged).items()
    }


def points(judged: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The operating points that there are: `default`, and `tuned` if t* could be chosen."""
    return {point: judged[point] for point in ("default", "tuned") if judged[point]}
