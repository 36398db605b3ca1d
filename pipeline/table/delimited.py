"""Reads delimited text such as CSV, and refuses lines that pandas would silently misread."""

import re
from collections import Counter
from collections.abc import Collection, Container, Iterable, Sequence
from itertools import islice

import numpy as np
import pandas as pd

from pipeline.errors import InputError
from pipeline.formatting import listed, name_text, places
from pipeline.table import header
from pipeline.table.cells import (
    DECIMAL_COMMA,
    THOUSANDS_OR_DECIMAL,
    WHOLE,
    clean,
    code_note,
    is_text,
    like_codes,
    matches,
    strip,
    zero_led,
)
from pipeline.table.dialect import DELIMITERS, SAMPLE, Dialect, Text, line_number, parse, records
from pipeline.table.encoding import utf8
from pipeline.table.notation import NUMBER
from pipeline.table.origin import Origin, noted, placed
from pipeline.table.reading import AS_IT_IS, Reading
from pipeline.table.row_lengths import no_short_rows, unclosed_quote, wrong_lengths

FILLED = re.compile(rb"[^ \t\r\n]")
SEP = re.compile(rb'\s*"?sep=([,;|\t])"?[,;|\t ]*\r?\n', re.IGNORECASE)


def read(data: bytes, how: Reading = AS_IT_IS) -> pd.DataFrame:
    """The table in delimited text.

    The delimiter (`,` `;` tab `|`) is detected, and so is a decimal comma unless the delimiter is a comma. A title and
    comments above the header, and the header where it stands again among the rows, are left out. Names and cells lose
    white space around them. Empty cells are missing. In columns of numbers or of true and false, the words in
    `MISSING`, such as NA, are missing too; in columns of text they are values. Numbers are read with pandas' default
    float_precision.

    Parameters
    ----------
    data
        In UTF-8, UTF-16 with a byte order mark, or Windows-1252.
    how
        What the settings say about it.

    Raises
    ------
    InputError
        The text can't be read as a table; all problems are listed.
    """
    data = utf8(data)
    begin, delimiter, notes = 0, None, []
    for _ in range(how.skip_rows):
        begin = _next_line(data, begin)
    if first := SEP.match(data, begin):  # as Excel writes it
        begin, delimiter = first.end(), first[1].decode()
        notes.append(f"skipped line {line_number(data, first.start())}, which declares the delimiter")
    if not FILLED.search(data, begin):
        raise InputError("expected a header and rows, found none. Correct data.skip_rows.")
    dialect = _dialect(data, begin, delimiter)
    found = [(line, fields) for line, _, fields in islice(records(data, dialect, begin), header.SAMPLE)]
    if not how.header:
        names = header.names_of(how.names, len(found[0][1]))
        start = begin
    else:
        head = header.find(found)
        notes += [head.note] if head.note else []
        _, last, fields = next(islice(records(data, dialect, begin), head.place, None))
        names, start = [name_text(name) for name in fields], begin
        while line_number(data, start) <= last and start < len(data):
            start = _next_line(data, start)
        data, again = _without_repeats(data, start)
        notes += [f"skipped {places('line', again)}: the header again"] if again else []
    textual = [place for place, name in enumerate(names) if name in how.text]
    named = _named(names, (fields for _, fields in found[1:])) if how.header else len(names)
    text = Text(data, start, dialect, names)
    labels = [name for name in names if name in how.labels]
    table = rows(text, drop=how.drop, problems=header_problems(names[:named]), textual=textual, labels=labels)
    if named < len(names):
        if table.iloc[:, named:].notna().any(axis=None):
            raise InputError(header_problems(names))
        table = table.iloc[:, :named]
        notes.append(f"skipped {places('column', range(named + 1, len(names) + 1))}, without a name or values")
    return noted(table, notes)


def _named(names: Sequence[str], body: Iterable[Sequence[str]]) -> int:
    """How many columns there are before those at the end that have neither a name nor values."""
    end = max((place for place, name in enumerate(names, 1) if name), default=0)
    empty = all(not "".join(fields[end:]).strip() for fields in body)
    return end if end > 1 and empty else len(names)


