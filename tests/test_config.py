from copy import deepcopy
from math import inf, nan
from pathlib import Path

import pytest
import yaml
from imblearn.over_sampling import SMOTE, KMeansSMOTE
from sklearn.cluster import KMeans
from sklearn.linear_model import LogisticRegression

from pipeline import config
from pipeline.errors import InputError
from pipeline.fit import build as build_
from pipeline.fit import variants

ROOT = Path(__file__).parents[1]
TRUSTED = ["sklearn", "imblearn", "pipeline"]


@pytest.fixture
def raw():
    return yaml.safe_load((ROOT / "params.yaml").read_text())


def changed(raw, path, value):
    """A copy of nested mappings with one key set, or removed by `...`."""
    copy = deepcopy(raw)
    *parents, last = path.split(".")
    node = copy
    for key in parents:
        node = node[key]
    if value is ...:
        del node[last]
    else:
        node[last] = value
    return copy


def refusal(raw):
    with pytest.raises(InputError) as caught:
        config.check(raw)
    return caught.value.problems


def test_the_composition_of_conf_is_typed(raw):
    checked = config.check(raw)
    assert (checked.seed, checked.split.test_size, checked.data.simulation.rows) == (42, 0.3, 1000)
    assert list(checked.variants) == ["none", "random_under", "random_over", "augmentation", "smote", "class_weight"]
    assert checked.variants["smote"].sampler["k_neighbors"] == 5


