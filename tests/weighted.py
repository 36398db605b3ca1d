"""Visits with whole weights, and the same visits without: each as often as its weight says."""

import numpy as np
import pandas as pd
import pytest

from pipeline.measure.tasks import TWO_CLASSES
from pipeline.table import weights

RULES = [
    {"objective": "balanced_accuracy"},
    {"objective": "f_beta", "beta": 2.0},
    {"objective": "expected_cost", "false_negative_cost": 7.0, "false_positive_cost": 1.0},
    {"objective": "recall_at_precision", "precision_floor": 0.3},
    {"objective": "precision_at_recall", "recall_floor": 0.7},
    {"objective": "alert_budget", "alerts": 0.2},
]
NO_WEIGHTS = ("rows", "positives", "effective_positives", "intervals")  # what counts rows, or how much they tell


def visits(rows=120, seed=3):
    """Labels, probabilities with ties, and whole weights."""
    random = np.random.default_rng(seed)
    y = (random.random(rows) < 0.25).astype(int)
    probability = np.round(np.clip(random.normal(0.3 + 0.2 * y, 0.15), 0.01, 0.99), 2)
    return y, probability, random.integers(1, 5, rows).astype(float)


def holdout(y, probability, weight, *, tuned):
    """All metrics of these predictions."""
    rows = pd.DataFrame({"y": y, "probability": probability, **weights.column(weight)})
    return TWO_CLASSES.holdout(rows, tuned=tuned, trained=np.array([0.5, 0.5]), confidence=0.95)


def twin(y, probability, weight):
    """Each row as often as its weight says, and no weights."""
    times = weight.astype(int)
    return np.repeat(y, times), np.repeat(probability, times), weights.ones(times.sum())


def without_counts(found):
    if isinstance(found, dict):
        return {key: without_counts(value) for key, value in found.items() if key not in NO_WEIGHTS}
    return found


def alike(found, expected, tolerance=1e-12):
    """Whether two nested dicts have the same keys, and values equal but for rounding."""
    if isinstance(expected, dict):
        assert found.keys() == expected.keys()
        return all(alike(found[key], expected[key], tolerance) for key in expected)
    return found == pytest.approx(expected, rel=tolerance, abs=tolerance)


def folded(y, probability, weight, folds=4):
    """Predictions as `out_of_fold` has them, of one repeat."""
    rows = pd.DataFrame({"repeat": 0, "fold": np.arange(len(y)) % folds, "y": y, "probability": probability})
    return rows.assign(**weights.column(weight)).rename_axis("row_id")


def repeated(rows):
    """Predictions without weights, each row as often as its weight says."""
    return rows.loc[np.repeat(rows.index, rows.weight.astype(int))].drop(columns="weight")
