"""Which variant is cheapest at which cost of a false negative, with thresholds chosen on other rows."""

from collections.abc import Sequence
from math import isfinite
from typing import Any

import numpy as np
import pandas as pd

from pipeline.formatting import counted
from pipeline.judge.costs import checked_ratio, false_positives, three_digits
from pipeline.judge.net_benefit import weight_from
from pipeline.measure import scores
from pipeline.measure.statistics import CorrelatedTest, correlated
from pipeline.table import weights


def cost_map(
    out_of_fold: dict[str, pd.DataFrame],
    *,
    ratios: Sequence[float],
    reference: str = "none",
    test_over_train: float,
    alpha: float,
) -> list[dict[str, Any]]:
    """The cost per row of each variant at each cost of a false negative, with its threshold chosen on other rows.

    A variant's threshold for a fold is the cheapest one on the other folds of the same repeat (of equally cheap ones
    the highest), where alerting on all rows or on none is allowed, too. Its cost is counted on the fold, by weight.

    Parameters
    ----------
    out_of_fold
        By variant: as `pipeline.fit.folds.out_of_fold` returns it, from the same folds of the same rows for all.
    ratios
        Costs of a false negative in false positives, rising.
    reference
        The variant that the others are compared with.
    test_over_train
        See `pipeline.measure.statistics.fold_ratio`.
    alpha
        Error of each interval, in (0, 1). Nothing is adjusted for looking at several variants and ratios: for an
        error of the cheapest variant's interval, divide by the number of methods.

    Returns
    -------
    map
        For each ratio: `ratio`; `reference`; `variants`, by name the `cost` per row in false positives,
        (fp + ratio * fn) / n, mean over the folds, the `threshold`, median over the folds, 0 where it alerts on all
        rows and None where on none, and the `difference` of its cost from the reference's, below 0 where it is
        cheaper: `mean`, `low` and `high` (see `pipeline.measure.statistics.correlated`); `alert_on_all` and
        `alert_on_none`, the costs of these rules; `cheapest`, a variant, of equally cheap ones the reference or else
        the first; and `significant`, whether its interval of the difference excludes 0.

    Raises
    ------
    ValueError
        If the reference is missing, the frames are not of the same folds, or ratios don't rise from above 0.
    """
    asked = np.array([checked_ratio(ratio) for ratio in ratios])
    if (np.diff(asked) <= 0).any():
        raise ValueError(f"expected rising ratios, found {list(ratios)}")
    _check_frames(out_of_fold, reference)
    # By variant: costs per row and thresholds, both of shape (folds, ratios).
    found = {name: _held(out_of_fold[name], asked) for name in sorted(out_of_fold, key=lambda name: name != reference)}
    held = out_of_fold[reference].groupby(["repeat", "fold"], sort=True)
    positives = np.array([np.average(rows.y, weights=weights.of(rows)) for _, rows in held])
    result = []
    for place, ratio in enumerate(asked):
        compared = {}
        for name, (cost, threshold) in found.items():
            differences = cost[:, place] - found[reference][0][:, place]
            test = correlated(differences, test_over_train=test_over_train, rope=0.0, alpha=alpha)
            compared[name] = _variant(cost[:, place], threshold[:, place], test)
        result.append(_at_ratio(float(ratio), compared, positives, reference))
    return result


def _variant(cost: np.ndarray, threshold: np.ndarray, test: CorrelatedTest) -> dict[str, Any]:
    median = float(np.median(threshold))
    return {
        "cost": float(cost.mean()),
        "threshold": median if isfinite(median) else None,
        "difference": {"mean": test.mean, "low": test.low, "high": test.high},
    }


def _at_ratio(
    ratio: float, variants: dict[str, dict[str, Any]], positives: np.ndarray, reference: str
) -> dict[str, Any]:
    """The map at one ratio, from its variants, of which the reference comes first."""
    # Costs that differ by rounding alone are equal.
    least = min(each["cost"] for each in variants.values()) * (1 + 1e-12)
    cheapest = next(name for name, each in variants.items() if each["cost"] <= least)
    return {
        "ratio": ratio,
        "reference": reference,
        "variants": variants,
        "alert_on_all": float((1 - positives).mean()),
        "alert_on_none": float(ratio * positives.mean()),
        "cheapest": cheapest,
        "significant": excludes_zero(variants[cheapest]["difference"]),
    }


