"""Reads delimited text: tells encoding, delimiter and decimal mark, and says by line what pandas would bend."""

import codecs
import csv
import io
import re
from collections import Counter
from collections.abc import Collection, Container, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise
from typing import Any

import pandas as pd

from pipeline.errors import InputError, given
from pipeline.files import say

DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "vertical bars"}
MISSING = ("NA", "N/A", "n/a", "NaN", "nan", "null", "NULL", "None", "<NA>", "#N/A", "?")
SAMPLE = 200  # records that tell the delimiter
CELLS = 3  # lines named in an error

WHOLE = r"[+-]?[0-9]+"
NUMBER = r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
DECIMAL_COMMA = r"[+-]?[0-9]*,[0-9]+(?:[eE][+-]?[0-9]+)?"
THOUSANDS = r"[+-]?[0-9]{1,3}(?:[.,'\u2019 \u00a0\u202f][0-9]{3})+(?:[.,][0-9]+)?"
THOUSANDS_OR_DECIMAL = r"[+-]?[1-9][0-9]{0,2},[0-9]{3}"

# In Windows-1252 text of the languages it was made for: no control characters, none of its five unused bytes, not
# four letters beyond ASCII in a row (as in Cyrillic or Chinese encodings), and nothing that is whole in UTF-8.
NOT_WINDOWS_1252 = re.compile(
    rb"[\x01-\x08\x0b\x0e-\x1f\x7f\x81\x8d\x8f\x90\x9d]|[\x80-\xff]{4}|[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}"
)
csv.field_size_limit(2**31 - 1)  # pandas has no limit, and a quote that does not close is told as such


@dataclass(frozen=True)
class Dialect:
    """How cells are told apart."""

    delimiter: str
    quote: str = '"'
    escape: str | None = None


@dataclass(frozen=True)
class Text:
    """Rows of delimited text.

    Attributes
    ----------
    data
        All of the file, in UTF-8.
    start
        Where in `data` the first row begins, in bytes.
    dialect
        How the cells of a row are told apart.
    names
        Of the columns.
    """

    data: bytes
    start: int
    dialect: Dialect
    names: list[str]


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


def utf8(data: bytes) -> bytes:
    """The same text in UTF-8, without a byte order mark, and without carriage returns that end lines alone.

    Raises
    ------
    InputError
        It is not text, or in another encoding.
    """
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        try:
            data = data.decode("utf-16").encode()
        except UnicodeDecodeError as error:
            raise InputError(
                f"expected UTF-16 text, as its first two bytes say, found {error.reason} at byte {error.start + 1:,}: "
                "save the file as UTF-8"
            ) from None
    data = data.removeprefix(codecs.BOM_UTF8)
    if data.count(b"\r") != data.count(b"\r\n"):  # pandas takes the delimiter after an empty line of these for its end
        data = re.sub(rb"\r(?!\n)", b"\n", data)
    if b"\0" in data:
        raise InputError(
            f"line {_line(data, data.index(0))}: expected text, found a NUL byte, as in binary data: "
            "save the table as CSV in UTF-8"
        )
    if data.isascii():
        return data
    try:
        data.decode()
    except UnicodeDecodeError as error:
        if NOT_WINDOWS_1252.search(data):
            raise InputError(
                f"line {_line(data, error.start)}: expected UTF-8 text, found byte {data[error.start]:#04x}: "
                "save the file as UTF-8"
            ) from None
        say("not UTF-8: read as Windows-1252")
        return data.decode("cp1252").encode()
    return data


def _line(data: bytes, place: int) -> int:
    """The number of the line, from 1, that holds byte `place`."""
    return 1 + data.count(b"\n", 0, place)


def records(data: bytes, dialect: Dialect, start: int = 0) -> Iterator[tuple[int, int, list[str]]]:
    """First line, last line and fields of each record from byte `start` on; blank lines are none."""
    buffer = io.BytesIO(data)
    buffer.seek(start)
    line = ""

    def lines() -> Iterator[str]:
        nonlocal line
        for line in io.TextIOWrapper(buffer, encoding="utf-8", newline=""):  # noqa: UP028  it is looked at below
            yield line

    reader = csv.reader(
        lines(),
        delimiter=dialect.delimiter,
        quotechar=dialect.quote,
        escapechar=dialect.escape,
        skipinitialspace=True,
    )
    before = _line(data, start) - 1
    first = before + 1
    for fields in reader:
        last = before + reader.line_num
        if len(fields) > 1 or last > first or line.strip(" \t\r\n"):
            yield first, last, fields
        first = last + 1


