import json
from dataclasses import replace
from pathlib import Path

import jsonschema
import numpy as np
import pandas as pd
import pytest
from scipy.stats import t as student_t
from visitors import with_recall_floor

from pipeline import cli
from pipeline.errors import InputError
from pipeline.judge import verdict
from pipeline.judge.action import judge
from pipeline.judge.comparison import compare
from pipeline.judge.sentences import tradeoff
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


def test_a_clear_gain_says_rebalance_with_its_threshold_and_bounds():
    said = judged(smote=folds(0.7, noise=0.01))
    assert (said["action"], said["evidence"]) == ("rebalance", "proven_better")
    assert (said["variant"], said["threshold"]) == ("smote", 0.2)
    assert calls(said) == {"smote": "BETTER"}
    (method,) = said["methods"]
    assert 0 < method["low"] < method["mean"] < method["high"]
    assert method["p_better"] < method["p"] < 0.05


def test_a_method_that_is_none_is_equivalent_and_the_baseline_is_kept():
    said = judged(same=folds(0.6))
    assert calls(said) == {"same": "EQUIVALENT"}
    assert (said["action"], said["evidence"]) == ("keep", "proven_not_better")
    assert (said["variant"], said["threshold"]) == ("none", 0.1)
    assert said["price"] == {"variant": "same", "regret": 0, "upper": 0}


def test_a_clear_loss_keeps_the_baseline():
    said = judged(smote=folds(0.4, noise=0.01))
    assert calls(said) == {"smote": "WORSE"}
    assert (said["action"], said["evidence"]) == ("keep", "proven_not_better")
    assert said["methods"][0]["high"] < 0


def test_a_method_that_is_worse_on_average_but_may_be_better_keeps_the_baseline_without_proof():
    said = judged(same=folds(0.6), smote=folds(0.58, noise=0.08))
    assert calls(said) == {"same": "EQUIVALENT", "smote": "INCONCLUSIVE"}
    same, smote = said["methods"]
    assert smote["mean"] < same["mean"] == 0
    assert smote["better"] > 0.05
    assert (said["action"], said["evidence"], said["variant"]) == ("keep", "inconclusive", "none")
    assert said["confidence"] is None
    assert said["leading"] == said["price"]["variant"] == "smote"
    assert said["price"]["upper"] == smote["high"]
    # Also where the best on average is shown not to be better.
    among = judged(close=folds(0.592, noise=0.02, seed=1), smote=folds(0.58, noise=0.08))
    assert calls(among) == {"close": "NOT BETTER", "smote": "INCONCLUSIVE"}
    assert among["methods"][0]["mean"] > among["methods"][1]["mean"]
    assert (among["evidence"], among["leading"]) == ("inconclusive", "smote")
    alone = judged(smote=folds(0.58, noise=0.08))
    # Of smote, and of one among two.
    assert said["minimum_detectable_difference"] > alone["minimum_detectable_difference"] > 0


def test_a_method_that_is_hardly_better_keeps_the_baseline_however_unsure_how_much_worse_it_is():
    said = judged(same=folds(0.6), smote=folds(0.56, noise=0.05))
    assert calls(said) == {"same": "EQUIVALENT", "smote": "NOT BETTER"}
    same, smote = said["methods"]
    assert 0 < same["better"] + smote["better"] < 0.05
    assert (said["evidence"], said["leading"]) == ("proven_not_better", "same")
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


def test_noise_keeps_the_baseline_and_names_the_price():
    said = judged(smote=folds(0.62, noise=0.08))
    assert calls(said) == {"smote": "INCONCLUSIVE"}
    assert (said["action"], said["evidence"]) == ("keep", "inconclusive")
    assert 0 < said["methods"][0]["mean"] < said["price"]["regret"] < said["price"]["upper"]


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
    for p in ("p_better_holm", "p_holm"):
        p_alone, p_among = (said["methods"][0][p] for said in (alone, among))
        assert p_among == pytest.approx(min(1, 16 * p_alone))


