"""How far a method is the baseline with another threshold: the decisions both share at the same alert rate."""

from typing import Any

import numpy as np
import pandas as pd

from pipeline.formatting import signed, threshold
from pipeline.measure.statistics import correlated
from pipeline.table import weights

THRESHOLD = 0.5  # of the method
APART = 0.0005  # alert rates that print as the same tenth of a percent


def equivalence(plain: pd.DataFrame, method: pd.DataFrame, *, test_over_train: float, alpha: float) -> dict[str, Any]:
    """What is left of a method at 0.5 once the baseline's threshold is moved to the same number of alerts.

    In each fold the baseline alerts on its highest probabilities, as many as the method alerts on. Rows of equal
    probability are called alike, so with ties it is the nearest number that can be had, of two as near the smaller.
    With weights, numbers and shares of rows are those of their weight.

    Parameters
    ----------
    plain, method
        As `pipeline.fit.folds.out_of_fold` returns them, from the same folds of the same rows.
    test_over_train
        See `pipeline.measure.statistics.fold_ratio`.
    alpha
        Error of the interval of `gain`, in (0, 1).

    Returns
    -------
    found
        `same_decisions`, the share of held rows that both call alike, `alert_rate` of the method at 0.5 and
        `baseline_alert_rate`, which differs only with ties: means over the folds; `threshold`, the median of the plain
        model's thresholds over the folds in which it alerts at all, None if there is no such fold; and `gain`, recall
        of the method minus recall of the baseline: `mean`, and `low` and `high` of the interval with coverage
        1 - alpha (see `pipeline.measure.statistics.correlated`).

    Raises
    ------
    ValueError
        If the two frames are not of the same folds, or a fold holds no positive.
    """
    same = ["repeat", "fold", "y"]
    if not (plain.index.equals(method.index) and plain[same].equals(method[same])):
        raise ValueError("expected both frames to have the same rows in the same folds, in the same order")
    y, before = plain["y"].to_numpy() == 1, plain["probability"].to_numpy()
    after = method["probability"].to_numpy() >= THRESHOLD
    weight, groups = weights.of(plain), plain.groupby(["repeat", "fold"], sort=True).indices
    columns = ["same", "rate", "baseline_rate", "threshold", "gain"]
    found = [_fold(y[held], before[held], after[held], weights.at(weight, held)) for held in groups.values()]
    folds = pd.DataFrame(found, columns=columns)
    thresholds = folds["threshold"][np.isfinite(folds["threshold"])]
    gain = correlated(folds["gain"].to_numpy(), test_over_train=test_over_train, rope=0.0, alpha=alpha)
    return {
        "same_decisions": float(folds["same"].mean()),
        "alert_rate": float(folds["rate"].mean()),
        "baseline_alert_rate": float(folds["baseline_rate"].mean()),
        "threshold": float(thresholds.median()) if len(thresholds) else None,
        "gain": {"mean": gain.mean, "low": gain.low, "high": gain.high},
    }


def sentence(name: str, found: dict[str, Any]) -> str:
    """What `equivalence` found of the variant `name`, for people."""
    rate, baseline_rate, gain = found["alert_rate"], found["baseline_alert_rate"], found["gain"]
    if rate == 0:
        return f"{name}: it alerts on nothing at {THRESHOLD}, which the baseline can do too."
    at = found["threshold"]
    where = "above all rows" if at is None else f"at {threshold(at)}"
    rates = (
        f"the same alert rate ({rate:.1%})"
        if abs(rate - baseline_rate) < APART
        else f"nearly the same alert rate ({baseline_rate:.1%} for {rate:.1%})"
    )
    mean, low, high = (signed(100 * gain[key], 1) for key in ("mean", "low", "high"))
    more = (
        f"{name}'s recall differs by {mean} percentage points ({low} to {high})"
        if any(gain.values())
        else "both find as many positives in every fold"
    )
    text = (
        f"{name}: the baseline with its threshold {where} makes {found['same_decisions']:.1%} of the same decisions "
        f"at {rates}; at that rate {more}."
    )
    # As the rest of the project writes percentages.
    return text.replace("%", " %")


def _fold(
    y: np.ndarray, before: np.ndarray, after: np.ndarray, weight: np.ndarray | None
) -> tuple[float, float, float, float, float]:
    """Share of same decisions, both alert rates, the plain threshold and the gain in recall in one fold."""
    if not y.any():
        raise ValueError("expected positives in every fold")
    threshold = _threshold(before, int(after.sum())) if weight is None else _nearest(before, weight, after)
    called = before >= threshold
    counts = np.ones(len(y)) if weight is None else weight
    gain = float(counts[after & y].sum() - counts[called & y].sum()) / float(counts[y].sum())
    same, rate, baseline_rate = (float(np.average(rows, weights=weight)) for rows in (called == after, after, called))
    return same, rate, baseline_rate, threshold, gain


def _threshold(probability: np.ndarray, alerts: int) -> float:
    """The threshold from which on the number of rows is nearest to `alerts`; infinite if that is none."""
    if alerts == 0:
        return np.inf
    # A partition, as only one place of the order matters.
    at = float(np.partition(probability, -alerts)[-alerts])
    above = probability[probability > at]
    if int((probability >= at).sum()) - alerts < alerts - len(above):
        return at
    return float(above.min()) if len(above) else np.inf


def _nearest(probability: np.ndarray, weight: np.ndarray, alerts: np.ndarray) -> float:
    """The threshold from which on the rows' weight is nearest to that of `alerts`, a mask; infinite if that is none."""
    values, group = np.unique(-probability, return_inverse=True)
    called = np.append(0.0, np.cumsum(np.bincount(group, weight)))
    return float(np.append(np.inf, -values)[np.abs(called - weight[alerts].sum()).argmin()])
