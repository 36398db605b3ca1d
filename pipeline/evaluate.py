"""Evaluates a trained model on the test rows, or else out of fold, at threshold 0.5 and at one chosen out of fold."""

import time

from pipeline import config
from pipeline.errors import InputError, exit_on_signals, run
from pipeline.files import (
    EVALUATE,
    INGEST,
    PREPROCESS,
    REPORTS,
    RESAMPLE,
    SPLIT,
    TRAIN,
    read_json,
    read_table,
    say,
    write_json,
    write_table,
)
from pipeline.fit import chains
from pipeline.fit.folds import refit
from pipeline.fit.models import predict
from pipeline.fit.stored import read_model
from pipeline.measure.evaluation import assess, by_fold, first_repeat, gather, matrices, reports
from pipeline.measure.tasks import task_of
from pipeline.table import weights
from pipeline.table.grouping import together
from pipeline.table.split import separate


def main() -> None:
    """Read, refit in folds, choose the threshold, judge, write."""
    params = config.load()
    name, target, settings = config.asked(), params.data.target, params.evaluate
    X, y = separate(read_table(PREPROCESS / "test.parquet"), target)
    training, roles = read_table(SPLIT / "train.parquet"), read_table(INGEST / "roles.parquet")
    before, weight = (weights.of(roles, rows.index) for rows in (training, X))
    task = task_of(read_json(INGEST / "schema.json"))
    try:
        chain = chains.chain(params, name, task)
        rows = together(training.drop(columns=target), roles, params.split)
        how = {"seed": params.seed, "weight": before, "jobs": params.machine.jobs, **rows}
        began = time.perf_counter()
        folded = refit(training, target=target, chain=chain, settings=settings, **how)
        seconds = time.perf_counter() - began
        if len(X):
            predictions = predict(read_model(TRAIN / name / "model.skops"), X, y, task, weight)
        else:
            predictions = first_repeat(task, folded, settings)
    except InputError as error:
        raise InputError(f"variants.{name}: {error}") from None
    fitted = read_json(TRAIN / name / "coefficients.json")
    trained, true = fitted["trained_proportions"], weights.proportions(training[target], before, task.classes)
    assessed = assess(task, predictions, folded, trained=trained, true=true, settings=settings)
    counts = read_json(RESAMPLE / name / "classes.json")
    metrics = gather(name, assessed, classes=counts, fitted=fitted, folded=folded)
    holdout = assessed["holdout"]
    out = EVALUATE / name
    write_table(out / "predictions.parquet", predictions)
    for table in ("out_of_fold", "folds"):
        (out / f"{table}.parquet").unlink(missing_ok=True)
    if folded is not None:
        write_table(out / "out_of_fold.parquet", folded.predictions)
        write_table(out / "folds.parquet", by_fold(task, folded, settings))
    write_json(out / "confusion_matrix.json", matrices(task, holdout))
    write_json(out / "classification_report.json", reports(task, predictions, holdout, trained))
    write_json(out / "metrics.json", metrics)
    write_json(REPORTS / name / "metrics.json", metrics)
    # The only place for the time: what is written must be the same each time.
    took = "" if folded is None else f"; its folds took {seconds:,.1f} s"
    say(f"{params.data.name}, {name}: {task.summary(holdout)}{took}")


if __name__ == "__main__":
    exit_on_signals()  # so that the processes that work on folds end quietly
    run(main)
