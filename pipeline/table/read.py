"""Loads the table that the settings declare, with the schema that later stages read."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from pipeline import formatting
from pipeline.config import Data
from pipeline.table import classes, columns
from pipeline.table.ingest import accept
from pipeline.table.sources import read


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
        "classes": {name: int(kinds_in_words) for name, kinds_in_words in zip(named, counts, strict=True)},
        "sha256": digest,
        **({} if table.labels is None else {"labels": table.labels}),
        **({} if data.weight is None else {"weight": data.weight}),
    }
    return table.data, truth, schema, table.roles


def kinds_in_words(kinds: Mapping[str, str]) -> str:
    """How many columns there are of each kind, and which; empty where all are numeric."""
    names: dict[str, list[str]] = {}
    for name, kind in kinds.items():
        names.setdefault(kind, []).append(name)
    if list(names) == ["numeric"]:
        return ""
    named = {kind: "" if kind == "numeric" else f" ({', '.join(names[kind])})" for kind in names}
    return "; ".join(f"{len(names[kind])} {kind}{named[kind]}" for kind in columns.KINDS if kind in names)


def classes_in_words(schema: Mapping[str, Any]) -> str:
    """The class counts in words."""
    rows = zip(classes.labels(schema), schema["classes"].values(), strict=True)
    return ", ".join(f"{count:,} {schema['target']} = {label!r}" for label, count in rows)
