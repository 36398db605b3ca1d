"""Finds the header of a table, and refuses a row that is not a header."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.errors import InputError
from pipeline.formatting import counted, listed, places
from pipeline.table.marks import MARKS
from pipeline.table.notation import NUMBER

SAMPLE = 1000  # rows that show what the columns hold
FEWEST = 5  # rows below the header that can show what is usual
TITLES = 20  # lines above the header, at most
NUMERAL = re.compile(NUMBER)
COMMENT = ("#", "%", "//")
MOSTLY = 0.9  # fraction of a column's cells that are numbers, or of rows that have the table's width

Row = tuple[int, Sequence[str]]  # its line and its cells


@dataclass(frozen=True)
class Header:
    """Which of the first rows of a file is the header.

    Attributes
    ----------
    place
        Of the header among the rows, from 0.
    note
        Which lines above it are left out; empty if there are none.
    """

    place: int
    note: str = ""


def find(rows: Sequence[Row], unit: str = "line") -> Header:
    """The header among the first rows of a file.

    Parameters
    ----------
    rows
        The first rows that are not blank.
    unit
        What the file counts, see `pipeline.table.origin.Origin`.

    Raises
    ------
    InputError
        The first line is a row of the table, or a second header follows.
    """
    place = _titles(rows)
    note = ""
    if place:
        skipped = [line for line, _ in rows[:place]]
        note = f"skipped {places(unit, skipped)} above the header"
    (line, names), body = rows[place], rows[place + 1 :]
    _refuse_other_width(rows[place:], unit)
    _refuse_second_header(line, names, body, unit)
    _refuse_row_as_header(line, names, body, unit)
    return Header(place, note)


def names_of(names: Sequence[str] | None, width: int) -> list[str]:
    """The names of columns without a header: these, or x1, x2 and so on.

    Raises
    ------
    InputError
        There are more or fewer names than columns.
    """
    if names is None:
        return [f"x{place}" for place in range(1, width + 1)]
    if len(names) != width:
        raise InputError(
            f"data.names: expected {counted(width, 'name')}, one per column, found {len(names)}. Correct it."
        )
    return list(names)


def repeated(names: Sequence[str], cells: Sequence[str]) -> bool:
    """Whether a row is the header again."""
    return len(cells) == len(names) and all(a.strip() == b.strip() for a, b in zip(names, cells, strict=True))


def _titles(rows: Sequence[Row]) -> int:
    """How many of the first rows are a title or comments above the header.

    A title fills one cell of a table with more columns; a comment begins with a sign, and has another number of cells.
    """
    usual, times = Counter(len(cells) for _, cells in rows[1:] or rows).most_common(1)[0]
    if usual < 2 or times < MOSTLY * (len(rows) - TITLES):
        return 0
    for place, (_, cells) in enumerate(rows[: TITLES + 1]):
        filled = sum(bool(each.strip()) for each in cells)
        title = filled <= 1 and (len(cells) != usual or usual > 2)
        comment = len(cells) != usual and cells[0].strip().startswith(COMMENT)
        if not (title or comment):
            return place
    return 0


def _refuse_other_width(rows: Sequence[Row], unit: str) -> None:
    """Raise InputError if the first row has much more or fewer cells than nearly all below it."""
    width, below = len(rows[0][1]), [len(cells) for _, cells in rows[1:]]
    if len(below) < FEWEST:
        return
    usual, times = Counter(below).most_common(1)[0]
    begin, first = next((line, place) for place, (line, cells) in enumerate(rows) if len(cells) == usual)
    # Where one name is missing, or one too many, the header is a header, unless the first of these rows is one.
    after = rows[first:]
    other = abs(width - usual) > 1 or (width < usual and bool(_words_above_numbers(after[0][1], after[1:])))
    if other and times >= MOSTLY * (len(rows) - first):
        raise InputError(
            f"{unit} {rows[0][0]}: expected {counted(usual, 'field')}, as in the rows below, found {width}. If the "
            f"table begins in {unit} {begin}, skip what is above it with -S data.skip_rows={begin - 1}."
        )


def _is_number(text: str) -> bool:
    return NUMERAL.fullmatch(text.strip()) is not None


def _is_missing(text: str) -> bool:
    return not text.strip() or text.strip().lower() in MARKS


def _columns(names: Sequence[str], body: Sequence[Row]) -> list[list[str]]:
    """The cells of each column, of rows as wide as the header."""
    full = [cells for _, cells in body[:SAMPLE] if len(cells) == len(names) and not repeated(names, cells)]
    return [[cells[place].strip() for cells in full] for place in range(len(names))]


def _numeric(cells: Sequence[str]) -> bool:
    """Whether nearly all cells are numbers."""
    others = [text for text in cells if not _is_number(text)]  # of which some mark a missing value
    numbers = len(cells) - len(others)
    return numbers > 0 and numbers >= MOSTLY * (numbers + sum(not _is_missing(text) for text in others))


def _words_above_numbers(first: Sequence[str], body: Sequence[Row]) -> list[str]:
    """The words of a row above columns of numbers; empty if they are too few for the names of columns."""
    numeric = [place for place, cells in enumerate(_columns(first, body)) if _numeric(cells)]
    words = [first[place] for place in numeric if not _is_number(first[place]) and not _is_missing(first[place])]
    return words if len(words) >= 2 or len(words) == len(numeric) else []


def _refuse_second_header(line: int, names: Sequence[str], body: Sequence[Row], unit: str) -> None:
    """Raise InputError if the first row has words in columns of numbers, as the names of columns or their units are."""
    if len(body) < 3 or len(body[0][1]) != len(names):
        return
    second, first = body[0]
    if words := _words_above_numbers(first, body[1:]):
        raise InputError(
            f"{unit} {second}: expected numbers as in the rows below, found {listed(map(repr, words))}. If this is the "
            f"header, skip what is above it with -S data.skip_rows={second - 1}. If it is a second header, delete it."
        )


def _refuse_row_as_header(line: int, names: Sequence[str], body: Sequence[Row], unit: str) -> None:
    """Raise InputError if the header looks like a row: numbers above numbers, and values that occur below."""
    if len(body) < 3:
        return
    columns = _columns(names, body)
    if not columns[0] or _counting(names):
        return
    there = [(name, cells) for name, cells in zip(names, columns, strict=True) if not _is_missing(name)]
    numeric = [name for name, cells in there if _numeric(cells)]
    words = [(name, cells) for name, cells in there if not _numeric(cells)]
    below = [name for name, cells in words if name.strip() in cells]
    # A column of ids or free text has another value in nearly every row.
    different = [name for name, cells in words if len(set(cells)) > len(cells) / 2 and name.strip() not in cells]
    as_numbers = all(_is_number(name) for name in numeric)
    if not as_numbers or len(below) + len(different) < len(words) or not (numeric or below):
        return
    found = listed([repr(name.strip()) for name in (*numeric, *below)], 3)
    raise InputError(
        f"{unit} {line}: expected column names, found values: {found}. If the file has no header, set "
        f"-S data.header=false, which names the {counted(len(names), 'column')} x1 to x{len(names)}. To choose other "
        "names, add data.names."
    )


def _counting(names: Sequence[str]) -> bool:
    """Whether these are the whole numbers in order, which columns without names often have."""
    numbers = [int(name) for name in names if name.strip().isdigit()]
    if not numbers or len(numbers) < sum(bool(name.strip()) for name in names):
        return False
    return numbers == list(range(numbers[0], numbers[0] + len(numbers)))
