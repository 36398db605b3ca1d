"""Reads ARFF files, the format of Weka and OpenML, and the similar files of KEEL."""

import re
from collections.abc import Container
from dataclasses import replace

import pandas as pd

from pipeline.errors import InputError
from pipeline.formatting import name_text
from pipeline.table import delimited, dialect, encoding
from pipeline.table.dialect import Dialect, Text
from pipeline.table.origin import origin, placed

ATTRIBUTE = re.compile(
    r"""@attribute\s+('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|[^\s{]+)\s*(\{.*\}|(?:numeric|real|integer|string|date)\b.*)""",
    re.IGNORECASE,
)


def arff(data: bytes, *, drop: Container[str] = ()) -> pd.DataFrame:
    """The table in an ARFF file.

    Numeric attributes become float64; nominal, string and date ones become text. `?` is a missing value.

    Raises
    ------
    InputError
        The file has problems, or is sparse; all problems are listed.

    References
    ----------
    Weka, "Attribute-Relation File Format (ARFF)", stable version.
    """
    data = uncommented(encoding.utf8(data))
    begin = re.search(rb"^[ \t]*@data\b[^\n]*(?:\n|\Z)", data, re.IGNORECASE | re.MULTILINE)
    if begin is None:
        raise InputError("expected a line @data above the rows, found none. Copy the file again.")
    if data[begin.end() :].lstrip().startswith(b"{"):
        raise InputError("expected a value for each attribute, found a sparse ARFF file. Save it as dense ARFF or CSV.")
    problems, attributes = [], []
    for number, line in enumerate(data[: begin.start()].decode().split("\n"), 1):
        found = ATTRIBUTE.fullmatch(line.strip())
        if found:
            attributes.append((name_text(_unquoted(found[1])), found[2]))
        elif line.strip() and not line.strip().lower().startswith(("@relation", "@input", "@output")):  # as in KEEL's
            problems.append(
                f"line {number}: expected @attribute NAME and numeric, string, date or {{CLASSES}}, "
                f"found {line.strip()[:60]!r}. Correct this line."
            )
    names = [name for name, _ in attributes]
    if problems or not names:
        raise InputError(problems or ["expected lines of @attribute above @data, found none. Copy the file again."])
    quote = "'" if re.search(rb"(?:^|,)[ \t]*'", data[begin.end() :], re.MULTILINE) else '"'
    text = Text(data, begin.end(), Dialect(",", quote, "\\"), names)
    textual = [place for place, (_, kind) in enumerate(attributes) if not kind.lower().startswith(("n", "r", "i"))]
    header = delimited.header_problems(names)
    table = delimited.rows(text, drop=drop, problems=header, textual=textual, missing=("", "?"))
    columns = {}
    for place, (name, kind) in enumerate(attributes):
        columns[name] = column = table[name]
        if place not in textual:
            numeric = pd.to_numeric(column, errors="coerce").astype("float64")
            bad, expected = numeric.isna() & column.notna(), "a number"
            columns[name] = numeric
        elif kind.startswith("{"):
            bad, expected = column.notna() & ~column.isin(_classes(kind)), f"one of {kind[:60]}"
        else:
            continue
        if bad.any():
            row = int(bad.to_numpy().argmax())
            problems.append(
                f"column {name!r}, line {dialect.line_of(text, row)}: expected {expected}, as declared by @attribute, "
                f"found {column.iloc[row]!r}. Correct this cell, or the declaration."
            )
    if problems:
        raise InputError(problems)
    declared = frozenset(names[place] for place in textual)
    return placed(pd.DataFrame(columns), replace(origin(table), text=declared))


def uncommented(data: bytes) -> bytes:
    """ARFF without comments; lines keep their numbers."""
    return re.sub(rb"^[ \t]*%[^\n]*", b"", data.replace(b"\r\n", b"\n").replace(b"\r", b"\n"), flags=re.MULTILINE)


def _unquoted(word: str) -> str:
    if word[0] in "'\"" and word[-1] == word[0] and len(word) > 1:
        return re.sub(r"\\(.)", r"\1", word[1:-1]).strip()
    return word.strip()


def _classes(kind: str) -> list[str]:
    """The classes of a nominal attribute."""
    words = re.findall(r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|[^,]+""", kind.strip()[1:-1])
    return [_unquoted(word.strip()) for word in words if word.strip()]
