"""Whether the trees of a fitted model are trees of its features: compiled code follows their nodes without a look."""

import warnings
from typing import Any

import numpy as np

LEAF, UNDEFINED = -1, -2  # how scikit-learn's trees mark a leaf: in its children, in its feature and threshold
BITSET = 8  # numbers of 32 bits for 256 categories


class Fault(ValueError):
    """What does not fit together."""


def need(holds: object, otherwise: str) -> None:
    """Raise Fault, which says what is there otherwise."""
    if not holds:
        raise Fault(otherwise)


def _descend(left: np.ndarray, right: np.ndarray, inner: np.ndarray) -> int:
    """The depth of a tree; a fault if it is none whose nodes come after their parents."""
    at = np.flatnonzero(inner)
    children, parents = np.concatenate([left[at], right[at]]).astype(np.int64), np.concatenate([at, at])
    need(((children > parents) & (children < len(inner))).all(), "a tree with a child out of range")
    times = np.bincount(children, minlength=len(inner))
    need(times[0] == 0 and (times[1:] == 1).all(), "a tree with a node that isn't the child of one other")
    level, depth = at[:1][at[:1] == 0], 0
    while len(level):
        below = np.concatenate([left[level], right[level]]).astype(np.int64)
        level, depth = below[inner[below]], depth + 1
    return depth


def tree(tree: Any) -> None:
    """Of a decision tree: see `_apply_dense` in scikit-learn's tree/_tree.pyx."""
    # Before its arrays are looked at: scikit-learn makes views of `node_count` rows.
    need(0 < tree.node_count == tree.capacity, "a tree whose number of nodes isn't that of its arrays")
    need(tree.n_outputs > 0 and tree.max_n_classes > 0, "a tree without outputs")
    state = tree.__getstate__()
    nodes, values = state["nodes"], state["values"]
    leaf = nodes["left_child"] == LEAF
    marked = (nodes["right_child"] == LEAF) & (nodes["feature"] == UNDEFINED) & (nodes["threshold"] == UNDEFINED)
    need(marked[leaf].all(), "a tree with a leaf that isn't marked as one")
    depth = _descend(nodes["left_child"], nodes["right_child"], ~leaf)
    # scikit-learn's `decision_path` allocates as much as `max_depth` says.
    need(depth <= tree.max_depth <= len(nodes), "a tree whose depth isn't the one it states")
    feature = nodes["feature"][~leaf]
    need(((feature >= 0) & (feature < tree.n_features)).all(), "a tree with a feature out of range")
    # A split on missing values has an infinite threshold.
    need(not np.isnan(nodes["threshold"]).any(), "a tree with a threshold that isn't a number")
    need(np.isfinite(values).all(), "a tree with a value that isn't a number")


def predictor(predictor: Any) -> None:
    """Of a tree of histogram gradient boosting: see `_predict_one_from_raw_data` in scikit-learn's _predictor.pyx."""
    from sklearn.ensemble._hist_gradient_boosting.common import PREDICTOR_RECORD_DTYPE

    nodes = predictor.nodes
    need(
        isinstance(nodes, np.ndarray) and nodes.ndim == 1 and len(nodes) and nodes.dtype == PREDICTOR_RECORD_DTYPE,
        "a tree whose nodes aren't an array of nodes",
    )
    inner = nodes["is_leaf"] == 0
    depth = _descend(nodes["left"], nodes["right"], inner)
    need(nodes["depth"].max() == depth, "a tree whose depth isn't the one it states")
    need(not np.isnan(nodes["num_threshold"]).any(), "a tree with a threshold that isn't a number")
    need(np.isfinite(nodes["value"][~inner]).all(), "a tree with a value that isn't a number")
    bitset = nodes["bitset_idx"][inner & (nodes["is_categorical"] != 0)]
    for sets in (predictor.raw_left_cat_bitsets, predictor.binned_left_cat_bitsets):
        need(sets.ndim == 2 and sets.shape[1] == BITSET, "a tree with sets of categories of another size")
        need((bitset < len(sets)).all(), "a tree with a set of categories out of range")


