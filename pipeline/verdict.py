"""Whether rebalancing makes a better model of this table, and how sure that is."""

import argparse
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pipeline.errors import run
from pipeline.files import REPORTS, read_json, say
from pipeline.statistics import call, correlated, holm, minimum_detectable

SCHEMA_VERSION = 1
FILE = REPORTS / "verdict.json"
REFERENCE = "none"  # the variant that remedies are tested against, called the plain model in sentences
SIMPLEST = ("class_weight", "random_under", "random_over")  # in this order; then the rest, in the order of the config
POWER = 0.8  # of the smallest difference that is told
EXIT = {"keep": 0, "rebalance": 10, "undecided": 20, "invalid": 30}
WORDS = {
    "average_precision": "average precision",
    "roc_auc": "ROC AUC",
    "log_loss": "log loss",
    "brier": "Brier score",
    "expected_cost": "expected cost",
    "f_beta": "F-beta",
}
# Of each primary metric, its column among the folds, and whether more of it is better.
COLUMNS = {
    "average_precision": ("average_precision", 1),
    "roc_auc": ("roc_auc", 1),
    "log_loss": ("recalibrated_log_loss", -1),
    "brier": ("recalibrated_brier", -1),
    "expected_cost": ("tuned_expected_cost", -1),
    "f_beta": ("tuned_f_beta", 1),
}


def verdict(
    folds: dict[str, pd.DataFrame | None],
    *,
    thresholds: dict[str, float | None],
    primary: str,
    rope: float,
    alpha: float,
    table: dict[str, Any],
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
    table
        What `ingest` wrote as schema.json.

    Returns
    -------
    verdict
        `schema_version`, `table`, `declared`, `action` (keep, rebalance, undecided, invalid), `variant`, `threshold`,
        `sentence`, `smallest_difference` (of the best remedy, that would be found with power .8), `reference` (mean of
        the primary metric without a remedy) and `remedies`: for each its `call`, `mean_primary`, the fields of
        `pipeline.statistics.CorrelatedTest`, and `p_holm`.
    """
    declared = {"primary": primary, "rope": rope, "alpha": alpha}
    result: dict[str, Any] = {
        "schema_version": SCHEMA_VERSION,
        "table": {key: table[key] for key in ("name", "target", "positive", "sha256")},
        "declared": declared,
        "action": "invalid",
        "variant": None,
        "threshold": None,
        "sentence": "",
        "smallest_difference": None,
        "reference": None,
        "remedies": [],
    }
    if reason := _why_not(folds):
        return {**result, "sentence": f"No verdict: {reason}."}
    column, sign = COLUMNS[primary]
    # Higher is better from here on.
    values = {name: sign * rows[column].to_numpy(dtype=float) for name, rows in folds.items() if rows is not None}
    first = folds[REFERENCE]
    assert first is not None
    how = {
        "test_over_train": float(first["rows"].sum() / first["training_rows"].sum()),
        "rope": rope,
        "alpha": alpha,
    }
    remedies = [name for name in folds if name != REFERENCE]
    tests = {name: correlated(values[name] - values[REFERENCE], **how) for name in remedies}
    adjusted = dict(zip(remedies, holm([tests[name].p for name in remedies]), strict=True))
    calls = {name: call(tests[name], adjusted[name], rope=rope, alpha=alpha) for name in remedies}
    best = max(remedies, key=lambda name: tests[name].mean)
    better = [name for name in remedies if calls[name] == "BETTER"]
    if better:
        action, chosen = "rebalance", _simplest_unbeaten(better, values, how)
    else:
        action, chosen = ("keep" if calls[best] in ("EQUIVALENT", "WORSE") else "undecided"), REFERENCE
    error, df = tests[best].standard_error, tests[best].df
    # At Holm's first step, which asks most.
    smallest = minimum_detectable(error, df, alpha=alpha / len(tests), power=POWER, rope=rope)
    return {
        **result,
        "action": action,
        "variant": chosen,
        "threshold": thresholds[chosen],
        "sentence": _sentence(action, chosen, best, tests, thresholds[chosen], smallest, declared),
        "smallest_difference": smallest,
        "reference": sign * float(values[REFERENCE].mean()),
        "remedies": [
            {
                "variant": name,
                "call": calls[name],
                "mean_primary": sign * float(values[name].mean()),
                **asdict(tests[name]),
                "p_holm": adjusted[name],
            }
            for name in remedies
        ],
    }


def _why_not(folds: dict[str, pd.DataFrame | None]) -> str | None:
    """Why there can be no verdict; None where there can."""
    if REFERENCE not in folds:
        return f"the variant '{REFERENCE}' is not compared, and remedies are tested against it"
    if len(folds) < 2:
        return "there is no remedy to test"
    if any(rows is None for rows in folds.values()):
        return "folds are off, or the training rows hold fewer than 10 positives, too few for two folds of 5"
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
    best: str,
    tests: dict[str, Any],
    threshold: float | None,
    smallest: float,
    declared: dict[str, Any],
) -> str:
    """The verdict in words, with its evidence."""
    metric, test = WORDS[declared["primary"]], tests[chosen if action == "rebalance" else best]
    interval = f"{test.mean:+.3f} ({1 - declared['alpha']:.0%} interval {test.low:+.3f} to {test.high:+.3f})"
    at = "" if threshold is None else f", with its threshold at {threshold:.3f} instead of 0.5"
    if action == "rebalance":
        return (
            f"Rebalance with {chosen}{at}: over the folds it has {interval} {metric} against the plain model; "
            f"P(better by more than {declared['rope']:g}) is {test.better:.2f}."
        )
    if action == "keep":
        what = "equals the plain model" if test.better + test.worse < declared["alpha"] else "does worse"
        return (
            f"Keep the plain model{at}: the best remedy, {best}, {what}: {interval} {metric} over the folds. "
            "What rebalancing does to recall at 0.5, the threshold does for free."
        )
    return (
        f"Undecided: the best remedy, {best}, has {interval} {metric} over the folds against the plain model. "
        f"This table could show a difference of {smallest:.3f} or more; until then keep the plain model{at}."
    )


def main() -> None:
    """Print the verdict; the exit status says what to do: 0 keep, 10 rebalance, 20 undecided, 30 no verdict."""
    parser = argparse.ArgumentParser(prog="python -m pipeline.verdict", description=main.__doc__)
    parser.add_argument("file", nargs="?", type=Path, default=FILE, help="a sweep has one in its folder")
    found = read_json(parser.parse_args().file)
    say(found["sentence"])
    for remedy in found["remedies"]:
        say(
            f"{remedy['call']:<11}{remedy['variant']:<28}{remedy['mean']:+.3f} "
            f"({remedy['low']:+.3f} to {remedy['high']:+.3f})  Holm p {remedy['p_holm']:.3f}  "
            f"P(worse, equivalent, better) {remedy['worse']:.2f} {remedy['equivalent']:.2f} {remedy['better']:.2f}"
        )
    sys.exit(EXIT[found["action"]])


if __name__ == "__main__":
    run(main)
