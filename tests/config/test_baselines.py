"""Variants of several models: which are methods of which."""

import pytest
import yaml
from altered import changed, refusal

from pipeline import config

FOREST = {"_target_": "sklearn.ensemble.RandomForestClassifier", "_replace_": True}
IDENTITY = {"_target_": "imblearn.FunctionSampler"}


@pytest.fixture
def of_models(raw):
    """The committed settings with a forest, and a method of it."""
    variants = {
        "forest": {"sampler": IDENTITY, "model": {**FOREST}},
        "forest_smote": {"sampler": raw["variants"]["smote"]["sampler"], "model": {**FOREST}, "baseline": "forest"},
    }
    return {**raw, "variants": {**raw["variants"], **variants}}


def test_methods_of_one_model_have_no_baseline_of_their_own(raw):
    assert config.baselines(config.check(raw)) == {}
    bagging = {"sampler": IDENTITY, "model": {**FOREST, "_target_": "imblearn.ensemble.BalancedBaggingClassifier"}}
    assert config.baselines(config.check(changed(raw, "variants.bagging", bagging))) == {}


def test_a_model_s_variants_are_those_that_name_its_baseline_and_the_baseline(of_models):
    checked = config.check(of_models)
    assert config.baselines(checked) == {"forest": "forest", "forest_smote": "forest"}
    assert checked.variants["smote"].baseline is None


def test_the_preset_of_models_has_each_with_the_same_methods(composed):
    checked = config.check(yaml.safe_load(composed("experiment=models")))
    methods = ("class_weight", "smote")
    assert list(config.baselines(checked).items()) == [
        (f"{model}{method}", model)
        for model in ("random_forest", "hist_gradient_boosting")
        for method in ("", *(f"_{name}" for name in methods))
    ]
    assert sorted(set(checked.variants) - set(config.baselines(checked))) == ["class_weight", "none", "smote"]
    for model in ("random_forest", "hist_gradient_boosting"):
        alone = yaml.safe_load(composed(f"model={model}"))["model"] | {"_replace_": True}
        assert checked.variants[model].model == checked.variants[f"{model}_smote"].model == alone
        assert checked.variants[f"{model}_class_weight"].model == alone | {"class_weight": "balanced"}
        assert checked.variants[f"{model}_smote"].sampler == checked.variants["smote"].sampler


@pytest.mark.parametrize(
    ("path", "value", "problem"),
    [
        (
            "variants.forest_smote.baseline",
            "forrest",
            "expected another variant, one of none, random_under, random_over, augmentation, smote, class_weight, "
            "forest, or null, found 'forrest'.",
        ),
        (
            "variants.forest_smote.baseline",
            "forest_smote",
            "expected another variant, one of none, random_under, random_over, augmentation, smote, class_weight, "
            "forest, or null, found 'forest_smote'.",
        ),
        (
            "variants.forest_smote.baseline",
            "none",
            "expected null, because none has the common model, whose baseline is none, found 'none'. Or give none a "
            "model of its own, with model._replace_: true.",
        ),
        (
            "variants.forest_smote.model",
            {},
            "expected null, because forest_smote has the common model, whose baseline is none, found 'forest'. Or give "
            "forest_smote a model of its own, with model._replace_: true.",
        ),
        (
            "variants.forest_smote.model._target_",
            "sklearn.ensemble.ExtraTreesClassifier",
            "expected a variant with the same model, sklearn.ensemble.ExtraTreesClassifier, found 'forest'. forest has "
            "sklearn.ensemble.RandomForestClassifier.",
        ),
        (
            "variants.other",
            {"sampler": IDENTITY, "model": FOREST, "baseline": "forest_smote"},
            "expected a variant without a baseline of its own, found 'forest_smote'. Name forest_smote's own, forest.",
        ),
    ],
)
def test_a_baseline_that_is_no_baseline_of_this_model_is_refused(of_models, path, value, problem):
    name = path.split(".")[1]
    assert refusal(changed(of_models, path, value)) == [f"params.yaml: variants.{name}.baseline: {problem}"]


def test_only_text_names_a_baseline(of_models):
    assert refusal(changed(of_models, "variants.forest_smote.baseline", ["forest"])) == [
        "params.yaml: variants.forest_smote.baseline: expected text, found ['forest']."
    ]
