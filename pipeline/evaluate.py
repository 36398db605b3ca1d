"""Judges a trained model on the hold-out's test rows, at threshold 0.5 and at one chosen out of fold."""

from pipeline import config
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
    write_json,
    write_table,
)
from pipeline.fit import chains
from pipeline.fit.folds import refit
from pipeline.measure.evaluation import assess, by_fold, gather, matrices, reports
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
    try:
        schema = read_json(INGEST / "schema.json")
        chain = chains.chain(params, name, schema)
        rows = together(training.drop(columns=target), roles, params.split)
        folded, tuned = refit(
            training, target=target, chain=chain, settings=settings, seed=params.seed, weight=before, **rows
        )
    except InputError as error:
        raise InputError(f"variants.{name}: {error}") from None
    model = read_model(TRAIN / name / "model.skops")
    fitted = read_json(TRAIN / name / "coefficients.json")
    predictions, judged, worth = assess(
        model,
        X,
        y,
        fitted=fitted,
        folded=folded,
        tuned=tuned,
        before=training[target],
        labels=chain.labels,
        confidence=settings.confidence,
        weight=weight,
        weight_before=before,
    )
    metrics = gather(
        name,
        judged,
        classes=read_json(RESAMPLE / name / "classes.json"),
        fitted=fitted,
        folded=folded,
        mended=worth,
    )
    out = EVALUATE / name
    write_table(out / "predictions.parquet", predictions)
    for table in ("out_of_fold", "folds"):
        (out / f"{table}.parquet").unlink(missing_ok=True)
    if folded is not None:
        write_table(out / "out_of_fold.parquet", folded.predictions)
        write_table(out / "folds.parquet", by_fold(folded, settings))
    write_json(out / "confusion_matrix.json", matrices(judged))
    write_json(out / "classification_report.json", reports(predictions, judged, fitted))
    write_json(out / "metrics.json", metrics)
    write_json(REPORTS / name / "metrics.json", metrics)
    default = judged["default"]
    if chain.labels is None:
        cells = (f"{cell} {weights.shown(default[cell])}" for cell in ("tp", "fp", "fn", "tn"))
        say(f"{name}: at 0.5 {' '.join(cells)}")
    else:
        recalls = ", ".join(f"{label} {each['recall']:.2f}" for label, each in default["classes"].items())
        say(f"{name}: called the likeliest class, recall of {recalls}")


if __name__ == "__main__":
    run(main)
