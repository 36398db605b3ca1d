"""Reads a table from a file on disk."""

import hashlib
from pathlib import Path

import pandas as pd

from pipeline.errors import InputError, nearest
from pipeline.table import footer, formats
from pipeline.table.interpretation import interpret
from pipeline.table.reading import AS_IT_IS, Reading


def read_table(path: Path, how: Reading = AS_IT_IS) -> pd.DataFrame:
    """The table in a file; see `hashed`."""
    return hashed(path, how)[0]


def hashed(path: Path, how: Reading = AS_IT_IS) -> tuple[pd.DataFrame, str]:
    """The table in a file, with rows numbered from 0, and the SHA-256 of the bytes that it was read from.

    Formats are delimited text (see `delimited.read`), Parquet, Feather, Excel, ARFF and svmlight, plain or compressed
    by gzip, Zstandard or zip. Numbers have numpy's dtypes, text is pandas' `str` without white space around it, and
    empty cells are missing.

    Parameters
    ----------
    path
        The file.
    how
        What the settings say about it.

    Raises
    ------
    InputError
        The file can't be read as a table; each problem begins with the file's name.
    """
    try:
        if not path.is_file():
            raise InputError(_not_a_file(path))
        data = path.read_bytes()
        sha256 = hashlib.sha256(data).hexdigest()  # of these bytes, since the file may be another one by the next read
        table = formats.read(data, path.name, how)
        del data  # as large as the file
        footer.refuse(table, how)
        return interpret(table, how), sha256
    except InputError as error:
        raise error.within(path) from None
    except OSError as error:
        raise InputError(
            f"{path}: the file can't be read ({error.strerror}). Correct data.path or its permissions."
        ) from None


def _not_a_file(path: Path) -> str:
    """The error message for a path that isn't a file."""
    if path.suffix != ".dvc" and Path(f"{path}.dvc").is_file():
        return f"DVC tracks this file, but it isn't here. Run `dvc pull {path}`."
    folder, found = (path, "expected a file, found a folder") if path.is_dir() else (path.parent, "no such file")
    tables = sorted(p.name for p in folder.glob("*") if p.suffix in formats.SUFFIXES) if folder.is_dir() else []
    return f"{found}; {nearest(path.name, tables)}" if tables else f"{found}. Correct data.path."
