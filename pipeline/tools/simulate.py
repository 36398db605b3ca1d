"""Simulates tables with a table's features and labels of known predictability."""

import io
import sys
from contextlib import redirect_stderr
from dataclasses import replace
from math import ceil
from typing import Any

import numpy as np
import pandas as pd

from pipeline.config import Config
from pipeline.errors import InputError
from pipeline.fit import preprocessing, run, splits
from pipeline.judge import primary
from pipeline.measure.statistics import fold_ratio
from pipeline.measure.tasks import TWO_CLASSES
from pipeline.tools.labels import over_folds

ENOUGH = 50  # rows of the rarer class that a simulated table trains on, if it can: width then follows the law
STEEPEST = 1000.0  # log odds a standard deviation of the score: steps, for all that rows can tell
RARE = 0.01  # share of the rows below which levels become one, so that ids of people are not thousands of columns


def truth(score: np.ndarray, *, prevalence: float, roc_auc: float) -> np.ndarray:
    """The logistic probabilities of a score whose mean is `prevalence` and whose own ROC AUC is `roc_auc`.

    Parameters
    ----------
    score
        Shape (n,): mean 0, standard deviation 1.
    prevalence
        In (0, 1).
    roc_auc
        Probability that a positive drawn by these probabilities has a higher score than a negative, ties by halves; in
        (0.5, 1).

    Raises
    ------
    InputError
        No slope gives it: too many rows have the same score.
    """
    from scipy.optimize import brentq
    from scipy.special import expit

    _, group = np.unique(score, return_inverse=True)

    def probability(slope: float) -> np.ndarray:
        far = slope * float(np.abs(score).max()) + 50
        return np.asarray(
            expit(slope * score + brentq(lambda shift: expit(slope * score + shift).mean() - prevalence, -far, far))
        )

    def above(slope: float) -> float:
        p = probability(slope)
        positive, negative = np.bincount(group, p), np.bincount(group, 1 - p)
        return float((positive * (np.cumsum(negative) - negative / 2)).sum() / (positive.sum() * negative.sum()))

    if (most := above(STEEPEST)) < roc_auc:
        raise InputError(
            f"plan.roc_auc: expected at most {most:.2f}, which is all that features of so few values can have, "
            f"found {roc_auc:g}"
        )
    return probability(brentq(lambda slope: above(slope) - roc_auc, 0.0, STEEPEST, xtol=1e-6))


def draw(probability: np.ndarray, positives: int, rng: np.random.Generator) -> np.ndarray:
    """Labels drawn by their probabilities, given that `positives` of them are 1; shape (n,), int8.

    Parameters
    ----------
    probability
        Shape (n,), of sum `positives`: so that about one draw in sqrt(2 pi positives) has as many, at the rarest.
    """
    while True:
        labels = rng.random(probability.size) < probability
        if labels.sum() == positives:
            return labels.astype(np.int8)


def simulate(
    features: pd.DataFrame, *, target: str, positives: int, roc_auc: float, rng: np.random.Generator
) -> pd.DataFrame:
    """These features, with labels drawn from a logistic truth in a random direction.

    Parameters
    ----------
    features
        Shape (n, p), holes allowed.
    target
        Name of the column of labels.
    positives
        Exact number of labels 1.
    roc_auc
        See `truth`.
    rng
        Of direction and labels.

    Raises
    ------
    InputError
        The features cannot have this ROC AUC.
    """
    fitted = preprocessing.preprocess(features, impute="median", scale=True, encode="onehot", min_frequency=RARE)
    scaled = fitted.transform(features).to_numpy(dtype=float)
    score = scaled @ rng.normal(size=scaled.shape[1])
    if score.std() == 0:
        raise InputError("features: expected one that varies, found none")
    score = (score - score.mean()) / score.std()
    probability = truth(score, prevalence=positives / len(score), roc_auc=roc_auc)
    return features.assign(**{target: draw(probability, positives, rng)})


def size(rows: int, rare: int, *, most: int, test_size: float, number: int) -> int:
    """Rows of a simulated table: `most`, or as many as keep ENOUGH of the rarer class for training, or all.

    Parameters
    ----------
    rows, rare
        Of the table, and of its rarer class.
    most
        Rows.
    test_size
        Share of the rows that is held out.
    number
        Of folds.
    """
    enough = max(ENOUGH, splits.LEAST * number) / (1 - test_size)
    return min(rows, max(most, ceil(enough * rows / rare)))


def variances(params: Config, number: int, *, rows: int, positives: int, roc_auc: float) -> dict[str, Any]:
    """By remedy, the variance of its differences from `none` over the folds of a simulated table, once repeated.

    Parameters
    ----------
    params
        With its table, whose labels have no part in this, and the variants to simulate.
    number
        Of the table: its seed, with that of `params`.
    rows, positives
        Of the simulated table.
    roc_auc
        See `truth`.

    Returns
    -------
    variances
        And below `test_over_train` the test rows of a fold over its training rows.
    """
    target, column = params.data.target, primary.COLUMNS[params.compare.primary][0]
    features = run.table(params.data)[0].drop(columns=target)
    rng = np.random.default_rng(np.random.SeedSequence((params.seed, number)))
    if rows < len(features):
        features = features.iloc[np.sort(rng.choice(len(features), size=rows, replace=False))]
    table = simulate(features, target=target, positives=positives, roc_auc=roc_auc, rng=rng)
    quiet = io.StringIO()  # the folds' own progress lines, of several processes at once
    with redirect_stderr(quiet):
        once = replace(params, evaluate=replace(params.evaluate, repeats=1))
        found, _ = over_folds(table, once, pd.DataFrame(index=table.index), TWO_CLASSES)
    sys.stderr.write(quiet.getvalue())
    rows_of = {name: each for name, each in found.items() if each is not None}
    none = rows_of.pop(primary.REFERENCE)
    differences = {name: (each[column] - none[column]).to_numpy(dtype=float) for name, each in rows_of.items()}
    return {name: float(d.var(ddof=1)) for name, d in differences.items()} | {"test_over_train": fold_ratio(none)}