@pytest.mark.parametrize(
    ("everything", "reason"),
    [
        ({"smote": folds(0.6)}, "the baseline, variant 'none', is missing"),
        ({"none": folds(0.6)}, "there is no method to compare. Add one"),
        (
            {"none": None, "smote": None},
            "there are no folds, because they are off, or because the rarest class has too few training rows",
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
    assert (said["action"], said["evidence"], said["price"], said["methods"]) == ("none", None, None, [])
    assert said["sentence"].startswith(f"No verdict: {reason}")


def kept(said):
    """A verdict as a file has it, with what `judge` leaves to others."""
    return {
        "schema_version": verdict.SCHEMA_VERSION,
        "caveats": [],
        "to_settle": [],
        "models": None,
        "tradeoff": None,
        "table": TABLE,
        **said,
    }


@pytest.mark.parametrize(
    ("mean", "noise", "status", "gate"),
    [(0.6, 0.0, 0, 0), (0.4, 0.01, 0, 0), (0.7, 0.01, 10, 10), (0.62, 0.08, 20, 0)],
)
def test_the_exit_status_says_what_to_do(mean, noise, status, gate, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("reports").mkdir()
    said = kept(judged(smote=folds(mean, noise=noise)))
    verdict.FILE.write_text(json.dumps(said), encoding="utf-8")
    assert shown.run() == status
    table, *first, score, _, heading, names, row = capsys.readouterr().out.splitlines()
    assert table == "visits: 10 rows, target 'buy'"
    assert " ".join(first) == said["sentence"]
    assert score == "To score new rows: rebalance predict data.path=NEW.csv"
    assert heading == "Gain in average precision over the baseline, with 95% bounds:"
    assert names.split()[:3] == ["method", "result", "gain"]
    assert row.split()[:2] == ["smote", said["methods"][0]["call"]]
    assert shown.run(strict=False) == gate


def test_bounds_are_shown_as_adjusted_and_the_first_option_with_its_setting():
    said = kept(judged(a=folds(0.62, noise=0.08), b=folds(0.6, noise=0.08, seed=1)))
    option = {"kind": "repeats", "sentence": "Repeat them.", "setting": "evaluate.repeats=10"}
    said |= {"to_settle": [option, {**option, "sentence": "Or this."}], "caveats": ["One.", "Two."]}
    said |= {"tradeoff": "On the 9 test rows, it finds all."}
    lines = shown.lines(said)
    assert (
        "Gain in average precision over the baseline, with 95% bounds, the lower one adjusted for 2 methods:" in lines
    )
    assert "To settle it: Repeat them. Set evaluate.repeats=10." in lines
    assert "On the 9 test rows, it finds all." in lines
    assert "2 caveats in the report: read them first." in lines
    assert (
        lines.index(
            "Gain in average precision over the baseline, with 95% bounds, the lower one adjusted for 2 methods:"
        )
        <= 10
    )
    assert max(map(len, lines[:-1])) <= 110


def test_a_file_that_is_no_verdict_is_refused(tmp_path):
    file = tmp_path / "verdict.json"
    file.write_text("{}", encoding="utf-8")
    with pytest.raises(InputError, match="expected a verdict of schema version 6"):
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


def test_an_inconclusive_verdict_says_what_would_settle_it(evidence):
    # Two folds of two, twice; four of the sixteen visitors buy.
    unsure = evidence.folds["smote"].assign(average_precision=[0.92, 1.04, 1.0, 0.96])
    said = compare(replace(evidence, folds={**evidence.folds, "smote": unsure}))["verdict"]
    jsonschema.validate(said, SCHEMA)
    assert (said["action"], said["evidence"]) == ("keep", "inconclusive")
    (option,) = said["to_settle"]
    # .03 is .2208 of t[.95] 2.3534 errors of sqrt(.002667 (1 / 4 + 1)): 4 / .2208^2 is 82.05.
    assert option["sentence"].startswith("Collect more positives: about 83 instead of 4 would show that no method")
    turned = replace(evidence, table={**evidence.table, "classes": {"negative": 3, "positive": 13}})
    said = compare(replace(turned, folds={**evidence.folds, "smote": unsure}))["verdict"]
    assert said["to_settle"][0]["sentence"].startswith("Collect more negatives: about 62 instead of 3")


def test_a_loss_is_a_gain_where_it_is_lower():
    plain = folds(0.6).rename(columns={"average_precision": "recalibrated_log_loss"})
    lower = folds(0.5, noise=0.01).rename(columns={"average_precision": "recalibrated_log_loss"})
    how = {"primary": "log_loss", "rope": 0.01, "alpha": 0.05}
    said = judge({"none": plain, "smote": lower}, thresholds={"none": 0.1, "smote": 0.2}, **how)
    assert said["action"] == "rebalance"
    assert said["methods"][0]["mean"] == pytest.approx(0.1, abs=0.01)
    assert said["methods"][0]["mean_primary"] == pytest.approx(0.5, abs=0.01)
    assert said["reference"] == pytest.approx(0.6, abs=0.01)
    assert "it lowers recalibrated log loss by 0.099 (at least 0.0" in said["sentence"]


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


def test_intervals_against_weights_are_adjusted_for_all_samplers():
    methods = {"smote": folds(0.62, noise=0.05), "class_weight": folds(0.61, noise=0.05, seed=1)}
    alone, among = judged(**methods), judged(**methods, other=folds(0.6, noise=0.05, seed=2))
    narrow, wide = (said["methods"][0]["against_class_weight"] for said in (alone, among))
    ratio = (wide["high"] - wide["mean"]) / (narrow["high"] - narrow["mean"])
    assert ratio == pytest.approx(student_t.ppf(1 - 0.05 / 4, 49) / student_t.ppf(1 - 0.05 / 2, 49))


def test_a_failed_variant_forbids_a_verdict():
    how = {"primary": "average_precision", "rope": 0.01, "alpha": 0.05, "thresholds": {"none": 0.1, "other": 0.1}}
    there = {"none": folds(0.6), "other": folds(0.7, noise=0.01)}
    said = judge(there, failed={"smote": "too few rows"}, **how)
    assert said["action"] == "none"
    assert said["sentence"] == (
        "No verdict: smote has no result: too few rows. Fix what failed, or leave it out, and run again."
    )
    assert said["failed"] == {"smote": "too few rows"}
    many = judge(there, failed=dict.fromkeys("abcde", "not made yet"), **how)
    assert "c has no result: not made yet; and 2 more. Fix what failed" in many["sentence"]


def test_no_verdict_and_bad_input_have_exit_statuses_of_their_own(tmp_path, monkeypatch, capsys):
    file, how = tmp_path / "verdict.json", {"primary": "average_precision", "rope": 0.01, "alpha": 0.05, "leaked": 3}
    said = judge({"none": folds(0.6), "smote": folds(0.6)}, thresholds={"none": 0.1, "smote": 0.1}, **how)
    file.write_text(json.dumps(kept(said)), encoding="utf-8")
    statuses = []
    for each in (file, tmp_path / "none.json"):
        with pytest.raises(SystemExit) as left:
            cli.main(["verdict", str(each)])
        statuses.append(left.value.code)
    assert statuses == [30, 2]
    printed = capsys.readouterr().out
    assert printed.startswith("visits: 10 rows, target 'buy'\nNo verdict: ")
    assert "3 rows are in both train and test" in printed


@pytest.mark.parametrize(("floor", "certified", "needed"), [(0.4, True, 4), (0.9, False, 29)])
def test_the_verdict_has_each_variant_s_guarantee(floor, certified, needed):
    said = compare(with_recall_floor(floor))["verdict"]
    jsonschema.validate(said, SCHEMA)
    held = {"metric": "recall", "floor": floor, "confidence": 0.95, "certified": certified}
    assert [each["guarantee"] for each in said["variants"]] == [{**held, "trials": 4, "needed": needed}] * 2
    assert "Clopper & Pearson" in said["sources"]["guarantee"]


@pytest.mark.parametrize(
    ("default", "tuned", "pays"),
    [
        ((3, 1), (15, 26), " It pays if a false negative costs more than about 2.1 false positives."),
        ((9, 40), (6, 10), " It pays if a false negative costs less than about 10 false positives."),
        ((3, 5), (3, 2), ""),
        ((3, 5), (4, 5), ""),
    ],
)
def test_the_recommended_threshold_comes_with_what_it_finds_and_for_which_costs_it_pays(default, tuned, pays):
    points = {
        point: {"tp": tp, "fp": fp, "fn": 15 - tp, "threshold": at}
        for point, (tp, fp), at in (("default", default, 0.5), ("tuned", tuned, 0.083))
    }
    results = {name: {"holdout": {"rows": 1300, **points}} for name in ("none", "smote")}
    alarms = "false positive" if default[1] == 1 else "false positives"
    assert tradeoff(results, "none", test_size=0.3) == (
        f"On the 1,300 test rows, the threshold of 0.083 finds {tuned[0]} of 15 positives with {tuned[1]} false "
        f"positives; 0.5 finds {default[0]} with {default[1]} {alarms}.{pays}"
    )
    assert tradeoff(results, "smote", test_size=0.3) == (
        f"On the 1,300 test rows, smote at its threshold finds {tuned[0]} of 15 positives with {tuned[1]} false "
        f"positives; the baseline at its own finds {tuned[0]} with {tuned[1]} false positives."
    )


def test_a_threshold_that_stays_is_compared_with_nothing_and_folds_have_their_own():
    cells = {"tp": 3, "fp": 1, "fn": 2}
    holdout = {"rows": 50, "default": {**cells, "threshold": 0.5}, "tuned": {**cells, "threshold": 0.5001}}
    stays = tradeoff({"none": {"holdout": holdout}}, "none", test_size=0.3)
    assert stays == "On the 50 test rows, the threshold of 0.5 finds 3 of 5 positives with 1 false positive."
    holdout["tuned"] = {**cells, "threshold": 0.2}
    moved = tradeoff({"none": {"holdout": holdout}}, "none", test_size=0)
    assert moved.startswith("On the 50 out-of-fold rows, each fold's own threshold finds 3 of 5 positives")


def test_without_a_verdict_or_a_threshold_there_is_no_tradeoff(results):
    assert tradeoff(results, None, test_size=0.3) is None
    results["none"]["holdout"]["tuned"] = None
    assert tradeoff(results, "none", test_size=0.3) is None


def test_without_a_floor_there_is_no_guarantee(said):
    assert not any("guarantee" in each for each in said["variants"])
    assert "guarantee" not in said["sources"]


def test_the_best_possible_rule_needs_no_guarantee_as_its_probabilities_are_true():
    evidence = with_recall_floor(0.4)
    without = replace(evidence, declared={**evidence.declared, "guarantee": False})
    found, expected = (compare(each)["best_possible"]["tuned"] for each in (evidence, without))
    assert found == expected
