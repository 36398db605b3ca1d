"""Tunes C for a variant, in folds of the rows that it is fitted on."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import clone

from pipeline.errors import InputError
from pipeline.fit import encoding, sample_weights
from pipeline.fit.chains import Chain, Prepare, prepared
from pipeline.fit.models import train, trained_proportions
from pipeline.fit.resampling import resample
from pipeline.fit.samplers import suit
from pipeline.fit.splits import count, derived, splits
from pipeline.measure.calibration import EPSILON
from pipeline.table import weights

INNER = 3  # folds that choose C, at most


def tune(
    X: pd.DataFrame,
    y: pd.Series,
    chain: Chain,
    *,
    where: Sequence[int],
    groups: pd.Series | None = None,
    times: pd.Series | None = None,
    weight: np.ndarray,
    prepare: Prepare = prepared,
) -> tuple[float | None, dict[float, float] | None]:
    """The C with the lowest log loss out of at most `INNER` folds of these rows, and the log loss of each.

    The log loss is that of probabilities corrected for the known shares of the classes: without that, resampling's
    shift of all probabilities would choose C. Of equal ones the smallest, which penalises most.

    Parameters
    ----------
    X, y
        Shapes (n, p) and (n,): training rows before preprocessing.
    chain
        What is fitted.
    where
        Numbers that seeds are derived from; the first is the seed of the folds.
    groups, times, weight, prepare
        See `out_of_fold`.

    Returns
    -------
    C, losses
        None where the chain has no grid, or the rows of the rarest class are too few for two folds. Where they are for
        the sampler in one of them, C is the one of the rows as they are: a small table must not fail for the sake of C,
        nor a variant be compared with an untuned one.
    """
    from imblearn import FunctionSampler

    if chain.grid is None or (number := count(y, chain.task.classes, most=INNER, times=times)) < 2:
        return None, None
    losses, judged = dict.fromkeys(sorted(chain.grid), 0.0), 0.0
    for _, fold, fit, held in splits(y, folds=number, repeats=1, seed=derived(*where), groups=groups, times=times):
        judged += float(weight[held].sum())
        seen = prepare(X.iloc[fit], X.iloc[held], chain.preprocessing)
        sampler = suit(reseeded(chain.sampler, *where, fold), seen.rows)
        try:
            made, known = resample(seen.rows, y.iloc[fit], sampler, chain.task.labels)
        except InputError:
            if isinstance(chain.sampler, FunctionSampler):
                return None, None
            plain = replace(chain, sampler=FunctionSampler())
            return tune(X, y, plain, where=where, groups=groups, times=times, weight=weight, prepare=prepare)
        true = weights.proportions(y.iloc[fit], weight[fit], chain.task.classes)
        carried = sample_weights.carried(weight[fit], sampler, len(known))
        # Arrays, since checking a frame's names takes longer than fitting it.
        rows, unseen = encoding.encode(seen.preprocessor, made).to_numpy(), seen.unseen.to_numpy()
        for C in losses:
            fitted, _ = train(rows, known, clone(chain.model).set_params(C=C), carried)
            trained = trained_proportions(fitted, known, carried, chain.task.classes)
            corrected = chain.task.correct(fitted.predict_proba(unseen), trained=trained, true=true)
            losses[C] += _loss(corrected, y.to_numpy()[held], weight[held])
    return min(losses, key=lambda C: losses[C]), {C: loss / judged for C, loss in losses.items()}


def _loss(probability: np.ndarray, y: np.ndarray, weight: np.ndarray) -> float:
    """The sum of the rows' log losses, by weight; `probability` has shape (n, k)."""
    right = probability[np.arange(len(y)), y]
    return -float((weight * np.log(np.maximum(right, EPSILON))).sum())


def with_C(model: Any, C: float | None) -> Any:
    """The model with this C; as it is without one."""
    return model if C is None else model.set_params(C=C)


def reseeded(sampler: Any, *where: int) -> Any:
    """A copy of the sampler whose random states come from these numbers alone."""
    copy = clone(sampler)
    states = [name for name in copy.get_params() if name.rpartition("__")[2] == "random_state"]
    return copy.set_params(**dict.fromkeys(states, derived(*where)))
