"""Describes one column: its kind, its values, and what looks wrong with it."""

from dataclasses import dataclass
from typing import Any

import pandas as pd

from pipeline.formatting import cell, floor_percent, share_of
from pipeline.table import columns
from pipeline.table.conversions import ColumnError
from pipeline.tools.histogram import bars
from pipeline.tools.suspects import FEWEST, key_like, sentinels, single_column_auc, units

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
MANY = 30  # levels


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


def describe(
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
    shown = bars(typed, (labels == rarest).to_numpy())
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
    return Column(str(values.name), kind, missing, distinct, alone, summary, {k: findings[k] for k in order}, shown)


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
