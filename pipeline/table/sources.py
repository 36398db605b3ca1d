"""Gets the declared table from a file, a web address, a database or a simulation."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import pandas as pd

from pipeline.config import Data, Settings
from pipeline.errors import InputError
from pipeline.table import columns, download, file, mountain_shop, negatives, repositories, scan, sql
from pipeline.table.interpretation import interpret
from pipeline.table.reading import Reading


def read(data: Data) -> tuple[pd.DataFrame, pd.Series | None, str]:
    """The source table, the true probability of each row where it's known, and the SHA-256 of the source.

    Raises
    ------
    InputError
        The table can't be read; or it was downloaded, and `data.sha256` isn't declared.
    """
    table, truth, sha256 = fetch(data)
    if truth is None and data.sha256 is None and data.path.endswith(".yaml"):
        raise InputError(
            f"{data.name}: fetched {len(table):,} rows and {table.shape[1]:,} columns. So that everyone gets the "
            f"same table, add its SHA-256 and run again: -S data.sha256={sha256}"
        )
    return table, truth, sha256


def fetch(data: Data) -> tuple[pd.DataFrame, pd.Series | None, str]:
    """The same as `read`, whether or not `data.sha256` is declared."""
    table, truth, sha256 = _whole(data)
    return negatives.sampled(table, data), truth, sha256


def _whole(data: Data) -> tuple[pd.DataFrame, pd.Series | None, str]:
    """The same; of Parquet files only the rows that are wanted."""
    if data.simulation is not None:
        return _simulated(data)
    if query := _query(data):
        origin = {"openml": data.openml, "imbalanced": data.imbalanced, "sql": data.sql}
        plain = {key: node.model_dump() if isinstance(node, Settings) else node for key, node in origin.items()}
        table, sha256 = download.cached(query, data.sha256, origin=plain)
        return interpret(table, reading(data)), None, sha256
    path = Path(data.path)
    if data.url is not None and path.suffix == ".yaml":
        path = download.download(data.url, data.sha256)
    if paths := scan.files(data):
        table, sha256 = scan.hashed(paths, data, reading(data))
    else:
        table, sha256 = file.hashed(path, reading(data))
    if sha256 != (data.sha256 or sha256):
        raise InputError(
            f"{path}: expected sha256 {data.sha256}, found {sha256}. For a table of your own, use -S data=csv. If this "
            "file is right, correct data.sha256."
        )
    return table, None, sha256


def reading(data: Data) -> Reading:
    """How the settings say that a table is read."""
    kinds = data.columns or {}
    return Reading(
        drop=data.drop,
        text=[name for name, kind in kinds.items() if kind not in ("numeric", "integer", "boolean")],
        numbers=columns.numbers(kinds),
        labels=[name for name in (data.target, data.group) if name is not None],
        missing=data.missing,
        header=data.header,
        names=data.names,
        skip_rows=data.skip_rows,
        sheet=data.sheet,
    )


def _simulated(data: Data) -> tuple[pd.DataFrame, pd.Series, str]:
    assert data.simulation is not None
    s = data.simulation
    table, truth = mountain_shop.simulate(rows=s.rows, prevalence=s.prevalence, seed=s.seed)
    return table, truth, hashlib.sha256(pd.util.hash_pandas_object(table).to_numpy().tobytes()).hexdigest()


def _query(data: Data) -> Callable[[], pd.DataFrame] | None:
    """What fetches the table from OpenML, imbalanced-learn or a database; None for a table in a file."""
    if (openml := data.openml) is not None:
        return lambda: repositories.fetch_openml(openml.id, name=openml.name, version=openml.version)
    if (name := data.imbalanced) is not None:
        return lambda: repositories.fetch_imbalanced(name)
    if (query := data.sql) is not None:
        return lambda: sql.read_sql(query.url, query.query, variable=query.url_env)
    return None
