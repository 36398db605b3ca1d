"""What the folds say to do: rebalance, keep the baseline, or undecided."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd

from pipeline.formatting import counted
from pipeline.judge.primary import COLUMNS, REFERENCE, metric_words
from pipeline.judge.reasons import headline
from pipeline.measure.statistics import CorrelatedTest, correlated, fold_ratio, holm, minimum_detectable
from pipeline.measure.task import Task
from pipeline.measure.tasks import TWO_CLASSES
from pipeline.table.classes import advice

WEIGHTS = "class_weight"  # which samplers are compared with, too
SIMPLEST = (WEIGHTS, "random_under", "random_over")  # in this order; then the rest, in the order of the config
SHOWN = 3  # variants without a result whose reasons are shown
POWER = 0.8  # of the minimum detectable difference
# What there is only with a verdict, beside the methods.
DECIDED = (
    "variant",
    "threshold",
    "confidence",
    "sentence",
    "minimum_detectable_difference",
    "leading",
    "reference",
)


@dataclass(frozen=True)
class _Family:
    """The tests of all methods against the baseline; higher values are better, for losses too."""

    values: dict[str, np.ndarray]
    how: dict[str, float]
    tests: dict[str, CorrelatedTest]
    adjusted: dict[str, float]
    calls: dict[str, str]


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

    Returns
    -------
    verdict
        What `verdict.schema.json` describes, from `declared` (only what decides, and the `metric` in words) to
        `methods`. The fields of `pipeline.measure.statistics.CorrelatedTest` are those of a gain: above 0 where the
        method is better, for losses too.
    """
    declared = {"primary": primary, "rope": rope, "alpha": alpha, "metric": metric_words(primary, task)}
    empty: dict[str, Any] = {"declared": declared, "failed": dict(failed), "action": "invalid"}
    empty |= {**dict.fromkeys(DECIDED), "methods": []}
    if reason := _why_not(folds, COLUMNS[primary][0], leaked, failed, task.classes):
        return {**empty, "sentence": f"No verdict: {reason}."}
    family = _family(folds, primary=primary, rope=rope, alpha=alpha)
    action, chosen, leading = _action(family)
    return {
        **empty,
        **_evidence(family, action, leading, sign=COLUMNS[primary][1]),
        "action": action,
        "variant": chosen,
        "threshold": thresholds[chosen],
        "sentence": _sentence(family, action, chosen, leading, declared=declared, thresholds=thresholds, task=task),
    }


def _family(folds: Mapping[str, pd.DataFrame | None], *, primary: str, rope: float, alpha: float) -> _Family:
    column, sign = COLUMNS[primary]
    values = {name: sign * rows[column].to_numpy(dtype=float) for name, rows in folds.items() if rows is not None}
    baseline = folds[REFERENCE]
    assert baseline is not None
    how = {"test_over_train": fold_ratio(baseline), "rope": rope, "alpha": alpha}
    methods = [name for name in folds if name != REFERENCE]
    tests = {name: correlated(values[name] - values[REFERENCE], **how) for name in methods}
    adjusted = dict(zip(methods, holm([tests[name].p for name in methods]), strict=True))
    calls = {name: call(tests[name], adjusted[name], rope=rope, alpha=alpha) for name in methods}
    return _Family(values, how, tests, adjusted, calls)


def _action(family: _Family) -> tuple[str, str, str]:
    """The action, the variant to use, and the leading method, on which the action depends."""
    if better := [name for name, called in family.calls.items() if called == "BETTER"]:
        chosen = _simplest_unbeaten(better, family.values, family.how)
        return "rebalance", chosen, chosen
    # With few and noisy folds, a method that is worse on average may still be better.
    likeliest = max(family.tests, key=lambda name: family.tests[name].better)
    if family.tests[likeliest].better < family.how["alpha"]:
        return "keep", REFERENCE, _best(family)
    return "undecided", REFERENCE, likeliest


def _best(family: _Family) -> str:
    return max(family.tests, key=lambda name: family.tests[name].mean)


def _detectable(family: _Family, leading: str) -> float:
    """The leading method's minimum detectable difference, at Holm's first step, which is the strictest."""
    test, alpha, rope = family.tests[leading], family.how["alpha"] / len(family.tests), family.how["rope"]
    return minimum_detectable(test.standard_error, test.df, alpha=alpha, power=POWER, rope=rope)


