"""Refits the whole chain, from preprocessing to model, in folds of the training rows."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.model_selection import RepeatedStratifiedKFold, StratifiedGroupKFold
from tqdm import tqdm

from pipeline import config, weights
from pipeline.calibration import correct_prior
from pipeline.config import Config
from pipeline.encoding import encode, prepare
from pipeline.errors import InputError
from pipeline.files import separate
from pipeline.preprocess import preprocess
from pipeline.resample import resample
from pipeline.samplers import suit
from pipeline.train import train, trained_prevalence

POSITIVES = 5  # that each fold keeps for testing
INNER = 3  # folds that choose C, at most
EPSILON = float(np.finfo(np.float64).eps)  # least probability in a logarithm, as in scikit-learn's log loss


@dataclass(frozen=True)
class Chain:
    """What each fold fits anew.

    Attributes
    ----------
    preprocessing
        Settings of `preprocess`.
    sampler, model
        Unfitted; copies are fitted.
    grid
        Values of the model's C to choose from; None leaves C as it is.
    """

    preprocessing: Mapping[str, Any]
    sampler: Any
    model: Any
    grid: Sequence[float] | None


@dataclass(frozen=True)
class Folded:
    """What models in folds say of the rows they did not see.

    Attributes
    ----------
    predictions
        Indexed by row_id, repeat by repeat in the table's order: `repeat`, `fold`, `y`, `probability` of the
        positive class, and `weight` where it is declared. Folds along time leave out the first rows, which no earlier
        ones could learn.
    fits
        One row a fold: `repeat`, `fold`, `training_rows` and `training_positives` before resampling, `C`, whether the
        fit `converged`, and `trained_prevalence` after resampling and weights.
    """

    predictions: pd.DataFrame
    fits: pd.DataFrame


def chain(params: Config, name: str) -> Chain:
    """The chain of variant `name`, as configured."""
    return Chain(
        preprocessing=vars(params.preprocess),
        sampler=config.sampler(params, name),
        model=config.model(params, name),
        grid=config.grid(params),
    )


def count(positives: int, *, most: int, along_time: bool = False) -> int:
    """The number of folds: at most `most`, each with `POSITIVES` positive rows; below 2 there is nothing to fold.

    Folds along time need as many before the first of them.
    """
    return min(most, positives // POSITIVES - along_time)


def splits(
    y: pd.Series,
    *,
    folds: int,
    repeats: int,
    seed: int,
    groups: pd.Series | None = None,
    times: pd.Series | None = None,
) -> Iterator[tuple[int, int, np.ndarray, np.ndarray]]:
    """Of each fold: its repeat, its number, and the positions of its training and of its held rows.

    Parameters
    ----------
    y
        Shape (n,): 0 and 1.
    folds, repeats, seed
        How many, and the seed of their shuffles. Folds along time have neither repeats nor chance.
    groups
        Shape (n,): rows of one group stay in one fold.
    times
        Shape (n,), sortable: each fold is learned from earlier rows alone. Rows in order are cut into folds + 1 blocks
        of equally many positives, equal times in one block; a fold holds a block and learns from all before it.
    """
    if times is not None:
        yield from _along_time(y, times, folds)
    elif groups is not None:
        for repeat in range(repeats):
            shuffled = StratifiedGroupKFold(folds, shuffle=True, random_state=derived(seed, repeat))
            for fold, (fit, held) in enumerate(shuffled.split(y, y, groups)):
                yield repeat, fold, fit, held
    else:
        stratified = RepeatedStratifiedKFold(n_splits=folds, n_repeats=repeats, random_state=seed)
        for number, (fit, held) in enumerate(stratified.split(y, y)):
            yield *divmod(number, folds), fit, held


def _along_time(y: pd.Series, times: pd.Series, folds: int) -> Iterator[tuple[int, int, np.ndarray, np.ndarray]]:
    order = np.argsort(times.to_numpy(), kind="stable")
    sorted_times, positives = times.to_numpy()[order], np.flatnonzero(y.to_numpy()[order])
    # Each cut is moved back to the first row of its time.
    cuts = [positives[len(positives) * block // (folds + 1)] for block in range(1, folds + 1)]
    begins = [int(np.searchsorted(sorted_times, sorted_times[cut], side="left")) for cut in cuts]
    for fold, (begin, end) in enumerate(zip(begins, [*begins[1:], len(y)], strict=True)):
        yield 0, fold, np.sort(order[:begin]), np.sort(order[begin:end])


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
) -> Folded:
    """The probability that each training row gets from models that did not see it.

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
            rows, weighed = {"groups": _at(groups, fit), "times": _at(times, fit)}, weights.at(weight, fit)
            C, _ = tune(X.iloc[fit], y.iloc[fit], chain, where=(seed, repeat, fold), weight=weighed, **rows)
            predict, converged, trained = _fit(
                X.iloc[fit], y.iloc[fit], chain, C=C, where=(seed, repeat, fold), weight=weighed
            )
        except InputError as error:
            where = f"fold {fold + 1} of {folds}" + (f", repeat {repeat + 1}" if repeat else "")
            raise InputError(f"{where}: {error}") from None
        told = {"repeat": repeat, "fold": fold, "y": y.iloc[held], "probability": predict(X.iloc[held])}
        told |= weights.column(weights.at(weight, held))
        held_rows.append(pd.DataFrame(told).set_index(X.index[held]).assign(place=held))
        counts = {"training_rows": len(fit), "training_positives": int(y.iloc[fit].sum())}
        fits.append(
            {"repeat": repeat, "fold": fold, **counts, "C": C, "converged": converged, "trained_prevalence": trained}
        )
    predictions = pd.concat(held_rows).sort_values(["repeat", "place"], kind="stable").drop(columns="place")
    return Folded(predictions.rename_axis(table.index.name), pd.DataFrame(fits).astype({"C": "float64"}))


