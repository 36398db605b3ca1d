import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from pipeline.judge.comparison import best_possible, compare
from pipeline.judge.sentences import sentence
from pipeline.measure.tasks import TWO_CLASSES
from pipeline.report import tables, verify


def test_a_sentence_puts_both_thresholds_of_variant_and_baseline_side_by_side(results):
    # At 0.5 BOLD finds both and alerts on .55 and .7 too; from .65 on it has one false alarm.
    # Its average precision: 1 at the first positive, 2/3 at the second, so 5/6; TIMID's is 1.
    assert sentence(TWO_CLASSES, results["smote"], results["none"], "balanced_accuracy") == (
        "At 0.5 it finds 2 of 2 positives with 2 false positives; the baseline finds 1 with 0 false positives. "
        "At its own threshold for balanced accuracy, 0.650, it finds 2 with 1 false positive; "
        "the baseline at its own, 0.300, finds 2 with 0 false positives. "
        "Its average precision is 0.833 (-0.167 against the baseline)."
    )


def test_without_the_baseline_a_sentence_is_about_the_variant_alone(results):
    text = sentence(TWO_CLASSES, results["smote"], None, "f_beta")
    assert "baseline" not in text
    assert text.startswith("At 0.5 it finds 2 of 2 positives with 2 false positives. At its own threshold for f beta")


def test_a_comparison_without_folds_has_no_threshold_and_no_verdict_and_still_compares(evidence):
    none = dict.fromkeys(evidence.out_of_fold)
    made = compare(verify.recompute(replace(evidence, out_of_fold=none, folds=none)))
    assert made["verdict"]["action"] == "none"
    assert "Without folds, there is no tuned threshold and no verdict." in made["verdict"]["caveats"]
    assert made["cost_map"] == []
    assert tables.flat(made)["tuned_recall"].isna().all()
    assert "| – " in tables.markdown(made) or " – |" in tables.markdown(made)


def test_costs_are_significant_for_all_methods_together(evidence):
    def width(evidence):
        found = [each["variants"]["smote"]["difference"] for each in compare(evidence)["cost_map"]]
        return max(one["high"] - one["low"] for one in found)

    def twice(them):
        return {**them, "again": them["smote"]}

    drawn = evidence.out_of_fold["smote"].assign(probability=np.random.default_rng(0).random(24))
    evidence = replace(evidence, out_of_fold={**evidence.out_of_fold, "smote": drawn})
    among = replace(evidence, **{key: twice(getattr(evidence, key)) for key in ("predictions", "out_of_fold", "folds")})
    among = replace(among, results={**evidence.results, "again": {**evidence.results["smote"], "variant": "again"}})
    # Of t with three degrees of freedom: 97.5 and 98.75 % points.
    wider = pytest.approx(stats.t.ppf(0.9875, 3) / stats.t.ppf(0.975, 3))
    assert width(among) / width(evidence) == wider
    # One that has no result was looked at, too.
    assert width(replace(evidence, failed={"again": "too few rows"})) / width(evidence) == wider


def test_a_row_in_both_train_and_test_forbids_a_verdict(evidence):
    leaky = {name: rows.rename(index={100: 5}) for name, rows in evidence.out_of_fold.items()}
    said = compare(replace(evidence, out_of_fold=leaky))["verdict"]
    assert said["action"] == "none"
    assert (
        said["sentence"]
        == "No verdict: 1 row is in both train and test. Split the table again with `dvc repro -f split`."
    )


def test_a_leak_is_seen_where_the_first_variant_has_no_folds(evidence):
    leaky = {name: rows.rename(index={100: 5}) for name, rows in evidence.out_of_fold.items()}
    assert replace(evidence, out_of_fold=leaky | {next(iter(leaky)): None}).leaked == 1
    assert replace(evidence, out_of_fold=dict.fromkeys(leaky)).leaked == 0


def test_the_comparison_is_plain_json(comparison):
    assert json.loads(json.dumps(comparison, allow_nan=False)) == comparison


def test_the_best_possible_rule_decides_at_the_prevalence_for_balanced_accuracy(evidence):
    # Expected positives of the training rows: .1 + .2 + .3 + .8 = 1.4 of 4, a prevalence of .35. A row above it gains
    # more expected recall than it costs expected specificity (Elkan 2001), so .8 is called positive and .3 is not.
    truth = pd.Series([0.1, 0.2, 0.3, 0.8, 0.75, 0.9], name="probability")
    test = pd.DataFrame({"y": [1, 0], "probability": 0.5}, index=[4, 5])
    seen = pd.DataFrame({"y": 0, "probability": 0.5}, index=[0, 1, 2, 3])
    known = replace(evidence, truth=truth, predictions={"none": test}, out_of_fold={"none": seen})
    best = best_possible(known)
    assert best["tuned"]["threshold"] == 0.8
    assert [best["tuned"][cell] for cell in ("tn", "fp", "fn", "tp")] == [0, 1, 1, 0]
    # Each row once, however often it was held out.
    assert best_possible(replace(known, out_of_fold={"none": pd.concat([seen, seen.iloc[:1]])})) == best
    assert best_possible(replace(known, out_of_fold={"none": None}))["tuned"] is None
