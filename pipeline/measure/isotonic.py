"""Isotonic recalibration: of all curves that never fall, the one that is closest to what happened."""

from typing import Any

import numpy as np

ENOUGH = 1000  # rows; with fewer, a curve of that many steps is worse than a line


def isotonic(y: np.ndarray, probability: np.ndarray, weight: np.ndarray, *, low: float, high: float) -> dict[str, Any]:
    """The corners of the curve, for `recalibrate`: `before` rises, `after` doesn't fall.

    Parameters
    ----------
    y
        Shape (n,): 0 and 1.
    probability
        Shape (n,): probability of the positive class, from models that did not see the row.
    weight
        Shape (n,): see `pipeline.table.weights`.
    low, high
        The least and the highest probability, as `pipeline.measure.calibration.targets` has them: where all rows are
        of one class, the curve would be 0 or 1, which a single row of the other makes infinitely wrong.

    References
    ----------
    Zadrozny & Elkan 2002, KDD, 694-699; that it needs about a thousand rows: Niculescu-Mizil & Caruana 2005, ICML,
    625-632, section 5.
    """
    from sklearn.isotonic import IsotonicRegression

    curve = IsotonicRegression(y_min=low, y_max=high, out_of_bounds="clip")
    curve.fit(probability, np.asarray(y) == 1, sample_weight=weight)
    return {"before": curve.X_thresholds_.tolist(), "after": curve.y_thresholds_.tolist()}


def recalibrate(probability: np.ndarray, *, before: list[float], after: list[float]) -> np.ndarray:
    """Probabilities by the curve through these corners; beyond the outer ones, theirs."""
    return np.asarray(np.interp(probability, before, after))
