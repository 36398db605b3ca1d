"""The verdict on a comparison of several models: which to use, and how the methods do for each."""

import json
from dataclasses import replace
from pathlib import Path

import jsonschema
import numpy as np
import pytest

from pipeline.judge import comparison, verdict
from pipeline.judge.action import judge
from pipeline.measure.tasks import TWO_CLASSES

SCHEMA = json.loads((Path(verdict.__file__).parent / "verdict.schema.json").read_text(encoding="utf-8"))
LINE, TREES = "LogisticRegression", "trees"
BASELINES = {"trees": "trees", "trees_smote": "trees", "weighted": "trees"}
KINDS = {
    "none": LINE,
    "smote": LINE,
    **dict.fromkeys(BASELINES, "RandomForestClassifier"),
    "bagging": "BaggingClassifier",
}
MEANS = {"none": 0.6, "smote": 0.6, "trees": 0.8, "trees_smote": 0.805, "weighted": 0.8}


@pytest.fixture
def compared(evidence):
    """A comparison of variants whose mean average precision is given, each with its own noise."""

    def compare(baselines=BASELINES, **means):
        wobble, folds = np.random.default_rng(1), evidence.folds["none"]
        results, of, seen = {}, {}, {}
        for name, mean in (means or MEANS).items():
            results[name] = {**evidence.results["none"], "variant": name}
            results[name]["model"] = {**results[name]["model"], "model": KINDS[name]}
            noise = wobble.normal(0, 0.002, len(folds))
            of[name] = folds.assign(average_precision=mean + np.sin(range(len(folds))) * 0.05 + noise)
            seen[name] = evidence.out_of_fold["none"]
        parts = {"results": results, "folds": of, "out_of_fold": seen, "components": {}, "baselines": baselines}
        everything = replace(evidence, **parts, predictions=dict.fromkeys(results, evidence.predictions["none"]))
        return comparison.compare(everything), everything

    return compare


def test_one_model_has_no_decision_on_models(said, comparison):
    assert said["models"] is None
    assert comparison["models"] is None


def test_each_model_has_the_verdict_of_its_own_folds_alone(compared):
    made, evidence = compared()
    jsonschema.validate(made["verdict"], SCHEMA)
    how = {"task": TWO_CLASSES, **{key: evidence.declared[key] for key in ("primary", "rope", "alpha")}}
    members = {LINE: {"none": "none", "smote": "smote"}}
    members[TREES] = {"none": "trees", "smote": "trees_smote", "weighted": "weighted"}
    for model, found in zip(members.items(), made["verdict"]["models"], strict=True):
        name, own = model
        folds = {short: evidence.folds[long] for short, long in own.items()}
        alone = judge(folds, thresholds={short: evidence.thresholds[long] for short, long in own.items()}, **how)
        assert found == {
            "model": name,
            "baseline": own["none"],
            "variant": own[alone["variant"]],
            **{key: alone[key] for key in ("action", "evidence", "sentence")},
        }


def test_the_model_to_use_is_named_with_its_method_and_is_the_verdict_s_variant(compared):
    said = compared()[0]["verdict"]
    assert (said["action"], said["evidence"], said["variant"]) == ("use", "proven_better", "trees")
    assert said["sentence"].startswith("Use trees without resampling")
    assert f": compared with {LINE} without resampling, it raises average precision by 0.2" in said["sentence"]
    assert "adjusted for 4 pairs" in said["sentence"]
    assert said["leading"] == "trees"
    assert said["confidence"] == said["methods"][1]["better"]


def test_all_variants_are_one_family_and_the_pairs_have_their_numbers(compared):
    made = compared()[0]
    pairs, methods = made["models"]["pairs"], made["verdict"]["methods"]
    assert [(pair["model"], pair["variant"]) for pair in pairs] == [
        (LINE, "smote"),
        (TREES, "none"),
        (TREES, "smote"),  # called trees_smote among the variants
        (TREES, "weighted"),
    ]
    shared = ("call", "mean", "low", "high", "p_better_holm", "mean_primary")
    assert [[pair[key] for key in shared] for pair in pairs] == [[method[key] for key in shared] for method in methods]
    assert made["models"]["variants"]["trees_smote"] == {"model": TREES, "method": "smote"}


def test_a_method_that_beats_its_model_alone_is_used_under_its_variant_s_name(compared):
    said = compared(none=0.6, smote=0.6, trees=0.7, trees_smote=0.9)[0]["verdict"]
    assert (said["action"], said["variant"]) == ("use", "trees_smote")
    assert said["sentence"].startswith("Use trees with smote")
    assert said["models"][1]["action"] == "rebalance"
    assert said["models"][1]["variant"] == "trees_smote"


def test_of_equally_good_pairs_one_without_resampling_is_used_before_methods(compared):
    said = compared(none=0.6, smote=0.8, trees=0.8, trees_smote=0.8)[0]["verdict"]
    assert (said["variant"], said["leading"], said["models"][0]["variant"]) == ("trees", "trees", "smote")


def test_a_method_of_the_common_model_is_a_reason_to_rebalance(compared):
    said = compared(none=0.6, smote=0.9, trees=0.6, trees_smote=0.6)[0]["verdict"]
    assert (said["action"], said["variant"]) == ("rebalance", "smote")
    assert said["sentence"].startswith(f"Use {LINE} with smote")


def test_the_common_model_is_kept_by_its_name(compared):
    said = compared(none=0.8, smote=0.8, trees=0.6, trees_smote=0.6)[0]["verdict"]
    assert (said["action"], said["evidence"], said["variant"]) == ("keep", "proven_not_better", "none")
    assert said["sentence"].startswith(f"Keep {LINE} without resampling")


def test_an_ensemble_takes_the_place_of_the_model_and_is_judged_with_the_common_model_s_methods(compared):
    made = compared(none=0.6, smote=0.6, trees=0.6, trees_smote=0.6, bagging=0.9)[0]
    assert made["models"]["variants"]["bagging"] == {"model": "bagging", "method": "bagging"}
    assert made["verdict"]["sentence"].startswith("Use bagging")
    assert (made["verdict"]["action"], made["verdict"]["variant"]) == ("use", "bagging")
    assert made["verdict"]["models"][0]["variant"] == "bagging"
    (caveat,) = (each for each in made["verdict"]["caveats"] if each.startswith("Not the same model"))
    assert "bagging (BaggingClassifier)" in caveat
    assert "trees" not in caveat


def test_two_methods_of_a_model_keep_apart_whatever_their_names(compared, monkeypatch):
    monkeypatch.setitem(KINDS, "trees_none", KINDS["trees"])
    monkeypatch.setitem(KINDS, "smote_of_trees", KINDS["trees"])
    names = ("trees_none", "trees", "trees_smote", "smote_of_trees")
    means = dict.fromkeys(("none", *names), 0.6)
    variants = compared(dict.fromkeys(names, TREES), **means)[0]["models"]["variants"]
    assert [variants[name]["method"] for name in names] == ["trees_none", "none", "smote", "smote_of_trees"]


def test_without_the_baseline_there_is_no_verdict(compared):
    made = compared(smote=0.6, trees=0.8)[0]
    assert made["models"] is None
    assert (made["verdict"]["action"], made["verdict"]["models"]) == ("none", None)
