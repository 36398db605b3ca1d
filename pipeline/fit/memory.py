"""Memory: what an over-sampler's result needs, and what it may use; refused before it starts, rather than killed."""

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from math import ceil
from typing import Any

import pandas as pd

from pipeline.config import Config
from pipeline.errors import InputError, advise, set_param
from pipeline.fit.samplers import Jitter
from pipeline.formatting import counted, label_text, size
from pipeline.table.columns import categorical
from pipeline.table.room import total

CELL = 8  # bytes of a number
# Measured on what the `resample` stage does with imbalanced-learn's over-samplers, with 10 and with 40 columns.
COPIES = 3  # of the result at once: new rows are stacked below the old ones, then made a data frame
BESIDES = 14  # numbers for each row: its label, the rows and the neighbor it comes from, masks
TEXT = 6  # numbers that a category takes, encoded from then on; measured with eight levels
PAIR = 2 * CELL  # bytes for each pair of rows, where all distances are computed and sorted
STEPS = 10_000  # the sampling_strategy of an advice has four decimals


class OutOfMemory(InputError):
    """A sampler needs more memory than it may use, or than there is."""


@dataclass(frozen=True)
class Limit:
    """What a sampler may use.

    Attributes
    ----------
    share
        Of the machine's memory.
    total
        Bytes of the machine's memory.
    where
        Key of the sampler's settings, for advice.
    """

    share: float
    total: int
    where: str

    @property
    def allowed(self) -> int:
        """Bytes that a sampler may use."""
        return int(self.share * self.total)


def limit(params: Config, name: str) -> Limit:
    """What the sampler of variant `name` may use."""
    return Limit(params.machine.memory, total(), f"variants.{name}.sampler")


def over_sampler(sampler: Any, where: str) -> tuple[Any, str] | None:
    """The sampler, or the one within it, that makes rows, and the key of its settings; None if none says how many."""
    if isinstance(sampler, Jitter):  # which `suit` has put around it
        sampler = sampler.sampler
    for key, part in sampler.get_params(deep=False).items():
        if _makes_rows(part):
            return part, f"{where}.{key}"
    return (sampler, where) if _makes_rows(sampler) else None


def _makes_rows(sampler: Any) -> bool:
    return getattr(sampler, "_sampling_type", None) == "over-sampling" and hasattr(sampler, "sampling_strategy")


def rows_made(strategy: Any, y: pd.Series) -> dict[int, int]:
    """By code, how many rows an over-sampler adds with this `sampling_strategy`; empty where it can't be used."""
    from imblearn.utils import check_sampling_strategy

    try:
        return {
            int(code): int(rows)
            for code, rows in check_sampling_strategy(strategy, y.to_numpy(), "over-sampling").items()
        }
    except (ValueError, TypeError):
        return {}  # the sampler will say why


def needed(sampler: Any, X: pd.DataFrame, y: pd.Series) -> int:
    """Bytes that resampling these rows needs, about; 0 for a sampler that makes no rows, or doesn't say how many."""
    found = over_sampler(sampler, "")
    return _bytes(found[0], X, y, rows_made(found[0].sampling_strategy, y)) if found else 0


