"""Downloads a table once, checks its SHA-256, and keeps a copy."""

import base64
import hashlib
import shutil
import tempfile
import urllib.request
from collections.abc import Callable
from http.client import HTTPException
from pathlib import Path, PurePosixPath
from urllib.error import HTTPError, URLError
from urllib.parse import unquote, urlsplit

import pandas as pd

from pipeline.config.secrets import filled, without
from pipeline.errors import InputError
from pipeline.files import digest, replacing, say, sha256, write_table
from pipeline.table import fetching, formats

DOWNLOADS = Path("data/downloads")


def download(url: str, expected: str | None, *, folder: Path = DOWNLOADS) -> Path:
    """The path of a local copy of `url`, which is downloaded unless it's there already.

    Parameters
    ----------
    url
        The file's address; `$NAME` in place of a password or token is replaced by the environment variable.
    expected
        SHA-256 of its bytes, in hexadecimal; None accepts any file.
    folder
        Where copies are kept, named by their SHA-256.

    Raises
    ------
    InputError
        The file can't be downloaded, or has another SHA-256.
    """
    ending = _suffixes(url)
    path = folder / f"{expected}{ending}"
    if path.is_file() and sha256(path) == expected:
        return path
    say(f"downloading {url}")
    request, values = _request(url)
    with tempfile.TemporaryFile() as file:
        try:
            fetching.fetch(request, file, elsewhere=expected is not None)
        except (URLError, HTTPException, OSError, ValueError) as error:
            if isinstance(error, HTTPError):
                error.close()
            reason = without(values, str(getattr(error, "reason", error)))
            raise _failed(url, reason, path if expected else None) from None
        file.seek(0)
        found = hashlib.file_digest(file, "sha256").hexdigest()
        if found != (expected or found):
            raise InputError(
                f"{url}: expected sha256 {expected}, found {found}. The file has changed at its source. If you accept "
                f"the new file, set -S data.sha256={found}."
            )
        path = folder / f"{found}{ending}"
        file.seek(0)
        with replacing(path) as temporary, temporary.open("wb") as copy:
            shutil.copyfileobj(file, copy)
    return path


def _failed(url: str, reason: str, path: Path | None) -> InputError:
    """The error for a failed download; `path` is where the file is looked for first."""
    return InputError(
        f"{url}: the download failed ({reason}). Download it on a machine with network access, then use it with "
        f"-S data.path=FILE{f', or save it as {path}' if path else ''}."
    )


def _request(url: str) -> tuple[urllib.request.Request, list[str]]:
    """What is asked for, and the values from the environment in it."""
    try:
        address, values = filled(url)
    except KeyError as error:
        raise InputError(
            f"data.url has ${error.args[0]}, but there is no such environment variable. "
            f"Run `export {error.args[0]}=...`."
        ) from None
    try:
        user, at, _ = urlsplit(address).netloc.rpartition("@")
        request = urllib.request.Request(address.replace(f"{user}@", "", 1) if at else address)
    except ValueError as error:
        raise _failed(url, without(values, str(error)), None) from None
    if at:
        login = base64.b64encode(unquote(user).encode()).decode()
        request.add_unredirected_header("Authorization", f"Basic {login}")  # other hosts don't get it
    return request, values


def _suffixes(url: str) -> str:
    """The suffixes at the end of an address that show a format, such as .csv.gz."""
    try:
        name = PurePosixPath(urlsplit(url).path)
    except ValueError:
        return ""
    return "".join(suffix for suffix in map(str.lower, name.suffixes[-2:]) if suffix in formats.SUFFIXES)


def content_sha256(table: pd.DataFrame) -> str:
    """The SHA-256 of a table written as CSV in UTF-8, with each float as the shortest text that reads back equal."""
    return hashlib.sha256(table.to_csv(index=False, lineterminator="\n").encode()).hexdigest()


def cached(
    fetch: Callable[[], pd.DataFrame], expected: str | None, *, origin: object, folder: Path = DOWNLOADS
) -> tuple[pd.DataFrame, str]:
    """The table that `fetch` returns, and its SHA-256; `fetch` is called only if there is no copy of the table.

    Parameters
    ----------
    fetch
        Returns the table.
    expected
        The table's `content_sha256`; None accepts any table.
    origin
        What is fetched, as plain data: each origin has its own copy.
    folder
        Where copies are kept.

    Raises
    ------
    InputError
        The table has another SHA-256, or `fetch` raises.
    """
    suffix = f"-{digest(origin)[:16]}.parquet"
    path = folder / f"{expected}{suffix}"
    if path.is_file():
        try:
            table = formats.read(path.read_bytes(), path.name)
        except InputError:
            table = pd.DataFrame()
        if content_sha256(table) == expected:
            return table, expected
    table = fetch()
    found = content_sha256(table)
    if found != (expected or found):
        raise InputError(
            f"expected sha256 {expected}, found {found}. The table has changed at its source. If you accept the new "
            f"table, set -S data.sha256={found}."
        )
    write_table(folder / f"{found}{suffix}", table)
    return table, found
