"""Estimates the minimum detectable difference of a table, before a model is trained on its labels."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from math import ceil
from typing import Any

import numpy as np
from tqdm import tqdm

from pipeline.config import Config, Evaluate, Plan
from pipeline.errors import InputError
from pipeline.files import say
from pipeline.fit import parallel, splits
from pipeline.fit.run import table as table_of
from pipeline.formatting import digits, number
from pipeline.judge import primary
from pipeline.judge.action import POWER
from pipeline.judge.headline import adjusted, confidence
from pipeline.measure import guarantee
from pipeline.measure.repeats import repetitions
from pipeline.measure.statistics import all_rows_shrinking, inflation
from pipeline.measure.tasks import TWO_CLASSES, task_of
from pipeline.table.classes import rarest
from pipeline.tools import simulate
from pipeline.tools.labels import FEW, more_rows, refuse_no_family, training_labels
from pipeline.tools.power import AIM, Expected
from pipeline.tools.settings import settings_of
from pipeline.tools.verdict import EXIT


def plan(params: Config, keys: Plan, *, jobs: int = -1) -> Expected:
    """What the table of `params` can show, from its features and its class counts alone.

    Parameters
    ----------
    params
        With its table.
    keys
        See conf/plan.yaml.
    jobs
        At once; -1 is one a core.

    Raises
    ------
    InputError
        There is no method, or the table, a sampler or the model cannot be used.
    """
    refuse_no_family(params)
    table, _, schema, roles = table_of(params.data)
    refuse_unplannable(params, schema)
    total, positives = len(table), int(schema["classes"]["positive"])
    kind, rare = ("positive", positives) if 2 * positives <= total else ("negative", total - positives)
    task = task_of(schema)
    known, _ = training_labels(params, table, roles, task)
    folds, training_rare = splits.asked(known, task.classes, params.evaluate), rarest(known, task.classes)
    counts = {"rows": len(known), "rare": training_rare, "folds": max(folds, 2)}
    expected = Expected(
        rows=total,
        kind=kind,
        rare=rare,
        training_rare=training_rare,
        folds=folds,
        repeats=repetitions(params.evaluate.repeats, **counts),
        simulated_rows=simulate.size(total, rare, most=keys.rows, test_size=params.split.test_size, number=folds),
        errors={},
        family=len(methods(params)),
        rope=params.compare.rope,
        alpha=params.compare.alpha,
    )
    return replace(expected, errors=standard_errors(expected, params, keys, jobs)) if folds >= 2 else expected


def refuse_unplannable(params: Config, schema: Mapping[str, Any]) -> None:
    """Raise InputError for tables that the simulation has no model of."""
    task = task_of(schema)
    if task.kind != "binary":
        raise InputError(
            f"data.target: expected two classes, found {task.classes}. The plan simulates two classes. Plan one class "
            "against the rest with data.positive=CLASS, best the rarest, on which a macro average depends most."
        )
    if params.split.by != "rows":
        raise InputError(
            f"split.by: expected rows, found {params.split.by}. The plan treats every row as independent. Plan with "
            "split=stratified, and take the result as the best case."
        )
    if params.data.negatives_per_positive is not None:
        raise InputError(
            f"data.negatives_per_positive: expected null, found {params.data.negatives_per_positive:g}. The plan needs "
            "the counts of the whole table. Plan with data.negatives_per_positive=null."
        )
    if params.data.weight is not None:
        drop = ",".join([*params.data.drop, params.data.weight])
        raise InputError(
            f"data.weight: expected null, found {params.data.weight}. The plan weights all rows equally. Plan with "
            f"data.weight=null 'data.drop=[{drop}]', and take the result as the best case."
        )


def methods(params: Config) -> list[str]:
    """The variants but the baseline."""
    return [name for name in params.variants if name != primary.REFERENCE]


def standard_errors(expected: Expected, params: Config, keys: Plan, jobs: int) -> dict[str, np.ndarray]:
    """By method, shape (tables,): see `Expected.errors`.

    The standard error is Nadeau & Bengio's for the configured repeats, with a variance seen in one repeat: at equal
    cost, more tables show more than more repeats do, as tables differ. Folds of one repeat vary as those of ten do.

    References
    ----------
    `scale`, by which standard deviations of few normal values are too small on average: Holtzman 1950, The American
    Journal of Psychology 63, 615-617.
    """
    from scipy.special import gammaln

    shown = [name for name in methods(params) if name in keys.methods] or methods(params)[:2]
    variants = {name: params.variants[name] for name in (primary.REFERENCE, *shown)}
    simulated = params.model_copy(update={"variants": variants})
    rows, folds = expected.simulated_rows, expected.folds
    drawn = round(expected.rare * rows / expected.rows)
    positives = drawn if expected.kind == "positive" else rows - drawn
    how: dict[str, Any] = {"rows": rows, "positives": positives, "roc_auc": keys.roc_auc}
    job = partial(simulate.variances, simulated, **how)
    made = parallel.each(job, [(number,) for number in range(keys.tables)], jobs=jobs)
    seen = list(tqdm(made, total=keys.tables, desc="plan", unit="table", file=sys.stderr))
    scale = np.sqrt(2 / (folds - 1)) * np.exp(gammaln(folds / 2) - gammaln((folds - 1) / 2))
    share = drawn / expected.rare
    return {
        name: np.sqrt(
            [each[name] * inflation(folds * expected.repeats, each["test_over_train"]) * share for each in seen]
        )
        / scale
        for name in shown
    }


def lines(expected: Expected, params: Config, keys: Plan) -> list[str]:
    """What to print of a plan."""
    e, declared, places = expected, params.compare, digits(params.compare.rope)
    first = (
        f"table      {params.data.name}: {e.rows:,} rows, {e.rare:,} {e.kind}, {e.training_rare:,} of them in training"
    )
    if not e.errors:
        least = 2 * splits.LEAST
        enough = ceil(least / (1 - params.split.test_size))
        return [
            first,
            f"No verdict is possible. Two folds need {least} training rows of the rarer class, {splits.LEAST} in each. "
            f"With split.test_size={params.split.test_size:g}, the table needs {enough:,} rows of it. "
            + more_rows(params.split.test_size),
        ]
    ends = f"{confidence(declared.model_dump())} confidence{adjusted(e.family)}"
    part = f", {e.simulated_rows:,} rows each" if e.simulated_rows < e.rows else ""
    aim = f"a difference of {AIM * e.rope:g} ({AIM} x ROPE)"
    if e.rows_needed is None:
        needed = f"with a ROPE of 0, no number of {e.kind}s is enough"
    elif e.rows_needed == e.rare:
        needed = f"no more {e.kind}s: the table can already show {aim}"
    else:
        needed = f"{e.rows_needed:,} {e.kind}s to show {aim}, {e.rows_needed - e.rare:,} more than the table has"
    return [
        first,
        f"folds      {e.folds} x {e.repeats}, {e.training_rare / e.folds:.0f} {e.kind}s in each test fold",
        f"declared   {primary.metric_words(declared.primary, TWO_CLASSES)}, ROPE {e.rope:g}, alpha {e.alpha:g}, "
        f"{e.family} methods",
        f"simulated  {keys.tables} tables with your features{part}; labels from a logistic model, ROC AUC "
        f"{keys.roc_auc:g}; {', '.join(e.errors)} against {primary.REFERENCE}",
        f"bounds     the lower one is {number(e.reach, places)} below a method's gain ({ends}); with {keys.tables} "
        f"tables this distance is accurate to +/- {number(e.reach_error, places)}",
        f"smallest   {number(e.minimum_detectable_difference, places)} is the minimum detectable difference "
        f"({100 * POWER:g}% power)",
        f"needed     {needed}",
        *_all_rows(e, params.split.test_size),
        *guaranteed(e, params.evaluate),
    ]


def _all_rows(expected: Expected, test_size: float) -> list[str]:
    """What folds of all rows would show, where few rows are left for training."""
    if not test_size or expected.training_rare >= FEW:
        return []
    errors = {name: each * all_rows_shrinking(test_size) for name, each in expected.errors.items()}
    least = replace(expected, errors=errors).minimum_detectable_difference
    return [
        f"all rows   {number(least, digits(expected.rope))} is about the minimum detectable difference with "
        f"split.test_size=0, where the folds use all {expected.rare:,} {expected.kind}s and none is held out; "
        f"recommended, because fewer than {FEW} are left for training"
    ]


def guaranteed(expected: Expected, settings: Evaluate) -> list[str]:
    """The line on the fewest trials that a guarantee takes; none where it isn't asked for."""
    if not settings.guarantee:
        return []
    metric = guarantee.METRICS[settings.objective]
    floor = getattr(settings, f"{metric}_floor")
    least = guarantee.needed(floor, metric, settings.confidence)
    there = f", and the table has {expected.training_rare:,}" if expected.kind == "positive" else ""
    takes = {
        "recall": f"{least:,} training positives, all of them found{there}",
        "precision": f"{least:,} alerts, all of them right",
    }[metric]
    return [f"guarantee  a {metric} of at least {floor:g} takes at least {takes}"]


def run(overrides: Sequence[str]) -> int:
    """Simulate, and print what the table can show; 0, or 30 where no verdict is possible.

    Raises
    ------
    InputError
        The settings or the table can't be used.
    """
    params, keys = settings_of(Plan, overrides)
    expected = plan(params, keys, jobs=params.machine.jobs)
    for line in lines(expected, params, keys):
        say(line)
    return 0 if expected.errors else EXIT[None]