def _check_frames(out_of_fold: dict[str, pd.DataFrame], reference: str) -> None:
    if reference not in out_of_fold:
        raise ValueError(f"expected the reference {reference!r} among the variants, found {list(out_of_fold)}")
    baseline, same = out_of_fold[reference], ["repeat", "fold", "y"]
    for name, frame in out_of_fold.items():
        if not (frame.index.equals(baseline.index) and frame[same].equals(baseline[same])):
            raise ValueError(f"expected {name!r} to have the rows and folds of {reference!r}, in the same order")


def excludes_zero(difference: dict[str, float]) -> bool:
    """Whether an interval from `low` to `high` excludes 0."""
    return difference["low"] > 0 or difference["high"] < 0


def changes(found: list[dict[str, Any]]) -> list[str]:
    """In words: at how many ratios a method is significantly cheaper, then the cheapest variant by stretch of ratios.

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
    # Of any method: the cheapest on average may not be the one that is significantly cheaper.
    cheaper = sum(any(v["difference"]["high"] < 0 for v in each["variants"].values()) for each in found)
    reference = found[0]["reference"]
    summary = f"A method is significantly cheaper than {reference} at {cheaper} of {counted(len(found), 'cost ratio')}."
    return [summary, *(_stretch(stretch) for stretch in stretches)]


def _stretch(stretch: list[dict[str, Any]]) -> str:
    first, last, name = stretch[0], stretch[-1], stretch[0]["cheapest"]
    up_to = f"{three_digits(first['ratio'])} to " if len(stretch) > 1 else ""
    where = f"{name} is cheapest where a false negative costs {up_to}{false_positives(last['ratio'])}"
    if name == first["reference"]:
        return f"{where}."
    significant = [three_digits(each["ratio"]) for each in stretch if each["significant"]]
    if not significant:
        return f"{where} (not significantly)."
    if len(significant) == len(stretch):
        return f"{where} (significantly)."
    return f"{where} (significantly only at {', '.join(significant)})."


def _held(frame: pd.DataFrame, ratios: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Costs per row and thresholds, both of shape (repeats * folds, ratios)."""
    costs, thresholds = [], []
    for _, rows in frame.groupby("repeat", sort=True):
        # Sorted once a repeat: without one fold, the rest is still sorted.
        score = scores.of(rows)
        order = np.argsort(-score, kind="stable")
        y, p, fold = ((rows[column].to_numpy())[order] for column in ("y", "probability", "fold"))
        score, counts = score[order], weights.of(rows)[order]
        for number in np.unique(fold):
            held = fold == number
            cut, threshold = _cheapest(y[~held], score[~held], p[~held], counts[~held], ratios)
            positive, negative = held & (y == 1), held & (y != 1)
            false_negatives = counts[positive].sum() - weight_from(score[positive], counts[positive], cut)
            false_alerts = weight_from(score[negative], counts[negative], cut)
            costs.append((false_alerts + ratios * false_negatives) / counts[held].sum())
            thresholds.append(threshold)
    return np.array(costs), np.array(thresholds)


def _cheapest(
    y: np.ndarray, score: np.ndarray, probability: np.ndarray, counts: np.ndarray, ratios: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The cheapest threshold at each ratio, as a score and as a probability, of equally cheap ones the highest.

    Rows are sorted by falling score.
    """
    last = np.flatnonzero(np.append(score[1:] != score[:-1], True))
    found = np.cumsum(counts * (y == 1))[last]
    # A group without a positive only adds false positives: no cheapest threshold ends there.
    useful = np.diff(found, prepend=0) > 0
    found = np.append(0, found[useful])
    alerts = np.append(0, np.cumsum(counts)[last[useful]])
    cut, threshold = (np.append(np.inf, values[last[useful]]) for values in (score, probability))
    # A threshold that alerts on every row here is to do so everywhere.
    everywhere = np.append(False, last[useful] == len(y) - 1)
    cut[everywhere], threshold[everywhere] = -np.inf, 0.0
    cost = (alerts - found)[None, :] + ratios[:, None] * (counts[y == 1].sum() - found)[None, :]
    best = cost.argmin(axis=1)
    return cut[best], threshold[best]
