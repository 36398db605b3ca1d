"""Judges a trained model on the hold-out's test rows, at threshold 0.5 and at one chosen out of fold."""

from typing import Any

import numpy as np
import pandas as pd

from pipeline import config, folds, thresholds
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
from pipeline.metrics import holdout


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


def main() -> None:
    """Read, refit in folds, choose the threshold, judge, write."""
    params = config.load()
    name, target, settings = config.asked(), params.data.target, params.evaluate
    sampler, unfitted = config.sampler(params, name), config.model(params, name)
    training = read_table(SPLIT / "train.parquet")
    X, y = separate(read_table(PREPROCESS / "test.parquet"), target)
    number = folds.count(int(training[target].sum()), most=settings.folds)
    tuned, out_of_fold = None, None
    summary: dict[str, int | None] = {"folds": None, "folds_converged": None}
    if number >= 2:
        try:
            out_of_fold = folds.out_of_fold(
                training,
                target=target,
                preprocessing=vars(params.preprocess),
                sampler=sampler,
                model=unfitted,
                folds=number,
                seed=params.seed,
            )
        except InputError as error:
            raise InputError(f"variants.{name}: {error}") from None
        tuned = thresholds.choose(
            out_of_fold.y.to_numpy(),
            out_of_fold.probability.to_numpy(),
            objective=settings.objective,
            beta=settings.beta,
        )
        summary = {"folds": number, "folds_converged": int(out_of_fold.groupby("fold").converged.first().sum())}
    model = read_model(TRAIN / name / "model.skops")
    probability, judged = evaluate(model, X, y, tuned=tuned, confidence=settings.confidence)
    metrics = {
        "variant": name,
        "holdout": judged,
        "training": {**read_json(RESAMPLE / name / "classes.json"), **summary},
        "model": read_json(TRAIN / name / "coefficients.json"),
    }
    points = {point: judged[point] for point in ("default", "tuned") if judged[point]}
    out = EVALUATE / name
    write_table(out / "predictions.parquet", pd.DataFrame({"y": y, "probability": probability}, index=X.index))
    (out / "out_of_fold.parquet").unlink(missing_ok=True)
    if out_of_fold is not None:
        write_table(out / "out_of_fold.parquet", out_of_fold)
    write_json(out / "confusion_matrix.json", {p: [[m["tn"], m["fp"]], [m["fn"], m["tp"]]] for p, m in points.items()})
    write_json(
        out / "classification_report.json",
        {p: classification_report(y.to_numpy(), probability >= m["threshold"]) for p, m in points.items()},
    )
    write_json(out / "metrics.json", metrics)
    write_json(REPORTS / name / "metrics.json", metrics)
    default = judged["default"]
    say(f"{name}: at 0.5 tp {default['tp']} fp {default['fp']} fn {default['fn']} tn {default['tn']}")


if __name__ == "__main__":
    run(main)
