"""Chooses the decision threshold on rows that are never reported."""

import numpy as np


def choose(
    y: np.ndarray,
    probability: np.ndarray,
    *,
    objective: str,
    beta: float | None = None,
    weight: np.ndarray | None = None,
) -> float:
    """The threshold with the highest objective; of equal ones the highest, which alerts least.

    Parameters
    ----------
    y
        Shape (n,): 0 and 1, both present.
    probability
        Shape (n,): probability of the positive class, from models that did not see the row.
    objective
        `balanced_accuracy`, (recall + specificity) / 2, or `f_beta`,
        (1 + beta^2) tp / ((1 + beta^2) tp + beta^2 fn + fp) (van Rijsbergen 1979, chapter 7).
    beta
        How many times recall counts what precision counts; for `f_beta`.
    weight
        Shape (n,): how many rows each row stands for; None is one.

    Returns
    -------
    threshold
        One of the probabilities: rows from it on are called positive.
    """
    from sklearn.metrics import confusion_matrix_at_thresholds

    tn, fp, fn, tp, threshold = confusion_matrix_at_thresholds(y, probability, sample_weight=weight)
    if objective == "f_beta":
        assert beta is not None
        misses = beta**2
        score = (1 + misses) * tp / ((1 + misses) * tp + misses * fn + fp)
    else:
        # In whole numbers, so that equal scores are equal: recall + specificity times both classes' counts.
        score = tp * (tn + fp) + tn * (tp + fn)
    # The thresholds come in falling order, and argmax takes the first.
    return float(threshold[np.argmax(score)])
