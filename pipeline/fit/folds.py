"""Refits the whole chain, from preprocessing to model, in folds of the training rows."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import clone
from tqdm import tqdm

from pipeline.config import Evaluate
from pipeline.errors import InputError
from pipeline.fit import chains, encoding, sample_weights
from pipeline.fit.chains import Chain, Prepare, Prepared, prepared
from pipeline.fit.models import train, trained_prevalence, trained_shares
from pipeline.fit.resampling import resample
from pipeline.fit.samplers import suit
from pipeline.fit.splits import count, splits
from pipeline.fit.tuning import reseeded, tune, with_C
from pipeline.measure import multiclass
from pipeline.measure.evaluation import Folded, threshold
from pipeline.table import weights
from pipeline.table.classes import ROUTE, name
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
    weight: np.ndarray | None = None,
    prepare: Prepare = prepared,
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
        Shape (n,): how many rows each row stands for, which has no part in the folds; None is one.
    prepare
        A `Shared` spares other variants on this table what one has made.

    Raises
    ------
    InputError
        The sampler or the model cannot take the rows of a fold.
    """
    X, y = separate(table, target)
    held_rows, fits = [], []
    each = splits(y, folds=folds, repeats=repeats, seed=seed, groups=groups, times=times)
    total = folds * (1 if times is not None else repeats)
    for repeat, fold, fit, held in tqdm(each, total=total, desc="folds", delay=2, leave=False, disable=None):
        try:
            how: dict[str, Any] = {"where": (seed, repeat, fold), "weight": weights.at(weight, fit)}
            rows: dict[str, Any] = {"groups": _at(groups, fit), "times": _at(times, fit)}
            _refuse_missing(y.iloc[fit], chain)
            C, _ = tune(X.iloc[fit], y.iloc[fit], chain, prepare=prepare, **how, **rows)
            seen = prepare(X.iloc[fit], X.iloc[held], chain.preprocessing)
            probability, converged, trained = _fit(seen, y.iloc[fit], chain, C=C, **how)
        except InputError as error:
            where = f"fold {fold + 1} of {folds}" + (f", repeat {repeat + 1}" if repeat else "")
            raise InputError(f"{where}: {error}") from None
        told = {"repeat": repeat, "fold": fold, "y": y.iloc[held], **_told(probability)}
        told |= weights.column(weights.at(weight, held))
        held_rows.append(pd.DataFrame(told).set_index(X.index[held]).assign(place=held))
        counts = {"training_rows": len(fit), **_counts(y.iloc[fit], chain)}
        fits.append({"repeat": repeat, "fold": fold, **counts, "C": C, "converged": converged, **trained})
    predictions = pd.concat(held_rows).sort_values(["repeat", "place"], kind="stable").drop(columns="place")
    return Folded(predictions.rename_axis(table.index.name), pd.DataFrame(fits).astype({"C": "float64"}))


def _told(probability: np.ndarray) -> dict[str, np.ndarray]:
    """Probabilities as columns: of the positive class, or of each of several."""
    return {"probability": probability} if probability.ndim == 1 else multiclass.by_column(probability)


def _counts(y: pd.Series, chain: Chain) -> dict[str, int]:
    """What `Folded.fits` says of the classes of training rows."""
    if chain.labels is None:
        return {"training_positives": int(y.sum())}
    counts = np.bincount(y, minlength=len(chain.labels))
    return {f"training_rows_{code}": int(number) for code, number in enumerate(counts)}


def _refuse_missing(y: pd.Series, chain: Chain) -> None:
    """Raise InputError if training rows lack a class: no model could foretell it."""
    for code in range(2 if chain.labels is None else len(chain.labels)):
        if not (y == code).any():
            mend = "set evaluate.folds to fewer" if chain.labels is None else ROUTE
            raise InputError(
                f"class {name(code, chain.labels)} is not among the training rows, since its rows stay together in "
                f"few groups: {mend}, or use split=stratified"
            )


def _fit(
    seen: Prepared,
    y: pd.Series,
    chain: Chain,
    *,
    C: float | None,
    where: Sequence[int],
    weight: np.ndarray | None,
) -> tuple[np.ndarray, bool, dict[str, float]]:
    """The probabilities of the held rows, whether the fit converged, and what it learned of the classes' shares."""
    sampler = suit(reseeded(chain.sampler, *where), seen.rows)
    made, known = resample(seen.rows, y, sampler, chain.labels)
    carried, encoded = sample_weights.carried(weight, sampler), encoding.encode(seen.preprocessor, made)
    fitted, converged = train(encoded, known, with_C(clone(chain.model), C), carried)
    probability = np.asarray(fitted.predict_proba(seen.unseen))
    if chain.labels is None:
        return probability[:, 1], converged, {"trained_prevalence": trained_prevalence(fitted, known, carried)}
    shares = trained_shares(fitted, known, len(chain.labels))
    return probability, converged, {f"trained_share_{code}": float(share) for code, share in enumerate(shares)}


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
    weight: np.ndarray | None = None,
    prepare: chains.Prepare = chains.prepared,
) -> tuple[Folded | None, float | None]:
    """What models in folds say of the rows they did not see, and the threshold t* chosen on that.

    Parameters
    ----------
    training
        Shape (n, p + 1), indexed by row_id: training rows before preprocessing.
    target, chain, seed, groups, times, weight, prepare
        As for `pipeline.fit.folds.out_of_fold`.
    settings
        How many folds at most, and the rule of t*.

    Returns
    -------
    folded
        See `pipeline.fit.folds.out_of_fold`.
    tuned
        t*. Both are None where folds are not asked for, or rows of the rarest class are too few for two of them. With
        more than two classes there is no threshold.

    Raises
    ------
    InputError
        The sampler or the model cannot take the rows of a fold.
    """
    number = count(training[target], chain.labels, most=settings.folds, times=times)
    if number < 2:
        return None, None
    folded = out_of_fold(
        training,
        target=target,
        chain=chain,
        folds=number,
        repeats=settings.repeats,
        seed=seed,
        groups=groups,
        times=times,
        weight=weight,
        prepare=prepare,
    )
    if chain.labels is not None:
        return folded, None
    return folded, threshold(folded.predictions, settings)
