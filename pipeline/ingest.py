"""Reads or simulates the table, refuses what cannot be used, and writes features and a 0/1 target."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pipeline import config, mountain_shop, sources
from pipeline.config import Data
from pipeline.errors import InputError, nearest, run
from pipeline.files import INGEST, say, write_json, write_table

RESERVED = ("row_id", "synthetic")
LARGEST = 1e100  # beyond it, squares overflow
CELLS = 3  # rows named in an error


@dataclass(frozen=True)
class Table:
    """Features, target, and what the target's 1 and 0 mean.

    Attributes
    ----------
    data
        Indexed by `row_id`, the row's place in the source, from 0: feature columns, then the target, 1 for the
        positive class and 0 for the other.
    positive, negative
        The labels as the source has them.
    """

    data: pd.DataFrame
    positive: Any
    negative: Any


def ingest(
    source: pd.DataFrame, *, target: str, positive: Any = None, drop: list[str] | None = None, integers: bool = False
) -> Table:
    """The table that all later stages use.

    Parameters
    ----------
    source
        Numeric features and the target.
    target
        Name of the target column.
    positive
        Label of the class of interest; None is the rarer one.
    drop
        Columns to leave out.
    integers
        Keep integer columns integer. imbalanced-learn casts synthetic values back to the column's type, and so
        truncates them there.

    Raises
    ------
    InputError
        With every problem of the table that was found.
    """
    drop = drop or []
    unknown = [
        f"column {name!r} is not there; {nearest(name, map(str, source.columns))}"
        for name in [target, *drop]
        if name not in source
    ]
    if unknown:
        raise InputError(unknown)
    features = source.drop(columns=[target, *drop])
    labels = source[target]
    problems = _target_problems(labels, positive) + _feature_problems(features)
    if problems:
        raise InputError(problems)
    counts = labels.value_counts()
    one = _label(positive, counts.index) if positive is not None else _rarest(counts)
    zero = next(label for label in counts.index if label != one)
    numeric = features if integers else features.astype("float64")
    data = pd.concat([numeric, (labels == one).astype("int8")], axis=1)
    data.index = pd.RangeIndex(len(data), name="row_id")
    return Table(data, _plain(one), _plain(zero))


def _rarest(counts: pd.Series) -> Any:
    # Of two equal classes the larger label, as in 0 and 1.
    return max(counts.index[counts == counts.min()])


def _label(positive: Any, labels: pd.Index) -> Any:
    """The label among `labels` that `positive` names; None if there is none."""
    return next((label for label in labels if label == positive or str(label) == str(positive)), None)


def _plain(label: Any) -> Any:
    """A numpy scalar as Python's own, which JSON has."""
    return label.item() if isinstance(label, np.generic) else label


def _lines(rows: np.ndarray) -> str:
    """Where rows stand: line numbers of the file, of which the header is the first."""
    shown = ", ".join(str(row + 2) for row in rows[:CELLS])
    return f"line{'s' if len(rows) > 1 else ''} {shown}" + (
        f" and {len(rows) - CELLS:,} more" if len(rows) > CELLS else ""
    )


def _target_problems(labels: pd.Series, positive: Any) -> list[str]:
    column = f"target {labels.name!r}"
    if labels.name in RESERVED:
        return [f"{column}: this name is taken: rename it"]
    missing = np.flatnonzero(labels.isna())
    if missing.size:
        return [
            f"{column}: expected a class in every row, found none in {_lines(missing)}: "
            "fill them in or leave those rows out"
        ]
    if pd.api.types.is_float_dtype(labels) and np.isinf(labels).any():
        return [f"{column}: expected a class in every row, found inf in {_lines(np.flatnonzero(np.isinf(labels)))}"]
    counts = labels.value_counts()
    listed = ", ".join(
        f"{label!r} ({count:,})" for label, count in list(zip(map(_plain, counts.index), counts, strict=True))[:6]
    )
    if len(counts) == 1:
        return [f"{column}: expected two classes, found one: {listed}"]
    if len(counts) > 2:
        rest = f" and {len(counts) - 6:,} more" if len(counts) > 6 else ""
        return [
            f"{column}: expected two classes, found {len(counts):,}: {listed}{rest}: "
            "make it one class against the rest first"
        ]
    if positive is not None and _label(positive, counts.index) is None:
        return [f"{column}: data.positive {positive!r} is not there; there is: {listed}"]
    return []


