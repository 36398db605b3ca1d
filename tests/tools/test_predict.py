import gzip
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from pipeline import compose, evaluate, ingest, preprocess, resample, split
from pipeline import train as train_stage
from pipeline.errors import InputError
from pipeline.files import read_json, read_model, read_table
from pipeline.tools import predict
from pipeline.tracking import log, runs, scoring

ROOT = Path(__file__).parents[2]
QUICK = ("evaluate.repeats=1", "evaluate.folds=2", "model.tune=false")
VISITS = "shop,time,code,seen,member,buy\n" + "".join(
    f"{'north' if row % 3 else 'south'},{row % 7}.5,{'A1' if row % 4 else '007'},2020-01-{1 + row % 28:02d},"
    f"{'True' if row % 2 else 'False'},{'yes' if row % 5 == 0 else 'no'}\n"
    for row in range(100)
)


def train(path, variant, *overrides, target="target"):
    """Trains one variant on a table, in the current folder, and writes the test rows of its file to new.csv."""
    how = ("data=csv", f"data.path={path}", f"data.target={target}", *QUICK, *overrides)
    with pytest.MonkeyPatch.context() as patch:
        folder = Path.cwd()
        patch.chdir(ROOT)
        text = compose.compose(list(how))
        patch.chdir(folder)
        Path("params.yaml").write_text(text, encoding="utf-8")
        for module in (ingest, split, preprocess, resample, train_stage, evaluate):
            of_variant = module in (resample, train_stage, evaluate)
            patch.setattr(sys, "argv", [module.__name__, *([variant] if of_variant else [])])
            module.main()
    text = gzip.decompress(path.read_bytes()).decode() if path.suffix == ".gz" else path.read_text()
    header, *rows = text.splitlines()
    Path("new.csv").write_text("\n".join([header, *(rows[row] for row in judged(variant).index)]) + "\n")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A folder where the baseline is trained on the visits."""
    folder = tmp_path_factory.mktemp("made")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        (folder / "visits.csv").write_text(VISITS)
        train(folder / "visits.csv", "none", target="buy")
    return folder


@pytest.fixture
def empty(tmp_path, monkeypatch):
    """Goes to an empty folder."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def visits(made, tmp_path, monkeypatch):
    """Goes to a copy of `made` of the test's own."""
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)


def judged(variant):
    """What evaluate said of the test rows."""
    return read_table(Path("data/evaluate", variant, "predictions.parquet"))


def scored(file, **types):
    return pd.read_csv(file, index_col="row_id", dtype=types)


@pytest.mark.parametrize(
    ("name", "variant", "overrides"),
    [
        ("bank_small.csv", "smote", ()),
        ("thyroid_sick.csv", "none", ("data.drop=[TBG]",)),
        ("abalone_19.csv", "class_weight", ()),
        ("mammography.csv", "random_over", ()),
        ("us_crime.csv.gz", "none", ("preprocess=standard",)),
    ],
)
def test_test_rows_get_what_evaluate_gave_them(empty, shared, name, variant, overrides):
    train(shared / name, variant, *overrides)
    predict.run([f"variant={variant}", "data.path=new.csv"])
    found, expected = scored(f"data/predict/{variant}.csv"), judged(variant)
    assert found.raw_probability.tolist() == expected.probability.tolist()
    metrics = read_json(Path("data/evaluate", variant, "metrics.json"))
    assert (found.decision == 1).tolist() == (expected.probability >= metrics["holdout"]["tuned"]["threshold"]).tolist()
    tuned = metrics["holdout"]["tuned"]
    assert ((found.decision == 1) & (expected.y == 1).to_numpy()).sum() == tuned["tp"]
    measured = metrics["probabilities"]["platt"]["predicted_over_observed"]
    assert found.probability.mean() / expected.y.mean() == pytest.approx(measured, rel=1e-12)


def test_the_article_s_integers_get_what_evaluate_gave_them(empty, shared):
    train(shared / "sales_data.csv", "smote", "preprocess=none", "data.integers=true", target="buy")
    predict.run(["variant=smote", "data.path=new.csv"])
    assert scored("data/predict/smote.csv").raw_probability.tolist() == judged("smote").probability.tolist()


