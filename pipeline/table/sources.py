"""Brings a table from where it lies: a file, a database, or a download that is made once and checked."""

import hashlib
import os
import re
import urllib.request
import warnings
from collections.abc import Callable, Container
from http.client import HTTPException
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import quote, urlsplit

import pandas as pd

from pipeline.errors import InputError, nearest
from pipeline.files import digest, say, write_bytes, write_table
from pipeline.table import arrow, formats

DOWNLOADS = Path("data/downloads")
TIMEOUT = 20  # seconds


def sha256(path: Path) -> str:
    """The SHA-256 of a file's bytes, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def download(url: str, expected: str | None, *, folder: Path = DOWNLOADS) -> Path:
    """The path of a local copy of `url`, fetched unless it is there already.

    Parameters
    ----------
    url
        What to fetch.
    expected
        SHA-256 that its bytes must have, in hexadecimal; None takes what comes.
    folder
        Where copies are kept, under their SHA-256.

    Raises
    ------
    InputError
        It cannot be fetched, or it is not the expected file.
    """
    ending = _ending(url)
    path = folder / f"{expected}{ending}"
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
            f"then give it with -S data.path=FILE{f', or put it at {path}' if expected else ''}"
        ) from None
    found = hashlib.sha256(data).hexdigest()
    if found != (expected or found):
        raise InputError(
            f"{url}: expected sha256 {expected}, found {found}: the file has changed at its source, and is not used"
        )
    path = folder / f"{found}{ending}"
    write_bytes(path, data)
    return path


def _ending(url: str) -> str:
    """The suffixes of the file that an address names, those that tell a format."""
    try:
        name = PurePosixPath(urlsplit(url).path)
    except ValueError:
        return ""
    return "".join(suffix for suffix in map(str.lower, name.suffixes[-2:]) if suffix in formats.SUFFIXES)


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
            raise InputError(_missing(path))
        return formats.read(path.read_bytes(), path.name, drop=drop, text=text, sheet=sheet)
    except InputError as error:
        raise InputError(f"{path}: {problem}" for problem in error.problems) from None
    except OSError as error:
        raise InputError(f"{path}: expected a file to read, found none ({error.strerror}): correct the path") from None


def _missing(path: Path) -> str:
    """What to say of a path that is no file."""
    if path.suffix != ".dvc" and Path(f"{path}.dvc").is_file():
        return f"no such file here, but DVC tracks it: run `dvc pull {path}`"
    folder, found = (path, "expected a file, found a folder") if path.is_dir() else (path.parent, "no such file")
    tables = sorted(p.name for p in folder.glob("*") if p.suffix in formats.SUFFIXES) if folder.is_dir() else []
    return f"{found}{'; ' + nearest(path.name, tables) if tables else ''}: correct the path"


def read_sql(url: str, query: str) -> pd.DataFrame:
    """The rows that a query gives.

    Parameters
    ----------
    url
        SQLAlchemy's address of a database: `sqlite:///FILE`, `postgresql+psycopg2://USER:$PASSWORD@HOST/NAME`. `$NAME`
        in it is taken from the environment.
    query
        A SELECT with an ORDER BY over columns that tell all rows apart: folds go by the order of rows.

    Raises
    ------
    InputError
        The database or the query does not work, or what it gives is no table.
    """
    import sqlalchemy
    from sqlalchemy.exc import SQLAlchemyError

    if not re.match(r"\s*(?:select|with)\b.*\border\s+by\b", query, re.IGNORECASE | re.DOTALL):
        raise InputError(
            f"expected a SELECT with ORDER BY, found {' '.join(query.split())[:60]!r}: without it a database may give "
            "the rows in another order each time"
        )
    shown = url.partition(":")[0]
    try:
        address = sqlalchemy.make_url(_expanded(url))
        shown = sqlalchemy.make_url(url).render_as_string(hide_password=True)
        file = Path(address.database or "")
        on_disk = address.get_backend_name() == "sqlite" and address.database not in (None, "", ":memory:")
        if on_disk and not file.is_file():  # SQLite would make an empty one
            raise InputError(f"{file}: no such file: correct the address")
        engine = sqlalchemy.create_engine(address)
        try:
            with engine.connect() as connection:
                result = connection.execute(sqlalchemy.text(query))
                table = pd.DataFrame(result.fetchall(), columns=pd.Index(result.keys()))
        finally:
            engine.dispose()
        return arrow.columns(table)
    except ImportError as error:
        raise InputError(f"{shown}: needs the driver {error.name!r}: pip install it") from None
    except SQLAlchemyError as error:
        reason = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
        raise InputError(f"{shown}: expected rows, found an error ({reason}): correct address or query") from None
    except InputError as error:
        raise InputError(f"{shown}: {problem}" for problem in error.problems) from None


def _expanded(url: str) -> str:
    """The address with what the environment says in place of each `$NAME`."""
    names = re.findall(r"\$([A-Za-z_]\w*)", url)
    if missing := [name for name in names if name not in os.environ]:
        raise InputError(
            f"expected ${missing[0]} in the environment, as data.sql.url has it, found none: export {missing[0]}=..."
        )
    return re.sub(r"\$([A-Za-z_]\w*)", lambda found: quote(os.environ[found[1]], safe=""), url)


def fetch_openml(data_id: int | None = None, *, name: str | None = None, version: int | None = None) -> pd.DataFrame:
    """The table that OpenML keeps under a number, or under a name; its target has OpenML's name for it.

    Parameters
    ----------
    data_id
        The number.
    name
        The name, where there is no number.
    version
        Of that name; None is the active one.

    Raises
    ------
    InputError
        It cannot be fetched, or there is none of that number or name.
    """
    from sklearn import datasets

    which: dict[str, Any] = {"data_id": data_id}
    if data_id is None:
        which = {"name": name, "version": version or "active"}
    shown = data_id if data_id is not None else f"{name!r}{f' version {version}' if version else ''}"
    page = f"https://www.openml.org/d/{data_id}" if data_id is not None else "https://www.openml.org"
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Multiple active versions", UserWarning)  # its sha256 tells
            found = datasets.fetch_openml(**which, as_frame=True, parser="pandas", cache=False)
    except (OSError, HTTPException, ValueError) as error:
        raise InputError(
            f"OpenML {shown}: cannot be fetched ({_one_line(error)}): where there is a network, download it from "
            f"{page} as ARFF or Parquet, then give it with -S data=csv -S data.path=FILE"
        ) from None
    return arrow.columns(found.frame)


def fetch_imbalanced(name: str, *, folder: Path = DOWNLOADS) -> pd.DataFrame:
    """One of imbalanced-learn's benchmark tables: features `f0` and on, then `target`, 1 for the rare class and -1.

    Parameters
    ----------
    name
        Of the table, as in `imblearn.datasets.fetch_datasets`.
    folder
        Where the tables are kept; one download brings all 27.

    Raises
    ------
    InputError
        It cannot be fetched, or there is none of that name.
    """
    from imblearn import datasets
    from imblearn.datasets._zenodo import MAP_NAME_ID, URL

    if name not in MAP_NAME_ID:
        raise InputError(f"imbalanced-learn has no table {name!r}; {nearest(name, MAP_NAME_ID)}")
    try:
        found = datasets.fetch_datasets(data_home=str(folder), filter_data=(name,))[name]
    except (OSError, EOFError, HTTPException, ValueError) as error:
        raise InputError(
            f"imbalanced-learn's {name}: cannot be fetched ({_one_line(error)}): where there is a network, download "
            f"{URL}, and unpack it into {folder / 'zenodo'}"
        ) from None
    table = pd.DataFrame(found.data, columns=[f"f{place}" for place in range(found.data.shape[1])])
    return arrow.columns(table.assign(target=found.target))


def _one_line(error: BaseException) -> str:
    return " ".join(str(getattr(error, "reason", error)).split())[:160] or type(error).__name__


def content_sha256(table: pd.DataFrame) -> str:
    """The SHA-256 of a table's content: its CSV in UTF-8, floats as the shortest text that reads back the same."""
    return hashlib.sha256(table.to_csv(index=False, lineterminator="\n").encode()).hexdigest()


def cached(
    fetch: Callable[[], pd.DataFrame], expected: str | None, *, origin: object, folder: Path = DOWNLOADS
) -> tuple[pd.DataFrame, str]:
    """What `fetch` gives, which is asked only once, and its content's SHA-256, under which the copy is kept.

    Parameters
    ----------
    fetch
        Gives the table.
    expected
        What `content_sha256` must say of it; None takes what comes.
    origin
        Plain data that tells what is fetched: a copy of one origin does not stand for another's.
    folder
        Where copies are kept.

    Raises
    ------
    InputError
        It is not the expected table, or what `fetch` raises.
    """
    beside = digest(origin)[:16]
    path = folder / f"{expected}-{beside}.parquet"
    if path.is_file():
        try:
            table = read_table(path)
        except InputError:
            table = pd.DataFrame()
        if content_sha256(table) == expected:
            return table, expected
    table = fetch()
    found = content_sha256(table)
    if found != (expected or found):
        raise InputError(
            f"expected sha256 {expected}, found {found}: the table has changed at its source, and is not used"
        )
    write_table(folder / f"{found}-{beside}.parquet", table)
    return table, found
