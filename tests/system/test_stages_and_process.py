"""One process gives the bits that the stages give, on real tables: it takes minutes."""

import pytest

from pipeline import config
from pipeline import evaluate as evaluate_stage
from pipeline import ingest as ingest_stage
from pipeline import preprocess as preprocess_stage
from pipeline import resample as resample_stage
from pipeline import split as split_stage
from pipeline import train as train_stage
from pipeline.files import EVALUATE, read_json, read_table
from pipeline.fit import run

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("table", "target", "settings"),
    [
        ("oil.csv", "target", ["evaluate.repeats=1"]),
        ("mammography.csv", "target", ["evaluate.folds=2", "evaluate.repeats=1"]),
        ("thyroid_sick.csv", "target", ["data.drop=[TBG]", "evaluate.folds=2", "evaluate.repeats=1"]),
        (
            "sales_data.csv",
            "buy",
            ["preprocess=none", "data.integers=true", "seed=66", "split.seed=142", "evaluate.repeats=2"],
        ),
    ],
)
def test_one_process_gives_the_bits_that_the_stages_give(project, stage, shared, table, target, settings):
    project("data=csv", f"data.path={shared / table}", f"data.target={target}", *settings)
    params = config.load()
    for module in (ingest_stage, split_stage, preprocess_stage):
        stage(module)
    for name in params.variants:
        for module in (resample_stage, train_stage, evaluate_stage):
            stage(module, name)
        made, folder = run.run(params, name), EVALUATE / name
        assert made.metrics == read_json(folder / "metrics.json")
        assert made.predictions.equals(read_table(folder / "predictions.parquet"))
        assert made.out_of_fold.equals(read_table(folder / "out_of_fold.parquet"))
        assert made.folds.equals(read_table(folder / "folds.parquet"))
