"""Compares all variants of a table, and judges them."""

from collections.abc import Mapping
from functools import singledispatch
from typing import Any

import numpy as np
import pandas as pd

from pipeline.config import Evaluate
from pipeline.judge import cost_map, costs, equivalence, models, synthetic
from pipeline.judge.evidence import Evidence
from pipeline.judge.primary import RANKING, REFERENCE
from pipeline.judge.sentences import sentence
from pipeline.judge.verdict import FORMS, verdict
from pipeline.measure import scores
from pipeline.measure.binary import OWN_THRESHOLD
from pipeline.measure.bootstrap import bootstrap_logit
from pipeline.measure.evaluation import Folded, fits_of, recalibrated
from pipeline.measure.multiclass import Multiclass
from pipeline.measure.statistics import fold_ratio
from pipeline.measure.task import Task
from pipeline.table import weights

SCHEMA_VERSION = 5
RATIOS = tuple(float(f"{10 ** (k / 8):.3g}") for k in range(-24, 25))  # cost of a false negative to a false positive's
DRAWS = 1000  # of the bootstrap


def compare(evidence: Evidence) -> dict[str, Any]:
    """All that the report, the CSV and the terminal show.

    Returns
    -------
    comparison
        `schema_version`, `table`, `split`, `declared`, `verdict`, `variants`; with several models `models`, see
        `pipeline.judge.models.decide`; of two classes `translation`, `cost_map`, `cost_changes` and, where the true
        probabilities are known, `best_possible`; of more `over_folds`. What a comparison does not have is None. Numbers
        unrounded, undefined ones None.
    """
    task, declared, results = evidence.task, evidence.declared, evidence.results
    intervals = {name: _intervals(task, rows, declared) for name, rows in evidence.predictions.items()}
    lines = equivalences(evidence)
    mistakes, sure = _mistakes(task, evidence), declared["confidence"]
    near = {name: synthetic.near_others(evidence.folds[name], confidence=sure) for name in results}
    decision = models.decide(evidence)
    how: dict[str, Any] = {"translation": mistakes["translation"] or "", "models": decision}
    said = verdict(evidence, intervals=intervals, lines=lines, **how)
    return {
        "schema_version": SCHEMA_VERSION,
        "table": evidence.table,
        "split": evidence.classes,
        "declared": declared,
        "verdict": said,
        "models": decision,
        **mistakes,
        "variants": [
            {
                **result,
                "intervals": intervals[name],
                "near_others": near[name],
                "sentence": " ".join(
                    [
                        sentence(task, result, results.get(REFERENCE), declared["objective"]),
                        *([synthetic.sentence(name, found)] if (found := near[name]) else []),
                    ]
                ),
            }
            for name, result in results.items()
        ],
        "best_possible": None if evidence.truth is None else best_possible(evidence),
        "over_folds": _over_folds(task, evidence),
    }


def equivalences(evidence: Evidence) -> dict[str, dict[str, Any]]:
    """By method: see `pipeline.judge.equivalence.equivalence`, and its `sentence`; empty where a fold lacks a class."""
    seen = {name: rows for name, rows in evidence.out_of_fold.items() if rows is not None}
    folds = {name: rows for name, rows in evidence.folds.items() if rows is not None}
    if REFERENCE not in seen or len(folds) < len(evidence.folds) or any(r.rarest.min() == 0 for r in folds.values()):
        return {}
    baseline = Folded(seen[REFERENCE], fits_of(folds[REFERENCE]))
    how = {"test_over_train": fold_ratio(folds[REFERENCE]), "alpha": evidence.declared["alpha"]}
    found = {
        name: equivalence.equivalence(evidence.task, baseline, rows, **how)
        for name, rows in seen.items()
        if name != REFERENCE
    }
    return {name: {**each, "sentence": equivalence.sentence(evidence.task, name, each)} for name, each in found.items()}


@singledispatch
def _intervals(task: Task, rows: pd.DataFrame, declared: Mapping[str, Any]) -> dict[str, list[float] | None]:
    """Bootstrap intervals of the ranking metrics on the rows that are judged; None where there is none."""
    how = {"confidence": declared["confidence"], "draws": DRAWS, "seed": declared["seed"], "weight": weights.of(rows)}
    ends = bootstrap_logit(rows.y.to_numpy(), task.score(rows), tuple(RANKING), **how)
    return {name: None if interval is None else list(interval) for name, interval in ends.items()}


@_intervals.register
def _(task: Multiclass, rows: pd.DataFrame, declared: Mapping[str, Any]) -> dict[str, list[float] | None]:
    return dict.fromkeys(RANKING)


