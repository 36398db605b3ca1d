"""Finds columns that leak the target, identify rows, or hide missing values."""

import re
from typing import Any

import numpy as np
import pandas as pd

from pipeline.formatting import cell, share_of
from pipeline.table import columns

FEWEST = 5  # rows of a class that an AUC needs
CLASSES = 20  # most classes that a target may have
APART = 5  # zeros are suspicious if the next value is so many typical steps away


def single_column_auc(typed: pd.Series, labels: pd.Series) -> float | None:
    """ROC AUC of ranking rows by this column alone, for the class that it ranks best; None where it can't be computed.

    Numbers, dates, booleans and ordered levels rank by their value; other levels by the class's frequency among rows of
    that level in other folds. Missing values rank by being missing.
    """
    from sklearn.metrics import roc_auc_score

    labeled = labels.notna().to_numpy()
    counts = labels.value_counts()
    classes = [label for label, count in counts.items() if FEWEST <= count <= labeled.sum() - FEWEST]
    if not 2 <= len(counts) <= CLASSES or not classes:
        return None
    classes = classes[-1:] if len(counts) == 2 else classes
    truth = [(labels == label).to_numpy()[labeled] for label in classes]
    typed = typed[labeled]
    missing = typed.isna().to_numpy()
    scores = [(one, missing.astype(float)) for one in truth] if missing.any() else []
    if columns.kind(typed) == "categorical":
        scores += [(one, _out_of_fold(typed, one)) for one in truth]
    else:
        numbers = typed.cat.codes if columns.kind(typed) == "ordinal" else typed
        numbers = numbers.astype("int64") if columns.kind(typed) == "date" else numbers
        numbers = numbers[~missing].to_numpy(dtype="float64")
        scores += [(one[~missing], numbers) for one in truth]
    areas = [
        roc_auc_score(one, score)
        for one, score in scores
        if FEWEST <= one.sum() <= len(one) - FEWEST and np.isfinite(score).all()
    ]
    return max((max(area, 1 - area) for area in areas), default=None)


def _out_of_fold(levels: pd.Series, truth: np.ndarray) -> np.ndarray:
    """The frequency of a class among rows of the same level in other folds, shrunk towards its overall frequency."""
    from sklearn.model_selection import StratifiedKFold
    from sklearn.preprocessing import TargetEncoder

    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    shown = levels.astype(object).where(levels.notna(), "").to_numpy().reshape(-1, 1)
    frequencies: np.ndarray = TargetEncoder(target_type="binary", cv=folds).fit_transform(shown, truth)[:, 0]
    return frequencies


def key_like(values: pd.Series, typed: pd.Series, kind: str | None) -> str | None:
    """Why a column looks like a row id; None if it doesn't."""
    if len(values) < 2 * CLASSES or values.nunique() < len(values):
        return None
    if kind is None and not pd.api.types.is_numeric_dtype(values):
        return f"different in every row, such as {cell(values.iloc[0])}"
    if kind not in ("numeric", "integer") or (typed.abs() > columns.LARGEST).any() or (typed % 1 != 0).any():
        return None
    first, last = cell(values.iloc[0]), cell(values.iloc[-1])
    if typed.is_monotonic_increasing or typed.is_monotonic_decreasing:
        return f"whole numbers in order, from {first} to {last}"
    named = any(word in ("id", "key", "uid", "uuid", "index", "nr", "no", "number") for word in _words(values.name))
    if named or typed.max() - typed.min() < 2 * len(values):
        return f"whole numbers, different in every row, from {cell(values.min())} to {cell(values.max())}"
    return None


def _words(name: Any) -> list[str]:
    """The words in a name: `customerId` and `customer_id` alike."""
    return [word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", str(name))]


def sentinels(numbers: pd.Series) -> dict[str, str]:
    """Zeros, or one negative number, far below all other values: they may stand for missing values."""
    cells = numbers.dropna().to_numpy()
    values = np.unique(cells)
    values = values[np.abs(values) <= columns.LARGEST]
    if len(values) < CLASSES:
        return {}
    lowest = int((cells == values[0]).sum())
    enough = lowest >= max(FEWEST, 0.005 * len(cells))
    step = float(np.median(np.diff(values[1:])))
    if values[0] == 0 and enough and values[1] > APART * step * (1 - 1e-9):
        return {"zeros": f"{share_of(lowest, len(cells))}; the next value is {values[1]:g}"}
    if values[0] < 0 <= values[1] and enough and values[0] in (-1, -9, -99, -999, -9999):
        return {"negative": f"{values[0]:g} in {share_of(lowest, len(cells))}"}
    return {}
