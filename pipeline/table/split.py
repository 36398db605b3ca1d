"""Sets test rows aside, with the table's class shares on both sides."""

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from sklearn.model_selection import StratifiedGroupKFold, train_test_split

from pipeline import formatting
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
    labels: Sequence[Any] | None = None,
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
        Of more than two classes, by their codes; None for two.

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
        more = "collect more rows of it" if labels is None else classes.ROUTE
        raise InputError(
            f"class {classes.name(label, labels)} of {target!r} has {counts[label]} of {len(table):,} rows: at "
            f"split.test_size={test_size} training and test rows cannot both have one: {more}, or move "
            "split.test_size towards 0.5"
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
    labels: Sequence[Any] | None = None,
    roles: pd.DataFrame | None = None,
) -> dict[str, dict[str, Any]]:
    """Rows of each class on both sides, and how many rows repeat the features of another.

    Of more than two classes `labels` has theirs by code; of two the classes are `negative` and `positive`.
    `duplicates` has the test rows that repeat a training row, `crossing`, and how many rows `repeated` an earlier one.
    Where `roles`, see `pipeline.table.ingest.Table`, has weights, `weight` has their sums by side and class.
    """
    sides = {"train": train, "test": test}
    seen = {side: pd.util.hash_pandas_object(rows.drop(columns=target), index=False) for side, rows in sides.items()}
    repeated = pd.concat(seen.values()).duplicated()
    names = ("negative", "positive") if labels is None else tuple(map(formatting.label_text, labels))
    weighed = {}
    if roles is not None and "weight" in roles:
        weighed["weight"] = {
            side: weights.totals(rows[target], roles.weight.loc[rows.index].to_numpy()) for side, rows in sides.items()
        }
    return {
        **{
            side: {name: int((rows[target] == code).sum()) for code, name in enumerate(names)}
            for side, rows in sides.items()
        },
        "duplicates": {
            "crossing": int(seen["test"].isin(set(seen["train"])).sum()),
            "repeated": int(repeated.sum()),
        },
        **weighed,
    }


def separate(table: pd.DataFrame, target: str) -> tuple[pd.DataFrame, pd.Series]:
    """Features, shape (n, p), and target, shape (n,): 1 is the positive class."""
    return table.drop(columns=target), table[target]
