"""Whether rebalancing makes a better model of this table, how sure that is, and what to do."""

from collections.abc import Mapping
from dataclasses import asdict
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd

from pipeline.files import REPORTS
from pipeline.formatting import counted
from pipeline.judge.caveats import caveats, converged, formula_holds
from pipeline.judge.evidence import Evidence
from pipeline.judge.primary import COLUMNS, RANKING, REFERENCE, metric_words
from pipeline.judge.reasons import headline, reasons
from pipeline.measure.statistics import CorrelatedTest, correlated, fold_ratio, holm, minimum_detectable
from pipeline.measure.task import Task
from pipeline.measure.tasks import TWO_CLASSES
from pipeline.table.classes import advice

SCHEMA_VERSION = 3
FILE = REPORTS / "verdict.json"
WEIGHTS = "class_weight"  # which samplers are shown against too
SIMPLEST = (WEIGHTS, "random_under", "random_over")  # in this order; then the rest, in the order of the config
SHOWN = 3  # variants without a result whose reasons are shown
FORMS = ("raw", "prior_corrected", "platt")  # of probabilities
POWER = 0.8  # of the minimum detectable difference
SOURCES = {
    "difference": "mean over folds of the gain against none; Nadeau & Bengio 2003 (corrected resampled t)",
    "posterior": "Bayesian correlated t-test, flat prior; Benavoli, Corani, Demsar & Zaffalon 2017",
    "p_holm": "Holm 1979 over the methods",
    "holdout": "normal interval on the logit scale, row bootstrap by class",
    "recall, precision, specificity": "Wilson 1927",
}
WEIGHTED = {"recall, precision, specificity": "Wilson 1927, on effective numbers of rows; Kish 1992"}


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
    """The verdict of the folds on each method against `none`, and what to do.

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
    leaked
        Rows that are in both train and test: with any there is no verdict.
    failed
        Variants without a result, and why: with any there is no verdict.
    task
        Of the table.

    Returns
    -------
    said
        `declared` (primary, rope, alpha, and the `metric` in words), `failed`, `action` (keep, rebalance,
        undecided, invalid), `variant`, `threshold`,
        `confidence` (probability that the chosen method is better by more than the ROPE, or the lowest of those that a
        method is not; None where undecided), `sentence`, `leading` (the method that the action hangs on: chosen, the
        best on average, or the likeliest to be better yet), `minimum_detectable_difference` (of that one, with power
        .8), `reference` (mean of the primary metric without a method) and
        `methods`: for each its `call`, `mean_primary`, the fields of `pipeline.measure.statistics.CorrelatedTest` of
        its gain, above 0 where it is better also for metrics that are losses, `p_holm`, and `against_class_weight`, the
        same test against that one, unadjusted; None where that is not compared.
    """
    declared = {"primary": primary, "rope": rope, "alpha": alpha, "metric": metric_words(primary, task)}
    result: dict[str, Any] = {
        "declared": declared,
        "failed": dict(failed),
        "action": "invalid",
        "variant": None,
        "threshold": None,
        "confidence": None,
        "sentence": "",
        "minimum_detectable_difference": None,
        "leading": None,
        "reference": None,
        "methods": [],
    }
    if reason := _why_not(folds, COLUMNS[primary][0], leaked, failed, task.classes):
        return {**result, "sentence": f"No verdict: {reason}."}
    column, sign = COLUMNS[primary]
    # Higher is better from here on.
    values = {name: sign * rows[column].to_numpy(dtype=float) for name, rows in folds.items() if rows is not None}
    first = folds[REFERENCE]
    assert first is not None
    how = {"test_over_train": fold_ratio(first), "rope": rope, "alpha": alpha}
    methods = [name for name in folds if name != REFERENCE]
    tests = {name: correlated(values[name] - values[REFERENCE], **how) for name in methods}
    adjusted = dict(zip(methods, holm([tests[name].p for name in methods]), strict=True))
    calls = {name: call(tests[name], adjusted[name], rope=rope, alpha=alpha) for name in methods}
    best = max(methods, key=lambda name: tests[name].mean)
    better = [name for name in methods if calls[name] == "BETTER"]
    # With few and noisy folds, a method that is worse on average may still be better.
    likeliest = max(methods, key=lambda name: tests[name].better)
    if better:
        action, chosen = "rebalance", _simplest_unbeaten(better, values, how)
        leading = chosen
    elif tests[likeliest].better < alpha:
        action, chosen, leading = "keep", REFERENCE, best
    else:
        action, chosen, leading = "undecided", REFERENCE, likeliest
    which = "the best method" if leading == best else "the method most likely to be better"
    error, df = tests[leading].standard_error, tests[leading].df
    # At Holm's first step, which asks most.
    smallest = minimum_detectable(error, df, alpha=alpha / len(tests), power=POWER, rope=rope)
    confidence = {
        "rebalance": tests[leading].better,
        "keep": 1 - max(test.better for test in tests.values()),
        "undecided": None,
    }
    return {
        **result,
        "action": action,
        "variant": chosen,
        "threshold": thresholds[chosen],
        "confidence": confidence[action],
        "sentence": headline(
            action,
            chosen,
            f"{which}, {leading}",
            asdict(tests[leading]),
            threshold=thresholds[chosen],
            smallest=smallest,
            declared=declared,
            kind=task.kind,
        ),
        "minimum_detectable_difference": smallest,
        "leading": leading,
        "reference": sign * float(values[REFERENCE].mean()),
        "methods": [
            {
                "variant": name,
                "call": calls[name],
                "mean_primary": sign * float(values[name].mean()),
                **asdict(tests[name]),
                "p_holm": adjusted[name],
                "against_class_weight": asdict(correlated(values[name] - values[WEIGHTS], **how))
                if WEIGHTS in values and name != WEIGHTS
                else None,
            }
            for name in methods
        ],
    }


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
        told = [f"{name} has no result: {why}" for name, why in list(failed.items())[:SHOWN]]
        return "; ".join(told) + (f"; and {len(failed) - SHOWN:,} more" if len(failed) > SHOWN else "")
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


