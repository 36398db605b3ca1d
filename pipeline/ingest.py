"""Reads or simulates the table, refuses what cannot be used, and writes features and a target of codes."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pipeline import classes, columns, config, mountain_shop, sources
from pipeline.columns import ColumnError, lines
from pipeline.config import Data
from pipeline.errors import InputError, nearest, run
from pipeline.files import INGEST, say, write_json, write_table
from pipeline.grouping import ROLES

RESERVED = ("row_id", "synthetic")
LARGEST = 1e100  # beyond it, squares overflow


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
        By `row_id`: `group` and `time`, those that are declared.
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
        Columns that are no features but a `group` or a `time`, by role.

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
    problems = (unmerged or _target_problems(labels, positive)) + problems + missing
    if target in declared:
        problems.append(f"data.columns: expected features, found the target {target!r}: leave it out there")
    if problems:
        raise InputError(problems)
    counts = labels.value_counts()
    one = zero = named = None
    if len(counts) > 2 and positive is None:
        codes, named = classes.encoded(labels)
    else:
        one = _label(positive, counts.index) if positive is not None else _rarest(counts)
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


def _rarest(counts: pd.Series) -> Any:
    # Of two equal classes the larger label, as in 0 and 1.
    return max(counts.index[counts == counts.min()])


def _label(positive: Any, labels: pd.Index) -> Any:
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
    if positive is not None and _label(positive, counts.index) is None:
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
        if problem := _out_of_reach(features[name]):
            problems[name] = problem
    leave = f"leave it out with -S 'data.drop=[{','.join(map(str, [*drop, *useless]))}]'"
    return pd.DataFrame(features), [
        f"column {name!r}: {problem}{leave if name in useless else ''}" for name, problem in problems.items()
    ]


def _roles(source: pd.DataFrame, roles: Mapping[str, str]) -> tuple[pd.DataFrame, list[str]]:
    """The columns that say how rows may be split, by role, and what is wrong with them."""
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
        found[role] = column
    return found, problems


def _out_of_reach(column: pd.Series) -> str | None:
    """What to say of a number that no computation survives; None if there is none."""
    if columns.kind(column) not in ("numeric", "integer"):
        return None
    values = column.to_numpy(dtype=float, na_value=np.nan)
    infinite, huge = np.flatnonzero(np.isinf(values)), np.flatnonzero(np.abs(values) > LARGEST)
    if infinite.size:
        return f"expected finite numbers, found inf in {lines(infinite)}: correct or empty these cells"
    if huge.size:
        return (
            f"expected numbers within {LARGEST:g}, found {values[huge[0]]:g} in {lines(huge)}: "
            "correct or empty these cells, or use another unit"
        )
    return None


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


def load(data: Data) -> tuple[pd.DataFrame, pd.Series | None, dict[str, Any], pd.DataFrame]:
    """The table that `data` declares.

    Returns
    -------
    table
        See `Table.data`.
    truth
        Shape (n,), by row_id: the true probability of the positive class; None where it is not known.
    schema
        Name, target and its labels, features, `columns` (the kind of each, see `pipeline.columns.KINDS`), class counts,
        and the SHA-256 of the source. With more than two classes `labels` has them by their codes, and `positive` and
        `negative` are None.
    roles
        See `Table.roles`.

    Raises
    ------
    InputError
        With every problem of the table that was found, each with the name of its file.
    """
    source, truth, digest = read(data)
    try:
        table = ingest(
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
    if truth is not None:
        truth = truth.rename_axis("row_id")
        if table.positive != 1:  # the simulation says how probable a 1 is
            truth = 1 - truth
    counts = table.data[data.target].value_counts().sort_index()
    named = ("negative", "positive") if table.labels is None else map(classes.word, table.labels)
    schema = {
        "name": data.name,
        "target": data.target,
        "positive": table.positive,
        "negative": table.negative,
        "features": list(table.data.columns[:-1]),
        "columns": {name: columns.kind(column) for name, column in table.data.iloc[:, :-1].items()},
        "classes": {name: int(count) for name, count in zip(named, counts, strict=True)},
        "sha256": digest,
        **({} if table.labels is None else {"labels": table.labels}),
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


if __name__ == "__main__":
    run(main)
