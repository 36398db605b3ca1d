from math import inf, nan

import pytest
from altered import changed, refusal
from pydantic import ValidationError

from pipeline import config
from pipeline.errors import InputError

REPEATS = "expected auto, or a whole number of at least 1"
JOBS = "-1, which is one a core, or a whole number of at least 1"
MEMORY = "a share above 0 and at most 1"


def test_the_composition_of_conf_is_typed(raw):
    checked = config.check(raw)
    assert (checked.seed, checked.split.test_size, checked.data.simulation.rows) == (42, 0.3, 1000)
    assert list(checked.variants) == ["none", "random_under", "random_over", "augmentation", "smote", "class_weight"]
    assert checked.variants["smote"].sampler["k_neighbors"] == 5


@pytest.mark.parametrize(
    ("path", "value", "problem"),
    [
        # unknown keys
        ("sed", 1, "sed is not a setting; did you mean 'seed'?"),
        ("split.tset_size", 0.3, "split.tset_size is not a setting; did you mean 'test_size'?"),
        ("data.simulation.n", 1, "data.simulation.n is not a setting; choose from 'rows', 'prevalence', 'seed'."),
        ("variants.smote.modle", {}, "variants.smote.modle is not a setting; did you mean 'model', 'sampler'?"),
        # wrong types
        ("seed", "many", "seed: expected a whole number from 0 to 4294967295, found 'many'."),
        ("seed", True, "seed: expected a whole number from 0 to 4294967295, found true."),
        ("evaluate.repeats", "many", f"evaluate.repeats: {REPEATS}, found 'many'."),
        ("evaluate.repeats", 0, f"evaluate.repeats: {REPEATS}, found 0."),
        ("split.test_size", "third", "split.test_size: expected a number from 0 to below 1, found 'third'."),
        ("split.test_size", False, "split.test_size: expected a number from 0 to below 1, found false."),
        ("split.group_duplicates", "perhaps", "split.group_duplicates: expected true or false, found 'perhaps'."),
        ("data.simulation.rows", 1e6, "data.simulation.rows: expected a whole number of at least 2, found 1000000.0."),
        ("data.target", True, "data.target: expected text, found true."),
        ("data.drop", "visitor", "data.drop: expected a list, found 'visitor'."),
        ("data.drop", [None], "data.drop[0]: expected text, found null."),
        ("model", "logistic", "model: expected keys and values, found 'logistic'."),
        ("data", None, "data: expected keys and values, found null."),
        ("variants.smote.model", None, "variants.smote.model: expected keys and values, found null."),
        (
            "tracking.uri",
            "mlruns",
            "tracking.uri: expected sqlite:///FILE, http://HOST:PORT, https://HOST or null, found 'mlruns'.",
        ),
        (
            "data.sql",
            "postgresql://u:secret@h/d",
            "data.sql: expected keys and values, found 'postgresql://u:***@h/d'.",
        ),
        # missing values
        ("data.path", "???", "data.path is missing. Set it with `dvc exp run -S data.path=...`."),
        ("split.seed", ..., "split.seed is missing. Set it with `dvc exp run -S split.seed=...`."),
        (
            "variants.smote.sampler",
            ...,
            "variants.smote.sampler is missing. Set it with `dvc exp run -S variants.smote.sampler=...`.",
        ),
        # out of range
        ("seed", -1, "seed: expected a whole number from 0 to 4294967295, found -1."),
        ("split.seed", 2**32, "split.seed: expected a whole number from 0 to 4294967295, found 4294967296."),
        ("data.simulation.seed", -1, "data.simulation.seed: expected a whole number from 0 to 4294967295, found -1."),
        ("split.test_size", -0.1, "split.test_size: expected a number from 0 to below 1, found -0.1."),
        ("split.test_size", 1, "split.test_size: expected a number from 0 to below 1, found 1."),
        ("split.test_size", nan, "split.test_size: expected a number from 0 to below 1, found nan."),
        (
            "preprocess.impute",
            "mean",
            "preprocess.impute: expected a class with its arguments, as in conf/preprocess/auto.yaml, or null, found "
            "'mean'.",
        ),
        (
            "evaluate.objective",
            "recall",
            "evaluate.objective: expected one of balanced_accuracy, f_beta, expected_cost, recall_at_precision, "
            "precision_at_recall, alert_budget, found 'recall'.",
        ),
        ("evaluate.alerts", 0.1, "evaluate.alerts: expected null without evaluate=alert_budget, found 0.1."),
        (
            "model.search",
            "yes",
            "model.search: expected values to choose from for each argument, such as {C: [0.1, 1.0]}, or null, found "
            "'yes'.",
        ),
        ("model.search.C", [1.0, 1.0], "model.search.C: expected two or more different values, found [1.0, 1.0]."),
        ("model.search.C", 1.0, "model.search.C: expected two or more different values, found 1.0."),
        ("model.search.C", [[1.0], 2.0], "model.search.C: expected two or more different values, found [[1.0], 2.0]."),
        (
            "model.tune_for",
            "f1",
            "model.tune_for: expected one of primary, log_loss, because model.search isn't null, found 'f1'.",
        ),
        (
            "model.tune_for",
            None,
            "model.tune_for: expected one of primary, log_loss, because model.search isn't null, found null.",
        ),
        (
            "compare.primary",
            "f_beta",
            "compare.primary: expected another metric with evaluate.objective=balanced_accuracy, found 'f_beta'. "
            "Add evaluate=f_beta, which tunes each variant's threshold for it.",
        ),
        ("evaluate.folds", 1, "evaluate.folds: expected 0, or a whole number of at least 2, found 1."),
        ("evaluate.confidence", 95, "evaluate.confidence: expected a fraction between 0 and 1, found 95."),
        ("tracking.timeout", 0, "tracking.timeout: expected a number of seconds above 0, found 0."),
        ("machine.jobs", 0, f"machine.jobs: expected {JOBS}, found 0."),
        ("machine.jobs", -2, f"machine.jobs: expected {JOBS}, found -2."),
        ("machine.memory", 0, f"machine.memory: expected {MEMORY}, found 0."),
        ("machine.memory", 1.5, f"machine.memory: expected {MEMORY}, found 1.5."),
        ("variants", {}, "variants: expected at least one variant, found {}."),
        ("data.drop", ["buy"], "data.drop: expected columns other than data.target, found 'buy'."),
        ("data.simulation.rows", 1, "data.simulation.rows: expected a whole number of at least 2, found 1."),
        (
            "data.simulation.prevalence",
            1,
            (
                "data.simulation.prevalence: expected a fraction that gives each class at least one of 1,000 rows, "
                "found 1.0."
            ),
        ),
        (
            "data.path",
            "visits.csv",
            "data.path: expected a YAML file, because this table is simulated, found 'visits.csv'. For a file, "
            "use -S data=csv -S data.path=FILE -S data.target=COLUMN.",
        ),
        (
            "data.url",
            "https://h/v.csv",
            "data: expected only one of data.simulation, data.url, data.openml, data.imbalanced and data.sql, "
            "found 'simulation, url'.",
        ),
        ("data.sha256", "6734", "data.sha256: expected 64 hexadecimal digits in lower case, or null, found '6734'."),
        (
            "variants.plots",
            {"sampler": {}, "model": {}},
            "variants: expected names other than dvc, figures, plots, tables, found 'plots'.",
        ),
        (
            "variants.a/b",
            {"sampler": {}, "model": {}},
            "variants: expected names of letters, digits, _ and -, found 'a/b'.",
        ),
        (
            f"variants.{'a' * 65}",
            {"sampler": {}, "model": {}},
            f"variants: expected names of at most 64 letters, digits, _ and -, found '{'a' * 65}'.",
        ),
        *(
            (
                "tracking.experiment",
                name,
                f"tracking.experiment: expected a name without empty parts, . and .. between slashes, found {name!r}.",
            )
            for name in ("../../x", "..", "", "a/..\\b", "/x")
        ),
    ],
)
def test_a_bad_value_is_refused_with_its_path_and_what_was_expected(raw, path, value, problem):
    assert refusal(changed(raw, path, value)) == [f"params.yaml: {problem}"]


