import hashlib
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import skops.io
from mutants import members_of, zipped
from preparing import fitted_on
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import (
    BaggingClassifier,
    ExtraTreesClassifier,
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
)
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.neighbors import KNeighborsClassifier
from sklearn.svm import SVC, LinearSVC
from sklearn.tree import DecisionTreeClassifier

from pipeline.errors import InputError
from pipeline.fit import stored
from pipeline.fit.stored import read_model, write_model

ROOT = Path(__file__).parents[2]
RANDOM = np.random.default_rng(0)
X = np.column_stack([RANDOM.normal(size=(40, 3)).round(2), RANDOM.integers(4, size=40)])
Y = (X[:, 0] + X[:, 1] > 0).astype(int)
HOLES = np.where(RANDOM.random(X.shape) < 0.2, np.nan, X)
SHORT = {"max_iter": 2, "min_samples_leaf": 3, "random_state": 0}
MODELS = {
    "boosting": GradientBoostingClassifier(n_estimators=2, max_depth=2, random_state=0),
    "calibrated": CalibratedClassifierCV(LinearSVC(random_state=0), cv=2),
    "extra": ExtraTreesClassifier(2, max_depth=3, random_state=0),
    "forest": RandomForestClassifier(2, max_depth=3, random_state=0),
    "histograms": HistGradientBoostingClassifier(**SHORT),
    "histograms with categories": HistGradientBoostingClassifier(**SHORT, categorical_features=[3]),
    "logistic": LogisticRegression(),
    "neighbors": KNeighborsClassifier(3, algorithm="brute"),
    "support vectors": SVC(),
    "tree": DecisionTreeClassifier(max_depth=4, random_state=0),
}
WITH_HOLES = ("extra", "forest", "histograms", "histograms with categories", "tree")


@pytest.fixture
def visits():
    return pd.DataFrame(
        {"time": [1.5, 2.0, 3.0, 0.1 + 0.2], "größe, m": [3.0, 1.0, 2.0, 4.0], "140.npy": [0.0, -0.0, 1.0, 2.0]},
        index=pd.Index([7, 3, 9, 1], name="row_id"),
    )


def fitted(name, rows=X, y=Y):
    return clone(MODELS[name]).fit(rows, y)


def probabilities(model, rows):
    return getattr(model, "predict_proba", getattr(model, "decision_function", None))(rows).tolist()


@pytest.mark.parametrize(("name", "rows"), [*((name, X) for name in MODELS), *((name, HOLES) for name in WITH_HOLES)])
def test_a_model_predicts_the_same_bits_when_read_and_has_the_same_bytes_when_written_again(tmp_path, name, rows):
    model = fitted(name, rows)
    for file in ("one", "two"):
        write_model(tmp_path / file, model)
    assert probabilities(read_model(tmp_path / "one"), rows) == probabilities(model, rows)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


@pytest.mark.parametrize(
    "model",
    [
        DecisionTreeClassifier(ccp_alpha=0.03),
        DecisionTreeClassifier(max_leaf_nodes=4),
        SGDClassifier(loss="modified_huber"),
        BaggingClassifier(RandomForestClassifier(2), 2),
        GradientBoostingClassifier(n_estimators=2, init="zero"),
        SVC(kernel="poly"),
    ],
    ids=lambda model: str(model)[:40],
)
@pytest.mark.parametrize("classes", [2, 3])
def test_models_of_other_kinds_are_stored_too(tmp_path, model, classes):
    y = np.digitize(X[:, 0] + X[:, 1], [0] if classes == 2 else [-0.5, 0.5])
    write_model(tmp_path / "model.skops", model.fit(X, y))
    assert probabilities(read_model(tmp_path / "model.skops"), X) == probabilities(model, X)


def test_a_model_comes_back_as_it_was(tmp_path, visits):
    model = LogisticRegression(random_state=3).fit(visits, [0, 1, 0, 1])
    write_model(tmp_path / "model.skops", model)
    again = read_model(tmp_path / "model.skops")
    assert again.get_params() == model.get_params()
    assert again.feature_names_in_.tolist() == visits.columns.tolist()
    assert (again.predict_proba(visits) == model.predict_proba(visits)).all()


FIT = """
import pipeline, sys
from pathlib import Path
import pandas as pd
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler
from pipeline.fit.stored import write_model
from pipeline.fit.steps import Steps
from pipeline.preprocess import preprocess
padding = [object() for _ in range(int(sys.argv[1]))]  # other addresses
visits = pd.DataFrame({"time": [1.0, 2.0, 3.0, 4.0], "pages": [3.0, 1.0, 2.0, 4.0]})
preprocessor, _ = preprocess(visits, None, Steps(SimpleImputer(strategy="median"), StandardScaler()))
write_model(Path(sys.argv[2], "model.skops"), LogisticRegression().fit(preprocessor.transform(visits), [0, 1, 0, 1]))
write_model(Path(sys.argv[2], "preprocessor.skops"), preprocessor)
"""


