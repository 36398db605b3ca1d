"""Additions to scikit-learn's preprocessing: columns of any type as numbers, and integers that stay integers."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin

from pipeline.errors import InputError
from pipeline.table import columns

BATCH = 2**16  # rows
NAMELESS = "Let its class name its columns by get_feature_names_out, as with sklearn.base.OneToOneFeatureMixin"
# Of a date, by pandas' name: the lowest and the highest number.
PARTS = {"year": (None, None), "month": (1, 12), "day": (1, 31), "day_of_week": (0, 6), "hour": (0, 23)}
DAY = pd.Timedelta(days=1)
EPOCH = pd.Timestamp("1970-01-01")


def named(feature: str, level: str) -> str:
    """The name of a one-hot column: `job=student`; `job=rare` gathers rare and unseen levels."""
    return f"{feature}={'rare' if level == 'infrequent_sklearn' else level}"


class Numbers(TransformerMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """Columns as float64: false and true as 0 and 1, ordered levels as 0, 1, 2, dates as days since 1970-01-01.

    Parameters
    ----------
    parts
        Of `PARTS`: each becomes a column beside that of a date's days, `DATE_month`.

    Attributes
    ----------
    kinds_
        The kind of each column of the data frame that was fitted, by name.
    levels_
        The levels in order of each ordinal column, by name.
    """

    def __init__(self, parts: tuple[str, ...] = ()) -> None:
        self.parts = parts

    def fit(self, X: pd.DataFrame, y: Any = None) -> "Numbers":
        """Itself, knowing the kinds of X's columns."""
        self.feature_names_in_, self.n_features_in_ = X.columns.to_numpy(dtype=object), X.shape[1]
        self.kinds_ = {name: columns.kind(column) for name, column in X.items()}
        self.levels_ = {
            name: X[name].cat.categories.tolist() for name, kind in self.kinds_.items() if kind == "ordinal"
        }
        return self

    def transform(self, X: pd.DataFrame) -> pd.DataFrame:
        """Shape (n, q), float64; a hole is NaN, and so is a level that was not declared."""
        made = [column for name in self.feature_names_in_ for column in self._numbers(X[name])]
        return pd.concat(made, axis=1, keys=self.get_feature_names_out())

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """The names of the q columns: each column's own, after a date's those of its parts."""
        names = [
            each
            for name in self.feature_names_in_
            for each in (name, *(f"{name}_{part}" for part in (self.parts if self.kinds_[name] == "date" else ())))
        ]
        return np.array(names, dtype=object)

    def bounds(self) -> dict[str, list[Any]]:
        """The lowest and the highest whole number of each part of a date, by name."""
        dates = [name for name, kind in self.kinds_.items() if kind == "date"]
        return {f"{name}_{part}": list(PARTS[part]) for name in dates for part in self.parts}

    def _numbers(self, column: pd.Series) -> list[pd.Series]:
        kind = self.kinds_[column.name]
        if kind == "ordinal":
            rank = {level: float(place) for place, level in enumerate(self.levels_[column.name])}
            return [column.astype("str").map(rank).astype("float64")]
        if kind == "date":
            date = pd.to_datetime(column)
            return [(date - EPOCH) / DAY, *(getattr(date.dt, part).astype("float64") for part in self.parts)]
        return [column.astype("float64")]


class Whole(OneToOneFeatureMixin, TransformerMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """Rounds columns to whole numbers in their own unit: what a sampler put between them goes to the nearest.

    Parameters
    ----------
    units
        By name of a column, the lowest and the highest whole number that it can have; None where there is no bound.
        Other columns pass.
    scaler
        Frozen, as it must stay fitted, if columns have another unit: its inverse is rounded.
    """

    def __init__(self, units: dict[str, list[Any]], scaler: Any = None) -> None:
        self.units = units
        self.scaler = scaler

    def fit(self, X: pd.DataFrame, y: Any = None) -> "Whole":
        """Itself."""
        self.feature_names_in_, self.n_features_in_ = X.columns.to_numpy(dtype=object), X.shape[1]
        return self

    def transform(self, X: pd.DataFrame) -> pd.DataFrame:
        """X with these columns rounded; values that were whole keep their bits."""
        if len(X) > BATCH:  # since rows in their own unit are copies
            return pd.concat([self.transform(X.iloc[start : start + BATCH]) for start in range(0, len(X), BATCH)])
        own = self.in_own_unit(X)
        whole = {name: np.rint(own[name]).clip(*bounds) for name, bounds in self.units.items()}
        if self.scaler is not None:
            done = self.scaler.transform(own.assign(**whole))
            whole = {name: done[name] for name in whole}
        return X.assign(**whole)

    def in_own_unit(self, X: pd.DataFrame) -> pd.DataFrame:
        """X before the scaler."""
        if self.scaler is None:
            return X
        scaled = X[self.scaler.feature_names_in_]
        return pd.DataFrame(self.scaler.inverse_transform(scaled), scaled.index, scaled.columns)


@contextmanager
def refused_rows() -> Iterator[None]:
    """Turn what a step of preprocessing says of rows that it can't take into an InputError."""
    try:
        yield
    except ValueError as error:
        said = " ".join(str(error).split()).rstrip(".")
        advice = "Change its arguments, or choose another class"
        if "unique" in said:  # when a category's level makes the name of another column
            advice = "Rename a column"
        elif "sparse" in said:
            advice = "Set its argument for dense output, such as sparse_output=false"
        elif "set_output" in said:
            advice = f"Choose another class. {NAMELESS}, if it is yours"
        raise InputError(f"preprocess: {said}. {advice}.") from None


def prepare(fitted: Any, X: pd.DataFrame) -> pd.DataFrame:
    """Rows as a sampler sees them: numbers filled and scaled, categories as text."""
    with refused_rows():
        return by_column(fitted["prepare"].transform(X))


def encode(fitted: Any, X: pd.DataFrame) -> pd.DataFrame:
    """Prepared rows as a model sees them, shape (n, q), float64."""
    with warnings.catch_warnings(), refused_rows():
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
    for step in (fitted["encode"], fitted["prepare"]):
        encoder = getattr(step, "named_transformers_", {}).get("categories", step)
        encoder = getattr(encoder, "named_steps", {}).get("encode", encoder)
        if (known := getattr(encoder, "categories_", None)) is not None:
            return {name: set(found) for name, found in zip(encoder.feature_names_in_, known, strict=True)}
    return {}


def by_column(table: pd.DataFrame) -> pd.DataFrame:
    """The same table, numbers laid out as in one read from a file: the last bits of a product depend on it."""
    if table.dtypes.nunique() > 1 or table.to_numpy().flags.f_contiguous:
        return table
    return pd.DataFrame(np.asfortranarray(table.to_numpy()), table.index, table.columns)
