from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from visitors import with_recall_floor

from pipeline.judge import comparison
from pipeline.judge.caveats import formula_holds
from pipeline.measure.primary import PRIOR_CORRECTED
from pipeline.report import verify


def found(evidence):
    return " ".join(comparison.compare(evidence)["verdict"]["caveats"])


def test_positives_are_counted(evidence):
    text = found(evidence)
    assert (
        "The test set has 2 positives, so each of them changes recall by 0.5. The verdict comes from the folds" in text
    )
    assert "Each fold has only 2 positives to test on." in text
    assert "Differences below 0.010 may go undetected for smote." in text


def test_where_negatives_are_rarer_they_are_counted(evidence):
    turned = {name: rows.assign(y=1 - rows.y) for name, rows in evidence.out_of_fold.items()}
    changed = verify.recompute(replace(evidence, out_of_fold=turned))
    assert changed.folds["none"].positives.tolist() == [4] * 4
    fewer = {**evidence.classes, "test": {"negative": 2, "positive": 4}}
    assert "Each fold has only 2 negatives to test on." in found(replace(changed, classes=fewer))
    assert "The test set has 2 negatives, so each of them changes recall by 0.5." in found(
        replace(changed, classes=fewer)
    )


def test_a_method_under_two_names_is_named(evidence):
    assert "Duplicates" not in found(evidence)
    keys = ("predictions", "out_of_fold", "folds")
    twice = {key: {**getattr(evidence, key), "again": getattr(evidence, key)["smote"]} for key in keys}
    results = {**evidence.results, "again": {**evidence.results["smote"], "variant": "again"}}
    assert "Duplicates, with the same results in every fold: again and smote." in found(
        replace(evidence, results=results, **twice)
    )


def test_folds_along_time_name_what_comes_from_later_rows(evidence):
    assert "earlier rows only" not in found(evidence)
    along = {**evidence.declared, "split": {**evidence.declared["split"], "by": "time"}}
    assert "Each fold's model was fitted on earlier rows only. But its threshold" in found(
        replace(evidence, declared=along)
    )


def test_a_variant_without_a_result_is_named(evidence):
    assert "No result" not in found(evidence)
    made = comparison.compare(replace(evidence, failed={"adasyn": "too few rows", "smote_tomek": "not made yet"}))
    assert made["verdict"]["action"] == "none"
    assert "No result for: adasyn, smote_tomek." in made["verdict"]["caveats"][0]


def test_a_fit_that_did_not_converge_is_named(evidence):
    assert "not converge" not in found(evidence)
    results = evidence.results
    results["none"]["training"]["folds_converged"] = 3
    results["smote"]["model"]["converged"] = False
    said = "Did not converge: none in 1 of 4 folds, smote on all training rows. Raise model.max_iter."
    assert said in found(evidence)
    results["smote"]["training"]["folds_converged"] = 2
    assert "none in 1 of 4 folds, smote on all training rows and in 2 of 4 folds." in found(evidence)
    raw = {**evidence.declared, "preprocess": {**evidence.declared["preprocess"], "scale": None}}
    assert "Raise model.max_iter, or scale the features: preprocess=auto." in found(replace(evidence, declared=raw))


@pytest.mark.parametrize(
    ("ratio", "positives", "holds"),
    [(1.05, 1000, True), (0.85, 1000, False), (1.2, 1000, False), (0.85, 15, True), (0.5, 15, False), (2.2, 4, True)],
)
def test_corrected_probabilities_that_are_significantly_off_are_named(results, ratio, positives, holds):
    one = results["smote"]
    one["probabilities"]["prior_corrected"]["calibration_ratio"] = ratio
    one["holdout"]["positives"] = positives
    one["holdout"]["threshold_free"]["prevalence"] = 0.01
    assert formula_holds(one) is holds


def test_of_frequent_positives_a_count_varies_less(results):
    one = results["smote"]
    one["probabilities"]["prior_corrected"]["calibration_ratio"] = 0.87
    one["holdout"]["positives"] = 188
    # Predicted 163.56, observed 188: 1.9 standard deviations if rare; of 210 rows sqrt(163.56 x .221), so 4.1.
    one["holdout"]["threshold_free"]["prevalence"] = 0.001
    assert formula_holds(one) is True
    one["holdout"]["threshold_free"]["prevalence"] = 188 / 210
    assert formula_holds(one) is False


def test_one_c_for_all_is_a_caveat_of_a_difference(evidence):
    assert "model.search" not in found(evidence)
    fixed = replace(evidence, declared={**evidence.declared, "search": None, "tune_for": None})
    assert "Part of the difference may come from that: smote. model.search chooses them for each variant." in found(
        fixed
    )


def test_a_method_that_is_another_model_is_a_caveat(evidence):
    assert "Not the same model" not in found(evidence)
    evidence.results["smote"]["model"]["model"] = "EasyEnsembleClassifier"
    assert (
        "Not the same model as the baseline (LogisticRegression): smote (EasyEnsembleClassifier). A difference may"
        in found(evidence)
    )


