"""Turns a source table into the one that every stage uses: typed features, an encoded target, and roles of rows."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from pipeline import formatting
from pipeline.config import Data
from pipeline.errors import InputError, nearest
from pipeline.table import classes, columns, negatives
from pipeline.table.features import copies_of_target, role_columns, typed_features
from pipeline.table.grouping import ROLES
from pipeline.table.origin import Origin, origin
from pipeline.table.target import label_of, look_alikes, merged_labels, rarest_label, stripped, target_problems


@dataclass(frozen=True)
class Table:
    """Features, target, and what the target's codes mean.

    Attributes
    ----------
    data
        Indexed by `row_id`, the row's place in the source, from 0: feature columns, then the target. With two classes,
        the target is 1 for the positive class and 0 for the other; with more, it is the place of the label in `labels`.
    positive, negative
        The labels as in the source, or `pipeline.table.classes.REST` for several others; None with more than two
        classes.
    roles
        By `row_id`: the declared ones of `group`, `time` and `weight`, which is float64; also `weight` where rows of
        the other class were left out, see `pipeline.table.negatives.weight`.
    labels
        The labels by code where there are more than two classes; None for two.
    """

    data: pd.DataFrame
    positive: Any
    negative: Any
    roles: pd.DataFrame
    labels: list[Any] | None = None


def ingest(
    source: pd.DataFrame,
    *,
    target: str,
    positive: Any = None,
    merge: Mapping[Any, Any] | None = None,
    drop: list[str] | None = None,
    integers: bool = False,
    declared: Mapping[str, Any] | None = None,
    roles: Mapping[str, str] | None = None,
) -> Table:
    """The table that all later stages use.

    Parameters
    ----------
    source
        Features of any kind, and the target. Where rows were left out, its index numbers those that are there.
    target
        Name of the target column; spaces around its labels don't count.
    positive
        Label of the class of interest, against all others; None is the rarer of two, and keeps more than two apart.
    merge
        What labels become, before anything else; see `pipeline.table.classes.merged`.
    drop
        Columns to leave out.
    integers
        Keep integer columns integer. imbalanced-learn casts synthetic values back to the column's dtype, and so
        truncates them there.
    declared
        Kinds of columns, by name, as `pipeline.table.columns.typed` takes them; other kinds are inferred.
    roles
        Names of the columns that hold the `group`, `time` or `weight` of each row, by role.

    Raises
    ------
    InputError
        The table can't be used; all problems are listed.
    """
    drop, declared, roles = drop or [], declared or {}, roles or {}
    _refuse_unknown(source, [target, *drop, *declared, *roles.values()])
    place, index = origin(source), source.index
    source = source.set_axis(pd.RangeIndex(len(source)))
    features, feature_problems = typed_features(source.drop(columns=[target, *drop, *roles.values()]), declared, drop)
    rows, role_problems = role_columns(source, roles)
    labels, label_problems = merged_labels(stripped(source[target]), merge or {})
    positive = place.positive if positive is None else positive  # which may not be the rarest of the rows read
    positive = positive.strip() if isinstance(positive, str) else positive
    if not label_problems:
        label_problems = look_alikes(labels, merge or {}) or target_problems(labels, positive, merge or {})
        if not features.empty:
            known = features if len(labels) == len(features) else features.loc[labels.index]
            feature_problems += copies_of_target(known, labels, drop)
    if "weight" in roles and positive is None:
        role_problems += _weights_of_many_classes(labels.nunique())
    if problems := [*label_problems, *feature_problems, *role_problems]:
        raise InputError(problems)
    if not integers:
        numbers = [name for name, column in features.items() if columns.kind(column) == "numeric"]
        features = features.astype(dict.fromkeys(numbers, "float64"))
    if len(labels) < len(source):  # data.classes leaves out rows
        features, rows = features.loc[labels.index], rows.loc[labels.index]
    table = _coded(features, labels, rows, positive)
    return _as_sample(table, place, index) if place.left_out else table


def _as_sample(table: Table, place: Origin, index: pd.Index) -> Table:
    """The table, whose negatives are a sample, with their weight and with the rows' numbers in the source."""
    numbers = index[table.data.index].rename("row_id")
    weighted = table.roles.assign(weight=negatives.weight(table.data.iloc[:, -1], place))
    return replace(table, data=table.data.set_axis(numbers), roles=weighted.set_axis(numbers))


def _refuse_unknown(source: pd.DataFrame, names: list[str]) -> None:
    known = list(map(str, source.columns))
    if unknown := [f"the table has no column {name!r}; {nearest(name, known)}" for name in names if name not in source]:
        raise InputError(unknown)


def _weights_of_many_classes(number: int) -> list[str]:
    if number <= 2:
        return []
    return [
        f"data.weight: expected two classes, found {number:,}. Leave out data.weight, or compare one class with the "
        "rest with data.positive."
    ]


def _coded(features: pd.DataFrame, labels: pd.Series, roles: pd.DataFrame, positive: Any) -> Table:
    """The table with codes in place of labels; see `Table`."""
    counts = labels.value_counts()
    one = zero = named = None
    if len(counts) > 2 and positive is None:
        codes, named = classes.encoded(labels)
    else:
        one = label_of(positive, counts.index) if positive is not None else rarest_label(counts)
        zero = next(label for label in counts.index if label != one) if len(counts) == 2 else classes.REST
        codes = (labels == one).astype("int8")
    data = pd.concat([features, codes], axis=1).rename_axis("row_id")
    return Table(data, formatting.plain(one), formatting.plain(zero), roles.rename_axis("row_id"), named)


def accept(source: pd.DataFrame, data: Data) -> Table:
    """The table that the settings make of this source.

    Raises
    ------
    InputError
        The table can't be used; each problem begins with the file's name.
    """
    try:
        return ingest(
            source,
            target=data.target,
            positive=data.positive,
            merge=data.classes,
            drop=data.drop,
            integers=data.integers,
            declared=data.columns,
            roles={role: getattr(data, role) for role in ROLES if getattr(data, role)},
        )
    except InputError as error:
        raise InputError(f"{data.path}: {problem}" for problem in error.problems) from None