def _bytes(sampler: Any, X: pd.DataFrame, y: pd.Series, made: Mapping[int, int]) -> int:
    from sklearn import get_config

    texts = len(categorical(X))
    cells: int = (len(y) + sum(made.values())) * (COPIES * (X.shape[1] + (TEXT - 1) * texts) + BESIDES)
    searched = 0
    if texts and hasattr(sampler, "k_neighbors"):  # other searches keep a small part of the distances
        searched = PAIR * max((int((y == code).sum()) for code, rows in made.items() if rows), default=0) ** 2
        if texts < X.shape[1]:  # SMOTENC: scikit-learn goes through the pairs in parts
            searched = min(searched, PAIR // CELL * int(get_config()["working_memory"]) * 2**20)
    return cells * CELL + searched


def at_once(sampler: Any, X: pd.DataFrame, y: pd.Series, within: Limit | None, jobs: int) -> int:
    """As many jobs, of those asked for, as there is memory for, where each resamples rows like these; 1 at least."""
    from joblib import effective_n_jobs

    need = needed(sampler, X, y) if within else 0
    if not (within and need):
        return jobs
    return max(1, min(int(effective_n_jobs(jobs)), within.allowed // need))


def refuse_large(sampler: Any, X: pd.DataFrame, y: pd.Series, labels: Sequence[Any], within: Limit | None) -> None:
    """Raise `OutOfMemory` where a sampler needs more memory than it may use.

    Parameters
    ----------
    sampler
        Unfitted; see `pipeline.fit.samplers.suit`.
    X, y
        Shapes (n, p) and (n,): what it is given.
    labels
        Of the classes, by code.
    within
        None: there is no limit.

    Raises
    ------
    OutOfMemory
        It names rows and columns, memory needed and allowed, and settings that fit.
    """
    if within and needed(sampler, X, y) > within.allowed:
        raise OutOfMemory(_refusal(sampler, X, y, labels, within, within.allowed, ran_out=False))


@contextmanager
def limited(sampler: Any, X: pd.DataFrame, y: pd.Series, labels: Sequence[Any], within: Limit | None) -> Iterator[None]:
    """A context for resampling, with the arguments of `refuse_large`, that also refuses where memory runs out in it."""
    refuse_large(sampler, X, y, labels, within)
    try:
        yield
    except MemoryError:
        most = min(needed(sampler, X, y) // 2, within.allowed) if within else 0
        raise OutOfMemory(_refusal(sampler, X, y, labels, within, most, ran_out=True)) from None


def _refusal(
    sampler: Any,
    X: pd.DataFrame,
    y: pd.Series,
    labels: Sequence[Any],
    within: Limit | None,
    most: int,
    *,
    ran_out: bool,
) -> str:
    """The message; its advice fits into `most` bytes."""
    name, given = type(sampler).__name__, f"{counted(len(y), 'row')} and {counted(X.shape[1], 'column')}"
    found = over_sampler(sampler, within.where) if within else None
    if within is None or found is None:
        return f"{name} ran out of memory on {given}. Use fewer rows or columns, or a machine with more memory."
    made, need = rows_made(found[0].sampling_strategy, y), needed(sampler, X, y)
    what = f"{name} makes {counted(len(y) + sum(made.values()), 'row')} of {given}, which needs about {size(need)}"
    machine = f"machine.memory={within.share:g} allows {size(within.allowed)} of {size(within.total)}"
    strategy = largest(found[0], X, y, labels, most)
    smaller = strategy and f"make fewer rows: {set_param(f'++{found[1]}.sampling_strategy', strategy)}"
    if ran_out:
        return f"{what} of memory or more, and memory ran out ({machine}). {advise(smaller or 'use fewer rows')}"
    share = ceil(need / within.total * 100) / 100
    raised = set_param("machine.memory", share) if share <= 1 else ""
    more = f"allow more: {raised}" if raised else "use a machine with more memory"
    return f"{what} of memory; {machine}. {advise(smaller or '', more)}"


def largest(
    sampler: Any, X: pd.DataFrame, y: pd.Series, labels: Sequence[Any], most: int
) -> float | dict[str, int] | None:
    """The largest `sampling_strategy` with which the rows that a sampler makes fit into `most` bytes.

    Parameters
    ----------
    sampler
        See `over_sampler`.
    X, y, labels
        See `refuse_large`.
    most
        Bytes.

    Returns
    -------
    strategy
        Of two classes their ratio, in steps of 1 / `STEPS`. Of more, or where rows were asked for by class, the rows
        of each class: each gets the same share of what was asked for. None where not even the smallest fits.
    """
    asked, counts = rows_made(sampler.sampling_strategy, y), y.value_counts()
    by_class = len(counts) > 2 or isinstance(sampler.sampling_strategy, dict)

    def strategy(step: int) -> Any:
        if not by_class:
            return step / STEPS
        return {code: int(counts[code]) + rows * step // STEPS for code, rows in asked.items()}

    def large(step: int) -> bool:
        return _bytes(sampler, X, y, rows_made(strategy(step), y)) > most

    best = strategy(bisect_right(range(STEPS + 1), False, key=large) - 1)
    if not sum(rows_made(best, y).values()):
        return None
    return {label_text(labels[code]): rows for code, rows in best.items()} if by_class else float(best)