def test_a_model_has_the_same_bytes_from_two_processes(tmp_path):
    digests = []
    for number, seed in ((1, "0"), (5000, "1")):
        folder = tmp_path / seed
        folder.mkdir()
        environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)}
        subprocess.run([sys.executable, "-c", FIT, str(number), folder], env=environment, check=True)
        digests.append({path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()})
    assert digests[0].keys() == {"model.skops", "preprocessor.skops"}
    assert digests[0] == digests[1]


def test_different_models_have_different_bytes(tmp_path, visits):
    for name, C in (("one", 1.0), ("two", 0.1)):
        write_model(tmp_path / name, LogisticRegression(C=C).fit(visits, [0, 1, 0, 1]))
    assert (tmp_path / "one").read_bytes() != (tmp_path / "two").read_bytes()


def test_a_fitted_preprocessor_comes_back_as_it_was(tmp_path, visits):
    fitted, _ = fitted_on(visits)
    write_model(tmp_path / "preprocessor.skops", fitted)
    pd.testing.assert_frame_equal(
        read_model(tmp_path / "preprocessor.skops").transform(visits), fitted.transform(visits)
    )


class Stranger:
    def __init__(self):
        self.value = 1


def test_a_model_file_with_a_strange_type_is_not_loaded(tmp_path):
    (tmp_path / "model.skops").write_bytes(skops.io.dumps({"model": Stranger()}))
    with pytest.raises(InputError, match="not loaded, because it contains .*Stranger, which isn't trusted"):
        read_model(tmp_path / "model.skops")


def test_a_model_that_could_not_be_read_again_is_not_written(tmp_path, visits):
    with pytest.raises(InputError, match=r"can't be stored .*KDTree. Set model.algorithm=brute, or choose"):
        write_model(tmp_path / "model.skops", KNeighborsClassifier(2, algorithm="kd_tree").fit(visits, [0, 1, 0, 1]))
    assert list(tmp_path.iterdir()) == []


def refused(path):
    with pytest.raises(InputError) as caught:
        read_model(path)
    assert str(caught.value).startswith(f"{path}: not loaded, because it contains ")
    assert str(caught.value).endswith(". Run `dvc repro --force`.")
    return str(caught.value).removeprefix(f"{path}: not loaded, because it contains ").split(". Run")[0]


def written(path, model, change):
    """A file of a model whose objects were changed, as a crafted one would be."""
    data = skops.io.dumps(change(model) or model)
    path.write_bytes(data)
    return path


def with_nodes(tree, column, place, value):
    """The same tree with another number in one of its nodes."""
    _, arguments, state = tree.__reduce__()
    nodes = state["nodes"].copy()
    nodes[column][place] = value
    changed = type(tree)(*arguments)
    changed.__setstate__({**state, "nodes": nodes})
    return changed


@pytest.mark.parametrize(
    ("column", "value", "found"),
    [
        ("left_child", 10_000_000, "a tree with a child out of range"),
        ("right_child", -7, "a tree with a child out of range"),
        ("left_child", 0, "a tree with a child out of range"),  # its parent: a cycle
        ("right_child", 1, "a tree with a node that isn't the child of one other"),
        ("left_child", -1, "a tree with a leaf that isn't marked as one"),
        ("feature", 4, "a tree with a feature out of range"),
        ("feature", -2, "a tree with a feature out of range"),
        ("threshold", np.nan, "a tree with a threshold that isn't a number"),
    ],
)
@pytest.mark.parametrize("name", ["boosting", "extra", "forest", "tree"])
def test_a_tree_with_nodes_out_of_range_is_refused(tmp_path, name, column, value, found):
    def change(model):
        tree = model if name == "tree" else np.ravel(model.estimators_)[1]
        tree.tree_ = with_nodes(tree.tree_, column, 0, value)

    assert refused(written(tmp_path / "model.skops", fitted(name), change)) == found


def with_state(tree, **state):
    """The same tree with other parts, as skops builds it."""
    _, arguments, former = tree.__reduce__()
    changed = type(tree)(*arguments)
    changed.__setstate__({**former, **state})
    return changed


def test_a_tree_whose_numbers_disagree_is_refused(tmp_path):
    model = fitted("tree")
    tree, path = model.tree_, tmp_path / "model.skops"
    values = tree.__getstate__()["values"].copy()
    values[-1, 0, 0] = np.nan
    for state, found in (
        ({"max_depth": 1}, "a tree whose depth isn't the one it states"),
        ({"values": values}, "a tree with a value that isn't a number"),
    ):
        model.tree_ = with_state(tree, **state)
        path.write_bytes(skops.io.dumps(model))
        assert refused(path) == found
    model.tree_ = tree
    model.n_features_in_ = 3
    path.write_bytes(skops.io.dumps(model))
    assert refused(path) == "a tree of another number of features than its model"


