"""Caveats: why not to read too much into the numbers, computed from them."""

from collections.abc import Mapping
from math import sqrt
from typing import Any

import pandas as pd

from pipeline.fit.models import unconverged_advice
from pipeline.formatting import counted, digits, floor_percent, joined, listed, number
from pipeline.judge import search
from pipeline.judge.evidence import Evidence
from pipeline.judge.primary import REFERENCE
from pipeline.measure import guarantee
from pipeline.measure.metrics import BEST
from pipeline.table import weights

OFF = 0.1  # of the calibration ratio: beyond it, corrected probabilities can be off
PERFECT = 0.999  # ROC AUC over the folds from which a column may leak the outcome


def caveats(evidence: Evidence, judged: dict[str, Any]) -> list[str]:
    """Each caveat as a sentence or two; none where its reason is absent.

    Parameters
    ----------
    evidence
        Of the comparison.
    judged
        See `pipeline.judge.action.judge`.
    """
    results, folds, declared = evidence.results, evidence.folds, evidence.declared
    found = [
        *_failed(judged),
        *_duplicates(evidence.classes, declared),
        *_few(evidence, judged),
        *_time(folds, declared),
        *_estimates(results),
        *_agreement(results, judged),
        *_suspect(judged, folds),
        *_noted(evidence.classes),
        *_duplicated_methods(folds, judged),
        *_fits(results, folds, declared),
        *search.caveats(evidence),
        *misspecified(results),
        *search.same_for_all(judged, evidence),
        *search.other_models(evidence),
    ]
    if evidence.truth is not None:
        found.append(
            f"The row '{BEST}' uses each row's true probability. On average no model is better. With few positives, "
            "sampling noise can still put a model above it."
        )
    return found


def converged(result: Mapping[str, Any]) -> bool:
    """Whether the model converged, on all training rows and in every fold."""
    return not _unconverged(result)


def formula_holds(result: Mapping[str, Any]) -> bool | None:
    """Whether prior-corrected probabilities add up to the positives of the rows that are judged.

    They don't where they are off by more than a tenth, and by more than two standard deviations of a binomial count
    (with weights, of the effective number of positives). None where these rows have no positive, and with more than two
    classes.
    """
    ratio = result["probabilities"]["prior_corrected"]["calibration_ratio"]
    if not isinstance(ratio, float):
        return None
    holdout = result["holdout"]
    positives = holdout.get("effective_positives", holdout["positives"])
    # The standard deviation is that of the predicted positives, not of the observed ones.
    expected = ratio * positives
    variance = expected * (1 - ratio * holdout["threshold_free"]["prevalence"])
    return bool(abs(ratio - 1) <= OFF or abs(positives - expected) <= 2 * sqrt(variance))


def _failed(judged: dict[str, Any]) -> list[str]:
    if not judged["failed"]:
        return []
    return [
        f"No result for: {', '.join(judged['failed'])}. There is no verdict until all have one: fix what failed, or "
        "leave it out of the command. The same command then runs only what is missing."
    ]


def _few(evidence: Evidence, judged: dict[str, Any]) -> list[str]:
    """What few rows of the rarest class mean for the numbers."""
    held_out = bool(evidence.declared["split"]["test_size"])
    counts = evidence.classes["test" if held_out else "train"]
    name = min(reversed(counts), key=lambda each: counts[each])  # of two as rare the positive one
    of_two = name in ("positive", "negative")
    noun, which = (name, "") if of_two else ("row", f" of class {name}")
    where = "The test set has" if held_out else "No row is held out for testing. The table has"
    found = [f"{where} {counted(counts[name], noun)}{which}, so each of them changes recall by {1 / counts[name]:.2g}."]
    effective = next(iter(evidence.results.values()))["holdout"].get("effective_positives")
    if effective is not None and "weight" in evidence.table:
        found[0] += f" With their weights, the positives count as {weights.shown(effective):,} rows of equal weight."
    if judged["methods"] and held_out:
        found[0] += " The verdict comes from the folds, because one split can't show which model is better."
    folds = next(iter(evidence.folds.values()))
    if folds is not None and folds.rarest.min() < 20:
        low, high = int(folds.rarest.min()), int(folds.rarest.max())
        number = counted(high, noun) if low == high else f"{low:,} to {counted(high, noun)}"
        which = "" if of_two else " of the rarest class"
        found.append(f"Each fold has only {number}{which} to test on{_undetected(judged)}.")
    return found


def _duplicated_methods(folds: Mapping[str, pd.DataFrame | None], judged: dict[str, Any]) -> list[str]:
    """Methods that are the same under two names."""
    names = [method["variant"] for method in judged["methods"]]
    losses = {name: rows.log_loss for name, rows in folds.items() if rows is not None}
    same = [f"{b} and {a}" for k, a in enumerate(names) for b in names[k + 1 :] if losses[a].equals(losses[b])]
    if not same:
        return []
    return [
        f"Duplicates, with the same results in every fold: {', '.join(same)}. Leave one of them out, because each "
        "extra method makes Holm's adjustment stricter for the others."
    ]


