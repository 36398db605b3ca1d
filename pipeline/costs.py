"""What mistakes cost: what a remedy says of it unasked, and which variant is cheapest at which cost of a miss."""

from collections.abc import Sequence
from math import isfinite
from typing import Any

import numpy as np
import pandas as pd

from pipeline import weights
from pipeline.statistics import correlated


def implied_cost_ratio(*, trained: float, true: float) -> float:
    """How many false alarms a miss costs for someone who trains on other shares of the classes and decides at 0.5.

    Parameters
    ----------
    trained, true
        Shares of positives among the rows trained on, and among the rows to decide on, in (0, 1).

    Raises
    ------
    ValueError
        With a share that is not between 0 and 1.

    References
    ----------
    Elkan 2001, IJCAI, 973-978, theorem 1 with p0 = 0.5: to move a threshold from 0.5 to p*, multiply the number of
    negatives by p* / (1 - p*), which is 1 / ratio.
    """
    return _odds(trained) / _odds(true)


def cost_threshold(ratio: float) -> float:
    """The calibrated probability from which on an alert is the cheaper choice, if a miss costs `ratio` false alarms.

    Raises
    ------
    ValueError
        With a ratio that is not positive and finite.

    References
    ----------
    Elkan 2001, IJCAI, 973-978, equation (2), where right decisions cost nothing.
    """
    return 1 / (1 + _ratio(ratio))


def prevalence_for(ratio: float, *, true: float) -> float:
    """The share of positives to balance to, so that deciding at 0.5 says that a miss costs `ratio` false alarms.

    The inverse of `implied_cost_ratio`.

    Parameters
    ----------
    ratio
        False alarms that a miss costs, above 0.
    true
        Share of positives among the rows to decide on, in (0, 1).

    Raises
    ------
    ValueError
        With a ratio that is not positive and finite, or a share that is not between 0 and 1.
    """
    odds = _ratio(ratio) * _odds(true)
    return odds / (1 + odds)


def translation(*, trained: float, true: float, ratio: float | None = None) -> str:
    """In words: the costs that balancing stands for, and the threshold and the balance that costs stand for.

    Parameters
    ----------
    trained, true
        As for `implied_cost_ratio`.
    ratio
        False alarms that a miss costs to the reader; None is what balancing says.
    """
    implied = implied_cost_ratio(trained=trained, true=true)
    told = implied if ratio is None else ratio
    first = (
        f"Balancing to {_number(100 * trained)} % positives and deciding at 0.5 is to say that a miss costs "
        f"{_alarms(implied)}. The other way: if a miss costs {_alarms(told)}, call a row positive from a calibrated "
        f"probability of {_number(cost_threshold(told))} on"
    )
    if ratio is None:
        return f"{first}."
    return f"{first}; balancing to {_number(100 * prevalence_for(told, true=true))} % would say the same at 0.5."


