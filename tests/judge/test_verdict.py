import json
from pathlib import Path

import jsonschema
import numpy as np
import pandas as pd
import pytest

from pipeline import cli
from pipeline.errors import InputError
from pipeline.judge import verdict
from pipeline.judge.action import judge
from pipeline.tools import verdict as shown

ROOT = Path(__file__).parents[2]
TABLE = {"name": "visits", "target": "buy", "classes": {"no": 9, "yes": 1}}
SCHEMA = json.loads((Path(verdict.__file__).parent / "verdict.schema.json").read_text(encoding="utf-8"))


def folds(mean, *, noise=0.0, seed=0, number=5, repeats=10):
    grid = [(repeat, fold) for repeat in range(repeats) for fold in range(number)]
    wobble = np.random.default_rng(seed).normal(0, 1, len(grid))
    rows = pd.DataFrame(grid, columns=["repeat", "fold"]).assign(rows=20, training_rows=20 * (number - 1))
    return rows.assign(average_precision=mean + 0.05 * np.sin(np.arange(len(grid))) + noise * wobble)


def judged(**methods):
    everything = {"none": folds(0.6), **methods}
    return judge(
        everything,
        thresholds={name: 0.1 * place for place, name in enumerate(everything, start=1)},
        primary="average_precision",
        rope=0.01,
        alpha=0.05,
    )


def calls(said):
    return {method["variant"]: method["call"] for method in said["methods"]}


def test_a_clear_gain_says_rebalance_with_its_threshold_and_interval():
    said = judged(smote=folds(0.7, noise=0.01))
    assert (said["action"], said["variant"], said["threshold"]) == ("rebalance", "smote", 0.2)
    assert calls(said) == {"smote": "BETTER"}
    (method,) = said["methods"]
    assert method["low"] < 0.1 < method["high"]
    assert said["sentence"].startswith(
        "Rebalance with smote, with its threshold at 0.200 instead of 0.5: over the folds"
    )


def test_a_method_that_is_none_is_equivalent_and_the_baseline_is_kept():
    said = judged(same=folds(0.6))
    assert calls(said) == {"same": "EQUIVALENT"}
    assert (said["action"], said["variant"], said["threshold"]) == ("keep", "none", 0.1)
    assert "is practically equivalent" in said["sentence"]


def test_a_clear_loss_keeps_the_baseline():
    said = judged(smote=folds(0.4, noise=0.01))
    assert calls(said) == {"smote": "WORSE"}
    assert said["action"] == "keep"
    assert "is worse" in said["sentence"]


def test_a_method_that_is_worse_on_average_but_may_be_better_leaves_it_undecided():
    said = judged(same=folds(0.6), smote=folds(0.58, noise=0.08))
    assert calls(said) == {"same": "EQUIVALENT", "smote": "INCONCLUSIVE"}
    same, smote = said["methods"]
    assert smote["mean"] < same["mean"] == 0
    assert smote["better"] > 0.05
    assert (said["action"], said["variant"], said["confidence"]) == ("undecided", "none", None)
    assert said["sentence"].startswith(
        "Undecided: over the folds, the method most likely to be better, smote, changes average precision by -0.0"
    )
    assert said["leading"] == "smote"
    # Also where the best on average is undecided, and hardly better.
    among = judged(close=folds(0.592, noise=0.02, seed=1), smote=folds(0.58, noise=0.08))
    assert calls(among) == {"close": "INCONCLUSIVE", "smote": "INCONCLUSIVE"}
    assert among["methods"][0]["mean"] > among["methods"][1]["mean"]
    assert (among["action"], among["leading"]) == ("undecided", "smote")
    alone = judged(smote=folds(0.58, noise=0.08))
    # Of smote, and of one among two.
    assert said["minimum_detectable_difference"] > alone["minimum_detectable_difference"] > 0


