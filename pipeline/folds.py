"""Refits the whole chain, from preprocessing to model, in folds of the training rows."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.model_selection import StratifiedKFold
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
    seed
        Of the folds, which so are the same for every variant; samplers get seeds derived from it.

    Returns
    -------
    predictions
        Indexed by row_id in the table's order: `fold`, `y`, `probability` of the positive class, and whether
        the fold's fit `converged`.
    """
    X, y = separate(table, target)
    fold_of = np.empty(len(y), dtype=np.int64)
    probability = np.empty(len(y))
    converged = np.empty(len(y), dtype=bool)
    splitter = StratifiedKFold(folds, shuffle=True, random_state=seed)
    for fold, (fit, held) in enumerate(tqdm(splitter.split(X, y), total=folds, desc="folds", delay=2, leave=False)):
        preprocessor = preprocess(X.iloc[fit], **preprocessing)
        try:
            rows = resample(preprocessor.transform(X.iloc[fit]), y.iloc[fit], reseeded(sampler, seed, fold))
        except InputError as error:
            raise InputError(f"fold {fold + 1} of {folds}: {error}") from None
        fitted, converged[held] = train(*rows, clone(model))
        probability[held] = fitted.predict_proba(preprocessor.transform(X.iloc[held]))[:, 1]
        fold_of[held] = fold
    columns = {"fold": fold_of, "y": y.to_numpy(), "probability": probability, "converged": converged}
    return pd.DataFrame(columns, index=table.index)


def reseeded(sampler: Any, *where: int) -> Any:
    """A copy of the sampler whose random states come from these numbers alone (`numpy.random.SeedSequence`)."""
    seed = int(np.random.SeedSequence(where).generate_state(1)[0])
    copy = clone(sampler)
    states = [name for name in copy.get_params() if name.rpartition("__")[2] == "random_state"]
    return copy.set_params(**dict.fromkeys(states, seed))
