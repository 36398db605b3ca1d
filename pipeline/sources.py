"""Brings a table from where it lies: a file, a database, or a download that is made once and checked."""

import hashlib
import re
import urllib.request
from collections.abc import Callable, Container
from http.client import HTTPException
from pathlib import Path
from urllib.error import HTTPError, URLError

import pandas as pd

from pipeline import formats
from pipeline.errors import InputError, nearest
from pipeline.files import say, write_bytes, write_table

DOWNLOADS = Path("data/downloads")
TIMEOUT = 20  # seconds


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


def read_table(path: Path, *, drop: Container[str] = (), text: Container[str] = ()) -> pd.DataFrame:
    """The table in a file, its columns in order and its rows numbered from 0.

    Delimited text (see `delimited.read`), Parquet, Feather, ARFF or svmlight, plain or packed by gzip, Zstandard or
    zip. Numbers are numpy's, text is pandas' `str` without white space around it, and an empty cell is missing.

    Parameters
    ----------
    path
        Of the file.
    drop
        Columns that will not be used: they are read, and what looks misread in them is let pass.
    text
        Columns of delimited text whose cells are text even where they look like numbers.

    Raises
    ------
    InputError
        With every problem that was found, each with the file's name.
    """
    try:
        if not path.is_file():
            raise InputError(_missing(path))
        return formats.read(path.read_bytes(), path.name, drop=drop, text=text)
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
        SQLAlchemy's address of a database: `sqlite:///FILE`, `postgresql+psycopg2://USER@HOST/NAME`.
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
        address = sqlalchemy.make_url(url)
        shown = address.render_as_string(hide_password=True)
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
        return formats.columns(table)
    except ImportError as error:
        raise InputError(f"{shown}: needs the driver {error.name!r}: pip install it") from None
    except SQLAlchemyError as error:
        reason = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
        raise InputError(f"{shown}: expected rows, found an error ({reason}): correct address or query") from None
    except InputError as error:
        raise InputError(f"{shown}: {problem}" for problem in error.problems) from None


def fetch_openml(data_id: int) -> pd.DataFrame:
    """The table that OpenML keeps under a number; its target has OpenML's name for it.

    Raises
    ------
    InputError
        It cannot be fetched, or there is none of that number.
    """
    from sklearn import datasets

    try:
        found = datasets.fetch_openml(data_id=data_id, as_frame=True, parser="pandas", cache=False)
    except (OSError, HTTPException, ValueError) as error:
        raise InputError(
            f"OpenML {data_id}: cannot be fetched ({_one_line(error)}): where there is a network, download it from "
            f"https://www.openml.org/d/{data_id} as ARFF or Parquet, then give it with -S data=csv -S data.path=FILE"
        ) from None
    return formats.columns(found.frame)


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
    return formats.columns(table.assign(target=found.target))


def _one_line(error: BaseException) -> str:
    return " ".join(str(getattr(error, "reason", error)).split())[:160] or type(error).__name__


def content_sha256(table: pd.DataFrame) -> str:
    """The SHA-256 of a table's content: its CSV in UTF-8, floats as the shortest text that reads back the same."""
    return hashlib.sha256(table.to_csv(index=False, lineterminator="\n").encode()).hexdigest()


def cached(fetch: Callable[[], pd.DataFrame], expected: str, *, folder: Path = DOWNLOADS) -> pd.DataFrame:
    """What `fetch` gives, which is asked only once: the copy is kept under its content's SHA-256.

    Parameters
    ----------
    fetch
        Gives the table.
    expected
        What `content_sha256` must say of it.
    folder
        Where copies are kept.

    Raises
    ------
    InputError
        It is not the expected table, or what `fetch` raises.
    """
    path = folder / f"{expected}.parquet"
    if path.is_file():
        try:
            table = read_table(path)
        except InputError:
            table = pd.DataFrame()
        if content_sha256(table) == expected:
            return table
    table = fetch()
    found = content_sha256(table)
    if found != expected:
        raise InputError(
            f"expected sha256 {expected}, found {found}: the table has changed at its source, and is not used"
        )
    write_table(path, table)
    return table
