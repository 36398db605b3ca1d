"""Gets the declared table from a file, an address, a database or a simulation."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import pandas as pd

from pipeline.config import Data, Settings
from pipeline.errors import InputError
from pipeline.table import download, file, mountain_shop, repositories, sql


def read(data: Data) -> tuple[pd.DataFrame, pd.Series | None, str]:
    """The source table, the true probability of each row where it is known, and the SHA-256 that tells it from others.

    Raises
    ------
    InputError
        It cannot be had, or is fetched, and no `data.sha256` says which table is meant.
    """
    table, truth, found = fetch(data)
    if truth is None and data.sha256 is None and data.path.endswith(".yaml"):
        raise InputError(
            f"{data.name}: fetched and kept, {len(table):,} rows, {table.shape[1]:,} columns: say that everyone is to "
            f"get this table with -S data.sha256={found}"
        )
    return table, truth, found


def fetch(data: Data) -> tuple[pd.DataFrame, pd.Series | None, str]:
    """What `read` gives, whether or not `data.sha256` is declared."""
    if data.simulation is not None:
        s = data.simulation
        if data.target != mountain_shop.TARGET:
            raise InputError(
                f"data.target: expected {mountain_shop.TARGET!r}, whose probability the simulation knows, "
                f"found {data.target!r}"
            )
        table, truth = mountain_shop.simulate(rows=s.rows, prevalence=s.prevalence, seed=s.seed)
        return table, truth, hashlib.sha256(pd.util.hash_pandas_object(table).to_numpy().tobytes()).hexdigest()
    if fetch := _query(data):
        origin = {"openml": data.openml, "imbalanced": data.imbalanced, "sql": data.sql}
        plain = {key: node.model_dump() if isinstance(node, Settings) else node for key, node in origin.items()}
        table, found = download.cached(fetch, data.sha256, origin=plain)
        return table, None, found
    path = Path(data.path)
    if data.url is not None and path.suffix == ".yaml":
        path = download.download(data.url, data.sha256)
    table = file.read_table(path, drop=data.drop, sheet=data.sheet)
    found = download.sha256(path)
    if found != (data.sha256 or found):
        raise InputError(
            f"{path}: expected sha256 {data.sha256}, found {found}: for a table of your own use -S data=csv"
        )
    return table, None, found


def _query(data: Data) -> Callable[[], pd.DataFrame] | None:
    """What brings a table that is no file; None where it is one."""
    if (which := data.openml) is not None:
        return lambda: repositories.fetch_openml(which.id, name=which.name, version=which.version)
    if (name := data.imbalanced) is not None:
        return lambda: repositories.fetch_imbalanced(name)
    if (asked := data.sql) is not None:
        return lambda: sql.read_sql(asked.url, asked.query)
    return None
