"""Makes a table of a file's bytes, whatever the format: text, packed text, Parquet, Feather, Excel, ARFF, svmlight."""

import datetime
import gzip
import io
import numbers
import re
import struct
import warnings
import zipfile
import zlib
from collections.abc import Callable, Container, Sequence
from decimal import Decimal
from math import isnan, nan
from pathlib import PurePath
from typing import Any
from uuid import UUID

import pandas as pd
import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet

from pipeline import delimited
from pipeline.delimited import Dialect, Text
from pipeline.errors import InputError, nearest

TEXT = (".csv", ".tsv", ".txt", ".data")
SUFFIXES = (*TEXT, ".parquet", ".feather", ".xlsx", ".arff", ".svmlight", ".gz", ".zst", ".zip")
LARGEST = 200_000_000  # cells of a sparse table that become a dense one

GZIP, ZSTANDARD, ZIP = b"\x1f\x8b", b"\x28\xb5\x2f\xfd", (b"PK\x03\x04", b"PK\x05\x06")
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
SVMLIGHT_LINE = re.compile(rb"[+-]?[\d.]+(?:[eE][+-]?\d+)?(?:\s+\d+:[+-]?[\d.]+(?:[eE][+-]?\d+)?)*\s*(?:#.*)?")
PANDAS_INDEX = re.compile(r"__index_level_\d+__")  # the index of a DataFrame, where it has no name


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
    if _is_workbook(data):
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
        return columns(_parquet(data), drop=drop)
    if data.startswith(FEATHER):
        return columns(_feather(data), drop=drop)
    if suffix in BINARY:
        raise InputError(
            f"expected {BINARY[suffix]} file, as its name says, found {data[:16]!r}: "
            "copy it again, or name it for what it is"
        )
    if suffix == ".arff" or re.match(rb"\s*@relation\b", _uncommented(data[:65_536]), re.IGNORECASE):
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
        raise _broken(f"a {kind} file", error) from None


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
        raise _broken("a zip file", error) from None


def _is_workbook(data: bytes) -> bool:
    """Whether a file is Excel's, of 2007 and after: a zip file that says so."""
    if not data.startswith(ZIP):
        return False
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return "xl/workbook.xml" in archive.namelist()
    except (zipfile.BadZipFile, struct.error, OSError, ValueError, LookupError, NotImplementedError):
        return False


def excel(data: bytes, sheet: str | None = None) -> pd.DataFrame:
    """The cells of an Excel workbook's sheet under its header, blank rows and columns left out, of the types they have.

    Raises
    ------
    InputError
        It cannot be read, or has several sheets and `sheet` names none of them.
    """
    import openpyxl

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # of styles and extensions that it does not keep
            book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True)
            sheets = {page.title: list(page.iter_rows(values_only=True)) for page in book.worksheets}
    except Exception as error:  # whatever openpyxl meets in XML that is not as it should be
        raise _broken("an Excel workbook", error) from None
    full = {title: rows for title, rows in sheets.items() if any(map(_filled, rows))}
    if sheet is not None and sheet not in sheets:
        raise InputError(f"expected the sheet {sheet!r}, as data.sheet says, found none; {nearest(sheet, sheets)}")
    if not full:
        raise InputError("expected a table, found an empty workbook")
    if sheet is None and len(full) > 1:
        raise InputError(
            f"expected a workbook of one table, found {len(full)} sheets: {', '.join(map(repr, full))}: "
            "say which with -S data.sheet=NAME"
        )
    filled = pd.DataFrame(sheets[sheet or next(iter(full))], dtype=object).replace({"": None, "#N/A": None})
    filled = filled.dropna(how="all").dropna(how="all", axis=1)
    if len(filled) < 2:
        raise InputError("expected rows under the header, found none")
    names = ["" if pd.isna(name) else str(name) for name in filled.iloc[0]]
    return filled.iloc[1:].infer_objects().set_axis(pd.Index(names, dtype="str"), axis=1)


def _filled(cells: Sequence[Any]) -> bool:
    return any(cell is not None and cell != "" for cell in cells)


def _broken(what: str, error: BaseException) -> InputError:
    reason = (str(error).strip().splitlines() or [type(error).__name__])[0][:160]
    return InputError(f"expected {what}, found a broken one ({reason}): copy it again")


def _parquet(data: bytes) -> pd.DataFrame:
    return _arrow("a Parquet file", lambda: pyarrow.parquet.ParquetFile(pa.BufferReader(data)).read())


def _feather(data: bytes) -> pd.DataFrame:
    return _arrow("a Feather file", lambda: pyarrow.feather.read_table(pa.BufferReader(data)))


