"""A linear support vector machine with probabilities, without rows of its own to calibrate them on."""

from typing import Any

import numpy as np
from sklearn.svm import LinearSVC


class LinearSVM(LinearSVC):  # type: ignore[misc]  # scikit-learn has no types
    """scikit-learn's LinearSVC, whose log odds are its decision function; arguments and attributes are the same.

    A probability of 0.5 is so the margin's middle, where LinearSVC decides. How likely a class is, the recalibration on
    out-of-fold rows says. A calibrator around the model would hold out rows after resampling, so that copies of them,
    or rows that were made from them, would be fitted.
    """

    def predict_proba(self, X: Any) -> np.ndarray:
        """The logistic function of the decision function, of several classes its softmax; shape (n, k)."""
        from scipy.special import expit, softmax

        decision = self.decision_function(X)
        if decision.ndim == 2:
            return np.asarray(softmax(decision, axis=1))
        return np.column_stack([expit(-decision), expit(decision)])
