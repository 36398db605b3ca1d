from dataclasses import replace

import pandas as pd
import pytest

from pipeline.judge import comparison
from pipeline.judge.caveats import formula_holds
from pipeline.report import verify


def told(evidence):
    return " ".join(comparison.compare(evidence)["verdict"]["caveats"])


def test_positives_are_counted(evidence):
    text = told(evidence)
    assert "The test rows have 2 positives: each of them moves recall by 0.5. The verdict comes from the folds" in text
    assert (
        "Each fold has 2 test rows of the rarest class, which is few: a difference below 0.010 in smote may go unseen."
        in text
    )


def test_where_negatives_are_rarer_they_are_counted(evidence):
    turned = {name: rows.assign(y=1 - rows.y) for name, rows in evidence.out_of_fold.items()}
    changed = verify.recompute(replace(evidence, out_of_fold=turned))
    assert changed.folds["none"].positives.tolist() == [4] * 4
    assert "Each fold has 2 test rows of the rarest class, which is few" in told(changed)
    fewer = {**evidence.classes, "test": {"negative": 2, "positive": 4}}
    assert "The test rows have 2 negatives: each of them moves recall by 0.5." in told(replace(changed, classes=fewer))


def test_a_method_under_two_names_is_told(evidence):
    assert "The same figures" not in told(evidence)
    keys = ("predictions", "out_of_fold", "folds")
    twice = {key: {**getattr(evidence, key), "again": getattr(evidence, key)["smote"]} for key in keys}
    results = {**evidence.results, "again": {**evidence.results["smote"], "variant": "again"}}
    assert "The same figures in every fold: again as smote." in told(replace(evidence, results=results, **twice))


def test_folds_along_time_say_what_later_rows_have_told(evidence):
    assert "earlier rows alone" not in told(evidence)
    along = {**evidence.declared, "split": {**evidence.declared["split"], "by": "time"}}
    assert "Each fold learned from earlier rows alone, but its threshold" in told(replace(evidence, declared=along))


def test_a_variant_without_a_result_is_named(evidence):
    assert "no result" not in told(evidence)
    made = comparison.compare(replace(evidence, failed={"adasyn": "too few rows", "smote_tomek": "not made yet"}))
    assert made["verdict"]["action"] == "invalid"
    assert "Without a result: adasyn, smote_tomek." in made["verdict"]["caveats"][0]


def test_a_fit_that_did_not_converge_is_named(evidence):
    assert "Not converged" not in told(evidence)
    results = evidence.results
    results["none"]["training"]["folds_converged"] = 3
    results["smote"]["model"]["converged"] = False
    assert "Not converged, on all training rows or in a fold: none, smote. Raise model.max_iter" in told(evidence)


@pytest.mark.parametrize(
    ("ratio", "positives", "holds"),
    [(1.05, 1000, True), (0.85, 1000, False), (1.2, 1000, False), (0.85, 15, True), (0.5, 15, False), (2.2, 4, True)],
)
def test_corrected_probabilities_that_are_off_beyond_chance_are_named(results, ratio, positives, holds):
    one = results["smote"]
    one["probabilities"]["prior_corrected"]["calibration_ratio"] = ratio
    one["holdout"]["positives"] = positives
    one["holdout"]["threshold_free"]["prevalence"] = 0.01
    assert formula_holds(one) is holds


def test_of_frequent_positives_a_count_varies_less(results):
    one = results["smote"]
    one["probabilities"]["prior_corrected"]["calibration_ratio"] = 0.87
    one["holdout"]["positives"] = 188
    # Foretold 163.56, found 188: 1.9 standard deviations if they were rare; of 210 rows sqrt(163.56 x .221), so 4.1.
    one["holdout"]["threshold_free"]["prevalence"] = 0.001
    assert formula_holds(one) is True
    one["holdout"]["threshold_free"]["prevalence"] = 188 / 210
    assert formula_holds(one) is False


def test_one_c_for_all_is_held_against_a_difference(evidence):
    assert "model.tune=true" not in told(evidence)
    fixed = replace(evidence, declared={**evidence.declared, "tuned": False})
    assert "part of the difference may come from that (smote). model.tune=true chooses C for each." in told(fixed)


def test_repeated_rows_across_the_split_are_counted(evidence):
    crossing = replace(evidence, classes={**evidence.classes, "duplicates": {"crossing": 3, "repeated": 5}})
    assert "3 test rows have the features of a training row" in told(crossing)
    together = {**evidence.declared, "split": {**evidence.declared["split"], "group_duplicates": True}}
    assert "training row" not in told(replace(crossing, declared=together))


def test_classes_that_are_almost_apart_raise_the_suspicion_of_a_leak(evidence):
    # TIMID ranks all visitors rightly.
    assert "look for a column that is known only after the outcome" in told(evidence)
    assert "Classes fully apart, so that no ranking can be better, of 4 folds: none in 4." in told(evidence)
    swapped = {name: rows.assign(probability=1 - rows.probability) for name, rows in evidence.out_of_fold.items()}
    assert "outcome" not in told(verify.recompute(replace(evidence, out_of_fold=swapped)))


def test_test_rows_that_point_the_other_way_say_so(evidence):
    assert "point the other way" not in told(evidence)
    turned = {name: rows.assign(probability=1 - rows.probability) for name, rows in evidence.predictions.items()}
    turned["none"] = pd.DataFrame({"y": turned["none"].y, "probability": 0.5})
    turned["smote"] = evidence.predictions["smote"]
    text = told(verify.recompute(replace(evidence, predictions=turned)))
    assert "over the folds smote leads or trails the baseline in average precision, on the test rows it is" in text
