"""Judges a trained model on the hold-out's test rows, at threshold 0.5 and at one chosen out of fold."""

import sys
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
from pipeline.metrics import at_threshold, threshold_free

DEFAULT = 0.5


def evaluate(y: np.ndarray, probability: np.ndarray, *, tuned: float | None, confidence: float) -> dict[str, Any]:
    """What the model does on rows it has not seen.

    Parameters
    ----------
    y
        Shape (n,): 0 and 1.
    probability
        Shape (n,): probability of the positive class.
    tuned
        Threshold chosen on other rows; None where there were too few to choose it.
    confidence
        Of the intervals, in (0, 1).

    Returns
    -------
    metrics
        `rows`, `positives`, `threshold_free`, and by threshold `default` (0.5) and `tuned` (None without one).
    """
    return {
        "rows": len(y),
        "positives": int((y == 1).sum()),
        "threshold_free": threshold_free(y, probability),
        "default": at_threshold(y, probability, DEFAULT, confidence=confidence),
        "tuned": None if tuned is None else at_threshold(y, probability, tuned, confidence=confidence),
    }


def classification_report(y: np.ndarray, decision: np.ndarray, labels: list[str]) -> dict[str, Any]:
    """scikit-learn's report by class: precision, recall, f1-score and support; None where one is not defined."""
    from sklearn.metrics import classification_report as report

    with np.errstate(invalid="ignore"):
        table = report(
            y, decision.astype(int), labels=[0, 1], target_names=labels, output_dict=True, zero_division=np.nan
        )
    return {
        row: {name: None if np.isnan(value) else value for name, value in cells.items()}
        if isinstance(cells, dict)
        else cells
        for row, cells in table.items()
    }


def main() -> None:
    """Read, refit in folds, choose the threshold, judge, write."""
    params = config.load()
    name, target, settings = sys.argv[1], params.data.target, params.evaluate
    sampler, unfitted = config.sampler(params, name), config.model(params, name)
    training = read_table(SPLIT / "train.parquet")
    X, y = separate(read_table(PREPROCESS / "test.parquet"), target)
    number = folds.count(int(training[target].sum()), most=settings.folds)
    tuned, out_of_fold = None, None
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
    probability = read_model(TRAIN / name / "model.skops").predict_proba(X)[:, 1]
    holdout = evaluate(y.to_numpy(), probability, tuned=tuned, confidence=settings.confidence)
    metrics = {
        "variant": name,
        "holdout": holdout,
        "training": {**read_json(RESAMPLE / name / "classes.json"), "folds": number if number >= 2 else None},
        "model": read_json(TRAIN / name / "coefficients.json"),
    }
    schema_labels = ["negative", "positive"]
    points = {point: holdout[point] for point in ("default", "tuned") if holdout[point]}
    out = EVALUATE / name
    write_table(out / "predictions.parquet", pd.DataFrame({"y": y, "probability": probability}, index=X.index))
    if out_of_fold is not None:
        write_table(out / "out_of_fold.parquet", out_of_fold)
    write_json(out / "confusion_matrix.json", {p: [[m["tn"], m["fp"]], [m["fn"], m["tp"]]] for p, m in points.items()})
    write_json(
        out / "classification_report.json",
        {
            p: classification_report(y.to_numpy(), probability >= m["threshold"], schema_labels)
            for p, m in points.items()
        },
    )
    write_json(out / "metrics.json", metrics)
    write_json(REPORTS / name / "metrics.json", metrics)
    default = holdout["default"]
    say(f"{name}: at 0.5 tp {default['tp']} fp {default['fp']} fn {default['fn']} tn {default['tn']}")


if __name__ == "__main__":
    run(main)
