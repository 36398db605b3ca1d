"""Judges a trained model on the hold-out's test rows, at threshold 0.5 and at one chosen out of fold."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from pipeline import calibration, config, folds, thresholds
from pipeline.config import Evaluate
from pipeline.errors import InputError, run
from pipeline.files import (
    EVALUATE,
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
from pipeline.metrics import holdout, threshold_free


def refit(
    training: pd.DataFrame,
    *,
    target: str,
    preprocessing: Mapping[str, Any],
    sampler: Any,
    model: Any,
    settings: Evaluate,
    seed: int,
) -> tuple[pd.DataFrame | None, float | None]:
    """What models in folds say of the rows they did not see, and the threshold t* chosen on that.

    Parameters
    ----------
    training
        Shape (n, p + 1), indexed by row_id: training rows before preprocessing.
    target, preprocessing, sampler, model, seed
        As for `pipeline.folds.out_of_fold`.
    settings
        How many folds at most, and the objective of t*.

    Returns
    -------
    out_of_fold
        See `pipeline.folds.out_of_fold`.
    tuned
        t*. Both are None where folds are not asked for, or the positives are too few for two of them.

    Raises
    ------
    InputError
        The sampler or the model cannot take the rows of a fold.
    """
    number = folds.count(int(training[target].sum()), most=settings.folds)
    if number < 2:
        return None, None
    out_of_fold = folds.out_of_fold(
        training,
        target=target,
        preprocessing=preprocessing,
        sampler=sampler,
        model=model,
        folds=number,
        repeats=settings.repeats,
        seed=seed,
    )
    tuned = thresholds.choose(
        out_of_fold.y.to_numpy(),
        out_of_fold.probability.to_numpy(),
        objective=settings.objective,
        beta=settings.beta,
    )
    return out_of_fold, tuned


def evaluate(
    model: Any, X: pd.DataFrame, y: pd.Series, *, tuned: float | None, confidence: float
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

    Returns
    -------
    probability
        Shape (n,): of the positive class.
    metrics
        See `pipeline.metrics.holdout`.
    """
    probability = model.predict_proba(X)[:, 1]
    return probability, holdout(y.to_numpy(), probability, tuned=tuned, confidence=confidence)