def test_shuffled_columns_and_others_beside_them_change_nothing(visits, capsys):
    predict.run(["variant=none", "data.path=new.csv"])
    rows = pd.read_csv("new.csv", dtype="str")
    rows[rows.columns[::-1]].drop(columns="buy").assign(price="1,234").to_csv("moved.csv", index=False)
    capsys.readouterr()
    predict.run(["variant=none", "data.path=moved.csv", "to=out/moved.csv"])
    assert Path("out/moved.csv").read_bytes() == Path("data/predict/none.csv").read_bytes()
    assert "none: columns not used: price\n" in capsys.readouterr().out


def test_labels_are_the_table_s_own_and_rows_are_numbered(visits):
    predict.run(["variant=none", "data.path=new.csv"])
    found = scored("data/predict/none.csv")
    assert found.columns.tolist() == ["probability", "raw_probability", "decision"]
    assert found.index.tolist() == list(range(30))
    assert set(found.decision) == {"yes", "no"}


def test_unseen_levels_missing_values_and_a_single_row_are_scored_and_reported(visits, capsys):
    Path("one.csv").write_text("seen,code,member,shop,time\n2021-05-01,007,True,west,\n")
    capsys.readouterr()
    predict.run(["variant=none", "data.path=one.csv"])
    said = capsys.readouterr().out
    assert "none: missing values, filled in as in training: time (1)\n" in said
    assert "none: shop: levels not seen in training, treated as rare ones or as none: 'west' (1)\n" in said
    assert "code:" not in said
    assert len(scored("data/predict/none.csv")) == 1


def test_without_folds_one_half_decides_and_the_class_proportions_correct(empty, capsys):
    Path("visits.csv").write_text(VISITS)
    train(Path("visits.csv"), "class_weight", "evaluate.folds=0", target="buy")
    capsys.readouterr()
    predict.run(["variant=class_weight", "data.path=new.csv"])
    said = capsys.readouterr().out
    assert "at a raw probability of at least 0.5, since no threshold was tuned\n" in said
    assert "corrected for the class proportions; raw_probability" in said
    found = scored("data/predict/class_weight.csv")
    assert (found.decision == "yes").tolist() == (found.raw_probability >= 0.5).tolist()
    odds, raw_odds = (p / (1 - p) for p in (found.probability, found.raw_probability))
    assert (odds / raw_odds).tolist() == pytest.approx([0.25] * 30)  # a fifth are positive, trained as half


def test_everything_wrong_is_refused_at_once_and_nothing_written(visits):
    Path("bad.csv").write_text("time,code,seen,member\ntall,007,soon,True\ninf,A1,2020-01-01,maybe\n")
    with pytest.raises(InputError) as caught:
        predict.run(["variant=none", "data.path=bad.csv"])
    assert caught.value.problems == [
        "bad.csv: column 'shop', which the model was trained with, is not there",
        "bad.csv: column 'time': expected numbers, found 'tall' in line 2: correct or empty these cells",
        "bad.csv: column 'seen': expected dates, found 'soon' in line 2: correct or empty these cells",
        "bad.csv: column 'member': expected true or false, yes or no, 1 or 0, found 'maybe' in line 3: "
        "correct or empty these cells",
    ]
    assert not Path("data/predict").exists()


def test_misread_numbers_of_a_feature_are_refused_with_a_fix_that_works(visits):
    Path("bad.csv").write_text('shop,time,code,seen,member\nnorth,"1,234.5",A1,2020-01-01,True\n')
    with pytest.raises(InputError, match=r"found '1,234.5' in line 2: .* without thousands separators$"):
        predict.run(["variant=none", "data.path=bad.csv"])


def test_the_verdict_s_variant_is_the_one_when_none_is_named(visits):
    sha256 = read_json(Path("data/ingest/schema.json"))["sha256"]
    named = {"variant": "none", "sentence": "Keep.", "table": {"sha256": sha256}}
    file = Path("reports/verdict.json")
    file.write_text(json.dumps(named))
    predict.run(["data.path=new.csv"])
    assert Path("data/predict/none.csv").is_file()
    file.write_text(json.dumps({**named, "variant": None, "sentence": "No verdict: no folds."}))
    with pytest.raises(InputError, match=r"No verdict: no folds: name a variant with variant=NAME"):
        predict.run(["data.path=new.csv"])
    file.write_text(json.dumps({**named, "table": {"sha256": "0" * 64}}))
    with pytest.raises(InputError, match="the verdict is about another table"):
        predict.run(["data.path=new.csv"])


