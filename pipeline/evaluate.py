"""Judges a trained model on the hold-out's test rows, at threshold 0.5 and at one chosen out of fold."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from pipeline import calibration, config, folds, thresholds, weights
from pipeline.config import Evaluate
from pipeline.errors import InputError, run
from pipeline.files import (
    EVALUATE,
    INGEST,
    PREPROCESS,
    REPORTS,
    RESAMPLE,
    SPLIT,
    TRAIN,
    read_json,
    read_model,
    read_table,
    say,
    separate,
    write_json,
    write_table,
)
from pipeline.folds import Chain, Folded
from pipeline.grouping import together
from pipeline.metrics import holdout, threshold_free


def refit(
    training: pd.DataFrame,
    *,
    target: str,
    chain: Chain,
    settings: Evaluate,
    seed: int,
    groups: pd.Series | None = None,
    times: pd.Series | None = None,
    weight: np.ndarray | None = None,
) -> tuple[Folded | None, float | None]:
    """What models in folds say of the rows they did not see, and the threshold t* chosen on that.

    Parameters
    ----------
    training
        Shape (n, p + 1), indexed by row_id: training rows before preprocessing.
    target, chain, seed, groups, times, weight
        As for `pipeline.folds.out_of_fold`.
    settings
        How many folds at most, and the rule of t*.

    Returns
    -------
    folded
        See `pipeline.folds.out_of_fold`.
    tuned
        t*. Both are None where folds are not asked for, or the positives are too few for two of them.

    Raises
    ------
    InputError
        The sampler or the model cannot take the rows of a fold.
    """
    number = folds.count(int(training[target].sum()), most=settings.folds, along_time=times is not None)
    if number < 2:
        return None, None
    folded = folds.out_of_fold(
        training,
        target=target,
        chain=chain,
        folds=number,
        repeats=settings.repeats,
        seed=seed,
        groups=groups,
        times=times,
        weight=weight,
    )
    return folded, threshold(folded.predictions, settings)


def threshold(seen: pd.DataFrame, settings: Evaluate) -> float:
    """The threshold that does best, by the rule declared, on rows as `pipeline.folds.Folded.predictions` has them."""
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
        See `pipeline.metrics.holdout`.
    """
    probability = model.predict_proba(X)[:, 1]
    return probability, holdout(y.to_numpy(), probability, tuned=tuned, confidence=confidence, weight=weight)


def classification_report(y: np.ndarray, decision: np.ndarray, weight: np.ndarray | None = None) -> dict[str, Any]:
    """scikit-learn's report by class: precision, recall, f1-score and support; None where one is not defined."""
    from sklearn.metrics import classification_report as report

    with np.errstate(invalid="ignore"):
        table = report(
            y,
            decision.astype(int),
            labels=[0, 1],
            target_names=["negative", "positive"],
            sample_weight=weight,
            output_dict=True,
            zero_division=np.nan,
        )
    for row in ("macro avg", "weighted avg"):
        # scikit-learn averages the classes that have a value: an average of what is not defined is not defined.
        table[row] |= {name: np.nan for name, value in table["positive"].items() if np.isnan(value)}
        table[row] |= {name: np.nan for name, value in table["negative"].items() if np.isnan(value)}
    return {
        row: {name: None if np.isnan(value) else value for name, value in cells.items()}
        if isinstance(cells, dict)
        else cells
        for row, cells in table.items()
    }


def by_fold(folded: Folded, settings: Evaluate) -> pd.DataFrame:
    """One row a fold: what was fitted, see `Folded.fits`, on how many `rows` and `positives` it is judged, and how.

    Threshold-free metrics have their own names, `slope` and `in_the_large` are those of `pipeline.calibration`,
    decisions at 0.5 are prefixed by `default_`, those at `threshold` by `tuned_`. That threshold, and Platt's
    correction, of which `recalibrated_log_loss` and `recalibrated_brier` speak, are fitted on the other folds of the
    same repeat: nothing is chosen on the rows that a row of this table is about. `tuned_f_beta` and
    `tuned_expected_cost` (per row) are there where they are the objective.
    """
    rule, rows = config.rule(settings), []
    for (repeat, fold), held in folded.predictions.groupby(["repeat", "fold"]):
        others = folded.predictions.query("repeat == @repeat and fold != @fold")
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
        mended = threshold_free(y, calibration.recalibrate(probability, slope=slope, intercept=intercept), weight)
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


