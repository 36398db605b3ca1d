"""Chooses a model's arguments for a variant, in folds of the rows that it is fitted on."""

import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from math import isclose
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression, LogisticRegressionCV

from pipeline.errors import InputError
from pipeline.fit import encoding, sample_weights
from pipeline.fit.chains import Chain, Prepare, Prepared, prepared
from pipeline.fit.memory import OutOfMemory
from pipeline.fit.models import scored, train, trained_proportions
from pipeline.fit.resampling import resample
from pipeline.fit.samplers import suit
from pipeline.fit.splits import count, derived, splits
from pipeline.measure.calibration import by_class
from pipeline.table import weights

Fitted: TypeAlias = tuple[np.ndarray, np.ndarray, np.ndarray]  # encoded rows, their codes, their weights
INNER = 3  # folds that choose arguments, at most
KEPT = ("class_weight", "fit_intercept", "intercept_scaling", "max_iter", "random_state", "tol")  # along the path
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
) -> tuple[dict[str, Any] | None, list[float | None] | None]:
    """The candidate that is best out of at most `INNER` folds of these rows, and each one's metric.

    The metric is computed once, on the predictions of all folds together, so that folds with few positives are no
    trouble. Probabilities are prior-corrected first, which makes folds comparable: otherwise resampling's shift of all
    probabilities would choose. Of equal candidates the first.

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
    best, values
        None where the chain has no search, or the rows of the rarest class are too few for two folds. Where they are
        for the sampler in one of them, the best is the one of the rows as they are: a small table must not fail for the
        sake of a search, nor a variant be compared with one without. A value is None where the model can't be fitted
        with that candidate to the rows of a fold, such as one of more neighbors than rows.

    Raises
    ------
    InputError
        No candidate can be fitted.
    """
    from imblearn import FunctionSampler

    best, number = chain.criterion, count(y, chain.task.classes, most=INNER, times=times)
    if best is None or number < 2:
        return None, None
    pooled: list[list[np.ndarray]] = [[] for _ in chain.search]
    places = []
    for _, fold, fit, held in splits(y, folds=number, repeats=1, seed=derived(*where), groups=groups, times=times):
        seen = prepare(X.iloc[fit], y.iloc[fit], X.iloc[held], chain.preprocessing)
        sampler = suit(reseeded(chain.sampler, *where, fold), seen.rows)
        try:
            made, known = resample(seen.rows, y.iloc[fit], sampler, chain.task.labels, chain.memory)
        except OutOfMemory:  # else what is chosen would depend on the machine
            raise
        except InputError:
            if isinstance(chain.sampler, FunctionSampler):
                return None, None
            bare = replace(chain, sampler=FunctionSampler())
            return tune(X, y, bare, where=where, groups=groups, times=times, weight=weight, prepare=prepare)
        true = weights.proportions(y.iloc[fit], weight[fit], chain.task.classes)
        # A sample of negatives is fitted without weights. How far that moves the log odds is corrected with the rest.
        plain = weights.ones(len(fit)) if chain.negatives else weight[fit]
        carried = sample_weights.carried(
            plain, sampler, known, negatives=chain.negatives, class_weight=chain.class_weight
        )
        places.append(held)
        for parts, corrected in zip(pooled, _corrected(seen, made, known, chain, carried, true=true), strict=True):
            parts += [] if corrected is None else [corrected]
    each = np.concatenate(places)
    rows = pd.DataFrame({"y": y.to_numpy()[each], **weights.column(weight[each])})
    values = [
        best.value(rows.assign(**chain.task.columns(np.concatenate(parts))), chain.task)
        if len(parts) == len(places)
        else None
        for parts in pooled
    ]
    top = max((value for value in values if value is not None), key=lambda value: best.sign * value, default=None)
    if top is None:
        raise InputError(
            f"model.search: expected a value that suits the rows of a fold, found none among {len(chain.search)}. "
            "Search other values, or set model.search=null."
        )
    first = next(place for place, value in enumerate(values) if value is not None and isclose(value, top))
    return dict(chain.search[first]), values  # the first: sums differ in their last bits


