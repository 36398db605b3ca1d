"""The target column: its labels, which one is positive, and what makes it unusable."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from pipeline.errors import InputError
from pipeline.table import classes
from pipeline.table.conversions import lines

RESERVED = ("row_id", "synthetic")


def merged_labels(labels: pd.Series, merge: Mapping[Any, Any]) -> tuple[pd.Series, list[str]]:
    """Labels after `data.classes`, and what is wrong with that."""
    try:
        return classes.merged(labels, merge) if merge else labels, []
    except InputError as error:
        return labels, error.problems


def stripped(labels: pd.Series) -> pd.Series:
    """Labels without spaces around them; what is empty then is missing."""
    if pd.api.types.is_numeric_dtype(labels) or isinstance(labels.dtype, pd.CategoricalDtype):
        return labels
    bare = labels.map(lambda label: label.strip() if isinstance(label, str) else label, na_action="ignore")
    return bare.mask(bare == "")


def rarest_label(counts: pd.Series) -> Any:
    """The label of the fewest rows; of two as rare the larger, as in 0 and 1."""
    return max(counts.index[counts == counts.min()])


def label_of(positive: Any, labels: pd.Index) -> Any:
    """The label among `labels` that `positive` names; None if there is none."""
    return next((label for label in labels if label == positive or str(label) == str(positive)), None)


def target_problems(labels: pd.Series, positive: Any) -> list[str]:
    """What makes these labels unusable as a target; empty where they are usable."""
    column = f"target {labels.name!r}"
    if labels.name in RESERVED:
        return [f"{column}: this name is taken: rename it"]
    missing = np.flatnonzero(labels.isna())
    if missing.size:
        return [
            f"{column}: expected a class in every row, found none in {lines(missing)}: "
            "fill them in or leave those rows out"
        ]
    if pd.api.types.is_float_dtype(labels) and np.isinf(labels).any():
        return [f"{column}: expected a class in every row, found inf in {lines(np.flatnonzero(np.isinf(labels)))}"]
    counts = labels.value_counts()
    if len(counts) < 2:
        found = f"one: {classes.listed(counts)}" if len(counts) else "none"
        return [f"{column}: expected two classes or more, found {found}"]
    if several := classes.problems(counts, positive=positive) if len(counts) > 2 else []:
        return [f"{column}: {problem}" for problem in several]
    if positive is not None and label_of(positive, counts.index) is None:
        return [f"{column}: data.positive {positive!r} is not there; there is: {classes.listed(counts)}"]
    return []