def test_repeated_rows_across_the_split_are_counted(evidence):
    crossing = replace(evidence, classes={**evidence.classes, "duplicates": {"crossing": 3, "repeated": 5}})
    assert found(crossing).startswith("3 test rows (50%) have the features of a training row")  # the first caveat
    one = replace(evidence, classes={**evidence.classes, "duplicates": {"crossing": 1, "repeated": 1}})
    assert "1 test row (17%) has the features of a training row" in found(one)
    together = {**evidence.declared, "split": {**evidence.declared["split"], "group_duplicates": True}}
    assert "training row" not in found(replace(crossing, declared=together))


def test_classes_that_are_almost_separated_raise_the_suspicion_of_a_leak(evidence):
    # TIMID ranks all visitors rightly.
    assert "Look for a column that is known only after the outcome" in found(evidence)
    assert "separate the classes perfectly in some of the 4 folds, where no ranking can be better: none in 4." in found(
        evidence
    )
    swapped = {name: rows.assign(probability=1 - rows.probability) for name, rows in evidence.out_of_fold.items()}
    assert "outcome" not in found(verify.recompute(replace(evidence, out_of_fold=swapped)))


def test_columns_that_look_too_good_are_named(evidence):
    assert "predict a class almost alone" not in found(evidence)
    one = replace(evidence, classes={**evidence.classes, "suspects": {"duration": 0.8132, "fee": 1.0}})
    assert (
        "Columns that predict a class almost alone, or far better than all others, on the training rows: 'duration' "
        "(ROC AUC 0.81), 'fee' (ROC AUC 1). If one is known only after the outcome" in found(one)
    )


def test_test_rows_that_disagree_with_the_folds_are_a_caveat(evidence):
    assert "disagree" not in found(evidence)
    turned = {name: rows.assign(probability=1 - rows.probability) for name, rows in evidence.predictions.items()}
    turned["none"] = pd.DataFrame({"y": turned["none"].y, "probability": 0.5})
    turned["smote"] = evidence.predictions["smote"]
    text = found(verify.recompute(replace(evidence, predictions=turned)))
    assert "The test rows disagree with the folds: smote has more average precision than the baseline in one" in text


@pytest.mark.parametrize(
    ("chosen", "caveat"),
    [
        (
            [0.01, 0.01, 0.01, 0.1],
            "the C with the best average precision is the smallest of model.search.C: smote in 3 of 4. A smaller",
        ),
        (
            [10.0, 10.0, 1.0, 10.0],
            "the C with the best average precision is the largest of model.search.C: smote in 3 of 4. A larger",
        ),
        ([10.0, 10.0, 1.0, 0.01], None),
        ([0.01, 10.0, 1.0, 0.1], None),
    ],
)
def test_a_c_at_the_end_of_the_grid_is_a_caveat(evidence, chosen, caveat):
    folds = {**evidence.folds, "smote": evidence.folds["smote"].assign(param_C=chosen)}
    said = found(replace(evidence, folds=folds))
    assert ("model.search" in said) == (caveat is not None)
    if caveat:
        assert f"In most folds, {caveat} C may be better. Extend model.search.C." in said


def test_a_c_at_the_end_of_the_grid_is_the_best_of_the_metric_that_chose_it(evidence):
    folds = {**evidence.folds, "smote": evidence.folds["smote"].assign(param_C=0.01)}
    evidence.results["smote"]["model"]["tuning"]["metric"] = PRIOR_CORRECTED
    assert "the C with the best prior-corrected log loss is" in found(replace(evidence, folds=folds))


def test_values_of_another_model_are_named_by_its_variant_with_its_own_metric(evidence):
    evidence.results["none"]["model"]["tuning"]["metric"] = PRIOR_CORRECTED
    ends = {name: rows.assign(param_C=0.01) for name, rows in evidence.folds.items()}
    said = found(replace(evidence, folds=ends, baselines={"smote": "smote"}))
    assert "the C with the best prior-corrected log loss is the smallest of model.search.C: none in 4 of 4. " in said
    assert (
        "the C with the best average precision is the smallest of variants.smote.model.search.C: smote in 4 of 4. A "
        "smaller C may be better. Extend variants.smote.model.search.C, and that of its methods."
    ) in said


def test_a_c_that_could_not_be_tuned_is_a_caveat_on_the_training_rows_and_in_folds(evidence):
    assert "not tuned" not in found(evidence)
    results = evidence.results
    results["smote"]["model"] |= {"best_params": None, "tuning": {"params": [{"C": 0.1}, {"C": 1.0}], "values": None}}
    folds = {**evidence.folds, "smote": evidence.folds["smote"].assign(param_C=np.nan)}
    said = found(replace(evidence, folds=folds))
    assert (
        "C was not tuned on the training rows, because the rarest class has too few rows: smote. A difference" in said
    )
    assert (
        "C was not tuned in some folds, because the rarest class has too few rows there. Folds by variant: smote in 4."
        in said
    )


def test_a_guarantee_that_no_threshold_keeps_is_a_caveat():
    few = (
        "No guarantee for none and smote. With 4 positives in training, no threshold can be shown to have a recall of "
        "at least 0.9 with 95% confidence. That takes 29 positives, so t* is only an estimate"
    )
    assert few in found(with_recall_floor(0.9))
    assert "guarantee" not in found(with_recall_floor(0.4))
