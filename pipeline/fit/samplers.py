"""Adapts a sampler to the columns it gets: synthetic rows must not lie between two categories."""

from typing import Any

import pandas as pd
from sklearn.base import BaseEstimator, clone

from pipeline.errors import InputError
from pipeline.formatting import counted
from pipeline.table.columns import categorical

SHOWN = 3  # columns named in an error


def suit(sampler: Any, X: pd.DataFrame) -> Any:
    """The sampler to use on rows like these; the same object where nothing has to change.

    SMOTE, SMOTENC and SMOTEN are one method for numeric, mixed and categorical columns: each stands in for the others,
    with the same settings. Noise is added to numbers alone. What only repeats or drops rows at random takes any column.

    Parameters
    ----------
    sampler
        Unfitted; has `fit_resample`.
    X
        Shape (n, p), as `pipeline.preprocess` prepares it: numbers, and categories as text.

    Raises
    ------
    InputError
        It computes with numbers, and some columns are categories.
    """
    from imblearn import FunctionSampler
    from imblearn.over_sampling import SMOTE, SMOTEN, SMOTENC, RandomOverSampler
    from imblearn.under_sampling import RandomUnderSampler

    names, settings = categorical(X), sampler.get_params(deep=False)
    kind = type(sampler)
    if kind in (SMOTE, SMOTENC, SMOTEN):
        shared = {key: settings[key] for key in SMOTE().get_params(deep=False)}
        if not names:
            return sampler if kind is SMOTE else SMOTE(**shared)
        if len(names) == X.shape[1]:
            return sampler if kind is SMOTEN else SMOTEN(**shared)
        if kind is SMOTENC and settings["categorical_features"] != "auto":
            return sampler
        # By name: imbalanced-learn's "auto" does not see pandas' text columns.
        return SMOTENC(**{**settings, **shared, "categorical_features": names})
    if not names or not kind.__module__.startswith("imblearn.") or kind is RandomUnderSampler:
        return sampler
    if kind is FunctionSampler:
        return clone(sampler).set_params(validate=False)  # its check takes numbers only
    if kind is RandomOverSampler:
        return sampler if settings["shrinkage"] is None else Jitter(sampler)
    listed = ", ".join(map(repr, names[:SHOWN])) + (f" and {len(names) - SHOWN} more" if len(names) > SHOWN else "")
    raise InputError(
        f"{kind.__name__} needs numbers, but these columns are categorical: {listed}. Use smote_nc, random_over or "
        "random_under instead."
    )


class Jitter(BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """Repeats rows as `sampler` does, with its noise on numbers alone; categories are copied.

    Parameters
    ----------
    sampler
        `imblearn.over_sampling.RandomOverSampler` with `shrinkage`.

    Attributes
    ----------
    sample_indices_
        Shape (m,): the position in X that each row was drawn from.
    """

    def __init__(self, sampler: Any) -> None:
        self.sampler = sampler

    def fit_resample(self, X: pd.DataFrame, y: pd.Series) -> tuple[pd.DataFrame, pd.Series]:
        """The rows, shapes (m, p) and (m,)."""
        names = categorical(X)
        numbers = X.drop(columns=names)
        if numbers.empty:  # nothing to put noise on
            plain = clone(self.sampler).set_params(shrinkage=None)
            X_resampled, y_resampled = plain.fit_resample(X, y)
            self.sample_indices_ = plain.sample_indices_
            return X_resampled, y_resampled
        moved, y_resampled = self.sampler.fit_resample(numbers, y)
        self.sample_indices_ = self.sampler.sample_indices_
        copied = X[names].iloc[self.sample_indices_].set_axis(moved.index)
        return pd.concat([moved, copied], axis=1)[X.columns], y_resampled


def describe(given: Any, used: Any, X: pd.DataFrame) -> str:
    """What a person should know of the sampler that `suit` chose; empty where it is the one that was given."""
    names = categorical(X)
    if isinstance(used, Jitter):
        numbers = counted(X.shape[1] - len(names), "numeric column")
        return f"adds noise to {numbers}, copies {counted(len(names), 'categorical column')}"
    if type(used) is type(given):
        return ""
    counts = {"categorical": len(names), "numeric": X.shape[1] - len(names)}
    made_of = " and ".join(f"{count} {kind}" for kind, count in counts.items() if count)
    return (
        f"{type(used).__name__} instead of {type(given).__name__}, because of {made_of} column{'s' * (X.shape[1] != 1)}"
    )
