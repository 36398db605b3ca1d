"""Splits the table into training and test rows, with the same class proportions in both."""

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from pipeline.errors import InputError, advise
from pipeline.table import classes, weights

PARTS = 10  # into which groups are divided; some parts become the test rows


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
    """Training rows and test rows.

    With a `test_size` of 0, all rows are training rows. Else they are stratified by class. With `groups`, the rows of a
    group stay together, and the split is as close to stratified as possible. With `times`, the latest rows are the test
    rows.

    Parameters
    ----------
    table
        Shape (n, p + 1), features and target.
    target
        Name of the column to stratify by.
    test_size
        Fraction of the rows, in [0, 1).
    seed
        `random_state` of `sklearn.model_selection.train_test_split`, or of `StratifiedGroupKFold`.
    groups, times
        Of each row; see `pipeline.table.grouping.together`.
    labels
        The labels by code.

    Raises
    ------
    InputError
        A class has too few rows to be in both.
    """
    if test_size == 0:
        return table, table.iloc[:0]
    counts = table[target].value_counts()
    try:
        if times is not None:
            train, test = _latest(table, times, test_size)
        elif groups is not None:
            train, test = _by_group(table, table[target], groups, test_size, seed)
        else:
            from sklearn.model_selection import train_test_split

            train, test = train_test_split(table, test_size=test_size, stratify=table[target], random_state=seed)
        enough = train[target].nunique() == test[target].nunique() == len(counts)
    except ValueError:  # scikit-learn's message names neither class nor setting
        enough = False
    if not enough:
        label = counts.idxmin()
        raise InputError(
            f"class {labels[label]!r} of {target!r} has {counts[label]} of {len(table):,} rows. With "
            f"split.test_size={test_size}, training and test rows can't both have one. "
            + advise(classes.advice(len(labels)), "move split.test_size closer to 0.5" if counts[label] > 1 else "")
        )
    return train, test


def _latest(table: pd.DataFrame, times: pd.Series, test_size: float) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The rows before the time that starts the last `test_size` of them, and the rows from then on."""
    begin = times.sort_values(kind="stable").iloc[int(len(table) * (1 - test_size))]
    return table[times < begin], table[times >= begin]


def _by_group(
    table: pd.DataFrame, y: pd.Series, groups: pd.Series, test_size: float, seed: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Test rows are the first of ten stratified parts, as many as come closest to `test_size`."""
    from sklearn.model_selection import StratifiedGroupKFold

    parts = min(PARTS, groups.nunique())
    splitter = StratifiedGroupKFold(parts, shuffle=True, random_state=seed)
    with warnings.catch_warnings():  # fewer rows of a class than parts: `split` checks the result
        warnings.simplefilter("ignore", UserWarning)
        dealt = [held for _, held in splitter.split(y, y, groups)]
    # Parts differ in size where groups are few or unequal; at least one part is left for training.
    rows = np.cumsum([len(held) for held in dealt])[:-1]
    chosen = np.concatenate(dealt[: int(np.abs(rows - test_size * len(table)).argmin()) + 1])
    side = np.zeros(len(table), dtype=bool)
    side[chosen] = True
    return table[~side], table[side]


def tested(test_size: float) -> str:
    """What to call the rows whose decisions are shown: test rows, or out-of-fold rows where none are held out."""
    return "test rows" if test_size else "out-of-fold rows"


def count(
    train: pd.DataFrame,
    test: pd.DataFrame,
    *,
    target: str,
    names: Sequence[str],
    roles: pd.DataFrame,
) -> dict[str, dict[str, Any]]:
    """Counts of rows by class in `train` and `test`, and counts of rows with the features of another row.

    `names` are those of `pipeline.table.classes.names`. `duplicates` has the test rows that repeat a training row,
    `crossing`, and the rows that repeat an earlier one, `repeated`. With weights in `roles` (see
    `pipeline.table.ingest.Table`), `weight` has their sums by part and class.
    """
    parts = {"train": train, "test": test}
    seen = {part: pd.util.hash_pandas_object(rows.drop(columns=target), index=False) for part, rows in parts.items()}
    repeated = pd.concat(seen.values()).duplicated()
    totals = {
        part: {
            kind: dict(zip(names, weights.totals(rows[target], weight, len(names)), strict=True))
            for kind, weight in {"rows": weights.ones(len(rows)), "weight": weights.of(roles, rows.index)}.items()
        }
        for part, rows in parts.items()
    }
    return {
        **{part: counts["rows"] for part, counts in totals.items()},
        "duplicates": {
            "crossing": int(seen["test"].isin(seen["train"]).sum()),
            "repeated": int(repeated.sum()),
        },
        **({"weight": {part: counts["weight"] for part, counts in totals.items()}} if "weight" in roles else {}),
    }


def separate(table: pd.DataFrame, target: str) -> tuple[pd.DataFrame, pd.Series]:
    """Features, shape (n, p), and target, shape (n,): 1 is the positive class."""
    return table.drop(columns=target), table[target]
