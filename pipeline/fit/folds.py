"""Refits the whole chain, from preprocessing to model, in folds of the training rows."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import clone
from tqdm import tqdm

from pipeline.config import Evaluate
from pipeline.errors import InputError
from pipeline.fit import chains, encoding, neighbors, sample_weights
from pipeline.fit.chains import Chain, Prepare, Prepared, prepared
from pipeline.fit.models import scored, train, trained_proportions
from pipeline.fit.resampling import resample
from pipeline.fit.samplers import suit
from pipeline.fit.splits import count, splits
from pipeline.fit.tuning import reseeded, tune, with_C
from pipeline.measure.evaluation import Folded
from pipeline.measure.task import Task
from pipeline.table import classes, weights
from pipeline.table.split import separate


def out_of_fold(
    table: pd.DataFrame,
    *,
    target: str,
    chain: Chain,
    folds: int,
    repeats: int,
    seed: int,
    groups: pd.Series | None = None,
    times: pd.Series | None = None,
    weight: np.ndarray,
    prepare: Prepare = prepared,
) -> Folded:
    """The probabilities that each training row gets from models that did not see it.

    Parameters
    ----------
    table
        Shape (n, p + 1), indexed by row_id: training rows before preprocessing.
    target
        Name of the target column.
    chain
        What is fitted.
    folds, repeats, groups, times
        See `splits`.
    seed
        Of the folds, which so are the same for every variant; samplers get seeds derived from it.
    weight
        Shape (n,): see `pipeline.table.weights`; it has no part in how rows are folded.
    prepare
        A `Shared` spares other variants on this table what one has made.

    Raises
    ------
    InputError
        The sampler or the model cannot take the rows of a fold.
    """
    X, y = separate(table, target)
    held_rows, fits = [], []
    each = splits(y, folds=folds, repeats=repeats, seed=seed, groups=groups, times=times)
    total = folds * (1 if times is not None else repeats)
    for repeat, fold, fit, held in tqdm(each, total=total, desc="folds", delay=2, leave=False, disable=None):
        try:
            how: dict[str, Any] = {"where": (seed, repeat, fold), "weight": weight[fit]}
            rows: dict[str, Any] = {"groups": _at(groups, fit), "times": _at(times, fit)}
            _refuse_missing(y.iloc[fit], chain.task)
            C, _ = tune(X.iloc[fit], y.iloc[fit], chain, prepare=prepare, **how, **rows)
            seen = prepare(X.iloc[fit], X.iloc[held], chain.preprocessing)
            predicted, told = _fit(seen, y.iloc[fit], y.iloc[held], chain, C=C, **how)
        except InputError as error:
            where = f"fold {fold + 1} of {folds}" + (f", repeat {repeat + 1}" if repeat else "")
            raise InputError(f"{where}: {error}") from None
        seen_rows = {"repeat": repeat, "fold": fold, "y": y.iloc[held], **predicted}
        seen_rows |= weights.column(weight[held])
        held_rows.append(pd.DataFrame(seen_rows).set_index(X.index[held]).assign(place=held))
        fits.append({"repeat": repeat, "fold": fold, **told})
    predictions = pd.concat(held_rows).sort_values(["repeat", "place"], kind="stable").drop(columns="place")
    return Folded(predictions.rename_axis(table.index.name), pd.DataFrame(fits).astype({"C": "float64"}))


def _of_fit(y: pd.Series, C: float | None, converged: bool, trained: np.ndarray) -> dict[str, Any]:
    """The row of a fit: its training rows, all and by class, C, whether it converged, and what it was fitted on."""
    counts = _by_code("training_rows", np.bincount(y, minlength=len(trained)))
    known = {"training_rows": len(y), **counts, "C": C, "converged": converged}
    return known | _by_code("trained_proportion", trained)


def _by_code(name: str, values: np.ndarray) -> dict[str, Any]:
    """Values by code as columns of fits."""
    return {f"{name}_{code}": value for code, value in enumerate(values.tolist())}


def _refuse_missing(y: pd.Series, task: Task) -> None:
    """Raise InputError if training rows lack a class: no model could predict it."""
    for code, label in enumerate(task.labels):
        if not (y == code).any():
            raise InputError(
                f"the training rows have no row of class {label!r}, because its rows are in few groups. Lower "
                f"evaluate.folds, {classes.advice(task.classes)}, or use split=stratified."
            )


def _fit(
    seen: Prepared,
    y: pd.Series,
    unseen: pd.Series,
    chain: Chain,
    *,
    C: float | None,
    where: Sequence[int],
    weight: np.ndarray,
) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """The columns of predictions of the held rows, whose classes are `unseen`, and what there is to know of the fit."""
    sampler = suit(reseeded(chain.sampler, *where), seen.rows)
    made, known = resample(seen.rows, y, sampler, chain.task.labels)
    carried, encoded = sample_weights.carried(weight, sampler, len(known)), encoding.encode(seen.preprocessor, made)
    fitted, converged = train(encoded, known, with_C(clone(chain.model), C), carried)
    trained = trained_proportions(fitted, known, carried, chain.task.classes)
    near = neighbors.near_others(seen, (y, unseen), (made, known), sampler)
    return chain.task.columns(*scored(fitted, seen.unseen)), {**_of_fit(y, C, converged, trained), **near}


def _at(rows: pd.Series | None, places: np.ndarray) -> pd.Series | None:
    return None if rows is None else rows.iloc[places]


def refit(
    training: pd.DataFrame,
    *,
    target: str,
    chain: Chain,
    settings: Evaluate,
    seed: int,
    groups: pd.Series | None = None,
    times: pd.Series | None = None,
    weight: np.ndarray,
    prepare: chains.Prepare = chains.prepared,
) -> Folded | None:
    """Predictions of models in folds for the rows they did not see.

    Parameters
    ----------
    training
        Shape (n, p + 1), indexed by row_id: training rows before preprocessing.
    target, chain, seed, groups, times, weight, prepare
        As for `pipeline.fit.folds.out_of_fold`.
    settings
        How many folds at most, and how often repeated.

    Returns
    -------
    folded
        See `out_of_fold`. None where folds are not asked for, or rows of the rarest class are too few for two of them.

    Raises
    ------
    InputError
        The sampler or the model cannot take the rows of a fold.
    """
    number = count(training[target], chain.task.classes, most=settings.folds, times=times)
    if number < 2:
        return None
    return out_of_fold(
        training,
        target=target,
        chain=chain,
        folds=number,
        repeats=settings.repeats,
        seed=seed,
        groups=groups,
        times=times,
        weight=weight,
        prepare=prepare,
    )
