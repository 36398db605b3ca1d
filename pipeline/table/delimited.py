"""Reads delimited text: tells encoding, delimiter and decimal mark, and says by line what pandas would bend."""

import codecs
import re
from collections import Counter
from collections.abc import Collection, Container, Sequence
from itertools import islice, pairwise

import pandas as pd

from pipeline.errors import InputError
from pipeline.files import say
from pipeline.table.cells import DECIMAL_COMMA, NUMBER, THOUSANDS_OR_DECIMAL, WHOLE, clean, is_text, matches, misread
from pipeline.table.dialect import DELIMITERS, SAMPLE, Dialect, Text, line_number, parse, records

CELLS = 3  # lines named in an error
# In Windows-1252 text of the languages it was made for: no control characters, none of its five unused bytes, not
# four letters beyond ASCII in a row (as in Cyrillic or Chinese encodings), and nothing that is whole in UTF-8.
NOT_WINDOWS_1252 = re.compile(
    rb"[\x01-\x08\x0b\x0e-\x1f\x7f\x81\x8d\x8f\x90\x9d]|[\x80-\xff]{4}|[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}"
)


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
            f"line {line_number(data, data.index(0))}: expected text, found a NUL byte, as in binary data: "
            "save the table as CSV in UTF-8"
        )
    if data.isascii():
        return data
    try:
        data.decode()
    except UnicodeDecodeError as error:
        if NOT_WINDOWS_1252.search(data):
            raise InputError(
                f"line {line_number(data, error.start)}: expected UTF-8 text, found byte {data[error.start]:#04x}: "
                "save the file as UTF-8"
            ) from None
        say("not UTF-8: read as Windows-1252")
        return data.decode("cp1252").encode()
    return data


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
            table = parse(text, nrows=sample, decimal=decimal)
            if text.dialect.delimiter != "," and decimal == "." and _decimal_commas(text, table, drop):
                decimal = ","
                table = parse(text, nrows=sample, decimal=decimal)
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
    cleaned = clean(text, table, decimal, textual, missing)
    if found := [*problems, *misread(text, cleaned, decimal, drop, textual)]:
        raise InputError(found)
    return cleaned.set_axis(pd.Index(text.names, dtype="str"), axis=1)


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


def _decimal_commas(text: Text, table: pd.DataFrame, drop: Container[str]) -> bool:
    """Whether a column holds decimal commas beyond doubt; `1,234` alone may have a thousands separator."""
    return any(
        is_text(column)
        and text.names[place] not in drop
        and matches(column, WHOLE, DECIMAL_COMMA)
        and not matches(column, WHOLE, THOUSANDS_OR_DECIMAL)
        for place, column in table.items()
    )
