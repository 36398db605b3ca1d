"""Compares all variants of a table, and judges them."""

from typing import Any

import numpy as np
import pandas as pd

from pipeline import formatting
from pipeline.formatting import signed
from pipeline.judge import cost_map, costs, equivalence
from pipeline.judge.evidence import Evidence
from pipeline.judge.primary import REFERENCE
from pipeline.judge.verdict import verdict
from pipeline.measure import calibration, thresholds
from pipeline.measure.bootstrap import bootstrap_logit
from pipeline.measure.metrics import holdout
from pipeline.measure.statistics import fold_ratio
from pipeline.table import weights

SCHEMA_VERSION = 2
RATIOS = tuple(float(f"{10 ** (k / 8):.3g}") for k in range(-24, 25))  # of a miss's cost to a false alarm's
DRAWS = 1000  # of the bootstrap
RANKING = ("average_precision", "roc_auc")


def compare(evidence: Evidence) -> dict[str, Any]:
    """Everything that the report, the CSV and the terminal say.

    Returns
    -------
    comparison
        `schema_version`, `table`, `split`, `declared`, `verdict`, `translation`, `cost_map`, `variants`,
        `best_possible`; numbers unrounded, undefined ones None.
    """
    results, declared, first = evidence.results, evidence.declared, next(iter(evidence.predictions.values()))
    seen = {name: rows for name, rows in evidence.out_of_fold.items() if rows is not None}
    best = None
    if evidence.truth is not None:
        training = next(iter(seen.values())) if seen else None
        best = best_possible(evidence.truth, first, training, declared, confidence=declared["confidence"])
    intervals = {
        name: {metric: _interval(rows, metric, declared) for metric in RANKING}
        for name, rows in evidence.predictions.items()
    }
    lines = {}
    all_defined = all(rows is not None and rows.positives.min() > 0 for rows in evidence.folds.values())
    how: dict[str, Any] = {"alpha": declared["alpha"]}
    if (plain := evidence.folds.get(REFERENCE)) is not None:
        how["test_over_train"] = fold_ratio(plain)
    if REFERENCE in seen and all_defined:
        for name in seen:
            if name != REFERENCE:
                lines[name] = equivalence.equivalence(seen[REFERENCE], seen[name], **how)
                lines[name]["sentence"] = equivalence.sentence(name, lines[name])
    translation = costs.translation(trained=0.5, true=weights.share(weights.training(evidence.classes)))
    said = verdict(
        results,
        evidence.folds,
        table=evidence.table,
        classes=evidence.classes,
        declared=declared,
        hashes=evidence.hashes,
        intervals=intervals,
        lines=lines,
        translation=translation,
        leaked=evidence.leaked,
        failed=evidence.failed,
        known=evidence.truth is not None,
    )
    mapped = []
    if REFERENCE in seen:
        # Each remedy could be the cheapest: at each ratio the error holds for all of them together (Bonferroni).
        remedies = len(evidence.results) + len(evidence.failed) - 1
        each = {**how, "alpha": declared["alpha"] / max(remedies, 1)}
        # A mistake about the rarer class costs more: a miss from 1 on, or where negatives are rarer up to 1.
        rare = weights.share(weights.training(evidence.classes)) <= 0.5
        ratios = [ratio for ratio in RATIOS if (ratio >= 1 if rare else ratio <= 1)]
        mapped = cost_map.cost_map(seen, ratios=ratios, reference=REFERENCE, **each)
    return {
        "schema_version": SCHEMA_VERSION,
        "table": evidence.table,
        "split": evidence.classes,
        "declared": declared,
        "verdict": said,
        "translation": translation,
        "cost_map": mapped,
        "cost_changes": cost_map.changes(mapped) if mapped else [],
        "variants": [
            {
                **result,
                "intervals": intervals[name],
                "sentence": sentence(result, results.get(REFERENCE), declared["objective"]),
            }
            for name, result in results.items()
        ],
        "best_possible": best,
    }