def tune(
    X: pd.DataFrame,
    y: pd.Series,
    chain: Chain,
    *,
    where: Sequence[int],
    groups: pd.Series | None = None,
    times: pd.Series | None = None,
    weight: np.ndarray | None = None,
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
    weight
        See `out_of_fold`.

    Returns
    -------
    C, losses
        None where the chain has no grid, or the positives are too few for two folds, or for the sampler in one of
        them: a small table must not fail for the sake of C.
    """
    number = count(int(y.sum()), most=INNER, along_time=times is not None)
    if chain.grid is None or number < 2:
        return None, None
    losses, judged = dict.fromkeys(sorted(chain.grid), 0.0), 0.0
    inner = splits(y, folds=number, repeats=1, seed=derived(*where), groups=groups, times=times)
    for _, fold, fit, held in inner:
        weighed = weights.at(weight, fit)
        counts = np.ones(len(held)) if weight is None else weight[held]
        judged += float(counts.sum())
        preprocessor = preprocess(X.iloc[fit], **chain.preprocessing)
        prepared = prepare(preprocessor, X.iloc[fit])
        sampler = suit(reseeded(chain.sampler, *where, fold), prepared)
        try:
            made, labels = resample(prepared, y.iloc[fit], sampler)
        except InputError:
            return None, None
        carried = weights.carried(weighed, sampler)
        # Arrays, since checking a frame's names takes longer than fitting it.
        rows = encode(preprocessor, made).to_numpy()
        unseen = encode(preprocessor, prepare(preprocessor, X.iloc[held])).to_numpy()
        for C in losses:
            fitted, _ = train(rows, labels, clone(chain.model).set_params(C=C), carried)
            true = weights.prevalence(y.iloc[fit], weighed)
            shares = {"trained": trained_prevalence(fitted, labels, carried), "true": true}
            probability = correct_prior(fitted.predict_proba(unseen)[:, 1], **shares)
            right = np.where(y.iloc[held] == 1, probability, 1 - probability)
            losses[C] -= float((counts * np.log(np.maximum(right, EPSILON))).sum())
    return min(losses, key=lambda C: losses[C]), {C: loss / judged for C, loss in losses.items()}


def _fit(
    X: pd.DataFrame,
    y: pd.Series,
    chain: Chain,
    *,
    C: float | None,
    where: Sequence[int],
    weight: np.ndarray | None,
) -> tuple[Any, bool, float]:
    preprocessor = preprocess(X, **chain.preprocessing)
    prepared = prepare(preprocessor, X)
    sampler = suit(reseeded(chain.sampler, *where), prepared)
    made, labels = resample(prepared, y, sampler)
    carried = weights.carried(weight, sampler)
    fitted, converged = train(encode(preprocessor, made), labels, with_C(clone(chain.model), C), carried)

    def predict(unseen: pd.DataFrame) -> np.ndarray:
        return np.asarray(fitted.predict_proba(encode(preprocessor, prepare(preprocessor, unseen)))[:, 1])

    return predict, converged, trained_prevalence(fitted, labels, carried)


def _at(rows: pd.Series | None, places: np.ndarray) -> pd.Series | None:
    return None if rows is None else rows.iloc[places]


def with_C(model: Any, C: float | None) -> Any:
    """The model with this C; as it is without one."""
    return model if C is None else model.set_params(C=C)


def derived(*numbers: int) -> int:
    """A seed that comes from these numbers alone (`numpy.random.SeedSequence`)."""
    return int(np.random.SeedSequence(numbers).generate_state(1)[0])


def reseeded(sampler: Any, *where: int) -> Any:
    """A copy of the sampler whose random states come from these numbers alone."""
    copy = clone(sampler)
    states = [name for name in copy.get_params() if name.rpartition("__")[2] == "random_state"]
    return copy.set_params(**dict.fromkeys(states, derived(*where)))
