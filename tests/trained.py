"""Trains a variant in this process, stage by stage, and keeps the test rows apart, so that they can be scored."""

import gzip
from contextlib import chdir
from pathlib import Path

import pandas as pd
from stages import reproduce

from pipeline import compose
from pipeline.files import read_json, read_table
from pipeline.tools import predict
from pipeline.tracking import model, runs, scoring

ROOT = Path(__file__).parents[1]
QUICK = ("evaluate.repeats=1", "evaluate.folds=2", "model.search=null")


def train(path, variant, *overrides, target="target"):
    """Train one variant on a table, in the current folder, and write the test rows of its file to new.csv."""
    how = ("data=csv", f"data.path={path}", f"data.target={target}", *QUICK, *overrides)
    with chdir(ROOT):
        settings = compose.compose(list(how))
    Path("params.yaml").write_text(settings, encoding="utf-8")
    reproduce([variant])
    text = gzip.decompress(path.read_bytes()).decode() if path.suffix == ".gz" else path.read_text()
    header, *rows = text.splitlines()
    Path("new.csv").write_text("\n".join([header, *(rows[row] for row in judged(variant).index)]) + "\n")


def judged(variant):
    """The test rows as evaluate scored them."""
    return read_table(Path("data/evaluate", variant, "predictions.parquet"))


def scored(file, **types):
    """The rows of a file that `rebalance predict` wrote."""
    return pd.read_csv(file, index_col="row_id", dtype=types)


def save_for_mlflow(variant):
    """Write the variant's model to model/, as MLflow keeps it."""
    schema = read_json(Path("data/ingest/schema.json"))
    X = read_table(Path("data/split/train.parquet")).drop(columns=schema["target"])
    rows = scoring.spelled(X, schema["declaration"])
    model.save(runs.Model(predict.load(variant, schema), rows), Path("model"))
