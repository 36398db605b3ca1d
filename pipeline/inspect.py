"""Looks at a table before anything is fitted to it: what its columns are, what is wrong, and what looks too good."""

import argparse
import re
import shlex
import textwrap
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from math import ceil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from omegaconf import MISSING, OmegaConf

from pipeline import columns, config, delimited, folds, ingest, report, weights
from pipeline.classes import plain
from pipeline.columns import ColumnError
from pipeline.config import Config, Data
from pipeline.configure import CONF, compose
from pipeline.errors import InputError, given, run
from pipeline.files import REPORTS, say, write_text
from pipeline.grouping import ROLES

PAGE = REPORTS / "inspect.html"
ALMOST = 0.98  # ROC AUC of a column that alone tells the class
KNOWN_AFTER = 0.995  # from here the ready command leaves it out
AHEAD = 0.8  # ROC AUC of a column that deserves a word, if no other comes near
NEAR = 1.5  # that is, its distance from 0.5 is so many times the next one's
FEWEST = 5  # rows of a class by which a column is judged
CLASSES = 20  # so many are classes; more are numbers
MANY = 30  # levels
UNITS = 3  # that the numbers of one column may have
APART = 5  # steps between neighbouring values that part zero from the rest
SHOWN = 6  # names on a line
LINES = 12  # columns in the terminal
TOLD = 6  # refusals in the terminal
CARDS = 300  # columns drawn on the page
BARS = 20
WIDTH = 112  # letters of a line in the terminal
LOUD = ("leak", "id")
TARGETS = ("target", "class", "label", "y", "outcome", "response", "default", "churn", "fraud", "buy", "bought")

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
        As `pipeline.sources.read_table` gives it.
    target
        None, or a column that is not there: the likely one is taken.
    positive, drop, declared
        As `pipeline.ingest.ingest` takes them.
    min_frequency
        Share of the rows below which levels are merged.
    """
    guessed = target not in source
    name = likely_target(source.drop(columns=[c for c in drop if c in source])) if guessed else target
    labels = pd.Series(index=source.index, dtype="str") if name is None else source[name]
    counts = labels.value_counts()
    rarest = None if positive is None else ingest.label_of(positive, counts.index)
    if rarest is None and len(counts):
        rarest = ingest.rarest_label(counts)
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
    alone = _alone(typed, labels) if kind else None
    findings: dict[str, str] = {}
    if missing == len(values):
        findings["empty"] = ""
    elif (common := int(values.value_counts().iloc[0])) >= len(values) - 2 and missing == 0 and len(values) > FEWEST:
        findings["constant"] = _cell(values.mode()[0]) + (
            f", in all rows but {len(values) - common}" if common < len(values) else ""
        )
    elif key := _key(values, typed, kind):
        findings["id"] = key + (f", ROC AUC {alone:.2f}" if alone and alone >= AHEAD else "")
    if kind in (None, "categorical") and missing < len(values) and (unit := _units(typed)):
        findings["units"] = unit
    if alone is not None and alone >= ALMOST and "id" not in findings:
        findings["leak"] = f"ROC AUC {_floor(alone)}"
    if kind == "numeric" and isinstance(values.dtype, pd.StringDtype):
        findings["text"] = f"such as {_cell(values.dropna().iloc[0])}"
    if kind == "numeric" and "constant" not in findings:
        findings |= _sentinels(typed)
    if missing > len(values) / 2 and "empty" not in findings:
        findings["holes"] = _share(missing, len(values))
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
    word = f"ROC AUC {_floor(first.alone)}, the next is {next_.name!r} with {_floor(next_.alone)}"
    told = replace(first, findings={"ahead": word, **first.findings})
    return [told if one is first else one for one in found]


def _floor(share: float) -> str:
    """Two decimals, or three above .99, and 1 only where it is 1."""
    digits = 3 if share >= 0.99 else 2
    return "1" if share == 1 else f"{np.floor(share * 10**digits + 1e-9) / 10**digits:.{digits}f}"


def _alone(typed: pd.Series, labels: pd.Series) -> float | None:
    """How well the column alone ranks a class against the rest, the best over the classes; None where it has no say.

    Numbers, dates, truth values and ordered levels by themselves, other levels by the classes' shares among the other
    rows of the level (out of fold); and holes by being holes.
    """
    from sklearn.metrics import roc_auc_score

    there = labels.notna().to_numpy()
    counts = labels.value_counts()
    judged = [label for label, count in counts.items() if FEWEST <= count <= there.sum() - FEWEST]
    if not 2 <= len(counts) <= CLASSES or not judged:
        return None
    judged = judged[-1:] if len(counts) == 2 else judged
    truth = [(labels == label).to_numpy()[there] for label in judged]
    typed = typed[there]
    holes = typed.isna().to_numpy()
    scores = [(one, holes.astype(float)) for one in truth] if holes.any() else []
    if columns.kind(typed) == "categorical":
        scores += [(one, _out_of_fold(typed, one)) for one in truth]
    else:
        numbers = typed.cat.codes if columns.kind(typed) == "ordinal" else typed
        numbers = numbers.astype("int64") if columns.kind(typed) == "date" else numbers
        numbers = numbers[~holes].to_numpy(dtype="float64")
        scores += [(one[~holes], numbers) for one in truth]
    areas = [
        roc_auc_score(one, score)
        for one, score in scores
        if FEWEST <= one.sum() <= len(one) - FEWEST and np.isfinite(score).all()
    ]
    return max((max(area, 1 - area) for area in areas), default=None)


def _out_of_fold(levels: pd.Series, truth: np.ndarray) -> np.ndarray:
    """The share of a class among the other folds' rows of the same level, drawn towards its share in the table."""
    from sklearn.model_selection import StratifiedKFold
    from sklearn.preprocessing import TargetEncoder

    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    shown = levels.astype(object).where(levels.notna(), "").to_numpy().reshape(-1, 1)
    shares: np.ndarray = TargetEncoder(target_type="binary", cv=folds).fit_transform(shown, truth)[:, 0]
    return shares


