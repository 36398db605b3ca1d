"""Reads numbers that are text in a file: with units, thousands separators, and words for missing values.

A column is numeric if all its cells are numbers in one notation, apart from words that mark missing values. The same
applies to dates. If the notation or a word is ambiguous, the column is refused. It is never made categorical with one
level for each number.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from pipeline.formatting import cell, counted, listed
from pipeline.table.conversions import parsed, plausible
from pipeline.table.marks import MARKS

MOST_WORDS = 2  # different unknown words among numbers; with more, these are levels, or a damaged file, unless
WORDS_IN = 10  # there are so many times as many different numbers, and
MAX_WORDS = 6  # no more words than that
LEAST = 3  # different numbers; with fewer, such as 2, 4 and `more`, these are levels
MOST_UNITS = 3  # ways to write one quantity; with more, these are no units
FEW = 10  # different cells; so few with several units are levels
MOSTLY = 0.9  # fraction of the different cells that are numbers with a unit, where the others must be faults
SAMPLE = 20  # different cells that are looked at first

NUMBER = r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
CURRENCY = (
    r"US\$|[$€£¥₹₩₽฿]|EUR|USD|GBP|CHF|JPY|CNY|INR|SEK|NOK|DKK|PLN|CZK|HUF|AUD|CAD|NZD|ZAR|BRL|MXN|SGD|HKD|KRW|TRY"
)
DIGITS = r"[+-]?[0-9.,](?:[0-9.,'’ \u00a0\u202f]*[0-9.])?(?:[eE][+-]?[0-9]+)?"
WRITTEN = re.compile(rf"([+-]?)(?:({CURRENCY})\s?)?({DIGITS})\s?(\D{{0,12}})")  # sign, unit before, number, unit after
CLOCK = re.compile(r"[0-9]+:[0-5][0-9](?::[0-5][0-9](?:\.[0-9]+)?)?")  # hours and minutes, or minutes and seconds
WITH_POINTS = ("$", "US$", "USD", "£", "GBP", "¥", "₹")  # in these currencies, 1,200 is one thousand two hundred
# Separator between thousands, and decimal mark; a space is also an apostrophe or a narrow space.
NOTATIONS = (("", "."), (",", "."), (" ", "."), ("", ","), (".", ","), (" ", ","))


@dataclass(frozen=True)
class Reading:
    """A column of text as what it means.

    Attributes
    ----------
    values
        Shape (n,): float64; or text without quotes and marks, where these are dates or levels.
    note
        How values in the file were interpreted; empty if there is nothing to report.
    """

    values: pd.Series
    note: str = ""


@dataclass(frozen=True)
class Doubt:
    """Why a column can't be read, shown by one of its cells.

    Attributes
    ----------
    row
        Of the cell, from 0.
    message
        What was expected and found.
    advice
        What to do, other than leaving the column out.
    words
        What may stand for missing values.
    """

    row: int
    message: str
    advice: str
    words: tuple[str, ...] = ()


def interpreted(column: pd.Series, decimal: str = ".", *, known: bool = False) -> Reading | Doubt | None:
    """What a column of text means; None if it is text as it stands.

    Parameters
    ----------
    column
        Shape (n,): text without white space around it; empty cells are missing.
    decimal
        The decimal mark of the file's other columns.
    known
        Whether the column is known to hold numbers, so that few cells are enough to show their notation.
    """
    counts = column.value_counts()
    quoted = _without_quotes(counts.index)
    if quoted:
        column, counts = column.map(quoted), counts.groupby(counts.index.map(quoted), sort=False).sum()
    notes = [f"removed single quotes, such as in {next(iter(quoted))}"] if quoted else []
    as_it_stands = Reading(column, notes[0]) if notes else None
    texts = counts.index.to_series()
    marked = texts.str.lower().isin(MARKS)
    valued = counts.index[texts.str.contains(r"\d") & ~marked]
    found = _numbers(valued, decimal, FEW if not known else 0) if len(valued) else None
    if found is None and not _are_dates(valued):
        return as_it_stands
    if isinstance(found, Doubt):
        return replace(found, row=int((column == valued[found.row]).to_numpy().argmax()))
    unknown = [text for text in counts.index.difference(valued, sort=False) if not marked[text]]
    if unknown:
        few = len(unknown) <= MOST_WORDS or WORDS_IN * len(unknown) <= len(valued) and len(unknown) <= MAX_WORDS
        some = few and len(valued) >= LEAST and counts[unknown].min() > 1
        return _unknown_words(column, counts[unknown], "numbers" if found else "dates") if some else as_it_stands
    if marked.any():
        cells = int(counts[marked].sum())
        notes.append(f"read {listed(map(repr, counts.index[marked]))} as missing ({counted(cells, 'cell')})")
    if found is None:
        return Reading(column.mask(column.isin(counts.index[marked])), "; ".join(notes)) if notes else None
    values = column.map(dict(zip(valued, found.values, strict=True))).astype("float64")
    return Reading(values, "; ".join([*found.notes, *notes]))


def _without_quotes(texts: pd.Index) -> dict[str, str]:
    """The cells without the single quotes around all of them; empty where they have none."""
    if texts.empty or not all(len(text) > 1 and text[0] == text[-1] == "'" for text in texts):
        return {}
    return {text: text[1:-1].strip() for text in texts}


def _are_dates(texts: pd.Index) -> bool:
    """Whether one of the known formats reads all these cells."""
    whole = pd.Series(texts, dtype="str")
    return any(parsed(whole, form).notna().all() for form in plausible(texts[:SAMPLE])) if len(texts) else False


def _unknown_words(column: pd.Series, words: pd.Series, what: str) -> Doubt:
    *others, last = (f"{word!r} ({counted(int(count), 'cell')})" for word, count in words.items())
    named = " and ".join([", ".join(others), last] if others else [last])
    return Doubt(
        row=int(column.isin(words.index).to_numpy().argmax()),
        message=f"expected {what}, found {named}",
        advice="",
        words=tuple(words.index),
    )


# Numbers.


@dataclass(frozen=True)
class _Numbers:
    """Different cells as numbers, in their order, and notes on how they were written."""

    values: np.ndarray
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Written:
    """A number as it is written, without its unit, and its unit."""

    number: str
    unit: str


def _numbers(texts: pd.Index, decimal: str, few: int) -> "_Numbers | Doubt | None":
    """Different cells as numbers; or the one that shows a doubt, with its place among them; or None."""
    if decimal == "." and all(re.fullmatch(NUMBER, text) for text in texts):
        return _Numbers(pd.to_numeric(pd.Series(texts, dtype="str")).to_numpy(dtype="float64"))
    head = texts[:SAMPLE]
    if CLOCK.fullmatch(texts[0]) and len(texts) > few:
        return _times(texts)
    if sum(_written(text) is not None for text in head) < MOSTLY * len(head):
        return None
    written = {text: each for text in texts if (each := _written(text)) is not None}
    units = Counter(each.unit for each in written.values())
    if len(written) < MOSTLY * len(texts) or len(units) > MOST_UNITS:
        return None
    unit = units.most_common(1)[0][0]
    for place, text in enumerate(texts):
        if text not in written or written[text].unit != unit:
            if set(units) == {""} or len(texts) <= FEW:
                return None
            like = repr(next(text for text, each in written.items() if each.unit == unit))
            return Doubt(place, f"expected a number like {like}, found {text!r}", "write all cells in the same way")
    return _in_one_notation(texts, [each.number for each in written.values()], unit, decimal)


def _times(texts: pd.Index) -> _Numbers | None:
    """Times such as 12:30 and 0:45:10 in their smallest unit; None if not all cells are times of one form."""
    if len({text.count(":") for text in texts}) > 1 or not all(map(CLOCK.fullmatch, texts)):
        return None
    parts = [list(map(float, text.split(":"))) for text in texts]
    values = np.array(parts) @ [60.0**place for place in reversed(range(len(parts[0])))]
    what = "seconds" if len(parts[0]) > 2 else "minutes or seconds"
    return _Numbers(values, (f"times read as {what}, such as {cell(texts[0])} as {values[0]:.15g}",))


def _written(text: str) -> _Written | None:
    """A number with its unit; None if the cell is none."""
    text = text.replace("\u2212", "-")  # the minus sign of typesetters
    negative = re.fullmatch(r"\((.+)\)", text)  # as accountants write it
    found = WRITTEN.fullmatch(f"-{negative[1]}" if negative else text)
    if found is None:
        return None
    sign, before, number, after = found.groups(default="")
    after = after.strip()
    singular = after[:-1] if re.fullmatch("[a-z]{2,}s", after) else after  # 1 year, 2 years
    # €5M and €5K differ in the unit.
    return _Written(sign + re.sub("['’\u00a0\u202f]", " ", number), " ".join(filter(None, [before, singular])))


def _in_one_notation(texts: pd.Index, numbers: list[str], unit: str, decimal: str) -> "_Numbers | Doubt | None":
    """The numbers, where only one notation reads them all, or several give the same."""
    readings = dict(_readings(numbers, unit))
    if not readings:
        return _mixed(texts, numbers, unit)
    if decimal == ",":
        readings = {form: read for form, read in readings.items() if form[1] == ","}
        if not readings:
            place = next(place for place, number in enumerate(numbers) if "." in number)
            advice = "write all numbers in one way, because other columns have decimal commas"
            return Doubt(place, f"expected a number, found {texts[place]!r}", advice)
    (first, values), *others = readings.items()
    for _, other in others:
        if (different := np.flatnonzero(values != other)).size:
            place = int(different[0])
            both = " or ".join(f"{read[place]:g}" for read in (values, other))
            return Doubt(
                place,
                f"expected a number, found {texts[place]!r}, which may mean {both}",
                "write numbers with a decimal point and without thousands separators",
            )
    odd = [
        place
        for place, number in enumerate(numbers)
        if unit or first[0] in number or (first[1] == "," and "," in number)
    ]
    if not odd or (not unit and not first[0] and first[1] == decimal):
        return _Numbers(values)
    what = f"without the unit {unit!r}, " if unit else ""
    return _Numbers(values, (f"read as numbers {what}such as {cell(texts[odd[0]])} as {values[odd[0]]:.15g}",))


def _mixed(texts: pd.Index, numbers: list[str], unit: str) -> Doubt | None:
    """The doubt about numbers of which each is one in some notation, and no notation reads all; None for others."""
    forms = [{form for form, _ in _readings([number], unit)} for number in numbers]
    if len(texts) <= FEW or not all(forms):
        return None
    known: set[tuple[str, str]] = set(NOTATIONS)
    for place, form in enumerate(forms):
        if not known & form:
            return Doubt(
                place,
                f"expected numbers in one notation, such as {texts[0]!r}, found {texts[place]!r}",
                "write all numbers with a decimal point and without separators between thousands",
            )
        known &= form
    return None


def _readings(numbers: list[str], unit: str) -> Iterator[tuple[tuple[str, str], np.ndarray]]:
    """The notations that read all numbers, with what they read."""
    text = pd.Series(numbers, dtype="str")
    for thousands, mark in NOTATIONS:
        if mark == "," and unit.split(" ")[0] in WITH_POINTS:
            continue
        whole = rf"[1-9][0-9]{{0,2}}(?:[{thousands}][0-9]{{3}})+|[0-9]+" if thousands else "[0-9]+"
        if text.str.fullmatch(rf"[+-]?(?:(?:{whole})(?:[{mark}][0-9]*)?|[{mark}][0-9]+)(?:[eE][+-]?[0-9]+)?").all():
            plain = text.str.replace(thousands, "", regex=False) if thousands else text
            yield (thousands, mark), pd.to_numeric(plain.str.replace(mark, ".", regex=False)).to_numpy(dtype="float64")
