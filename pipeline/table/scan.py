"""Reads Parquet files in batches: all rows, or the positives and a sample of the others."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset
import pyarrow.parquet

from pipeline.config import Data
from pipeline.errors import InputError, broken, nearest
from pipeline.files import sha256
from pipeline.formatting import name_text
from pipeline.table import arrow, delimited, negatives
from pipeline.table.interpretation import interpret
from pipeline.table.origin import Origin, placed
from pipeline.table.reading import Reading

BATCH = 2**16  # rows
AHEAD = {"batch_size": BATCH, "batch_readahead": 2, "fragment_readahead": 1}  # so that memory is bounded by batches
MAGIC = b"PAR1"


def files(data: Data) -> list[Path] | None:
    """The Parquet files to read in batches, by name; None where the table is another file, which is read as a whole.

    Raises
    ------
    InputError
        `data.files` is declared, and there is no such file, or one is not Parquet.
    """
    path = Path(data.path)
    if data.files is None:
        asked = data.negatives_per_positive is not None and data.target  # rebalance inspect may look for a target
        return [path] if asked and path.is_file() and _is_parquet(path) else None
    if not path.is_dir():
        raise InputError(f"{path}: expected a folder, because of data.files={data.files}. Correct data.path.")
    try:
        found = sorted(each for each in path.glob(data.files) if each.is_file())
    except (ValueError, NotImplementedError) as error:
        raise InputError(
            f"data.files: expected a pattern such as '*.parquet', found {data.files!r} ({error})."
        ) from None
    if not found:
        there = sorted(each.name for each in path.iterdir() if each.is_file())
        raise InputError(
            f"{path}: no file matches data.files={data.files}; "
            + (nearest(data.files, there) if there else "the folder is empty.")
        )
    if others := [str(each) for each in found if not _is_parquet(each)]:
        raise InputError(f"{each}: expected a Parquet file, because data.files reads only these." for each in others)
    return found


def _is_parquet(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(len(MAGIC)) == MAGIC
    except OSError:  # whoever reads it whole says why
        return False


def hashed(paths: list[Path], data: Data, how: Reading) -> tuple[pd.DataFrame, str]:
    """The rows of Parquet files, see `read`, and their SHA-256.

    It is that of the file; of files in a folder, that of the lines which `sha256sum` prints about them there.

    Raises
    ------
    InputError
        See `read`; or a file changed in between.
    """
    folder, before = Path(data.path), _states(paths)
    each = [sha256(path) for path in paths]
    table = read(paths, data, how)
    if changed := [str(path) for path, now in _states(paths).items() if now != before[path]]:
        raise InputError(f"{path}: the file changed while it was read. Run this again." for path in changed)
    if paths == [folder]:
        return table, each[0]
    lines = [f"{sha256}  {path.relative_to(folder).as_posix()}\n" for sha256, path in zip(each, paths, strict=True)]
    return table, hashlib.sha256("".join(lines).encode()).hexdigest()


def _states(paths: list[Path]) -> dict[Path, tuple[int, int]]:
    """By file, when it was changed, in nanoseconds, and its size in bytes."""
    return {path: (found.st_mtime_ns, found.st_size) for path in paths for found in [path.stat()]}


def read(paths: list[Path], data: Data, how: Reading) -> pd.DataFrame:
    """The rows of Parquet files, one file after the other; see `pipeline.table.negatives` on which.

    Raises
    ------
    InputError
        The files can't be read as one table; each problem begins with the path.
    """
    try:
        source = _opened(paths)
        whole = data.negatives_per_positive is None or not data.target
        return interpret(_whole(source, how) if whole else _sampled(source, data, how), how)
    except InputError as error:
        raise error.within(data.path) from None
    except arrow.ERRORS as error:
        raise broken("Parquet files", error).within(data.path) from None


def _opened(paths: list[Path]) -> pyarrow.dataset.Dataset:
    """The files as one table."""
    first = pyarrow.parquet.read_schema(paths[0])
    problems = delimited.header_problems([name_text(name) for name in first.names])
    for path in paths[1:]:
        schema = pyarrow.parquet.read_schema(path)
        if schema.names != first.names:
            problems.append(
                f"{path.name}: expected the columns of {paths[0].name}, {_differ(first.names, schema.names)}."
            )
        problems += [
            f"{path.name}, column {one.name!r}: expected {one.type} as in {paths[0].name}, found {other.type}. Convert "
            "the column."
            for one, other in zip(first, schema, strict=False)
            if one.name == other.name and one.type != other.type
        ]
    if problems:
        raise InputError(problems)
    return pyarrow.dataset.dataset(paths, schema=first, format="parquet")


def _differ(expected: list[str], found: list[str]) -> str:
    """In words, how lists of column names differ."""
    missing, more = (
        [name for name in one if name not in other] for one, other in ((expected, found), (found, expected))
    )
    words = [
        *([f"missing are {', '.join(missing)}"] if missing else []),
        *([f"new are {', '.join(more)}"] if more else []),
    ]
    return " and ".join(words) or "found another order"


def _whole(source: pyarrow.dataset.Dataset, how: Reading) -> pd.DataFrame:
    return arrow.columns(arrow.frame("Parquet files", source.to_table), drop=how.drop)


def _sampled(source: pyarrow.dataset.Dataset, data: Data, how: Reading) -> pd.DataFrame:
    """The positives, and a sample of the other rows; all rows where these are few enough."""
    names = [name_text(name) for name in source.schema.names]
    if data.target not in names:
        raise InputError(f"the table has no column {data.target!r}; {nearest(data.target, names)}")
    column = source.schema.names[names.index(data.target)]
    try:
        values, counts = _counted(source, column)
    except pa.ArrowNotImplementedError:
        kind = source.schema.field(column).type
        raise InputError(
            f"target {data.target!r}: expected classes, found values of type {kind}. Convert it."
        ) from None
    assert data.negatives_per_positive is not None
    try:
        found = negatives.sampling(_target(values, data, how), counts, data, data.negatives_per_positive)
    except negatives.UnusableTarget:  # again with all rows, so that the message can name them
        negatives.usable(_target(_plain(source.to_table([column])[column]), data, how), data)
        raise
    if found is None:
        return _whole(source, how)
    kept, numbers, read = [], [], np.zeros(len(counts), dtype=np.int64)
    for start, batch in _batches(source):
        places = pc.index_in(_plain(batch[column]), value_set=values).to_numpy(zero_copy_only=False)
        rows = np.flatnonzero(found.kept(places, np.arange(start, start + len(batch))))
        kept.append(batch.take(pa.array(rows)))
        numbers.append(rows + start)
        read += np.bincount(places[rows], minlength=len(counts))
    rows = np.concatenate(numbers)
    made = arrow.frame("Parquet files", lambda: pa.Table.from_batches(kept, source.schema))
    table = arrow.columns(placed(made, Origin("row", numbers=rows + 1)), drop=how.drop)
    return found.restricted(table, rows, counts, read)


def _batches(source: pyarrow.dataset.Dataset, columns: list[str] | None = None) -> Iterator[tuple[int, pa.RecordBatch]]:
    """The batches in the order of the files, each with the number of its first row."""
    start = 0
    for batch in source.to_batches(columns, **AHEAD):
        yield start, batch
        start += len(batch)


def _counted(source: pyarrow.dataset.Dataset, column: str) -> tuple[pa.Array, np.ndarray]:
    """The different values of a column, and the number of rows with each."""
    found = [pc.value_counts(_plain(batch[column])) for _, batch in _batches(source, [column])]
    if not found:
        raise InputError("expected rows and columns, found none. Correct data.path.")
    every = pa.Table.from_batches([pa.RecordBatch.from_struct_array(each) for each in found])
    counted = every.group_by("values", use_threads=False).aggregate([("counts", "sum")]).combine_chunks()
    return counted["values"].combine_chunks(), counted["counts_sum"].to_numpy()


def _plain(values: pa.Array | pa.ChunkedArray) -> Any:
    """Values of a dictionary as such."""
    return values.cast(values.type.value_type) if pa.types.is_dictionary(values.type) else values


def _target(values: pa.Array | pa.ChunkedArray, data: Data, how: Reading) -> pd.Series:
    """Values of the target column as they are in the table."""
    made = arrow.frame("Parquet files", lambda: pa.table({data.target: values}))
    return interpret(arrow.columns(made), how)[data.target]