@pytest.mark.parametrize(
    ("path", "value", "problem"),
    [
        # unknown keys
        ("sed", 1, "sed is not a key; did you mean 'seed'?"),
        ("split.tset_size", 0.3, "split.tset_size is not a key; did you mean 'test_size'?"),
        ("data.simulation.n", 1, "data.simulation.n is not a key; choose from 'rows', 'prevalence', 'seed'."),
        ("variants.smote.modle", {}, "variants.smote.modle is not a key; did you mean 'model', 'sampler'?"),
        # wrong types
        ("seed", "many", "seed: expected a whole number from 0 to 4294967295, found 'many'"),
        ("seed", True, "seed: expected a whole number from 0 to 4294967295, found true"),
        ("split.test_size", "third", "split.test_size: expected a fraction between 0 and 1, found 'third'"),
        ("split.test_size", False, "split.test_size: expected a fraction between 0 and 1, found false"),
        ("preprocess.scale", "perhaps", "preprocess.scale: expected true or false, found 'perhaps'"),
        ("data.simulation.rows", 1e6, "data.simulation.rows: expected a whole number from 2, found 1000000.0"),
        ("data.target", True, "data.target: expected text, found true"),
        ("data.drop", "visitor", "data.drop: expected a list, found 'visitor'"),
        ("data.drop", [None], "data.drop[0]: expected text, found null"),
        ("model", "logistic", "model: expected keys and values, found 'logistic'"),
        ("data", None, "data: expected keys and values, found null"),
        ("variants.smote.model", None, "variants.smote.model: expected keys and values, found null"),
        # missing values
        ("data.path", "???", "data.path must be given: dvc exp run -S data.path=..."),
        ("split.seed", ..., "split.seed must be given: dvc exp run -S split.seed=..."),
        (
            "variants.smote.sampler",
            ...,
            "variants.smote.sampler must be given: dvc exp run -S variants.smote.sampler=...",
        ),
        # out of range
        ("seed", -1, "seed: expected a whole number from 0 to 4294967295, found -1"),
        ("split.seed", 2**32, "split.seed: expected a whole number from 0 to 4294967295, found 4294967296"),
        ("data.simulation.seed", -1, "data.simulation.seed: expected a whole number from 0 to 4294967295, found -1"),
        ("split.test_size", 0.0, "split.test_size: expected a fraction between 0 and 1, found 0.0"),
        ("split.test_size", 1, "split.test_size: expected a fraction between 0 and 1, found 1"),
        ("split.test_size", nan, "split.test_size: expected a fraction between 0 and 1, found nan"),
        (
            "preprocess.impute",
            "mode",
            "preprocess.impute: expected one of median, mean, most_frequent, or null, found 'mode'",
        ),
        (
            "evaluate.objective",
            "recall",
            "evaluate.objective: expected one of balanced_accuracy, f_beta, expected_cost, recall_at_precision, "
            "alert_budget, found 'recall'",
        ),
        ("evaluate.alerts", 0.1, "evaluate.alerts: expected null without evaluate=alert_budget, found 0.1"),
        ("model.tune", "yes", "model.tune: expected true or false: whether to choose C for each variant, found 'yes'"),
        (
            "model.grid",
            [1.0, 1.0],
            "model.grid: expected two or more different values of C above 0, since model.tune is true, "
            "found [1.0, 1.0]",
        ),
        (
            "compare.primary",
            "f_beta",
            "compare.primary: expected evaluate=f_beta with it, so that each variant is judged at the threshold chosen "
            "for it, found 'f_beta'",
        ),
        ("evaluate.folds", 1, "evaluate.folds: expected a whole number from 2, or 0, found 1"),
        ("evaluate.confidence", 95, "evaluate.confidence: expected a fraction between 0 and 1, found 95"),
        ("tracking.timeout", 0, "tracking.timeout: expected seconds above 0, found 0"),
        ("variants", {}, "variants: expected at least one variant, found {}"),
        ("data.drop", ["buy"], "data.drop: expected columns other than data.target, found 'buy'"),
        ("data.simulation.rows", 1, "data.simulation.rows: expected a whole number from 2, found 1"),
        (
            "data.simulation.prevalence",
            1,
            "data.simulation.prevalence: expected a fraction that leaves each class some of 1,000 rows, found 1.0",
        ),
        (
            "data.path",
            "visits.csv",
            "data.path: expected no file, since this table is simulated; "
            "for a file: -S data=csv -S data.path=FILE -S data.target=COLUMN, found 'visits.csv'",
        ),
        (
            "data.url",
            "https://h/v.csv",
            "data: expected only one of data.simulation, data.url, data.openml, data.imbalanced and data.sql, "
            "found 'simulation, url'",
        ),
        ("data.sha256", "6734", "data.sha256: expected 64 hexadecimal digits in lower case, or null, found '6734'"),
        (
            "variants.plots",
            {"sampler": {}, "model": {}},
            "variants: expected names other than figures, plots, tables, found 'plots'",
        ),
        (
            "variants.a/b",
            {"sampler": {}, "model": {}},
            "variants: expected names of letters, digits, _ and -, found 'a/b'",
        ),
    ],
)
def test_a_bad_value_is_refused_with_its_path_and_what_was_expected(raw, path, value, problem):
    assert refusal(changed(raw, path, value)) == [f"params.yaml: {problem}"]


@pytest.mark.parametrize("beta", [None, 0, -1.0, inf, nan])
def test_f_beta_needs_a_positive_finite_beta(raw, beta):
    bad = changed(changed(raw, "evaluate.objective", "f_beta"), "evaluate.beta", beta)
    (problem,) = refusal(bad)
    why = ", since evaluate.objective is f_beta" if beta is None else ""
    assert problem.startswith(f"params.yaml: evaluate.beta: expected a number above 0{why}, found ")
    assert config.check(changed(bad, "evaluate.beta", 2)).evaluate.beta == 2.0


@pytest.mark.parametrize(
    ("objective", "key", "bad", "expected", "good"),
    [
        ("expected_cost", "false_negative_cost", None, "a number above 0", 19.0),
        ("recall_at_precision", "precision_floor", 1.0, "a fraction between 0 and 1", 0.5),
        ("alert_budget", "alerts", None, "a fraction between 0 and 1", 0.1),
    ],
)
def test_an_objective_needs_its_settings(raw, objective, key, bad, expected, good):
    asked = changed(changed(raw, "evaluate.objective", objective), "evaluate.false_positive_cost", None)
    if objective == "expected_cost":
        asked = changed(asked, "evaluate.false_positive_cost", 1.0)
    (problem,) = refusal(changed(asked, f"evaluate.{key}", bad))
    why = f", since evaluate.objective is {objective}" if bad is None else ""
    assert problem.startswith(f"params.yaml: evaluate.{key}: expected {expected}{why}, found ")
    assert config.rule(config.check(changed(asked, f"evaluate.{key}", good)).evaluate)[key] == good


