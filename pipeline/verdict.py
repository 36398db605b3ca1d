"""Whether rebalancing makes a better model of this table, how sure that is, and what to do."""

import argparse
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd

from pipeline import words
from pipeline.caveats import caveats, converged, formula_holds
from pipeline.classes import ROUTE, several
from pipeline.errors import InputError, run
from pipeline.files import REPORTS, read_json, say
from pipeline.statistics import call, correlated, fold_ratio, holm, minimum_detectable
from pipeline.words import digits, number, signed

SCHEMA_VERSION = 2
FILE = REPORTS / "verdict.json"
REFERENCE = "none"  # the variant that remedies are tested against, called the plain model in sentences
WEIGHTS = "class_weight"  # which samplers are shown against too
SIMPLEST = (WEIGHTS, "random_under", "random_over")  # in this order; then the rest, in the order of the config
SHOWN = 3  # variants without a result that are told why
POWER = 0.8  # of the smallest difference that is told
EXIT = {"keep": 0, "rebalance": 10, "undecided": 20, "invalid": 30}
WORDS = {
    "average_precision": "average precision",
    "roc_auc": "ROC AUC",
    "log_loss": "recalibrated log loss",
    "brier": "recalibrated Brier score",
    "expected_cost": "expected cost",
    "f_beta": "F-beta",
}
RANKING = ("average_precision", "roc_auc")
FREE_BY_THRESHOLD = "What rebalancing does to recall at 0.5, the threshold does for free."
FREE_BY_WEIGHTS = "What rebalancing does to recall, class weights on the plain model's decisions do for free."
# Of each primary metric, its column among the folds, and whether more of it is better.
COLUMNS = {
    "average_precision": ("average_precision", 1),
    "roc_auc": ("roc_auc", 1),
    "log_loss": ("recalibrated_log_loss", -1),
    "brier": ("recalibrated_brier", -1),
    "expected_cost": ("tuned_expected_cost", -1),
    "f_beta": ("tuned_f_beta", 1),
}
METHODS = {
    "difference": "mean over folds of the gain against none; Nadeau & Bengio 2003 (corrected resampled t)",
    "posterior": "Bayesian correlated t-test, flat prior; Benavoli, Corani, Demsar & Zaffalon 2017",
    "p_holm": "Holm 1979 over the remedies",
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
    labels: Sequence[Any] | None = None,
) -> dict[str, Any]:
    """What the folds say of each remedy against `none`, and what to do.

    Parameters
    ----------
    folds
        By variant: one row a fold, see `pipeline.evaluate.by_fold`, the same folds for all; None without folds.
    thresholds
        t* by variant; None where there is none.
    primary
        The metric that decides, one of `COLUMNS`.
    rope
        Half-width of the region of practical equivalence, in that metric's unit.
    alpha
        Error of the calls, over all remedies together.
    leaked
        Rows that stand both among the training rows and among the test rows: with any there is no verdict.
    failed
        Variants that are asked for and have no result, and why: with any there is no verdict.
    labels
        Of more than two classes: the metric then is a macro average, or that of all classes together.

    Returns
    -------
    said
        `declared` (primary, rope, alpha, and `labels` of more than two classes), `failed`, `action` (keep, rebalance,
        undecided, invalid), `variant`, `threshold`,
        `confidence` (probability that the chosen remedy is better by more than the ROPE, or the lowest of those that a
        remedy is not; None where undecided), `sentence`, `leading` (the remedy that the action hangs on: chosen, the
        best on average, or the likeliest to be better yet), `smallest_difference` (of that one, that would be found
        with power .8), `reference` (mean of the primary metric without a remedy) and
        `remedies`: for each its `call`, `mean_primary`, the fields of `pipeline.statistics.CorrelatedTest` of its gain,
        above 0 where it is better also for metrics that are losses, `p_holm`, and `against_class_weight`, the same
        test against that one, unadjusted; None where that is not compared.
    """
    declared = {"primary": primary, "rope": rope, "alpha": alpha, **({"labels": list(labels)} if labels else {})}
    result: dict[str, Any] = {
        "declared": declared,
        "failed": dict(failed),
        "action": "invalid",
        "variant": None,
        "threshold": None,
        "confidence": None,
        "sentence": "",
        "smallest_difference": None,
        "leading": None,
        "reference": None,
        "remedies": [],
    }
    if reason := _why_not(folds, COLUMNS[primary][0], leaked, failed, labels):
        return {**result, "sentence": f"No verdict: {reason}."}
    column, sign = COLUMNS[primary]
    # Higher is better from here on.
    values = {name: sign * rows[column].to_numpy(dtype=float) for name, rows in folds.items() if rows is not None}
    first = folds[REFERENCE]
    assert first is not None
    how = {"test_over_train": fold_ratio(first), "rope": rope, "alpha": alpha}
    remedies = [name for name in folds if name != REFERENCE]
    tests = {name: correlated(values[name] - values[REFERENCE], **how) for name in remedies}
    adjusted = dict(zip(remedies, holm([tests[name].p for name in remedies]), strict=True))
    calls = {name: call(tests[name], adjusted[name], rope=rope, alpha=alpha) for name in remedies}
    best = max(remedies, key=lambda name: tests[name].mean)
    better = [name for name in remedies if calls[name] == "BETTER"]
    # One that is worse on average, in few and noisy folds, may yet be better.
    likeliest = max(remedies, key=lambda name: tests[name].better)
    if better:
        action, chosen = "rebalance", _simplest_unbeaten(better, values, how)
        leading = chosen
    elif tests[likeliest].better < alpha:
        action, chosen, leading = "keep", REFERENCE, best
    else:
        action, chosen, leading = "undecided", REFERENCE, likeliest
    which = "the best remedy" if leading == best else "the remedy that may yet be better"
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
        "sentence": _sentence(
            action,
            chosen,
            f"{which}, {leading}",
            asdict(tests[leading]),
            threshold=thresholds[chosen],
            smallest=smallest,
            declared=declared,
        ),
        "smallest_difference": smallest,
        "leading": leading,
        "reference": sign * float(values[REFERENCE].mean()),
        "remedies": [
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
            for name in remedies
        ],
    }


