"""Gives the training rows to a variant's sampler, and keeps account of which rows are original."""

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from pipeline import classes, config
from pipeline.encoding import encode, rounded
from pipeline.errors import InputError, run
from pipeline.files import (
    INGEST,
    PREPROCESS,
    RESAMPLE,
    read_json,
    read_model,
    read_table,
    say,
    separate,
    write_json,
    write_table,
)
from pipeline.samplers import describe, suit

DRAWN = 300  # rows of each kind that a picture shows


def resample(
    X: pd.DataFrame, y: pd.Series, sampler: Any, labels: Sequence[Any] | None = None
) -> tuple[pd.DataFrame, pd.Series]:
    """The rows that the sampler makes of these, shapes (m, p) and (m,).

    Parameters
    ----------
    X
        Shape (n, p): features of training rows, without holes.
    y
        Shape (n,): codes of the classes.
    sampler
        Has imbalanced-learn's `fit_resample`; it is fitted.
    labels
        Of more than two classes, by their codes; None for two.

    Raises
    ------
    InputError
        The sampler cannot take these rows, or leaves none of one of several classes.
    """
    try:
        # A sampler may write in what it gets: in these copies, which cost nothing until it does.
        X_resampled, y_resampled = sampler.fit_resample(X.copy(deep=False), y.copy(deep=False))
    except (ValueError, RuntimeError) as error:
        raise InputError(_reason(error, y, type(sampler).__name__, labels)) from error
    for code in range(len(labels or ())):
        if not (y_resampled == code).any():
            raise InputError(
                f"{type(sampler).__name__} leaves no row of class {classes.name(code, labels)}: {classes.ROUTE}"
            )
    return X_resampled, y_resampled


def _reason(error: Exception, y: pd.Series, name: str, labels: Sequence[Any] | None) -> str:
    counts = y.value_counts()
    rarest = counts.idxmin()
    rows = f"training class {classes.name(rarest, labels)} has {counts[rarest]:,}"
    route = "" if labels is None else f", {classes.ROUTE}"
    # imbalanced-learn counts the row itself among its neighbours, and so says 6 where the user set 5.
    if neighbours := re.search(r"n_neighbors = (\d+), n_samples_fit = (\d+)", str(error)):
        needed, there = int(neighbours[1]), int(neighbours[2])
        raised = (counts == there).any()
        least = int(counts[rarest]) if raised else there  # of several classes a less rare one may have come first
        mend = f"lower its k_neighbors or n_neighbors to {least - 1}" if least > 1 else "collect more rows"
        if raised:
            return f"{name} needs {needed} rows of each class it raises; {rows}: {mend}{route}, or use random_over"
        return f"{name} needs {needed} rows in a neighbourhood, found {there}; {rows}: {mend}"
    return f"{name} cannot take these rows ({rows} of {len(y):,}): {' '.join(str(error).split())}"


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
        moved = (X.to_numpy()[indices] != X_resampled.to_numpy()).any(axis=1)
        row_id[moved] = pd.NA
    else:
        originals = pd.Series(X.index, index=_nth_of_its_kind(X, y))
        row_id = pd.Series(originals.reindex(_nth_of_its_kind(X_resampled, y_resampled)).to_numpy()).astype("Int64")
    return pd.DataFrame({"row_id": row_id, "synthetic": row_id.isna()})


def _nth_of_its_kind(X: pd.DataFrame, y: pd.Series) -> pd.MultiIndex:
    """(hash of the row, how many equal rows stand above it): unique even where rows repeat."""
    values, label = pd.util.hash_pandas_object(X, index=False).to_numpy(), y.to_numpy()
    return pd.MultiIndex.from_arrays([values, label, pd.Series(values).groupby([values, label]).cumcount()])


def count(y: pd.Series, origin: pd.DataFrame, labels: Sequence[Any] | None = None) -> dict[str, Any]:
    """How many rows of each class there are, how many are synthetic, and how many originals are kept.

    Parameters
    ----------
    y
        Shape (m,): codes of the classes, resampled.
    origin
        Shape (m, 2), see `provenance`.
    labels
        Of more than two classes, by their codes: `rows` and `synthetic` then are by label. None for two.
    """
    if labels is not None:
        names, made = list(map(classes.word, labels)), origin.synthetic.to_numpy()
        return {
            **{
                kind: dict(zip(names, np.bincount(codes, minlength=len(names)).tolist(), strict=True))
                for kind, codes in {"rows": y.to_numpy(), "synthetic": y.to_numpy()[made]}.items()
            },
            "originals_kept": int(origin.row_id.nunique()),
        }
    positive, synthetic = y.to_numpy() == 1, origin.synthetic.to_numpy()
    return {
        "negative": int((~positive).sum()),
        "positive": int(positive.sum()),
        "synthetic_negative": int((synthetic & ~positive).sum()),
        "synthetic_positive": int((synthetic & positive).sum()),
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


def main() -> None:
    """Read, resample, write."""
    params = config.load()
    name, target = config.asked(), params.data.target
    config.variant(params, name)  # which may not be there
    schema = read_json(INGEST / "schema.json")
    sampler, several = config.sampler(params, name, classes.labels(schema)), classes.several(schema)
    X, y = separate(read_table(PREPROCESS / "train.parquet"), target)
    try:
        suited = suit(sampler, X)
        X_resampled, y_resampled = resample(X, y, suited, several)
    except InputError as error:
        leave = f"leave it out with -S '~variant@variants.{name}'"
        raise InputError(f"variants.{name}: {error}, or {leave}") from None
    origin = provenance(X, y, X_resampled, y_resampled, getattr(suited, "sample_indices_", None))
    fitted = read_model(PREPROCESS / "preprocessor.skops")
    encoded = encode(fitted, X_resampled)
    table = pd.concat([encoded.reset_index(drop=True), y_resampled.reset_index(drop=True), origin], axis=1)
    write_table(RESAMPLE / name / "train.parquet", table)
    if several is None:
        drawn = components(encode(fitted, X), encoded, y_resampled, origin.synthetic.to_numpy())
        write_table(RESAMPLE / name / "components.parquet", drawn)
    counts = count(y_resampled, origin, several)
    write_json(RESAMPLE / name / "classes.json", counts)
    each = counts["rows"] if several else {kind: counts[kind] for kind in ("negative", "positive")}
    made = ", ".join(f"{number:,} {kind}" for kind, number in {**each, "synthetic": origin.synthetic.sum()}.items())
    say(f"{name}: {len(y):,} rows in, {len(table):,} out: {made}")
    notes = [describe(sampler, suited, X)]
    if origin.synthetic.any() and (whole := rounded(fitted)):
        notes.append(f"synthetic values rounded to whole numbers: {', '.join(whole)}")
    if said := "; ".join(filter(None, notes)):
        say(f"{name}: {said}")


if __name__ == "__main__":
    run(main)
