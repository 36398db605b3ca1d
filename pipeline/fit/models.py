"""Fits a model, and describes the result."""

import warnings
from collections.abc import Iterator, Mapping, Sequence
from math import inf
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pipeline.errors import InputError
from pipeline.measure import scores
from pipeline.measure.task import Task
from pipeline.table import weights

if TYPE_CHECKING:  # a logged model carries this module, and has no settings
    from pipeline.fit.chains import Chain

DECIMALS = 9  # of a tuned metric


def train(
    X: pd.DataFrame | np.ndarray, y: pd.Series | np.ndarray, model: Any, weight: np.ndarray, *, negatives: bool = False
) -> tuple[Any, bool]:
    """The model, fitted, and whether it converged.

    Where the negatives are a sample, the fit goes without their weights, which would add variance, and the log of the
    share that was sampled is added to the intercept (Wang, Zhang & Wang 2021, see `pipeline.table.negatives`).

    Parameters
    ----------
    X
        Shape (m, p): features of resampled training rows.
    y
        Shape (m,): codes of the classes.
    model
        A scikit-learn classifier; it is fitted.
    weight
        Shape (m,): see `pipeline.table.weights`.
    negatives
        Whether the negatives are a sample of all, so that weights are the same within a class.

    Raises
    ------
    InputError
        The model refuses its arguments or these rows.
    """
    from sklearn.exceptions import ConvergenceWarning

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", ConvergenceWarning)
        try:
            model.fit(X, y, **({"sample_weight": weight} if weights.declared(weight) and not negatives else {}))
        except ValueError as error:
            raise _refused(model, error) from error
    converged = True
    for warning in caught:
        if issubclass(warning.category, ConvergenceWarning):
            converged = False
        else:
            warnings.warn_explicit(warning.message, warning.category, warning.filename, warning.lineno)
    if negatives and weights.declared(weight):
        _shift(model, y, weight)
    return model, converged


def _refused(model: Any, error: ValueError) -> InputError:
    return InputError(f"{type(model).__name__}: {' '.join(str(error).split())}")


def _shift(model: Any, y: pd.Series | np.ndarray, weight: np.ndarray) -> None:
    """Move a fitted model's log odds from the sample of negatives to all of them."""
    known = np.asarray(y)
    model.intercept_ = model.intercept_ + np.log(weight[known == 1][0] / weight[known == 0][0])


def unconverged_advice(*, scaled: bool) -> str:
    """What to do if a model did not converge, where the settings have its features scaled or not."""
    return "Raise model.max_iter." if scaled else "Raise model.max_iter, or scale the features: preprocess=auto."


