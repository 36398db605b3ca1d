import json
import shutil
import sys
from pathlib import Path

import pandas as pd
import pytest
from trained import judged, save_for_mlflow, scored, train

from pipeline.errors import InputError
from pipeline.files import read_json, write_json
from pipeline.tools import predict

VISITS = "shop,time,code,seen,member,buy\n" + "".join(
    f"{'north' if row % 3 else 'south'},{row % 7}.5,{'A1' if row % 4 else '007'},2020-01-{1 + row % 28:02d},"
    f"{'True' if row % 2 else 'False'},{'yes' if row % 5 == 0 else 'no'}\n"
    for row in range(100)
)


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


def test_test_rows_get_what_evaluate_gave_them(visits):
    predict.run(["variant=none", "data.path=new.csv"])
    found, expected = scored("data/predict/none.csv"), judged("none")
    assert found.raw_probability.tolist() == expected.probability.tolist()
    tuned = read_json(Path("data/evaluate/none/metrics.json"))["holdout"]["tuned"]
    assert (found.decision == "yes").tolist() == (expected.score >= tuned["threshold_score"]).tolist()


def test_only_an_earlier_output_is_replaced_unless_told_so(visits):
    given = ["variant=none", "data.path=new.csv", "to=out/scores.csv"]
    out = Path("out/scores.csv")
    for _ in range(2):
        predict.run(given)
    first = out.read_bytes()
    for content in (first + b"100,a note\n", b"", b"precious\n"):
        out.write_bytes(content)
        for more in ([], ["overwrite=false"]):
            with pytest.raises(InputError) as caught:
                predict.run([*given, *more])
            assert str(caught.value) == (
                "to=out/scores.csv: expected a new file, or an earlier output of `rebalance predict`, found another "
                "file. Choose another file, or replace this one with overwrite=true."
            )
            assert out.read_bytes() == content
    predict.run([*given, "overwrite=true"])
    predict.run(given)
    assert out.read_bytes() == first
    Path("copy.csv").write_bytes(first)  # nobody but its owner knows whether it's needed
    with pytest.raises(InputError, match="found another file"):
        predict.run([*given[:2], "to=copy.csv"])
    Path("folder.csv").mkdir()
    with pytest.raises(InputError, match=r"^to=folder.csv: expected a file that ends in .csv"):
        predict.run([*given[:2], "to=folder.csv", "overwrite=true"])
    predict.run(given[:2])
    Path("data/predict/none.csv").write_text("by hand")  # a folder of the command's own
    predict.run(given[:2])
    assert Path("data/predict/none.csv").read_bytes() == first


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
    assert found.columns.tolist() == ["probability", "raw_probability", "score", "decision"]
    assert found.index.tolist() == list(range(30))
    assert set(found.decision) == {"yes", "no"}


def test_unseen_levels_missing_values_and_a_single_row_are_scored_and_reported(visits, capsys):
    Path("one.csv").write_text("seen,code,member,shop,time\n2021-05-01,007,True,west,\n")
    capsys.readouterr()
    predict.run(["variant=none", "data.path=one.csv"])
    said = capsys.readouterr().out
    assert "none: missing values, filled in as in training: time (1)\n" in said
    assert "none: shop: levels not seen in training, treated as `rare` or as no level: 'west' (1)\n" in said
    assert "code:" not in said
    assert len(scored("data/predict/none.csv")) == 1


def test_without_folds_one_half_decides_and_the_class_proportions_correct(empty, capsys):
    Path("visits.csv").write_text(VISITS)
    train(Path("visits.csv"), "class_weight", "evaluate.folds=0", target="buy")
    capsys.readouterr()
    predict.run(["variant=class_weight", "data.path=new.csv"])
    said = capsys.readouterr().out
    assert "where raw_probability is at least 0.5, since no threshold was tuned\n" in said
    assert "prior-corrected; raw_probability" in said
    found = scored("data/predict/class_weight.csv")
    assert (found.decision == "yes").tolist() == (found.raw_probability >= 0.5).tolist()
    odds, raw_odds = (p / (1 - p) for p in (found.probability, found.raw_probability))
    assert (odds / raw_odds).tolist() == pytest.approx([0.25] * 30)  # a fifth are positive, trained as half


def test_each_of_three_classes_has_its_probability_and_the_class_weights_decide(empty, capsys):
    size = ["small", "small", "small", "medium", "large"]
    rows = [f"{row % 5 + row / 50:.2f},{size[row % 5]}" for row in range(100)]
    Path("shirts.csv").write_text("\n".join(["chest,size", *rows]) + "\n")
    train(Path("shirts.csv"), "none", target="size")
    capsys.readouterr()
    predict.run(["variant=none", "data.path=new.csv"])
    found, expected = scored("data/predict/none.csv"), judged("none")
    forms = ("probability", "raw_probability", "score")
    assert list(found) == [*(f"{form}_{name}" for form in forms for name in sorted(set(size))), "decision"]
    for code, name in enumerate(sorted(set(size))):
        assert found[f"raw_probability_{name}"].tolist() == expected[f"probability_{code}"].tolist()
    counts = found.decision.value_counts()
    predicted = ", ".join(f"{counts.get(name, 0)} predicted {name!r}" for name in sorted(set(size)))
    assert f"none: 30 rows: {predicted}, with class weights\n" in capsys.readouterr().out


