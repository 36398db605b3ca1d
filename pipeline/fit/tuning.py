"""Tunes C for a variant, in folds of the rows that it is fitted on."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from math import isclose
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import clone

from pipeline.errors import InputError
from pipeline.fit import encoding, sample_weights
from pipeline.fit.chains import Chain, Prepare, Prepared, prepared
from pipeline.fit.models import train, trained_proportions
from pipeline.fit.resampling import resample
from pipeline.fit.samplers import suit
from pipeline.fit.splits import count, derived, splits
from pipeline.table import weights

INNER = 3  # folds that choose C, at most
NEWTON = 32  # coefficients up to which Newton's method is used to choose C


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
    """The C that is best by the chain's criterion out of at most `INNER` folds of these rows, and each C's metric.

    The metric is computed once, on the predictions of all folds together, so that folds with few positives are no
    trouble. Probabilities are prior-corrected first, which makes folds comparable: otherwise resampling's shift of all
    probabilities would choose C. Of equal ones the smallest, which penalizes most.

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
    C, values
        None where the chain has no grid, or the rows of the rarest class are too few for two folds. Where they are for
        the sampler in one of them, C is the one of the rows as they are: a small table must not fail for the sake of C,
        nor a variant be compared with an untuned one.
    """
    from imblearn import FunctionSampler

    best, number = chain.criterion, count(y, chain.task.classes, most=INNER, times=times)
    if chain.grid is None or best is None or number < 2:
        return None, None
    pooled: dict[float, list[pd.DataFrame]] = {C: [] for C in sorted(chain.grid)}
    for _, fold, fit, held in splits(y, folds=number, repeats=1, seed=derived(*where), groups=groups, times=times):
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
        of_rows = {"y": y.to_numpy()[held], **weights.column(weight[held])}
        for C, corrected in _corrected(seen, made, known, chain, weight=carried, true=true):
            pooled[C].append(pd.DataFrame({**of_rows, **chain.task.columns(corrected)}))
    values = {C: best.value(pd.concat(parts, ignore_index=True), chain.task) for C, parts in pooled.items()}
    top = max(values.values(), key=lambda value: best.sign * value)
    return next(C for C, value in values.items() if isclose(value, top)), values  # sums differ in their last bits


def _corrected(
    seen: Prepared, made: pd.DataFrame, known: pd.Series, chain: Chain, *, weight: np.ndarray, true: np.ndarray
) -> Iterator[tuple[float, np.ndarray]]:
    """Each C of the grid, and the prior-corrected probabilities, shape (n, k), that its model gives the unseen rows.

    Rows are ranked by these (see `pipeline.measure.scores.from_probability`), not by the decision function: its unit is
    the model's own, and only probabilities can be prior-corrected. Log odds above about 22 tie.
    """
    # Arrays, since checking a frame's names takes longer than fitting it.
    rows, unseen, codes = encoding.encode(seen.preprocessor, made).to_numpy(), seen.unseen.to_numpy(), known.to_numpy()
    model = _along_grid(clone(chain.model), features=rows.shape[1], classes=chain.task.classes)
    trained = trained_proportions(model, known, weight, chain.task.classes)
    for C in sorted(chain.grid or ()):
        fitted, _ = train(rows, codes, model.set_params(C=C), weight)
        yield C, chain.task.correct(fitted.predict_proba(unseen), trained=trained, true=true)


def _along_grid(model: Any, *, features: int, classes: int) -> Any:
    """The model, made to begin each fit where the last one ended; logistic regression by the solver that suits it.

    Newton's method takes few steps, each with all second derivatives: fast where coefficients are few. It also comes
    closer to the minimum than L-BFGS, so that rounding chooses C less often.
    """
    from sklearn.linear_model import LogisticRegression

    if isinstance(model, LogisticRegression) and model.solver == "lbfgs":
        coefficients = (features + 1) * (classes if classes > 2 else 1)
        solver = "newton-cholesky" if coefficients <= NEWTON else "lbfgs"
        return model.set_params(warm_start=True, solver=solver)
    return model


def with_C(model: Any, C: float | None) -> Any:
    """The model with this C; as it is without one."""
    return model if C is None else model.set_params(C=C)


def reseeded(sampler: Any, *where: int) -> Any:
    """A copy of the sampler whose random states come from these numbers alone."""
    copy = clone(sampler)
    states = [name for name in copy.get_params() if name.rpartition("__")[2] == "random_state"]
    return copy.set_params(**dict.fromkeys(states, derived(*where)))
