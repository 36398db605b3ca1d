"""Reads a table from a file on disk."""

from collections.abc import Container
from pathlib import Path

import pandas as pd

from pipeline.errors import InputError, nearest
from pipeline.table import formats


def read_table(
    path: Path, *, drop: Container[str] = (), text: Container[str] = (), sheet: str | None = None
) -> pd.DataFrame:
    """The table in a file, with rows numbered from 0.

    Formats are delimited text (see `delimited.read`), Parquet, Feather, Excel, ARFF and svmlight, plain or compressed
    by gzip, Zstandard or zip. Numbers have numpy's dtypes, text is pandas' `str` without white space around it, and
    empty cells are missing.

    Parameters
    ----------
    path
        The file.
    drop
        Columns that won't be used: they may hold numbers in another notation.
    text
        Columns of delimited text that stay text even where all cells look like numbers.
    sheet
        The sheet of an Excel workbook; None where it has only one.

    Raises
    ------
    InputError
        The file can't be read as a table; each problem begins with the file's name.
    """
    try:
        if not path.is_file():
            raise InputError(_not_a_file(path))
        return formats.read(path.read_bytes(), path.name, drop=drop, text=text, sheet=sheet)
    except InputError as error:
        raise InputError(f"{path}: {problem}" for problem in error.problems) from None
    except OSError as error:
        raise InputError(f"{path}: can't be read ({error.strerror}). Correct the path.") from None


def _not_a_file(path: Path) -> str:
    """The error message for a path that isn't a file."""
    if path.suffix != ".dvc" and Path(f"{path}.dvc").is_file():
        return f"DVC tracks this file, but it isn't here. Run `dvc pull {path}`."
    folder, found = (path, "expected a file, found a folder") if path.is_dir() else (path.parent, "no such file")
    tables = sorted(p.name for p in folder.glob("*") if p.suffix in formats.SUFFIXES) if folder.is_dir() else []
    return f"{found}; {nearest(path.name, tables)}" if tables else f"{found}. Correct the path."