def line_of(text: Text, row: int) -> int:
    """The line, from 1, on which row number `row`, from 0, begins."""
    return next(islice(records(text.data, text.dialect, text.start), row, None))[0]


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
            f"{_some(empty)}: name it, or leave the index out when saving"
        )
    if repeated:
        problems.append(
            f"header: expected different column names, found {_some(list(map(repr, repeated)))} more than once: "
            "rename all but one"
        )
    return problems


def _some(words: Sequence[str], most: int = 6) -> str:
    return ", ".join(words[:most]) + (f" and {len(words) - most:,} more" if len(words) > most else "")


def _lines(lines: Sequence[int]) -> str:
    return f"line{'s' * (len(lines) > 1)} {_some(list(map(str, lines)), CELLS)}"


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
            table = _parse(text, nrows=sample, decimal=decimal)
            if text.dialect.delimiter != "," and decimal == "." and _decimal_commas(text, table, drop):
                decimal = ","
                table = _parse(text, nrows=sample, decimal=decimal)
    except pd.errors.ParserError as error:
        unread = [_unclosed(text)] if "EOF inside string" in str(error) else _ragged(text)
        raise InputError([*problems, *unread] or f"expected delimited text, found {str(error).strip()!r}") from None
    if table.empty:
        raise InputError([*problems, "expected rows under the header, found none"])
    # pandas makes an index of what the first row has too many, and missing values of what any row has too few.
    _, _, first = next(records(text.data, text.dialect, text.start))
    whole = len(first) == width and (bool(table[width - 1].notna().all()) or _full(text, len(table)))
    if not whole and (ragged := _ragged(text)):
        raise InputError([*problems, *ragged])
    cleaned = _clean(text, table, decimal, textual, missing)
    if found := [*problems, *_misread(text, cleaned, decimal, drop, textual)]:
        raise InputError(found)
    return cleaned.set_axis(pd.Index(text.names, dtype="str"), axis=1)


def _parse(
    text: Text,
    *,
    decimal: str = ".",
    nrows: int | None = None,
    usecols: list[int] | None = None,
    dtype: Any = None,
    missing: Sequence[str] = ("", *MISSING),
) -> pd.DataFrame:
    buffer = io.BytesIO(text.data)
    buffer.seek(text.start)
    return pd.read_csv(
        buffer,
        sep=text.dialect.delimiter,
        quotechar=text.dialect.quote,
        escapechar=text.dialect.escape,
        decimal=decimal,
        header=None,
        names=range(len(text.names)),
        usecols=usecols,
        nrows=nrows,
        dtype=dtype,
        skipinitialspace=True,
        keep_default_na=False,
        na_values=list(missing),
        low_memory=False,  # in one piece, so that a column has one type
    )


def _full(text: Text, count: int) -> bool:
    """Whether no row of `count` is short, told by counting delimiters where none can stand in a quoted cell."""
    quote, delimiter = text.dialect.quote.encode(), text.dialect.delimiter.encode()
    if text.data.find(quote, text.start) >= 0:
        return False
    return text.data.count(delimiter, text.start) == count * (len(text.names) - 1)


def _ragged(text: Text) -> list[str]:
    """What to say of rows with more or fewer fields than the header."""
    width, comma = len(text.names), text.dialect.delimiter == ","
    wrong: dict[int, list[int]] = {}
    count = numbered = ending = decimal = 0
    for first, _, fields in records(text.data, text.dialect, text.start):
        count += 1
        if len(fields) == width:
            continue
        wrong.setdefault(len(fields), []).append(first)
        more = len(fields) - width
        numbered += more == 1 and fields[0].strip() in (str(count), str(count - 1))
        ending += more == 1 and not fields[-1].strip()
        pairs = sum(bool(re.fullmatch(WHOLE, a) and re.fullmatch("[0-9]+", b)) for a, b in pairwise(fields))
        decimal += comma and 0 < more <= pairs
    fill = "quote cells that hold the delimiter or a line end, and fill short rows up"
    if numbered == count:
        fill = "name every column in the header, the first too"
    elif ending == count:
        fill = "take the delimiter at the end of the rows off, or put it on the header too"
    elif 2 * decimal > count:
        fill = (
            "if these are decimal commas, write decimal points or put semicolons between columns; "
            "else name every column in the header"
        )
    return [
        f"{_lines(lines)}: expected {width} fields as in the header, found {found}: {fill}"
        for found, lines in sorted(wrong.items(), key=lambda item: item[1][0])
    ]


