"""What the folds say to do: rebalance with a method, or keep the baseline; and how strong the evidence is."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from types import MappingProxyType
from typing import Any

import pandas as pd

from pipeline.formatting import counted
from pipeline.judge import headline
from pipeline.judge.family import Family, evidence, family_of
from pipeline.judge.price import price
from pipeline.judge.primary import REFERENCE, metric_words
from pipeline.measure.primary import COLUMNS
from pipeline.measure.statistics import minimum_detectable
from pipeline.measure.task import Task
from pipeline.measure.tasks import TWO_CLASSES
from pipeline.table.classes import advice

WEIGHTS = "class_weight"  # which samplers are compared with, too
SIMPLEST = (WEIGHTS, "random_under", "random_over")  # in this order; then the rest, in the order of the config
SHOWN = 3  # variants without a result whose reasons are shown
POWER = 0.8  # of the minimum detectable difference
# What there is only with a verdict, beside the methods.
DECIDED = (
    "evidence",
    "variant",
    "threshold",
    "sentence",
    "confidence",
    "price",
    "minimum_detectable_difference",
    "leading",
    "reference",
)


def judge(
    folds: Mapping[str, pd.DataFrame | None],
    *,
    thresholds: Mapping[str, float | None],
    primary: str,
    rope: float,
    alpha: float,
    leaked: int = 0,
    failed: Mapping[str, str] = MappingProxyType({}),
    task: Task = TWO_CLASSES,
    preferred: str | None = None,
) -> dict[str, Any]:
    """The folds' verdict on each method against the baseline, and what to do.

    Parameters
    ----------
    folds
        By variant: one row a fold, see `pipeline.measure.evaluation.by_fold`, the same folds for all; None without
        folds.
    thresholds
        t* by variant; None where there is none.
    primary
        The metric that decides, one of `COLUMNS`.
    rope
        Half-width of the region of practical equivalence, in that metric's unit.
    alpha
        Error of the calls, over all methods together.
    leaked, failed
        Rows that are in both train and test, and variants without a result, with the reason: with any of them there is
        no verdict.
    task
        Of the table.
    preferred
        Which of the methods that are BETTER to recommend; None: the simplest that no other beats.

    Returns
    -------
    verdict
        What `verdict.schema.json` describes, from `declared` (only what decides, and the `metric` in words) to
        `methods`. The fields of `pipeline.measure.statistics.CorrelatedTest` are those of a gain: above 0 where the
        method is better, for losses too.
    """
    declared = {"primary": primary, "rope": rope, "alpha": alpha, "metric": metric_words(primary, task)}
    empty: dict[str, Any] = {"declared": declared, "failed": dict(failed), "action": "none", **dict.fromkeys(DECIDED)}
    empty["methods"] = []
    if reason := why_not(folds, COLUMNS[primary][0], leaked, failed, task.classes):
        return {**empty, "sentence": f"No verdict: {reason}"}
    there = {name: rows for name, rows in folds.items() if rows is not None}
    family = family_of(there, REFERENCE, primary=primary, rope=rope, alpha=alpha)
    return {**empty, **_decided(family, thresholds, declared=declared, task=task, preferred=preferred)}


def _decided(
    family: Family[str],
    thresholds: Mapping[str, float | None],
    *,
    declared: Mapping[str, Any],
    task: Task,
    preferred: str | None,
) -> dict[str, Any]:
    """What to do, and why."""
    grade, at_stake = evidence(family.methods, alpha=declared["alpha"]), price(family.methods)
    better = grade == "proven_better"
    of_better = simplest(name for name, method in family.methods.items() if method.call == "BETTER")
    chosen = (preferred or family.unbeaten(of_better)) if better else REFERENCE
    how: dict[str, Any] = {"threshold": thresholds[chosen], "declared": declared}
    return {
        "action": "rebalance" if better else "keep",
        "evidence": grade,
        "variant": chosen,
        "threshold": thresholds[chosen],
        "price": at_stake,
        "sentence": headline.rebalance(family.methods, chosen, **how)
        if better
        else headline.keep(family.methods, grade, price=at_stake, kind=task.kind, **how),
        **_evidence(family, grade, chosen, sign=COLUMNS[declared["primary"]][1]),
    }


def _leading(family: Family[str], grade: str, chosen: str) -> str:
    """The method on which the action depends: the chosen one, the best, or the one most likely to be better."""
    if grade == "proven_better":
        return chosen
    # With few and noisy folds, a method that is worse on average may still be better.
    tests = {name: method.test for name, method in family.methods.items()}
    key = "mean" if grade == "proven_not_better" else "better"
    return max(tests, key=lambda name: getattr(tests[name], key))


def _detectable(family: Family[str], leading: str) -> float:
    """The leading method's minimum detectable difference, at Holm's first step, which is the strictest."""
    test, alpha = family.methods[leading].test, family.how["alpha"] / len(family.methods)
    return minimum_detectable(test.standard_error, test.df, alpha=alpha, power=POWER, rope=family.how["rope"])


def _evidence(family: Family[str], grade: str, chosen: str, *, sign: int) -> dict[str, Any]:
    leading = _leading(family, grade, chosen)
    confidence = {
        "proven_better": family.methods[leading].test.better,
        "proven_not_better": 1 - max(method.test.better for method in family.methods.values()),
        "inconclusive": None,
    }
    # Each sampler could beat the weights: the error holds for all of them together (Bonferroni).
    compared = [name for name in family.methods if name != WEIGHTS] if WEIGHTS in family.values else []
    alpha = family.how["alpha"] / max(len(compared), 1)
    methods = []
    for name in family.methods:
        against = asdict(family.test(name, WEIGHTS, alpha=alpha)) if name in compared else None
        methods.append({"variant": name, **family.described(name, sign=sign), "against_class_weight": against})
    return {
        "confidence": confidence[grade],
        "minimum_detectable_difference": _detectable(family, leading),
        "leading": leading,
        "reference": sign * float(family.values[REFERENCE].mean()),
        "methods": methods,
    }


def why_not(
    folds: Mapping[str, pd.DataFrame | None],
    column: str,
    leaked: int,
    failed: Mapping[str, str],
    classes: int,
) -> str | None:
    """Why there can be no verdict, and what to do, in sentences; None where there can."""
    if leaked:
        are = "is" if leaked == 1 else "are"
        return (
            f"{counted(leaked, 'row')} {are} in both train and test. Split the table again with `dvc repro -f split`."
        )
    if failed:
        reasons = [f"{name} has no result: {why.rstrip('.')}" for name, why in list(failed.items())[:SHOWN]]
        more = f"; and {len(failed) - SHOWN:,} more" if len(failed) > SHOWN else ""
        return f"{'; '.join(reasons)}{more}. Fix what failed, or leave it out, and run again."
    if REFERENCE not in folds:
        return f"the baseline, variant '{REFERENCE}', is missing. Methods are compared with it. Add it to the variants."
    if len(folds) < 2:
        return "there is no method to compare. Add one to the variants, such as smote."
    if any(rows is None for rows in folds.values()):
        return (
            "there are no folds, because they are off, or because the rarest class has too few training rows for two "
            "folds of 5 (along time, also for 5 rows of each class before the first fold). If they are off, set "
            f"evaluate.folds=5. If the class is too small, {advice(classes)}."
        )
    for rows in folds.values():
        if rows is not None and (empty := int(rows[column].isna().sum())):
            return (
                f"the metric is undefined in {counted(empty, 'fold')}, because a class is missing. Use fewer folds, or "
                f"{advice(classes)}."
            )
    return None


def simplest(names: Iterable[str]) -> list[str]:
    """Names of variants in the order of preference among equally good ones."""
    given = list(names)
    return [name for name in SIMPLEST if name in given] + [name for name in given if name not in SIMPLEST]
