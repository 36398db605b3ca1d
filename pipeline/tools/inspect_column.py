"""Describes one column: its type, its values, and what looks wrong with it."""

from dataclasses import dataclass
from typing import Any

import pandas as pd

from pipeline.formatting import cell, floor_percent, share_of
from pipeline.measure.single_column import DOMINANT, FEWEST, Ranking, rank
from pipeline.table import columns
from pipeline.table.conversions import ColumnError
from pipeline.tools import codes
from pipeline.tools.histogram import bars
from pipeline.tools.sentinels import markers, sentinels, zeros
from pipeline.tools.suspects import key_like

# What may be found in a column, from the most to the least serious.
FINDINGS = {
    "leak": "gives the class away: each value, or range of values, belongs to one class; leave it out",
    "id": "identifies rows, so a model can learn nothing from it that applies to new rows; leave it out",
    "predicts": "almost separates a class from the others by itself; check that it's known before the outcome",
    "dominant": "predicts the class far better than any other column; check that it's known before the outcome",
    "empty": "has no values",
    "constant": "has the same value in all rows, or in all but one or two",
    "text": "has numbers stored as text; they are read as numbers",
    "zeros": 'has zeros far below all other values; if they mean "missing", declare data.missing={NAME: [0]}',
    "sentinel": 'has a value far from all others, or a single, frequent negative value; if it means "missing", declare '
    "data.missing={NAME: [VALUE]}",
    "missing": "is missing in more than half of the rows",
    "groups": "looks like ids, such as customers, with several rows each; to keep these together, use split=grouped",
    "codes": "has whole numbers that look like codes; unless they count or measure something, declare it categorical",
    "spelling": "has levels that differ only in case or spaces; spell them the same way",
    "levels": "has many levels",
    "date": "has dates, which become days since 1970; to test on the latest rows, use split=temporal data.time=NAME",
}

MANY = 30  # levels


