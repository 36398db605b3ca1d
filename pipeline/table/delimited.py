"""Reads delimited text: tells encoding, delimiter and decimal mark, and says by line what pandas would bend."""

import re
from collections import Counter
from collections.abc import Collection, Container, Sequence
from itertools import islice

import pandas as pd

from pipeline.errors import InputError
from pipeline.table.cells import DECIMAL_COMMA, NUMBER, THOUSANDS_OR_DECIMAL, WHOLE, clean, is_text, matches, misread
from pipeline.table.dialect import DELIMITERS, SAMPLE, Dialect, Text, parse, records
from pipeline.table.encoding import utf8
from pipeline.table.row_lengths import listed, no_short_rows, ragged, unclosed_quote


def read(data: bytes, *, drop: Container[str] = (), text: Container[str] = ()) -> pd.DataFrame:
    """The table in delimited text whose first line is the header.

    Delimiter (`,` `;` tab `|`) and, but for commas, the decimal mark are told from the text. Names and cells are
    stripped of white space around them. Empty cells are missing; in a column that is otherwise numbers, or true and
    false, so are those of `MISSING`, which are classes like any other in a column of text. Numbers are pandas' own,
    of its default float_precision.

    Parameters
    ----------
    data
        UTF-8, UTF-16 with its mark, or else Windows-1252.
    drop
        Columns that will not be used, which may hold what looks like misread numbers.
    text
        Columns whose cells are text even where they look like numbers.

    Raises
    ------
    InputError
        With every problem that was found.
    """
    data = utf8(data)
    dialect = Dialect(_delimiter(data))
    _, last, fields = next(records(data, dialect))
    names = [name.strip() for name in fields]
    start = 0
    for _ in range(last):
        start = data.find(b"\n", start) + 1 or len(data)
    textual = [place for place, name in enumerate(names) if name in text]
    return rows(Text(data, start, dialect, names), drop=drop, problems=header_problems(names), textual=textual)


def _delimiter(data: bytes) -> str:
    """The delimiter that splits the header, and the rows under it into as many fields."""
    fit: dict[str, tuple[float, int]] = {}  # share of records as wide as the header, and that width
    for delimiter in DELIMITERS:
        widths = [len(fields) for *_, fields in islice(records(data, Dialect(delimiter)), SAMPLE)]
        if widths and widths[0] > 1:
            fit[delimiter] = (widths.count(widths[0]) / len(widths), widths[0])
    most = max((share for share, _ in fit.values()), default=0)
    best = [delimiter for delimiter, (share, _) in fit.items() if share == most]
    if len(best) > 1:
        found = " and ".join(f"{DELIMITERS[delimiter]} ({fit[delimiter][1]} fields)" for delimiter in best)
        raise InputError(
            f"line 1: expected one delimiter, found {found} that fit alike: "
            "quote the cells that hold the other, or save the file anew"
        )
    if not best:
        lines = data.lstrip().splitlines() or [b""]
        raise InputError(
            "line 1: expected columns with commas, semicolons, tabs or vertical bars between them, "
            f"found {lines[0][:240].decode(errors='replace').strip()[:60]!r}: save the file comma-separated"
        )
    return best[0]


def header_problems(names: Sequence[str]) -> list[str]:
    """What is wrong with the names of columns."""
    problems = []
    repeated = sorted(name for name, times in Counter(names).items() if name and times > 1)
    empty = [str(place) for place, name in enumerate(names, 1) if not name]
    if repeated and all(re.fullmatch(NUMBER, name) for name in names):
        return [
            f"header: expected names of columns, found numbers, {repeated[0]!r} more than once: "
            "put a line of names above the rows"
        ]
    if empty:
        problems.append(
            f"header: expected a name for every column, found none for column{'s' * (len(empty) > 1)} "
            f"{listed(empty)}: name it, or leave the index out when saving"
        )
    if repeated:
        problems.append(
            f"header: expected different column names, found {listed(list(map(repr, repeated)))} more than once: "
            "rename all but one"
        )
    return problems


def rows(
    text: Text,
    *,
    drop: Container[str] = (),
    problems: Sequence[str] = (),
    textual: Collection[int] = (),
    missing: Sequence[str] = ("",),
) -> pd.DataFrame:
    """The table of `text`, which has at least two columns.

    Parameters
    ----------
    text
        What to read.
    drop
        See `read`.
    problems
        Those found in the header, to be told with those of the rows.
    textual
        Places of columns whose cells are text even where they look like numbers.
    missing
        What stands for a missing value in a column of text.

    Raises
    ------
    InputError
        With every problem that was found.
    """
    width = len(text.names)
    try:
        decimal = "."
        for sample in (1000, None) if text.dialect.delimiter != "," else (None,):
            table = parse(text, nrows=sample, decimal=decimal)
            if text.dialect.delimiter != "," and decimal == "." and _decimal_commas(text, table, drop):
                decimal = ","
                table = parse(text, nrows=sample, decimal=decimal)
    except pd.errors.ParserError as error:
        unread = [unclosed_quote(text)] if "EOF inside string" in str(error) else ragged(text)
        raise InputError([*problems, *unread] or f"expected delimited text, found {str(error).strip()!r}") from None
    if table.empty:
        raise InputError([*problems, "expected rows under the header, found none"])
    # pandas makes an index of what the first row has too many, and missing values of what any row has too few.
    _, _, first = next(records(text.data, text.dialect, text.start))
    whole = len(first) == width and (bool(table[width - 1].notna().all()) or no_short_rows(text, len(table)))
    if not whole and (found := ragged(text)):
        raise InputError([*problems, *found])
    cleaned = clean(text, table, decimal, textual, missing)
    if found := [*problems, *misread(text, cleaned, decimal, drop, textual)]:
        raise InputError(found)
    return cleaned.set_axis(pd.Index(text.names, dtype="str"), axis=1)


def _decimal_commas(text: Text, table: pd.DataFrame, drop: Container[str]) -> bool:
    """Whether a column holds decimal commas beyond doubt; `1,234` alone may have a thousands separator."""
    return any(
        is_text(column)
        and text.names[place] not in drop
        and matches(column, WHOLE, DECIMAL_COMMA)
        and not matches(column, WHOLE, THOUSANDS_OR_DECIMAL)
        for place, column in table.items()
    )