def _estimates(results: Mapping[str, dict[str, Any]]) -> list[str]:
    """The variants whose t* comes without the guarantee that was asked for, and why."""
    failed: dict[str, list[str]] = {}
    for name, result in results.items():
        if (found := result.get("guarantee")) and not found["certified"]:
            failed.setdefault(guarantee.sentence(found), []).append(name)
    return [f"No guarantee for {joined(names)}. {said}" for said, names in failed.items()]


def _time(folds: Mapping[str, pd.DataFrame | None], declared: dict[str, Any]) -> list[str]:
    if declared["split"]["by"] != "time" or next(iter(folds.values())) is None:
        return []
    return [
        "Each fold's model was fitted on earlier rows only. But its threshold and its Platt recalibration come from "
        "the other folds, and some of these are later: costs and recalibrated losses may look too good."
        + (
            " The test rows are later than all rows used to fit or to choose anything."
            if declared["split"]["test_size"]
            else ""
        )
    ]


def _undetected(judged: dict[str, Any]) -> str:
    """What few rows in a fold mean for the verdict, where there is one."""
    if not judged["methods"]:
        return ""
    least = number(judged["minimum_detectable_difference"], digits(judged["declared"]["rope"]))
    return f". Differences below {least} may go undetected for {judged['leading']}"


def _agreement(results: Mapping[str, dict[str, Any]], judged: dict[str, Any]) -> list[str]:
    if judged["holdout_agrees"] is not False:
        return []
    name, metric = judged["leading"], judged["declared"]["metric"]
    return [
        f"The test rows disagree with the folds: {name} has more {metric} than the baseline in one of them, and less "
        "in the other. Sampling noise in a single split can explain that; more rows would settle it."
    ]


def _duplicates(classes: dict[str, Any], declared: dict[str, Any]) -> list[str]:
    held_out = bool(declared["split"]["test_size"])
    rows = classes["duplicates"]["crossing" if held_out else "repeated"]
    if not rows or declared["split"]["group_duplicates"]:
        return []
    has = "has" if rows == 1 else "have"
    found = f"{counted(rows, 'row')} {has} the features of an earlier row, so that folds share such rows."
    if held_out:
        share = rows / sum(classes["test"].values())
        found = (
            f"{counted(rows, 'test row')} ({share:.0%}) {has} the features of a training row, and folds share such "
            "rows, too."
        )
    return [
        f"{found} If they are the same case, all metrics look too good: run again with split.group_duplicates=true, "
        "which keeps them together."
    ]


def _suspect(judged: dict[str, Any], folds: Mapping[str, pd.DataFrame | None]) -> list[str]:
    rows = folds.get(REFERENCE)
    if rows is None or rows.roc_auc.astype(float).mean() < PERFECT:
        return []
    return [
        f"The baseline separates the classes almost perfectly (ROC AUC {rows.roc_auc.astype(float).mean():.4f} over "
        "the folds). Look for a column that is known only after the outcome, and leave it out with data.drop."
    ]


def _noted(classes: dict[str, Any]) -> list[str]:
    """Columns that look too good, which `rebalance inspect` mentions, too."""
    if not (found := classes.get("suspects")):
        return []
    named = listed(f"{name!r} (ROC AUC {floor_percent(auc)})" for name, auc in found.items())
    return [
        f"Columns that predict a class almost alone, or far better than all others, on the training rows: {named}. If "
        "one is known only after the outcome, all numbers here are too good. Leave it out with data.drop."
    ]


def _unconverged(result: Mapping[str, Any]) -> str:
    """Where a model did not converge; empty where it did everywhere."""
    training = result["training"]
    places = [] if result["model"]["converged"] else ["on all training rows"]
    if training["folds"] is not None:
        total = training["folds"] * training["repeats"]
        if missed := total - training["folds_converged"]:
            places.append(f"in {missed} of {total} folds")
    return " and ".join(places)


def _fits(
    results: Mapping[str, dict[str, Any]], folds: Mapping[str, pd.DataFrame | None], declared: dict[str, Any]
) -> list[str]:
    found = []
    if unconverged := [f"{name} {where}" for name, result in results.items() if (where := _unconverged(result))]:
        advice = unconverged_advice(scaled=declared["preprocess"]["scale"] is not None)
        found.append(f"Did not converge: {', '.join(unconverged)}. {advice}")
    separated = {name: int((rows.roc_auc.astype(float) == 1).sum()) for name, rows in folds.items() if rows is not None}
    if perfect := [f"{name} in {count}" for name, count in separated.items() if count]:
        total = next(len(rows) for rows in folds.values() if rows is not None)
        found.append(
            f"Some variants separate the classes perfectly in some of the {total} folds, where no ranking can be "
            f"better: {', '.join(perfect)}."
        )
    if all(rows is None for rows in folds.values()):
        found.append("Without folds, there is no tuned threshold and no verdict.")
    return found


def misspecified(results: Mapping[str, dict[str, Any]]) -> list[str]:
    """The caveat on variants whose corrected probabilities are off; nothing where all are well calibrated."""
    off = [name for name, result in results.items() if formula_holds(result) is False]
    if not off:
        return []
    return [
        f"Prior-corrected probabilities are off by more than {OFF:.0%}, which sampling noise doesn't explain: "
        f"{', '.join(off)}. The correction holds only where resampling changes nothing but the class proportions. Use "
        "the recalibrated probabilities."
    ]