def worth(cells: dict[str, Any], rule: Mapping[str, Any]) -> dict[str, float]:
    """The objective's own value of a confusion matrix, for those that a verdict may rest on."""
    tn, fp, fn, tp = (cells[cell] for cell in ("tn", "fp", "fn", "tp"))
    match rule["objective"]:
        case "f_beta":
            misses = rule["beta"] ** 2
            return {"f_beta": (1 + misses) * tp / ((1 + misses) * tp + misses * fn + fp)}
        case "expected_cost":
            cost = rule["false_negative_cost"] * fn + rule["false_positive_cost"] * fp
            return {"expected_cost": cost / (tn + fp + fn + tp)}
    return {}


def gather(
    name: str,
    judged: dict[str, Any],
    *,
    classes: dict[str, int],
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
        See `pipeline.metrics.holdout`.
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
        By `raw`, `prior_corrected` (see `pipeline.calibration.correct_prior`) and `platt`: `log_loss`, `brier`, and
        what `pipeline.calibration.calibration` measures. `platt` is None without folds. `corrections` has what makes
        them: the shares `trained` and `true`, and `platt`'s `slope` and `intercept`.
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
    free = threshold_free(y, probability, weight)
    return {"log_loss": free["log_loss"], "brier": free["brier"], **calibration.calibration(y, probability, weight)}


def matrices(judged: dict[str, Any]) -> dict[str, list[list[float]]]:
    """The confusion matrix at each threshold: a row an actual class, a column what it was called, negative first."""
    return {point: [[m["tn"], m["fp"]], [m["fn"], m["tp"]]] for point, m in points(judged).items()}


def points(judged: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The operating points that there are: `default`, and `tuned` if t* could be chosen."""
    return {point: judged[point] for point in ("default", "tuned") if judged[point]}


def main() -> None:
    """Read, refit in folds, choose the threshold, judge, write."""
    params = config.load()
    name, target, settings = config.asked(), params.data.target, params.evaluate
    X, y = separate(read_table(PREPROCESS / "test.parquet"), target)
    training, roles = read_table(SPLIT / "train.parquet"), read_table(INGEST / "roles.parquet")
    before, weight = (weights.of(roles, rows.index) for rows in (training, X))
    try:
        chain = folds.chain(params, name)
        rows = together(training.drop(columns=target), roles, params.split)
        folded, tuned = refit(
            training, target=target, chain=chain, settings=settings, seed=params.seed, weight=before, **rows
        )
    except InputError as error:
        raise InputError(f"variants.{name}: {error}") from None
    model = read_model(TRAIN / name / "model.skops")
    probability, judged = evaluate(model, X, y, tuned=tuned, confidence=settings.confidence, weight=weight)
    fitted = read_json(TRAIN / name / "coefficients.json")
    shares = {"trained": fitted["trained_prevalence"], "true": weights.prevalence(training[target], before)}
    metrics = gather(
        name,
        judged,
        classes=read_json(RESAMPLE / name / "classes.json"),
        fitted=fitted,
        folded=folded,
        mended=mended(y.to_numpy(), probability, folded, weight=weight, **shares),
    )
    out, told = EVALUATE / name, {"y": y, "probability": probability, **weights.column(weight)}
    write_table(out / "predictions.parquet", pd.DataFrame(told, index=X.index))
    for table in ("out_of_fold", "folds"):
        (out / f"{table}.parquet").unlink(missing_ok=True)
    if folded is not None:
        write_table(out / "out_of_fold.parquet", folded.predictions)
        write_table(out / "folds.parquet", by_fold(folded, settings))
    write_json(out / "confusion_matrix.json", matrices(judged))
    write_json(
        out / "classification_report.json",
        {
            point: classification_report(y.to_numpy(), probability >= m["threshold"], weight)
            for point, m in points(judged).items()
        },
    )
    write_json(out / "metrics.json", metrics)
    write_json(REPORTS / name / "metrics.json", metrics)
    cells = {cell: weights.shown(judged["default"][cell]) for cell in ("tp", "fp", "fn", "tn")}
    say(f"{name}: at 0.5 {' '.join(f'{cell} {amount}' for cell, amount in cells.items())}")


if __name__ == "__main__":
    run(main)