@dataclass(frozen=True)
class Column:
    """What a column holds.

    Attributes
    ----------
    kind
        One of `columns.KINDS`; None where it can't be used.
    missing, distinct
        Number of missing cells, and of different values.
    ranking
        What ranking the rows by this column alone shows; None where it can't be computed.
    summary
        In words: a range, or the most frequent levels.
    findings
        What looks wrong, with details, by the keys of `FINDINGS`.
    likely_zeros
        The detail of the finding `zeros`, if another column of the table has it; None if there is nothing like it.
    markers
        Values other than zero that may stand for missing ones, as `data.missing` takes them.
    bars
        Label, number of rows, and number of rows of the rarest class, from left to right.
    """

    name: str
    kind: str | None
    missing: int
    distinct: int
    ranking: Ranking | None
    summary: str
    findings: dict[str, str]
    likely_zeros: str | None
    markers: list[str]
    bars: list[tuple[str, int, int]]

    @property
    def auc(self) -> float | None:
        """ROC AUC, in [0.5, 1], of ranking the rows by this column alone, for the class it ranks best."""
        return self.ranking.auc if self.ranking else None


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
        Shape (n,), as read from the source.
    labels
        Shape (n,): the classes; missing where there is no target.
    rarest
        The class that the bars show.
    declared
        The kind of the column, as `columns.typed` takes it.
    min_frequency
        As `inspect` takes it.
    """
    missing, distinct = int(values.isna().sum()), int(values.nunique())
    try:
        typed = columns.typed(values, declared)
        kind = columns.kind(typed) if missing < len(values) else None
    except ColumnError:
        typed, kind = values.map(str, na_action="ignore").astype("str"), None
    ranking = rank(typed, labels) if kind else None
    findings = _findings(values, typed, kind, ranking, min_frequency=min_frequency or 0)
    if not {"id", "constant", "empty"} & set(findings):
        findings |= _meanings(values, typed, kind, declared, marked="sentinel" in findings)
    if "groups" in findings:
        findings.pop("levels", None)  # customers are many
    if ranking and ranking.predictive and "id" not in findings:
        of = f" for {cell(ranking.label)}" if labels.nunique() > 2 else ""
        findings["leak" if ranking.leaks else "predicts"] = f"ROC AUC {floor_percent(ranking.auc)}{of}"
    return Column(
        name=str(values.name),
        kind=kind,
        missing=missing,
        distinct=distinct,
        ranking=ranking,
        summary=_summary(typed, kind),
        findings={key: findings[key] for key in FINDINGS if key in findings},
        likely_zeros=zeros(typed, likely=True) if kind in ("numeric", "integer") else None,
        markers=markers(values, typed, kind) if "sentinel" in findings else [],
        bars=bars(typed, (labels == rarest).to_numpy()),
    )


def _findings(
    values: pd.Series, typed: pd.Series, kind: str | None, ranking: Ranking | None, *, min_frequency: float
) -> dict[str, str]:
    missing, distinct = int(values.isna().sum()), int(values.nunique())
    if missing == len(values):
        return {"empty": ""}
    found: dict[str, str] = {}
    if (common := int(values.value_counts().iloc[0])) >= len(values) - 2 and missing == 0 and len(values) > FEWEST:
        others = f" in all rows but {len(values) - common}" if common < len(values) else ""
        found["constant"] = f"{cell(values.mode()[0])}{others}"
    elif key := key_like(values, typed, kind):
        found["id"] = key + (f", ROC AUC {ranking.auc:.2f}" if ranking and ranking.auc >= DOMINANT else "")
    if kind == "numeric" and isinstance(values.dtype, pd.StringDtype):
        found["text"] = f"such as {cell(values.dropna().iloc[0])}"
    if "constant" not in found:
        found |= _markers(typed, kind)
    if missing > len(values) / 2:
        found["missing"] = share_of(missing, len(values))
    if kind == "categorical" and distinct > MANY:
        kept = int((typed.value_counts(normalize=True) >= min_frequency).sum())
        merged = f", {distinct - kept:,} of them rare and merged" if kept < distinct else ""
        found["levels"] = f"{distinct:,} levels{merged}"
    if kind == "date":
        found["date"] = _summary(typed, kind)
    return found


def _markers(typed: pd.Series, kind: str | None) -> dict[str, str]:
    """Values that may stand for missing ones, by the keys of `FINDINGS`."""
    found = {
        "zeros": zeros(typed) if kind in ("numeric", "integer") else None,
        "sentinel": sentinels(typed, kind) if kind in ("numeric", "integer", "date") else None,
    }
    return {key: detail for key, detail in found.items() if detail}


def _meanings(values: pd.Series, typed: pd.Series, kind: str | None, declared: Any, *, marked: bool) -> dict[str, str]:
    """What values seem to stand for, by the keys of `FINDINGS`: customers, codes, one level under two spellings."""
    if group := codes.groups(values, typed, kind):
        return {"groups": group}
    found = {
        "codes": codes.codes(typed, kind) if declared is None and not marked else None,
        "spelling": codes.spellings(typed.dropna().unique()) if kind == "categorical" else None,
    }
    return {key: detail for key, detail in found.items() if detail}


def _summary(typed: pd.Series, kind: str | None) -> str:
    cells = typed.dropna()
    if cells.empty:
        return "no values"
    if kind in ("numeric", "integer"):
        low, high = (cells.quantile(quarter, interpolation="nearest") for quarter in (0.25, 0.75))
        return f"{cells.min():g} to {cells.max():g}, middle half {low:g} to {high:g}"
    if kind == "date":
        first, last = (str(cell)[:10] for cell in (cells.min(), cells.max()))  # strftime fails beyond year 9999
        return f"{first} to {last}"
    counts = cells.astype(str).value_counts()
    rest = f" and {len(counts) - 3:,} more" if len(counts) > 3 else ""
    shown = (f"{level[:24]} {100 * count / len(cells):.0f}%" for level, count in counts.iloc[:3].items())
    return ", ".join(shown) + rest
