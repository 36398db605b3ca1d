"""Refits the whole chain, from preprocessing to model, in folds of the training rows."""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.model_selection import RepeatedStratifiedKFold, StratifiedGroupKFold
from tqdm import tqdm

from pipeline import config, encoding, multiclass, weights
from pipeline.calibration import EPSILON, correct_prior, correct_shares
from pipeline.classes import ROUTE, labels, name, rarest, several
from pipeline.config import Config
from pipeline.errors import InputError
from pipeline.files import separate
from pipeline.preprocess import preprocess
from pipeline.resample import resample
from pipeline.samplers import suit
from pipeline.train import train, trained_prevalence, trained_shares

LEAST = 5  # rows of the rarest class, mostly positives, that each fold keeps for testing
INNER = 3  # folds that choose C, at most
SHARED = 2**28  # bytes of prepared rows that are kept for other variants, at most


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
    labels
        Of more than two classes, by their codes; None for two.
    """

    preprocessing: Mapping[str, Any]
    sampler: Any
    model: Any
    grid: Sequence[float] | None
    labels: Sequence[Any] | None = None


@dataclass(frozen=True)
class Folded:
    """What models in folds say of the rows they did not see.

    Attributes
    ----------
    predictions
        Indexed by row_id, repeat by repeat in the table's order: `repeat`, `fold`, `y`, `probability` of the
        positive class, or of more than two classes each `probability_0` and so on, by their codes, and `weight` where
        it is declared. Folds along time leave out the first rows, which no earlier ones could learn.
    fits
        One row a fold: `repeat`, `fold`, `training_rows` and `training_positives` before resampling, `C`, whether the
        fit `converged`, and `trained_prevalence` after resampling and weights; of more than two classes
        `training_rows_0` and so on, and `trained_share_0`, in place of the positives'.
    """

    predictions: pd.DataFrame
    fits: pd.DataFrame


@dataclass(frozen=True)
class Prepared:
    """Rows of a fold, up to where variants part.

    Attributes
    ----------
    preprocessor
        See `pipeline.preprocess.preprocess`; fitted on the training rows.
    rows
        Training rows, prepared: what a sampler gets.
    unseen
        Held rows, encoded: what the model gets.
    """

    preprocessor: Any
    rows: pd.DataFrame
    unseen: pd.DataFrame


Prepare = Callable[[pd.DataFrame, pd.DataFrame, Mapping[str, Any]], Prepared]


def prepared(X: pd.DataFrame, unseen: pd.DataFrame, settings: Mapping[str, Any]) -> Prepared:
    """Training rows X and unseen rows, by what X says; for settings see `pipeline.preprocess.preprocess`."""
    fitted = preprocess(X, **settings)
    return Prepared(fitted, encoding.prepare(fitted, X), encoding.encode(fitted, encoding.prepare(fitted, unseen)))


class Shared:
    """`prepared`, for several variants on one table: what was made is kept, as far as `SHARED` reaches.

    Rows are told by their row_id, so that it must not be given rows of another table.
    """

    def __init__(self) -> None:
        self._kept: dict[str, Prepared] = {}
        self._bytes = 0

    def __call__(self, X: pd.DataFrame, unseen: pd.DataFrame, settings: Mapping[str, Any]) -> Prepared:
        """See `prepared`."""
        key = hashlib.sha256(repr((len(X), sorted(settings.items()))).encode())
        for rows in (X, unseen):
            key.update(rows.index.to_numpy().tobytes())
        if (found := self._kept.get(key.hexdigest())) is None:
            found = prepared(X, unseen, settings)
            size = sum(int(rows.memory_usage(deep=True).sum()) for rows in (found.rows, found.unseen))
            # Variants come in turns to the same folds: to make room for late ones would drop what is wanted first.
            if self._bytes + size <= SHARED:
                self._kept[key.hexdigest()] = found
                self._bytes += size
        return found


def chain(params: Config, name: str, schema: Mapping[str, Any] | None = None) -> Chain:
    """The chain of variant `name`, as configured, for a table with this schema; None knows of two classes alone.

    Raises
    ------
    InputError
        Settings are for two classes, and the table has more; or they name labels that the table does not have.
    """
    named = None if schema is None else labels(schema)
    more = None if schema is None else several(schema)
    config.refuse_several(params, more)
    return Chain(
        preprocessing=vars(params.preprocess),
        sampler=config.sampler(params, name, named),
        model=config.model(params, name, named),
        grid=config.grid(params),
        labels=more,
    )


def count(y: pd.Series, labels: Sequence[Any] | None, *, most: int, times: pd.Series | None = None) -> int:
    """The number of folds, each with `LEAST` rows of the rarest class; below 2 there is nothing to fold.

    Folds along time need as many of both classes in each of their blocks, also before the first, and many rows of one
    time may be in the way.

    Parameters
    ----------
    y, times
        See `splits`.
    labels
        Of more than two classes, by their codes; None for two.
    most
        Folds, at most.
    """
    enough = room(rarest(y, labels), most=most, along_time=times is not None)
    if times is None:
        return enough
    _, known, sorted_times = _in_order(y, times)
    for number in range(enough, 1, -1):
        if all(rarest(block, labels) >= LEAST for block in np.split(known, _cuts(known, sorted_times, number))):
            return number
    return 0


def room(rows: int, *, most: int, along_time: bool) -> int:
    """The number of folds that so many rows of the rarest class fill; along time a block comes before them."""
    return min(most, rows // LEAST - along_time)


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
        Shape (n,): codes of the classes; along time 0 and 1.
    folds, repeats, seed
        How many, and the seed of their shuffles. Folds along time have neither repeats nor chance.
    groups
        Shape (n,): rows of one group stay in one fold.
    times
        Shape (n,), sortable: each fold is learned from earlier rows alone. Rows in order are cut into folds + 1 blocks
        of equally many rows of the rarer class, equal times in one block; a fold holds a block and learns from all
        before it.
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
    order, known, sorted_times = _in_order(y, times)
    begins = _cuts(known, sorted_times, folds)
    for fold, (begin, end) in enumerate(zip(begins, [*begins[1:], len(y)], strict=True)):
        yield 0, fold, np.sort(order[:begin]), np.sort(order[begin:end])


def _in_order(y: pd.Series, times: pd.Series) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The order of time, and labels and times in it."""
    order = np.argsort(times.to_numpy(), kind="stable")
    return order, y.to_numpy()[order], times.to_numpy()[order]


def _cuts(y: np.ndarray, times: np.ndarray, folds: int) -> list[int]:
    """Where each fold begins, of rows in the order of time."""
    rare = y == int(2 * y.sum() <= len(y))  # of two equally frequent classes the positive one
    # Only between two times; of all these the one with most nearly its share of the rarer class before it.
    begins = np.flatnonzero(np.append(True, times[1:] != times[:-1]))
    before = (np.cumsum(rare) - rare)[begins]
    shares = [int(rare.sum()) * block // (folds + 1) for block in range(1, folds + 1)]
    return [int(begins[len(begins) - 1 - np.abs(before - share)[::-1].argmin()]) for share in shares]


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
        carried = weights.carried(weighed, sampler)
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
    carried, encoded = weights.carried(weight, sampler), encoding.encode(seen.preprocessor, made)
    fitted, converged = train(encoded, known, with_C(clone(chain.model), C), carried)
    probability = np.asarray(fitted.predict_proba(seen.unseen))
    if chain.labels is None:
        return probability[:, 1], converged, {"trained_prevalence": trained_prevalence(fitted, known, carried)}
    shares = trained_shares(fitted, known, len(chain.labels))
    return probability, converged, {f"trained_share_{code}": float(share) for code, share in enumerate(shares)}


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
