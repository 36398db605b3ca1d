"""Fits a model, and describes what was fitted."""

import warnings
from collections.abc import Sequence
from math import inf
from typing import Any

import numpy as np
import pandas as pd

from pipeline.errors import InputError
from pipeline.formatting import label_text
from pipeline.table import weights


def train(X: pd.DataFrame | np.ndarray, y: pd.Series, model: Any, weight: np.ndarray | None = None) -> tuple[Any, bool]:
    """The model, fitted, and whether it converged.

    Parameters
    ----------
    X
        Shape (m, p): features of resampled training rows.
    y
        Shape (m,): codes of the classes.
    model
        A scikit-learn classifier; it is fitted.
    weight
        Shape (m,): how many rows each row stands for; None is one.

    Raises
    ------
    InputError
        The model refuses its arguments or these rows.
    """
    from sklearn.exceptions import ConvergenceWarning

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", ConvergenceWarning)
        try:
            model.fit(X, y, **({} if weight is None else {"sample_weight": weight}))
        except ValueError as error:
            raise InputError(f"{type(model).__name__}: {' '.join(str(error).split())}") from error
    converged = True
    for warning in caught:
        if issubclass(warning.category, ConvergenceWarning):
            converged = False
        else:
            warnings.warn_explicit(warning.message, warning.category, warning.filename, warning.lineno)
    return model, converged


def trained_prevalence(model: Any, y: pd.Series, weight: np.ndarray | None = None) -> float:
    """The positives' share of the total weight of rows y, by their own weights and the model's `class_weight`."""
    from sklearn.linear_model import LogisticRegression

    of_class = model.get_params().get("class_weight")
    share = weights.prevalence(y, weight)
    if of_class == "balanced":
        if weight is None or isinstance(model, LogisticRegression):
            return 0.5
        # scikit-learn's other classifiers balance the numbers of rows.
        rows = weights.prevalence(y, None)
        of_class = {1: 1 / rows, 0: 1 / (1 - rows)}
    if of_class:
        one, zero = (share * of_class.get(1, 1.0), (1 - share) * of_class.get(0, 1.0))
        return float(one / (one + zero))
    return share


def trained_shares(model: Any, y: pd.Series, classes: int) -> np.ndarray:
    """Each class's share of the total weight of rows y, by their number and the model's `class_weight`; shape (k,)."""
    weight = model.get_params().get("class_weight")
    counts = np.bincount(y, minlength=classes).astype(np.float64)
    if weight == "balanced":
        counts = (counts > 0).astype(np.float64)
    elif weight:
        counts *= [weight.get(code, 1.0) for code in range(classes)]
    return np.asarray(counts / counts.sum())


def describe(
    model: Any,
    converged: bool,
    y: pd.Series,
    losses: dict[float, float] | None,
    labels: Sequence[Any] | None = None,
    weight: np.ndarray | None = None,
) -> dict[str, Any]:
    """What a person wants to know of a model fitted on y by weight; null where this model has no such thing.

    `tuning` has the values of C that were tried, and their log losses on rows that were held out; null where C was
    left as configured. With more than two classes `labels` has theirs by code: shares, intercepts and coefficients
    then are by label.
    """
    linear = hasattr(model, "coef_") and hasattr(model, "intercept_")
    if labels is not None:
        names = list(map(label_text, labels))
        rows = model.coef_.tolist() if linear else []
        features = model.feature_names_in_ if linear else []
        ends: dict[str, Any] = {
            "trained_shares": dict(zip(names, trained_shares(model, y, len(names)).tolist(), strict=True)),
            **_ran(model, converged),
            "intercept": dict(zip(names, model.intercept_.tolist(), strict=True)) if linear else None,
            "coefficients": {name: dict(zip(features, row, strict=True)) for name, row in zip(names, rows, strict=True)}
            if linear
            else None,
        }
        return {**_known(model, losses), **ends}
    return {
        **_known(model, losses),
        "trained_prevalence": trained_prevalence(model, y, weight),
        **_ran(model, converged),
        "intercept": float(model.intercept_[0]) if linear else None,
        "coefficients": dict(zip(model.feature_names_in_, model.coef_[0].tolist(), strict=True)) if linear else None,
    }


def _known(model: Any, losses: dict[float, float] | None) -> dict[str, Any]:
    return {
        "model": type(model).__name__,
        "C": _finite(model.get_params().get("C")),
        "tuning": {"C": [_finite(C) for C in losses], "log_loss": list(losses.values())} if losses else None,
    }


def _ran(model: Any, converged: bool) -> dict[str, Any]:
    iterations = int(model.n_iter_.max()) if hasattr(model, "n_iter_") and hasattr(model.n_iter_, "max") else None
    return {"converged": converged, "iterations": iterations}


def _finite(C: float | None) -> float | str | None:
    """C as JSON can have it: no penalty is "inf"."""
    return "inf" if inf == C else C