def test_everything_wrong_is_refused_at_once_and_nothing_written(visits):
    Path("bad.csv").write_text("time,code,seen,member\ntall,007,soon,True\ninf,A1,2020-01-01,maybe\n")
    with pytest.raises(InputError) as caught:
        predict.run(["variant=none", "data.path=bad.csv"])
    assert caught.value.problems == [
        "bad.csv: the table has no column 'shop', which the model needs. Add it.",
        "bad.csv: column 'time', line 2: expected numbers, found 'tall'. Correct or empty these cells.",
        "bad.csv: column 'seen', line 2: expected dates, found 'soon'. Correct or empty these cells.",
        "bad.csv: column 'member', line 3: expected true or false, yes or no, 1 or 0, found 'maybe'. "
        "Correct or empty these cells.",
    ]
    assert not Path("data/predict").exists()


def test_misread_numbers_of_a_feature_are_refused_with_a_fix_that_works(visits):
    Path("bad.csv").write_text('shop,time,code,seen,member\nnorth,"1,234",A1,2020-01-01,True\n')
    with pytest.raises(InputError, match=r"line 2: expected a number, found '1,234', which .* thousands separators\.$"):
        predict.run(["variant=none", "data.path=bad.csv"])


def test_the_verdict_s_variant_is_the_one_when_none_is_named(visits):
    sha256 = read_json(Path("data/ingest/schema.json"))["sha256"]
    named = {"variant": "none", "sentence": "Keep.", "table": {"sha256": sha256}}
    file = Path("reports/verdict.json")
    file.write_text(json.dumps(named))
    predict.run(["data.path=new.csv"])
    assert Path("data/predict/none.csv").is_file()
    file.write_text(json.dumps({**named, "variant": None, "sentence": "No verdict: no folds."}))
    with pytest.raises(InputError, match=r"No verdict: no folds. Choose a variant with variant=NAME"):
        predict.run(["data.path=new.csv"])
    file.write_text(json.dumps({**named, "table": {"sha256": "0" * 64}}))
    with pytest.raises(InputError, match="this verdict is for a different table"):
        predict.run(["data.path=new.csv"])


REFUSED = {
    "": "expected a table to score, found none",
    "data.path=new.csv varian=none": "expected variant=..., data.path=..., to=..., overwrite=..., found 'varian=none'",
    "new.csv": "found 'new.csv'",
    "data.path=": "found 'data.path='",
    "data.path=new.csv variant=non": "variant=non: this variant isn't trained; did you mean 'none'?",
    "data.path=gone.csv variant=none": "gone.csv: no such file",
    "data.path=new.csv variant=none to=new.csv": "expected a file that ends in .csv, and not the table itself",
    "data.path=new.csv variant=none overwrite=yes": "overwrite: expected true or false, found 'yes'.",
    "data.path=new.csv variant=none to=new.parquet": "a file that ends in .csv",
}


def test_a_guarantee_that_was_asked_for_is_reported(visits, capsys):
    file = Path("data/evaluate/none/metrics.json")
    held = {"metric": "recall", "floor": 0.9, "confidence": 0.95, "certified": True, "trials": 70, "needed": 29}
    predict.run(["variant=none", "data.path=new.csv"])
    assert "out-of-fold rows" not in capsys.readouterr().out
    write_json(file, {**read_json(file), "guarantee": held})
    predict.run(["variant=none", "data.path=new.csv"])
    assert (
        "none: On new rows that are ranked like the out-of-fold rows, t* has a recall of at least 0.9 with 95% "
        "confidence.\n" in capsys.readouterr().out
    )


def test_what_cannot_be_asked_is_refused(visits):
    for words, message in REFUSED.items():
        with pytest.raises(InputError) as caught:
            predict.run(words.split())
        assert message in str(caught.value)


def test_nothing_trained_is_refused(empty):
    with pytest.raises(InputError, match="run `dvc repro`"):
        predict.run(["data.path=new.csv"])


def test_mlflow_s_model_refuses_in_the_same_words(visits, monkeypatch):
    import mlflow.sklearn

    monkeypatch.setattr(sys, "path", sys.path)
    save_for_mlflow("none")
    rows = pd.read_csv("new.csv").assign(time="tall")
    with pytest.raises(InputError, match="column 'time', lines 2, .*: expected numbers, found 'tall', 'tall', 'tall'"):
        mlflow.sklearn.load_model("model").predict(rows)


def test_a_file_that_cannot_be_written_is_refused_in_one_line(visits):
    Path("taken").write_text("", encoding="utf-8")
    with pytest.raises(
        InputError, match=r"^to=taken/scores.csv: the file can't be written \(.*\). Choose another file.$"
    ):
        predict.run(["data.path=new.csv", "variant=none", "to=taken/scores.csv"])


def test_a_damaged_list_of_outputs_counts_as_none(visits):
    predict.run(["data.path=new.csv", "variant=none", "to=scores.csv"])
    predict.WRITTEN.write_text("{", encoding="utf-8")
    with pytest.raises(InputError, match="found another file"):
        predict.run(["data.path=new.csv", "variant=none", "to=scores.csv"])
    assert predict.run(["data.path=new.csv", "variant=none", "to=scores.csv", "overwrite=true"]) == 0
