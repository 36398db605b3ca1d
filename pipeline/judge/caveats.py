"""What stands against reading too much into the figures, computed from them."""

from collections.abc import Mapping
from math import sqrt
from typing import Any

import pandas as pd

from pipeline.formatting import digits, number
from pipeline.judge.evidence import Evidence
from pipeline.measure.metrics import BEST
from pipeline.table import weights

OFF = 0.1  # of predicted over observed: beyond it, corrected probabilities are said not to hold
PERFECT = 0.999  # ROC AUC over the folds from which a column is suspected to know the outcome


def caveats(evidence: Evidence, *, said: dict[str, Any]) -> list[str]:
    """Each caveat as a sentence or two; none where its reason is absent.

    Parameters
    ----------
    evidence
        Of the comparison.
    said
        See `pipeline.judge.verdict.judge`.
    """
    results, folds, declared = evidence.results, evidence.folds, evidence.declared
    found = [
        *_failed(said),
        *_few(evidence, said),
        *_time(folds, declared),
        *_agreement(results, said),
        *_duplicates(evidence.classes, declared),
        *_suspect(said, folds),
        *_twins(folds, said),
        *_fits(results, folds, said, declared),
        *misspecified(results),
        *_penalty(said, declared),
    ]
    if evidence.truth is not None:
        found.append(
            f"The row '{BEST}' decides by each row's true probability. It is best on average over many tables; "
            "with few positives, a model can look better by sampling noise."
        )
    return found


def converged(result: Mapping[str, Any]) -> bool:
    """Whether the model converged, on all training rows and in every fold."""
    training = result["training"]
    return bool(result["model"]["converged"]) and (
        training["folds"] is None or training["folds_converged"] == training["folds"] * training["repeats"]
    )


def formula_holds(result: Mapping[str, Any]) -> bool | None:
    """Whether probabilities corrected by the shares foretell the positives of the test rows.

    It does not where they are off by more than a tenth, and by more than two standard deviations of a binomial count,
    with weights of as many positives as tell as much. None where the test rows have no positive, and with
    more than two classes.
    """
    ratio = result["probabilities"]["prior_corrected"]["calibration_ratio"]
    if not isinstance(ratio, float):
        return None
    judged = result["holdout"]
    positives = judged.get("effective_positives", judged["positives"])
    # Of the positives foretold, not of those that came.
    expected = ratio * positives
    variance = expected * (1 - ratio * judged["threshold_free"]["prevalence"])
    return bool(abs(ratio - 1) <= OFF or abs(positives - expected) <= 2 * sqrt(variance))


def _failed(said: dict[str, Any]) -> list[str]:
    if not said["failed"]:
        return []
    return [
        f"Without a result: {', '.join(said['failed'])}. Nothing is said of the others meanwhile: mend what failed, or "
        "leave it out of the command; the same command goes on with what is not made yet."
    ]


def _few(evidence: Evidence, said: dict[str, Any]) -> list[str]:
    """What few rows of the rarest class mean for the figures."""
    counts = evidence.classes["test"]
    name = min(reversed(counts), key=lambda each: counts[each])  # of two as rare the positive one
    rows = f"{name}s" if name in ("positive", "negative") else f"rows of class {name}"
    found = [f"The test rows have {counts[name]:,} {rows}: each of them moves recall by {1 / counts[name]:.2g}."]
    if (effective := next(iter(evidence.results.values()))["holdout"].get("effective_positives")) is not None:
        found[0] += f" By their weights, the positives carry as much information as {weights.shown(effective):,} rows."
    if said["methods"]:
        found[0] += " The verdict comes from the folds, since one split cannot show which model is better."
    folds = next(iter(evidence.folds.values()))
    if folds is not None and folds.rarest.min() < 20:
        found.append(
            f"Each fold has {_range(folds.rarest)} test rows of the rarest class, which is few{_unseen(said)}."
        )
    return found


def _twins(folds: Mapping[str, pd.DataFrame | None], said: dict[str, Any]) -> list[str]:
    """Methods that are one under two names."""
    names = [method["variant"] for method in said["methods"]]
    figures = {name: rows.log_loss for name, rows in folds.items() if rows is not None}
    same = [f"{b} as {a}" for k, a in enumerate(names) for b in names[k + 1 :] if figures[a].equals(figures[b])]
    if not same:
        return []
    return [
        f"The same figures in every fold: {', '.join(same)}. Leave one of them out: each method more asks more of the "
        "others, by Holm."
    ]


