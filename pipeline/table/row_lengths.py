"""Finds rows of delimited text that have too few or too many fields."""

import re
from itertools import pairwise

from pipeline.formatting import places
from pipeline.table.cells import WHOLE
from pipeline.table.dialect import Text, records


def no_short_rows(text: Text, count: int) -> bool:
    """Whether none of `count` rows is short, by counting delimiters; False where quoted cells may hold delimiters."""
    quote, delimiter = text.dialect.quote.encode(), text.dialect.delimiter.encode()
    if text.data.find(quote, text.start) >= 0:
        return False
    return text.data.count(delimiter, text.start) == count * (len(text.names) - 1)


def wrong_lengths(text: Text) -> list[str]:
    """An error message for each number of fields that differs from the header's."""
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
    if wrong == {1: [first]} and width > 2:
        return [
            f"line {first}: expected {width} fields, as in the header, found 1. This is the last line: delete it "
            "if it is a total or a note, or complete it."
        ]
    advice = "Quote cells that contain the delimiter or a line break, and complete short rows."
    if numbered == count:
        advice = "Name every column in the header, including the first."
    elif ending == count:
        advice = "Remove the delimiter at the end of each row, or add it to the header."
    elif 2 * decimal > count:
        advice = (
            "If these are decimal commas, write decimal points, or separate columns by semicolons. Otherwise, name "
            "every column in the header."
        )
    return [
        f"{places('line', numbers)}: expected {width} fields, as in the header, found {found}. {advice}"
        for found, numbers in sorted(wrong.items(), key=lambda item: item[1][0])
    ]


def unclosed_quote(text: Text) -> str:
    """The error message for a quote that is still open at the end of the text."""
    *_, (first, _, _) = records(text.data, text.dialect, text.start)
    return f"line {first}: a quote is never closed. Close or remove it."