def _why_not(
    folds: Mapping[str, pd.DataFrame | None],
    column: str,
    leaked: int,
    failed: Mapping[str, str],
    labels: Sequence[Any] | None,
) -> str | None:
    """Why there can be no verdict; None where there can."""
    if leaked:
        return f"{leaked:,} rows stand both among the training rows and among the test rows"
    if failed:
        told = [f"{name} has no result: {why}" for name, why in list(failed.items())[:SHOWN]]
        return "; ".join(told) + (f"; and {len(failed) - SHOWN:,} more" if len(failed) > SHOWN else "")
    if REFERENCE not in folds:
        return f"the variant '{REFERENCE}' is not compared, and remedies are tested against it"
    if len(folds) < 2:
        return "there is no remedy to test"
    if any(rows is None for rows in folds.values()):
        if labels:
            return (
                "there are no folds: they are off, or the rarest class has too few training rows for two folds of 5: "
                f"{ROUTE}"
            )
        return (
            "there are no folds: they are off, or the rarer class has too few training rows for two folds of 5; along "
            "time each fold, and what is before the first, needs 5 rows of both classes"
        )
    for rows in folds.values():
        if rows is not None and (empty := int(rows[column].isna().sum())):
            mend = f"more rows, or fewer folds{f', or {ROUTE}' if labels else ''}"
            return f"in {empty} folds the metric is not defined, since a class is missing: {mend}"
    return None


def _simplest_unbeaten(better: list[str], values: dict[str, np.ndarray], how: dict[str, float]) -> str:
    """Of the remedies that are better than none, the simplest that none of the others beats."""
    order = [name for name in SIMPLEST if name in better] + [name for name in better if name not in SIMPLEST]
    for name in order:
        against = [correlated(values[other] - values[name], **how) for other in order if other != name]
        if not any(call(test, test.p, rope=how["rope"], alpha=how["alpha"]) == "BETTER" for test in against):
            return name
    return max(order, key=lambda name: float(values[name].mean()))  # each is beaten by one: a circle


def _sentence(
    action: str,
    chosen: str,
    leading: str,
    test: Mapping[str, float],
    *,
    threshold: float | None,
    smallest: float,
    declared: Mapping[str, Any],
) -> str:
    """The verdict in words, with its evidence."""
    gain, rope = gained(test, declared), declared["rope"]
    at = "" if threshold is None else f", with its threshold at {words.threshold(threshold)} instead of 0.5"
    if action == "rebalance":
        return (
            f"Rebalance with {chosen}{at}: over the folds it has {gain} against the plain model; "
            f"P(better by more than {rope:g}) is {test['better']:.2f}."
        )
    if action == "keep":
        what = "is not better"
        if test["better"] + test["worse"] < declared["alpha"]:
            what = "equals the plain model"
        elif test["better"] + test["equivalent"] < declared["alpha"]:
            what = "does worse"
        free = FREE_BY_WEIGHTS if "labels" in declared else FREE_BY_THRESHOLD
        return f"Keep the plain model{at}: {leading}, {what}: {gain} over the folds. {free}"
    return (
        f"Undecided: {leading}, has {gain} over the folds against the plain model. This table could show a difference "
        f"of {number(smallest, digits(rope))} or more; until then keep the plain model{at}."
    )


