"""Metrics of a trained model's predictions: on rows that it has not seen, and fold by fold."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from pipeline.config import Evaluate
from pipeline.errors import InputError
from pipeline.measure import calibration, isotonic
from pipeline.measure.binary import ISOTONIC, PLATT
from pipeline.measure.task import Classification, Task
from pipeline.table import weights

FITS = ("repeat", "fold", "training_rows", "converged", "synthetic_near_others", "real_near_others")
RECALIBRATIONS: Mapping[str, Callable[..., np.ndarray]] = {
    PLATT: calibration.recalibrate,
    ISOTONIC: isotonic.recalibrate,
}
CHOSEN = "param_"  # before the name of an argument that each fold chooses, as in scikit-learn's `cv_results_`
SETS_OF_FITS = (CHOSEN, "training_rows_", "trained_proportion_")


@dataclass(frozen=True)
class Folded:
    """Predictions for rows that the models of folds did not see.

    Attributes
    ----------
    predictions
        Indexed by row_id, repeat by repeat in the table's order: `repeat`, `fold`, `y`, the columns of probabilities
        (see `pipeline.measure.task.Task.columns`), and `weight` where it is declared. Folds along time leave out the
        first rows, since no earlier ones could train a model for them.
    fits
        One row a fold: `repeat`, `fold`, `training_rows`, those of each class before resampling (`training_rows_0` and
        so on, by code), the arguments of the model that were chosen (such as `param_C`), whether the fit `converged`,
        and the class proportions after resampling and weights (`trained_proportion_0` and so on).
        `synthetic_near_others` and `real_near_others` are the shares of `pipeline.fit.neighbors`, NaN where no row is
        synthetic.
    """

    predictions: pd.DataFrame
    fits: pd.DataFrame


def fits_of(folds: pd.DataFrame) -> pd.DataFrame:
    """The columns of `by_fold` that are `Folded.fits`, which don't follow from predictions."""
    names = [name for name in folds if name in FITS or name.startswith(SETS_OF_FITS)]
    return folds[names]


def first_repeat(task: Task, folded: Folded | None, settings: Evaluate) -> pd.DataFrame:
    """Out-of-fold predictions of each row once, which stand in for those of test rows where none are held out.

    Each fold has the columns of `pipeline.measure.task.Task.cross_fitted`, and the number of its `fold`: nothing is
    chosen on the rows that are judged by it.

    Raises
    ------
    InputError
        There are no folds.
    """
    if folded is None:
        raise InputError(
            "split.test_size: expected a share of the rows, because a class has too few rows for folds to judge "
            "variants by, found 0. Set split.test_size=0.3, or collect more rows."
        )
    rows = folded.predictions[folded.predictions.repeat == 0].drop(columns="repeat")
    return _crossed(rows, lambda held, others: task.cross_fitted(held, others, settings))


def _crossed(
    rows: pd.DataFrame, make: Callable[[pd.DataFrame, pd.DataFrame], Mapping[str, np.ndarray]]
) -> pd.DataFrame:
    """Rows with the further columns that `make` gives each fold, of it and of the others.

    There is no isotonic recalibration where it lacks rows in any fold.
    """
    parts = []
    for fold in rows.fold.unique():
        held, others = rows[rows.fold == fold], rows[rows.fold != fold]
        parts.append(held.assign(**make(held, others)))
    made = pd.concat(parts).loc[rows.index]
    return made.drop(columns=ISOTONIC) if ISOTONIC in made and made[ISOTONIC].isna().any() else made


def recalibrated(
    probability: np.ndarray, rows: pd.DataFrame, corrections: Mapping[str, Any]
) -> Iterator[tuple[str, np.ndarray]]:
    """Recalibrated probabilities by form: those that rows bring, else by what was fitted, where there is one."""
    for form, recalibrate in RECALIBRATIONS.items():
        if form in rows:
            yield form, np.asarray(rows[form])
        elif corrections[form] is not None:
            yield form, recalibrate(probability, **corrections[form])


def assess(
    task: Task,
    predictions: pd.DataFrame,
    folded: Folded | None,
    *,
    trained: Mapping[str, float],
    true: np.ndarray,
    settings: Evaluate,
) -> dict[str, Any]:
    """All metrics of a model's predictions for rows it has not seen, as they are and corrected.

    Parameters
    ----------
    task
        Of the table.
    predictions
        By row_id: of the test rows, or those of `first_repeat`.
    folded
        Of the training rows: threshold and recalibration are chosen on them; None without folds.
    trained
        Class proportions that the model was fitted on, by name.
    true
        Shape (k,): class proportions of the training rows before resampling.
    settings
        Of `evaluate`.

    Returns
    -------
    metrics
        `holdout`, see `pipeline.measure.task.Task.holdout`; and `probabilities`: how good they are as `raw`,
        `prior_corrected`, `platt` and `isotonic` (None where it cannot be fitted), and the `corrections`, none of them
        fitted on these rows: class proportions `trained` and `true`; `platt`, see `pipeline.measure.calibration.platt`;
        `isotonic`, see `pipeline.measure.isotonic`; and which form is `best` out of fold. Where it is asked for,
        `guarantee` has the fields of `pipeline.measure.thresholds.Guarantee`.
    """
    proportions = np.array(list(trained.values()))
    tuned = None if folded is None else task.choose(folded.predictions, settings)
    corrections = _corrections(task, folded)
    y, probability, weight = predictions.y.to_numpy(), task.probability(predictions), weights.of(predictions)
    forms = {"raw": probability, "prior_corrected": task.correct(probability, trained=proportions, true=true)}
    forms |= recalibrated(probability, predictions, corrections)
    held = None if tuned is None else tuned.guarantee
    return {
        "holdout": task.holdout(predictions, tuned=tuned, trained=proportions, confidence=settings.confidence),
        **({} if held is None else {"guarantee": held._asdict()}),
        "probabilities": {
            **dict.fromkeys(RECALIBRATIONS),
            **{name: task.calibration(y, form, weight) for name, form in forms.items()},
            "corrections": {
                "trained": dict(trained),
                "true": task.by_name(true),
                **corrections,
            },
        },
    }