def _evidence(family: _Family, action: str, leading: str, *, sign: int) -> dict[str, Any]:
    confidence = {
        "rebalance": family.tests[leading].better,
        "keep": 1 - max(test.better for test in family.tests.values()),
        "undecided": None,
    }
    methods = []
    for name, test in family.tests.items():
        against = None
        if WEIGHTS in family.values and name != WEIGHTS:
            against = asdict(correlated(family.values[name] - family.values[WEIGHTS], **family.how))
        methods.append(
            {
                "variant": name,
                "call": family.calls[name],
                "mean_primary": sign * float(family.values[name].mean()),
                **asdict(test),
                "p_holm": family.adjusted[name],
                "against_class_weight": against,
            }
        )
    return {
        "confidence": confidence[action],
        "minimum_detectable_difference": _detectable(family, leading),
        "leading": leading,
        "reference": sign * float(family.values[REFERENCE].mean()),
        "methods": methods,
    }


def _sentence(
    family: _Family,
    action: str,
    chosen: str,
    leading: str,
    *,
    declared: Mapping[str, Any],
    thresholds: Mapping[str, float | None],
    task: Task,
) -> str:
    which = "the best method" if leading == _best(family) else "the method most likely to be better"
    return headline(
        action,
        chosen,
        f"{which}, {leading}",
        asdict(family.tests[leading]),
        threshold=thresholds[chosen],
        smallest=_detectable(family, leading),
        declared=declared,
        kind=task.kind,
    )


def _why_not(
    folds: Mapping[str, pd.DataFrame | None],
    column: str,
    leaked: int,
    failed: Mapping[str, str],
    classes: int,
) -> str | None:
    """Why there can be no verdict; None where there can."""
    if leaked:
        return f"{counted(leaked, 'row')} {'is' if leaked == 1 else 'are'} in both train and test"
    if failed:
        reasons = [f"{name} has no result: {why}" for name, why in list(failed.items())[:SHOWN]]
        return "; ".join(reasons) + (f"; and {len(failed) - SHOWN:,} more" if len(failed) > SHOWN else "")
    if REFERENCE not in folds:
        return f"the baseline, variant '{REFERENCE}', is missing, and methods are tested against it"
    if len(folds) < 2:
        return "there is no method to test"
    if any(rows is None for rows in folds.values()):
        return (
            "there are no folds: they are off, or the rarest class has too few training rows for two folds of 5 (along "
            f"time, also for 5 rows of each class before the first fold): {advice(classes)}"
        )
    for rows in folds.values():
        if rows is not None and (empty := int(rows[column].isna().sum())):
            return (
                f"the metric is undefined in {counted(empty, 'fold')}, because a class is missing: use fewer folds, or "
                f"{advice(classes)}"
            )
    return None


def _simplest_unbeaten(better: list[str], values: dict[str, np.ndarray], how: dict[str, float]) -> str:
    """Of the methods that are better than none, the simplest that none of the others beats."""
    order = [name for name in SIMPLEST if name in better] + [name for name in better if name not in SIMPLEST]
    for name in order:
        against = [correlated(values[other] - values[name], **how) for other in order if other != name]
        if not any(call(test, test.p, rope=how["rope"], alpha=how["alpha"]) == "BETTER" for test in against):
            return name
    return max(order, key=lambda name: float(values[name].mean()))  # each is beaten by one: a circle


def call(test: CorrelatedTest, p_adjusted: float, *, rope: float, alpha: float) -> str:
    """The verdict on a method: `BETTER`, `WORSE`, `EQUIVALENT` or `INCONCLUSIVE`, the first one that holds.

    Parameters
    ----------
    test
        Of method minus none, with the same `rope`.
    p_adjusted
        Its p-value, adjusted for the family.
    rope
        Half-width of the region of practical equivalence, which holds its borders: an estimate of exactly `rope` is
        not beyond it.
    alpha
        In (0, 1). BETTER and WORSE need a p below it; EQUIVALENT needs a probability of equivalence above 1 - alpha.
        Both are strict.
    """
    if p_adjusted < alpha and test.mean > rope:
        return "BETTER"
    if p_adjusted < alpha and test.mean < -rope:
        return "WORSE"
    return "EQUIVALENT" if test.equivalent > 1 - alpha else "INCONCLUSIVE"