def _next_line(data: bytes, place: int) -> int:
    return data.find(b"\n", place) + 1 or len(data)


def _without_repeats(data: bytes, start: int) -> tuple[bytes, list[int]]:
    """The text with an empty line in place of each that repeats the header, and the numbers of these lines."""
    line = data[data.rfind(b"\n", 0, start - 1) + 1 : start].strip()
    if not line or data.find(line, start) < 0:
        return data, []
    kept, again = [], []
    for number, one in enumerate(data[start:].split(b"\n"), line_number(data, start)):
        is_header = one.strip() == line
        kept.append(b"" if is_header else one)
        again += [number] if is_header else []
    return data[:start] + b"\n".join(kept), again


def _dialect(data: bytes, begin: int, delimiter: str | None) -> Dialect:
    """The delimiter, and single quotes where only these keep all rows at one width."""
    delimiter = delimiter or _delimiter(data, begin)
    widths = {}
    for quote in ('"', "'"):
        sample = islice(records(data, Dialect(delimiter, quote), begin), SAMPLE)
        widths[quote] = {len(fields) for *_, fields in sample if len(fields) > 1}
    return Dialect(delimiter, "'" if len(widths['"']) > 1 == len(widths["'"]) else '"')


def _delimiter(data: bytes, begin: int) -> str:
    """The delimiter that splits the header, and most rows below it into as many fields."""
    fits: dict[str, tuple[float, int]] = {}  # fraction of records with as many fields as usual, and that number
    for delimiter in DELIMITERS:
        widths = [len(fields) for *_, fields in islice(records(data, Dialect(delimiter), begin), SAMPLE)]
        if not widths:
            continue
        # Titles above the header have other widths; without any, the header says how many columns there are.
        width = widths[0] if widths[0] > 1 else Counter(widths).most_common(1)[0][0]
        if width > 1:
            fits[delimiter] = (widths.count(width) / len(widths), width)
    most = max((fraction for fraction, _ in fits.values()), default=0)
    best = [delimiter for delimiter, (fraction, _) in fits.items() if fraction == most]
    number = line_number(data, begin)
    if len(best) > 1:
        found = " and ".join(f"{DELIMITERS[delimiter]} ({fits[delimiter][1]} fields)" for delimiter in best)
        raise InputError(
            f"line {number}: expected one delimiter, but {found} fit equally well. Quote cells that contain the other "
            "one, or save the file with another delimiter."
        )
    if not best:
        lines = data[begin:].lstrip().splitlines() or [b""]
        raise InputError(
            f"line {number}: expected columns separated by commas, semicolons, tabs or vertical bars, "
            f"found {lines[0][:240].decode(errors='replace').strip()[:60]!r}. Save the file as CSV with more columns."
        )
    return best[0]


def header_problems(names: Sequence[str]) -> list[str]:
    """What is wrong with the column names."""
    problems = []
    repeated = sorted(name for name, times in Counter(names).items() if name and times > 1)
    empty = [place for place, name in enumerate(names, 1) if not name]
    if repeated and all(re.fullmatch(NUMBER, name) for name in names):
        return [
            f"header: expected column names, found numbers, and {repeated[0]!r} more than once. Add a line of names "
            "above the rows, or set -S data.header=false."
        ]
    if empty:
        problems.append(
            f"header: column{'s' * (len(empty) > 1)} {listed(empty)} {'have' if len(empty) > 1 else 'has'} no name. "
            "Add a name, or save the table without its index."
        )
    if repeated:
        problems.append(
            f"header: expected different column names, found {listed(map(repr, repeated))} more than once. Rename the "
            "duplicates in the file."
        )
    return problems