def _time(folds: Mapping[str, pd.DataFrame | None], declared: dict[str, Any]) -> list[str]:
    if declared["split"]["by"] != "time" or next(iter(folds.values())) is None:
        return []
    return [
        "Each fold learned from earlier rows alone, but its threshold and Platt's correction come from the other "
        "folds, later ones among them: what hangs on these, such as costs and recalibrated losses, may flatter. The "
        "test rows are later than all that they are judged by."
    ]


def _unseen(said: dict[str, Any]) -> str:
    """What few rows in a fold mean for the verdict, where there is one."""
    if not said["methods"]:
        return ""
    least = number(said["minimum_detectable_difference"], digits(said["declared"]["rope"]))
    return f": a difference below {least} in {said['leading']} may go unseen"


def _range(values: pd.Series) -> str:
    low, high = int(values.min()), int(values.max())
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"


def _agreement(results: Mapping[str, dict[str, Any]], said: dict[str, Any]) -> list[str]:
    if said["holdout_agrees"] is not False:
        return []
    name, metric = said["leading"], "ROC AUC" if said["declared"]["primary"] == "roc_auc" else "average precision"
    return [
        f"The test rows point the other way: over the folds {name} leads or trails the baseline in {metric}, on the "
        "test rows it is the reverse. One split's luck may explain it; more rows would tell."
    ]


def _duplicates(classes: dict[str, Any], declared: dict[str, Any]) -> list[str]:
    repeated = classes["duplicates"]
    if not repeated["crossing"] or declared["split"]["group_duplicates"]:
        return []
    return [
        f"{repeated['crossing']:,} test rows have the features of a training row, and folds share such rows too: where "
        "they are the same case twice, all figures flatter. split.group_duplicates=true keeps them together."
    ]


def _suspect(said: dict[str, Any], folds: Mapping[str, pd.DataFrame | None]) -> list[str]:
    rows = folds.get("none")
    if rows is None or rows.roc_auc.astype(float).mean() < PERFECT:
        return []
    return [
        f"The baseline parts the classes almost perfectly (ROC AUC {rows.roc_auc.astype(float).mean():.4f} over the "
        "folds): look for a column that is known only after the outcome, and leave it out with data.drop."
    ]


def _fits(
    results: Mapping[str, dict[str, Any]],
    folds: Mapping[str, pd.DataFrame | None],
    said: dict[str, Any],
    declared: dict[str, Any],
) -> list[str]:
    found = []
    if unconverged := [name for name, result in results.items() if not converged(result)]:
        found.append(
            f"Not converged, on all training rows or in a fold: {', '.join(unconverged)}. "
            "Raise model.max_iter, or scale the features."
        )
    if declared["tuned"]:
        left = {name: int(rows.C.isna().sum()) for name, rows in folds.items() if rows is not None}
        if few := [f"{name} in {count}" for name, count in left.items() if count]:
            found.append(
                "C stayed as configured, for want of rows of the rarest class to choose it by, in folds: "
                f"{', '.join(few)}."
            )
    separated = {name: int((rows.roc_auc.astype(float) == 1).sum()) for name, rows in folds.items() if rows is not None}
    if apart := [f"{name} in {count}" for name, count in separated.items() if count]:
        total = next(len(rows) for rows in folds.values() if rows is not None)
        found.append(f"Classes fully apart, so that no ranking can be better, of {total} folds: {', '.join(apart)}.")
    if next(iter(results.values()))["holdout"]["tuned"] is None:
        found.append("No threshold was chosen out of fold, and there is no verdict.")
    return found


def misspecified(results: Mapping[str, dict[str, Any]]) -> list[str]:
    """The word on variants whose corrected probabilities do not hold; nothing where all do."""
    off = [name for name, result in results.items() if formula_holds(result) is False]
    if not off:
        return []
    return [
        "Probabilities corrected for the share of the classes are off by more than 10 %, and beyond chance: "
        f"{', '.join(off)}. The formula does not hold here: the model is misspecified."
    ]


def _penalty(said: dict[str, Any], declared: dict[str, Any]) -> list[str]:
    """What stands against reading a difference as the method's own work, where every variant has the same C."""
    apart = [method["variant"] for method in said["methods"] if method["call"] in ("BETTER", "WORSE")]
    if not apart or declared["tuned"]:
        return []
    return [
        "The model's C is the same for every variant, though resampling and weights change how much it penalises: part "
        f"of the difference may come from that ({', '.join(apart)}). model.tune=true chooses C for each."
    ]