def verdict(
    evidence: Evidence,
    *,
    intervals: Mapping[str, Mapping[str, list[float] | None]],
    lines: Mapping[str, dict[str, Any]],
    translation: str,
) -> dict[str, Any]:
    """All of verdict.json: see `verdict.schema.json`.

    Parameters
    ----------
    evidence
        Of the comparison.
    intervals
        By variant: [low, high] of `average_precision` and `roc_auc` on the test rows, None where there is none.
    lines
        By method: see `pipeline.judge.equivalence.equivalence`; empty without folds.
    translation
        What balancing implies about costs, in words.
    """
    results, folds, task, declared = evidence.results, evidence.folds, evidence.task, evidence.declared
    thresholds = {name: (result["holdout"]["tuned"] or {}).get("threshold") for name, result in results.items()}
    rule = {key: declared[key] for key in ("primary", "rope", "alpha")}
    said = judge(folds, thresholds=thresholds, leaked=evidence.leaked, failed=evidence.failed, task=task, **rule)
    said["holdout_agrees"] = _agrees(results, said)
    for method in said["methods"]:
        method["same_decisions"] = lines.get(method["variant"])
    keys = ("name", "target", "positive", "sha256", "classes", "labels", "weight")
    return {
        "schema_version": SCHEMA_VERSION,
        "table": {key: evidence.table[key] for key in keys if key in evidence.table},
        "hashes": dict(evidence.hashes),
        **said,
        "declared": {**declared, **said["declared"]},
        "reasons": reasons(results, said, kind=task.kind, translation=translation),
        "caveats": caveats(evidence, said=said),
        "sources": SOURCES | (WEIGHTED if "weight" in evidence.table else {}),
        "variants": [
            {
                "variant": name,
                "status": "converged" if converged(result) else "not converged",
                "C": result["model"]["C"],
                "threshold": thresholds[name],
                "holdout": {
                    metric: {"value": result["holdout"]["threshold_free"][metric], "interval": interval}
                    for metric, interval in intervals[name].items()
                },
                "probabilities": {form: result["probabilities"][form] for form in FORMS},
                "formula_holds": formula_holds(result),
                **({"classes": _by_class(result)} if "classes" in result["holdout"] else {}),
            }
            for name, result in results.items()
        ],
    }


def _by_class(result: Mapping[str, Any]) -> dict[str, Any]:
    """Of each class its ranking on the test rows, and its recall and precision by both rules of decision."""
    judged = result["holdout"]
    return {
        name: {
            "support": free["support"],
            "average_precision": free["average_precision"],
            "roc_auc": free["roc_auc"],
            **{
                point: {key: judged[point]["classes"][name][key] for key in ("recall", "precision", "f1")}
                for point in ("default", "tuned")
            },
        }
        for name, free in judged["classes"].items()
    }


def _agrees(results: Mapping[str, dict[str, Any]], said: Mapping[str, Any]) -> bool | None:
    """Whether the leading method is better than none both on the test rows and over the folds, or worse in both.

    None where the folds' interval includes 0, and for metrics that the test rows don't have.
    """
    metric = said["declared"]["primary"]
    leading = next((method for method in said["methods"] if method["variant"] == said["leading"]), None)
    if leading is None or metric not in RANKING or leading["low"] <= 0 <= leading["high"]:
        return None
    ours, theirs = (results[name]["holdout"]["threshold_free"][metric] for name in (said["leading"], REFERENCE))
    return None if ours is None or theirs is None else bool((ours - theirs) * leading["mean"] >= 0)


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