@pytest.mark.parametrize("beta", [None, 0, -1.0, inf, nan])
def test_f_beta_needs_a_positive_finite_beta(raw, beta):
    bad = changed(changed(raw, "evaluate.objective", "f_beta"), "evaluate.beta", beta)
    (problem,) = refusal(bad)
    why = ", because evaluate.objective is f_beta" if beta is None else ""
    assert problem.startswith(f"params.yaml: evaluate.beta: expected a number above 0{why}, found ")
    assert config.check(changed(bad, "evaluate.beta", 2)).evaluate.beta == 2.0


@pytest.mark.parametrize(
    ("objective", "key", "bad", "expected", "good"),
    [
        ("expected_cost", "false_negative_cost", None, "a number above 0", 19.0),
        ("recall_at_precision", "precision_floor", 1.0, "a fraction between 0 and 1", 0.5),
        ("precision_at_recall", "recall_floor", None, "a fraction between 0 and 1", 0.9),
        ("alert_budget", "alerts", None, "a fraction between 0 and 1", 0.1),
    ],
)
def test_an_objective_needs_its_settings(raw, objective, key, bad, expected, good):
    asked = changed(changed(raw, "evaluate.objective", objective), "evaluate.false_positive_cost", None)
    if objective == "expected_cost":
        asked = changed(asked, "evaluate.false_positive_cost", 1.0)
    (problem,) = refusal(changed(asked, f"evaluate.{key}", bad))
    why = f", because evaluate.objective is {objective}" if bad is None else ""
    assert problem.startswith(f"params.yaml: evaluate.{key}: expected {expected}{why}, found ")
    assert getattr(config.check(changed(asked, f"evaluate.{key}", good)).evaluate, key) == good