def test_a_method_that_is_hardly_better_keeps_the_baseline_however_undecided_how_much_worse_it_is():
    said = judged(same=folds(0.6), smote=folds(0.56, noise=0.05))
    assert calls(said) == {"same": "EQUIVALENT", "smote": "INCONCLUSIVE"}
    same, smote = said["methods"]
    assert 0 < same["better"] + smote["better"] < 0.05
    assert (said["action"], said["leading"]) == ("keep", "same")
    assert said["confidence"] == 1 - smote["better"] < 1 - same["better"]


def test_the_minimum_detectable_difference_is_of_the_method_that_is_named():
    few = {"class_weight": folds(0.7, noise=0.01), "smote": folds(0.71, noise=0.1, seed=3)}
    said = judged(**few)
    assert calls(said)["class_weight"] == "BETTER"
    assert said["leading"] == "class_weight"
    assert (
        said["minimum_detectable_difference"]
        == judged(a=few["class_weight"], b=folds(0.6))["minimum_detectable_difference"]
    )


def test_noise_is_undecided_and_comes_with_the_minimum_detectable_difference():
    said = judged(smote=folds(0.62, noise=0.08))
    assert calls(said) == {"smote": "INCONCLUSIVE"}
    assert said["action"] == "undecided"
    assert (
        f"The minimum detectable difference on this table is {said['minimum_detectable_difference']:.3f}"
        in said["sentence"]
    )


def test_the_simplest_of_equally_better_methods_is_named():
    said = judged(smote=folds(0.7, noise=0.01), class_weight=folds(0.7, noise=0.01, seed=1))
    assert set(calls(said).values()) == {"BETTER"}
    assert said["variant"] == "class_weight"


def test_a_simpler_method_that_another_beats_is_not_named():
    said = judged(class_weight=folds(0.65, noise=0.005), smote=folds(0.75, noise=0.005, seed=1))
    assert set(calls(said).values()) == {"BETTER"}
    assert said["variant"] == "smote"


def test_many_methods_make_it_harder_for_each():
    noisy = folds(0.65, noise=0.055, seed=4)
    alone = judged(smote=noisy)
    among = judged(smote=noisy, **{f"v{seed}": folds(0.6, noise=0.1, seed=seed) for seed in range(10, 25)})
    p_alone, p_among = (said["methods"][0]["p_holm"] for said in (alone, among))
    assert p_among == pytest.approx(min(1, 16 * p_alone))


@pytest.mark.parametrize(
    ("everything", "reason"),
    [
        ({"smote": folds(0.6)}, "the baseline, variant 'none', is missing"),
        ({"none": folds(0.6)}, "there is no method"),
        (
            {"none": None, "smote": None},
            "they are off, or the rarest class has too few training rows for two folds of 5",
        ),
        (
            {"none": folds(0.6), "smote": folds(0.6).assign(average_precision=[None, *[0.5] * 49])},
            "the metric is undefined in 1 fold, because a class is missing",
        ),
    ],
)
def test_what_cannot_be_judged_says_so(everything, reason):
    how = {"primary": "average_precision", "rope": 0.01, "alpha": 0.05}
    said = judge(everything, thresholds=dict.fromkeys(everything), **how)
    assert said["action"] == "invalid"
    assert reason in said["sentence"]


