"""Loads the table that the settings declare, with the schema that later stages read."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from pipeline import formatting
from pipeline.config import Data
from pipeline.table import classes, columns
from pipeline.table.ingest import Table, accept
from pipeline.table.origin import origin
from pipeline.table.sources import read


def load(data: Data) -> tuple[pd.DataFrame, pd.Series | None, dict[str, Any], pd.DataFrame]:
    """The table that the settings declare.

    Returns
    -------
    table
        See `Table.data`.
    truth
        Shape (n,), by row_id: the true probability of the positive class; None where it isn't known.
    schema
        See `describe`.
    roles
        See `Table.roles`.

    Raises
    ------
    InputError
        The table can't be used; each problem begins with the file's name.
    """
    source, truth, sha256 = read(data)
    table = accept(source, data)
    if truth is not None:
        truth = truth.rename_axis("row_id")
        if table.positive != 1:  # the simulation gives the probability of a 1
            truth = 1 - truth
    return table.data, truth, describe(table, source, data, sha256=sha256), table.roles


def describe(table: Table, source: pd.DataFrame, data: Data, *, sha256: str) -> dict[str, Any]:
    """The schema: what later stages need to know of the table.

    Returns
    -------
    schema
        `name`; `target`, and its labels `positive` and `negative`, or `labels` by code where there are more than two;
        `features`; by feature, `columns` (its kind, see `pipeline.table.columns.KINDS`) and `declaration` (see
        `pipeline.table.columns.declaration`); `text`, the features that the source has as text other than numbers;
        rows by class, `classes`; `missing`, as `data.missing`; `notes` on how values in the file were
        interpreted; `sha256` of the source; the name of the `weight` column if there is one; and `negatives`, the
        `rows` of the other class and those `read`, if these are a sample.
    """
    counts = table.data[data.target].value_counts().sort_index()
    left_out, read = origin(source).left_out, int(counts.iloc[0])
    names = ("negative", "positive") if table.labels is None else map(formatting.label_text, table.labels)
    features, declared = table.data.iloc[:, :-1], data.columns or {}
    return {
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
        "missing": data.missing,
        "notes": list(origin(source).notes),
        "classes": {name: int(count) for name, count in zip(names, counts, strict=True)},
        "sha256": sha256,
        **({} if table.labels is None else {"labels": table.labels}),
        **({} if data.weight is None else {"weight": data.weight}),
        **({"negatives": {"rows": read + left_out, "read": read}} if left_out else {}),
    }


def kinds_in_words(kinds: Mapping[str, str]) -> str:
    """How many columns there are of each kind, and their names; empty where all are numeric."""
    names: dict[str, list[str]] = {}
    for name, kind in kinds.items():
        names.setdefault(kind, []).append(name)
    if list(names) == ["numeric"]:
        return ""
    listed = {kind: "" if kind == "numeric" else f" ({', '.join(names[kind])})" for kind in names}
    return "; ".join(f"{len(names[kind])} {kind}{listed[kind]}" for kind in columns.KINDS if kind in names)


def classes_in_words(schema: Mapping[str, Any]) -> str:
    """The class counts in words."""
    rows = zip(classes.labels(schema), schema["classes"].values(), strict=True)
    return ", ".join(f"{count:,} {schema['target']} = {label!r}" for label, count in rows)
