"""Prepares all columns but the target: typed features, and the group, time and weight of each row."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from pipeline.errors import advise, set_param
from pipeline.table import columns
from pipeline.table.conversions import ColumnError
from pipeline.table.origin import CELLS, origin
from pipeline.table.target import RESERVED

FEWEST = 5  # rows of the rarest class; with fewer, a feature may equal the target by coincidence
HEAD = 1000  # rows that show of nearly every feature that it is no copy of the target
HEAVIEST = 1e50  # weight: beyond it, products of four of their sums overflow
ROLE_ADVICE = {
    "group": "Fill in these cells.",
    "time": "Use numbers, or dates such as 2026-01-31, in every row.",
    "weight": "Correct these cells, or leave out their rows.",
}


def typed_features(
    source: pd.DataFrame, declared: Mapping[str, Any], drop: list[str]
) -> tuple[pd.DataFrame, list[str]]:
    """Each column in the dtype of its kind, and an error message for each unusable one."""
    if source.shape[1] == 0:
        return source, ["expected at least one feature besides the target, found none. Add one, or correct data.drop."]
    features: dict[Any, pd.Series] = {}
    problems: dict[Any, str] = {}
    unusable: dict[Any, ColumnError] = {}
    place = origin(source)
    for name, column in source.items():
        if name in RESERVED:
            problems[name] = f"column {name!r}: this name is reserved. Rename the column in the file."
            continue
        try:
            features[name] = columns.typed(column, declared.get(name))
            if features[name].isna().all():
                raise ColumnError("all values are missing")
        except ColumnError as error:
            problems[name], unusable[name] = error.at(name, place), error
            continue
        if error_of_range := columns.out_of_range(features[name]):
            problems[name] = (
                f"{error_of_range.at(name, place)} {advise(error_of_range.advice, _as_missing(features[name]))}"
            )
    if not problems and all(column.nunique(dropna=False) <= 1 for column in features.values()) and len(source) > 1:
        return source, ["every feature is constant. Add features that differ between rows."]
    leave_out = f"leave the column out with {set_param('data.drop', map(str, [*drop, *unusable]))}"
    kinds = {**declared, **{str(name): error.kind for name, error in unusable.items() if error.kind}}
    declare = set_param("data.columns", kinds)
    return pd.DataFrame(features), [
        f"{problem} {_advice(unusable[name], declare, leave_out)}" if name in unusable else problem
        for name, problem in problems.items()
    ]


def _as_missing(column: pd.Series) -> str:
    """How to declare that what is infinite in a column of numbers is missing; empty where nothing is."""
    there = [word for word in ("inf", "-inf") if (column == float(word)).any()]
    return f"declare it missing with {set_param('data.missing', there)}" if there else ""


def _advice(error: ColumnError, declare: str, leave_out: str) -> str:
    """What to do about an unusable column; `declare` and `leave_out` do so for all of them at once."""
    what = "it categorical" if error.kind == "categorical" else "the format"
    return advise(error.advice, f"declare {what} with {declare}" if error.kind else "", leave_out)


def copies_of_target(features: pd.DataFrame, labels: pd.Series, drop: list[str]) -> list[str]:
    """An error message for each feature that has exactly one value for each class."""
    if labels.nunique() < 2 or labels.value_counts().min() < FEWEST:
        return []
    classes = pd.factorize(labels)[0]
    copies = [str(name) for name, column in features.items() if _codes_are(column, classes)]
    leave_out = set_param("data.drop", [*map(str, drop), *copies])
    return [
        f"column {name!r} is a copy of the target {labels.name!r}: it has one value for each class. Leave the column "
        f"out with {leave_out}."
        for name in copies
    ]


def _codes_are(column: pd.Series, codes: np.ndarray) -> bool:
    """Whether numbering a column's values in the order of their first rows gives these codes."""
    # The numbers of the first rows don't depend on those below.
    return all(np.array_equal(pd.factorize(column.iloc[:rows])[0], codes[:rows]) for rows in (HEAD, len(codes)))


def role_columns(source: pd.DataFrame, roles: Mapping[str, str]) -> tuple[pd.DataFrame, list[str]]:
    """The columns with the group, time and weight of each row, by role, and an error message for each unusable one."""
    found, problems, place = pd.DataFrame(index=source.index), [], origin(source)
    for role, name in roles.items():
        try:
            found[role] = _role_column(source[name], role)
        except ColumnError as error:
            problems.append(f"data.{role}: {error.at(name, place)} {ROLE_ADVICE[role]}")
    return found, problems


def _role_column(column: pd.Series, role: str) -> pd.Series:
    if (empty := np.flatnonzero(column.isna())).size:
        raise ColumnError("expected a value in every row, found a missing value", rows=empty)
    if role == "time" and not pd.api.types.is_numeric_dtype(column):
        return columns.typed(column, "date")
    if role == "weight":
        column = columns.typed(column, "numeric").astype("float64")
        if (bad := np.flatnonzero(~((column >= 1 / HEAVIEST) & (column <= HEAVIEST)))).size:
            cells = ", ".join(f"{value:g}" for value in column.iloc[bad[:CELLS]])
            expected = f"expected finite numbers above 0 ({1 / HEAVIEST:g} to {HEAVIEST:g})"
            raise ColumnError(f"{expected}, found {cells}", rows=bad)
    return column
