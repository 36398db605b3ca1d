"""Reads a table of any supported format, compressed or not, and refuses files that aren't tables."""

import io
import re
import struct
import zipfile
import zlib
from pathlib import PurePath

import pandas as pd
import pyarrow as pa

from pipeline.errors import InputError, broken
from pipeline.table import delimited, room
from pipeline.table.arff import arff, uncommented
from pipeline.table.arrow import columns, feather, parquet
from pipeline.table.excel import ZIP, excel, is_workbook
from pipeline.table.reading import AS_IT_IS, Reading
from pipeline.table.svmlight import SVMLIGHT_LINE, svmlight

GZIP, ZSTANDARD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
TEXT = (".csv", ".tsv", ".txt", ".data")
SUFFIXES = (*TEXT, ".parquet", ".feather", ".xlsx", ".arff", ".svmlight", ".gz", ".zst", ".zip")
PARQUET, FEATHER = re.compile(rb"PAR1[\x00-\x1f]"), (b"ARROW1\0", b"FEA1\0")  # not a CSV header such as PAR1,PAR2
BINARY = {
    ".gz": "a gzip",
    ".zst": "a Zstandard",
    ".zip": "a zip",
    ".xlsx": "an Excel",
    ".xls": "an Excel",
    ".parquet": "a Parquet",
    ".feather": "a Feather",
}
NOT_TABLES = {
    b"version https://git-lfs": "a Git LFS pointer. Run `git lfs pull` in its repository.",
    b"\xd0\xcf\x11\xe0": "an Excel workbook that is older than 2007 or has a password. Save it as .xlsx without one.",
    b"SQLite format 3": "an SQLite database. Read it with -S data=sql, or export the table as CSV.",
    b"\x89HDF": "an HDF5 file. Export its table as Parquet or CSV.",
    b"%PDF": "a PDF. Export its table as CSV.",
    b"\xfd7zXZ": "an xz file. Unpack it.",
    b"7z\xbc\xaf": "a 7z file. Unpack it.",
}
WEB_PAGE = (b"<!doctype", b"<html", b"<?xml", b"<head", b"<body")
JSON = re.compile(rb'\s*(?:\{\s*"|\[\s*[\[{])')


def read(data: bytes, name: str, how: Reading = AS_IT_IS) -> pd.DataFrame:
    """The table in the bytes of a file, as it is written there.

    Parameters
    ----------
    data
        The file's content. Its first bytes show the format; where they don't, the suffix of `name` does.
    name
        The file's name.
    how
        What the settings say about it.

    Raises
    ------
    InputError
        The file can't be read as a table; all problems are listed.
    """
    _refuse_other_files(data)
    if is_workbook(data):
        return columns(excel(data, how), drop=how.drop)
    if how.sheet is not None:
        raise InputError(f"data.sheet is {how.sheet!r}, but this isn't an Excel workbook. Set data.sheet=null.")
    suffix = PurePath(name).suffix.lower()
    if data.startswith((GZIP, ZSTANDARD, *ZIP)):
        data, inside = unpack(data)
        name = inside or (PurePath(name).stem if suffix in (".gz", ".zst") else name)
        suffix = PurePath(name).suffix.lower()
        _refuse_other_files(data)
        if data.startswith((GZIP, ZSTANDARD, *ZIP)):
            raise InputError("expected a table, found a compressed file inside a compressed file. Unpack it once.")
    if PARQUET.match(data):
        return columns(parquet(data), drop=how.drop)
    if data.startswith(FEATHER):
        return columns(feather(data), drop=how.drop)
    if suffix in BINARY:
        raise InputError(
            f"expected {BINARY[suffix]} file, because of the suffix {suffix}, found {data[:16]!r}. "
            "Copy the file again, or correct its suffix."
        )
    if suffix == ".arff" or re.match(rb"\s*@relation\b", uncommented(data[:65_536]), re.IGNORECASE):
        return arff(data, drop=how.drop)
    first = next(iter(data[:65_536].lstrip().splitlines()), b"").strip()
    if suffix in (".svmlight", ".libsvm", ".svm") or (b":" in first and SVMLIGHT_LINE.fullmatch(first)):
        return svmlight(data)
    return delimited.read(data, how)


def _refuse_other_files(data: bytes) -> None:
    """Refuse files that are known not to be tables."""
    text = data[:65_536].lstrip(b"\xef\xbb\xbf \t\r\n")
    if not text and not data.strip(b"\xef\xbb\xbf \t\r\n"):
        raise InputError("expected a table, found an empty file. Copy the file again, or correct data.path.")
    for beginning, found in NOT_TABLES.items():
        if text.startswith(beginning):
            raise InputError(f"expected a table, found {found}")
    if text.lower().startswith(WEB_PAGE):
        raise InputError("expected a table, found a web page. Download the raw file.")
    if JSON.match(text):
        raise InputError("expected a table, found JSON. Export the table as CSV.")


def unpack(data: bytes) -> tuple[bytes, str | None]:
    """The content of a gzip, Zstandard or zip file, and its name in a zip file.

    Raises
    ------
    InputError
        The file is damaged, or a zip file doesn't hold exactly one file.
    """
    if data.startswith(ZIP):
        return _unzip(data)
    kind = "gzip" if data.startswith(GZIP) else "Zstandard"
    try:
        return (room.ungzipped if kind == "gzip" else room.unzstandard)(data), None
    except (EOFError, OSError, zlib.error, pa.ArrowException) as error:
        raise broken(f"a {kind} file", error) from None


def _unzip(data: bytes) -> tuple[bytes, str]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = [name for name in archive.namelist() if not name.endswith("/") and not name.startswith("__MACOSX/")]
            if len(names) != 1:
                found = f": {', '.join(names[:6])}" if names else ""
                raise InputError(f"expected one table in the zip file, found {len(names)} files{found}. Unpack it.")
            # Of a file that is larger than it states, the archive gives what it states.
            room.refuse_unpacked(archive.getinfo(names[0]).file_size, f"{names[0]} in the zip file")
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
        RuntimeError,  # encrypted, or compressed by an unknown method
        ValueError,
    ) as error:
        raise broken("a zip file", error) from None
