"""Finds rows of delimited text that have too few or too many fields."""

import re
from collections.abc import Sequence
from itertools import pairwise

from pipeline.table.cells import WHOLE
from pipeline.table.dialect import Text, records

LINES = 3  # lines named in an error


def listed(words: Sequence[str], most: int = 6) -> str:
    """The first words, and how many more there are."""
    return ", ".join(words[:most]) + (f" and {len(words) - most:,} more" if len(words) > most else "")


def _lines(lines: Sequence[int]) -> str:
    return f"line{'s' * (len(lines) > 1)} {listed(list(map(str, lines)), LINES)}"


def no_short_rows(text: Text, count: int) -> bool:
    """Whether no row of `count` is short, told by counting delimiters where none can stand in a quoted cell."""
    quote, delimiter = text.dialect.quote.encode(), text.dialect.delimiter.encode()
    if text.data.find(quote, text.start) >= 0:
        return False
    return text.data.count(delimiter, text.start) == count * (len(text.names) - 1)


def ragged(text: Text) -> list[str]:
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


def unclosed_quote(text: Text) -> str:
    """What to say of a quote that is open at the end."""
    *_, (first, _, _) = records(text.data, text.dialect, text.start)
    return f"line {first}: expected a quote that closes, found none up to the end: close it, or take it out"
