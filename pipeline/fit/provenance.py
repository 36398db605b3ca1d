"""Which resampled rows are original, which are synthetic, and their principal components."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

DRAWN = 300  # rows of each kind that a picture shows


def provenance(
    X: pd.DataFrame, y: pd.Series, X_resampled: pd.DataFrame, y_resampled: pd.Series, indices: np.ndarray | None = None
) -> pd.DataFrame:
    """Which row of X each resampled row is.

    Parameters
    ----------
    X, y
        What the sampler was given; X is indexed by row_id.
    X_resampled, y_resampled
        What it gave back, m rows.
    indices
        The sampler's `sample_indices_`, if it has them: the position in X that each row was drawn from. Without them
        rows are matched by value, each original at most once.

    Returns
    -------
    provenance
        Shape (m, 2): `row_id`, Int64, missing where the row is synthetic, and `synthetic`, bool.
    """
    if indices is not None:
        row_id = pd.Series(X.index[indices]).astype("Int64")
        row_id[~_equal(X, X_resampled, indices)] = pd.NA
    else:
        row_id = pd.Series(_matched(X, y, X_resampled, y_resampled)).astype("Int64")
    return pd.DataFrame({"row_id": row_id, "synthetic": row_id.isna()})


def _equal(X: pd.DataFrame, X_resampled: pd.DataFrame, indices: np.ndarray | slice) -> np.ndarray:
    """Whether each resampled row has the values of the row of X at its place in `indices`."""
    same = np.ones(len(X_resampled), dtype=bool)
    for place in range(X.shape[1]):  # by column: all at once would take copies of both tables
        same &= X.iloc[:, place].to_numpy()[indices] == X_resampled.iloc[:, place].to_numpy()
    return same


def _matched(X: pd.DataFrame, y: pd.Series, X_resampled: pd.DataFrame, y_resampled: pd.Series) -> np.ndarray:
    """The row_id of each resampled row by value, NaN for none; each original is used at most once."""
    # Most samplers leave the rows where they are, and append to them: these need not be searched for.
    most = min(len(X), len(X_resampled))
    same = _equal(X, X_resampled.iloc[:most], slice(most)) & (y.to_numpy()[:most] == y_resampled.to_numpy()[:most])
    stay = most if same.all() else int(same.argmin())
    row_id = np.full(len(X_resampled), np.nan)
    row_id[:stay] = X.index[:stay]
    if stay < most:
        originals = pd.Series(X.index[stay:], index=_nth_of_its_kind(X.iloc[stay:], y.iloc[stay:]))
        row_id[stay:] = originals.reindex(_nth_of_its_kind(X_resampled.iloc[stay:], y_resampled.iloc[stay:]))
    return row_id


def _nth_of_its_kind(X: pd.DataFrame, y: pd.Series) -> pd.MultiIndex:
    """(hash of the row, how many equal rows stand above it): unique even where rows repeat."""
    values, label = pd.util.hash_pandas_object(X, index=False).to_numpy(), y.to_numpy()
    return pd.MultiIndex.from_arrays([values, label, pd.Series(values).groupby([values, label]).cumcount()])


def count(y: pd.Series, origin: pd.DataFrame, names: Sequence[str]) -> dict[str, Any]:
    """How many rows of each class there are, how many are synthetic, and how many originals are kept.

    Parameters
    ----------
    y
        Shape (m,): codes of the classes, resampled.
    origin
        Shape (m, 2), see `provenance`.
    names
        Of the classes, by code.

    Returns
    -------
    counts
        `rows` and, of them, `synthetic`, by name; and `originals_kept`.
    """
    codes, made = y.to_numpy(), origin.synthetic.to_numpy()
    return {
        **{
            kind: dict(zip(names, np.bincount(each, minlength=len(names)).tolist(), strict=True))
            for kind, each in {"rows": codes, "synthetic": codes[made]}.items()
        },
        "originals_kept": int(origin.row_id.nunique()),
    }


def components(X: pd.DataFrame, X_resampled: pd.DataFrame, y: pd.Series, synthetic: np.ndarray) -> pd.DataFrame:
    """Where resampled rows lie on the two leading principal components of the training rows.

    Parameters
    ----------
    X
        Shape (n, p): encoded training rows, whose covariance gives the axes.
    X_resampled, y, synthetic
        Shapes (m, p), (m,) and (m,): encoded rows, 0 and 1, and whether the sampler made the row up.

    Returns
    -------
    components
        `first` and `second`, float32, `positive` and `synthetic`, bool: of each kind of row at most `DRAWN`, evenly
        spaced. With one feature `second` is 0.
    """
    centre, wide = X.mean().to_numpy(), X.to_numpy()
    _, vectors = np.linalg.eigh(np.atleast_2d(np.cov(wide, rowvar=False)))
    axes = vectors[:, ::-1][:, :2]
    axes = axes * np.sign(axes[np.abs(axes).argmax(axis=0), np.arange(axes.shape[1])])  # as eigh leaves the sign open
    positive, chosen = y.to_numpy() == 1, []
    for kind in ((False, False), (True, False), (False, True), (True, True)):
        places = np.flatnonzero((positive == kind[0]) & (synthetic == kind[1]))
        chosen.append(places[np.linspace(0, max(len(places) - 1, 0), min(len(places), DRAWN)).astype(int)])
    places = np.concatenate(chosen)
    at = np.zeros((len(places), 2), dtype=np.float32)
    at[:, : axes.shape[1]] = (X_resampled.to_numpy()[places] - centre) @ axes
    rows = {"first": at[:, 0], "second": at[:, 1], "positive": positive[places], "synthetic": synthetic[places]}
    return pd.DataFrame(rows)