def cost_map(
    out_of_fold: dict[str, pd.DataFrame],
    *,
    ratios: Sequence[float],
    reference: str = "none",
    test_over_train: float,
    alpha: float,
) -> list[dict[str, Any]]:
    """What each variant costs a row at each cost of a miss, with its threshold chosen on other rows.

    A variant's threshold for a fold is the cheapest one on the other folds of the same repeat, of equal ones the
    highest, alerting on all or on no rows among them; its cost is counted on the fold. Rows count by their weight.

    Parameters
    ----------
    out_of_fold
        By variant: as `pipeline.folds.out_of_fold` returns it, from the same folds of the same rows for all.
    ratios
        How many false alarms a miss costs, rising.
    reference
        The variant that the others are compared with.
    test_over_train
        See `pipeline.statistics.fold_ratio`.
    alpha
        Error of each interval, in (0, 1). Nothing is corrected for looking at several variants and ratios: for an
        error of the cheapest variant's interval, divide by the number of remedies.

    Returns
    -------
    map
        For each ratio: `ratio`; `reference`; `variants`, by name the `cost` a row, (fp + ratio * fn) / n in false
        alarms, mean over the folds, the `threshold`, median over the folds, 0 where it alerts on all and None where it
        alerts on no rows, and the `difference` of its cost from the reference's, below 0 where it is cheaper: `mean`,
        `low` and `high` (see `pipeline.statistics.correlated`); `alert_on_all` and `alert_on_none`, what these cost;
        `cheapest`, a variant, of equal ones the reference or else the first; and `beyond_chance`, whether its interval
        of the difference excludes 0.

    Raises
    ------
    ValueError
        If the reference is missing, the frames are not of the same folds, or ratios don't rise from above 0.
    """
    if reference not in out_of_fold:
        raise ValueError(f"expected the reference {reference!r} among the variants, found {list(out_of_fold)}")
    asked = np.array([_ratio(ratio) for ratio in ratios])
    if (np.diff(asked) <= 0).any():
        raise ValueError(f"expected rising ratios, found {list(ratios)}")
    plain = out_of_fold[reference]
    same = ["repeat", "fold", "y"]
    for name, frame in out_of_fold.items():
        if not (frame.index.equals(plain.index) and frame[same].equals(plain[same])):
            raise ValueError(f"expected {name!r} to have the rows and folds of {reference!r}, in the same order")
    found = {name: _held(frame, asked) for name, frame in out_of_fold.items()}
    held = plain.groupby(["repeat", "fold"], sort=True)
    positives = np.array([np.average(rows.y, weights=weights.of(rows)) for _, rows in held])
    order = [reference, *(name for name in out_of_fold if name != reference)]
    result = []
    for place, ratio in enumerate(asked):
        variants: dict[str, dict[str, Any]] = {}
        for name, (cost, threshold) in found.items():
            differences = cost[:, place] - found[reference][0][:, place]
            test = correlated(differences, test_over_train=test_over_train, rope=0.0, alpha=alpha)
            median = float(np.median(threshold[:, place]))
            variants[name] = {
                "cost": float(cost[:, place].mean()),
                "threshold": median if isfinite(median) else None,
                "difference": {"mean": test.mean, "low": test.low, "high": test.high},
            }
        # Rounding in the means must not part equal costs.
        least = min(each["cost"] for each in variants.values()) * (1 + 1e-12)
        cheapest = next(name for name in order if variants[name]["cost"] <= least)
        result.append(
            {
                "ratio": float(ratio),
                "reference": reference,
                "variants": variants,
                "alert_on_all": float((1 - positives).mean()),
                "alert_on_none": float(ratio * positives.mean()),
                "cheapest": cheapest,
                "beyond_chance": beyond_chance(variants[cheapest]["difference"]),
            }
        )
    return result


def beyond_chance(difference: dict[str, float]) -> bool:
    """Whether an interval from `low` to `high` excludes 0."""
    return difference["low"] > 0 or difference["high"] < 0


def changes(found: list[dict[str, Any]]) -> list[str]:
    """In words, at how many ratios a remedy is cheaper beyond chance; then each stretch of ratios with one cheapest.

    Parameters
    ----------
    found
        As `cost_map` returns it.
    """
    stretches: list[list[dict[str, Any]]] = []
    for each in found:
        if stretches and stretches[-1][0]["cheapest"] == each["cheapest"]:
            stretches[-1].append(each)
        else:
            stretches.append([each])
    # Of any remedy: the cheapest on average need not be the one that is known to be cheaper.
    cheaper = sum(any(v["difference"]["high"] < 0 for v in each["variants"].values()) for each in found)
    reference = found[0]["reference"]
    summary = f"a remedy is cheaper than {reference} beyond chance at {cheaper} of {len(found)} cost ratios"
    return [summary, *(_stretch(stretch) for stretch in stretches)]


def _stretch(stretch: list[dict[str, Any]]) -> str:
    first, last, name = stretch[0], stretch[-1], stretch[0]["cheapest"]
    up_to = f"{_number(first['ratio'])} to " if len(stretch) > 1 else ""
    where = f"where a miss costs {up_to}{_alarms(last['ratio'])}, {name} is cheapest"
    if name == first["reference"]:
        return where
    beyond = [_number(each["ratio"]) for each in stretch if each["beyond_chance"]]
    if not beyond:
        return f"{where}, but not beyond chance"
    if len(beyond) == len(stretch):
        return f"{where}, beyond chance"
    return f"{where}, beyond chance only at {', '.join(beyond)}"


def net_benefit(
    y: np.ndarray, probability: np.ndarray, thresholds: np.ndarray, weight: np.ndarray | None = None
) -> np.ndarray:
    """True positives a row, less false positives a row weighed by the odds of the threshold; shape of `thresholds`.

    Parameters
    ----------
    y
        Shape (n,): 0 and 1.
    probability
        Shape (n,): probability of the positive class.
    thresholds
        Shape (m,): from which probability on to alert, in [0, 1).
    weight
        Shape (n,): how many rows each row stands for; None is one.

    Raises
    ------
    ValueError
        With a threshold outside [0, 1).

    References
    ----------
    Vickers & Elkin 2006, Medical Decision Making 26, 565-574.
    """
    odds = _weight(thresholds)
    positive = np.asarray(y) == 1
    p = np.asarray(probability, dtype=np.float64)
    counts = np.ones(len(p)) if weight is None else weight
    true, false = (_from_on(p[side], counts[side], thresholds) for side in (positive, ~positive))
    return np.asarray((true - false * odds) / counts.sum())


