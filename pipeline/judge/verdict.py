"""All of verdict.json: what to do, how sure that is, the reasons, and the caveats."""

from collections.abc import Mapping
from typing import Any

from pipeline.files import REPORTS
from pipeline.judge import settle
from pipeline.judge.action import judge
from pipeline.judge.caveats import caveats, converged, formula_holds
from pipeline.judge.evidence import Evidence
from pipeline.judge.primary import RANKING, REFERENCE
from pipeline.judge.reasons import reasons
from pipeline.judge.sentences import tradeoff
from pipeline.measure.statistics import fold_ratio, student
from pipeline.table.split import tested

SCHEMA_VERSION = 6
FILE = REPORTS / "verdict.json"
FORMS = {  # of probabilities
    "raw": "raw",
    "prior_corrected": "prior-corrected",
    "platt": "recalibrated (Platt)",
    "isotonic": "recalibrated (isotonic)",
}
SOURCES = {
    "difference": "mean over folds of the gain against none; Nadeau & Bengio 2003 (corrected resampled t)",
    "posterior": "Bayesian correlated t-test, flat prior; Benavoli, Corani, Demsar & Zaffalon 2017",
    "p_better_holm, p_holm": "Holm 1979 over the methods, one-sided and two-sided",
    "low, high": "one-sided bounds, adjusted for the methods: Holm 1979; above, Berger 1982",
    "regret": "linear loss integral of Student's t; Raiffa & Schlaifer 1961",
    "holdout": "normal interval on the logit scale, row bootstrap by class",
    "recall, precision, specificity": "Wilson 1927",
}
GUARANTEED = {"guarantee": "bound by Clopper & Pearson 1934; fixed-sequence testing, Angelopoulos et al. 2021"}
WEIGHTED = {"recall, precision, specificity": "Wilson 1927, on effective numbers of rows; Kish 1992"}
SAMPLED = {"recall, precision, specificity": "Wilson 1927; of precision Katz, Baptista, Azen & Pike 1978"}


def verdict(
    evidence: Evidence,
    *,
    intervals: Mapping[str, Mapping[str, list[float] | None]],
    lines: Mapping[str, dict[str, Any]],
    translation: str,
    models: Mapping[str, Any] | None,
) -> dict[str, Any]:
    """All of verdict.json: see `verdict.schema.json`.

    Parameters
    ----------
    evidence
        Of the comparison.
    intervals
        By variant: [low, high] of `average_precision` and `roc_auc` on the rows that are judged, None where there is
        none.
    lines
        By method: see `pipeline.judge.equivalence.equivalence`; empty without folds.
    translation
        What balancing implies about costs, in words.
    models
        See `pipeline.judge.models.decide`.
    """
    results, task, declared = evidence.results, evidence.task, evidence.declared
    judged = _judged(evidence, models)
    test_size = declared["split"]["test_size"]
    judged["holdout_agrees"] = _agrees(results, judged) if test_size else None
    for method in judged["methods"]:
        method["same_decisions"] = lines.get(method["variant"])
    keys = ("name", "target", "positive", "sha256", "classes", "labels", "weight", "negatives")
    return {
        "schema_version": SCHEMA_VERSION,
        "table": {key: evidence.table[key] for key in keys if key in evidence.table},
        "hashes": dict(evidence.hashes),
        **judged,
        "tradeoff": tradeoff(results, judged["variant"], test_size=test_size),
        "to_settle": settle.to_settle(basis) if (basis := _basis(evidence, judged)) else [],
        "declared": {**declared, **judged["declared"]},
        "reasons": reasons(results, judged, kind=task.kind, translation=translation, rows=tested(test_size)),
        "caveats": caveats(evidence, judged),
        "sources": SOURCES
        | (WEIGHTED if "weight" in evidence.table else SAMPLED if "negatives" in evidence.table else {})
        | (GUARANTEED if declared["guarantee"] else {}),
        "variants": [
            {
                "variant": name,
                "status": "converged" if converged(result) else "not converged",
                "best_params": result["model"]["best_params"],
                "threshold": evidence.thresholds[name],
                **({"guarantee": result["guarantee"]} if "guarantee" in result else {}),
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


def _judged(evidence: Evidence, models: Mapping[str, Any] | None) -> dict[str, Any]:
    """See `pipeline.judge.action.judge`; of several models it says which to use, and `models` has the verdict on each.

    Pairs of model and method are the variants under other names, with the same tests: so the evidence is the same.
    """
    rule = {key: evidence.declared[key] for key in ("primary", "rope", "alpha")}
    how: dict[str, Any] = {"thresholds": evidence.thresholds, "leaked": evidence.leaked, "failed": evidence.failed}
    if models is None:
        return {**judge(evidence.folds, task=evidence.task, **how, **rule), "models": None}
    named = {(pair["model"], pair["method"]): name for name, pair in models["variants"].items()}
    used = named[models["model"], models["variant"]] if models["action"] == "use" else None
    judged = judge(evidence.folds, task=evidence.task, preferred=used, **how, **rule)
    judged["models"] = [
        {
            **each,
            "baseline": named[each["model"], REFERENCE],
            "variant": each["variant"] and named.get((each["model"], each["variant"]), each["variant"]),
        }
        for each in models["models"]
    ]
    if judged["action"] == "none":
        return judged
    another = used is not None and models["model"] != models["reference"]["model"]
    return {**judged, "action": "use" if another else judged["action"], "sentence": models["sentence"]}


def _basis(evidence: Evidence, judged: Mapping[str, Any]) -> settle.Basis | None:
    """What the verdict rests on; None where there is none."""
    rows = evidence.folds.get(REFERENCE)
    if rows is None or not judged["methods"]:
        return None
    limits = {key: judged["declared"][key] for key in ("rope", "alpha")}
    counts = evidence.table["classes"]
    name = min(reversed(counts), key=lambda each: counts[each])  # of two as rare the positive one
    repeats = int(rows["repeat"].nunique())
    return settle.Basis(
        tests={
            each["variant"]: student(each["mean"], each["standard_error"], each["df"], **limits)
            for each in judged["methods"]
        },
        **limits,
        rare=counts[name],
        noun=name if name in ("positive", "negative") else f"row of class {name}",
        folds=len(rows) // repeats,
        repeats=repeats,
        repeatable=evidence.declared["split"]["by"] != "time",
        test_over_train=fold_ratio(rows),
        test_size=evidence.declared["split"]["test_size"],
    )


def _by_class(result: Mapping[str, Any]) -> dict[str, Any]:
    """Of each class its ranking on the rows that are judged, and its recall and precision by both rules of decision."""
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


def _agrees(results: Mapping[str, dict[str, Any]], judged: Mapping[str, Any]) -> bool | None:
    """Whether the leading method is better than none both on the test rows and over the folds, or worse in both.

    None where 0 is within the method's bounds, and for metrics that the test rows don't have.
    """
    metric = judged["declared"]["primary"]
    leading = next((method for method in judged["methods"] if method["variant"] == judged["leading"]), None)
    if leading is None or metric not in RANKING or leading["low"] <= 0 <= leading["high"]:
        return None
    ours, theirs = (results[name]["holdout"]["threshold_free"][metric] for name in (judged["leading"], REFERENCE))
    return None if ours is None or theirs is None else bool((ours - theirs) * leading["mean"] >= 0)