def _key(values: pd.Series, typed: pd.Series, kind: str | None) -> str | None:
    """What shows that a column tells rows apart and nothing else; None if nothing does."""
    if len(values) < 2 * CLASSES or values.nunique() < len(values):
        return None
    if kind is None and not pd.api.types.is_numeric_dtype(values):
        return f"different in every row, such as {_cell(values.iloc[0])}"
    if kind not in ("numeric", "integer") or (typed.abs() > columns.LARGEST).any() or (typed % 1 != 0).any():
        return None
    first, last = _cell(values.iloc[0]), _cell(values.iloc[-1])
    if typed.is_monotonic_increasing or typed.is_monotonic_decreasing:
        return f"whole numbers in order, from {first} to {last}"
    named = any(word in ("id", "key", "uid", "uuid", "index", "nr", "no", "number") for word in _words(values.name))
    if named or typed.max() - typed.min() < 2 * len(values):
        return f"whole numbers, different in every row, from {_cell(values.min())} to {_cell(values.max())}"
    return None


def _words(name: Any) -> list[str]:
    """The words in a name: `customerId` and `customer_id` alike."""
    return [word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", str(name))]


def _units(text: pd.Series) -> str | None:
    """What shows that a column of text is numbers with a unit, a currency or a sign; None if nothing does."""
    cells = text.dropna().astype(str)
    number = rf"(?:{delimited.NUMBER}|{delimited.THOUSANDS}|{delimited.DECIMAL_COMMA})"
    parts = cells.str.extract(rf"^([^\w\s+-]?)\s?({number})\s?([^\d\s]{{0,4}})$")
    units = (parts[0] + parts[2]).dropna()
    written = units[units != ""]
    if len(units) <= 0.9 * len(cells) or len(written) <= len(cells) / 2 or written.nunique() > UNITS:
        return None
    return f"such as {_cell(cells[written.index[0]])}"


def _sentinels(numbers: pd.Series) -> dict[str, str]:
    """Zeros, or one negative number, that stand apart from all other values."""
    cells = numbers.dropna().to_numpy()
    values = np.unique(cells)
    values = values[np.abs(values) <= columns.LARGEST]
    if len(values) < CLASSES:
        return {}
    lowest = int((cells == values[0]).sum())
    enough = lowest >= max(FEWEST, 0.005 * len(cells))
    step = float(np.median(np.diff(values[1:])))
    if values[0] == 0 and enough and values[1] > APART * step * (1 - 1e-9):
        return {"zeros": f"{_share(lowest, len(cells))}; the next value is {values[1]:g}"}
    if values[0] < 0 <= values[1] and enough and values[0] in (-1, -9, -99, -999, -9999):
        return {"negative": f"{values[0]:g} in {_share(lowest, len(cells))}"}
    return {}


def _duplicates(features: pd.DataFrame, labels: pd.Series) -> dict[str, int]:
    """How many rows repeat another's features, and how many of these also go with another class."""
    if features.empty:
        return {"repeated": 0, "conflicting": 0}
    repeated = features.duplicated(keep=False)
    groups = pd.util.hash_pandas_object(features[repeated], index=False)
    classes = labels[repeated].groupby(groups).transform("nunique")
    return {"repeated": int(features.duplicated().sum()), "conflicting": int((classes > 1).sum())}


def _share(count: int, total: int) -> str:
    return f"{count:,} of {total:,} rows, {_percent(count, total)}"


def _percent(count: int, total: int) -> str:
    share = 100 * count / total
    return f"{share:.0f} %" if share >= 9.95 else f"{share:.2g} %"


def _cell(value: Any) -> str:
    """A value as it is shown: text in quotes."""
    if isinstance(value, str):
        return repr(value if len(value) <= 24 else f"{value[:24]}…")
    return str(plain(value))


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


class _Every(list[str]):
    """Stands for the names of all columns, whatever they are."""

    def __contains__(self, name: object) -> bool:
        return True


def look(data: Data) -> tuple[pd.DataFrame, list[str], Data]:
    """The source table; what ingest says of columns that cannot be read as they should; and `data` without these.

    Raises
    ------
    InputError
        There is no table to look at.
    """
    try:
        source, _, sha256 = ingest.bring(data)
        problems, kept = [], data.drop
    except InputError as error:
        try:
            names = list(ingest.bring(replace(data, drop=_Every()))[0])
        except InputError:
            raise error from None
        problems = error.problems
        kept = [*data.drop, *(n for n in names if any(f"column {n!r}: " in problem for problem in problems))]
        source, _, sha256 = ingest.bring(replace(data, drop=kept))
    return source, problems, replace(data, drop=kept, sha256=data.sha256 or (sha256 if fetched(data) else None))


def refusals(source: pd.DataFrame, data: Data, *, target: str | None) -> list[str]:
    """What ingest says of the table: with the settings as they are, then without names that are not there."""
    known = replace(
        data,
        target=target or "",
        drop=[name for name in data.drop if name in source],
        columns={name: kind for name, kind in (data.columns or {}).items() if name in source},
    )
    for role in ROLES:
        if getattr(data, role) not in source:
            setattr(known, role, None)
    said: dict[str, None] = {}  # a set that keeps order
    for settings in [data] if known == data else [data, known]:
        if settings.target:
            try:
                ingest.accept(source, settings)
            except InputError as error:
                said |= dict.fromkeys(error.problems)
    return list(said)


def fetched(data: Data) -> bool:
    """Whether the table is brought from elsewhere, so that its SHA-256 must be declared."""
    return data.simulation is None and data.path.endswith(".yaml")


def command(overrides: Sequence[str], data: Data, *, target: str | None, leave: Sequence[str] = ()) -> str:
    """The command line that runs on the table: Hydra's overrides as they were given, but for what `data` now says.

    `leave` has the variants that cannot take this table.
    """
    own = ("data.target", "data.drop", "data.sha256")
    said = [f"-S {shlex.quote(o)}" for o in overrides if o.lstrip("+").partition("=")[0] not in own]
    if data.sha256 is not None:
        said.append(given("data.sha256", data.sha256))
    if data.simulation is None:
        said.append(given("data.target", target or "COLUMN"))
    if data.drop:
        said.append(given("data.drop", data.drop))
    said += [f"-S '~variant@variants.{name}'" for name in leave]
    return " ".join(["dvc exp run", *said])


def unfit(params: Config, found: Inspection) -> list[str]:
    """The variants that cannot take a table with these classes, or with weights."""
    samplers = {name: config.sampler(params, name) for name in params.variants}
    least = min((count for _, count in found.classes), default=0)
    training = least - ceil(least * params.split.test_size) if least else 0
    along_time = params.split.by == "time"
    if (number := folds.room(training, most=params.evaluate.folds, along_time=along_time)) > 1:
        # The first fold along time learns from the block before it alone, others from all but a fold.
        training = training // (number + 1) if along_time else training - ceil(training / number)
    return [
        name
        for name, sampler in samplers.items()
        if (params.data.weight is not None and not weights.keeps_rows(sampler))
        or (least and isinstance(k := getattr(sampler, "k_neighbors", None), int) and training <= k)
    ]


def _useless(one: Column) -> bool:
    """Whether a column is best left out before anything else is known of it."""
    told = (one.alone or 0) >= KNOWN_AFTER
    return one.kind is None or told or not {"id", "empty", "constant"}.isdisjoint(one.findings)


def findings(found: Inspection) -> dict[str, list[str]]:
    """The columns of which there is something to say, with the details, by the keys of `FINDINGS`."""
    told = {key: [(c.name, c.findings[key]) for c in found.columns if key in c.findings] for key in FINDINGS}
    return {
        key: [f"{name!r} ({detail})" if detail else repr(name) for name, detail in columns]
        for key, columns in told.items()
        if columns
    }


def facts(found: Inspection) -> dict[str, str]:
    """Target, features, holes and duplicates in a line each."""
    total = sum(count for _, count in found.classes)
    said = {"target": "not known, and no column looks like one: choose among those below with data.target=NAME"}
    if found.target is not None:
        shown = [f"{label!r} ({count:,}, {100 * count / total:.3g} %)" for label, count in found.classes[:SHOWN]]
        more = len(found.classes) - len(shown)
        classes = f"{', '.join(shown)}{f' and {more:,} more' if more else ''}"
        if len(found.classes) > CLASSES:
            some = ", ".join(_cell(label) for label, _ in found.classes[:3])
            classes = f"{len(found.classes):,} different values, such as {some}: too many for classes"
        said["target"] = f"{found.target!r}: {classes}"
        if found.guessed:
            said["target"] = f"not known; likely {said['target']}"
    if 2 <= len(found.classes) <= CLASSES:
        counts = [count for _, count in found.classes]
        rarest = dict(found.classes)[found.positive]
        said["imbalance"] = f"{counts[0] / counts[-1]:.3g} to 1; " + (
            f"{found.positive!r} is the positive class"
            if len(counts) == 2
            else f"{len(counts)} classes, the rarest of {_count(rarest, 'row')}"
        )
    kinds: dict[str, list[str]] = {}
    for one in found.columns:
        kinds.setdefault(one.kind or "unclear", []).append(one.name)
    said["features"] = "; ".join(
        f"{len(kinds[kind]):,} {kind}{f' ({_some(kinds[kind])})' if len(kinds) > 1 else ''}"
        for kind in (*columns.KINDS, "unclear")
        if kind in kinds
    )
    said["features"] = said["features"] or "none"
    holes = sorted((c for c in found.columns if c.missing), key=lambda c: -c.missing)
    cells = found.rows * len(found.columns)
    said["missing"] = "none"
    if holes:
        worst = ", ".join(f"{c.name!r} {_percent(c.missing, found.rows)}" for c in holes[:SHOWN])
        empty = f"{sum(c.missing for c in holes):,} of {cells:,} cells, in {_count(len(holes), 'column')}"
        said["missing"] = f"{empty}: {worst}{' …' if len(holes) > SHOWN else ''}"
    said["duplicates"] = "none"
    if found.repeated:
        said["duplicates"] = f"{found.repeated:,} of {found.rows:,} rows repeat another's features" + (
            f"; {found.conflicting:,} have the features of a row of another class" if found.conflicting else ""
        )
    return said


def _some(names: Sequence[str]) -> str:
    rest = len(names) - SHOWN
    return ", ".join(names[:SHOWN]) + (f" and {rest:,} more" if rest > 0 else "")


def lines(found: Inspection, refused: Sequence[str], *, name: str) -> list[str]:
    """What the terminal shows of the table `name`: one screen; `refused` is what ingest says."""
    said = [f"{name}: {_count(found.rows, 'row')}, {_count(len(found.columns), 'feature')}"]
    said += [_wrapped(label, text) for label, text in facts(found).items()]
    if found.guessed:
        shown = [f"{c.name!r}: {c.kind or 'unclear'}, {c.summary}" for c in found.columns[:LINES]]
        said += ["", *(_wrapped("columns" if not place else "", text) for place, text in enumerate(shown))]
        rest = len(found.columns) - LINES
        said += [_wrapped("", f"and {rest:,} more, on the page")] if rest > 0 else []
    told = findings(found)
    said += [""] if told else []
    for key, named in told.items():
        said.append(_wrapped(f"! {key}" if key in LOUD else f"  {key}", FINDINGS[key]))
        rest = len(named) - SHOWN
        said.append(_wrapped("", "; ".join(named[:SHOWN]) + (f"; and {rest:,} more" if rest > 0 else "")))
    if refused:
        said += ["", "a run would stop with"]
        said += [f"error: {problem}" for problem in refused[:TOLD]]
        rest = len(refused) - TOLD
        said += [f"error: and {rest:,} more, on the page"] if rest > 0 else []
    return said


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'s' * (number != 1)}"


