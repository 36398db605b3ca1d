"""Sets test rows aside, with the table's class shares on both sides."""

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from sklearn.model_selection import StratifiedGroupKFold, train_test_split

from pipeline.errors import InputError
from pipeline.table import classes, weights

PARTS = 10  # that groups are dealt into; some of them are the test rows


def split(
    table: pd.DataFrame,
    *,
    target: str,
    test_size: float,
    seed: int,
    groups: pd.Series | None = None,
    times: pd.Series | None = None,
    labels: Sequence[Any],
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Training rows and test rows, every row in one of the two.

    Stratified by class; or rows of one group on one side, and else as near to that as can be; or the latest rows apart.

    Parameters
    ----------
    table
        Shape (n, p + 1), features and target.
    target
        Name of the column to stratify by.
    test_size
        Fraction of the rows, in (0, 1).
    seed
        `random_state` of `sklearn.model_selection.train_test_split`, or of `StratifiedGroupKFold`.
    groups, times
        Of each row, see `pipeline.table.grouping.together`.
    labels
        Of the classes, by their codes.

    Raises
    ------
    InputError
        A class has too few rows to stand on both sides.
    """
    counts = table[target].value_counts()
    try:
        if times is not None:
            train, test = _latest(table, times, test_size)
        elif groups is not None:
            train, test = _by_group(table, table[target], groups, test_size, seed)
        else:
            train, test = train_test_split(table, test_size=test_size, stratify=table[target], random_state=seed)
        enough = train[target].nunique() == test[target].nunique() == len(counts)
    except ValueError:  # scikit-learn's, in words that name neither class nor setting
        enough = False
    if not enough:
        label = counts.idxmin()
        raise InputError(
            f"class {labels[label]!r} of {target!r} has {counts[label]} of {len(table):,} rows: at "
            f"split.test_size={test_size} training and test rows cannot both have one: "
            f"{classes.advice(len(labels))}, or move split.test_size towards 0.5"
        )
    return train, test


def _latest(table: pd.DataFrame, times: pd.Series, test_size: float) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Rows before and from the time at which the last `test_size` of them begin."""
    begin = times.sort_values(kind="stable").iloc[int(len(table) * (1 - test_size))]
    return table[times < begin], table[times >= begin]


def _by_group(
    table: pd.DataFrame, y: pd.Series, groups: pd.Series, test_size: float, seed: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The first of ten stratified parts, or as many as there are groups, that come nearest to the test rows wanted."""
    parts = min(PARTS, groups.nunique())
    splitter = StratifiedGroupKFold(parts, shuffle=True, random_state=seed)
    with warnings.catch_warnings():  # a class with fewer rows than parts: the caller counts what is on both sides
        warnings.simplefilter("ignore", UserWarning)
        dealt = [held for _, held in splitter.split(y, y, groups)]
    # Parts differ where groups are few or unequal; at least one stays for training.
    rows = np.cumsum([len(held) for held in dealt])[:-1]
    chosen = np.concatenate(dealt[: int(np.abs(rows - test_size * len(table)).argmin()) + 1])
    side = np.zeros(len(table), dtype=bool)
    side[chosen] = True
    return table[~side], table[side]


def count(
    train: pd.DataFrame,
    test: pd.DataFrame,
    *,
    target: str,
    names: Sequence[str],
    roles: pd.DataFrame,
) -> dict[str, dict[str, Any]]:
    """Rows of each class on both sides, and how many rows repeat the features of another.

    `names` are those of the classes, by code, see `pipeline.table.classes.names`. `duplicates` has the test rows that
    repeat a training row, `crossing`, and how many rows `repeated` an earlier one.
    Where `roles`, see `pipeline.table.ingest.Table`, has weights, `weight` has their sums by side and class.
    """
    sides = {"train": train, "test": test}
    seen = {side: pd.util.hash_pandas_object(rows.drop(columns=target), index=False) for side, rows in sides.items()}
    repeated = pd.concat(seen.values()).duplicated()
    totals = {
        side: {
            kind: dict(zip(names, weights.totals(rows[target], weight, len(names)), strict=True))
            for kind, weight in {"rows": weights.ones(len(rows)), "weight": weights.of(roles, rows.index)}.items()
        }
        for side, rows in sides.items()
    }
    return {
        **{side: counts["rows"] for side, counts in totals.items()},
        "duplicates": {
            "crossing": int(seen["test"].isin(set(seen["train"])).sum()),
            "repeated": int(repeated.sum()),
        },
        **({"weight": {side: counts["weight"] for side, counts in totals.items()}} if "weight" in roles else {}),
    }


def separate(table: pd.DataFrame, target: str) -> tuple[pd.DataFrame, pd.Series]:
    """Features, shape (n, p), and target, shape (n,): 1 is the positive class."""
    return table.drop(columns=target), table[target]
