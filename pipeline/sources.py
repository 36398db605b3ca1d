"""Brings a table from where it lies: a CSV file, or a download that is made once and checked."""

import csv
import gzip
import hashlib
import urllib.request
import zlib
from http.client import HTTPException
from pathlib import Path
from urllib.error import HTTPError, URLError

import pandas as pd

from pipeline.errors import InputError
from pipeline.files import say, write_bytes

DOWNLOADS = Path("data/downloads")
TIMEOUT = 20  # seconds
HEAD = 65_536  # bytes looked at to tell what a file is


def sha256(path: Path) -> str:
    """The SHA-256 of a file's bytes, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def download(url: str, expected: str, *, folder: Path = DOWNLOADS) -> Path:
    """The path of a local copy of `url`, fetched unless it is there already.

    Parameters
    ----------
    url
        What to fetch.
    expected
        SHA-256 that its bytes must have, in hexadecimal.
    folder
        Where copies are kept, under their SHA-256.

    Raises
    ------
    InputError
        It cannot be fetched, or it is not the expected file.
    """
    path = folder / f"{expected}.csv"
    if path.is_file() and sha256(path) == expected:
        return path
    say(f"fetching {url}")
    try:
        with urllib.request.urlopen(url, timeout=TIMEOUT) as answer:
            data = answer.read()
    except (URLError, HTTPException, OSError, ValueError) as error:
        if isinstance(error, HTTPError):
            error.close()
        raise InputError(
            f"{url}: cannot be fetched ({getattr(error, 'reason', error)}): fetch it where there is a network, "
            f"then give it with -S data.path=FILE, or put it at {path}"
        ) from None
    found = hashlib.sha256(data).hexdigest()
    if found != expected:
        raise InputError(
            f"{url}: expected sha256 {expected}, found {found}: the file has changed at its source, and is not used"
        )
    write_bytes(path, data)
    return path


def read_csv(path: Path) -> pd.DataFrame:
    """The table in a comma-separated file with a header row; `.gz` is unpacked.

    Raises
    ------
    InputError
        The file is missing, empty, not a table, or not comma-separated.
    """
    _look(path)
    try:
        header = pd.read_csv(path, header=None, nrows=1, dtype=str, keep_default_na=False).iloc[0].tolist()
        if len(header) == 1 and any(mark in header[0] for mark in ";\t|"):
            raise InputError(
                f"{path}: expected commas between columns, found one column {header[0][:60]!r}: "
                "save the file comma-separated"
            )
        table = pd.read_csv(path, low_memory=False)  # in one piece, so that a column has one type
    except pd.errors.ParserError as error:
        raise InputError(
            f"{path}: rows differ in length: {str(error).removeprefix('Error tokenizing data. C error: ').strip()}"
        ) from None
    except UnicodeDecodeError as error:
        raise InputError(
            f"{path}: expected UTF-8 text, found byte {error.object[error.start]:#04x}: save the file as UTF-8"
        ) from None
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise InputError(f"{path}: expected a gzip file, found a broken one ({error}): copy it again") from None
    if not isinstance(table.index, pd.RangeIndex):
        raise InputError(
            f"{path}: line 2 has more fields than the header's {len(header)}: name every column in the header"
        )
    if "" in header:
        raise InputError(
            f"{path}: header: expected a name for every column, found none for column {header.index('') + 1}: "
            "name it, or leave the index out when saving"
        )
    repeated = sorted({name for name in header if header.count(name) > 1})
    if repeated:
        raise InputError(
            f"{path}: header: expected different column names, found {', '.join(map(repr, repeated))} more than once"
        )
    if table.empty:
        raise InputError(f"{path}: expected rows under the header, found none")
    if table.iloc[:, -1].isna().any():
        _refuse_short_rows(path, len(header))
    return table


def _refuse_short_rows(path: Path, fields: int) -> None:
    """Refuse rows that end early: pandas fills them up with missing values."""
    with gzip.open(path, "rt", encoding="utf-8") if _zipped(path) else path.open(encoding="utf-8", newline="") as file:
        reader = csv.reader(file)
        for row in reader:
            if 0 < len(row) < fields:
                raise InputError(
                    f"{path}: rows differ in length: Expected {fields} fields in line {reader.line_num}, saw {len(row)}"
                )


def _zipped(path: Path) -> bool:
    """Whether a `.gz` file is one: a pointer or a web page may carry that name too."""
    with path.open("rb") as file:
        return path.suffix == ".gz" and file.read(2) == b"\x1f\x8b"


def _look(path: Path) -> None:
    """Refuse what is not a table before pandas makes one of it."""
    if not path.is_file():
        near = sorted(p.name for p in path.parent.glob("*.csv*"))[:5] if path.parent.is_dir() else []
        raise InputError(f"{path}: no such file" + (f"; {path.parent} holds {', '.join(near)}" if near else ""))
    try:
        with gzip.open(path) if _zipped(path) else path.open("rb") as file:
            head = file.read(HEAD)
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(f"{path}: expected a gzip file, found a broken one ({error}): copy it again") from None
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if not text:
        raise InputError(f"{path}: expected a table, found an empty file")
    if text.startswith(b"version https://git-lfs"):
        raise InputError(f"{path}: expected a table, found a git-lfs pointer: run `git lfs pull` beside it")
    if text.startswith((b"<!doctype", b"<html", b"<?xml", b"<head", b"<body")):
        raise InputError(f"{path}: expected a table, found a web page: fetch the raw file itself")
    if b"\x00" in head:
        raise InputError(f"{path}: expected comma-separated text, found binary data: export the table as CSV in UTF-8")
