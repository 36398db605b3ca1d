"""The weights of rows: how many rows of the population each one represents.

Weights are always an array. Where none are declared, they are integer ones, so that their sums are counts; declared
weights are floats.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd


def of(rows: pd.DataFrame, index: Any = None) -> np.ndarray:
    """The weights of roles or predictions, or of their rows in `index`; integer ones where none are declared."""
    if "weight" not in rows:
        return ones(len(rows if index is None else index))
    return np.asarray(rows["weight"] if index is None else rows["weight"].loc[index])


def ones(rows: int) -> np.ndarray:
    """Weights where none are declared; shape (rows,), int64."""
    return np.ones(rows, dtype=np.int64)


def declared(weight: np.ndarray) -> bool:
    """Whether these weights were declared."""
    return bool(weight.dtype.kind == "f")


def for_library(weight: np.ndarray) -> np.ndarray | None:
    """The `sample_weight` of library calls: None where no weights are declared, since ones would change last bits."""
    return weight if declared(weight) else None


def column(weight: np.ndarray) -> dict[str, np.ndarray]:
    """Declared weights as a column of a frame; no column of ones."""
    return {"weight": weight} if declared(weight) else {}


def effective(weight: np.ndarray) -> float:
    """The effective sample size: the number of equally weighted rows with as much information; 0 for no rows.

    Parameters
    ----------
    weight
        Shape (n,), above 0.

    References
    ----------
    Kish 1992, Journal of Official Statistics 8, 183-200: n / (1 + L), where L is the weights' relative variance.
    """
    return float(weight.sum() ** 2 / (weight**2).sum()) if weight.size else 0.0


def totals(y: np.ndarray | pd.Series, weight: np.ndarray, classes: int = 2) -> list[float]:
    """The weight of each class, by code; the count of its rows where no weights are declared."""
    codes = np.asarray(y)
    return [weight[codes == code].sum().item() for code in range(classes)]


def proportions(y: np.ndarray | pd.Series, weight: np.ndarray, classes: int = 2) -> np.ndarray:
    """The class proportions of the total weight, by code; shape (classes,)."""
    counts = np.array(totals(y, weight, classes), dtype=np.float64)
    return np.asarray(counts / counts.sum())


def training(classes: Mapping[str, Any]) -> np.ndarray:
    """The class proportions of the training rows, by code, from the counts of `pipeline.table.split.count`."""
    counts = np.array(list(classes.get("weight", classes)["train"].values()), dtype=np.float64)
    return np.asarray(counts / counts.sum())


def shown(amount: float) -> float:
    """A sum of weights rounded to a whole number, or to three digits below 100; a count of rows as it is."""
    if not isinstance(amount, float):
        return amount
    rounded = round(amount) if amount >= 100 else float(f"{amount:.3g}")
    return int(rounded) if rounded == int(rounded) else rounded


def sentence(table: Mapping[str, Any]) -> str | None:
    """A sentence on weighted figures; None without weights. `table` is the content of schema.json."""
    if "negatives" in table:
        rows, read = table["negatives"]["rows"], table["negatives"]["read"]
        return (
            f"Of {rows:,} negative rows, {read:,} were read. Each counts as {rows / read:.4g} rows, so all metrics "
            "describe the whole table. Counts of rows and of positives are those of the rows that were read."
        )
    if "weight" in table:
        return f"All figures are weighted by {table['weight']!r}, except counts of rows and of positives."
    return None


def weighted(table: Mapping[str, Any]) -> bool:
    """Whether rows count differently. `table` is the content of schema.json."""
    return "weight" in table or "negatives" in table
