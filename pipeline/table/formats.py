"""Makes a table of a file's bytes, whatever the format: text, packed text, Parquet, Feather, Excel, ARFF, svmlight."""

import gzip
import io
import re
import struct
import zipfile
import zlib
from collections.abc import Container
from pathlib import PurePath

import pandas as pd
import pyarrow as pa

from pipeline.errors import InputError, broken
from pipeline.table import delimited
from pipeline.table.arff import arff, uncommented
from pipeline.table.arrow import columns, feather, parquet
from pipeline.table.excel import ZIP, excel, is_workbook
from pipeline.table.svmlight import SVMLIGHT_LINE, svmlight

GZIP, ZSTANDARD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
TEXT = (".csv", ".tsv", ".txt", ".data")
SUFFIXES = (*TEXT, ".parquet", ".feather", ".xlsx", ".arff", ".svmlight", ".gz", ".zst", ".zip")
PARQUET, FEATHER = re.compile(rb"PAR1[\x00-\x1f]"), (b"ARROW1\0", b"FEA1\0")  # PAR1,PAR2 may be a header
BINARY = {
    ".gz": "a gzip",
    ".zst": "a Zstandard",
    ".zip": "a zip",
    ".xlsx": "an Excel",
    ".xls": "an Excel",
    ".parquet": "a Parquet",
    ".feather": "a Feather",
}
STRANGERS = {
    b"version https://git-lfs": "a git-lfs pointer: run `git lfs pull` beside it",
    b"\xd0\xcf\x11\xe0": "an Excel workbook of before 2007, or one with a password: save it as .xlsx without one",
    b"SQLite format 3": "an SQLite database: export its table as CSV",
    b"\x89HDF": "an HDF5 file: export its table as Parquet or CSV",
    b"%PDF": "a PDF: export its table as CSV",
    b"\xfd7zXZ": "an xz file: unpack it",
    b"7z\xbc\xaf": "a 7z file: unpack it",
}
WEB_PAGE = (b"<!doctype", b"<html", b"<?xml", b"<head", b"<body")
JSON = re.compile(rb'\s*(?:\{\s*"|\[\s*[\[{])')


def read(
    data: bytes, name: str, *, drop: Container[str] = (), text: Container[str] = (), sheet: str | None = None
) -> pd.DataFrame:
    """The table in the bytes of a file.

    Parameters
    ----------
    data
        What the file holds. Its first bytes tell the format; where they cannot, the suffix of `name` does.
    name
        Of the file.
    drop
        Columns that will not be used, which may hold what looks like misread numbers.
    text
        Columns of delimited text whose cells are text even where they look like numbers.
    sheet
        Of an Excel workbook; None where it has one.

    Raises
    ------
    InputError
        With every problem that was found.
    """
    _refuse_strangers(data)
    if is_workbook(data):
        return columns(excel(data, sheet), drop=drop)
    if sheet is not None:
        raise InputError(f"expected an Excel workbook, since data.sheet is {sheet!r}, found none: set data.sheet=null")
    suffix = PurePath(name).suffix.lower()
    if data.startswith((GZIP, ZSTANDARD, *ZIP)):
        data, inside = unpack(data)
        name = inside or (PurePath(name).stem if suffix in (".gz", ".zst") else name)
        suffix = PurePath(name).suffix.lower()
        _refuse_strangers(data)
        if data.startswith((GZIP, ZSTANDARD, *ZIP)):
            raise InputError("expected a table, found a packed file in a packed file: unpack it")
    if PARQUET.match(data):
        return columns(parquet(data), drop=drop)
    if data.startswith(FEATHER):
        return columns(feather(data), drop=drop)
    if suffix in BINARY:
        raise InputError(
            f"expected {BINARY[suffix]} file, as its name says, found {data[:16]!r}: "
            "copy it again, or name it for what it is"
        )
    if suffix == ".arff" or re.match(rb"\s*@relation\b", uncommented(data[:65_536]), re.IGNORECASE):
        return arff(data, drop=drop)
    first = next(iter(data[:65_536].lstrip().splitlines()), b"").strip()
    if suffix in (".svmlight", ".libsvm", ".svm") or (b":" in first and SVMLIGHT_LINE.fullmatch(first)):
        return svmlight(data)
    return delimited.read(data, drop=drop, text=text)


def _refuse_strangers(data: bytes) -> None:
    """Refuse what is not a table before it is made into one."""
    text = data[:65_536].lstrip(b"\xef\xbb\xbf \t\r\n")
    if not text and not data.strip(b"\xef\xbb\xbf \t\r\n"):
        raise InputError("expected a table, found an empty file")
    for beginning, stranger in STRANGERS.items():
        if text.startswith(beginning):
            raise InputError(f"expected a table, found {stranger}")
    if text.lower().startswith(WEB_PAGE):
        raise InputError("expected a table, found a web page: fetch the raw file itself")
    if JSON.match(text):
        raise InputError("expected a table, found JSON: export the table as CSV")


def unpack(data: bytes) -> tuple[bytes, str | None]:
    """What a gzip, Zstandard or zip file holds, and the name it has there.

    Raises
    ------
    InputError
        The file is broken, or a zip file of more or less than one file.
    """
    if data.startswith(ZIP):
        return _unzip(data)
    kind = "gzip" if data.startswith(GZIP) else "Zstandard"
    try:
        if kind == "gzip":
            return gzip.decompress(data), None
        with pa.CompressedInputStream(pa.BufferReader(data), "zstd") as stream:
            return stream.read(), None
    except (EOFError, OSError, zlib.error, pa.ArrowException) as error:
        raise broken(f"a {kind} file", error) from None


def _unzip(data: bytes) -> tuple[bytes, str]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = [name for name in archive.namelist() if not name.endswith("/") and not name.startswith("__MACOSX/")]
            if len(names) != 1:
                found = f": {', '.join(names[:6])}" if names else ""
                raise InputError(f"expected a zip file of one table, found {len(names)} files{found}: unpack it")
            return archive.read(names[0]), names[0]
    except InputError:
        raise
    except (
        zipfile.BadZipFile,
        zlib.error,
        struct.error,
        OSError,
        EOFError,
        LookupError,
        RuntimeError,  # encrypted; NotImplementedError, of an unknown method, is one too
        ValueError,
    ) as error:
        raise broken("a zip file", error) from None
