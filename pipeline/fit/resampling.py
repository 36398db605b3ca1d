"""Resamples training rows with a sampler."""

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from pipeline.errors import InputError, advise
from pipeline.fit.memory import Limit, limited
from pipeline.formatting import counted
from pipeline.table import classes


def resample(
    X: pd.DataFrame, y: pd.Series, sampler: Any, labels: Sequence[Any], within: Limit | None = None
) -> tuple[pd.DataFrame, pd.Series]:
    """The rows that the sampler makes of these, shapes (m, p) and (m,).

    Parameters
    ----------
    X
        Shape (n, p): features of training rows, without holes.
    y
        Shape (n,): codes of the classes.
    sampler
        Has imbalanced-learn's `fit_resample`; it is fitted.
    labels
        Of the classes, by code.
    within
        Memory that it may use; None: there is no limit.

    Raises
    ------
    InputError
        The sampler cannot take these rows, leaves none of a class, or needs more memory.
    """
    if identity(sampler):  # which would check the rows at length
        X_resampled, y_resampled = X.reset_index(drop=True), y.reset_index(drop=True)
    else:
        with limited(sampler, X, y, labels, within):
            try:
                # A sampler may write in what it gets: in these copies, which cost nothing until it does.
                with np.errstate(invalid="ignore"):  # what it divides by zero is refused below, or not used
                    X_resampled, y_resampled = sampler.fit_resample(X.copy(deep=False), y.copy(deep=False))
            except (ValueError, RuntimeError) as error:
                raise InputError(_reason(error, y, type(sampler).__name__, labels)) from error
    for code, label in enumerate(labels):
        if not (y_resampled == code).any():
            advice = classes.advice(len(labels))
            raise InputError(f"{type(sampler).__name__} leaves no row of class {label!r}. {advise(advice)}")
    return X_resampled, y_resampled


def identity(sampler: Any) -> bool:
    """Whether the sampler gives the rows that it gets."""
    from imblearn import FunctionSampler

    return isinstance(sampler, FunctionSampler) and sampler.func is None


def _reason(error: Exception, y: pd.Series, name: str, labels: Sequence[Any]) -> str:
    counts = y.value_counts()
    rarest = counts.idxmin()
    rows = f"class {labels[rarest]!r} has {counted(int(counts[rarest]), 'training row')}"
    route = classes.ROUTE if len(labels) > 2 else ""
    # imbalanced-learn counts a row among its own neighbors, so its message has 6 where the user set 5.
    if neighbors := re.search(r"n_neighbors = (\d+), n_samples_fit = (\d+)", str(error)):
        needed, there = int(neighbors[1]), int(neighbors[2])
        raised = (counts == there).any()
        least = int(counts[rarest]) if raised else there  # of several classes a less rare one may have come first
        fix = f"lower k_neighbors or n_neighbors to {least - 1}" if least > 1 else "collect more rows"
        if raised:
            advice = advise(fix, route, "use random_over")
            return f"{name} needs {needed} rows of each class that it oversamples, but {rows}. {advice}"
        return f"{name} needs {needed} rows in a neighborhood, found {there}; {rows}. {advise(fix)}"
    if "cannot convert float NaN" in str(error):  # KMeansSMOTE divides by the mean distance in a cluster
        return (
            f"{name} finds a cluster in which all rows of a class are equal, so their density is undefined; {rows}. "
            "Leave out duplicates, or use another method."
        )
    return f"{name} can't resample these {len(y):,} rows ({rows}): {' '.join(str(error).split()).rstrip('.')}."