def trained_proportions(
    model: Any, y: pd.Series, weight: np.ndarray, classes: int, *, negatives: bool = False
) -> np.ndarray:
    """Each class's share of the total weight of rows y, by their weights and the model's `class_weight`; shape (k,).

    With a sample of `negatives`, these are the shares of a model that `train` has moved to all of them. Of a fitted
    model that samples rows inside, they are measured: see `_at_roots`.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.svm import LinearSVC

    if hasattr(model, "steps"):  # of a pipeline, whose last step is fitted to these rows
        return trained_proportions(model.steps[-1][1], y, weight, classes, negatives=negatives)
    if any(name.rpartition("__")[2] == "sampling_strategy" for name in model.get_params()):
        return np.asarray(np.mean(list(_at_roots(model, classes)), axis=0))
    if negatives and weights.declared(weight):
        shares = trained_proportions(model, y, weights.ones(len(y)), classes) * [weight[y == 0][0], weight[y == 1][0]]
        return np.asarray(shares / shares.sum())
    of_class = model.get_params().get("class_weight")
    counts = np.array(weights.totals(y, weight, classes), dtype=np.float64)
    if of_class == "balanced":
        if not weights.declared(weight) or isinstance(model, LogisticRegression | LinearSVC):
            counts = (counts > 0).astype(np.float64)
        else:  # scikit-learn's other classifiers balance the numbers of rows
            counts /= np.bincount(y, minlength=classes)
    elif of_class:
        counts *= [of_class.get(code, 1.0) for code in range(classes)]
    return np.asarray(counts / counts.sum())


def _at_roots(model: Any, classes: int) -> Iterator[np.ndarray]:
    """Each class's share of the rows that each tree of a fitted ensemble was grown on, shape (k,).

    Of members that boost each other only the first, as later ones get the rows that it misjudged.

    Raises
    ------
    InputError
        A member is no tree.
    """
    if hasattr(model, "tree_"):
        shares = np.zeros(classes)
        shares[np.asarray(model.classes_, dtype=int)] = model.tree_.value[0, 0] / model.tree_.value[0, 0].sum()
        yield shares
    elif hasattr(model, "estimators_"):
        members = list(model.estimators_)
        for each in members[:1] if hasattr(model, "estimator_weights_") else members:
            yield from _at_roots(each, classes)
    elif hasattr(model, "steps"):
        yield from _at_roots(model.steps[-1][1], classes)
    else:
        raise InputError(
            f"{type(model).__name__}: expected decision trees inside of a model that samples rows itself, since their "
            "roots show which proportions it is fitted on. Choose another model."
        )


def scored(model: Any, X: pd.DataFrame | np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
    """Probabilities of a fitted model, shape (n, k), and scores; see `pipeline.measure.scores.from_decision`.

    Raises
    ------
    InputError
        The model can't predict these rows, such as one that looks for more neighbors than it was fitted on.
    """
    try:
        probability = np.asarray(model.predict_proba(X))
    except ValueError as error:
        raise _refused(model, error) from error
    if not hasattr(model, "decision_function"):
        return probability, None
    return probability, scores.from_decision(np.asarray(model.decision_function(X)), probability)


def predict(model: Any, X: pd.DataFrame, y: pd.Series, task: Task, weight: np.ndarray) -> pd.DataFrame:
    """Predictions of a fitted model: rows as `pipeline.measure.task.Task` describes them."""
    return pd.DataFrame({"y": y, **task.columns(*scored(model, X)), **weights.column(weight)}, index=X.index)


def describe(
    model: Any, converged: bool, y: pd.Series, values: Sequence[float | None] | None, chain: "Chain", weight: np.ndarray
) -> dict[str, Any]:
    """What a person wants to know of a model fitted on y by weight; null where this model has no such thing.

    `tuning` has the `metric` that chose the model's arguments (see `pipeline.measure.primary.Criterion`), the
    candidates as `params`, and as `values` their metrics on rows that were held out; null without a search.
    `best_params` are the arguments that were chosen. They and `values` are null where none could be. `values` are
    rounded, since the last bits of Newton's method are those of one build of BLAS.
    `intercept` and `coefficients` are by the name of the class whose log odds they add up to.
    """
    linear = hasattr(model, "coef_") and hasattr(model, "intercept_")
    task = chain.task
    proportions = trained_proportions(model, y, weight, task.classes, negatives=chain.negatives)
    names = task.names[-len(model.coef_) :] if linear else []  # of two classes the positive one alone
    return {
        "model": type(model).__name__,
        "best_params": _plain({name: model.get_params()[name] for name in chain.search[0]}) if values else None,
        "tuning": {
            "metric": chain.criterion.name,
            "params": [_plain(candidate) for candidate in chain.search],
            "values": values and [None if value is None else round(value, DECIMALS) for value in values],
        }
        if chain.criterion
        else None,
        "trained_proportions": task.by_name(proportions),
        "converged": converged,
        "iterations": int(model.n_iter_.max()) if hasattr(getattr(model, "n_iter_", None), "max") else None,
        "intercept": dict(zip(names, model.intercept_.tolist(), strict=True)) if linear else None,
        "coefficients": {
            name: dict(zip(model.feature_names_in_, row.tolist(), strict=True))
            for name, row in zip(names, model.coef_, strict=True)
        }
        if linear
        else None,
    }


def _plain(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments as JSON can have them: a C without a penalty is "inf"."""
    return {name: "inf" if value == inf else value for name, value in arguments.items()}
