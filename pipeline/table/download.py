"""Downloads a table once, checks its SHA-256, and keeps a copy."""

import hashlib
import urllib.request
from collections.abc import Callable
from http.client import HTTPException
from pathlib import Path, PurePosixPath
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit

import pandas as pd

from pipeline.errors import InputError
from pipeline.files import digest, say, write_bytes, write_table
from pipeline.table import formats
from pipeline.table.file import read_table

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
    ending = _suffixes(url)
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


def _suffixes(url: str) -> str:
    """The suffixes of the file that an address names, those that tell a format."""
    try:
        name = PurePosixPath(urlsplit(url).path)
    except ValueError:
        return ""
    return "".join(suffix for suffix in map(str.lower, name.suffixes[-2:]) if suffix in formats.SUFFIXES)


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
