"""Whether the arrays of a fitted model fit together: compiled code follows their indices without a look at bounds."""

from collections.abc import Callable, Iterator
from functools import cache, partial
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import Any

import numpy as np

from pipeline.fit import trees
from pipeline.fit.trees import Fault, features, need

KERNELS = ("linear", "poly", "rbf", "sigmoid")
TWISTER = 624  # numbers in the state of a Mersenne twister
ATOMS = (str, bytes, bytearray, int, float, complex, np.generic, type, BuiltinFunctionType, FunctionType, ModuleType)


def fault(model: Any) -> str | None:
    """Why using a model could read or write outside its arrays, or None.

    Parameters
    ----------
    model
        An estimator of scikit-learn, or anything that contains some.
    """
    structure, trials = _checks()
    try:
        found = list(_objects(model))
        for checks in (structure, trials):  # a trial runs a model, so after the structure of all its parts
            for each in found:
                for kind, check in checks:
                    if isinstance(each, kind):
                        check(each)
    except Fault as error:
        return str(error)
    except Exception as error:  # an attribute that is missing or of another type than a fitted model has
        return f"a part of the model that can't be used: {type(error).__name__}: {error}"
    return None


def _objects(model: Any) -> Iterator[Any]:
    """All objects that a model consists of, each once, but for numbers, text, types and functions."""
    seen, ahead = {}, [model]
    while ahead:
        each = ahead.pop()
        if each is None or isinstance(each, ATOMS) or id(each) in seen:
            continue
        seen[id(each)] = each  # held, so that no other object gets its id
        yield each
        if isinstance(each, dict):
            ahead += each.values()
        elif isinstance(each, (list, tuple, set, frozenset)):
            ahead += each
        elif isinstance(each, np.ndarray):
            ahead += each.ravel().tolist() if each.dtype == object else ()
        elif isinstance(each, partial):
            ahead += [each.func, *each.args, *each.keywords.values()]
        elif hasattr(each, "__dict__"):
            replaced = _methods(type(each)) & vars(each).keys()  # type: ignore[arg-type]  # types are hashable
            need(not replaced, f"a {type(each).__name__} whose methods are replaced")
            ahead += vars(each).values()


@cache
def _methods(kind: type) -> frozenset[str]:
    """The methods of a type. An attribute of that name would be called instead, and may check nothing."""
    return frozenset(name for name in dir(kind) if isinstance(getattr(kind, name, None), FunctionType))


@cache
def _checks() -> tuple[list[tuple[type, Callable[[Any], None]]], list[tuple[type, Callable[[Any], None]]]]:
    """What to look at in objects of which types, and what to try afterwards."""
    from sklearn.ensemble._forest import BaseForest
    from sklearn.ensemble._gb import BaseGradientBoosting
    from sklearn.ensemble._hist_gradient_boosting.gradient_boosting import BaseHistGradientBoosting
    from sklearn.ensemble._hist_gradient_boosting.predictor import TreePredictor
    from sklearn.neighbors._base import NeighborsBase
    from sklearn.preprocessing import OneHotEncoder
    from sklearn.svm._base import BaseLibSVM
    from sklearn.tree import BaseDecisionTree
    from sklearn.tree._tree import Tree

    structure: list[tuple[type, Callable[[Any], None]]] = [
        (Tree, trees.tree),
        (TreePredictor, trees.predictor),
        (BaseDecisionTree, trees.decision_tree),
        (BaseForest, trees.forest),
        (BaseGradientBoosting, trees.boosting),
        (BaseHistGradientBoosting, trees.histograms),
        (NeighborsBase, _neighbors),
        (BaseLibSVM, _support_vectors),
        (OneHotEncoder, _one_hot),
        (np.random.RandomState, _random_state),
        (np.random.Generator, _generator),
    ]
    return structure, [(BaseGradientBoosting, trees.try_boosting), (BaseHistGradientBoosting, trees.try_histograms)]


def _neighbors(model: Any) -> None:
    """See `ArgKminClassMode` in scikit-learn's metrics/_pairwise_distances_reduction."""
    from sklearn.base import is_classifier

    if "_fit_method" not in vars(model):
        return
    rows = model._fit_X
    need(model._fit_method == "brute" and model._tree is None, "neighbors in a search tree")
    need(isinstance(rows, np.ndarray) and rows.ndim == 2, "neighbors without their rows")
    need(model.n_samples_fit_ == len(rows), "neighbors of another number than stated")
    features(model, rows.shape[1], "neighbors")
    if is_classifier(model):
        y = model._y
        need(y.shape == (len(rows),) and y.dtype.kind == "i", "neighbors without their classes")
        need(((y >= 0) & (y < len(model.classes_))).all(), "a neighbor with a class out of range")


def _support_vectors(model: Any) -> None:
    """See `set_model` in scikit-learn's svm/src/libsvm/libsvm_helper.c."""
    from sklearn.svm._base import BaseSVC

    if "support_vectors_" not in vars(model):
        return
    need(isinstance(model, BaseSVC) and "_impl" not in vars(model), "support vectors of no classifier")
    vectors, number = model.support_vectors_, model._n_support
    need(not model._sparse and model.kernel in KERNELS, "support vectors of another kernel")
    features(model, vectors.shape[1], "support vectors")
    classes, pairs = len(number), len(number) * (len(number) - 1) // 2
    need(classes == len(model.classes_) > 1 and (number >= 0).all(), "support vectors of other classes")
    need(vectors.ndim == 2 and number.sum() == len(vectors), "another number of support vectors than stated")
    need(model.support_.shape == (len(vectors),), "support vectors of other rows")
    need(model._dual_coef_.shape == (classes - 1, len(vectors)), "support vectors with other coefficients")
    need(model._intercept_.shape == (pairs,), "support vectors with other intercepts")
    for each in (model._probA, model._probB):
        need(
            each.shape in ((0,), (pairs,)) and each.shape == model._probA.shape,
            "support vectors with other probabilities",
        )


def _one_hot(model: Any) -> None:
    """Of an encoder, which makes a sparse matrix and then a table: whether all its columns are in the table."""
    if "categories_" not in vars(model):
        return
    dropped, mappings = model._drop_idx_after_grouping, vars(model).get("_default_to_infrequent_mappings")
    features(model, len(model.categories_), "categories")
    need(model._n_features_outs == model._compute_n_features_outs(), "categories of another number than stated")
    for place, categories in enumerate(model.categories_):
        count = len(categories)
        if categories.dtype.kind != "O":
            known = categories[categories == categories]
            need((known[:-1] < known[1:]).all(), "categories out of order")
        if mappings is not None and mappings[place] is not None:
            mapping = mappings[place]
            need(mapping.shape == (count,) and mapping.min() >= 0, "rare categories out of range")
            count -= len(model._infrequent_indices[place]) - 1
            need(mapping.max() < count, "rare categories out of range")
        if dropped is not None and dropped[place] is not None:
            need(0 <= dropped[place] < count, "a category out of range")


def _random_state(state: Any) -> None:
    name, values = (found := state.get_state(legacy=False))["bit_generator"], found["state"]
    need(name == "MT19937" and 0 <= values["pos"] <= TWISTER, "random numbers out of range")


def _generator(generator: Any) -> None:
    need(type(generator.bit_generator) is np.random.PCG64, "random numbers of another kind")
