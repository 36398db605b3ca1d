"""Which rows must stay on one side of a split, and which come before others."""

from typing import Any

import pandas as pd

from pipeline.config import Split

ROLES = ("group", "time", "weight")  # columns that are no features: how rows may be split, and what they count


def together(X: pd.DataFrame, roles: pd.DataFrame, how: Split) -> dict[str, Any]:
    """`groups` and `times` of the rows of X, as `splits.splits` takes them; None where they are not asked for.

    Parameters
    ----------
    X
        Shape (n, p), indexed by row_id: features before preprocessing.
    roles
        See `pipeline.table.ingest.Table`.
    how
        The split: by group, by time, or by rows, and then whether rows with equal features count as a group.
    """
    rows: dict[str, Any] = {"groups": None, "times": None}
    if how.by == "group":
        rows["groups"] = roles["group"].loc[X.index]
    elif how.by == "time":
        rows["times"] = roles["time"].loc[X.index]
    elif how.group_duplicates:
        rows["groups"] = pd.util.hash_pandas_object(X, index=False)
    return rows