@pytest.mark.parametrize(
    ("mean", "noise", "status"), [(0.6, 0.0, 0), (0.4, 0.01, 0), (0.7, 0.01, 10), (0.62, 0.08, 20)]
)
def test_the_exit_status_says_what_to_do(mean, noise, status, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("reports").mkdir()
    known = {"schema_version": verdict.SCHEMA_VERSION, "caveats": [], "table": TABLE}
    said = {**known, **judged(smote=folds(mean, noise=noise))}
    verdict.FILE.write_text(json.dumps(said), encoding="utf-8")
    assert shown.run() == status
    table, _, first, _, heading, names, row = capsys.readouterr().out.splitlines()
    assert table == "visits: 10 rows, target 'buy'"
    assert first == said["sentence"]
    assert heading == "Gain in average precision over the baseline:"
    assert names.split("  ")[0] == "method"
    assert row.split()[:2] == ["smote", said["methods"][0]["call"]]


def test_a_file_that_is_no_verdict_is_refused(tmp_path):
    file = tmp_path / "verdict.json"
    file.write_text("{}", encoding="utf-8")
    with pytest.raises(InputError, match="expected a verdict of schema version 3"):
        shown.run(file)
    file.write_text("seed: 42\n", encoding="utf-8")
    with pytest.raises(InputError, match="expected a verdict in JSON"):
        shown.run(file)
    with pytest.raises(InputError, match=r"no such file\. Correct the path"):
        shown.run(tmp_path / "verdit.json")


def test_the_whole_verdict_fits_its_schema(said):
    jsonschema.validate(said, SCHEMA)
    assert len(said["reasons"]) == 4
    assert said["methods"][0]["same_decisions"]["threshold"] is not None


def test_a_loss_is_a_gain_where_it_is_lower():
    plain = folds(0.6).rename(columns={"average_precision": "recalibrated_log_loss"})
    lower = folds(0.5, noise=0.01).rename(columns={"average_precision": "recalibrated_log_loss"})
    how = {"primary": "log_loss", "rope": 0.01, "alpha": 0.05}
    said = judge({"none": plain, "smote": lower}, thresholds={"none": 0.1, "smote": 0.2}, **how)
    assert said["action"] == "rebalance"
    assert said["methods"][0]["mean"] == pytest.approx(0.1, abs=0.01)
    assert said["methods"][0]["mean_primary"] == pytest.approx(0.5, abs=0.01)
    assert said["reference"] == pytest.approx(0.6, abs=0.01)
    assert "changes recalibrated log loss by -0.099" in said["sentence"]


def test_confidence_is_the_probability_that_the_action_is_right():
    better, same = judged(smote=folds(0.7, noise=0.01)), judged(smote=folds(0.6))
    assert better["confidence"] == better["methods"][0]["better"] > 0.99
    assert same["confidence"] == 1 - same["methods"][0]["better"] == 1.0
    assert judged(smote=folds(0.62, noise=0.08))["confidence"] is None


def test_samplers_are_tested_against_weights_too():
    said = judged(smote=folds(0.7, noise=0.01), class_weight=folds(0.7, noise=0.01))
    smote, weights = said["methods"]
    assert weights["against_class_weight"] is None
    assert smote["against_class_weight"]["mean"] == pytest.approx(0, abs=1e-12)


def test_a_failed_variant_forbids_a_verdict():
    how = {"primary": "average_precision", "rope": 0.01, "alpha": 0.05, "thresholds": {"none": 0.1, "other": 0.1}}
    there = {"none": folds(0.6), "other": folds(0.7, noise=0.01)}
    said = judge(there, failed={"smote": "too few rows"}, **how)
    assert (said["action"], said["sentence"]) == ("invalid", "No verdict: smote has no result: too few rows.")
    assert said["failed"] == {"smote": "too few rows"}
    many = judge(there, failed=dict.fromkeys("abcde", "not made yet"), **how)
    assert many["sentence"].endswith("c has no result: not made yet; and 2 more.")


def test_no_verdict_and_bad_input_have_exit_statuses_of_their_own(tmp_path, monkeypatch, capsys):
    file, how = tmp_path / "verdict.json", {"primary": "average_precision", "rope": 0.01, "alpha": 0.05, "leaked": 3}
    said = judge({"none": folds(0.6), "smote": folds(0.6)}, thresholds={"none": 0.1, "smote": 0.1}, **how)
    said |= {"schema_version": verdict.SCHEMA_VERSION, "caveats": [], "table": TABLE}
    file.write_text(json.dumps(said), encoding="utf-8")
    statuses = []
    for each in (file, tmp_path / "none.json"):
        with pytest.raises(SystemExit) as left:
            cli.main(["verdict", str(each)])
        statuses.append(left.value.code)
    assert statuses == [30, 2]
    printed = capsys.readouterr().out
    assert printed.startswith("visits: 10 rows, target 'buy'\n\nNo verdict: ")
    assert "3 rows are in both train and test" in printed