def _arrow(what: str, read: Callable[[], pa.Table]) -> pd.DataFrame:
    """The columns of an Arrow table; what is not a column, pandas' nameless index, is left out."""
    try:
        table = read()
        table.validate(full=True)
        kept = [place for place, name in enumerate(table.column_names) if not PANDAS_INDEX.fullmatch(name)]
        names = [table.column_names[place] for place in kept]
        frame = table.select(kept).rename_columns([str(i) for i in range(len(kept))]).to_pandas(ignore_metadata=True)
    except (pa.ArrowException, OSError, ValueError, TypeError, LookupError, OverflowError, RuntimeError) as error:
        raise _broken(what, error) from None
    return frame.set_axis(pd.Index(names, dtype="str"), axis=1)


def columns(table: pd.DataFrame, *, drop: Container[str] = ()) -> pd.DataFrame:
    """The table with numbers as numpy's, all else as text, stripped and missing where it is empty.

    Parameters
    ----------
    table
        Shape (n, p), of any types.
    drop
        Columns that will not be used, and so may hold anything.

    Raises
    ------
    InputError
        With every problem that was found: no rows, names, several types in a column, numbers in another notation.
    """
    names = [str(name).strip() for name in table.columns]
    problems = delimited.header_problems(names)
    if table.empty:
        problems.append("expected rows and columns, found none")
    made: dict[int, pd.Series] = {}
    for place, name in enumerate(names):
        try:
            made[place] = column = _column(table.iloc[:, place].reset_index(drop=True))
        except InputError as error:
            if name in drop:
                made[place] = pd.Series(None, index=range(len(table)), dtype="float64")
            else:
                problems += [f"column {name!r}: {problem}" for problem in error.problems]
            continue
        if isinstance(column.dtype, pd.StringDtype) and name not in drop:
            row = delimited.unread_number(column)
            if row is not None:
                reason = "write it with a decimal point and without thousands separators"
                problems.append(delimited.not_a_number(name, column.iloc[row], f"row {row + 1}", reason))
    if problems:
        raise InputError(problems)
    return pd.DataFrame(made).set_axis(pd.Index(names, dtype="str"), axis=1)


def _column(column: pd.Series) -> pd.Series:
    if isinstance(column.dtype, pd.CategoricalDtype):
        column = column.astype(object)
    if pd.api.types.is_numeric_dtype(column.dtype):
        if isinstance(column.dtype, pd.api.extensions.ExtensionDtype):
            return column.astype("float64" if column.hasnans else column.dtype.type)
        return column
    if column.dtype == object:
        return _objects(column)
    if not isinstance(column.dtype, pd.StringDtype):  # dates, times, periods
        column = column.astype("str").mask(column.isna())
    return delimited.strip(column.astype("str"))


TYPES: tuple[tuple[str, tuple[type, ...]], ...] = (
    ("truth values", (bool,)),
    ("numbers", (numbers.Real, Decimal)),
    ("text", (str,)),
    ("dates", (datetime.date, datetime.time, datetime.timedelta, UUID)),
)


def _objects(column: pd.Series) -> pd.Series:
    """A column of Python's objects as one type."""
    rows: dict[str, int] = {}
    for row, value in enumerate(column):
        if _is_there(value):
            rows.setdefault(
                next((kind for kind, types in TYPES if isinstance(value, types)), type(value).__name__), row
            )
    if len(rows) > 1:
        found = ", ".join(f"{kind} in row {row + 1}" for kind, row in rows.items())
        raise InputError(f"expected values of one type, found {found}: make them one type")
    kind = next(iter(rows), "numbers")
    if kind not in dict(TYPES):
        raise InputError(f"expected numbers or text, found {kind} in row {rows[kind] + 1}: convert it")
    if kind == "truth values" and all(map(_is_there, column)):
        return column.astype("bool")
    if kind in ("truth values", "numbers"):
        return pd.Series([float(v) if _is_there(v) else nan for v in column], dtype="float64")
    return delimited.strip(pd.Series([str(v) if _is_there(v) else nan for v in column], dtype="str"))


def _is_there(value: Any) -> bool:
    if value is None or value is pd.NA or value is pd.NaT:
        return False
    return not (isinstance(value, (float, Decimal)) and isnan(value))


ATTRIBUTE = re.compile(
    r"""@attribute\s+('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|[^\s{]+)\s*(\{.*\}|(?:numeric|real|integer|string|date)\b.*)""",
    re.IGNORECASE,
)


