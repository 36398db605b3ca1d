"""What a table holds: a summary of each column, and what is wrong with it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from pipeline.formatting import cell, floor_percent, plain, share_of
from pipeline.table import columns
from pipeline.table.columns import ColumnError
from pipeline.table.target import label_of, rarest_label
from pipeline.tools.suspects import CLASSES, FEWEST, key_like, sentinels, single_column_auc, units

# What is found, from the loudest to the least: what it is called, and what it means.
FINDINGS = {
    "leak": "tells the class almost alone: is it known before the outcome? If not, leave it out",
    "id": "numbers or names the rows: a model learns nothing of it that holds for other rows",
    "ahead": "far ahead of every other column alone: is it known before the outcome?",
    "empty": "has no value at all",
    "constant": "has one value in all rows but a few",
    "units": "holds numbers written as text: write them plain",
    "text": "holds numbers stored as text: read as numbers",
    "zeros": "has zeros far below all other values: if they stand for missing, empty these cells",
    "negative": "has one negative value, over and over: if it stands for missing, empty these cells",
    "holes": "is missing in more than half of the rows",
    "levels": "has many levels",
    "date": "is a date, and becomes days since 1970; to test on the latest rows: split=temporal data.time=NAME",
}

ALMOST = 0.98  # ROC AUC of a column that alone tells the class
AHEAD = 0.8  # ROC AUC of a column that deserves a word, if no other comes near
NEAR = 1.5  # that is, its distance from 0.5 is so many times the next one's
MANY = 30  # levels
BARS = 20
TARGETS = ("target", "class", "label", "y", "outcome", "response", "default", "churn", "fraud", "buy", "bought")


@dataclass(frozen=True)
class Column:
    """What a column holds.

    Attributes
    ----------
    kind
        One of `columns.KINDS`; None where it has none.
    missing, distinct
        Counts of empty cells, and of different values.
    alone
        ROC AUC by which the column alone ranks the classes, in [0.5, 1], the best over the classes; None where that
        says nothing.
    summary
        In words: a range, or the commonest levels.
    findings
        What is to be said of it, by the keys of `FINDINGS`.
    bars
        Label, and counts of all rows and of rows of the rarest class, from left to right.
    """

    name: str
    kind: str | None
    missing: int
    distinct: int
    alone: float | None
    summary: str
    findings: dict[str, str]
    bars: list[tuple[str, int, int]]


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
        As `pipeline.table.sources.read_table` gives it.
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
        column(features[c], labels, rarest, (declared or {}).get(c), min_frequency=min_frequency) for c in features
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


def column(
    values: pd.Series,
    labels: pd.Series,
    rarest: Any = None,
    declared: Any = None,
    *,
    min_frequency: float | None = None,
) -> Column:
    """What one column holds.

    Parameters
    ----------
    values
        Shape (n,), as its source has them.
    labels
        Shape (n,): the classes; missing where there are none.
    rarest
        The class that the bars show.
    declared
        What the column is, as `columns.typed` takes it.
    min_frequency
        As `inspect` takes it.
    """
    missing, distinct = int(values.isna().sum()), int(values.nunique())
    try:
        typed = columns.typed(values, declared)
        kind = columns.kind(typed) if missing < len(values) else None
    except ColumnError:
        typed, kind = values.map(str, na_action="ignore").astype("str"), None
    bars = _bars(typed, (labels == rarest).to_numpy())
    summary = _summary(typed, kind)
    alone = single_column_auc(typed, labels) if kind else None
    findings: dict[str, str] = {}
    if missing == len(values):
        findings["empty"] = ""
    elif (common := int(values.value_counts().iloc[0])) >= len(values) - 2 and missing == 0 and len(values) > FEWEST:
        findings["constant"] = cell(values.mode()[0]) + (
            f", in all rows but {len(values) - common}" if common < len(values) else ""
        )
    elif key := key_like(values, typed, kind):
        findings["id"] = key + (f", ROC AUC {alone:.2f}" if alone and alone >= AHEAD else "")
    if kind in (None, "categorical") and missing < len(values) and (unit := units(typed)):
        findings["units"] = unit
    if alone is not None and alone >= ALMOST and "id" not in findings:
        findings["leak"] = f"ROC AUC {floor_percent(alone)}"
    if kind == "numeric" and isinstance(values.dtype, pd.StringDtype):
        findings["text"] = f"such as {cell(values.dropna().iloc[0])}"
    if kind == "numeric" and "constant" not in findings:
        findings |= sentinels(typed)
    if missing > len(values) / 2 and "empty" not in findings:
        findings["holes"] = share_of(missing, len(values))
    if kind == "categorical" and distinct > MANY:
        kept = int((typed.value_counts(normalize=True) >= (min_frequency or 0)).sum())
        merged = f", of which {distinct - kept:,} are rare and merged" if kept < distinct else ""
        findings["levels"] = f"{distinct:,}{merged}"
    if kind == "date":
        findings["date"] = summary
    order = [key for key in FINDINGS if key in findings]
    return Column(str(values.name), kind, missing, distinct, alone, summary, {k: findings[k] for k in order}, bars)


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


def _summary(typed: pd.Series, kind: str | None) -> str:
    cells = typed.dropna()
    if cells.empty:
        return "no values"
    if kind in ("numeric", "integer"):
        low, high = (cells.quantile(share, interpolation="nearest") for share in (0.25, 0.75))
        return f"{cells.min():g} to {cells.max():g}, half of them {low:g} to {high:g}"
    if kind == "date":
        first, last = (str(cell)[:10] for cell in (cells.min(), cells.max()))  # strftime fails beyond year 9999
        return f"{first} to {last}"
    counts = cells.astype(str).value_counts()
    rest = f" and {len(counts) - 3:,} more" if len(counts) > 3 else ""
    return (
        ", ".join(f"{level[:24]} {100 * count / len(cells):.0f} %" for level, count in counts.iloc[:3].items()) + rest
    )


def _bars(typed: pd.Series, rarest: np.ndarray) -> list[tuple[str, int, int]]:
    """Bars of a histogram: label, count, and count of the rarest class; numbers beyond 1 and 99 % stand at the ends."""
    there = typed.notna().to_numpy()
    cells, rarest = typed[there], rarest[there]
    if cells.empty:
        return []
    if columns.kind(cells) in ("numeric", "integer", "date"):
        dates = columns.kind(cells) == "date"
        numbers = (cells.astype("datetime64[s]").astype("int64") if dates else cells).to_numpy(dtype="float64")
        within = np.abs(numbers) <= columns.LARGEST
        numbers, rarest = numbers[within], rarest[within]
        if not len(numbers):
            return []
        low, high = np.quantile(numbers, [0.01, 0.99], method="nearest")
        low, high = (low, high) if low < high else (numbers.min(), numbers.max())
        edges = np.linspace(low, high, BARS + 1) if low < high else np.array([low, high])
        places = np.clip(np.searchsorted(edges, numbers, side="right") - 1, 0, len(edges) - 2)
        counts, few = (np.bincount(p, minlength=len(edges) - 1) for p in (places, places[rarest]))
        shown = [str(np.datetime64(int(edge), "s"))[:10] if dates else f"{edge:g}" for edge in edges]
        return [
            (f"{a} to {b}", int(all_), int(some))
            for a, b, all_, some in zip(shown, shown[1:], counts, few, strict=False)
        ]
    ordered = columns.kind(cells) == "ordinal"
    levels = cells.astype(str)
    names = list(cells.cat.categories) if ordered else list(levels.value_counts().index)
    kept = names[: BARS - 1] if len(names) > BARS else names
    shown_levels = levels.where(levels.isin(kept), "")
    bars = [(str(n), int((levels == n).sum()), int((levels[rarest] == n).sum())) for n in kept]
    if len(kept) < len(names):
        other = shown_levels == ""
        bars.append((f"{len(names) - len(kept):,} others", int(other.sum()), int(other[rarest].sum())))
    return bars
