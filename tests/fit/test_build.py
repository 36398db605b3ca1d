import pytest
from altered import changed
from imblearn.over_sampling import SMOTE, KMeansSMOTE
from sklearn.cluster import FeatureAgglomeration, KMeans
from sklearn.linear_model import LogisticRegression

from pipeline import config
from pipeline.errors import InputError
from pipeline.fit import build as build_
from pipeline.fit import variants
from pipeline.measure.primary import criterion

TRUSTED = ["sklearn", "imblearn", "pipeline"]


def test_a_sampler_is_built_with_its_arguments(raw):
    sampler = variants.sampler(config.check(changed(raw, "variants.smote.sampler.k_neighbors", 3)), "smote")
    assert isinstance(sampler, SMOTE)
    assert (sampler.k_neighbors, sampler.random_state) == (3, 42)


def test_a_variant_s_model_overrides_the_common_one(raw):
    checked = config.check(changed(changed(raw, "model.search", None), "model.C", 0.5))
    plain, weighted = (variants.model(checked, name) for name in ("none", "class_weight"))
    assert isinstance(plain, LogisticRegression)
    assert (plain.C, plain.class_weight, plain.random_state) == (0.5, None, 42)
    assert (weighted.C, weighted.class_weight) == (0.5, "balanced")


def problems_of(params, name="none"):
    with pytest.raises(InputError) as refused:
        variants.model(params, name)
    return refused.value.problems


def test_values_that_the_model_does_not_take_cannot_be_searched(raw):
    raw["model"] = {
        "_target_": "sklearn.ensemble.RandomForestClassifier",
        "search": {"C": [0.1, 1.0], "n_estimator": [1, 2]},
        "tune_for": "primary",
    }
    assert problems_of(config.check(raw)) == [
        "model.search.C is not an argument of RandomForestClassifier; choose from 'bootstrap', 'ccp_alpha', "
        "'class_weight', 'criterion', 'max_depth', 'max_features', 'max_leaf_nodes', 'max_samples', "
        "'min_impurity_decrease', 'min_samples_leaf', 'min_samples_split', 'min_weight_fraction_leaf'.",
        "model.search.n_estimator is not an argument of RandomForestClassifier; did you mean 'n_estimators', "
        "'random_state'?",
    ]
    (problem,) = problems_of(config.check(changed(raw, "model.search", {"max_depth": [2, -1]})))
    assert problem.startswith(
        "model.search with max_depth=-1: The 'max_depth' parameter of RandomForestClassifier must"
    )


def test_each_combination_of_values_is_a_candidate_in_their_order(raw):
    search = {"learning_rate": [0.1, 0.3], "max_leaf_nodes": [7, None]}
    raw["model"] = {
        "_target_": "sklearn.ensemble.HistGradientBoostingClassifier",
        "search": search,
        "tune_for": "primary",
    }
    assert config.candidates(config.check(raw), "none") == [
        {"learning_rate": 0.1, "max_leaf_nodes": 7},
        {"learning_rate": 0.1, "max_leaf_nodes": None},
        {"learning_rate": 0.3, "max_leaf_nodes": 7},
        {"learning_rate": 0.3, "max_leaf_nodes": None},
    ]
    assert config.candidates(config.check(changed(raw, "model.search", None)), "none") == []


@pytest.mark.parametrize(("of", "where"), [("model", "model.C"), ("variants.none.model", "variants.none.model.C")])
def test_an_argument_that_is_searched_cannot_be_given(raw, of, where):
    given = changed(raw, f"{of}.C", 2.0)
    assert problems_of(config.check(given)) == [
        f"{where}: expected 1.0, because model.search chooses C for each variant, found 2.0. To set it, add "
        "model.search=null."
    ]
    assert variants.model(config.check(changed(given, "model.search", None)), "none").C == 2.0


@pytest.mark.parametrize("replaced", [False, True])
def test_a_variant_may_have_a_search_of_its_own_and_a_model_of_its_own(raw, replaced):
    raw["model"]["C"] = 2.0
    raw["model"]["search"] = {"tol": [1e-4, 1e-3]}
    own = {"search": {"min_samples_leaf": [1, 2]}, "tune_for": "primary", "_replace_": True}
    forest = {"_target_": "sklearn.ensemble.ExtraTreesClassifier", "n_estimators": 7, **own}
    raw["variants"]["smote"]["model"] = forest if replaced else {"search": {"C": [2.0, 3.0]}, "C": 1.0}
    params = config.check(raw)
    built = variants.model(params, "smote")
    if replaced:
        assert (type(built).__name__, built.n_estimators, built.random_state) == ("ExtraTreesClassifier", 7, None)
        assert config.candidates(params, "smote") == [{"min_samples_leaf": 1}, {"min_samples_leaf": 2}]
        assert criterion(params, "smote").metric == "average_precision"
    else:
        assert (type(built).__name__, built.C) == ("LogisticRegression", 1.0)
        assert config.candidates(params, "smote") == [{"C": 2.0}, {"C": 3.0}]
        assert criterion(params, "smote").metric == "log_loss"
    assert (variants.model(params, "none").C, criterion(params, "none").metric) == (2.0, "log_loss")
    assert config.candidates(params, "none") == [{"tol": 1e-4}, {"tol": 1e-3}]


