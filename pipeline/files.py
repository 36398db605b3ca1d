"""Files on disk: written completely or not at all, with the same bytes for the same content."""

import csv
import hashlib
import json
import re
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.errors import InputError

if TYPE_CHECKING:  # pandas takes a second to import, which a command without tables need not wait for
    import pandas as pd

CONF, PARAMS = Path("conf"), Path("params.yaml")
EXTENSIONS = Path("extensions")  # samplers and models of the user's own
# One folder for each stage; `resample`, `train` and `evaluate` have one for each variant below theirs.
CONFIGURE = Path("data/configure")
INGEST, SPLIT, PREPROCESS = Path("data/ingest"), Path("data/split"), Path("data/preprocess")
RESAMPLE, TRAIN, EVALUATE = Path("data/resample"), Path("data/train"), Path("data/evaluate")
TRACK = Path("data/track")
REPORTS = Path("reports")
# How text begins that a spreadsheet computes; the last four are wide forms of the first, which some versions take too.
FORMULA = re.compile(r"'*[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary path that becomes `path` when the block ends, and is deleted if the block raises."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # In a folder of its own, so that a search beside `path` doesn't find a half-written file.
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".") as folder:
        temporary = Path(folder, path.name)
        yield temporary
        temporary.replace(path)


def write_bytes(path: Path, data: bytes) -> None:
    """Write `data` to `path` in one step."""
    with replacing(path) as temporary:
        temporary.write_bytes(data)


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text with Unix line ends to `path` in one step."""
    write_bytes(path, text.encode())


def write(path: Path, content: Any) -> None:
    """Write bytes, text, a table, or plain data as JSON to `path`, in one step."""
    if isinstance(content, bytes):
        write_bytes(path, content)
    elif isinstance(content, str):
        write_text(path, content)
    elif hasattr(content, "to_parquet"):
        write_table(path, content)
    else:
        write_json(path, content)


def write_json(path: Path, data: Any) -> None:
    """Write JSON; NaN and Infinity, which JSON doesn't have, raise ValueError."""
    write_text(path, json.dumps(data, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def read_json(path: Path) -> Any:
    """The content of a JSON file."""
    content = there(path).read_bytes()
    try:
        return json.loads(content.decode())
    except ValueError as error:  # also of its encoding
        raise changed(path, error) from None


def write_table(path: Path, table: "pd.DataFrame") -> None:
    """Write a table, index included, as Parquet."""
    bare = table.copy(deep=False)
    bare.attrs = {}  # where the rows stood in their source is no part of the table
    with replacing(path) as temporary:
        bare.to_parquet(temporary)


def read_table(path: Path) -> "pd.DataFrame":
    """A table that `write_table` has written."""
    import pandas as pd
    import pyarrow as pa

    source = there(path)
    try:
        return pd.read_parquet(source, pre_buffer=False)  # a column after the other: not all of the file at once
    except (OSError, ValueError) as error:  # pyarrow's own errors are these
        raise changed(path, error) from None
    finally:
        pa.default_memory_pool().release_unused()  # which would be kept: as much as the table takes


def csv_text(table: "pd.DataFrame", *, index: bool = False) -> str:
    """A table as CSV, of which a spreadsheet computes nothing.

    Text that begins as a formula does gets an apostrophe in front, and so does such text that has one already: whoever
    takes away one apostrophe in front of these signs has all text as it was. Numbers stay as they are.
    """
    from pandas.api.types import is_bool_dtype, is_datetime64_any_dtype, is_numeric_dtype

    shown = table.set_axis([_inert(name) for name in table], axis=1)
    quoting = csv.QUOTE_MINIMAL
    for place in range(shown.shape[1]):
        column = shown.iloc[:, place]
        if is_numeric_dtype(column) or is_bool_dtype(column) or is_datetime64_any_dtype(column):
            continue
        texts = {text: _inert(text) for text in column.dropna().unique()}
        if any(isinstance(text, str) and "\r" in text for text in texts):
            quoting = csv.QUOTE_NONNUMERIC  # else what follows the sign would begin a cell
        if any(text is not inert for text, inert in texts.items()):
            shown.isetitem(place, column.astype(object).map(texts, na_action="ignore"))
    return str(shown.to_csv(index=index, lineterminator="\n", quoting=quoting))


def _inert(text: Any) -> Any:
    return f"'{text}" if isinstance(text, str) and FORMULA.match(text) and not NUMBER.fullmatch(text) else text


def there(path: Path) -> Path:
    """The path itself, if an earlier stage has written its file; else InputError."""
    if not path.is_file():
        raise InputError(f"{path}: no such file. An earlier stage writes it: run `dvc repro`.")
    return path


def changed(path: Path, error: Exception) -> InputError:
    """The refusal of a file that could not be read because of `error`."""
    reason = (str(error).splitlines() or [type(error).__name__])[0][:120]
    return InputError(f"{path}: the file was changed after a stage wrote it ({reason}). Run `dvc repro --force`.")


def sha256(path: Path) -> str:
    """The SHA-256 of a file's bytes, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def digest(data: object, files: Iterable[Path] = ()) -> str:
    """SHA-256 of plain data and of the names and bytes of files."""
    result = hashlib.sha256(json.dumps(data, sort_keys=True).encode())
    for path in files:
        result.update(f"\n{path.as_posix()} {sha256(path)}".encode())
    return result.hexdigest()


def say(text: str) -> None:
    """Print a line for the person at the terminal."""
    sys.stdout.write(text + "\n")