def test_a_tree_of_other_nodes_than_stated_is_refused(tmp_path):
    model = fitted("tree")
    write_model(path := tmp_path / "model.skops", model)
    number = model.tree_.node_count
    members = members_of(path.read_bytes())
    schema = members["schema.json"].decode()
    before, _, after = schema.rpartition(f'"content": "{number}"')
    assert "node_count" in before[-200:]
    members["schema.json"] = f'{before}"content": "{number - 1}"{after}'.encode()
    path.write_bytes(zipped(members))
    assert refused(path) == "a tree whose number of nodes isn't that of its arrays"


@pytest.mark.parametrize(
    ("column", "value", "found"),
    [
        ("left", 10_000_000, "a tree with a child out of range"),
        ("left", 0, "a tree with a child out of range"),
        ("right", 1, "a tree with a node that isn't the child of one other"),
        ("feature_idx", 4, "a tree with a feature out of range"),
        ("feature_idx", -1, "a tree with a feature out of range"),
        ("bitset_idx", 1_000, "a tree with a set of categories out of range"),
        ("num_threshold", np.nan, "a tree with a threshold that isn't a number"),
        ("depth", 1_000, "a tree whose depth isn't the one it states"),
    ],
)
def test_a_tree_of_histograms_with_nodes_out_of_range_is_refused(tmp_path, column, value, found):
    category = np.where(X[:, [3]] > 1, 3.0, X[:, [3]])
    rows, y = np.column_stack([X[:, :3], category]), (category[:, 0] == 1).astype(int)  # so the root splits categories
    model = fitted("histograms with categories", rows, y)
    assert model._predictors[0][0].nodes["is_categorical"][0] == 1

    def change(model):
        model._predictors[0][0].nodes[column][0] = value

    assert refused(written(tmp_path / "model.skops", model, change)) == found


def test_a_leaf_of_histograms_that_is_no_number_is_refused(tmp_path):
    def change(model):
        model._predictors[0][0].nodes["value"][-1] = np.nan

    found = refused(written(tmp_path / "model.skops", fitted("histograms"), change))
    assert found == "a tree with a value that isn't a number"


@pytest.mark.parametrize(
    ("name", "attribute", "value", "found"),
    [
        ("forest", "n_features_in_", 3, "a tree of another number of features than its model"),
        ("forest", "_validate_X_predict", np.absolute, "a RandomForestClassifier whose methods are replaced"),
        ("forest", "estimators_", [LogisticRegression()], "a forest of something else than trees"),
        ("boosting", "n_trees_per_iteration_", 0, None),  # which is only used with init="zero"
        ("boosting", "init_", "zero", None),
        ("histograms", "n_features_in_", 5, "bins of another number of features than its model"),
        ("histograms", "_in_fit", True, "boosting that isn't fitted to its end"),
        ("neighbors", "_y", np.full(40, 10_000_000), "a neighbor with a class out of range"),
        ("neighbors", "n_samples_fit_", 50_000, "neighbors of another number than stated"),
        ("neighbors", "n_features_in_", 3, "neighbors of another number of features than its model"),
        ("support vectors", "_n_support", np.array([90_000, 90_000], dtype=np.int32), "another number of support "),
        ("support vectors", "_dual_coef_", np.zeros((1, 1)), "support vectors with other coefficients"),
        ("support vectors", "_probA", np.zeros(1), "support vectors with other probabilities"),
    ],
)
def test_a_model_whose_parts_disagree_is_refused(tmp_path, name, attribute, value, found):
    path = written(tmp_path / "model.skops", fitted(name), lambda model: setattr(model, attribute, value))
    if found is None:
        assert probabilities(read_model(path), X)
    else:
        assert refused(path).startswith(found)


def test_boosting_that_adds_to_fewer_columns_than_it_has_trees_is_refused(tmp_path):
    model = GradientBoostingClassifier(n_estimators=2, init="zero").fit(X, np.digitize(X[:, 0], [-0.5, 0.5]))
    model.n_trees_per_iteration_ = 1
    path = written(tmp_path / "model.skops", model, lambda model: None)
    assert refused(path) == "boosting of another number of classes than it states"


def test_an_encoder_with_more_categories_than_columns_is_refused(tmp_path):
    rows = pd.DataFrame({"shop": ["north", "south", "east", "west"] * 5 + ["harbour"]})
    prepared, _ = fitted_on(rows, scale=False, encode=True, min_frequency=2)
    write_model(path := tmp_path / "model.skops", prepared)
    assert read_model(path)["encode"].transform(rows).equals(prepared["encode"].transform(rows))
    encoder = prepared["encode"]
    encoder = getattr(encoder, "named_transformers_", {}).get("categories", encoder)
    encoder._n_features_outs = [1]
    path.write_bytes(skops.io.dumps(prepared))
    assert refused(path) == "categories of another number than stated"