def _wrapped(label: str, text: str) -> str:
    return textwrap.fill(text, WIDTH, initial_indent=f"{label:<12}", subsequent_indent=" " * 12, break_long_words=False)


def page(found: Inspection, refused: Sequence[str], *, name: str, command: str) -> str:
    """The page as HTML: all that was found, and each column with its bars, those with findings first."""
    ordered = sorted(found.columns, key=lambda c: list(FINDINGS).index(next(iter(c.findings))) if c.findings else 99)
    return report.render_inspection(
        {
            "name": name,
            "size": f"{_count(found.rows, 'row')}, {_count(len(found.columns), 'feature')}",
            "facts": facts(found),
            "findings": {key: (FINDINGS[key], named) for key, named in findings(found).items()},
            "loud": LOUD,
            "refused": refused,
            "shown_class": None if len(found.classes) > CLASSES else found.positive,
            "target": found.target,
            "columns": [
                {
                    "name": one.name,
                    "kind": one.kind or "unclear",
                    "facts": _card(one, found.rows),
                    "findings": [f"{key}: {detail}" if detail else key for key, detail in one.findings.items()],
                    "bars": one.bars,
                }
                for one in ordered[:CARDS]
            ],
            "left_out": max(len(ordered) - CARDS, 0),
            "command": command,
        }
    )


