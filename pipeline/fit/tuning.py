"""Chooses C for a variant, in folds of the rows that it is fitted on."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import clone

from pipeline.errors import InputError
from pipeline.fit import encoding, sample_weights
from pipeline.fit.chains import Chain, Prepare, prepared
from pipeline.fit.models import train, trained_prevalence, trained_shares
from pipeline.fit.resampling import resample
from pipeline.fit.samplers import suit
from pipeline.fit.splits import count, derived, splits
from pipeline.measure.calibration import EPSILON, correct_prior, correct_shares
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
    weight: np.ndarray | None = None,
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
    groups, times
        See `splits`.
    weight, prepare
        See `out_of_fold`.

    Returns
    -------
    C, losses
        None where the chain has no grid, or the rows of the rarest class are too few for two folds. Where they are for
        the sampler in one of them, C is the one of the rows as they are: a small table must not fail for the sake of C,
        nor a variant be compared with an untuned one.
    """
    from imblearn import FunctionSampler

    if chain.grid is None or (number := count(y, chain.labels, most=INNER, times=times)) < 2:
        return None, None
    losses, judged = dict.fromkeys(sorted(chain.grid), 0.0), 0.0
    inner = splits(y, folds=number, repeats=1, seed=derived(*where), groups=groups, times=times)
    for _, fold, fit, held in inner:
        weighed = weights.at(weight, fit)
        counts = np.ones(len(held)) if weight is None else weight[held]
        judged += float(counts.sum())
        seen = prepare(X.iloc[fit], X.iloc[held], chain.preprocessing)
        sampler = suit(reseeded(chain.sampler, *where, fold), seen.rows)
        try:
            made, known = resample(seen.rows, y.iloc[fit], sampler, chain.labels)
        except InputError:
            if isinstance(chain.sampler, FunctionSampler):
                return None, None
            plain = replace(chain, sampler=FunctionSampler())
            return tune(X, y, plain, where=where, groups=groups, times=times, weight=weight, prepare=prepare)
        carried = sample_weights.carried(weighed, sampler)
        # Arrays, since checking a frame's names takes longer than fitting it.
        rows, unseen = encoding.encode(seen.preprocessor, made).to_numpy(), seen.unseen.to_numpy()
        for C in losses:
            fitted, _ = train(rows, known, clone(chain.model).set_params(C=C), carried)
            right = _right(fitted, known, unseen, y.iloc[fit], y.iloc[held], chain, carried=carried, weight=weighed)
            losses[C] -= float((counts * np.log(np.maximum(right, EPSILON))).sum())
    return min(losses, key=lambda C: losses[C]), {C: loss / judged for C, loss in losses.items()}


def _right(
    fitted: Any,
    known: pd.Series,
    unseen: np.ndarray,
    before: pd.Series,
    held: pd.Series,
    chain: Chain,
    *,
    carried: np.ndarray | None,
    weight: np.ndarray | None,
) -> np.ndarray:
    """The corrected probability that a model fitted on labels `known` gives to what each held row is.

    `before` has the training labels before resampling; `carried` and `weight` are the weights of both.
    """
    probability = fitted.predict_proba(unseen)
    if chain.labels is None:
        true_share = weights.prevalence(before, weight)
        shares = {"trained": trained_prevalence(fitted, known, carried), "true": true_share}
        corrected = correct_prior(probability[:, 1], **shares)
        return np.where(held == 1, corrected, 1 - corrected)
    classes = len(chain.labels)
    true = np.bincount(before, minlength=classes) / len(before)
    several_corrected = correct_shares(probability, trained=trained_shares(fitted, known, classes), true=true)
    return np.asarray(several_corrected[np.arange(len(held)), held.to_numpy()])


def with_C(model: Any, C: float | None) -> Any:
    """The model with this C; as it is without one."""
    return model if C is None else model.set_params(C=C)


def reseeded(sampler: Any, *where: int) -> Any:
    """A copy of the sampler whose random states come from these numbers alone."""
    copy = clone(sampler)
    states = [name for name in copy.get_params() if name.rpartition("__")[2] == "random_state"]
    return copy.set_params(**dict.fromkeys(states, derived(*where)))
