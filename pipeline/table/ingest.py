"""Makes the table that every stage uses: typed features, a coded target, groups, times and weights."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from pipeline import formatting
from pipeline.config import Data
from pipeline.errors import InputError, nearest
from pipeline.table import classes, columns
from pipeline.table.features import role_columns, target_copies, typed_features
from pipeline.table.grouping import ROLES
from pipeline.table.target import label_of, merged_labels, rarest_label, stripped, target_problems


@dataclass(frozen=True)
class Table:
    """Features, target, and what the target's codes mean.

    Attributes
    ----------
    data
        Indexed by `row_id`, the row's place in the source, from 0: feature columns, then the target, 1 for the
        positive class and 0 for the other; or, with more classes, the place of its label in `labels`.
    positive, negative
        The labels as the source has them, or `pipeline.table.classes.REST` for several others; None with more than
        two classes.
    roles
        By `row_id`: `group`, `time` and `weight`, float64, those that are declared.
    labels
        Of more than two classes, by their codes; None for two.
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
        Features of any kind, and the target.
    target
        Name of the target column; spaces around its labels don't count.
    positive
        Label of the class of interest, against all others; None is the rarer of two, and keeps more than two apart.
    merge
        See `pipeline.table.classes.merged`: what becomes of labels, before anything else.
    drop
        Columns to leave out.
    integers
        Keep integer columns integer. imbalanced-learn casts synthetic values back to the column's type, and so
        truncates them there.
    declared
        What columns are, by name, as `pipeline.table.columns.typed` takes it; the values tell of the others.
    roles
        Columns that are no features but a `group`, a `time` or a `weight`, by role.

    Raises
    ------
    InputError
        With every problem of the table that was found.
    """
    drop, declared, roles = drop or [], declared or {}, roles or {}
    unknown = [
        f"column {name!r} is not there; {nearest(name, map(str, source.columns))}"
        for name in [target, *drop, *declared, *roles.values()]
        if name not in source
    ]
    if unknown:
        raise InputError(unknown)
    source = source.set_axis(pd.RangeIndex(len(source)))
    labels = stripped(source[target])
    positive = positive.strip() if isinstance(positive, str) else positive
    features, problems = typed_features(source.drop(columns=[target, *drop, *roles.values()]), declared, drop)
    beside, missing = role_columns(source, roles)
    labels, unmerged = merged_labels(labels, merge or {})
    telltale = [] if unmerged or features.empty else target_copies(features.loc[labels.index], labels, drop)
    problems = (unmerged or target_problems(labels, positive)) + problems + telltale + missing
    if "weight" in roles and positive is None and labels.nunique() > 2:
        problems.append(
            f"data.weight: expected two classes, found {labels.nunique():,}: leave it out, or make it one "
            "class against the rest with data.positive"
        )
    if target in declared:
        problems.append(f"data.columns: expected features, found the target {target!r}: leave it out there")
    if problems:
        raise InputError(problems)
    counts = labels.value_counts()
    one = zero = named = None
    if len(counts) > 2 and positive is None:
        codes, named = classes.encoded(labels)
    else:
        one = label_of(positive, counts.index) if positive is not None else rarest_label(counts)
        zero = next(label for label in counts.index if label != one) if len(counts) == 2 else classes.REST
        codes = (labels == one).astype("int8")
    if not integers:
        numbers = [name for name, column in features.items() if columns.kind(column) == "numeric"]
        features = features.astype(dict.fromkeys(numbers, "float64"))
    if len(labels) < len(source):  # without the rows of classes that are left out
        features, beside = features.loc[labels.index], beside.loc[labels.index]
    data = pd.concat([features, codes], axis=1).rename_axis("row_id")
    return Table(data, formatting.plain(one), formatting.plain(zero), beside.rename_axis("row_id"), named)


def accept(source: pd.DataFrame, data: Data) -> Table:
    """The table that `data` makes of its source; raises InputError with every problem, each with the file's name."""
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
