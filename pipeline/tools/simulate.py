"""Simulates tables with a table's features and labels of known predictability."""

import io
import sys
from contextlib import redirect_stderr
from math import ceil
from typing import Any

import numpy as np
import pandas as pd
from sklearn.impute import SimpleImputer
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from pipeline.config import Config
from pipeline.errors import InputError
from pipeline.fit import preprocessing, run, splits
from pipeline.fit.steps import Steps
from pipeline.judge import primary
from pipeline.measure.primary import COLUMNS
from pipeline.measure.statistics import fold_ratio
from pipeline.measure.tasks import TWO_CLASSES
from pipeline.tools.labels import over_folds

ENOUGH = 50  # training rows of the rarer class, where possible: from there on widths shrink with the root of rows
STEEPEST = 1000.0  # log odds per standard deviation of the score: practically a step
RARE = 0.01  # fraction of the rows below which levels are merged, or ids would become thousands of columns


def truth(score: np.ndarray, *, prevalence: float, roc_auc: float) -> np.ndarray:
    """The logistic probabilities of a score, with mean `prevalence` and ROC AUC `roc_auc`.

    Parameters
    ----------
    score
        Shape (n,): mean 0, standard deviation 1.
    prevalence
        In (0, 1).
    roc_auc
        Probability that a positive drawn by these probabilities has a higher score than a negative, a tie counting
        half; in (0.5, 1).

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
            f"plan.roc_auc: expected at most {most:.2f}, because the features have few distinct values, found "
            f"{roc_auc:g}. Lower it."
        )
    return probability(brentq(lambda slope: above(slope) - roc_auc, 0.0, STEEPEST, xtol=1e-6))


def draw(probability: np.ndarray, positives: int, rng: np.random.Generator) -> np.ndarray:
    """Labels drawn by their probabilities, given that `positives` of them are 1; shape (n,), int8.

    Parameters
    ----------
    probability
        Shape (n,), with sum `positives`. At least about one draw in sqrt(2 pi positives) then has exactly as many.
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
        Shape (n, p), missing values allowed.
    target
        Name of the label column.
    positives
        Exact number of labels 1.
    roc_auc
        See `truth`.
    rng
        For the direction and the labels.

    Raises
    ------
    InputError
        The features cannot have this ROC AUC.
    """
    onehot = OneHotEncoder(min_frequency=RARE, drop="if_binary", handle_unknown="infrequent_if_exist")
    steps = Steps(SimpleImputer(strategy="median"), StandardScaler(), onehot)
    fitted, _ = preprocessing.preprocess(features, pd.Series(0, features.index), steps)
    scaled = fitted.transform(features).to_numpy(dtype=float)
    score = scaled @ rng.normal(size=scaled.shape[1])
    if score.std() == 0:
        raise InputError("expected at least one feature that varies, found none. Add one.")
    score = (score - score.mean()) / score.std()
    probability = truth(score, prevalence=positives / len(score), roc_auc=roc_auc)
    return features.assign(**{target: draw(probability, positives, rng)})


def size(rows: int, rare: int, *, most: int, test_size: float, number: int) -> int:
    """Rows of a simulated table: `most`, or more to have ENOUGH training rows of the rarer class, and at most all.

    Parameters
    ----------
    rows, rare
        Of the table, and of its rarer class.
    most
        Rows.
    test_size
        Fraction of the rows that is held out.
    number
        Of folds.
    """
    enough = max(ENOUGH, splits.LEAST * number) / (1 - test_size)
    return min(rows, max(most, ceil(enough * rows / rare)))


def variances(params: Config, number: int, *, rows: int, positives: int, roc_auc: float) -> dict[str, Any]:
    """By method, the variance of its differences from `none` over the folds of a simulated table, in one repeat.

    Parameters
    ----------
    params
        With its table, whose labels are not used, and the variants to simulate.
    number
        Of the table: its seed, with that of `params`.
    rows, positives
        Of the simulated table.
    roc_auc
        See `truth`.

    Returns
    -------
    variances
        And as `test_over_train` the test rows of a fold over its training rows.
    """
    target, column = params.data.target, COLUMNS[params.compare.primary][0]
    features = run.table(params.data)[0].drop(columns=target)
    rng = np.random.default_rng(np.random.SeedSequence((params.seed, number)))
    if rows < len(features):
        features = features.iloc[np.sort(rng.choice(len(features), size=rows, replace=False))]
    table = simulate(features, target=target, positives=positives, roc_auc=roc_auc, rng=rng)
    quiet = io.StringIO()  # the folds' own progress lines would mix, as several processes run at once
    with redirect_stderr(quiet):
        once = params.model_copy(update={"evaluate": params.evaluate.model_copy(update={"repeats": 1})})
        found, _ = over_folds(table, once, pd.DataFrame(index=table.index), TWO_CLASSES)
    sys.stderr.write(quiet.getvalue())
    rows_of = {name: each for name, each in found.items() if each is not None}
    none = rows_of.pop(primary.REFERENCE)
    differences = {name: (each[column] - none[column]).to_numpy(dtype=float) for name, each in rows_of.items()}
    return {name: float(d.var(ddof=1)) for name, d in differences.items()} | {"test_over_train": fold_ratio(none)}
