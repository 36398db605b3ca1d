"""Where synthetic rows lie: nearest to real rows of their own class, or to rows of another class."""

from typing import Any

import numpy as np
import pandas as pd

from pipeline.fit import encoding
from pipeline.fit.chains import Prepared
from pipeline.fit.provenance import provenance

MOST = 500  # rows, synthetic ones and real ones of a class, whose nearest neighbor is looked up
REFERENCE = 10_000  # rows among which it is
COLUMNS = ("synthetic_near_others", "real_near_others")  # of `pipeline.measure.evaluation.Folded.fits`


def near_others(
    seen: Prepared, labels: tuple[pd.Series, pd.Series], resampled: tuple[pd.DataFrame, pd.Series], sampler: Any
) -> dict[str, float]:
    """By `COLUMNS`, the shares of `shares` for the rows that a sampler made in a fold; NaN where it made none.

    Parameters
    ----------
    seen
        Rows of the fold.
    labels
        Codes of the classes, of the rows that the sampler got and of the held ones.
    resampled
        Rows that it returned, not encoded, and their codes.
    sampler
        Fitted.
    """
    (y, held), (made, known) = labels, resampled
    synthetic = np.array([], dtype=int)
    if not made.reset_index(drop=True).equals(seen.rows.reset_index(drop=True)):
        origin = provenance(seen.rows, y, made, known, getattr(sampler, "sample_indices_", None))
        synthetic = _some(np.flatnonzero(origin.synthetic), MOST)
    if not len(synthetic):
        return dict.fromkeys(COLUMNS, np.nan)
    own = known.to_numpy()[synthetic]
    real = np.concatenate([_some(np.flatnonzero(y == code), MOST) for code in np.unique(own)])
    kept = _some(np.arange(len(held)), REFERENCE)
    made_up, original = (
        encoding.encode(seen.preprocessor, rows).to_numpy(dtype=np.float64)
        for rows in (made.iloc[synthetic], seen.rows.iloc[real])
    )
    reference = seen.unseen.to_numpy(dtype=np.float64)[kept]
    found = shares((made_up, own), (original, y.to_numpy()[real]), (reference, held.to_numpy()[kept]))
    return dict(zip(COLUMNS, found, strict=True))


def shares(
    synthetic: tuple[np.ndarray, np.ndarray],
    real: tuple[np.ndarray, np.ndarray],
    held: tuple[np.ndarray, np.ndarray],
) -> tuple[float, float]:
    """The shares of synthetic rows, and of real rows, whose nearest held-out row is of another class.

    Held-out rows took no part in making the synthetic ones, which lie close to those that they were made from. The
    share of real rows is what genuine rows of the class have; of several classes, each counts in it as much as it does
    among the synthetic rows.

    Parameters
    ----------
    synthetic, real, held
        Encoded rows, shape (m, p), and the codes of their classes, shape (m,), m from 1. `real` has rows of each class
        that `synthetic` has.

    References
    ----------
    Hassanat, Tarawneh & Altarawneh 2026, arXiv 2607.20787, whose ER_split is the share of synthetic rows, over halves.
    """
    from sklearn.neighbors import NearestNeighbors

    search = NearestNeighbors(n_neighbors=1).fit(held[0])
    near_synthetic, near_real = (
        held[1][search.kneighbors(rows, return_distance=False)[:, 0]] for rows, _ in (synthetic, real)
    )
    codes, counts = np.unique(synthetic[1], return_counts=True)
    of_class = [(near_real[real[1] == code] != code).mean() for code in codes]
    return float((near_synthetic != synthetic[1]).mean()), float(np.average(of_class, weights=counts))


def _some(places: np.ndarray, most: int) -> np.ndarray:
    """At most so many of them, evenly spaced."""
    return np.asarray(places[np.linspace(0, max(len(places) - 1, 0), min(len(places), most)).astype(int)])