def metric_words(declared: Mapping[str, Any]) -> str:
    """The primary metric in words."""
    macro = "labels" in declared and declared["primary"] in RANKING
    return ("macro " if macro else "") + WORDS[declared["primary"]]


def is_loss(declared: Mapping[str, Any]) -> bool:
    """Whether less of the metric that decides is better."""
    return COLUMNS[declared["primary"]][1] < 0


def gained(test: Mapping[str, Any], declared: Mapping[str, Any]) -> str:
    """A remedy's gain with its interval and its metric, in words."""
    values, than, places = [test[key] for key in ("mean", "low", "high")], "", digits(declared["rope"])
    if is_loss(declared):
        than = "less " if test["mean"] >= 0 else "more "
        values = values if test["mean"] >= 0 else [-test[key] for key in ("mean", "high", "low")]
    mean, low, high = (signed(value, places) for value in values)
    interval = f"{100 * (1 - declared['alpha']):g} % interval {low} to {high}"
    return f"{mean} ({interval}) {than}{metric_words(declared)}"


def verdict(
    results: Mapping[str, dict[str, Any]],
    folds: Mapping[str, pd.DataFrame | None],
    *,
    table: Mapping[str, Any],
    classes: dict[str, Any],
    declared: dict[str, Any],
    hashes: Mapping[str, str | None],
    intervals: Mapping[str, Mapping[str, list[float] | None]],
    lines: Mapping[str, dict[str, Any]],
    translation: str,
    leaked: int,
    failed: Mapping[str, str],
    known: bool,
) -> dict[str, Any]:
    """All of verdict.json: see `verdict.schema.json`.

    Parameters
    ----------
    results
        By variant, what `evaluate` wrote as metrics.json.
    folds, leaked, failed
        As for `judge`.
    table, classes
        What `ingest` wrote as schema.json, and `split` as classes.json.
    declared
        The settings in force: see `pipeline.compare.declare`.
    hashes
        Of `config`, `code` and `lock`.
    intervals
        By variant: [low, high] of `average_precision` and `roc_auc` on the test rows, None where there is none.
    lines
        By remedy: see `pipeline.equivalence.equivalence`; empty without folds.
    translation
        What balancing says of costs, in words.
    known
        Whether each row's true probability is known.
    """
    thresholds = {name: (result["holdout"]["tuned"] or {}).get("threshold") for name, result in results.items()}
    rule = {key: declared[key] for key in ("primary", "rope", "alpha")}
    labels = several(table)
    said = judge(folds, thresholds=thresholds, leaked=leaked, failed=failed, labels=labels, **rule)
    declared = {**declared, **({"labels": labels} if labels else {})}
    said["holdout_agrees"] = _agrees(results, said)
    for remedy in said["remedies"]:
        remedy["same_decisions"] = lines.get(remedy["variant"])
    keys = ("name", "target", "positive", "sha256", "classes", "labels", "weight")
    forms = ("raw", "prior_corrected") if labels else ("raw", "prior_corrected", "platt")
    return {
        "schema_version": SCHEMA_VERSION,
        "table": {key: table[key] for key in keys if key in table},
        "hashes": dict(hashes),
        **said,
        "declared": declared,
        "reasons": reasons(results, said, translation=translation),
        "caveats": caveats(results, folds, said=said, classes=classes, declared=declared, known=known),
        "methods": METHODS | (WEIGHTED if "weight" in table else {}),
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
                "probabilities": {form: result["probabilities"][form] for form in forms},
                "formula_holds": None if labels else formula_holds(result),
                **({"classes": _by_class(result)} if labels else {}),
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
    """Whether the leading remedy is on the same side of none on the test rows as over the folds; None if in doubt.

    Only where the folds' interval leaves out 0, and only for ranking metrics, which the test rows have too.
    """
    metric = said["declared"]["primary"]
    leading = next((remedy for remedy in said["remedies"] if remedy["variant"] == said["leading"]), None)
    if leading is None or metric not in RANKING or leading["low"] <= 0 <= leading["high"]:
        return None
    ours, theirs = (results[name]["holdout"]["threshold_free"][metric] for name in (said["leading"], REFERENCE))
    return None if ours is None or theirs is None else bool((ours - theirs) * leading["mean"] >= 0)


def reasons(results: Mapping[str, dict[str, Any]], said: Mapping[str, Any], *, translation: str) -> list[str]:
    """Four reasons in numbers: is it a better model, is it another threshold, what of the probabilities, how sure."""
    leading = next((remedy for remedy in said["remedies"] if remedy["variant"] == said["leading"]), None)
    if leading is None:
        return []
    name, declared = leading["variant"], said["declared"]
    calls = [remedy["call"] for remedy in said["remedies"]]
    counts = ", ".join(f"{calls.count(word)} {word}" for word in ("BETTER", "WORSE", "EQUIVALENT", "UNDECIDED"))
    better = (
        f"A better model? Of {_remedies(calls)} {counts}. {name} has {gained(leading, declared)} "
        f"against the plain model's {number(said['reference'], digits(declared['rope']))}."
    )
    line = leading["same_decisions"]
    question = "Or other class weights?" if "labels" in declared else "Or another threshold?"
    moved = f"{question} {line['sentence']} {translation}".rstrip() if line else translation
    plain, ours = (results[each]["probabilities"] for each in (REFERENCE, name))
    if "labels" in declared:
        probabilities = (
            f"Probabilities: log loss on the test rows is {plain['raw']['log_loss']:.4f} for the plain model and "
            f"{ours['raw']['log_loss']:.4f} for {name}, {ours['prior_corrected']['log_loss']:.4f} once corrected for "
            "the shares."
        )
    else:
        probabilities = (
            f"Probabilities: mean predicted over observed is {_ratio(plain['raw'])} for the plain model and "
            f"{_ratio(ours['raw'])} for {name}, {_ratio(ours['prior_corrected'])} once corrected for the shares."
        )
    sure = (
        f"How sure? P(worse) {leading['worse']:.2f}, P(equivalent) {leading['equivalent']:.2f}, P(better) "
        f"{leading['better']:.2f} beyond {declared['rope']:g}; {_remedies(calls)}, Holm p {leading['p_holm']:.3f}. "
        f"A difference of {number(said['smallest_difference'], digits(declared['rope']))} would be found in four of "
        "five such tables."
    )
    return [reason for reason in (better, moved, probabilities, sure) if reason]


def _remedies(calls: Sequence[str]) -> str:
    return f"{len(calls)} {'remedy' if len(calls) == 1 else 'remedies'}"


def _ratio(measured: Mapping[str, Any]) -> str:
    value = measured["predicted_over_observed"]
    return "undefined" if value is None else f"{value:.2f}"


def main() -> None:
    """Print the verdict; the exit status is the action: 0 keep, 10 rebalance, 20 undecided, 30 no verdict."""
    parser = argparse.ArgumentParser(prog="python -m pipeline.verdict", description=main.__doc__)
    parser.add_argument("file", nargs="?", type=Path, default=FILE, help="a sweep has one in its folder")
    file = parser.parse_args().file
    if not file.is_file() and file.with_name("summary.json").is_file():
        raise InputError(
            f"{file}: this sweep varies more than the variant, and has means instead: for a verdict name one seed, "
            "such as seed=7"
        )
    found = read_json(file)
    if not isinstance(found, dict) or found.get("schema_version") != SCHEMA_VERSION:
        raise InputError(
            f"{file}: expected a verdict of schema version {SCHEMA_VERSION}: make it anew with `dvc repro`"
        )
    say(found["sentence"])
    places = digits(found["declared"]["rope"])
    for remedy in found["remedies"]:
        mean, low, high = (signed(remedy[key], places) for key in ("mean", "low", "high"))
        say(
            f"{remedy['call']:<11}{remedy['variant']:<28}{mean} ({low} to {high})  Holm p {remedy['p_holm']:.3f}  "
            f"P(worse, equivalent, better) {remedy['worse']:.2f} {remedy['equivalent']:.2f} {remedy['better']:.2f}"
        )
    for caveat in found["caveats"]:
        say(f"- {caveat}")
    sys.exit(EXIT[found["action"]])


if __name__ == "__main__":
    run(main)