def arff(data: bytes, *, drop: Container[str] = ()) -> pd.DataFrame:
    """The table in an ARFF file: numeric attributes as float64, nominal, string and date ones as text, `?` missing.

    Raises
    ------
    InputError
        With every problem that was found.

    References
    ----------
    Weka, "Attribute-Relation File Format (ARFF)", stable version. Sparse files and instance weights are refused.
    """
    data = _uncommented(delimited.utf8(data))
    begin = re.search(rb"^[ \t]*@data\b[^\n]*(?:\n|\Z)", data, re.IGNORECASE | re.MULTILINE)
    if begin is None:
        raise InputError("expected a line @data above the rows, found none: copy the file again")
    if data[begin.end() :].lstrip().startswith(b"{"):
        raise InputError("expected a value for each attribute, found a sparse ARFF file: save it dense, or as CSV")
    problems, attributes = [], []
    for number, line in enumerate(data[: begin.start()].decode().split("\n"), 1):
        found = ATTRIBUTE.fullmatch(line.strip())
        if found:
            attributes.append((_unquoted(found[1]), found[2]))
        elif line.strip() and not line.strip().lower().startswith("@relation"):
            problems.append(
                f"line {number}: expected @attribute NAME and numeric, string, date or {{CLASSES}}, "
                f"found {line.strip()[:60]!r}: correct it"
            )
    names = [name for name, _ in attributes]
    if problems or not names:
        raise InputError(problems or ["expected lines of @attribute above @data, found none: copy the file again"])
    quote = "'" if re.search(rb"(?:^|,)[ \t]*'", data[begin.end() :], re.MULTILINE) else '"'
    text = Text(data, begin.end(), Dialect(",", quote, "\\"), names)
    textual = [place for place, (_, kind) in enumerate(attributes) if not kind.lower().startswith(("n", "r", "i"))]
    header = delimited.header_problems(names)
    table = delimited.rows(text, drop=drop, problems=header, textual=textual, missing=("", "?"))
    made = {}
    for place, (name, kind) in enumerate(attributes):
        made[name] = column = table[name]
        if place not in textual:
            numeric = pd.to_numeric(column, errors="coerce").astype("float64")
            bad, expected = numeric.isna() & column.notna(), "numbers"
            made[name] = numeric
        elif kind.startswith("{"):
            bad, expected = column.notna() & ~column.isin(_classes(kind)), f"one of {kind[:60]}"
        else:
            continue
        if bad.any():
            row = int(bad.to_numpy().argmax())
            problems.append(
                f"column {name!r}: expected {expected} as its attribute says, found {column.iloc[row]!r} "
                f"in line {delimited.line_of(text, row)}: correct it"
            )
    if problems:
        raise InputError(problems)
    return pd.DataFrame(made)


def _uncommented(data: bytes) -> bytes:
    """ARFF without comments, each line where it was."""
    return re.sub(rb"^[ \t]*%[^\n]*", b"", data.replace(b"\r\n", b"\n").replace(b"\r", b"\n"), flags=re.MULTILINE)


def _unquoted(word: str) -> str:
    if word[0] in "'\"" and word[-1] == word[0] and len(word) > 1:
        return re.sub(r"\\(.)", r"\1", word[1:-1]).strip()
    return word.strip()


def _classes(kind: str) -> list[str]:
    """The classes of a nominal attribute."""
    words = re.findall(r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|[^,]+""", kind.strip()[1:-1])
    return [_unquoted(word.strip()) for word in words if word.strip()]


def svmlight(data: bytes) -> pd.DataFrame:
    """The table in a file of the svmlight format: features `f0` and on, dense, then `target`.

    Raises
    ------
    InputError
        It is not in that format, or too large to be made dense.
    """
    from sklearn.datasets import load_svmlight_file

    try:
        features, target = load_svmlight_file(io.BytesIO(data))
    except (ValueError, TypeError, LookupError, OverflowError, MemoryError) as error:
        for number, line in enumerate(data.splitlines(), 1):
            plain = line.partition(b"#")[0].strip()
            if plain and not SVMLIGHT_LINE.fullmatch(plain):
                raise InputError(
                    f"line {number}: expected a class and INDEX:VALUE pairs, "
                    f"found {plain[:60].decode(errors='replace')!r}: correct it"
                ) from None
        raise _broken("an svmlight file", error) from None
    count, width = features.shape
    if count == 0:
        raise InputError("expected rows, found none")
    if count * width > LARGEST:
        raise InputError(
            f"expected a table of at most {LARGEST:,} cells, found {count:,} rows by {width:,} features: "
            "choose among the features first"
        )
    table = pd.DataFrame(features.toarray(), columns=[f"f{place}" for place in range(width)])
    labels = pd.Series(target, name="target")
    whole = bool((labels == labels.round()).all() and (labels.abs() < 2**53).all())
    return pd.concat([table, labels.astype("int64") if whole else labels], axis=1)