def test_all_problems_are_reported_at_once(raw):
    bad = {"seed": -1, "evaluate.folds": 1, "split.tset_size": 0.3, "variants.smote.sampler.k_neighbors": "???"}
    for key, value in bad.items():
        raw = changed(raw, key, value)
    assert refusal(raw) == [
        "params.yaml: seed: expected a whole number from 0 to 4294967295, found -1.",
        "params.yaml: split.tset_size is not a setting; did you mean 'test_size'?",
        "params.yaml: evaluate.folds: expected 0, or a whole number of at least 2, found 1.",
        "params.yaml: variants.smote.sampler.k_neighbors is missing. Set it with `dvc exp run -S "
        "variants.smote.sampler.k_neighbors=...`.",
    ]


def test_text_that_reads_as_a_number_is_one(raw):
    text = {"seed": "7", "split.test_size": "0.25", "tracking.timeout": 3, "split.group_duplicates": "off"}
    for key, value in text.items():
        raw = changed(raw, key, value)
    checked = config.check(raw)
    assert (checked.seed, checked.split.test_size, checked.split.group_duplicates) == (7, 0.25, False)
    assert type(checked.tracking.timeout) is float


@pytest.mark.parametrize("uri", ["mlruns", "postgresql://h/db", "sqlite://", "sqlite:///", "sqlite:///:memory:"])
def test_tracking_of_an_unknown_kind_is_refused(raw, uri):
    (problem,) = refusal(changed(raw, "tracking.uri", uri))
    assert problem.startswith("params.yaml: tracking.uri: expected sqlite:///FILE, http://HOST:PORT, https://HOST")


@pytest.mark.parametrize("uri", ["sqlite:///mlflow.db", "sqlite:////srv/:memory:.db", "http://127.0.0.1:5000", None])
def test_tracking_is_a_file_a_server_or_off(raw, uri):
    assert config.check(changed(raw, "tracking.uri", uri)).tracking.uri == uri


@pytest.mark.parametrize(
    "name", ["x; touch planted", "$(touch planted)", "`touch planted`", "'", "a\nb", "a b", "é", "..", "../x", "&", ""]
)
def test_a_variant_s_name_is_one_word_whatever_the_shell(raw, name):
    raw["variants"][name] = raw["variants"]["none"]
    assert refusal(raw) == [f"params.yaml: variants: expected names of letters, digits, _ and -, found {name!r}."]


def test_settings_do_not_change(raw):
    with pytest.raises(ValidationError, match="frozen"):
        config.check(raw).seed = 3


@pytest.mark.parametrize("content", ["", "seed\n", "- seed: 1\n", "seed: [1\n", "a: b: c\n"])
def test_a_file_that_is_no_mapping_is_an_input_error_that_names_it(tmp_path, content):
    path = tmp_path / "params.yaml"
    path.write_text(content)
    with pytest.raises(InputError, match="params.yaml: "):
        config.load(path)


def test_a_missing_file_says_what_writes_it(tmp_path):
    with pytest.raises(InputError, match=r"no such file. .* `rebalance configure`"):
        config.load(tmp_path / "params.yaml")


def test_an_unknown_variant_is_refused_with_the_nearest(raw):
    with pytest.raises(InputError, match=r"params.yaml: there is no variant 'smot'; did you mean 'smote'?"):
        config.variant(config.check(raw), "smot")


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"data.weight": "times"}, "data.weight, because the guarantee counts rows"),
        (
            {"data.group": "visitor", "split.by": "group"},
            "split.by=group, because rows of a group are not independent",
        ),
        (
            {"data.time": "day", "split.by": "time"},
            "split.by=time, because new rows are later than those that the guarantee counts",
        ),
        (
            {"split.group_duplicates": True},
            "split.group_duplicates=true, because duplicates are not independent",
        ),
    ],
)
def test_rows_that_are_not_independent_and_equal_get_no_guarantee(raw, changes, why):
    asked = {"evaluate.objective": "precision_at_recall", "evaluate.recall_floor": 0.9, "evaluate.guarantee": True}
    for key, value in {**asked, **changes}.items():
        raw = changed(raw, key, value)
    assert refusal(raw) == [
        f"params.yaml: evaluate.guarantee: expected false with {why}, found true. Add evaluate.guarantee=false."
    ]
    assert not config.check(changed(raw, "evaluate.guarantee", False)).evaluate.guarantee


def test_a_guarantee_needs_a_floor(raw):
    (problem,) = refusal(changed(raw, "evaluate.guarantee", True))
    assert problem == (
        "params.yaml: evaluate.guarantee: expected false without evaluate=recall_at_precision or "
        "evaluate=precision_at_recall, found true."
    )
