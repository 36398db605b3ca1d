"""The rows that a split must keep together, and their order in time."""

from typing import Any

import pandas as pd

from pipeline.config import Split

ROLES = ("group", "time", "weight")  # columns that are not features


def together(X: pd.DataFrame, roles: pd.DataFrame, how: Split) -> dict[str, Any]:
    """`groups` and `times` of the rows of X, as `splits.splits` takes them; None where the split doesn't use them.

    Parameters
    ----------
    X
        Shape (n, p), indexed by row_id: features before preprocessing.
    roles
        See `pipeline.table.ingest.Table`.
    how
        The split: by group, by time, or by rows, where rows with equal features may form a group.
    """
    rows: dict[str, Any] = {"groups": None, "times": None}
    if how.by == "group":
        rows["groups"] = roles["group"].loc[X.index]
    elif how.by == "time":
        rows["times"] = roles["time"].loc[X.index]
    elif how.group_duplicates:
        rows["groups"] = pd.util.hash_pandas_object(X, index=False)
    return rows