@singledispatch
def _mistakes(task: Task, evidence: Evidence) -> dict[str, Any]:
    """What mistakes cost: see `pipeline.judge.costs` and `pipeline.judge.cost_map`."""
    seen = {name: rows for name, rows in evidence.out_of_fold.items() if rows is not None}
    positives = float(weights.training(evidence.classes)[1])
    mapped: list[dict[str, Any]] = []
    if REFERENCE in seen and (baseline := evidence.folds[REFERENCE]) is not None:
        # Each method could be the cheapest: at each ratio the error holds for all of them together (Bonferroni).
        methods = len(evidence.results) + len(evidence.failed) - 1
        # A mistake about the rarer class costs more: a false negative from 1 on, or where negatives are rarer up to 1.
        ratios = [ratio for ratio in RATIOS if (ratio >= 1 if positives <= 0.5 else ratio <= 1)]
        alpha = evidence.declared["alpha"] / max(methods, 1)
        mapped = cost_map.cost_map(
            seen, ratios=ratios, reference=REFERENCE, test_over_train=fold_ratio(baseline), alpha=alpha
        )
    return {
        "translation": costs.translation(trained=costs.balanced(evidence.table), true=positives),
        "cost_map": mapped,
        "cost_changes": cost_map.changes(mapped) if mapped else [],
    }


@_mistakes.register
def _(task: Multiclass, evidence: Evidence) -> dict[str, Any]:
    return dict.fromkeys(("translation", "cost_map", "cost_changes"))


@singledispatch
def _over_folds(task: Task, evidence: Evidence) -> dict[str, Any] | None:
    """By variant and class, means over the folds of average precision, and of recall by both rules of decision."""
    return None


@_over_folds.register
def _(task: Multiclass, evidence: Evidence) -> dict[str, Any] | None:
    columns = {"average_precision": "average_precision", **{point: f"{point}_recall" for point in task.points}}

    def means(rows: pd.DataFrame) -> dict[str, dict[str, float | None]]:
        return {
            name: {key: _mean(rows[f"{column}_{code}"]) for key, column in columns.items()}
            for code, name in enumerate(task.names)
        }

    return {name: None if rows is None else means(rows) for name, rows in evidence.folds.items()}


def _mean(values: pd.Series) -> float | None:
    mean = values.astype(float).mean()
    return None if np.isnan(mean) else float(mean)


def best_possible(evidence: Evidence) -> dict[str, Any]:
    """What deciding by the true probabilities does on the rows that are judged.

    No model can expect a lower log loss or Brier score, or at t* a better objective. The threshold has the best
    expected objective on the training rows, each counting as its true probability of a positive and the rest of a
    negative. Without folds there is none.
    """
    truth, declared = evidence.truth, evidence.declared
    assert truth is not None
    task, settings = evidence.task, Evaluate(**{key: declared[key] for key in Evaluate.model_fields})
    seen = next((rows for rows in evidence.out_of_fold.values() if rows is not None), None)
    tuned = None
    if seen is not None:
        once = seen[~seen.index.duplicated()]
        known, weight = truth[once.index].to_numpy(), weights.of(once)
        expected = {
            "y": np.repeat([1, 0], len(known)),
            "probability": np.tile(known, 2),
            "weight": np.concatenate([known, 1 - known]) * np.tile(weight, 2),
        }
        tuned = task.choose(pd.DataFrame(expected), settings.model_copy(update={"guarantee": False}))
    return task.holdout(by_truth(evidence), tuned=tuned, trained=np.empty(0), confidence=declared["confidence"])


def by_truth(evidence: Evidence) -> pd.DataFrame:
    """The rows that variants are judged on with their true probabilities, by which they are ranked, too."""
    rows = next(iter(evidence.predictions.values()))
    assert evidence.truth is not None
    ours = [scores.COLUMN, OWN_THRESHOLD]
    return rows.drop(columns=ours, errors="ignore").assign(probability=evidence.truth[rows.index])


def corrected(evidence: Evidence) -> dict[str, dict[str, pd.DataFrame]]:
    """Predictions of the rows that are judged by form, raw or corrected, then by variant; of two classes."""
    forms: dict[str, dict[str, pd.DataFrame]] = {"raw": {}, "prior_corrected": {}}
    for name, rows in evidence.predictions.items():
        how = evidence.results[name]["probabilities"]["corrections"]
        raw, (trained, true) = rows.probability.to_numpy(), (list(how[key].values()) for key in ("trained", "true"))
        forms["raw"][name] = rows
        prior = evidence.task.correct(raw, trained=np.array(trained), true=np.array(true))
        forms["prior_corrected"][name] = rows.assign(probability=prior)
        for form, probability in recalibrated(raw, rows, how):
            forms.setdefault(form, {})[name] = rows.assign(probability=probability)
    return {form: forms[form] for form in FORMS if forms.get(form)}