def _card(one: Column, rows: int) -> str:
    holes = f"{_percent(one.missing, rows)} missing" if one.missing else ""
    alone = f"alone: ROC AUC {_floor(one.alone)}" if one.alone is not None else ""
    return "; ".join(word for word in (one.summary, f"{one.distinct:,} different", holes, alone) if word)


def settings(overrides: list[str]) -> tuple[Config, str | None]:
    """The configuration that these overrides compose to, and the target; None where none is given."""
    raw = OmegaConf.to_container(OmegaConf.create(compose(overrides)))
    assert isinstance(raw, dict)
    target = raw["data"]["target"]
    if target == MISSING:
        raw["data"]["target"] = ""  # may be missing here, and nowhere else
    return config.check(raw, path=CONF, give="python -m pipeline.inspect"), None if target == MISSING else target


def main() -> None:
    """Look, print, write the page."""
    parser = argparse.ArgumentParser(prog="python -m pipeline.inspect", description=__doc__)
    parser.add_argument(
        "overrides",
        nargs="*",
        metavar="key=value",
        help="Hydra overrides, such as data=csv data.path=FILE data.target=COLUMN",
    )
    overrides = parser.parse_args().overrides
    params, target = settings(overrides)
    source, misread, data = look(params.data)
    found = inspect(
        source,
        target=target,
        positive=data.positive,
        drop=[*data.drop, *(name for name in (data.group, data.time, data.weight) if name is not None)],
        declared=data.columns,
        min_frequency=params.preprocess.min_frequency,
    )
    refused = [*misread, *refusals(source, data, target=found.target)]
    ready = replace(data, drop=[*data.drop, *(one.name for one in found.columns if _useless(one))])
    run_it = command(overrides, ready, target=found.target, leave=unfit(params, found))
    name = data.name if fetched(data) or data.simulation else Path(data.path).name
    for line in lines(found, refused, name=name):
        say(line)
    write_text(PAGE, page(found, refused, name=name, command=run_it))
    say(f"\nevery column with its bars: {PAGE}")
    less = (
        ", without what is refused, ids, constants and what tells the class" if ready.drop != params.data.drop else ""
    )
    first = ", once the table is mended" if refusals(source, ready, target=found.target) else ""
    say(f"\nto run it{first}{less}:\n  {run_it}")


if __name__ == "__main__":
    run(main)
