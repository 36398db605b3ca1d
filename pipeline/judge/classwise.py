"""Compares all variants of a table with more than two classes, and judges them."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from pipeline.formatting import label_text, signed
from pipeline.judge.evidence import Evidence
from pipeline.judge.primary import RANKING, REFERENCE
from pipeline.judge.verdict import verdict
from pipeline.measure import multiclass
from pipeline.measure.statistics import correlated, fold_ratio
from pipeline.table.classes import labels

SCHEMA_VERSION = 1


def recompute(evidence: Evidence) -> Evidence:
    """The same evidence, with all that follows from its predictions computed anew: metrics, folds, corrections."""
    named, counts = labels(evidence.table), np.array(list(evidence.classes["train"].values()), dtype=np.float64)
    results: dict[str, dict[str, Any]] = {}
    folds: dict[str, pd.DataFrame | None] = {}
    for name, kept in evidence.results.items():
        test, seen, fitted = evidence.predictions[name], evidence.out_of_fold[name], evidence.folds[name]
        y, probability = test.y.to_numpy(), multiclass.probabilities(test)
        trained = np.array(list(kept["model"]["trained_shares"].values()))
        confidence = evidence.declared["confidence"]
        results[name] = {
            **kept,
            "holdout": multiclass.holdout(y, probability, labels=named, trained=trained, confidence=confidence),
            "probabilities": multiclass.mended(
                y, probability, labels=named, trained=trained, true=counts / counts.sum()
            ),
        }
        folds[name] = None
        if seen is not None and fitted is not None:
            folds[name] = multiclass.by_fold(seen, fitted[fits(fitted)])
    return replace(evidence, results=results, folds=folds)


def compare(evidence: Evidence) -> dict[str, Any]:
    """Everything that the report, the CSV and the terminal say.

    Returns
    -------
    comparison
        `schema_version`, `table`, `split`, `declared`, `verdict`, `variants`, and `over_folds`: by variant, and then by
        label, means over the folds of `average_precision` and of recall by both rules of decision; None without folds.
        Numbers unrounded, undefined ones None.
    """
    results, declared = evidence.results, evidence.declared
    seen = {name: rows for name, rows in evidence.out_of_fold.items() if rows is not None}
    lines = {}
    if REFERENCE in seen:
        plain = evidence.folds[REFERENCE]
        for name in seen:
            other = evidence.folds[name]
            if name != REFERENCE and plain is not None and other is not None and _judged(plain, other):
                lines[name] = equivalence(name, (seen[REFERENCE], plain), (seen[name], other), alpha=declared["alpha"])
    said = verdict(
        results,
        evidence.folds,
        table=evidence.table,
        classes=evidence.classes,
        declared=declared,
        hashes=evidence.hashes,
        intervals={name: dict.fromkeys(RANKING) for name in results},
        lines=lines,
        translation="",
        leaked=evidence.leaked,
        failed=evidence.failed,
        known=False,
    )
    return {
        "schema_version": SCHEMA_VERSION,
        "table": evidence.table,
        "split": evidence.classes,
        "declared": declared,
        "verdict": said,
        "variants": [{**result, "sentence": sentence(result, results.get(REFERENCE))} for result in results.values()],
        "over_folds": {
            name: None if rows is None else over_folds(rows, evidence) for name, rows in evidence.folds.items()
        },
    }


def _judged(*folds: pd.DataFrame) -> bool:
    """Whether every fold has every class."""
    return all(rows.rarest.min() > 0 for rows in folds)


def equivalence(
    name: str, plain: tuple[pd.DataFrame, pd.DataFrame], remedy: tuple[pd.DataFrame, pd.DataFrame], *, alpha: float
) -> dict[str, Any]:
    """How far a remedy's likeliest classes are the plain model's decisions by class weights.

    Parameters
    ----------
    name
        Of the remedy.
    plain, remedy
        Predictions out of fold, see `pipeline.measure.evaluation.Folded`, and rows by fold, see
        `pipeline.measure.multiclass.by_fold`; of the same folds of the same rows.
    alpha
        Error of the interval, in (0, 1).

    Returns
    -------
    found
        `same_decisions`, the share of held rows that both call alike, mean over the folds; `gain`, macro recall of the
        remedy minus that of the plain model, with `low` and `high` of its interval; and a `sentence`.
    """
    (before, fitted), (after, _) = plain, remedy
    classes, same = len(multiclass.columns(before)), []
    for fit in fitted.to_dict("records"):
        held = ((before.repeat == fit["repeat"]) & (before.fold == fit["fold"])).to_numpy()
        trained = multiclass.shares(fit, "trained_share_", classes)
        ours = multiclass.decide(multiclass.probabilities(after[held]))
        same.append(float((multiclass.decide(multiclass.probabilities(before[held]), trained) == ours).mean()))
    differences = (remedy[1].default_balanced_accuracy - fitted.tuned_balanced_accuracy).to_numpy(dtype=float)
    gain = correlated(differences, test_over_train=fold_ratio(fitted), rope=0.0, alpha=alpha)
    alike = float(np.mean(same))
    mean, low, high = (signed(100 * value, 1) for value in (gain.mean, gain.low, gain.high))
    text = (
        f"{name}: the plain model, called by class weights, decides {100 * alike:.1f} % of the rows "
        f"as {name} does by the likeliest class; {name}'s macro recall differs by {mean} percentage points "
        f"({low} to {high})."
    )
    ends = {"mean": gain.mean, "low": gain.low, "high": gain.high}
    return {"same_decisions": alike, "gain": ends, "sentence": text}


def over_folds(rows: pd.DataFrame, evidence: Evidence) -> dict[str, dict[str, float | None]]:
    """By label, means over the folds: see `compare`."""
    columns = {"average_precision": "average_precision", **{p: f"{p}_recall" for p in multiclass.POINTS}}
    return {
        label_text(label): {key: _mean(rows[f"{column}_{code}"]) for key, column in columns.items()}
        for code, label in enumerate(labels(evidence.table))
    }


def _mean(values: pd.Series) -> float | None:
    mean = values.astype(float).mean()
    return None if np.isnan(mean) else float(mean)


def sentence(result: Mapping[str, Any], reference: Mapping[str, Any] | None) -> str:
    """In plain words, what a variant does on the test rows, beside what the plain model does."""
    ours = result["holdout"]
    beside = reference["holdout"] if reference is not None and reference is not result else None
    parts = []
    for point, by in (("default", "Called the likeliest class"), ("tuned", "Called by class weights")):
        recall = ours[point]["balanced_accuracy"]
        worst = min(ours[point]["classes"].items(), key=lambda each: each[1]["recall"] or 0.0)
        said = f"{by}, macro recall is {recall:.3f}" if recall is not None else f"{by}, macro recall is not defined"
        if recall is not None and worst[1]["recall"] is not None:
            said += f", lowest for {worst[0]} ({worst[1]['recall']:.3f})"
        if beside and beside[point]["balanced_accuracy"] is not None:
            said += f"; the plain model's is {beside[point]['balanced_accuracy']:.3f}"
        parts.append(said + ".")
    precision = ours["threshold_free"]["average_precision"]
    if precision is not None:
        theirs = beside["threshold_free"]["average_precision"] if beside else None
        gain = "" if theirs is None else f", {signed(precision - theirs)} against the plain model"
        parts.append(f"Its ranking has macro average precision {precision:.3f}{gain}.")
    return " ".join(parts)


FITS = ("repeat", "fold", "training_rows", "training_positives", "C", "converged", "trained_prevalence")
FITS_OF_SEVERAL = ("training_rows_", "trained_share_")  # and the code of the class, where there are more than two


def fits(rows: pd.DataFrame | None) -> list[str]:
    """The columns of `folds` that no prediction tells."""
    return [] if rows is None else [c for c in rows if c in FITS or c.startswith(FITS_OF_SEVERAL)]