def test_a_model_without_c_cannot_be_tuned(raw):
    forest = {"_target_": "sklearn.ensemble.RandomForestClassifier", "tune": True, "grid": [0.1, 1.0]}
    params = config.check({**raw, "model": forest})
    with pytest.raises(InputError, match=r"model: RandomForestClassifier has no C to choose: set model.tune=false"):
        variants.model(params, "none")
    forest["tune"] = False
    params = config.check({**raw, "model": forest})
    assert type(variants.model(params, "none")).__name__ == "RandomForestClassifier"
    assert config.grid(params) is None


def test_a_c_that_is_chosen_cannot_be_given(raw):
    (problem,) = refusal(changed(raw, "model.C", 0.1))
    assert problem == (
        "params.yaml: model.C: expected 1.0, since model.tune is true and C is chosen for each variant: one C "
        "penalizes resampled rows differently. Set model.tune=false to give C, found 0.1"
    )
    assert config.check(changed(changed(raw, "model.tune", False), "model.C", 0.1)).model["C"] == 0.1


def test_a_variant_cannot_give_a_c_that_is_chosen(raw):
    raw["variants"]["none"]["model"] = {"C": 2.0}
    with pytest.raises(InputError, match=r"variants.none.model.C: C is chosen for each variant: set model.tune=false"):
        variants.model(config.check(raw), "none")
    assert variants.model(config.check(changed(raw, "model.tune", False)), "none").C == 2.0


def test_several_values_out_of_range_are_told_at_once(raw):
    problems = refusal(changed(changed(raw, "seed", -1), "evaluate.folds", 1))
    assert [problem.split(": ")[1] for problem in problems] == ["seed", "evaluate.folds"]


@pytest.mark.parametrize("content", ["", "seed\n", "- seed: 1\n", "seed: [1\n", "a: b: c\n"])
def test_a_file_that_is_no_mapping_is_an_input_error_that_names_it(tmp_path, content):
    path = tmp_path / "params.yaml"
    path.write_text(content)
    with pytest.raises(InputError, match="params.yaml: "):
        config.load(path)


def test_a_missing_file_says_what_writes_it(tmp_path):
    with pytest.raises(InputError, match=r"no such file here. .* `rebalance configure`"):
        config.load(tmp_path / "params.yaml")


def test_a_variant_s_model_overrides_the_common_one(raw):
    checked = config.check(changed(changed(raw, "model.tune", False), "model.C", 0.5))
    plain, weighted = (variants.model(checked, name) for name in ("none", "class_weight"))
    assert isinstance(plain, LogisticRegression)
    assert (plain.C, plain.class_weight, plain.random_state) == (0.5, None, 42)
    assert (weighted.C, weighted.class_weight) == (0.5, "balanced")


def test_a_sampler_is_built_with_its_arguments(raw):
    sampler = variants.sampler(config.check(changed(raw, "variants.smote.sampler.k_neighbors", 3)), "smote")
    assert isinstance(sampler, SMOTE)
    assert (sampler.k_neighbors, sampler.random_state) == (3, 42)


