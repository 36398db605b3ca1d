import pandas as pd
import pytest

from pipeline import config
from pipeline.fit import run
from pipeline.sweep import results, summary


def rows(*runs):
    columns = ["configuration", "variant", "data", "data_sha256", "swept.seed", "average_precision"]
    return pd.DataFrame(runs, columns=columns)


def test_gains_are_over_the_baseline_with_the_same_seed():
    runs = rows(
        ("none", "none", "a", "0", "1", 0.5),
        ("none", "none", "a", "0", "2", 0.7),
        ("smote", "smote", "a", "0", "1", 0.6),
        ("smote", "smote", "a", "0", "2", 0.7),
    )
    for key in (*summary.DECISIONS, *summary.RANKING):
        if key not in runs:
            runs[key] = 0.5
    sweep = results.Sweep("a", "c", {"variant": ["none", "smote"], "seed": ["1", "2"]}, None, {}, [])
    summed = summary.summarize(sweep, runs, {})
    (block,) = summed["tables"]
    baseline, smote = block["configurations"]
    gain = smote["figures"]["average_precision_gain"]
    assert gain == pytest.approx({"mean": 0.05, "low": 0.0, "high": 0.1, "defined": 2})
    average_precision = baseline["figures"]["average_precision"]
    assert average_precision == pytest.approx({"mean": 0.6, "low": 0.5, "high": 0.7, "defined": 2})
    assert "+0.050" in summary.markdown(summed)


def test_a_mean_of_some_runs_shows_of_how_many():
    figure = summary.spread(pd.Series([0.5, None, None]))
    assert figure == {"mean": 0.5, "low": 0.5, "high": 0.5, "defined": 1}
    assert summary._mean(figure, 3) == "0.500 (1 of 3 runs)"
    assert summary._mean(figure, 1) == "0.500"


def test_without_the_baseline_there_is_no_gain():
    runs = rows(("smote", "smote", "a", "0", "1", 0.6))
    assert summary._gains(runs, ["seed"]).isna().all()
    assert summary._gains(runs, []).isna().all()


def test_tables_with_one_name_are_distinguished(planned, tmp_path):
    for name, size in (("a", 40), ("b", 50)):
        table = pd.DataFrame({"x": range(size), "y": [0] * (size - 10) + [1] * 10})
        table.to_csv(tmp_path / f"{name}.csv", index=False)
    paths = f"data.path={tmp_path / 'a.csv'},{tmp_path / 'b.csv'}"
    runs = planned("data=csv", paths, "data.target=y", "evaluate.folds=0")
    made = run.run(config.Config.model_validate(runs[0].settings), "none").metrics
    found = summary.frame(runs, {one.id: made for one in runs})
    assert list(found.data) == [f"a {runs[0].data_sha256[:8]}", f"b {runs[1].data_sha256[:8]}"]


def test_several_classes_are_summed_up_by_macro_recall():
    several = pd.DataFrame({"default_macro_f1": [0.5], "default_balanced_accuracy": [0.6]})
    assert list(summary.decisions(several)) == ["default_balanced_accuracy", "tuned_balanced_accuracy"]
    two = pd.DataFrame({"default_balanced_accuracy": [0.6]})
    assert summary.decisions(two) == summary.DECISIONS
