"""The folds of a table, and the verdict on them."""

from typing import Any

import numpy as np
import pandas as pd

from checks.declared import settings
from pipeline.config import Config
from pipeline.fit import chains as chains_
from pipeline.fit import folds
from pipeline.judge.action import judge
from pipeline.measure import evaluation
from pipeline.measure.metrics import average_precision, roc_auc
from pipeline.measure.primary import COLUMNS
from pipeline.table import weights

RANKING = {"average_precision": average_precision, "roc_auc": roc_auc}


def folded(table: pd.DataFrame, target: str, chains: dict[str, chains_.Chain], params: Config, seed: int) -> dict:
    """What `judged` needs of each chain's folds, as plain data by column."""
    found, how = {}, {"settings": params.evaluate, "seed": seed, "weight": weights.ones(len(table))}
    how["prepare"] = chains_.Shared()
    for name, chain in chains.items():
        made = folds.refit(table, target=target, chain=chain, **how)
        assert made is not None
        rows = evaluation.by_fold(chain.task, made, params.evaluate)
        columns = ["repeat", "fold", "rows", "training_rows", *(COLUMNS[metric][0] for metric in RANKING)]
        found[name] = {column: rows[column].tolist() for column in columns}
    return found


def judged(made: dict[str, Any], *, primary: str = "average_precision") -> dict[str, Any]:
    """The verdict on what `folded` made, with the default region and error."""
    tables = {name: pd.DataFrame(rows) for name, rows in made.items() if isinstance(rows, dict)}
    declared = settings().compare
    return judge(
        tables,
        thresholds=dict.fromkeys(tables),
        primary=primary,
        rope=declared.rope,
        alpha=declared.alpha,
    )


def table(X: np.ndarray, y: np.ndarray) -> pd.DataFrame:
    """Features x0, x1, ... and the target y."""
    named = pd.DataFrame(X, columns=[f"x{column}" for column in range(X.shape[1])])
    return named.assign(y=y.astype("int8")).rename_axis("row_id")