def rows(
    text: Text,
    *,
    drop: Container[str] = (),
    problems: Sequence[str] = (),
    textual: Collection[int] = (),
    labels: Collection[str] = (),
    missing: Sequence[str] = ("",),
) -> pd.DataFrame:
    """The table of `text`, which has at least two columns.

    Parameters
    ----------
    text
        The rows, and how to read them.
    drop
        See `read`.
    problems
        Problems of the header, raised together with those of the rows.
    textual
        Places of the columns that stay text even where all cells look like numbers.
    labels
        Columns of names, which stay text where they have cells such as 007.
    missing
        What stands for a missing value in a column of text.

    Raises
    ------
    InputError
        The rows can't be read; all problems are listed.
    """
    width = len(text.names)
    try:
        table, decimal = _parsed(text, drop)
    except pd.errors.ParserError as error:
        unread = [unclosed_quote(text)] if "EOF inside string" in str(error) else wrong_lengths(text)
        raise InputError([*problems, *unread] or f"expected delimited text, found {str(error).strip()!r}.") from None
    if table.empty:
        raise InputError([*problems, "expected rows below the header, found none. Copy the file again."])
    # pandas turns extra fields of the first row into an index, and missing fields of any row into missing values.
    _, _, first = next(records(text.data, text.dialect, text.start))
    complete = len(first) == width and (bool(table[width - 1].notna().all()) or no_short_rows(text, len(table)))
    if not complete and (wrong := wrong_lengths(text)):
        raise InputError([*problems, *wrong])
    if problems:
        raise InputError(problems)
    cleaned = clean(text, table, decimal, textual, missing).set_axis(pd.Index(text.names, dtype="str"), axis=1)
    codes = _codes(text, cleaned)
    for name in codes.keys() & labels:
        cleaned[name] = strip(codes.pop(name))
    notes = [code_note(name, cells) for name, cells in codes.items()]
    return noted(placed(cleaned, _origin(text, len(table), decimal)), notes)


def _codes(text: Text, table: pd.DataFrame) -> dict[str, pd.Series]:
    """The cells, as they are written, of each column of numbers that has cells such as 007, which may be codes."""
    if not zero_led(text.data, max(0, text.start - 1)):  # quicker than to look at cells
        return {}
    whole = [place for place, (_, column) in enumerate(table.items()) if _is_whole(column)]  # others aren't codes
    written = parse(text, usecols=whole, dtype="str") if whole else pd.DataFrame()
    return {text.names[place]: cells for place, cells in written.items() if like_codes(cells).any()}


def _is_whole(column: pd.Series) -> bool:
    """Whether all values are whole numbers."""
    if not pd.api.types.is_numeric_dtype(column):
        return False
    values = column.dropna().to_numpy(dtype="float64")
    return bool((values == np.floor(values)).all())


def _origin(text: Text, count: int, decimal: str) -> Origin:
    """Where the rows stand; counting delimited lines is enough where each row takes one."""
    first = line_number(text.data, text.start)
    ends = text.data.count(b"\n", text.start) + (not text.data.endswith(b"\n"))
    numbers = None
    if ends != count:
        numbers = np.array([line for line, *_ in records(text.data, text.dialect, text.start)])
    return Origin("line", first, numbers, decimal)


def _parsed(text: Text, drop: Container[str]) -> tuple[pd.DataFrame, str]:
    """The table as pandas reads it, and its decimal mark."""
    if text.dialect.delimiter == ",":
        return parse(text), "."
    decimal = "."
    for sample in (1000, None):
        table = parse(text, nrows=sample, decimal=decimal)
        if decimal == "." and _has_decimal_commas(text, table, drop):
            decimal = ","
            table = parse(text, nrows=sample, decimal=decimal)
    return table, decimal


def _has_decimal_commas(text: Text, table: pd.DataFrame, drop: Container[str]) -> bool:
    """Whether a column clearly has decimal commas; in `1,234` alone the comma may separate thousands."""
    return any(
        is_text(column)
        and text.names[place] not in drop
        and matches(column, WHOLE, DECIMAL_COMMA)
        and not matches(column, WHOLE, THOUSANDS_OR_DECIMAL)
        for place, column in table.items()
    )
