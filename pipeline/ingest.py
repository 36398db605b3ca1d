"""Reads or simulates the table, refuses what cannot be used, and writes features and a target of codes."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, is_dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pipeline import classes, columns, config, mountain_shop, sources, weights
from pipeline.columns import ColumnError, lines
from pipeline.config import Data
from pipeline.errors import InputError, given, nearest, run
from pipeline.files import INGEST, say, write_json, write_table
from pipeline.grouping import ROLES

RESERVED = ("row_id", "synthetic")
FEW = 5  # rows of a class that may agree with a feature by chance
HEAVIEST = 1e50  # of weights: beyond it, products of four of their sums overflow


@dataclass(frozen=True)
class Table:
    """Features, target, and what the target's codes mean.

    Attributes
    ----------
    data
        Indexed by `row_id`, the row's place in the source, from 0: feature columns, then the target, 1 for the
        positive class and 0 for the other; or, with more classes, the place of its label in `labels`.
    positive, negative
        The labels as the source has them, or `pipeline.classes.REST` for several others; None with more than
        two classes.
    roles
        By `row_id`: `group`, `time` and `weight`, float64, those that are declared.
    labels
        Of more than two classes, by their codes; None for two.
    """

    data: pd.DataFrame
    positive: Any
    negative: Any
    roles: pd.DataFrame
    labels: list[Any] | None = None


def ingest(
    source: pd.DataFrame,
    *,
    target: str,
    positive: Any = None,
    merge: Mapping[Any, Any] | None = None,
    drop: list[str] | None = None,
    integers: bool = False,
    declared: Mapping[str, Any] | None = None,
    roles: Mapping[str, str] | None = None,
) -> Table:
    """The table that all later stages use.

    Parameters
    ----------
    source
        Features of any kind, and the target.
    target
        Name of the target column; spaces around its labels don't count.
    positive
        Label of the class of interest, against all others; None is the rarer of two, and keeps more than two apart.
    merge
        See `pipeline.classes.merged`: what becomes of labels, before anything else.
    drop
        Columns to leave out.
    integers
        Keep integer columns integer. imbalanced-learn casts synthetic values back to the column's type, and so
        truncates them there.
    declared
        What columns are, by name, as `pipeline.columns.typed` takes it; the values tell of the others.
    roles
        Columns that are no features but a `group`, a `time` or a `weight`, by role.

    Raises
    ------
    InputError
        With every problem of the table that was found.
    """
    drop, declared, roles = drop or [], declared or {}, roles or {}
    unknown = [
        f"column {name!r} is not there; {nearest(name, map(str, source.columns))}"
        for name in [target, *drop, *declared, *roles.values()]
        if name not in source
    ]
    if unknown:
        raise InputError(unknown)
    source = source.set_axis(pd.RangeIndex(len(source)))
    labels = _stripped(source[target])
    positive = positive.strip() if isinstance(positive, str) else positive
    features, problems = _features(source.drop(columns=[target, *drop, *roles.values()]), declared, drop)
    beside, missing = _roles(source, roles)
    labels, unmerged = _merged(labels, merge or {})
    telltale = [] if unmerged or features.empty else _telltale(features.loc[labels.index], labels, drop)
    problems = (unmerged or _target_problems(labels, positive)) + problems + telltale + missing
    if "weight" in roles and positive is None and labels.nunique() > 2:
        problems.append(
            f"data.weight: expected two classes, found {labels.nunique():,}: leave it out, or make it one "
            "class against the rest with data.positive"
        )
    if target in declared:
        problems.append(f"data.columns: expected features, found the target {target!r}: leave it out there")
    if problems:
        raise InputError(problems)
    counts = labels.value_counts()
    one = zero = named = None
    if len(counts) > 2 and positive is None:
        codes, named = classes.encoded(labels)
    else:
        one = label_of(positive, counts.index) if positive is not None else rarest_label(counts)
        zero = next(label for label in counts.index if label != one) if len(counts) == 2 else classes.REST
        codes = (labels == one).astype("int8")
    if not integers:
        numbers = [name for name, column in features.items() if columns.kind(column) == "numeric"]
        features = features.astype(dict.fromkeys(numbers, "float64"))
    if len(labels) < len(source):  # without the rows of classes that are left out
        features, beside = features.loc[labels.index], beside.loc[labels.index]
    data = pd.concat([features, codes], axis=1).rename_axis("row_id")
    return Table(data, classes.plain(one), classes.plain(zero), beside.rename_axis("row_id"), named)


def _merged(labels: pd.Series, merge: Mapping[Any, Any]) -> tuple[pd.Series, list[str]]:
    """Labels after `data.classes`, and what is wrong with that."""
    try:
        return classes.merged(labels, merge) if merge else labels, []
    except InputError as error:
        return labels, error.problems


def _stripped(labels: pd.Series) -> pd.Series:
    """Labels without spaces around them; what is empty then is missing."""
    if pd.api.types.is_numeric_dtype(labels) or isinstance(labels.dtype, pd.CategoricalDtype):
        return labels
    bare = labels.map(lambda label: label.strip() if isinstance(label, str) else label, na_action="ignore")
    return bare.mask(bare == "")


def rarest_label(counts: pd.Series) -> Any:
    """The label of the fewest rows; of two as rare the larger, as in 0 and 1."""
    return max(counts.index[counts == counts.min()])


def label_of(positive: Any, labels: pd.Index) -> Any:
    """The label among `labels` that `positive` names; None if there is none."""
    return next((label for label in labels if label == positive or str(label) == str(positive)), None)


def _target_problems(labels: pd.Series, positive: Any) -> list[str]:
    column = f"target {labels.name!r}"
    if labels.name in RESERVED:
        return [f"{column}: this name is taken: rename it"]
    missing = np.flatnonzero(labels.isna())
    if missing.size:
        return [
            f"{column}: expected a class in every row, found none in {lines(missing)}: "
            "fill them in or leave those rows out"
        ]
    if pd.api.types.is_float_dtype(labels) and np.isinf(labels).any():
        return [f"{column}: expected a class in every row, found inf in {lines(np.flatnonzero(np.isinf(labels)))}"]
    counts = labels.value_counts()
    if len(counts) < 2:
        found = f"one: {classes.listed(counts)}" if len(counts) else "none"
        return [f"{column}: expected two classes or more, found {found}"]
    if several := classes.problems(counts, positive=positive) if len(counts) > 2 else []:
        return [f"{column}: {problem}" for problem in several]
    if positive is not None and label_of(positive, counts.index) is None:
        return [f"{column}: data.positive {positive!r} is not there; there is: {classes.listed(counts)}"]
    return []


def _features(source: pd.DataFrame, declared: Mapping[str, Any], drop: list[str]) -> tuple[pd.DataFrame, list[str]]:
    """Each column in the dtype that says its kind, and what is wrong with those that have none."""
    if source.shape[1] == 0:
        return source, ["expected at least one feature beside the target, found none"]
    features, problems, useless = {}, {}, []
    for name, column in source.items():
        if name in RESERVED:
            problems[name] = "this name is taken: rename it"
            continue
        try:
            features[name] = columns.typed(column, declared.get(name))
            if features[name].isna().all():
                raise ColumnError("expected values, found none at all", "")
        except ColumnError as error:
            useless.append(name)
            problems[name] = f"{error}: {error.mend}{', or ' if error.mend else ''}"
            continue
        if problem := columns.out_of_reach(features[name]):
            problems[name] = problem
    if not problems and all(column.nunique(dropna=False) <= 1 for column in features.values()) and len(source) > 1:
        return source, ["expected a feature that differs between rows, found one value in each: add others"]
    leave = f"leave it out with {given('data.drop', map(str, [*drop, *useless]))}"
    return pd.DataFrame(features), [
        f"column {name!r}: {problem}{leave if name in useless else ''}" for name, problem in problems.items()
    ]


def _telltale(features: pd.DataFrame, labels: pd.Series, drop: list[str]) -> list[str]:
    """What to say of features that are the target under another name."""
    classes = pd.factorize(labels)[0]
    problems = []
    if labels.nunique() > 1 and labels.value_counts().min() >= FEW:
        same = [str(name) for name in features if np.array_equal(pd.factorize(features[name])[0], classes)]
        leave = given("data.drop", [*map(str, drop), *same])
        problems = [
            f"column {name!r}: expected a feature, found one value for each class and no other, as if it were the "
            f"target {labels.name!r}: leave it out with {leave}"
            for name in same
        ]
    return problems


def _roles(source: pd.DataFrame, roles: Mapping[str, str]) -> tuple[pd.DataFrame, list[str]]:
    """The columns that say how rows may be split and what they count, by role, and what is wrong with them."""
    found, problems = pd.DataFrame(index=source.index), []
    for role, name in roles.items():
        column, empty = source[name], np.flatnonzero(source[name].isna())
        if empty.size:
            problems.append(
                f"data.{role}: column {name!r}: expected a value in every row, found none in {lines(empty)}"
            )
            continue
        if role == "time" and not pd.api.types.is_numeric_dtype(column):
            try:
                column = columns.typed(column, "date")
            except ColumnError as error:
                problems.append(f"data.{role}: column {name!r}: expected numbers or dates: {error}")
                continue
        if role == "weight":
            mend = "correct these cells, or leave out the rows"
            try:
                column = columns.typed(column, "numeric").astype("float64")
            except ColumnError as error:
                problems.append(f"data.{role}: column {name!r}: {error}: {mend}")
                continue
            if (bad := np.flatnonzero(~((column >= 1 / HEAVIEST) & (column <= HEAVIEST)))).size:
                cells = ", ".join(f"{value:g}" for value in column.iloc[bad[: columns.CELLS]])
                problems.append(
                    f"data.{role}: column {name!r}: expected finite numbers above 0 ({1 / HEAVIEST:g} to "
                    f"{HEAVIEST:g}), found {cells} in {lines(bad)}: {mend}"
                )
                continue
        found[role] = column
    return found, problems


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


def accept(source: pd.DataFrame, data: Data) -> Table:
    """The table that `data` makes of its source; raises InputError with every problem, each with the file's name."""
    try:
        return ingest(
            source,
            target=data.target,
            positive=data.positive,
            merge=data.classes,
            drop=data.drop,
            integers=data.integers,
            declared=data.columns,
            roles={role: getattr(data, role) for role in ROLES if getattr(data, role)},
        )
    except InputError as error:
        raise InputError(f"{data.path}: {problem}" for problem in error.problems) from None