def test_random_numbers_out_of_range_are_refused(tmp_path):
    state = np.random.RandomState(0)
    state.set_state(("MT19937", state.get_state()[1], 10_000_000))
    path = tmp_path / "model.skops"
    path.write_bytes(skops.io.dumps([state]))
    assert refused(path) == "random numbers out of range"


def test_a_call_that_the_file_names_is_refused(tmp_path):
    write_model(path := tmp_path / "model.skops", fitted("tree"))
    members = members_of(path.read_bytes())
    schema = members["schema.json"].decode()
    for former, other, found in (
        ("TreeNode", "ConstructorFromReduceNode", "ConstructorFromReduceNode of sklearn.tree._tree.Tree"),
        ("TreeNode", "LossNode", "LossNode of sklearn.tree._tree.Tree"),
        ("TupleNode", "CachedNode", "CachedNode of builtins.tuple"),
    ):
        changed = schema.replace(f'"__loader__": "{former}"', f'"__loader__": "{other}"')
        path.write_bytes(zipped({**members, "schema.json": changed.encode()}))
        assert refused(path) == found


def test_sizes_that_a_file_does_not_have_are_refused_before_memory_is_taken(tmp_path):
    write_model(path := tmp_path / "model.skops", fitted("logistic"))
    members = members_of(path.read_bytes())
    name = next(name for name, data in members.items() if b"(1, 4)" in data)
    header = members[name].replace(b"(1, 4), }" + b" " * 12, b"(1, 4000000000000), }")
    assert len(header) == len(members[name])
    path.write_bytes(zipped({**members, name: header}))
    assert refused(path) == f"an array, {name}, of another size than it states"
    path.write_bytes(skops.io.dumps(fitted("logistic"), compression=8))
    assert refused(path) == "compressed data"


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"PK", zipped({"schema.json": b"[" * 100_000}), zipped({"a": b""})],
    ids=["empty", "text", "short", "deep", "without objects"],
)
def test_a_model_file_that_was_changed_is_refused(tmp_path, content):
    path = tmp_path / "model.skops"
    path.write_bytes(content)
    with pytest.raises(InputError) as caught:
        read_model(path)
    assert str(caught.value).startswith(f"{path}: the file was changed after a stage wrote it (")
    assert str(caught.value).endswith("). Run `dvc repro --force`.")


def test_a_model_too_large_for_the_memory_is_refused(tmp_path, monkeypatch):
    def full(*_, **__):
        raise MemoryError

    write_model(path := tmp_path / "model.skops", fitted("logistic"))
    monkeypatch.setattr(skops.io, "loads", full)
    with pytest.raises(InputError, match=r"was changed after a stage wrote it \(MemoryError\)"):
        read_model(path)


def test_a_name_that_an_extension_imports_is_not_one_of_its_own(tmp_path, monkeypatch):
    (tmp_path / "extensions").mkdir()
    (tmp_path / "extensions/shell.py").write_text("from os import system\n\n\ndef own(x):\n    return x\n")
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    with monkeypatch.context() as loaded:
        loaded.setattr(sys, "modules", sys.modules.copy())
        for name in [name for name in sys.modules if name.partition(".")[0] == "extensions"]:
            del sys.modules[name]
        assert stored._defined("extensions.shell.own")
        assert not stored._defined("extensions.shell.system")


MUTANTS = 2_000


@pytest.mark.slow
def test_no_changed_file_crashes_the_process(tmp_path):
    for number, name in enumerate(MODELS):
        write_model(tmp_path / f"{number}.skops", fitted(name, HOLES if name in WITH_HOLES else X))
    rows = np.vstack([X[:5], X[5] * 1e30])
    np.save(tmp_path / "rows.npy", rows)
    command = [sys.executable, "-m", "mutants", tmp_path, tmp_path / "rows.npy", str(MUTANTS)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "tests")])}
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=300)
    assert ended.returncode == 0, ended.stderr[-2_000:]
    tried, refused, raised, predicted = map(int, ended.stdout.splitlines()[-1].split())
    assert tried == refused + raised + predicted == MUTANTS
    assert min(refused, predicted) > MUTANTS // 5
    assert raised < MUTANTS // 5


def test_a_class_whose_attributes_skops_can_not_write_is_refused_in_one_line(tmp_path):
    model = LogisticRegression()
    model.kept_ = pd.DataFrame({"time": [1.0, 2.0]}).quantile(0.1)
    with pytest.raises(
        InputError, match="^LogisticRegression can.t be stored, because skops can.t write one of its at"
    ):
        write_model(tmp_path / "model.skops", model)
    assert not (tmp_path / "model.skops").exists()