def _corrected(
    seen: Prepared, made: pd.DataFrame, known: pd.Series, chain: Chain, weight: np.ndarray, *, true: np.ndarray
) -> Iterator[np.ndarray | None]:
    """The prior-corrected probabilities, shape (n, k), that each candidate's model gives the unseen rows.

    None where the rows can't be fitted with it. Rows are ranked by these (see
    `pipeline.measure.scores.from_probability`), not by the decision function: its unit is the model's own, and only
    probabilities can be prior-corrected. Log odds above about 22 tie.
    """
    # Arrays, since checking a frame's names takes longer than fitting it.
    rows, unseen, codes = encoding.encode(seen.preprocessor, made).to_numpy(), seen.unseen.to_numpy(), known.to_numpy()
    along = _path if _has_path(chain.model) and set(chain.search[0]) == {"C"} else _one_by_one
    for model, probability in along(chain.model, chain.search, (rows, codes, weight), unseen):
        if probability is None:
            yield None
            continue
        trained = trained_proportions(model, known, weight, chain.task.classes)
        yield chain.task.correct(probability, trained=trained, true=true)


def _has_path(model: Any) -> bool:
    """Whether `_path` fits the same models: logistic regression whose other arguments are scikit-learn's defaults."""
    if type(model) is not LogisticRegression:
        return False
    given = model.get_params()
    plain = LogisticRegression(**{name: given[name] for name in (*KEPT, "C", "n_jobs", "verbose", "warm_start")})
    return bool(plain.get_params() == given)


def _one_by_one(
    model: Any, search: Sequence[Mapping[str, Any]], seen: Fitted, unseen: np.ndarray
) -> Iterator[tuple[Any, np.ndarray | None]]:
    """Each candidate's model and its probabilities of unseen rows, shape (n, k); None where it can't take the rows."""
    X, y, weight = seen
    for candidate in search:
        try:
            fitted, _ = train(X, y, clone(model).set_params(**candidate), weight)
            yield fitted, scored(fitted, unseen)[0]
        except InputError:
            yield None, None


def _path(
    model: Any, search: Sequence[Mapping[str, Any]], seen: Fitted, unseen: np.ndarray
) -> Iterator[tuple[Any, np.ndarray]]:
    """As `_one_by_one` for values of logistic regression's C, but each fit begins where the last one ended.

    Newton's method takes few steps, each with all second derivatives: fast where coefficients are few. It also comes
    closer to the minimum than L-BFGS, so that rounding chooses C less often.
    """
    from scipy.linalg import LinAlgWarning
    from scipy.special import expit, softmax

    X, y, weight = seen
    given = model.get_params()
    classes = int(y.max()) + 1
    coefficients = (X.shape[1] + 1) * (classes if classes > 2 else 1)
    search = LogisticRegressionCV(
        Cs=[float(candidate["C"]) for candidate in search],
        cv=[(np.arange(len(y)), [0])],  # one path through all rows
        scoring=_nothing,
        refit=False,
        l1_ratios=(0.0,),
        solver="newton-cholesky" if coefficients <= NEWTON else "lbfgs",
        use_legacy_attributes=False,
        **{name: given[name] for name in KEPT},
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LinAlgWarning)  # where it goes on with L-BFGS
        paths = train(X, y, search, weight)[0].coefs_paths_[0, 0]  # of the only fold, a C after the other
    for path in paths:
        logits = unseen @ path[:, : X.shape[1]].T + (path[:, X.shape[1]] if model.fit_intercept else 0.0)
        yield model, softmax(logits, axis=1) if classes > 2 else by_class(expit(logits[:, 0]))


def _nothing(*_: Any, **__: Any) -> float:
    """A score for which nothing is computed."""
    return 0.0


def reseeded(sampler: Any, *where: int) -> Any:
    """A copy of the sampler whose random states come from these numbers alone."""
    copy = clone(sampler)
    states = [name for name in copy.get_params() if name.rpartition("__")[2] == "random_state"]
    return copy.set_params(**dict.fromkeys(states, derived(*where)))