REFUSED = {
    "": "expected a table to score, found none",
    "data.path=new.csv varian=none": "expected variant=..., data.path=..., to=..., found 'varian=none'",
    "new.csv": "found 'new.csv'",
    "data.path=": "found 'data.path='",
    "data.path=new.csv variant=non": "variant=non: no such variant is trained here; nearest: 'none'",
    "data.path=gone.csv variant=none": "gone.csv: no such file",
    "data.path=new.csv variant=none to=new.csv": "expected another file than the table",
    "data.path=new.csv variant=none to=new.parquet": "one that ends in .csv",
}


def test_what_cannot_be_asked_is_refused(visits):
    for words, message in REFUSED.items():
        with pytest.raises(InputError) as caught:
            predict.run(words.split())
        assert message in str(caught.value)


def test_nothing_trained_is_refused(empty):
    with pytest.raises(InputError, match="run `dvc repro`"):
        predict.run(["data.path=new.csv"])


def as_mlflow(variant):
    """Writes the variant's model as MLflow has it."""
    schema = read_json(Path("data/ingest/schema.json"))
    X = read_table(Path("data/split/train.parquet")).drop(columns=schema["target"])
    example = scoring.spelled(X.head(5).reset_index(drop=True), schema["declaration"])
    log.save_model(runs.Model(predict.load(variant, schema), example), Path("model"))


def test_mlflow_s_model_gives_the_same_predictions(empty, shared, monkeypatch):
    import mlflow.pyfunc

    monkeypatch.setattr(sys, "path", sys.path)  # MLflow puts the model's code before it, and leaves it there
    train(shared / "thyroid_sick.csv", "smote", "data.drop=[TBG]")
    predict.run(["variant=smote", "data.path=new.csv"])
    as_mlflow("smote")
    model = mlflow.pyfunc.load_model("model")
    found = model.predict(pd.read_csv("new.csv").rename_axis("row_id"))
    pd.testing.assert_frame_equal(found, scored("data/predict/smote.csv"), check_exact=True)
    assert len(model.predict(model.input_example)) == 5
    assert isinstance(read_model(Path("model/model.skops")), scoring.Scorer)


def test_mlflow_s_model_refuses_in_the_same_words(visits, monkeypatch):
    import mlflow.pyfunc

    monkeypatch.setattr(sys, "path", sys.path)
    as_mlflow("none")
    rows = pd.read_csv("new.csv").assign(time="tall")
    with pytest.raises(InputError, match="column 'time': expected numbers, found 'tall', 'tall', 'tall' in lines 2"):
        mlflow.pyfunc.load_model("model").predict(rows)


@pytest.mark.slow
@pytest.mark.parametrize("form", ["csv", "json"])
def test_mlflow_models_predict_gives_the_same_predictions(empty, shared, form):
    train(shared / "bank_small.csv", "smote")
    predict.run(["variant=smote", "data.path=new.csv"])
    as_mlflow("smote")
    rows = pd.read_csv("new.csv")
    whole = {"columns": list(rows), "data": rows.astype(object).to_numpy().tolist()}
    Path("new.json").write_text(json.dumps({"dataframe_split": whole}))
    command = ["mlflow", "models", "predict", "-m", "model", "-i", f"new.{form}", "-t", form, "-o", "out.json"]
    # Elsewhere, with the modules that came with the model, and no store.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    subprocess.run(
        [sys.executable, "-m", *command, "--env-manager", "local"],
        env={**environment, "MLFLOW_TRACKING_URI": "sqlite:///unused.db", "DO_NOT_TRACK": "true"},
        check=True,
        capture_output=True,
        timeout=300,
    )
    found = pd.DataFrame(read_json(Path("out.json"))["predictions"])
    pd.testing.assert_frame_equal(found, scored("data/predict/smote.csv").reset_index(drop=True), check_exact=True)