def _unclosed(text: Text) -> str:
    """What to say of a quote that is open at the end."""
    *_, (first, _, _) = records(text.data, text.dialect, text.start)
    return f"line {first}: expected a quote that closes, found none up to the end: close it, or take it out"


def _is_text(column: pd.Series) -> bool:
    return isinstance(column.dtype, pd.StringDtype)


def _matches(column: pd.Series, *patterns: str) -> bool:
    """Whether every cell matches one of `patterns`, and there is a cell."""
    pattern = f"\\s*(?:{'|'.join(patterns)})\\s*"
    cells = column.dropna()
    return len(cells) > 0 and all(part.str.fullmatch(pattern).all() for part in (cells.iloc[:100], cells))


def _decimal_commas(text: Text, table: pd.DataFrame, drop: Container[str]) -> bool:
    """Whether a column holds decimal commas beyond doubt; `1,234` alone may have a thousands separator."""
    return any(
        _is_text(column)
        and text.names[place] not in drop
        and _matches(column, WHOLE, DECIMAL_COMMA)
        and not _matches(column, WHOLE, THOUSANDS_OR_DECIMAL)
        for place, column in table.items()
    )


def _clean(
    text: Text, table: pd.DataFrame, decimal: str, textual: Collection[int], missing: Sequence[str]
) -> pd.DataFrame:
    """`table` with its text as it stands in the file, and numbers in place of what white space or length hid."""
    # pandas leaves whole numbers beyond 64 bits in an object column, as it does true and false with missing cells.
    again = [
        place
        for place, column in table.items()
        if place in textual or (_is_text(column) and column.hasnans) or _long(column)
    ]
    texts = _parse(text, usecols=again, dtype="str", missing=missing) if again else pd.DataFrame()
    changed: dict[Any, pd.Series] = {}
    for place, column in table.items():
        if place in textual:
            changed[place] = strip(texts[place])
        elif _is_text(column) or place in again:
            changed[place] = _numbers(strip(texts[place] if place in again else column), decimal)
        elif column.dtype == object:
            changed[place] = column.astype("float64")
    return pd.DataFrame({place: changed.get(place, column) for place, column in table.items()}) if changed else table


def _long(column: pd.Series) -> bool:
    return bool(column.dtype == object and pd.api.types.infer_dtype(column) != "boolean")


def strip(column: pd.Series) -> pd.Series:
    """A column of text without white space around its cells; the empty ones are missing."""
    stripped = column.str.strip()
    return stripped.mask(stripped == "")


def _numbers(stripped: pd.Series, decimal: str) -> pd.Series:
    """The numbers in a column of text that are all its cells but the missing ones, or else the column."""
    cells = stripped.mask(stripped.isin(MISSING))
    if decimal == "," and _matches(cells, WHOLE, DECIMAL_COMMA):
        cells = cells.str.replace(",", ".", regex=False)
    elif decimal == "," or not _matches(cells, NUMBER):
        return stripped
    return cells.astype("float64")


def _misread(
    text: Text, table: pd.DataFrame, decimal: str, drop: Container[str], textual: Collection[int]
) -> list[str]:
    """What to say of columns whose text is numbers in another notation."""
    problems = []
    for place, column in table.items():
        if place in textual or text.names[place] in drop or not _is_text(column):
            continue
        row = unread_number(column, decimal)
        if row is not None:
            cell = column.iloc[row]
            reason = "write it with a decimal point and without thousands separators"
            if decimal == ",":
                reason = "other columns have decimal commas: write all numbers alike"
            elif re.fullmatch(THOUSANDS_OR_DECIMAL, cell):
                reason = "it may be a decimal or have a thousands separator: write decimal points"
            problems.append(not_a_number(text.names[place], cell, f"line {line_of(text, row)}", reason))
    return problems


def unread_number(column: pd.Series, decimal: str = ".") -> int | None:
    """The first row of a column of text whose cell is a number in another notation, if all its cells are numbers."""
    cells = column.mask(column.isin(MISSING))
    if not _matches(cells, NUMBER, DECIMAL_COMMA, THOUSANDS):
        return None
    plain = NUMBER if decimal == "." else f"(?:{WHOLE}|{DECIMAL_COMMA})"
    odd = cells.notna() & ~cells.str.fullmatch(plain).fillna(False).astype(bool)
    return int(odd.to_numpy().argmax()) if odd.any() else None


def not_a_number(name: str, cell: str, where: str, reason: str) -> str:
    """The line that refuses a cell."""
    return (
        f"column {name!r}: expected numbers, found {cell!r} in {where}: {reason}, "
        f"or leave the column out with {given('data.drop', [name])}"
    )
