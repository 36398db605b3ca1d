"""Thresholds at which recall or precision has a floor on new rows, with a given confidence."""

from collections.abc import Mapping
from math import ceil, log
from typing import Any

import numpy as np

from pipeline.measure.thresholds import Guarantee, served

METRICS = {"precision_at_recall": "recall", "recall_at_precision": "precision"}  # with a floor, by objective
STARTS = 4  # of the sequence for precision, which share the error
STEP = 1.1  # from one number of alerts to the next


def choose(y: np.ndarray, score: np.ndarray, rule: Mapping[str, Any]) -> tuple[float | None, Guarantee]:
    """The score that does best as a threshold among those that are certified, None where there is none; and what holds.

    Parameters
    ----------
    y
        Shape (n,): 0 and 1, both present.
    score
        Shape (n,): from models that did not see the row, each row once. Rows count equally and are independent.
    rule
        `objective`, one of `METRICS`, its floor, and `confidence`; see `pipeline.measure.thresholds.choose`.
    """
    from sklearn.metrics import confusion_matrix_at_thresholds

    tn, fp, fn, tp, threshold = confusion_matrix_at_thresholds(y, score)
    metric, alpha = METRICS[rule["objective"]], 1 - rule["confidence"]
    floor, recall = rule[f"{metric}_floor"], metric == "recall"
    positives, alerts = int(tp[-1]), tp + fp
    safe = recall_holds(tp, positives, floor, alpha) if recall else precision_holds(tp, alerts, floor, alpha)
    best = None
    if safe.any():
        # The thresholds come in falling order, and argmax takes the first.
        best = np.flatnonzero(safe)[np.argmax(served(rule, tn, fp, fn, tp)[safe])]
    trials = positives if recall else None if best is None else int(alerts[best])
    least = needed(floor, metric, rule["confidence"])
    found = Guarantee(metric, floor, rule["confidence"], best is not None, trials, least)
    return None if best is None else float(threshold[best]), found


def recall_holds(tp: np.ndarray, positives: int, floor: float, alpha: float) -> np.ndarray:
    """The thresholds whose recall is certified; shape of `tp`, the true positives at each.

    The sequence starts at the lowest threshold, where all positives are found, and goes up. Recall and its bound both
    fall on the way, so all thresholds are tested, and those up to the first that fails are those that pass.
    """
    return np.asarray(lower(tp, np.full(len(tp), positives), alpha=alpha) >= floor)


def precision_holds(tp: np.ndarray, alerts: np.ndarray, floor: float, alpha: float) -> np.ndarray:
    """The thresholds whose precision is certified; shape of `tp` and `alerts`, the counts at falling thresholds.

    Precision can rise and fall, and a few alerts show little. So sequences go from few alerts to many from `STARTS`
    points, each with its part of the error, until the first threshold that fails. Thresholds are numbers of alerts,
    each `STEP` times the last, from the fewest that could pass: they depend on scores, not on outcomes. Above a
    threshold that is a row's score, rows are a sample of those it alerts on; the row itself is no likelier a positive
    than they are, and counting it errs to the safe side.

    References
    ----------
    Fixed-sequence testing from several starts: Angelopoulos, Bates, Candes, Jordan & Lei 2021, Learn then Test, arXiv
    2110.01052.
    """
    part = alpha / STARTS
    grid, most = [_all_right(floor, part)], int(alerts[-1])
    while grid[-1] < most:
        grid.append(min(most, ceil(grid[-1] * STEP)))
    steps = np.unique(np.searchsorted(alerts, [rank for rank in grid if rank <= most]))
    passed = lower(tp[steps], alerts[steps], alpha=part) >= floor
    safe = np.zeros(len(tp), dtype=bool)
    for start in np.linspace(0, len(steps), STARTS, endpoint=False).astype(int):
        failed = np.flatnonzero(~passed[start:])
        safe[steps[start : start + failed[0] if len(failed) else None]] = True
    return safe


def lower(successes: np.ndarray, trials: np.ndarray, *, alpha: float) -> np.ndarray:
    """Clopper and Pearson's lower bound of a proportion, one-sided with error `alpha`; 0 without a success.

    Parameters
    ----------
    successes, trials
        Shape (m,): 0 <= successes <= trials, trials from 1.
    alpha
        In (0, 1).

    References
    ----------
    Clopper & Pearson 1934, Biometrika 26, 404-413.
    """
    from scipy.special import betaincinv

    found = betaincinv(np.maximum(successes, 1), trials - successes + 1, alpha)
    return np.asarray(np.where(successes > 0, found, 0.0))


def needed(floor: float, metric: str, confidence: float) -> int:
    """The fewest trials that could show a `floor` of recall or precision, if all of them are successes."""
    alpha = 1 - confidence
    return _all_right(floor, alpha if metric == "recall" else alpha / STARTS)


def _all_right(floor: float, alpha: float) -> int:
    """The fewest trials, all of them successes, whose lower bound reaches `floor`, in (0, 1)."""
    return ceil(log(alpha) / log(floor) - 1e-9)


def sentence(found: Mapping[str, Any]) -> str:
    """What holds at t*, or why nothing does; `found` has the fields of `Guarantee`."""
    claim = f"a {found['metric']} of at least {found['floor']:g} with {100 * found['confidence']:g}% confidence"
    if found["certified"]:
        return f"On new rows that are ranked like the out-of-fold rows, t* has {claim}."
    estimate = f"so t* is only an estimate, and {found['metric']} on new rows may be lower"
    if found["metric"] == "recall":
        few = f"With {found['trials']:,} positives in training, no threshold can be shown to have {claim}"
        return f"{few}. That takes {found['needed']:,} positives, {estimate}."
    return f"No threshold is shown to have {claim}, {estimate}."
