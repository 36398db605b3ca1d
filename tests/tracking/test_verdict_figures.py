import pytest

from pipeline.tracking import verdict


def test_the_parent_has_the_leading_method_s_figures_and_the_decision_as_tags(said):
    (smote,) = said["methods"]
    found = verdict.metrics(said)
    assert found == pytest.approx(
        {
            "verdict/gain": smote["mean"],
            "verdict/gain_low": smote["low"],
            "verdict/gain_high": smote["high"],
            "verdict/p_better": smote["better"],
            "verdict/regret": smote["regret"],
            "verdict/threshold": said["threshold"],
            "verdict/reference": said["reference"],
            "verdict/minimum_detectable_difference": said["minimum_detectable_difference"],
            "verdict/at_stake": said["price"]["upper"],
        },
        rel=1e-5,
    )
    assert verdict.tags(said) == {
        "verdict.action": "keep",
        "verdict.evidence": said["evidence"],
        "verdict.variant": "none",
        "verdict.gain": "-0.167",
    }


def test_a_variant_has_its_own(said):
    (smote,) = said["methods"]
    tags, metrics = verdict.of_variant(said, "smote")
    assert tags == {"call": smote["call"]}
    assert metrics == pytest.approx(
        {
            "folds/gain": smote["mean"],
            "folds/gain_low": smote["low"],
            "folds/gain_high": smote["high"],
            "folds/p_better": smote["better"],
            "folds/regret": smote["regret"],
        },
        rel=1e-5,
    )
    assert verdict.of_variant(said, "none") == ({"verdict.chosen": "true"}, {})


def test_a_method_s_gain_is_in_a_sentence(said):
    said["methods"][0] |= {"mean": 0.0042, "low": -0.0317, "high": 0.0286, "call": "INCONCLUSIVE"}
    assert verdict.sentence_of(said, "smote") == (
        "Over the folds, its gain in average precision is +0.004 (-0.032 to +0.029): INCONCLUSIVE."
    )
    assert verdict.sentence_of(said, "none") == ""


def test_means_over_the_folds_are_of_every_fold(evidence):
    folds = evidence.folds["smote"]
    assert len(folds) == 4
    found = verdict.fold_means(folds, evidence.task, "brier")
    assert found["folds/average_precision"] == pytest.approx(sum(folds.average_precision) / 4, rel=1e-5)
    assert found["folds/tuned_recall"] == pytest.approx(sum(folds.tuned_recall) / 4, rel=1e-5)
    assert found["folds/recalibrated_brier"] == pytest.approx(sum(folds.recalibrated_brier) / 4, rel=1e-5)
    one_without = folds.assign(tuned_precision=[0.5, float("nan"), 0.5, 0.5])
    assert found.keys() - verdict.fold_means(one_without, evidence.task, "brier").keys() == {"folds/tuned_precision"}
    assert verdict.fold_means(None, evidence.task, "brier") == {}


def test_without_a_verdict_there_are_no_figures(said):
    none = dict.fromkeys(("evidence", "variant", "leading", "reference", "price", "threshold"))
    nothing = {**said, **none, "action": "none", "methods": []}
    assert verdict.metrics(nothing) == {}
    assert verdict.tags(nothing) == {"verdict.action": "none"}
    assert verdict.of_variant(nothing, "none") == ({}, {})
