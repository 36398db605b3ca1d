"""The columns that are not the target: features with their kinds, and groups, times and weights."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from pipeline.errors import given
from pipeline.table import columns, conversions
from pipeline.table.conversions import ColumnError, lines
from pipeline.table.target import RESERVED

FEW = 5  # rows of a class that may agree with a feature by chance
HEAVIEST = 1e50  # of weights: beyond it, products of four of their sums overflow


def typed_features(
    source: pd.DataFrame, declared: Mapping[str, Any], drop: list[str]
) -> tuple[pd.DataFrame, list[str]]:
    """Each column in the dtype that says its kind, and what is wrong with those that have none."""
    if source.shape[1] == 0:
        return source, ["expected at least one feature beside the target, found none"]
    features, problems, useless = {}, {}, []
    for name, column in source.items():
        if name in RESERVED:
            problems[name] = "this name is taken: rename it"
            continue
        try:
            features[name] = columns.typed(column, declared.get(name))
            if features[name].isna().all():
                raise ColumnError("expected values, found none at all", "")
        except ColumnError as error:
            useless.append(name)
            problems[name] = f"{error}: {error.mend}{', or ' if error.mend else ''}"
            continue
        if problem := columns.out_of_reach(features[name]):
            problems[name] = problem
    if not problems and all(column.nunique(dropna=False) <= 1 for column in features.values()) and len(source) > 1:
        return source, ["expected a feature that differs between rows, found one value in each: add others"]
    leave = f"leave it out with {given('data.drop', map(str, [*drop, *useless]))}"
    return pd.DataFrame(features), [
        f"column {name!r}: {problem}{leave if name in useless else ''}" for name, problem in problems.items()
    ]


def target_copies(features: pd.DataFrame, labels: pd.Series, drop: list[str]) -> list[str]:
    """What to say of features that are the target under another name."""
    classes = pd.factorize(labels)[0]
    problems = []
    if labels.nunique() > 1 and labels.value_counts().min() >= FEW:
        same = [str(name) for name in features if np.array_equal(pd.factorize(features[name])[0], classes)]
        leave = given("data.drop", [*map(str, drop), *same])
        problems = [
            f"column {name!r}: expected a feature, found one value for each class and no other, as if it were the "
            f"target {labels.name!r}: leave it out with {leave}"
            for name in same
        ]
    return problems


def role_columns(source: pd.DataFrame, roles: Mapping[str, str]) -> tuple[pd.DataFrame, list[str]]:
    """The columns that say how rows may be split and what they count, by role, and what is wrong with them."""
    found, problems = pd.DataFrame(index=source.index), []
    for role, name in roles.items():
        column, empty = source[name], np.flatnonzero(source[name].isna())
        if empty.size:
            problems.append(
                f"data.{role}: column {name!r}: expected a value in every row, found none in {lines(empty)}"
            )
            continue
        if role == "time" and not pd.api.types.is_numeric_dtype(column):
            try:
                column = columns.typed(column, "date")
            except ColumnError as error:
                problems.append(f"data.{role}: column {name!r}: expected numbers or dates: {error}")
                continue
        if role == "weight":
            mend = "correct these cells, or leave out the rows"
            try:
                column = columns.typed(column, "numeric").astype("float64")
            except ColumnError as error:
                problems.append(f"data.{role}: column {name!r}: {error}: {mend}")
                continue
            if (bad := np.flatnonzero(~((column >= 1 / HEAVIEST) & (column <= HEAVIEST)))).size:
                cells = ", ".join(f"{value:g}" for value in column.iloc[bad[: conversions.CELLS]])
                problems.append(
                    f"data.{role}: column {name!r}: expected finite numbers above 0 ({1 / HEAVIEST:g} to "
                    f"{HEAVIEST:g}), found {cells} in {lines(bad)}: {mend}"
                )
                continue
        found[role] = column
    return found, problems