def load(data: Data) -> tuple[pd.DataFrame, pd.Series | None, dict[str, Any], pd.DataFrame]:
    """The table that `data` declares.

    Returns
    -------
    table
        See `Table.data`.
    truth
        Shape (n,), by row_id: the true probability of the positive class; None where it is not known.
    schema
        Name, target and its labels, features, `columns` (the kind of each, see `pipeline.columns.KINDS`), `declaration`
        (of each, see `pipeline.columns.declaration`), `text` (those that are text in the source, and not numbers),
        class counts, and the SHA-256 of the source; where one is declared, the `weight` column. With more than two
        classes `labels` has them by their codes, and `positive` and `negative` are None.
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
    named = ("negative", "positive") if table.labels is None else map(classes.word, table.labels)
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


def _counted(schema: Mapping[str, Any]) -> str:
    """The class counts in words."""
    if classes.several(schema):
        return ", ".join(f"{count:,} {schema['target']} = {name}" for name, count in schema["classes"].items())
    return f"{schema['classes']['positive']:,} positive ({schema['target']} = {schema['positive']!r})"


def main() -> None:
    """Read, check, write."""
    data = config.load().data
    table, truth, schema, roles = load(data)
    write_table(INGEST / "table.parquet", table)
    write_table(INGEST / "roles.parquet", roles)
    (INGEST / "truth.parquet").unlink(missing_ok=True)
    if truth is not None:
        write_table(INGEST / "truth.parquet", truth.to_frame())  # apart from the features, so that no fit can see it
    write_json(INGEST / "schema.json", schema)
    say(f"{data.name}: {len(table):,} rows, {_counted(schema)}")
    if data.classes:
        changed = ", ".join(f"{label} {'left out' if to is None else f'is {to}'}" for label, to in data.classes.items())
        say(f"{data.name}: data.classes: {changed}")
    if kinds := count(schema["columns"]):
        say(f"{data.name}: {kinds}")
    if (weight := weights.of(roles)) is not None:
        stand, tell = (weights.shown(each) for each in (float(weight.sum()), weights.effective(weight)))
        say(f"{data.name}: weighted by {data.weight}: the rows stand for {stand:,}, and tell as much as {tell:,} alike")


if __name__ == "__main__":
    run(main)
