"""How many synthetic rows lie near rows of another class, over the folds."""

from collections.abc import Mapping

import pandas as pd

from pipeline.measure.statistics import correlated, fold_ratio


def near_others(folds: pd.DataFrame | None, *, confidence: float) -> dict[str, float] | None:
    """The mean share of synthetic rows near another class; None without folds, or where no row is synthetic.

    Parameters
    ----------
    folds
        See `pipeline.measure.evaluation.by_fold`.
    confidence
        Of the interval, in (0, 1).

    Returns
    -------
    found
        `synthetic`, see `pipeline.fit.neighbors.shares`, and `low` and `high` of its interval over the folds, which is
        about other training rows and not about synthetic rows, as if these were independent; and `real`, the share of
        real rows of the same class.
    """
    if folds is None or "synthetic_near_others" not in folds:
        return None
    rows = folds[folds.synthetic_near_others.notna()]
    if len(rows) < 2:
        return None
    values = rows.synthetic_near_others.to_numpy(dtype=float)
    test = correlated(values, test_over_train=fold_ratio(rows), rope=0.0, alpha=1 - confidence)
    return {
        "synthetic": test.mean,
        "low": max(0.0, test.low),
        "high": min(1.0, test.high),
        "real": float(rows.real_near_others.mean()),
    }


def shares(found: Mapping[str, float] | None) -> str:
    """The share with its interval as a cell of a table; a dash where there is none."""
    return "–" if found is None else f"{found['synthetic']:.0%} ({found['low']:.0%} to {found['high']:.0%})"


def sentence(name: str, found: Mapping[str, float]) -> str:
    """What `near_others` found of the variant `name`, in words."""
    return (
        f"{found['synthetic']:.0%} of {name}'s synthetic rows ({found['low']:.0%} to {found['high']:.0%}) are nearest "
        f"to a held-out row of another class; of real rows of the same class, {found['real']:.0%} are."
    )