def sentence(result: dict[str, Any], reference: dict[str, Any] | None, objective: str) -> str:
    """In plain words, what a variant does on the test rows, beside what the plain model does."""
    ours, theirs = result["holdout"], reference["holdout"] if reference else None
    beside = theirs if reference is not result else None
    found = _found(ours["default"], among=True)
    parts = [f"At 0.5 it finds {found}" + (f"; the plain model finds {_found(beside['default'])}." if beside else ".")]
    if ours["tuned"]:
        where = formatting.threshold(ours["tuned"]["threshold"])
        at = f"At its own threshold for {objective.replace('_', ' ')}, {where}, it finds "
        tuned = _found(ours["tuned"])
        plain = ""
        if beside:
            theirs_at = formatting.threshold(beside["tuned"]["threshold"])
            plain = f"; the plain model at its own, {theirs_at}, {_found(beside['tuned'])}"
        parts.append(at + tuned + plain + ".")
    precision = ours["threshold_free"]["average_precision"]
    if precision is not None:
        gain = precision - beside["threshold_free"]["average_precision"] if beside else None
        parts.append(
            f"Its ranking has average precision {precision:.3f}"
            + (f", {signed(gain)} against the plain model" if gain is not None else "")
            + "."
        )
    return " ".join(parts)


def _found(point: dict[str, Any], *, among: bool = False) -> str:
    right, wrong, positives = map(weights.shown, (point["tp"], point["fp"], point["tp"] + point["fn"]))
    of = f" of {positives:,} positives" if among and positives else ""
    return f"{right:,}{of} with {wrong:,} false alarm{'s' if wrong != 1 else ''}"


def best_possible(
    truth: pd.Series, test: pd.DataFrame, training: pd.DataFrame | None, rule: dict[str, Any], *, confidence: float
) -> dict[str, Any]:
    """What deciding by the true probabilities does on the test rows.

    No model can expect a lower log loss or Brier score, or at t* a better objective.

    Parameters
    ----------
    truth
        True probability of the positive class, by row_id.
    test
        `y`, and `weight` where it is declared, by row_id.
    training
        Rows by row_id, perhaps more than once, with `weight` where it is declared. Their true probabilities choose the
        threshold: it has the best expected objective, each row counting as `truth` of a positive and `1 - truth` of a
        negative. None chooses no threshold.
    rule, confidence
        As for `pipeline.measure.thresholds.choose` and `pipeline.measure.metrics.holdout`.
    """
    tuned = None
    if training is not None:
        once = training[~training.index.duplicated()]
        known, stands = truth[once.index].to_numpy(), weights.of(once)
        sides, weight = np.repeat([1, 0], len(known)), np.concatenate([known, 1 - known])
        if stands is not None:
            weight = weight * np.tile(stands, 2)
        tuned = thresholds.choose(sides, np.tile(known, 2), rule, weight=weight)
    y, probability = test.y.to_numpy(), truth[test.index].to_numpy()
    return holdout(y, probability, tuned=tuned, confidence=confidence, weight=weights.of(test))


def mended(evidence: Evidence) -> dict[str, dict[str, pd.DataFrame]]:
    """Predictions of the test rows as they are and as each correction makes them: by form, then by variant."""
    forms: dict[str, dict[str, pd.DataFrame]] = {"raw": dict(evidence.predictions), "prior_corrected": {}, "platt": {}}
    for name, rows in evidence.predictions.items():
        how = evidence.results[name]["probabilities"]["corrections"]
        raw = rows.probability.to_numpy()
        corrected = calibration.correct_prior(raw, trained=how["trained"], true=how["true"])
        forms["prior_corrected"][name] = rows.assign(probability=corrected)
        if how["platt"] is not None:
            forms["platt"][name] = rows.assign(probability=calibration.recalibrate(raw, **how["platt"]))
    return {form: by_variant for form, by_variant in forms.items() if by_variant}


def _interval(rows: pd.DataFrame, metric: str, declared: dict[str, Any]) -> list[float] | None:
    how = {"confidence": declared["confidence"], "draws": DRAWS, "seed": declared["seed"], "weight": weights.of(rows)}
    ends = bootstrap_logit(rows.y.to_numpy(), rows.probability.to_numpy(), metric, **how)
    return None if ends is None else list(ends)
