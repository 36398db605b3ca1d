"""What rows are ranked by: a score that neither saturates nor tells equal rows apart."""

import numpy as np
import pandas as pd

COLUMN = "score"
DECIMALS = 9  # of scores from a decision function
BITS = 32  # of probabilities, almost 10 digits


def from_decision(decision: np.ndarray, probability: np.ndarray) -> np.ndarray | None:
    """The scores of a model's decision function, rounded to `DECIMALS`; None where it does not rank the classes.

    A probability of two classes is exactly 1 from log odds of 37 on, and rows that are equal get values that differ in
    the last bit, by where they stand in the table: both would decide how they rank.

    Parameters
    ----------
    decision
        What the model's `decision_function` returns: shape (n,) of two classes, (n, k) of several.
    probability
        Shape (n, k): what its `predict_proba` returns for the same rows.

    Returns
    -------
    score
        Shape (n,): the decision function of two classes. Shape (n, k): of several, the log odds of each class against
        the rest, where the probabilities are the softmax of the decision function. Others don't rank the rows of one
        class against the rest.
    """
    from scipy.special import logsumexp, softmax

    classes = probability.shape[1]
    if decision.ndim == 1:
        return _rounded(decision) if classes == 2 else None
    if decision.shape != probability.shape or not np.allclose(softmax(decision, axis=1), probability, atol=1e-9):
        return None
    others = [logsumexp(np.delete(decision, code, axis=1), axis=1) for code in range(classes)]
    return _rounded(decision - np.column_stack(others))


def from_probability(probability: np.ndarray) -> np.ndarray:
    """Probabilities, any shape, rounded to `BITS` significant bits: the scores where there is no decision function."""
    mantissa, exponent = np.frexp(np.asarray(probability, dtype=np.float64))
    return np.asarray(np.ldexp(np.round(np.ldexp(mantissa, BITS)), exponent - BITS))


def of(rows: pd.DataFrame) -> np.ndarray:
    """The score of the positive class, shape (n,): the column of that name, else from the `probability`."""
    return np.asarray(rows[COLUMN]) if COLUMN in rows else from_probability(rows["probability"].to_numpy())


def _rounded(values: np.ndarray) -> np.ndarray:
    return np.asarray(np.round(np.asarray(values, dtype=np.float64), DECIMALS) + 0.0)  # -0.0 would print as such
