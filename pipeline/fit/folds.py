"""Refits the whole chain, from preprocessing to model, in folds of the training rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from sklearn import config_context
from sklearn.base import clone
from tqdm import tqdm

from pipeline.config import Evaluate
from pipeline.errors import InputError
from pipeline.fit import chains, encoding, memory, neighbors, parallel, sample_weights
from pipeline.fit.chains import Chain, Prepare, Prepared, prepared
from pipeline.fit.models import scored, train, trained_proportions
from pipeline.fit.resampling import resample
from pipeline.fit.samplers import suit
from pipeline.fit.splits import asked, splits
from pipeline.fit.tuning import reseeded, tune
from pipeline.measure.evaluation import CHOSEN, Folded
from pipeline.measure.repeats import repetitions
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
    jobs: int = 1,
    shuffle: bool = True,
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
    jobs
        Folds at once, each on a core; -1 is one a core. Fewer where memory is short. The result is the same.
    shuffle
        See `splits`. Without, samplers keep their own random state, too.

    Raises
    ------
    InputError
        The sampler or the model cannot take the rows of a fold.
    """
    X, y = separate(table, target)
    rows = _Rows(X, y, weight, groups, times)
    each = splits(y, folds=folds, repeats=repeats, seed=seed, groups=groups, times=times, shuffle=shuffle)
    shared = (rows, chain, prepare, folds, shuffle)
    tasks = [(*shared, (seed, repeat, fold), fit, held) for repeat, fold, fit, held in each]
    jobs = memory.at_once(chain.sampler, X, y, chain.memory, jobs)
    made = parallel.each(_fold, tasks, jobs=jobs)
    shown = tqdm(made, total=len(tasks), desc="folds", delay=2, leave=False, disable=None)
    held_rows, fits = zip(*shown, strict=True)
    predictions = pd.concat(held_rows).sort_values(["repeat", "place"], kind="stable").drop(columns="place")
    return Folded(predictions.rename_axis(table.index.name), _frame(fits, chain.search))


@dataclass(frozen=True)
class _Rows:
    """What `out_of_fold` is given, by row."""

    X: pd.DataFrame
    y: pd.Series
    weight: np.ndarray
    groups: pd.Series | None
    times: pd.Series | None


def _fold(
    rows: _Rows,
    chain: Chain,
    prepare: Prepare,
    folds: int,
    shuffle: bool,
    where: tuple[int, int, int],
    fit: np.ndarray,
    held: np.ndarray,
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """A fold's predictions for the rows at `held`, and its row of fits; `where` is the seed, the repeat, the fold."""
    X, y, (_, repeat, fold) = rows.X, rows.y, where
    try:
        how: dict[str, Any] = {"where": where, "weight": rows.weight[fit]}
        _refuse_missing(y.iloc[fit], chain.task)
        blocks: dict[str, Any] = {"groups": _at(rows.groups, fit), "times": _at(rows.times, fit)}
        with config_context(skip_parameter_validation=True):  # `pipeline.fit.build` has checked those that are set
            best, _ = tune(X.iloc[fit], y.iloc[fit], chain, prepare=prepare, **how, **blocks)
            seen = prepare(X.iloc[fit], y.iloc[fit], X.iloc[held], chain.preprocessing)
            predicted, told = _fit(seen, y.iloc[fit], y.iloc[held], chain, best=best, reseed=shuffle, **how)
    except InputError as error:
        number = f"fold {fold + 1} of {folds}" + (f", repeat {repeat + 1}" if repeat else "")
        raise InputError(f"{number}: {error}") from None
    columns = {"repeat": repeat, "fold": fold, "y": y.iloc[held], **predicted, **weights.column(rows.weight[held])}
    predictions = pd.DataFrame(columns).set_index(X.index[held]).assign(place=held)
    return predictions, {"repeat": repeat, "fold": fold, **told}


def _frame(fits: Sequence[dict[str, Any]], search: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """The rows of fits; arguments that are numbers as such, others as text, NaN where none could be chosen."""
    rows = pd.DataFrame(fits)
    for name in search[0] if search else ():
        numbers = all(isinstance(each[name], int | float) and not isinstance(each[name], bool) for each in search)
        column = rows[CHOSEN + name]
        rows[CHOSEN + name] = column.astype("float64") if numbers else column.map(str, na_action="ignore").astype("str")
    return rows


def _of_fit(y: pd.Series, chosen: Mapping[str, Any], converged: bool, trained: np.ndarray) -> dict[str, Any]:
    """The row of a fit: its training rows, all and by class, what was chosen, whether it converged, its proportions."""
    counts = _by_code("training_rows", np.bincount(y, minlength=len(trained)))
    arguments = {CHOSEN + name: value for name, value in chosen.items()}
    known = {"training_rows": len(y), **counts, **arguments, "converged": converged}
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
    best: Mapping[str, Any] | None,
    reseed: bool,
    where: Sequence[int],
    weight: np.ndarray,
) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """The columns of predictions of the held rows, whose classes are `unseen`, and what there is to know of the fit."""
    sampler = suit(reseeded(chain.sampler, *where) if reseed else clone(chain.sampler), seen.rows)
    made, known = resample(seen.rows, y, sampler, chain.task.labels, chain.memory)
    how: dict[str, Any] = {"negatives": chain.negatives, "class_weight": chain.class_weight}
    carried = sample_weights.carried(weight, sampler, known, **how)
    encoded, ready = encoding.encode(seen.preprocessor, made), clone(chain.model).set_params(**(best or {}))
    fitted, converged = train(encoded, known, ready, carried, negatives=chain.negatives)
    trained = trained_proportions(fitted, known, carried, chain.task.classes, negatives=chain.negatives)
    near = neighbors.near_others(seen, (y, unseen), (made, known), sampler)
    chosen = best or dict.fromkeys(chain.search[0] if chain.search else ())
    return chain.task.columns(*scored(fitted, seen.unseen)), {**_of_fit(y, chosen, converged, trained), **near}


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
    jobs: int = 1,
) -> Folded | None:
    """Predictions of models in folds for the rows they did not see.

    Parameters
    ----------
    training
        Shape (n, p + 1), indexed by row_id: training rows before preprocessing.
    target, chain, seed, groups, times, weight, prepare, jobs
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
    y, kinds = training[target], chain.task.classes
    number = asked(y, kinds, settings, times)
    if number < 2:
        return None
    return out_of_fold(
        training,
        target=target,
        chain=chain,
        folds=number,
        repeats=repetitions(settings.repeats, rows=len(y), rare=classes.rarest(y, kinds), folds=number),
        seed=seed,
        groups=groups,
        times=times,
        weight=weight,
        prepare=prepare,
        jobs=jobs,
        shuffle=settings.shuffle,
    )