def treat_all(prevalence: float, thresholds: np.ndarray) -> np.ndarray:
    """Net benefit of alerting on every row; treating none has 0.

    Parameters
    ----------
    prevalence
        Share of positives, in [0, 1].
    thresholds
        Shape (m,): in [0, 1).

    Raises
    ------
    ValueError
        With a threshold outside [0, 1).
    """
    return np.asarray(prevalence - (1 - prevalence) * _weight(thresholds))


def _from_on(probability: np.ndarray, counts: np.ndarray, thresholds: np.ndarray) -> np.ndarray:
    """What the rows from each threshold on count together."""
    order = np.argsort(-probability, kind="stable")
    rows = np.searchsorted(-probability[order], -thresholds, side="right")
    return np.asarray(np.append(0.0, np.cumsum(counts[order]))[rows])


def _weight(thresholds: np.ndarray) -> np.ndarray:
    """What a false positive counts: the odds of the threshold."""
    t = np.asarray(thresholds, dtype=np.float64)
    if not ((t >= 0) & (t < 1)).all():
        raise ValueError(f"expected thresholds from 0 to below 1, got {t.tolist()}")
    return t / (1 - t)


def _held(frame: pd.DataFrame, ratios: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Costs a row and thresholds, both of shape (repeats * folds, ratios)."""
    costs, thresholds = [], []
    for _, rows in frame.groupby("repeat", sort=True):
        # Sorted once a repeat: what is left without a fold is still sorted.
        order = np.argsort(-rows["probability"].to_numpy(), kind="stable")
        y, p, fold = ((rows[column].to_numpy())[order] for column in ("y", "probability", "fold"))
        weight = weights.of(rows)
        counts = np.ones(len(y)) if weight is None else weight[order]
        for number in np.unique(fold):
            held = fold == number
            threshold = _cheapest(y[~held], p[~held], counts[~held], ratios)
            positive, negative = held & (y == 1), held & (y != 1)
            missed = counts[positive].sum() - _from_on(p[positive], counts[positive], threshold)
            alarms = _from_on(p[negative], counts[negative], threshold)
            costs.append((alarms + ratios * missed) / counts[held].sum())
            thresholds.append(threshold)
    return np.array(costs), np.array(thresholds)


def _cheapest(y: np.ndarray, probability: np.ndarray, counts: np.ndarray, ratios: np.ndarray) -> np.ndarray:
    """The cheapest threshold at each ratio, of equal ones the highest; rows come by falling probability."""
    last = np.flatnonzero(np.append(probability[1:] != probability[:-1], True))
    found = np.cumsum(counts * (y == 1))[last]
    # A group without a positive only adds alarms: no cheapest threshold ends there.
    worth = np.diff(found, prepend=0) > 0
    found = np.append(0, found[worth])
    called = np.append(0, np.cumsum(counts)[last[worth]])
    threshold = np.append(np.inf, probability[last[worth]])
    # A threshold that alerts on every row here is to do so everywhere.
    threshold[np.append(False, last[worth] == len(y) - 1)] = 0.0
    cost = (called - found)[None, :] + ratios[:, None] * (counts[y == 1].sum() - found)[None, :]
    return np.asarray(threshold[cost.argmin(axis=1)])


def _odds(share: float) -> float:
    if not 0 < share < 1:
        raise ValueError(f"expected a share of positives between 0 and 1, got {share}")
    return share / (1 - share)


def _ratio(ratio: float) -> float:
    if not (isfinite(ratio) and ratio > 0):
        raise ValueError(f"expected a finite cost ratio above 0, got {ratio}")
    return ratio


def _alarms(ratio: float) -> str:
    said = _number(ratio)
    return f"{said} false alarm{'' if said == '1' else 's'}"


def _number(value: float) -> str:
    """Three significant digits without an exponent, and whole numbers from 1000 on."""
    if value >= 1000:
        return f"{value:,.0f}"
    return np.format_float_positional(value, precision=3, fractional=False, trim="-")
