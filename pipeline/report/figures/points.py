"""The points that curves are drawn through, as tables."""

from typing import Any

import numpy as np
import pandas as pd

from pipeline.judge.net_benefit import net_benefit
from pipeline.measure import scores
from pipeline.table import weights

MOST_POINTS = 1000  # of a curve that is drawn
BINS = 10  # of a reliability curve


def reliability_points(rows: pd.DataFrame) -> pd.DataFrame:
    """Mean probability and proportion of positives, `predicted` and `observed`, in at most `BINS` bins of equal size.

    Rows of equal probability share a bin. Within a bin, means are weighted.
    """
    edges = np.unique(np.quantile(rows.probability, np.arange(1, BINS) / BINS, method="inverted_cdf"))
    bins, weight = np.searchsorted(edges, rows.probability, side="left"), weights.of(rows)
    sums = rows[["probability", "y"]].mul(weight, axis=0).assign(weight=weight).groupby(bins).sum()
    return pd.DataFrame({"predicted": sums.probability / sums.weight, "observed": sums.y / sums.weight})


def cost_points(found: list[dict[str, Any]], name: str) -> pd.DataFrame:
    """The variant's `difference` by `ratio` with its interval, `low` to `high`, in units of the baseline's cost.

    NaN where the baseline costs nothing.
    """
    cost = np.array([each["variants"][each["reference"]]["cost"] for each in found])
    differences = pd.DataFrame([each["variants"][name]["difference"] for each in found])
    shares = differences.div(np.where(cost > 0, cost, np.nan), axis=0)
    return shares.rename(columns={"mean": "difference"}).assign(ratio=[each["ratio"] for each in found])


def decision_points(rows: pd.DataFrame, thresholds: np.ndarray) -> pd.DataFrame:
    """The curve's `threshold` and `net_benefit`."""
    benefit = net_benefit(rows.y.to_numpy(), rows.probability.to_numpy(), thresholds, weights.of(rows))
    return pd.DataFrame({"threshold": thresholds, "net_benefit": benefit})


def precision_recall_points(rows: pd.DataFrame) -> pd.DataFrame:
    """The curve's corners, `recall` and `precision`, thinned to `MOST_POINTS`."""
    from sklearn.metrics import precision_recall_curve

    how = {"sample_weight": weights.for_library(weights.of(rows)), "drop_intermediate": True}
    precision, recall, _ = precision_recall_curve(rows.y, scores.of(rows), **how)
    return _thin(pd.DataFrame({"recall": recall, "precision": precision}))


def roc_points(rows: pd.DataFrame) -> pd.DataFrame:
    """The curve's corners, `false_positive_rate` and `true_positive_rate`, thinned to `MOST_POINTS`."""
    from sklearn.metrics import roc_curve

    false, true, _ = roc_curve(rows.y, scores.of(rows), sample_weight=weights.for_library(weights.of(rows)))
    return _thin(pd.DataFrame({"false_positive_rate": false, "true_positive_rate": true}))


def _thin(points: pd.DataFrame) -> pd.DataFrame:
    if len(points) <= MOST_POINTS:
        return points
    return points.iloc[np.linspace(0, len(points) - 1, MOST_POINTS).round().astype(int)]
