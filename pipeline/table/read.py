"""Reads the table that the settings declare, from a file, an address, a database or a simulation."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import asdict, is_dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from pipeline import formatting
from pipeline.config import Data
from pipeline.errors import InputError
from pipeline.table import classes, columns, mountain_shop, sources
from pipeline.table.ingest import accept


def read(data: Data) -> tuple[pd.DataFrame, pd.Series | None, str]:
    """The source table, the true probability of each row where it is known, and the SHA-256 that tells it from others.

    Raises
    ------
    InputError
        It cannot be had, or is fetched, and no `data.sha256` says which table is meant.
    """
    table, truth, found = bring(data)
    if truth is None and data.sha256 is None and data.path.endswith(".yaml"):
        raise InputError(
            f"{data.name}: fetched and kept, {len(table):,} rows, {table.shape[1]:,} columns: say that everyone is to "
            f"get this table with -S data.sha256={found}"
        )
    return table, truth, found


def bring(data: Data) -> tuple[pd.DataFrame, pd.Series | None, str]:
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
    if fetch := _fetch(data):
        origin = {"openml": data.openml, "imbalanced": data.imbalanced, "sql": data.sql}
        plain = {key: asdict(node) if is_dataclass(node) else node for key, node in origin.items()}
        table, found = sources.cached(fetch, data.sha256, origin=plain)
        return table, None, found
    path = Path(data.path)
    if data.url is not None and path.suffix == ".yaml":
        path = sources.download(data.url, data.sha256)
    table = sources.read_table(path, drop=data.drop, sheet=data.sheet)
    found = sources.sha256(path)
    if found != (data.sha256 or found):
        raise InputError(
            f"{path}: expected sha256 {data.sha256}, found {found}: for a table of your own use -S data=csv"
        )
    return table, None, found


def _fetch(data: Data) -> Callable[[], pd.DataFrame] | None:
    """What brings a table that is no file; None where it is one."""
    if (which := data.openml) is not None:
        return lambda: sources.fetch_openml(which.id, name=which.name, version=which.version)
    if (name := data.imbalanced) is not None:
        return lambda: sources.fetch_imbalanced(name)
    if (asked := data.sql) is not None:
        return lambda: sources.read_sql(asked.url, asked.query)
    return None


def load(data: Data) -> tuple[pd.DataFrame, pd.Series | None, dict[str, Any], pd.DataFrame]:
    """The table that `data` declares.

    Returns
    -------
    table
        See `Table.data`.
    truth
        Shape (n,), by row_id: the true probability of the positive class; None where it is not known.
    schema
        Name, target and its labels, features, `columns` (the kind of each, see `pipeline.table.columns.KINDS`),
        `declaration` (of each, see `pipeline.table.columns.declaration`), `text` (those that are text in the source,
        and not numbers), class counts, and the SHA-256 of the source; where one is declared, the `weight` column. With
        more than two classes `labels` has them by their codes, and `positive` and `negative` are None.
    roles
        See `Table.roles`.

    Raises
    ------
    InputError
        With every problem of the table that was found, each with the name of its file.
    """
    source, truth, digest = read(data)
    table = accept(source, data)
    if truth is not None:
        truth = truth.rename_axis("row_id")
        if table.positive != 1:  # the simulation says how probable a 1 is
            truth = 1 - truth
    counts = table.data[data.target].value_counts().sort_index()
    named = ("negative", "positive") if table.labels is None else map(formatting.label_text, table.labels)
    features, declared = table.data.iloc[:, :-1], data.columns or {}
    schema = {
        "name": data.name,
        "target": data.target,
        "positive": table.positive,
        "negative": table.negative,
        "features": list(features),
        "columns": {name: columns.kind(column) for name, column in features.items()},
        "declaration": {
            name: columns.declaration(source[name], column, declared.get(name)) for name, column in features.items()
        },
        "text": [
            name
            for name, column in features.items()
            if isinstance(source[name].dtype, pd.StringDtype) and columns.kind(column) not in ("numeric", "integer")
        ],
        "classes": {name: int(count) for name, count in zip(named, counts, strict=True)},
        "sha256": digest,
        **({} if table.labels is None else {"labels": table.labels}),
        **({} if data.weight is None else {"weight": data.weight}),
    }
    return table.data, truth, schema, table.roles


def count(kinds: Mapping[str, str]) -> str:
    """How many columns there are of each kind, and which; empty where all are numeric."""
    names: dict[str, list[str]] = {}
    for name, kind in kinds.items():
        names.setdefault(kind, []).append(name)
    if list(names) == ["numeric"]:
        return ""
    named = {kind: "" if kind == "numeric" else f" ({', '.join(names[kind])})" for kind in names}
    return "; ".join(f"{len(names[kind])} {kind}{named[kind]}" for kind in columns.KINDS if kind in names)


def counted(schema: Mapping[str, Any]) -> str:
    """The class counts in words."""
    if classes.several(schema):
        return ", ".join(f"{count:,} {schema['target']} = {name}" for name, count in schema["classes"].items())
    return f"{schema['classes']['positive']:,} positive ({schema['target']} = {schema['positive']!r})"
