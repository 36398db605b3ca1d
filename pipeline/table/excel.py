"""Reads a sheet of an Excel workbook."""

import io
import re
import struct
import warnings
import zipfile
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from pipeline.errors import InputError, broken, nearest, set_param
from pipeline.formatting import listed, places
from pipeline.table import header, room
from pipeline.table.origin import Origin, placed
from pipeline.table.reading import Reading

NOTHING = (None, "", "#N/A")
CELL = 8  # bytes of a reference
ZIP = (b"PK\x03\x04", b"PK\x05\x06")


def is_workbook(data: bytes) -> bool:
    """Whether this is an Excel workbook in the format since 2007, which is a zip file."""
    if not data.startswith(ZIP):
        return False
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return "xl/workbook.xml" in archive.namelist()
    except (zipfile.BadZipFile, struct.error, OSError, ValueError, LookupError, NotImplementedError):
        return False


def excel(data: bytes, how: Reading) -> pd.DataFrame:
    """The rows of a sheet below its header, without blank rows and columns; cells keep their types.

    Raises
    ------
    InputError
        The workbook can't be read, or has several sheets and `how` names none of them, or has no header.
    """
    import openpyxl

    room.refuse_large_zip(data, "the workbook, unpacked,")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # about styles and extensions it ignores
            book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True)
            sheets = {page.title: _filled(page) for page in book.worksheets}
    except Exception as error:  # whatever openpyxl raises on damaged XML
        raise broken("an Excel workbook", error) from None
    sheet = how.sheet
    full = {title: rows for title, rows in sheets.items() if rows}
    if sheet is not None and sheet not in sheets:
        raise InputError(f"data.sheet is {sheet!r}, but the workbook has no such sheet; {nearest(sheet, sheets)}")
    if not full:
        raise InputError("expected a table, found an empty workbook. Correct data.path.")
    if sheet is None and len(full) > 1:
        raise InputError(
            f"the workbook has {len(full)} sheets ({', '.join(map(repr, full))}). Choose one with "
            f"{set_param('data.sheet', next(iter(full)))}."
        )
    title = sheet or next(iter(full))
    rows = {number: row for number, row in sheets[title].items() if number > how.skip_rows}
    return _below_header(rows, how, _merged(data, list(sheets).index(title)))


def _below_header(rows: Mapping[int, Sequence[Any]], how: Reading, merged: Sequence[str]) -> pd.DataFrame:
    """The table in the rows of a sheet, by their number."""
    used = sorted({place for row in rows.values() for place, cell in enumerate(row) if cell not in NOTHING})
    room.refuse_unpacked(CELL * len(rows) * len(used), f"a table of {len(rows):,} rows and {len(used):,} columns")
    cells = [
        [None if place >= len(row) or row[place] in NOTHING else row[place] for place in used] for row in rows.values()
    ]
    filled = pd.DataFrame(cells, index=list(rows), dtype=object)
    numbers = filled.index.to_numpy()
    shown = filled.map(lambda cell: "" if pd.isna(cell) else str(cell))
    notes = [f"cells {listed(merged)} are merged: only the first cell of each has the value"] if merged else []
    if not how.header:
        names, body = header.names_of(how.names, filled.shape[1]), filled
    elif len(filled) < 2:
        raise InputError("expected rows below the header, found none. Correct data.path or data.skip_rows.")
    else:
        first = shown.head(header.SAMPLE).to_numpy().tolist()
        head = header.find(list(zip(numbers.tolist(), first, strict=False)), "row")
        notes += [head.note] if head.note else []
        names, below = first[head.place], slice(head.place + 1, None)
        again = shown.iloc[below].eq(names).all(axis=1).to_numpy()
        if again.any():
            notes.append(f"skipped {places('row', numbers[below][again].tolist())}: the header again")
        body, numbers = filled.iloc[below][~again], numbers[below][~again]
    table = body.infer_objects().set_axis(pd.Index(names, dtype="str"), axis=1)
    return placed(table, Origin("row", numbers=numbers, notes=tuple(notes)))


def _merged(data: bytes, sheet: int) -> list[str]:
    """The ranges of merged cells in a sheet with more than one row, such as B2:B61."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        name = f"xl/worksheets/sheet{sheet + 1}.xml"
        text = archive.read(name).decode(errors="replace") if name in archive.namelist() else ""
    ranges = re.findall(r'<mergeCell ref="([A-Z]+(\d+):[A-Z]+(\d+))"', text)
    return [each for each, first, last in ranges if first != last]


def _filled(page: Any) -> dict[int, Sequence[Any]]:
    """The rows of a sheet that hold something, by their number.

    A stray cell far away makes a sheet's stated size that of a sheet without end, so that it isn't asked for.
    """
    page.reset_dimensions()
    rows = enumerate(page.iter_rows(values_only=True), 1)
    return {number: row for number, row in rows if any(cell not in NOTHING for cell in row)}
