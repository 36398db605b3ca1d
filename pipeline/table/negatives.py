"""Which negative rows are read, where `data.negatives_per_positive` asks for a sample of them.

Where positives are rare, they hold nearly all the information on a model's coefficients. With ten negatives for each
positive, a coefficient without effect has 1.1 times the variance that it has with all of them. Rows are chosen by a
hash of their number, so that the same rows are read in any order and in batches of any size.

References
----------
Wang, Zhang & Wang 2021, Nonuniform Negative Sampling and Log Odds Correction with Rare Events Data, NeurIPS,
arXiv:2110.13048.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from pipeline.config import Data
from pipeline.errors import InputError
from pipeline.table import classes
from pipeline.table.origin import Origin, origin, placed
from pipeline.table.target import label_of, look_alikes, merged_labels, rarest_label, stripped, target_problems

SOME = 1000  # rows with each value that data.classes leaves out, which are read nevertheless


class UnusableTarget(InputError):
    """The values of a column can't be a target, so that nothing says which rows are of the other class."""


@dataclass(frozen=True)
class Sampling:
    """How many rows of the other class are read.

    Attributes
    ----------
    share
        Shape (k,): the share of the rows with each value of the target that is read, in [0, 1].
    negative
        Shape (k,): whether rows with each value are of the other class.
    positive
        The label of the positive class.
    per_positive
        As declared.
    """

    share: np.ndarray
    negative: np.ndarray
    positive: Any
    per_positive: float

    def kept(self, places: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """Whether each row is read; shape (n,).

        Parameters
        ----------
        places
            Shape (n,): the place of each row's value in `share`.
        rows
            Shape (n,): the number of each row in the source, from 0.
        """
        return np.asarray(hashed(rows) < self.share[places])

    def restricted(self, table: pd.DataFrame, rows: np.ndarray, counts: np.ndarray, read: np.ndarray) -> pd.DataFrame:
        """The table of the rows that were read, with their numbers as index, and with a note.

        Parameters
        ----------
        table
            Shape (m, p): these rows, of a source whose first one may have any number.
        rows
            Shape (m,): their numbers in the source, from 0.
        counts, read
            Shape (k,): rows with each value, in the source and in the table.
        """
        place, other, taken = origin(table), int(counts[self.negative].sum()), int(read[self.negative].sum())
        note = (
            f"data.negatives_per_positive={self.per_positive:g}: {taken:,} of {other:,} negative rows were read, and "
            f"each counts as {other / taken if taken else 0:.4g} rows"
        )
        table = table.set_axis(pd.Index(rows, dtype="int64"))
        return placed(table, replace(place, notes=(*place.notes, note), left_out=other - taken, positive=self.positive))


def hashed(rows: np.ndarray) -> np.ndarray:
    """A number in [0, 1) for each row number, as if drawn evenly, and always the same; shape (n,)."""
    return np.asarray((pd.util.hash_array(rows.astype(np.uint64)) >> np.uint64(11)) / 2.0**53)


def sampling(values: pd.Series, counts: np.ndarray, data: Data, per_positive: float) -> Sampling | None:
    """How rows are sampled; None where all are read, because they are few enough.

    Parameters
    ----------
    values
        Shape (k,): the different values of the target column.
    counts
        Shape (k,): the number of rows with each.
    data, per_positive
        The declared classes, and `data.negatives_per_positive`.

    Raises
    ------
    UnusableTarget
        These values can't be a target.
    InputError
        There are more than two classes, and none is declared as positive.
    """
    values = values.reset_index(drop=True)
    found, positive = usable(values.repeat(np.minimum(counts, classes.FEW)), data)  # no check counts further
    labels = found[~found.index.duplicated()]
    rows = pd.Series(counts[labels.index], index=labels.index).groupby(labels, observed=True).sum()
    if len(rows) > 2 and positive is None:
        raise InputError(
            f"data.negatives_per_positive: expected two classes, found {len(rows):,}. Compare one class with the rest "
            "with data.positive, or set data.negatives_per_positive=null."
        )
    one = rarest_label(rows) if positive is None else label_of(positive, rows.index)
    kept = float(per_positive * rows[one] / rows.drop(one).sum())
    if kept >= 1:
        return None
    share = np.minimum(1, SOME / counts)  # of rows that data.classes leaves out, which it must find
    negative = np.zeros(len(values), dtype=bool)
    share[labels.index], negative[labels.index] = np.where(labels == one, 1.0, kept), labels != one
    return Sampling(share, negative, one, per_positive)


def usable(values: pd.Series, data: Data) -> tuple[pd.Series, Any]:
    """Labels, without those that `data.classes` leaves out, and the declared positive one.

    Raises
    ------
    UnusableTarget
        These values can't be a target.
    """
    merge = data.classes or {}
    positive = data.positive.strip() if isinstance(data.positive, str) else data.positive
    labels, problems = merged_labels(stripped(values), merge)
    if problems := problems or look_alikes(labels, merge) or target_problems(labels, positive, merge):
        raise UnusableTarget(problems)
    return labels, positive


def sampled(table: pd.DataFrame, data: Data) -> pd.DataFrame:
    """The rows of a whole table that are read; see `Sampling.restricted`.

    Raises
    ------
    InputError
        There are more than two classes, and none is declared as positive.
    """
    if data.negatives_per_positive is None or data.target not in table or origin(table).left_out:
        return table
    places, values = pd.factorize(table[data.target], use_na_sentinel=False)
    counts = np.bincount(places, minlength=len(values))
    try:
        found = sampling(pd.Series(values, name=data.target), counts, data, data.negatives_per_positive)
    except UnusableTarget:  # which is refused with all other problems of the table
        return table
    if found is None:
        return table
    rows = np.flatnonzero(found.kept(places, np.arange(len(table))))
    place, read = origin(table), np.bincount(places[rows], minlength=len(values))
    lines = rows + place.first if place.numbers is None else place.numbers[rows]
    return found.restricted(placed(table.iloc[rows], replace(place, numbers=lines)), rows, counts, read)


def weight(codes: pd.Series, place: Origin) -> pd.Series:
    """How many rows each row stands for: one of the positive class for itself, others for those left out, too.

    Parameters
    ----------
    codes
        Shape (n,): 1 for the positive class, 0 for the other one.
    """
    others = int((codes == 0).sum())
    return pd.Series(np.where(codes == 1, 1.0, (others + place.left_out) / max(others, 1)), codes.index)