def features(model: Any, number: int, kind: str) -> None:
    """Whether a model, which refuses rows of other widths than it states, states as many features as its parts have.

    Of a model that states none, scikit-learn takes rows of any width.
    """
    stated = vars(model).get("n_features_in_")
    need(isinstance(stated, int) and stated == number, f"{kind} of another number of features than its model")


def decision_tree(model: Any) -> None:
    """Of an estimator with one tree."""
    from sklearn.tree._tree import Tree

    if "tree_" in vars(model):
        need(type(model.tree_) is Tree, "a decision tree without its nodes")
        features(model, model.tree_.n_features, "a tree")


def forest(model: Any) -> None:
    """Of a forest, see `_validate_X_predict` in scikit-learn's ensemble/_forest.py."""
    from sklearn.tree import BaseDecisionTree

    for each in vars(model).get("estimators_", ()):  # a forest looks at the rows, and its trees do no more
        need(isinstance(each, BaseDecisionTree) and "tree_" in vars(each), "a forest of something else than trees")
        features(model, each.tree_.n_features, "a tree")


def boosting(model: Any) -> None:
    """Of gradient boosting: see `predict_stages` in scikit-learn's ensemble/_gradient_boosting.pyx."""
    if "estimators_" not in vars(model):
        return
    need(isinstance(model.estimators_, np.ndarray) and model.estimators_.ndim == 2, "boosting without its trees")
    for each in model.estimators_.ravel():
        decision_tree(each)
        features(model, each.tree_.n_features, "a tree")
        need(each.tree_.n_outputs == each.tree_.max_n_classes == 1, "boosting with a tree of several outputs")


def try_boosting(model: Any) -> None:
    """Of gradient boosting: whether the predictions that its trees add to have as many columns."""
    if "estimators_" in vars(model):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            initial = model._raw_predict_init(np.zeros((1, model.n_features_in_)))
        need(initial.shape == (1, model.estimators_.shape[1]), "boosting of another number of classes than it states")


def histograms(model: Any) -> None:
    """Of histogram gradient boosting: see `_predict_iterations` in scikit-learn's gradient_boosting.py."""
    from sklearn.ensemble._hist_gradient_boosting.binning import _BinMapper
    from sklearn.ensemble._hist_gradient_boosting.predictor import TreePredictor

    if "_predictors" not in vars(model):
        return
    need(not vars(model).get("_in_fit"), "boosting that isn't fitted to its end")
    need(type(model._bin_mapper) is _BinMapper, "boosting without its bins")
    categorical = model._bin_mapper.is_categorical_
    need(isinstance(categorical, np.ndarray) and categorical.ndim == 1, "boosting without its kinds of features")
    features(model, len(categorical), "bins")
    for each in (tree for stage in model._predictors for tree in stage):
        need(type(each) is TreePredictor, "boosting of something else than trees")
        inner = each.nodes[each.nodes["is_leaf"] == 0]
        feature = inner["feature_idx"]
        need(((feature >= 0) & (feature < len(categorical))).all(), "a tree with a feature out of range")
        feature = feature[inner["is_categorical"] != 0]
        need((categorical[feature] != 0).all(), "a tree with categories of a feature that has none")


def try_histograms(model: Any) -> None:
    """Of histogram gradient boosting: whether its rows keep their width before its trees see them."""
    from sklearn.compose import ColumnTransformer

    if vars(model).get("_preprocessor") is not None:  # which checks rows in place of the model
        need(type(model._preprocessor) is ColumnTransformer, "boosting that prepares features in another way")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            prepared = model._preprocessor.transform(np.zeros((1, model.n_features_in_)))
        need(prepared.shape == (1, model.n_features_in_), "boosting that changes the number of features")