def _feature_problems(features: pd.DataFrame) -> list[str]:
    if features.shape[1] == 0:
        return ["expected at least one feature beside the target, found none"]
    problems = [f"column {name!r}: this name is taken: rename it" for name in features.columns if name in RESERVED]
    for name, column in features.items():
        if not pd.api.types.is_numeric_dtype(column):
            bad = np.flatnonzero(pd.to_numeric(column, errors="coerce").isna() & column.notna())
            if bad.size:
                cells = ", ".join(repr(value) for value in column.iloc[bad[:CELLS]])
                problems.append(
                    f"column {name!r}: expected numbers, found {cells} in {_lines(bad)}: "
                    f"make it numeric, or leave it out with -S 'data.drop=[{name}]'"
                )
            else:
                problems.append(
                    f"column {name!r}: expected numbers, found {column.dtype}: make it numeric, or leave it out"
                )
            continue
        values = column.to_numpy(dtype=float, na_value=np.nan)
        infinite, huge = np.flatnonzero(np.isinf(values)), np.flatnonzero(np.abs(values) > LARGEST)
        if infinite.size:
            problems.append(
                f"column {name!r}: expected finite numbers, found inf in {_lines(infinite)}: "
                "correct or empty these cells"
            )
        elif huge.size:
            problems.append(
                f"column {name!r}: expected numbers within {LARGEST:g}, found {values[huge[0]]:g} in {_lines(huge)}: "
                "correct or empty these cells, or use another unit"
            )
        if column.isna().all():
            problems.append(
                f"column {name!r}: expected numbers, found no value at all: leave it out with -S 'data.drop=[{name}]'"
            )
    return problems


def read(data: Data) -> tuple[pd.DataFrame, pd.Series | None, str]:
    """The source table, the true probability of each row where it is known, and the SHA-256 of the table's bytes."""
    if data.simulation is not None:
        s = data.simulation
        if data.target != mountain_shop.TARGET:
            raise InputError(
                f"data.target: expected {mountain_shop.TARGET!r}, whose probability the simulation knows, "
                f"found {data.target!r}"
            )
        table, truth = mountain_shop.simulate(rows=s.rows, prevalence=s.prevalence, seed=s.seed)
        return table, truth, hashlib.sha256(pd.util.hash_pandas_object(table).to_numpy().tobytes()).hexdigest()
    path = Path(data.path)
    expected = data.download.sha256 if data.download else None
    if data.download and path.suffix == ".yaml":
        path = sources.download(data.download.url, data.download.sha256)
    table = sources.read_table(path, drop=data.drop)
    found = sources.sha256(path)
    if expected and found != expected:
        raise InputError(f"{path}: expected sha256 {expected}, found {found}: for a table of your own use -S data=csv")
    return table, None, found


def load(data: Data) -> tuple[pd.DataFrame, pd.Series | None, dict[str, Any]]:
    """The table that `data` declares.

    Returns
    -------
    table
        See `Table.data`.
    truth
        Shape (n,), by row_id: the true probability of the positive class; None where it is not known.
    schema
        Name, target and its labels, features, class counts, and the SHA-256 of the source.

    Raises
    ------
    InputError
        With every problem of the table that was found, each with the name of its file.
    """
    source, truth, digest = read(data)
    try:
        table = ingest(source, target=data.target, positive=data.positive, drop=data.drop, integers=data.integers)
    except InputError as error:
        raise InputError(f"{data.path}: {problem}" for problem in error.problems) from None
    if truth is not None:
        truth = truth.rename_axis("row_id")
        if table.positive != 1:  # the simulation says how probable a 1 is
            truth = 1 - truth
    counts = table.data[data.target].value_counts()
    schema = {
        "name": data.name,
        "target": data.target,
        "positive": table.positive,
        "negative": table.negative,
        "features": list(table.data.columns[:-1]),
        "classes": {"negative": int(counts[0]), "positive": int(counts[1])},
        "sha256": digest,
    }
    return table.data, truth, schema


def main() -> None:
    """Read, check, write."""
    data = config.load().data
    table, truth, schema = load(data)
    write_table(INGEST / "table.parquet", table)
    (INGEST / "truth.parquet").unlink(missing_ok=True)
    if truth is not None:
        write_table(INGEST / "truth.parquet", truth.to_frame())  # apart from the features, so that no fit can see it
    write_json(INGEST / "schema.json", schema)
    positive = f"{schema['classes']['positive']:,} positive ({data.target} = {schema['positive']!r})"
    say(f"{data.name}: {len(table):,} rows, {positive}")


if __name__ == "__main__":
    run(main)
