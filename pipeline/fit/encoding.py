"""Additions to scikit-learn's preprocessing: columns of any type as numbers, and integers that stay integers."""

import warnings
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin

from pipeline.table import columns

DAY = pd.Timedelta(days=1)
EPOCH = pd.Timestamp("1970-01-01")


def named(feature: str, level: str) -> str:
    """The name of a one-hot column: `job=student`; `job=rare` gathers rare and unseen levels."""
    return f"{feature}={'rare' if level == 'infrequent_sklearn' else level}"


class Numbers(OneToOneFeatureMixin, TransformerMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """Columns as float64: false and true as 0 and 1, ordered levels as 0, 1, 2, dates as days since 1970-01-01.

    Attributes
    ----------
    kinds_
        The kind of each column of the data frame that was fitted, by name.
    levels_
        The levels in order of each ordinal column, by name.
    """

    def fit(self, X: pd.DataFrame, y: Any = None) -> "Numbers":
        """Itself, knowing the kinds of X's columns."""
        self.feature_names_in_, self.n_features_in_ = X.columns.to_numpy(dtype=object), X.shape[1]
        self.kinds_ = {name: columns.kind(column) for name, column in X.items()}
        self.levels_ = {
            name: X[name].cat.categories.tolist() for name, kind in self.kinds_.items() if kind == "ordinal"
        }
        return self

    def transform(self, X: pd.DataFrame) -> pd.DataFrame:
        """Shape (n, p), float64; a hole is NaN, and so is a level that was not declared."""
        return pd.DataFrame({name: self._number(X[name]) for name in self.feature_names_in_}, index=X.index)

    def _number(self, column: pd.Series) -> pd.Series:
        kind = self.kinds_[column.name]
        if kind == "ordinal":
            rank = {level: float(place) for place, level in enumerate(self.levels_[column.name])}
            return column.astype("str").map(rank).astype("float64")
        if kind == "date":
            return (pd.to_datetime(column) - EPOCH) / DAY
        return column.astype("float64")


class Whole(OneToOneFeatureMixin, TransformerMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """Rounds columns to whole numbers in their own unit: what a sampler put between them goes to the nearest.

    Parameters
    ----------
    units
        By name of a column: its mean, its standard deviation, which scaling subtracted and divided by, and the lowest
        and highest whole number that it can have, None where there is no bound. Other columns pass.
    """

    def __init__(self, units: dict[str, list[Any]]) -> None:
        self.units = units

    def fit(self, X: pd.DataFrame, y: Any = None) -> "Whole":
        """Itself."""
        self.feature_names_in_, self.n_features_in_ = X.columns.to_numpy(dtype=object), X.shape[1]
        return self

    def transform(self, X: pd.DataFrame) -> pd.DataFrame:
        """X with these columns rounded; values that were whole keep their bits."""
        return X.assign(**{name: self._rounded(X[name], *unit) for name, unit in self.units.items()})

    @staticmethod
    def _rounded(column: pd.Series, mean: float, sd: float, low: float | None, high: float | None) -> pd.Series:
        return (np.rint(column * sd + mean).clip(low, high) - mean) / sd


def prepare(fitted: Any, X: pd.DataFrame) -> pd.DataFrame:
    """Rows as a sampler sees them: numbers filled and scaled, categories as text."""
    return by_column(fitted["prepare"].transform(X))


def encode(fitted: Any, X: pd.DataFrame) -> pd.DataFrame:
    """Prepared rows as a model sees them, shape (n, q), float64."""
    with warnings.catch_warnings():
        # A level that training rows don't have is among the rare ones, or no column's: as documented, and no mishap.
        warnings.filterwarnings("ignore", "Found unknown categories", UserWarning)
        return by_column(fitted["encode"].transform(X))


def encode_unseen(fitted: Any, X: pd.DataFrame, training: pd.DataFrame) -> pd.DataFrame:
    """Rows of a table as a model sees them, shape (n, q); of no rows, whose columns are those of `training`, none."""
    if X.empty:  # which scikit-learn refuses
        return encode(fitted, prepare(fitted, training.iloc[:1])).iloc[:0]
    return encode(fitted, prepare(fitted, X))


def rounded(fitted: Any) -> list[str]:
    """The columns that `encode` rounds to whole numbers."""
    encoder = fitted["encode"]
    whole = getattr(encoder, "named_transformers_", {}).get("numbers", encoder)
    return list(whole.units) if isinstance(whole, Whole) else []


def levels(fitted: Any) -> dict[str, set[str]]:
    """The levels that training rows have, by categorical column; a hole is the level `missing`."""
    encoder = fitted["encode"]
    onehot = getattr(encoder, "named_transformers_", {}).get("categories", encoder)
    known = getattr(onehot, "categories_", [])
    return {name: set(found) for name, found in zip(onehot.feature_names_in_ if known else [], known, strict=True)}


def by_column(table: pd.DataFrame) -> pd.DataFrame:
    """The same table, numbers laid out as in one read from a file: the last bits of a product depend on it."""
    if table.dtypes.nunique() > 1 or table.to_numpy().flags.f_contiguous:
        return table
    return pd.DataFrame(np.asfortranarray(table.to_numpy()), table.index, table.columns)
