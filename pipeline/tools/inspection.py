"""Inspects a table: its target, its classes, its duplicates, and each of its columns."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from pipeline.formatting import floor_percent, plain
from pipeline.measure.single_column import CLASSES, dominant
from pipeline.table.classes import REST
from pipeline.table.origin import origin
from pipeline.table.target import label_of, merged_labels, rarest_label, stripped
from pipeline.tools.inspect_column import Column, describe

TARGETS = ("target", "class", "label", "y", "outcome", "response", "default", "churn", "fraud", "buy", "bought")


@dataclass(frozen=True)
class Inspection:
    """What a table holds.

    Attributes
    ----------
    rows
        Number of rows.
    target, guessed
        The target, and whether it was guessed.
    classes
        Label and number of rows, the most frequent class first; empty without a target. With a positive class and more
        than one other, the others are one class.
    positive
        The class of interest.
    repeated, conflicting
        Number of rows that repeat the features of an earlier row, and of rows whose features also occur in another
        class.
    columns
        The features, in the table's order, without dropped ones.
    """

    rows: int
    target: str | None
    guessed: bool
    classes: list[tuple[Any, int]]
    positive: Any
    repeated: int
    conflicting: int
    columns: list[Column]


def inspect(
    source: pd.DataFrame,
    *,
    target: str | None,
    positive: Any = None,
    merge: Mapping[Any, Any] | None = None,
    drop: Collection[str] = (),
    declared: Mapping[str, Any] | None = None,
    min_frequency: float | None = None,
) -> Inspection:
    """What a table holds, whether or not it can be used.

    Parameters
    ----------
    source
        As `pipeline.table.file.read_table` reads it.
    target
        The target column; it is guessed where this is None or not in the table.
    positive, merge, drop, declared
        As `pipeline.table.ingest.ingest` takes them.
    min_frequency
        Fraction of the rows below which levels are merged.
    """
    guessed = target not in source
    name = likely_target(source.drop(columns=[c for c in drop if c in source])) if guessed else target
    labels = pd.Series(index=source.index, dtype="str") if name is None else classes_of(source[name], positive, merge)
    source = source.loc[labels.index]
    counts = labels.value_counts()
    place = origin(source)
    positive = place.positive if positive is None else positive
    rarest = None if positive is None else label_of(positive, counts.index)
    if rarest is None and len(counts):
        rarest = rarest_label(counts)
    features = source.drop(columns=[c for c in {*drop, name} if c in source])
    columns = [
        describe(features[c], labels, rarest, (declared or {}).get(c), min_frequency=min_frequency) for c in features
    ]
    return Inspection(
        rows=len(source),
        target=name,
        guessed=guessed,
        classes=_classes(counts, rarest, left_out=place.left_out),
        positive=plain(rarest),
        **_duplicates(features, labels),
        columns=_with_likely_zeros(_with_dominant(columns)),
    )


def _classes(counts: pd.Series, positive: Any, *, left_out: int) -> list[tuple[Any, int]]:
    """Each class and its rows, the most frequent first: all of them, where some of the other class were not read."""
    whole = counts + np.where((counts.index != positive) & (len(counts) == 2), left_out, 0)
    return [(plain(label), int(count)) for label, count in whole.sort_values(ascending=False, kind="stable").items()]


def classes_of(target: pd.Series, positive: Any, merge: Mapping[Any, Any] | None) -> pd.Series:
    """The class of each row that a run would use, as far as the settings are right; see `pipeline.table.ingest.ingest`.

    Parameters
    ----------
    target
        Shape (n,), as in the source.
    positive, merge
        As `pipeline.table.ingest.ingest` takes them.
    """
    labels, _ = merged_labels(stripped(target), merge or {})
    one = None if positive is None else label_of(positive, labels.value_counts().index)
    if one is None or labels.nunique() <= 2:
        return labels
    return labels.astype(object).where((labels == one) | labels.isna(), REST)


def likely_target(table: pd.DataFrame) -> str | None:
    """The column most likely to be the target, by its name, its place, and two values; None if none has classes."""

    def likely(place: int) -> tuple[bool, bool, bool, bool, int]:
        name, last = str(table.columns[place]).lower(), place == table.shape[1] - 1
        named = name in TARGETS or name.rpartition("_")[2] in TARGETS
        return named, last and distinct[place] <= CLASSES, distinct[place] == 2, place == 0, place

    distinct = [table.iloc[:, place].nunique() for place in range(table.shape[1])]
    places = [place for place, count in enumerate(distinct) if 2 <= count <= min(CLASSES, len(table) - 1)]
    return str(table.columns[max(places, key=likely)]) if places else None


def _with_dominant(columns: list[Column]) -> list[Column]:
    """The columns; one that predicts the class far better than all others has the finding `dominant`."""
    ahead = dominant({one.name: one.ranking for one in columns if one.ranking and "id" not in one.findings})
    if ahead is None:
        return columns
    first, second = (floor_percent(one.auc or 0) for name in ahead for one in columns if one.name == name)
    finding = {"dominant": f"ROC AUC {first}, next best is {ahead[1]!r} with {second}"}
    return [replace(one, findings={**finding, **one.findings}) if one.name == ahead[0] else one for one in columns]


def _with_likely_zeros(columns: list[Column]) -> list[Column]:
    """The columns; if zeros stand for missing values in one, then likely in others, too."""
    if not any("zeros" in one.findings for one in columns):
        return columns
    return [
        replace(one, findings={**one.findings, "zeros": one.likely_zeros})
        if one.likely_zeros and "constant" not in one.findings
        else one
        for one in columns
    ]


def _duplicates(features: pd.DataFrame, labels: pd.Series) -> dict[str, int]:
    """The counts `repeated` and `conflicting`; see `Inspection`."""
    if features.empty:
        return {"repeated": 0, "conflicting": 0}
    repeated = features.duplicated(keep=False)
    groups = pd.util.hash_pandas_object(features[repeated], index=False)
    classes = labels[repeated].groupby(groups).transform("nunique")
    return {"repeated": int(features.duplicated().sum()), "conflicting": int((classes > 1).sum())}