@pytest.mark.parametrize(
    ("node", "problem"),
    [
        ({"_replace_": 1}, "variants.smote.model._replace_: expected true or false, found 1."),
        (
            {"search": {"C": [1.0]}},
            "variants.smote.model.search.C: expected two or more different values, found [1.0].",
        ),
        (
            {"_replace_": True, "search": {"C": [1.0, 2.0]}},
            "variants.smote.model.tune_for: expected one of primary, log_loss, because model.search isn't null, found "
            "null.",
        ),
    ],
)
def test_a_variant_s_model_is_checked(raw, node, problem):
    raw["variants"]["smote"]["model"] = node
    with pytest.raises(InputError) as refused:
        config.check(raw)
    assert refused.value.problems == [f"params.yaml: {problem}"]


def test_an_argument_inside_of_the_model_can_be_searched(raw):
    raw["model"] = {
        "_target_": "sklearn.calibration.CalibratedClassifierCV",
        "estimator": {"_target_": "sklearn.svm.LinearSVC"},
        "search": {"estimator__C": [0.1, 1.0]},
        "tune_for": "primary",
    }
    built = variants.model(config.check(raw), "none")
    assert built.set_params(**config.candidates(config.check(raw), "none")[0]).estimator.C == 0.1


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


TREE = {"_target_": "sklearn.cluster.FeatureAgglomeration", "memory": "pickles"}


@pytest.mark.parametrize(
    ("node", "place"),
    [
        (TREE, "memory"),
        ({"_target_": "sklearn.ensemble.BaggingClassifier", "estimator": TREE}, "estimator.memory"),
        ({"_target_": "imblearn.pipeline.Pipeline", "steps": [], "memory": "pickles"}, "memory"),
        ({"_target_": "sklearn.ensemble.AdaBoostClassifier", "estimator": {**TREE, "memory": 3}}, "estimator.memory"),
    ],
)
def test_no_estimator_reads_pickles_however_deep(node, place, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError) as caught:
        build(node)
    (problem,) = caught.value.problems
    found = 3 if "3" in str(node) else "pickles"
    assert problem.endswith(
        f"memory: expected null, because pickles are read from there, and a pickle can run any code, found {found!r}. "
        "Leave it out."
    )
    assert problem.startswith(f"variants.mine.sampler.{place}")
    assert list(tmp_path.iterdir()) == []


def test_a_search_reads_no_pickles():
    with pytest.raises(InputError, match=r"^model.search with memory=pickles.memory: expected null, because pickles"):
        build_.check(FeatureAgglomeration(memory="pickles"), where="model.search with memory=pickles")
    build_.check(FeatureAgglomeration(memory=None), where="model.search with memory=None")


@pytest.mark.parametrize("file", ["mine/evil.py", "mine.py", "tests/evil.py"])
def test_other_folders_of_the_project_can_not_be_trusted_and_are_not_imported(tmp_path, monkeypatch, file):
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    path = tmp_path / file
    path.parent.mkdir(exist_ok=True)
    path.write_text("open('planted', 'w').close()\nfrom sklearn.linear_model import LogisticRegression\n")
    name = file.partition("/")[0].removesuffix(".py")
    target = file.removesuffix(".py").replace("/", ".") + ".LogisticRegression"
    trusted = ["sklearn", "extensions", name]
    with pytest.raises(InputError, match=rf"^model._target_: {target} is in .*{path.name}. There, changes would go"):
        build_.build({"_target_": target}, where="model", method="fit", trusted=trusted)
    with pytest.raises(InputError) as caught:
        build_.build({"_target_": "sklearn.cluster.KMeans"}, where="model", method="fit", trusted=trusted)
    assert caught.value.problems == [
        "trusted_packages: expected installed packages, and of this project's folders only pipeline and extensions, "
        f"found {name}. Move your code to extensions/, and leave out {name}."
    ]
    assert not (tmp_path / "planted").exists()


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
