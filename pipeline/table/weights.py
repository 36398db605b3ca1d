"""How many rows of the population each row stands for."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd


def of(rows: pd.DataFrame, index: Any = None) -> np.ndarray | None:
    """The `weight` of roles or predictions, or of those rows that `index` names; None where none is declared."""
    if "weight" not in rows:
        return None
    return np.asarray(rows["weight"] if index is None else rows["weight"].loc[index])


def column(weight: np.ndarray | None) -> dict[str, np.ndarray]:
    """The weights as a column for a frame; no column without them."""
    return {} if weight is None else {"weight": weight}


def at(weight: np.ndarray | None, places: np.ndarray) -> np.ndarray | None:
    """The weights at these places, positions or a mask."""
    return None if weight is None else weight[places]


def effective(weight: np.ndarray) -> float:
    """How many rows of equal weight tell as much as these do; 0 of none.

    Parameters
    ----------
    weight
        Shape (n,), above 0.

    References
    ----------
    Kish 1992, Journal of Official Statistics 8, 183-200: n / (1 + L), where L is the weights' relative variance.
    """
    return float(weight.sum() ** 2 / (weight**2).sum()) if weight.size else 0.0


def totals(y: pd.Series, weight: np.ndarray) -> dict[str, float]:
    """The weight of each class, `negative` and `positive`, of rows with y 0 and 1."""
    positive = y.to_numpy() == 1
    return {"negative": float(weight[~positive].sum()), "positive": float(weight[positive].sum())}


def prevalence(y: pd.Series, weight: np.ndarray | None) -> float:
    """The positives' share of these rows, by weight where there is one."""
    return float((y == 1).mean()) if weight is None else share(totals(y, weight))


def share(classes: Mapping[str, float]) -> float:
    """The positives' share of numbers by class, `negative` and `positive`."""
    return classes["positive"] / (classes["positive"] + classes["negative"])


def training(classes: Mapping[str, Any]) -> dict[str, float]:
    """Of what `split` counts, the training rows by class, or their weight where it is declared."""
    found: dict[str, float] = classes["weight"]["train"] if "weight" in classes else classes["train"]
    return found


def shown(amount: float) -> float:
    """A sum of weights as people read it: whole from 100 on, below it three digits; a count of rows as it is."""
    if not isinstance(amount, float):
        return amount
    rounded = round(amount) if amount >= 100 else float(f"{amount:.3g}")
    return int(rounded) if rounded == int(rounded) else rounded


def sentence(table: Mapping[str, Any]) -> str | None:
    """Which column figures are weighted by; None without one. `table` is what `ingest` wrote as schema.json."""
    if "weight" not in table:
        return None
    return (
        f"Weighted by {table['weight']!r}: in every figure a row counts as many as it stands for, save numbers of "
        "rows, and of positives among them."
    )
