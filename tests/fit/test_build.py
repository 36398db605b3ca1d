import pytest
from altered import changed
from imblearn.over_sampling import SMOTE, KMeansSMOTE
from sklearn.cluster import KMeans
from sklearn.linear_model import LogisticRegression

from pipeline import config
from pipeline.errors import InputError
from pipeline.fit import build as build_
from pipeline.fit import variants

TRUSTED = ["sklearn", "imblearn", "pipeline"]


def test_a_sampler_is_built_with_its_arguments(raw):
    sampler = variants.sampler(config.check(changed(raw, "variants.smote.sampler.k_neighbors", 3)), "smote")
    assert isinstance(sampler, SMOTE)
    assert (sampler.k_neighbors, sampler.random_state) == (3, 42)


def test_a_variant_s_model_overrides_the_common_one(raw):
    checked = config.check(changed(changed(raw, "model.tune", False), "model.C", 0.5))
    plain, weighted = (variants.model(checked, name) for name in ("none", "class_weight"))
    assert isinstance(plain, LogisticRegression)
    assert (plain.C, plain.class_weight, plain.random_state) == (0.5, None, 42)
    assert (weighted.C, weighted.class_weight) == (0.5, "balanced")


def test_a_model_without_c_cannot_be_tuned(raw):
    forest = {
        "_target_": "sklearn.ensemble.RandomForestClassifier",
        "tune": True,
        "tune_for": "primary",
        "grid": [0.1, 1.0],
    }
    params = config.check({**raw, "model": forest})
    with pytest.raises(InputError, match=r"model: RandomForestClassifier has no C to tune. Set model.tune=false."):
        variants.model(params, "none")
    forest["tune"] = False
    params = config.check({**raw, "model": forest})
    assert type(variants.model(params, "none")).__name__ == "RandomForestClassifier"
    assert config.grid(params) is None


def test_a_variant_cannot_give_a_c_that_is_chosen(raw):
    raw["variants"]["none"]["model"] = {"C": 2.0}
    with pytest.raises(
        InputError, match=r"variants.none.model.C: C is tuned for each variant. To set it, add model.tune=false"
    ):
        variants.model(config.check(raw), "none")
    assert variants.model(config.check(changed(raw, "model.tune", False)), "none").C == 2.0


def build(node, method="fit_resample"):
    return build_.build(node, where="variants.mine.sampler", method=method, trusted=TRUSTED)


def test_nested_nodes_are_built_too():
    sampler = build(
        {
            "_target_": "imblearn.over_sampling.KMeansSMOTE",
            "kmeans_estimator": {"_target_": "sklearn.cluster.KMeans", "n_clusters": 3},
        }
    )
    assert isinstance(sampler, KMeansSMOTE)
    assert isinstance(sampler.kmeans_estimator, KMeans)
    assert sampler.kmeans_estimator.n_clusters == 3


@pytest.mark.parametrize(
    ("node", "problem"),
    [
        (
            {"_target_": "os.system", "command": "true"},
            "variants.mine.sampler._target_: expected a class from sklearn, imblearn, pipeline, found os.system. "
            "If you trust its package, add it to trusted_packages.",
        ),
        (
            {"_target_": "sklearn2.Sampler"},
            "variants.mine.sampler._target_: expected a class from sklearn, imblearn, pipeline, found "
            "sklearn2.Sampler. If you trust its package, add it to trusted_packages.",
        ),
        (
            {"_target_": "sklearn.datasets.load_iris"},
            "variants.mine.sampler._target_: expected the class of an estimator or a sampler, "
            "found sklearn.datasets.load_iris.",
        ),
        (  # a trusted package's own imports are no way in
            {"_target_": "pipeline.table.sources.Path"},
            "variants.mine.sampler._target_: expected the class of an estimator or a sampler, "
            "found pipeline.table.sources.Path.",
        ),
        (
            {"_target_": "imblearn.over_sampling.SMOT"},
            "variants.mine.sampler._target_: imblearn.over_sampling has no SMOT; "
            "did you mean 'SMOTE', 'SMOTEN', 'SMOTENC'?",
        ),
        (
            {"_target_": "SMOTE"},
            "variants.mine.sampler._target_: expected the full name of a class, found 'SMOTE'. Write package.Class.",
        ),
        (
            {},
            "variants.mine.sampler._target_: expected the full name of a class, found None. Write package.Class.",
        ),
        (
            {"_target_": "imblearn.over_sampling.SMOTE", "k_neighbours": 3},
            "variants.mine.sampler.k_neighbours is not an argument of SMOTE; did you mean 'k_neighbors'?",
        ),
        (
            {
                "_target_": "imblearn.over_sampling.KMeansSMOTE",
                "kmeans_estimator": {"_target_": "joblib.load", "filename": "x"},
            },
            "variants.mine.sampler.kmeans_estimator._target_: expected a class from sklearn, imblearn, pipeline, "
            "found joblib.load. If you trust its package, add it to trusted_packages.",
        ),
        (
            {"_target_": "sklearn.linear_model.LogisticRegression"},
            "variants.mine.sampler: expected a class with fit_resample, found sklearn.linear_model.LogisticRegression. "
            "Choose another class.",
        ),
    ],
)
def test_a_constructor_node_builds_estimators_and_samplers_only(node, problem):
    with pytest.raises(InputError) as caught:
        build(node)
    assert caught.value.problems == [problem]


@pytest.mark.parametrize(
    ("node", "argument"),
    [
        ({"_target_": "imblearn.over_sampling.SMOTENC"}, "categorical_features"),
        ({"_target_": "imblearn.pipeline.Pipeline"}, "steps"),
    ],
)
def test_an_argument_that_must_be_given_is_named(node, argument):
    with pytest.raises(InputError, match=f"variants.mine.sampler: .*'{argument}'"):
        build(node)


def test_a_model_without_probabilities_is_refused():
    with pytest.raises(InputError, match=r"expected a class with predict_proba, found sklearn.svm.LinearSVC"):
        build({"_target_": "sklearn.svm.LinearSVC"}, method="predict_proba")


def test_a_package_may_be_trusted_by_name():
    node = {"_target_": "sklearn.linear_model.LogisticRegression"}
    with pytest.raises(InputError, match="expected a class from imblearn"):
        build_.build(node, where="model", method="predict_proba", trusted=["imblearn"])
    assert build_.build(node, where="model", method="predict_proba", trusted=["imblearn", "sklearn"])
