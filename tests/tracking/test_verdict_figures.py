import pytest

from pipeline.tracking import verdict


def test_the_parent_has_the_leading_method_s_figures_and_the_decision_as_tags(said):
    (smote,) = said["methods"]
    found = verdict.metrics(said)
    assert found == {
        "verdict/gain": pytest.approx(smote["mean"]),
        "verdict/gain_low": smote["low"],
        "verdict/gain_high": smote["high"],
        "verdict/p_better": smote["better"],
        "verdict/regret": smote["regret"],
        "verdict/threshold": said["threshold"],
        "verdict/reference": said["reference"],
        "verdict/minimum_detectable_difference": said["minimum_detectable_difference"],
        "verdict/at_stake": said["price"]["upper"],
    }
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
    assert (metrics["folds/gain"], metrics["folds/mean"]) == (smote["mean"], smote["mean_primary"])
    assert verdict.of_variant(said, "none") == ({"verdict.chosen": "true"}, {"folds/mean": said["reference"]})


def test_without_a_verdict_there_are_no_figures(said):
    none = dict.fromkeys(("evidence", "variant", "leading", "reference", "price", "threshold"))
    nothing = {**said, **none, "action": "none", "methods": []}
    assert verdict.metrics(nothing) == {}
    assert verdict.tags(nothing) == {"verdict.action": "none"}
    assert verdict.of_variant(nothing, "none") == ({}, {})
