"""Reads a table from a file on disk."""

from collections.abc import Container
from pathlib import Path

import pandas as pd

from pipeline.errors import InputError, nearest
from pipeline.table import formats


def read_table(
    path: Path, *, drop: Container[str] = (), text: Container[str] = (), sheet: str | None = None
) -> pd.DataFrame:
    """The table in a file, its columns in order and its rows numbered from 0.

    Delimited text (see `delimited.read`), Parquet, Feather, Excel, ARFF or svmlight, plain or packed by gzip, Zstandard
    or zip. Numbers are numpy's, text is pandas' `str` without white space around it, and an empty cell is missing.

    Parameters
    ----------
    path
        Of the file.
    drop
        Columns that will not be used: they are read, and what looks misread in them is let pass.
    text
        Columns of delimited text whose cells are text even where they look like numbers.
    sheet
        Of an Excel workbook; None where it has one.

    Raises
    ------
    InputError
        With every problem that was found, each with the file's name.
    """
    try:
        if not path.is_file():
            raise InputError(_not_a_file(path))
        return formats.read(path.read_bytes(), path.name, drop=drop, text=text, sheet=sheet)
    except InputError as error:
        raise InputError(f"{path}: {problem}" for problem in error.problems) from None
    except OSError as error:
        raise InputError(f"{path}: expected a file to read, found none ({error.strerror}): correct the path") from None


def _not_a_file(path: Path) -> str:
    """What to say of a path that is no file."""
    if path.suffix != ".dvc" and Path(f"{path}.dvc").is_file():
        return f"no such file here, but DVC tracks it: run `dvc pull {path}`"
    folder, found = (path, "expected a file, found a folder") if path.is_dir() else (path.parent, "no such file")
    tables = sorted(p.name for p in folder.glob("*") if p.suffix in formats.SUFFIXES) if folder.is_dir() else []
    return f"{found}{'; ' + nearest(path.name, tables) if tables else ''}: correct the path"