def test_an_unknown_variant_is_refused_with_the_nearest(raw):
    with pytest.raises(InputError, match=r"params.yaml: variants.smot is not there; did you mean 'smote'?"):
        config.variant(config.check(raw), "smot")


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
            "variants.mine.sampler._target_: expected a class from sklearn, imblearn, pipeline, found os.system; "
            "packages you trust go into trusted_packages",
        ),
        (
            {"_target_": "sklearn2.Sampler"},
            "variants.mine.sampler._target_: expected a class from sklearn, imblearn, pipeline, "
            "found sklearn2.Sampler; packages you trust go into trusted_packages",
        ),
        (
            {"_target_": "sklearn.datasets.load_iris"},
            "variants.mine.sampler._target_: expected the class of an estimator or a sampler, "
            "found sklearn.datasets.load_iris",
        ),
        (  # a trusted package's own imports are no way in
            {"_target_": "pipeline.table.sources.Path"},
            "variants.mine.sampler._target_: expected the class of an estimator or a sampler, "
            "found pipeline.table.sources.Path",
        ),
        (
            {"_target_": "imblearn.over_sampling.SMOT"},
            "variants.mine.sampler._target_: imblearn.over_sampling has no SMOT; "
            "did you mean 'SMOTE', 'SMOTEN', 'SMOTENC'?",
        ),
        (
            {"_target_": "SMOTE"},
            "variants.mine.sampler._target_: expected the full name of a class, found 'SMOTE'",
        ),
        ({}, "variants.mine.sampler._target_: expected the full name of a class, found None"),
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
            "found joblib.load; packages you trust go into trusted_packages",
        ),
        (
            {"_target_": "sklearn.linear_model.LogisticRegression"},
            "variants.mine.sampler: expected a class with fit_resample, found sklearn.linear_model.LogisticRegression",
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


def sql(raw, url):
    data = raw["data"] | {"simulation": None, "path": "conf/data/sql.yaml", "sql": {"url": url, "query": "select"}}
    return raw | {"data": data}


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql+psycopg2://u:secret@h/d", "postgresql+psycopg2://u:***@h/d"),
        ("postgresql://u:$ecret-x@h/d", "postgresql://u:***@h/d"),
        ("postgresql://u:/s:e@cret@h:5432/d", "postgresql://u:***@h:5432/d"),
        ("postgresql://u@h/d?sslmode=require&password=secret", "postgresql://u@h/d?sslmode=require&password=***"),
        ("mssql+pyodbc:///?odbc_connect=UID=u;PWD=secret;x=1", "mssql+pyodbc:///?odbc_connect=UID=u;PWD=***;x=1"),
    ],
)
def test_a_password_is_refused_and_not_told(raw, url, shown):
    (problem,) = refusal(sql(raw, url))
    assert problem == (
        "params.yaml: data.sql.url: expected $NAME of an environment variable in place of the password, since "
        f"params.yaml is committed: {shown.replace('***', '$PASSWORD')}, found {shown!r}"
    )


@pytest.mark.parametrize(
    "url",
    [
        "sqlite:///visits.db",
        "sqlite:////a:b@c/visits.db",
        "postgresql://u@h:5432/d",
        "postgresql://u:$SHOP_PASSWORD@h/d",
        "postgresql://$WHO:$PASSWORD@$HOST:5432/d",
        "postgresql://h:5432/d?options=a@b",
        "postgresql://u@h/d?password=$PASSWORD",
    ],
)
def test_an_address_without_a_password_of_its_own_is_a_setting(raw, url):
    assert config.check(sql(raw, url)).data.sql.url == url


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"id": None}, "data.openml: expected an id or a name, and not both: -S data.openml.id=310, found"),
        ({"name": "oil"}, "data.openml: expected an id or a name, and not both: -S data.openml.id=310, found"),
        ({"version": 2}, "data.openml.version: expected null, since an id is of one version, found 2"),
    ],
)
def test_openml_has_an_id_or_a_name(composed, changes, problem):
    raw = yaml.safe_load(composed("data=openml", "data.openml.id=310", "data.target=buy"))
    raw["data"]["openml"] |= changes
    assert refusal(raw)[0].startswith(f"params.yaml: {problem}")


def test_settings_come_back_from_plain_data_whatever_the_source(composed):
    query = "data.sql.query='select a, b from t order by a'"
    for chosen in (["data=openml", "data.openml.id=310"], ["data=sql", "data.sql.url=sqlite:///v.db", query]):
        checked = config.check(yaml.safe_load(composed(*chosen, "data.target=b")))
        assert config.Config.model_validate(checked.model_dump()) == checked
