"""What a table holds: a summary of each column, and what is wrong with it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from pipeline.formatting import floor_percent, plain
from pipeline.table.target import label_of, rarest_label
from pipeline.tools.inspect_column import AHEAD, Column, describe
from pipeline.tools.suspects import CLASSES

NEAR = 1.5  # that is, its distance from 0.5 is so many times the next one's
TARGETS = ("target", "class", "label", "y", "outcome", "response", "default", "churn", "fraud", "buy", "bought")


@dataclass(frozen=True)
class Inspection:
    """What there is to say of a table.

    Attributes
    ----------
    rows
        Their number.
    target, guessed
        The target, and whether it is only the likely one.
    classes
        Label and count, the commonest first; empty without a target.
    positive
        The class of interest.
    repeated, conflicting
        How many rows repeat another's features, and how many of these have features that also go with another class.
    columns
        The features, in the table's order, without those that are left out.
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
    drop: Collection[str] = (),
    declared: Mapping[str, Any] | None = None,
    min_frequency: float | None = None,
) -> Inspection:
    """What a table holds, of which nothing need be usable.

    Parameters
    ----------
    source
        As `pipeline.table.file.read_table` gives it.
    target
        None, or a column that is not there: the likely one is taken.
    positive, drop, declared
        As `pipeline.table.ingest.ingest` takes them.
    min_frequency
        Share of the rows below which levels are merged.
    """
    guessed = target not in source
    name = likely_target(source.drop(columns=[c for c in drop if c in source])) if guessed else target
    labels = pd.Series(index=source.index, dtype="str") if name is None else source[name]
    counts = labels.value_counts()
    rarest = None if positive is None else label_of(positive, counts.index)
    if rarest is None and len(counts):
        rarest = rarest_label(counts)
    features = source.drop(columns=[c for c in {*drop, name} if c in source])
    found = [
        describe(features[c], labels, rarest, (declared or {}).get(c), min_frequency=min_frequency) for c in features
    ]
    return Inspection(
        rows=len(source),
        target=name,
        guessed=guessed,
        classes=[(plain(label), int(count)) for label, count in counts.items()],
        positive=plain(rarest),
        **_duplicates(features, labels),
        columns=_ahead(found),
    )


def likely_target(table: pd.DataFrame) -> str | None:
    """The column that looks most like a target: by its name, two values, standing last; None if none has classes."""

    def likely(place: int) -> tuple[bool, bool, bool, bool, int]:
        name, last = str(table.columns[place]).lower(), place == table.shape[1] - 1
        named = name in TARGETS or name.rpartition("_")[2] in TARGETS
        return named, last and distinct[place] <= CLASSES, distinct[place] == 2, place == 0, place

    distinct = [table.iloc[:, place].nunique() for place in range(table.shape[1])]
    places = [place for place, count in enumerate(distinct) if 2 <= count <= min(CLASSES, len(table) - 1)]
    return str(table.columns[max(places, key=likely)]) if places else None


def _ahead(found: list[Column]) -> list[Column]:
    """The columns, with a word to the one that is far ahead of the others."""
    ranked = sorted((c for c in found if c.alone is not None and "id" not in c.findings), key=lambda c: -(c.alone or 0))
    if len(ranked) < 2 or "leak" in ranked[0].findings:
        return found
    first, next_ = ranked[0], ranked[1]
    assert first.alone is not None
    assert next_.alone is not None
    if first.alone < AHEAD or first.alone - 0.5 < NEAR * (next_.alone - 0.5):
        return found
    word = f"ROC AUC {floor_percent(first.alone)}, the next is {next_.name!r} with {floor_percent(next_.alone)}"
    told = replace(first, findings={"ahead": word, **first.findings})
    return [told if one is first else one for one in found]


def _duplicates(features: pd.DataFrame, labels: pd.Series) -> dict[str, int]:
    """How many rows repeat another's features, and how many of these also go with another class."""
    if features.empty:
        return {"repeated": 0, "conflicting": 0}
    repeated = features.duplicated(keep=False)
    groups = pd.util.hash_pandas_object(features[repeated], index=False)
    classes = labels[repeated].groupby(groups).transform("nunique")
    return {"repeated": int(features.duplicated().sum()), "conflicting": int((classes > 1).sum())}
