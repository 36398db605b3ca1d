"""Files on disk: written completely or not at all, with the same bytes for the same content."""

import hashlib
import io
import json
import re
import sys
import tempfile
import zipfile
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
# The types in fitted models that skops doesn't trust by itself.
TRUSTED_TYPES = (
    "numpy.dtype",
    "pipeline.fit.encoding.Numbers",
    "pipeline.fit.encoding.Whole",
    "pipeline.fit.encoding.named",
    "pipeline.tracking.scoring.Scorer",
    "sklearn.calibration._CalibratedClassifier",
    "sklearn.calibration._SigmoidCalibration",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
    "sklearn.tree._tree.Tree",
)


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
    content = _there(path).read_bytes()
    try:
        return json.loads(content.decode())
    except ValueError as error:  # also of its encoding
        raise _changed(path, error) from None


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

    there = _there(path)
    try:
        return pd.read_parquet(there, pre_buffer=False)  # a column after the other: not all of the file at once
    except (OSError, ValueError) as error:  # pyarrow's own errors are these
        raise _changed(path, error) from None
    finally:
        pa.default_memory_pool().release_unused()  # which would be kept: as much as the table takes


def _there(path: Path) -> Path:
    if not path.is_file():
        raise InputError(f"{path}: no such file. An earlier stage writes it: run `dvc repro`.")
    return path


def _changed(path: Path, error: Exception) -> InputError:
    reason = (str(error).splitlines() or [type(error).__name__])[0][:120]
    return InputError(f"{path}: the file was changed after a stage wrote it ({reason}). Run `dvc repro --force`.")


def write_model(path: Path, model: Any) -> None:
    """Write a fitted estimator in skops' format, which runs no code when read, with stable bytes.

    Raises
    ------
    InputError
        It has a type that `read_model` would refuse.
    """
    import skops.io

    data = skops.io.dumps(model)
    if unknown := _unknown(data):
        name = type(model).__name__
        raise InputError(f"{name} can't be stored safely, because it contains {unknown}. Choose another model.")
    write_bytes(path, _canonical(data))


def read_model(path: Path) -> Any:
    """A fitted estimator that `write_model` has written.

    Raises
    ------
    InputError
        The file has a type that neither skops trusts nor `TRUSTED_TYPES` lists, and that isn't of extensions/.
    """
    import skops.io

    data = _there(path).read_bytes()
    if unknown := _unknown(data):
        raise InputError(
            f"{path}: not loaded, because it contains {unknown}, which isn't trusted. Run `dvc repro --force`."
        )
    return skops.io.loads(data, trusted=[*TRUSTED_TYPES, *own_types(data)])


def _unknown(archive: bytes) -> str:
    """The types in a skops archive that are neither trusted nor of this project's extensions/."""
    import skops.io

    untrusted = set(skops.io.get_untrusted_types(data=archive))
    return ", ".join(sorted(untrusted - set(TRUSTED_TYPES) - set(own_types(archive))))


def own_types(archive: bytes) -> list[str]:
    """The types in a skops archive that are of this project's extensions/."""
    import skops.io

    return [name for name in skops.io.get_untrusted_types(data=archive) if name.startswith(f"{EXTENSIONS}.")]


def _canonical(archive: bytes) -> bytes:
    """The same skops archive with counters for its memory addresses and a constant for its times."""
    with zipfile.ZipFile(io.BytesIO(archive)) as source:
        schema = source.read("schema.json").decode()
        numbers: dict[str, str] = {}
        for address in re.findall(r'"__id__": (\d+)|"(\d+)\.npy"', schema):
            numbers.setdefault(address[0] or address[1], str(len(numbers)))
        schema = re.sub(r'(?<="__id__": )\d+', lambda m: numbers[m[0]], schema)
        schema = re.sub(r'(?<=")\d+(?=\.npy")', lambda m: numbers[m[0]], schema)
        members = {"schema.json": schema.encode()}
        for name in source.namelist():
            if name != "schema.json":
                stem, dot, ending = name.partition(".")
                members[numbers.get(stem, stem) + dot + ending] = source.read(name)
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as canonical:
        for name in sorted(members):
            info = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            info.create_system = 3  # Unix, on every system
            canonical.writestr(info, members[name])
    return target.getvalue()


def digest(data: object, files: Iterable[Path] = ()) -> str:
    """SHA-256 of plain data and of the names and bytes of files."""
    result = hashlib.sha256(json.dumps(data, sort_keys=True).encode())
    for path in files:
        result.update(f"\n{path.as_posix()} {hashlib.sha256(path.read_bytes()).hexdigest()}".encode())
    return result.hexdigest()


def say(text: str) -> None:
    """Print a line for the person at the terminal."""
    sys.stdout.write(text + "\n")
