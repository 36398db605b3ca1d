"""Refits a table's variants over its folds, and checks whether there are enough rows for that."""

from math import ceil
from typing import Any

import numpy as np
import pandas as pd

from pipeline.config import Config
from pipeline.errors import InputError, set_param
from pipeline.fit import chains, folds, splits
from pipeline.formatting import counted, listed
from pipeline.judge import primary
from pipeline.measure import evaluation
from pipeline.measure.task import Task
from pipeline.table import split, weights
from pipeline.table.grouping import together

FEW = 150  # training rows of the rarest class: below, holding rows out for testing costs more than it shows


def over_folds(
    table: pd.DataFrame, params: Config, roles: pd.DataFrame, task: Task
) -> tuple[dict[str, pd.DataFrame | None], dict[str, float | None]]:
    """The results over the folds of a table for all variants, as the stages from `split` to `evaluate` give them.

    Parameters
    ----------
    table
        Shape (n, p + 1), indexed by row_id: features and target.
    params
        Of its `data` only the name of the target counts.
    roles
        See `pipeline.table.ingest.Table`.
    task
        Of the table.

    Returns
    -------
    folds, thresholds
        By variant: see `pipeline.measure.evaluation.by_fold`, and t*. None with fewer than two folds.

    Raises
    ------
    InputError
        The table has too few rows of a class, or a sampler or model cannot take them.
    """
    target, how = params.data.target, params.split
    blocks = together(table.drop(columns=target), roles, how)
    training, _ = split.split(
        table, target=target, test_size=how.test_size, seed=how.seed, labels=task.labels, **blocks
    )
    blocks = together(training.drop(columns=target), roles, how)
    weight = weights.of(roles, training.index)
    found: dict[str, pd.DataFrame | None] = {}
    thresholds: dict[str, float | None] = {}
    shared = chains.Shared()
    for name in params.variants:
        chain = chains.chain(params, name, task)
        try:
            folded = folds.refit(
                training,
                target=target,
                chain=chain,
                settings=params.evaluate,
                seed=params.seed,
                weight=weight,
                prepare=shared,
                **blocks,
            )
        except InputError as error:
            raise InputError(f"variants.{name}: {error}") from None
        found[name] = None if folded is None else evaluation.by_fold(task, folded, params.evaluate)
        chosen = None if folded is None else task.choose(folded.predictions, params.evaluate)
        thresholds[name] = None if chosen is None else chosen.probability
    return found, thresholds


def more_rows(test_size: float) -> str:
    """How to get more training rows."""
    return "Collect more, or let the folds use all rows with split.test_size=0." if test_size else "Collect more."


def refuse_no_family(params: Config) -> None:
    """Raise InputError where there is nothing to test: no `none`, no method, or no folds."""
    if primary.REFERENCE not in params.variants:
        raise InputError(
            f"variants: the baseline, '{primary.REFERENCE}', is missing. Methods are compared with it. Add "
            f"'+variant@variants.{primary.REFERENCE}={primary.REFERENCE}'."
        )
    if len(params.variants) < 2:
        raise InputError(
            f"variants: expected a method besides '{primary.REFERENCE}', found none. A verdict needs one: add it."
        )
    if params.evaluate.folds == 0:
        raise InputError("evaluate.folds: expected 2 or more, found 0. A verdict needs folds: set evaluate.folds=5.")


def training_labels(
    params: Config, table: pd.DataFrame, roles: pd.DataFrame, task: Task
) -> tuple[pd.Series, dict[str, Any]]:
    """The class codes of the training rows, and their `groups` and `times`, see `pipeline.table.grouping.together`.

    Shuffled labels give as many of each code, unless rows are split by group or time.
    """
    target, how = params.data.target, params.split
    blocks = together(table.drop(columns=target), roles, how)
    training, _ = split.split(
        table, target=target, test_size=how.test_size, seed=how.seed, labels=task.labels, **blocks
    )
    return training[target], together(training.drop(columns=target), roles, how)


def too_few(params: Config, table: pd.DataFrame, roles: pd.DataFrame, task: Task) -> str | None:
    """Why a class has too few rows for a verdict, and what to do; None if all have enough.

    Raises
    ------
    InputError
        A run is refused: the table can't be split, or the settings don't fit these classes.
    """
    chains.chain(params, primary.REFERENCE, task)
    known, blocks = training_labels(params, table, roles, task)
    times = blocks["times"]
    if splits.asked(known, task.classes, params.evaluate, times) >= 2:
        return None
    least, training = (2 if times is None else 3) * splits.LEAST, np.bincount(known, minlength=task.classes)
    rows = np.bincount(table[params.data.target], minlength=task.classes)
    codes = [code for code in np.argsort(training, kind="stable") if training[code] < least] or [training.argmin()]
    short = listed(
        f"{task.labels[code]!r} has {counted(int(rows[code]), 'row')}, {training[code]} of them for training"
        for code in codes
    )
    spread = "" if times is None else ", at enough different times for two time folds"
    if task.classes > 2:
        merge = set_param("data.classes", {task.names[codes[0]]: "OTHER"})
        todo = (
            f"To merge one with another: {merge}. To leave it out, write "
            "null instead of OTHER. To compare one class with all others: -S data.positive=CLASS."
        )
    else:
        size = params.split.test_size
        todo = f"With split.test_size={size:g}, it needs {ceil(least / (1 - size))} rows. {more_rows(size)}"
    return f"A verdict needs {least} training rows of each class{spread}. Class {short}. {todo}"
