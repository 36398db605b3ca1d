"""Refits the whole chain, from preprocessing to model, in folds of the training rows."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.model_selection import RepeatedStratifiedKFold
from tqdm import tqdm

from pipeline.errors import InputError
from pipeline.files import separate
from pipeline.preprocess import preprocess
from pipeline.resample import resample
from pipeline.train import train

POSITIVES = 5  # that each fold keeps for testing


def count(positives: int, *, most: int) -> int:
    """The number of folds: at most `most`, each with `POSITIVES` positive rows; below 2 there is nothing to fold."""
    return min(most, positives // POSITIVES)


def out_of_fold(
    table: pd.DataFrame,
    *,
    target: str,
    preprocessing: Mapping[str, Any],
    sampler: Any,
    model: Any,
    folds: int,
    repeats: int,
    seed: int,
) -> pd.DataFrame:
    """The probability that each training row gets from models that did not see it.

    Parameters
    ----------
    table
        Shape (n, p + 1), indexed by row_id: training rows before preprocessing.
    target
        Name of the target column.
    preprocessing
        Settings of `preprocess`.
    sampler, model
        Unfitted; each fold fits copies.
    folds
        Number of stratified folds, from 2.
    repeats
        How many times the rows are put into folds, each time anew.
    seed
        Of the folds, which so are the same for every variant; samplers get seeds derived from it.

    Returns
    -------
    predictions
        Indexed by row_id, repeat by repeat in the table's order: `repeat`, `fold`, `y`, `probability` of the
        positive class, and whether the fold's fit `converged`.
    """
    X, y = separate(table, target)
    fold_of = np.empty((repeats, len(y)), dtype=np.int64)
    probability = np.empty((repeats, len(y)))
    converged = np.empty((repeats, len(y)), dtype=bool)
    splitter = RepeatedStratifiedKFold(n_splits=folds, n_repeats=repeats, random_state=seed)
    splits = tqdm(splitter.split(X, y), total=repeats * folds, desc="folds", delay=2, leave=False, disable=None)
    for number, (fit, held) in enumerate(splits):
        repeat, fold = divmod(number, folds)
        preprocessor = preprocess(X.iloc[fit], **preprocessing)
        try:
            rows = resample(preprocessor.transform(X.iloc[fit]), y.iloc[fit], reseeded(sampler, seed, repeat, fold))
        except InputError as error:
            where = f"fold {fold + 1} of {folds}" + (f", repeat {repeat + 1}" if repeat else "")
            raise InputError(f"{where}: {error}") from None
        fitted, converged[repeat, held] = train(*rows, clone(model))
        probability[repeat, held] = fitted.predict_proba(preprocessor.transform(X.iloc[held]))[:, 1]
        fold_of[repeat, held] = fold
    columns = {
        "repeat": np.repeat(np.arange(repeats), len(y)),
        "fold": fold_of.ravel(),
        "y": np.tile(y.to_numpy(), repeats),
        "probability": probability.ravel(),
        "converged": converged.ravel(),
    }
    return pd.DataFrame(columns, index=np.tile(table.index, repeats)).rename_axis(table.index.name)


def reseeded(sampler: Any, *where: int) -> Any:
    """A copy of the sampler whose random states come from these numbers alone (`numpy.random.SeedSequence`)."""
    seed = int(np.random.SeedSequence(where).generate_state(1)[0])
    copy = clone(sampler)
    states = [name for name in copy.get_params() if name.rpartition("__")[2] == "random_state"]
    return copy.set_params(**dict.fromkeys(states, seed))