def _corrections(task: Task, folded: Folded | None) -> dict[str, Any]:
    """What recalibrates probabilities by form, fitted on all out-of-fold predictions, and the `best` form.

    That is the one whose log loss is lower when it is fitted on some folds of the first repeat and judged on another.
    """
    line = None if folded is None else task.platt(folded.predictions)
    if folded is None or line is None:
        return {**dict.fromkeys(RECALIBRATIONS), "best": "prior_corrected"}
    alone = {PLATT: line, ISOTONIC: None, "best": PLATT}
    if (curve := task.isotonic(folded.predictions)) is None:
        return alone

    judged = _crossed(folded.predictions[folded.predictions.repeat == 0], task.recalibrated)
    if ISOTONIC not in judged:
        return alone
    y, weight = judged.y.to_numpy(), weights.of(judged)
    losses = {form: calibration.log_loss(y, judged[form].to_numpy(), weight) for form in RECALIBRATIONS}
    return {PLATT: line, ISOTONIC: curve, "best": min(losses, key=lambda form: losses[form])}


def by_fold(task: Task, folded: Folded, settings: Evaluate) -> pd.DataFrame:
    """One row a fold: what was fitted, see `Folded.fits`, and its metrics, see `pipeline.measure.task.Task.fold`."""
    seen, rows = folded.predictions, []
    for fit in folded.fits.to_dict("records"):
        same = seen.repeat == fit["repeat"]
        held, others = seen[same & (seen.fold == fit["fold"])], seen[same & (seen.fold != fit["fold"])]
        rows.append({"repeat": fit["repeat"], "fold": fit["fold"], **task.fold(held, others, fit, settings)})
    return folded.fits.merge(pd.DataFrame(rows), on=["repeat", "fold"])


def gather(
    name: str,
    assessed: Mapping[str, Any],
    *,
    classes: dict[str, Any],
    fitted: dict[str, Any],
    folded: Folded | None,
) -> dict[str, Any]:
    """The content of metrics.json.

    Parameters
    ----------
    name
        Of the variant.
    assessed
        See `assess`.
    classes
        Rows of each class that the sampler returned, as `pipeline.fit.provenance.count` has them.
    fitted
        What `pipeline.fit.models.describe` has of the model.
    folded
        None without folds.
    """
    summary: dict[str, int | None] = {"folds": None, "repeats": None, "folds_converged": None}
    if folded is not None:
        counts = {"folds": folded.fits.fold.nunique(), "repeats": folded.fits.repeat.nunique()}
        summary = {**counts, "folds_converged": int(folded.fits.converged.sum())}
    return {
        "variant": name,
        "holdout": assessed["holdout"],
        **({"guarantee": assessed["guarantee"]} if "guarantee" in assessed else {}),
        "training": {**classes, **summary},
        "model": fitted,
        "probabilities": assessed["probabilities"],
    }


def points(holdout: Classification) -> dict[str, dict[str, Any]]:
    """The operating points that there are: `default`, and `tuned` where there is one."""
    return {point: holdout[point] for point in ("default", "tuned") if holdout[point]}


def matrices(task: Task, holdout: Classification) -> dict[str, list[list[float]]]:
    """The confusion matrix of each operating point."""
    return {point: task.matrix(metrics) for point, metrics in points(holdout).items()}


def reports(
    task: Task, predictions: pd.DataFrame, holdout: Classification, trained: Mapping[str, float]
) -> dict[str, Any]:
    """`classification_report` of each operating point; arguments as for `assess`."""
    proportions = {"default": None, "tuned": np.array(list(trained.values()))}
    return {
        point: classification_report(
            predictions.y.to_numpy(),
            task.predicted(predictions, metrics, trained=proportions[point]),
            task.names,
            weight=weights.of(predictions),
        )
        for point, metrics in points(holdout).items()
    }


def classification_report(
    y: np.ndarray, predicted: np.ndarray, names: Sequence[str], *, weight: np.ndarray
) -> dict[str, Any]:
    """scikit-learn's report by class: precision, recall, f1-score and support; None where one is not defined."""
    from sklearn.metrics import classification_report as report

    with np.errstate(invalid="ignore"):
        table = report(
            y,
            predicted,
            labels=range(len(names)),
            target_names=list(names),
            sample_weight=weights.for_library(weight),
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
