"""Several models, each with every method: which pair of both to use, and what the methods do for each model."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from pipeline.formatting import counted, joined
from pipeline.judge import headline
from pipeline.judge.action import judge, simplest, why_not
from pipeline.judge.evidence import Evidence
from pipeline.judge.family import Family, evidence, family_of
from pipeline.judge.price import price
from pipeline.judge.primary import BETTER, REFERENCE, metric_words
from pipeline.measure.primary import COLUMNS
from pipeline.measure.task import Task

Pair = tuple[str, str]  # names of a model and of a variant


def across(
    folds: Mapping[Pair, pd.DataFrame | None],
    verdicts: Mapping[str, Mapping[str, Any]],
    *,
    thresholds: Mapping[Pair, float | None],
    declared: Mapping[str, Any],
    task: Task,
    leaked: int = 0,
    failed: Mapping[str, str],
) -> dict[str, Any]:
    """Every pair against the first model's baseline, and the pair to use.

    All pairs are one family for Holm: none is first chosen and then tested on the same folds. Of those that are BETTER,
    the one to use is the simplest that no other beats: without resampling before methods, models in the order given.

    Parameters
    ----------
    folds
        By pair: see `pipeline.judge.action.judge`; the same folds for all.
    verdicts
        By model, in the order given: that on its methods, see `pipeline.judge.action.judge`.
    thresholds
        t* by pair; None where there is none.
    declared
        `primary`, `rope` and `alpha`.
    task, leaked, failed
        See `pipeline.judge.action.judge`.

    Returns
    -------
    decision
        `action`: `use` another pair, `keep` the first model's baseline, or `none` without a decision; `model`,
        `variant` and `threshold` of the pair; `evidence`, `price` and `sentence`; `reference`; all other `pairs`; and
        for each of the `models` its verdict's `action`, `evidence`, `variant` and `sentence`. The `caveats` of these
        verdicts name the model that they are about, unless they are about all.
    """
    primary, reference = declared["primary"], (next(iter(verdicts)), REFERENCE)
    kept: dict[str, Any] = {key: declared[key] for key in ("primary", "rope", "alpha")}
    kept["metric"] = metric_words(primary, task)
    keys = ("action", "evidence", "variant", "sentence")
    decided: dict[str, Any] = {
        "declared": kept,
        "action": "none",
        **dict.fromkeys(("evidence", "model", "variant", "threshold", "price", "reference")),
        "pairs": [],
        "caveats": _caveats(verdicts),
        "models": [{"model": model, **{key: said[key] for key in keys}} for model, said in verdicts.items()],
    }
    named = {REFERENCE if pair == reference else words(pair): rows for pair, rows in folds.items()}
    if reason := why_not(named, COLUMNS[primary][0], leaked, failed, task.classes):
        return {**decided, "sentence": f"No decision: {reason}"}
    there = {pair: rows for pair, rows in folds.items() if rows is not None}
    family = family_of(there, reference, **{key: declared[key] for key in ("primary", "rope", "alpha")})
    better = [pair for pair, method in family.methods.items() if method.call == "BETTER"]
    chosen = family.unbeaten(_simplest(better)) if better else reference
    sign, at_stake = COLUMNS[primary][1], price({words(pair): method for pair, method in family.methods.items()})
    how: dict[str, Any] = {"threshold": thresholds[chosen], "declared": kept}
    grade = evidence(family.methods, alpha=declared["alpha"])
    said = _use(family, chosen, reference, **how) if better else _keep(family, grade, reference, at_stake, **how)
    return {
        **decided,
        "action": "use" if better else "keep",
        "evidence": grade,
        "model": chosen[0],
        "variant": chosen[1],
        "threshold": thresholds[chosen],
        "price": at_stake,
        "sentence": " ".join([said, *_of_methods(verdicts)]),
        "reference": {
            "model": reference[0],
            "variant": REFERENCE,
            "mean_primary": sign * float(family.values[reference].mean()),
        },
        "pairs": [
            {"model": pair[0], "variant": pair[1], **family.described(pair, sign=sign)} for pair in family.methods
        ],
    }


def decide(evidence: Evidence) -> dict[str, Any] | None:
    """The decision on the models of one comparison; None where it has one model, or lacks the baseline.

    Returns
    -------
    decision
        See `across`, without `caveats`. The common model is called by its class, others by their baseline's name.
        `variants` has the `model` and the `method` of each variant.
    """
    if not evidence.baselines or REFERENCE not in evidence.results:
        return None
    pairs, thresholds = _pairs(evidence), evidence.thresholds
    rule = {key: evidence.declared[key] for key in ("primary", "rope", "alpha")}
    how: dict[str, Any] = {"task": evidence.task, "leaked": evidence.leaked, "failed": evidence.failed}
    first, verdicts = pairs[REFERENCE][0], {}
    for model in [first, *dict.fromkeys(evidence.baselines.values())]:
        own = [name for name in pairs if evidence.baselines.get(name, first) == model]
        verdicts[model] = judge(
            {pairs[name][1]: evidence.folds[name] for name in own},
            thresholds={pairs[name][1]: thresholds[name] for name in own},
            **rule,
            **how,
        )
    decision = across(
        {pair: evidence.folds[name] for name, pair in pairs.items()},
        verdicts,
        thresholds={pair: thresholds[name] for name, pair in pairs.items()},
        declared=rule,
        **how,
    )
    del decision["caveats"]  # which the verdict on all of them has
    return {**decision, "variants": {name: {"model": model, "method": way} for name, (model, way) in pairs.items()}}


def _pairs(evidence: Evidence) -> dict[str, Pair]:
    """By variant its model and its method, whose name needs no model's before it: random_forest_smote is smote there.

    One of another class than the common model that isn't a method of another model takes the place of the model.
    """
    kinds = {name: str(result["model"]["model"]) for name, result in evidence.results.items()}
    found: dict[str, Pair] = {}
    for name, kind in kinds.items():
        model = evidence.baselines.get(name)
        if model is None:
            found[name] = (kind if kind == kinds[REFERENCE] else name, name)
        else:
            short = REFERENCE if name == model else name.removeprefix(f"{model}_")
            taken = (model, short) in found.values() or (short == REFERENCE and name != model)
            found[name] = (model, name if taken else short)
    return found


def _caveats(verdicts: Mapping[str, Mapping[str, Any]]) -> list[str]:
    about: dict[str, list[str]] = {}
    for model, said in verdicts.items():
        for caveat in said.get("caveats", ()):
            about.setdefault(caveat, []).append(model)
    ordered = sorted(about.items(), key=lambda item: -len(item[1]))  # stable: those about all come first
    return [caveat if len(of) == len(verdicts) else f"{', '.join(of)}: {caveat}" for caveat, of in ordered]


def words(pair: Pair) -> str:
    """A model with its method; an ensemble that takes the place of the model is named for both."""
    if pair[0] == pair[1]:
        return pair[0]
    return f"{pair[0]} without resampling" if pair[1] == REFERENCE else f"{pair[0]} with {pair[1]}"


def _simplest(pairs: list[Pair]) -> list[Pair]:
    order = [REFERENCE, *simplest(dict.fromkeys(name for _, name in pairs if name != REFERENCE))]
    return sorted(pairs, key=lambda pair: order.index(pair[1]))  # stable: models stay in their order


def _use(
    family: Family[Pair], chosen: Pair, reference: Pair, *, threshold: float | None, declared: Mapping[str, Any]
) -> str:
    gained = headline.gained(family.methods[chosen], len(family.methods), declared, of="pairs")
    return f"Use {words(chosen)}{headline.at(threshold)}: compared with {words(reference)}, {gained}."


def _keep(
    family: Family[Pair],
    grade: str,
    reference: Pair,
    at_stake: Mapping[str, Any],
    *,
    threshold: float | None,
    declared: Mapping[str, Any],
) -> str:
    kept, others = (
        f"Keep {words(reference)}{headline.at(threshold)}.",
        f"the {counted(len(family.methods), 'other pair')}",
    )
    does = BETTER[declared["primary"]]
    if grade == "proven_not_better":
        more = f"{headline.beyond(declared['rope'])} {declared['metric']}" if declared["rope"] else ""
        subject = f"{words(next(iter(family.methods)))} is" if len(family.methods) == 1 else f"All of {others} are"
        return f"{kept} {subject} shown not to {does}{more}."
    only = f"{words(next(iter(family.methods)))} isn't" if len(family.methods) == 1 else f"None of {others} is"
    return " ".join([kept, f"{only} shown to {does}.", *headline.at_stake(at_stake, declared, kept=words(reference))])


def _of_methods(verdicts: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Which models a method is shown to help, each judged alone; nothing where there are no methods."""
    judged = {model: said for model, said in verdicts.items() if said["action"] != "none"}
    helped = [f"{model} ({said['variant']})" for model, said in judged.items() if said["action"] == "rebalance"]
    if not judged:
        return []
    if not helped:
        which = {1: next(iter(judged)), 2: "either model"}.get(len(judged), f"any of the {len(judged)} models")
        return [f"No method is shown to help {which}."]
    others = [] if len(helped) == len(judged) else ["No method is shown to help another model."]
    return [f"Compared with the same model without resampling, a method is shown to help {joined(helped)}.", *others]