def classification_report(y: np.ndarray, decision: np.ndarray) -> dict[str, Any]:
    """scikit-learn's report by class: precision, recall, f1-score and support; None where one is not defined."""
    from sklearn.metrics import classification_report as report

    with np.errstate(invalid="ignore"):
        table = report(
            y,
            decision.astype(int),
            labels=[0, 1],
            target_names=["negative", "positive"],
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


def by_fold(out_of_fold: pd.DataFrame, *, tuned: float, confidence: float) -> pd.DataFrame:
    """One row a fold: `repeat`, `fold`, `rows`, `positives`, `converged`, and the fold's metrics.

    Threshold-free metrics have their own names, decisions are prefixed by `default_` and `tuned_`. t* was chosen on
    these rows, and flatters the latter a little.
    """
    rows = []
    for (repeat, fold), held in out_of_fold.groupby(["repeat", "fold"]):
        judged = holdout(held.y.to_numpy(), held.probability.to_numpy(), tuned=tuned, confidence=confidence)
        decisions = {
            f"{point}_{name}": value
            for point in ("default", "tuned")
            for name, value in judged[point].items()
            if name not in ("threshold", "intervals")
        }
        counts = {"repeat": repeat, "fold": fold, "rows": judged["rows"], "positives": judged["positives"]}
        rows.append({**counts, "converged": held.converged.iloc[0], **judged["threshold_free"], **decisions})
    return pd.DataFrame(rows)


def gather(
    name: str,
    judged: dict[str, Any],
    *,
    classes: dict[str, int],
    fitted: dict[str, Any],
    out_of_fold: pd.DataFrame | None,
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
    out_of_fold
        See `refit`.
    mended
        See `mended`.
    """
    summary: dict[str, int | None] = {"folds": None, "repeats": None, "folds_converged": None}
    if out_of_fold is not None:
        fits = out_of_fold.groupby(["repeat", "fold"]).converged.first()
        counts = {"folds": out_of_fold.fold.nunique(), "repeats": out_of_fold.repeat.nunique()}
        summary = {**counts, "folds_converged": int(fits.sum())}
    training = {**classes, **summary}
    return {"variant": name, "holdout": judged, "training": training, "model": fitted, "probabilities": mended}


def mended(
    y: np.ndarray, probability: np.ndarray, out_of_fold: pd.DataFrame | None, *, trained: float, true: float
) -> dict[str, Any]:
    """What probabilities of test rows are worth as they are and as two corrections make them, neither fitted on them.

    Parameters
    ----------
    y
        Shape (n,): 0 and 1.
    probability
        Shape (n,): of the positive class.
    out_of_fold
        See `refit`: Platt's correction is fitted on it.
    trained, true
        Prevalence in what the model was fitted on, and in the training rows before resampling.

    Returns
    -------
    worth
        By `raw`, `prior_corrected` (see `pipeline.calibration.correct_prior`) and `platt`: `log_loss`, `brier`, and
        what `pipeline.calibration.calibration` measures. `platt` is None without folds.
    """
    forms: dict[str, np.ndarray | None] = {
        "raw": probability,
        "prior_corrected": calibration.correct_prior(probability, trained=trained, true=true),
        "platt": None,
    }
    if out_of_fold is not None:
        slope, intercept = calibration.platt(out_of_fold.y.to_numpy(), out_of_fold.probability.to_numpy())
        forms["platt"] = calibration.recalibrate(probability, slope=slope, intercept=intercept)
    return {name: None if form is None else _worth(y, form) for name, form in forms.items()}


def _worth(y: np.ndarray, probability: np.ndarray) -> dict[str, float | None]:
    free = threshold_free(y, probability)
    return {"log_loss": free["log_loss"], "brier": free["brier"], **calibration.calibration(y, probability)}


def matrices(judged: dict[str, Any]) -> dict[str, list[list[int]]]:
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
    training = read_table(SPLIT / "train.parquet")
    try:
        out_of_fold, tuned = refit(
            training,
            target=target,
            preprocessing=vars(params.preprocess),
            sampler=config.sampler(params, name),
            model=config.model(params, name),
            settings=settings,
            seed=params.seed,
        )
    except InputError as error:
        raise InputError(f"variants.{name}: {error}") from None
    model = read_model(TRAIN / name / "model.skops")
    probability, judged = evaluate(model, X, y, tuned=tuned, confidence=settings.confidence)
    fitted, true = read_json(TRAIN / name / "coefficients.json"), float(training[target].mean())
    metrics = gather(
        name,
        judged,
        classes=read_json(RESAMPLE / name / "classes.json"),
        fitted=fitted,
        out_of_fold=out_of_fold,
        mended=mended(y.to_numpy(), probability, out_of_fold, trained=fitted["trained_prevalence"], true=true),
    )
    out = EVALUATE / name
    write_table(out / "predictions.parquet", pd.DataFrame({"y": y, "probability": probability}, index=X.index))
    for table in ("out_of_fold", "folds"):
        (out / f"{table}.parquet").unlink(missing_ok=True)
    if out_of_fold is not None and tuned is not None:
        write_table(out / "out_of_fold.parquet", out_of_fold)
        write_table(out / "folds.parquet", by_fold(out_of_fold, tuned=tuned, confidence=settings.confidence))
    write_json(out / "confusion_matrix.json", matrices(judged))
    write_json(
        out / "classification_report.json",
        {
            point: classification_report(y.to_numpy(), probability >= m["threshold"])
            for point, m in points(judged).items()
        },
    )
    write_json(out / "metrics.json", metrics)
    write_json(REPORTS / name / "metrics.json", metrics)
    default = judged["default"]
    say(f"{name}: at 0.5 tp {default['tp']} fp {default['fp']} fn {default['fn']} tn {default['tn']}")


if __name__ == "__main__":
    run(main)
