"""Reads a sheet of an Excel workbook."""

import io
import struct
import warnings
import zipfile
from collections.abc import Sequence
from typing import Any

import pandas as pd

from pipeline.errors import InputError, broken, nearest, set_param

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


def excel(data: bytes, sheet: str | None = None) -> pd.DataFrame:
    """The rows of a sheet below its header, without blank rows and columns; cells keep their types.

    Raises
    ------
    InputError
        The workbook can't be read, or has several sheets and `sheet` names none of them.
    """
    import openpyxl

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # about styles and extensions it ignores
            book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True)
            sheets = {page.title: list(page.iter_rows(values_only=True)) for page in book.worksheets}
    except Exception as error:  # whatever openpyxl raises on damaged XML
        raise broken("an Excel workbook", error) from None
    full = {title: rows for title, rows in sheets.items() if any(map(_filled, rows))}
    if sheet is not None and sheet not in sheets:
        raise InputError(f"the workbook has no sheet {sheet!r}, as data.sheet says; {nearest(sheet, sheets)}")
    if not full:
        raise InputError("expected a table, found an empty workbook.")
    if sheet is None and len(full) > 1:
        raise InputError(
            f"the workbook has {len(full)} sheets ({', '.join(map(repr, full))}). Choose one with "
            f"{set_param('data.sheet', next(iter(full)))}."
        )
    filled = pd.DataFrame(sheets[sheet or next(iter(full))], dtype=object).replace({"": None, "#N/A": None})
    filled = filled.dropna(how="all").dropna(how="all", axis=1)
    if len(filled) < 2:
        raise InputError("expected rows below the header, found none.")
    names = ["" if pd.isna(name) else str(name) for name in filled.iloc[0]]
    return filled.iloc[1:].infer_objects().set_axis(pd.Index(names, dtype="str"), axis=1)


def _filled(cells: Sequence[Any]) -> bool:
    return any(cell is not None and cell != "" for cell in cells)
