"""One run (a table, a variant, a seed) in this process: the same computations as the stages, which are processes."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeVar

import pandas as pd
from sklearn.base import clone

from pipeline.config import Config, Data, Preprocess, Split
from pipeline.files import say
from pipeline.fit import (
    chains,
    duration,
    encoding,
    folds,
    memory,
    models,
    parallel,
    provenance,
    resampling,
    sample_weights,
    samplers,
    tuning,
)
from pipeline.fit.preprocessing import refuse_missing
from pipeline.fit.steps import steps
from pipeline.measure import evaluation, single_column
from pipeline.measure.tasks import task_of
from pipeline.table import read, split, weights
from pipeline.table.classes import labels as labels_of
from pipeline.table.grouping import together
from pipeline.table.split import separate

Made = TypeVar("Made")


@dataclass(frozen=True)
class Result:
    """What a run gives, as the stages write it.

    Attributes
    ----------
    metrics
        See `pipeline.measure.evaluation.gather`.
    predictions
        Of the rows it is judged on, see `pipeline.measure.evaluation.assess`.
    out_of_fold, folds
        See `pipeline.measure.evaluation.Folded.predictions` and `pipeline.measure.evaluation.by_fold`; None without
        folds.
    """

    metrics: dict[str, Any]
    predictions: pd.DataFrame
    out_of_fold: pd.DataFrame | None
    folds: pd.DataFrame | None


def _last(make: Callable[..., Made]) -> Callable[..., Made]:
    """`make`, whose last result is kept: in a sweep, runs on the same rows stand next to each other."""
    kept: dict[str, Made] = {}

    def remembered(*settings: Any) -> Made:
        key = repr(settings)  # equal settings have equal text
        if key not in kept:
            kept.clear()
            kept[key] = make(*settings)
        return kept[key]

    return remembered


@_last
def table(data: Data) -> tuple[pd.DataFrame, pd.Series | None, dict[str, Any], pd.DataFrame]:
    """The table, its true probabilities if they are known, its schema and its roles; see `pipeline.table.read.load`."""
    return read.load(data)


@_last
def sides(data: Data, how: Split) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Training rows and test rows; see `pipeline.table.split.split`."""
    rows, _, schema, roles = table(data)
    blocks = together(rows.drop(columns=data.target), roles, how)
    return split.split(
        rows, target=data.target, test_size=how.test_size, seed=how.seed, labels=labels_of(schema), **blocks
    )


@_last
def noted(data: Data, how: Split) -> dict[str, dict[str, float]]:
    """See `pipeline.measure.single_column.noted`."""
    return single_column.noted(sides(data, how)[0], data.target)


@_last
def prepared(
    data: Data, how: Split, preprocessing: Preprocess, trusted: list[str]
) -> tuple[Any, pd.DataFrame, Any, pd.DataFrame, Any]:
    """The preprocessor, features and target of the training rows, prepared, and of the test rows, encoded."""
    (X, y), (X_test, y_test) = (separate(rows, data.target) for rows in sides(data, how))
    if preprocessing.impute is None:
        refuse_missing(pd.concat([X, X_test]))
    made = chains.prepared(X, y, X_test, steps(preprocessing, trusted))
    return made.preprocessor, made.rows, y, made.unseen, y_test


@_last
def shared(data: Data, how: Split, seed: int) -> chains.Shared:
    """What the variants of one seed share of their folds."""
    return chains.Shared()


_tried = set[tuple[str, int]]()  # variants, with their rows, whose sampler this process has tried


@cache
def _say_once(text: str) -> None:
    """Print a line once a process: the runs of a sweep would say it again and again."""
    say(text)


def run(params: Config, name: str, *, jobs: int = 1) -> Result:
    """Resample, train and evaluate variant `name` of `params`; `jobs` as for `pipeline.fit.folds.out_of_fold`.

    Raises
    ------
    InputError
        The table cannot be used, or a sampler or model cannot take it.
    """
    (_, _, schema, roles), target = table(params.data), params.data.target
    task, training = task_of(schema), sides(params.data, params.split)[0]
    chain = chains.chain(params, name, task)
    preprocessor, X, y, X_test, y_test = prepared(params.data, params.split, params.preprocess, params.trusted_packages)
    suited = samplers.suit(clone(chain.sampler), X)
    if note := samplers.describe(chain.sampler, suited, X):
        _say_once(f"{name}: {note}")
    memory.refuse_large(suited, X, y, task.labels, chain.memory)  # before the folds, whose limits are further away
    if (name, len(y)) not in _tried:  # the runs of a sweep wait alike
        _tried.add((name, len(y)))
        with parallel.threads(jobs, suited):
            if wait := duration.note(suited, X, y, again=duration.again(params, name, y)):
                say(f"{name}: {wait}")
    features, labels = separate(training, target)
    before, weight = (weights.of(roles, rows.index) for rows in (training, X_test))
    how: dict[str, Any] = {**together(features, roles, params.split), "weight": before}
    how["prepare"] = shared(params.data, params.split, params.seed)
    folding: dict[str, Any] = {"settings": params.evaluate, "seed": params.seed, "jobs": jobs}
    folded = folds.refit(training, target=target, chain=chain, **folding, **how)
    with parallel.threads(jobs, suited):
        X_resampled, y_resampled = resampling.resample(X, y, suited, task.labels, chain.memory)
    origin = provenance.provenance(X, y, X_resampled, y_resampled, getattr(suited, "sample_indices_", None))
    weighing: dict[str, Any] = {"negatives": chain.negatives, "class_weight": chain.class_weight}
    carried = sample_weights.carried(before, suited, y_resampled, **weighing)
    best, values = tuning.tune(features, labels, chain, where=(params.seed,), **how)
    encoded = encoding.encode(preprocessor, X_resampled)
    ready = clone(chain.model).set_params(**(best or {}))
    model, converged = models.train(encoded, y_resampled, ready, carried, negatives=chain.negatives)
    fitted = models.describe(model, converged, y_resampled, values, chain, carried)
    if len(X_test):
        predictions = models.predict(model, X_test, y_test, task, weight)
    else:
        predictions = evaluation.first_repeat(task, folded, params.evaluate)
    true = weights.proportions(y, before, task.classes)
    assessed = evaluation.assess(
        task, predictions, folded, trained=fitted["trained_proportions"], true=true, settings=params.evaluate
    )
    counts = provenance.count(y_resampled, origin, task.names)
    metrics = evaluation.gather(name, assessed, classes=counts, fitted=fitted, folded=folded)
    if folded is None:
        return Result(metrics, predictions, None, None)
    return Result(metrics, predictions, folded.predictions, evaluation.by_fold(task, folded, params.evaluate))
