"""Caveats on the model: which arguments could be chosen, and whether variants differ in them or in the model."""

from collections.abc import Iterator, Mapping, Sequence
from math import inf
from typing import Any

import pandas as pd

from pipeline.judge.evidence import Evidence
from pipeline.judge.primary import REFERENCE, tuned_words
from pipeline.measure.evaluation import CHOSEN

FURTHER = {"smallest": "smaller", "largest": "larger"}


def caveats(evidence: Evidence) -> list[str]:
    """Where arguments could not be chosen, or others might be better."""
    results, folds = evidence.results, evidence.folds
    tuned = {name: tuning for name, result in results.items() if (tuning := result["model"]["tuning"])}
    found, named = [], " and ".join(dict.fromkeys(key for tuning in tuned.values() for key in tuning["params"][0]))
    were = "were" if " and " in named else "was"
    if untuned := [name for name, tuning in tuned.items() if tuning["values"] is None]:
        found.append(
            f"{named} {were} not tuned on the training rows, because the rarest class has too few rows: "
            f"{', '.join(untuned)}. A difference between variants may come from that, and not from the method."
        )
    chosen = {name: rows for name in tuned if (rows := folds[name]) is not None}
    left = {
        name: int(rows[CHOSEN + next(iter(tuned[name]["params"][0]))].isna().sum()) for name, rows in chosen.items()
    }
    if few := [f"{name} in {count}" for name, count in left.items() if count]:
        found.append(
            f"{named} {were} not tuned in some folds, because the rarest class has too few rows there. Folds by "
            f"variant: {', '.join(few)}."
        )
    return found + _ends(evidence, tuned, chosen)


def _ends(evidence: Evidence, tuned: Mapping[str, Mapping[str, Any]], chosen: Mapping[str, pd.DataFrame]) -> list[str]:
    """Which arguments are mostly the smallest or the largest of their values, by model."""
    ends: dict[tuple[str, str], list[str]] = {}
    for name, rows in chosen.items():
        model = evidence.baselines.get(name)
        for argument in tuned[name]["params"][0]:
            values = [inf if each[argument] == "inf" else each[argument] for each in tuned[name]["params"]]
            searched = f"{f'variants.{model}.' if model else ''}model.search.{argument}"
            for last, count in _at_an_end(values, rows[CHOSEN + argument]):
                metric = tuned_words(tuned[name], evidence.declared, evidence.task)
                said = f"the {argument} with the best {metric} is the {last} of {searched}"
                advice = (
                    f"A {FURTHER[last]} {argument} may be better. Extend {searched}"
                    f"{', and that of its methods' if model else ''}."
                )
                ends.setdefault((said, advice), []).append(f"{name} in {count} of {len(rows)}")
    return [f"In most folds, {said}: {', '.join(most)}. {advice}" for (said, advice), most in ends.items()]


def _at_an_end(values: Sequence[Any], chosen: pd.Series) -> Iterator[tuple[str, int]]:
    """The end of an argument's values that most folds choose, and how many do."""
    if any(isinstance(value, bool) or not isinstance(value, int | float) for value in values):
        return
    for last, end in (("smallest", min(values)), ("largest", max(values))):
        if end == 1 and isinstance(end, int) and last == "smallest":  # such as of neighbors: there is nothing smaller
            continue
        if (count := int((chosen == end).sum())) > len(chosen) / 2:
            yield last, count


def same_for_all(judged: Mapping[str, Any], evidence: Evidence) -> list[str]:
    """Why a difference may not be the method's own effect, where every variant has the same arguments of the model."""
    methods = [method for method in judged["methods"] if method["variant"] not in evidence.baselines]
    different = [method["variant"] for method in methods if method["call"] in ("BETTER", "WORSE")]
    if not different or evidence.declared["search"]:
        return []
    return [
        "The model's arguments are the same for every variant, although which are best depends on resampling and "
        f"weights. Part of the difference may come from that: "
        f"{', '.join(different)}. model.search chooses them for each variant."
    ]


def other_models(evidence: Evidence) -> list[str]:
    """Which variants are of another class of model than the baseline, unless that model's own baseline is here, too."""
    kinds = {name: each["model"]["model"] for name, each in evidence.results.items() if name not in evidence.baselines}
    if not (others := [f"{name} ({kind})" for name, kind in kinds.items() if kind != kinds.get(REFERENCE, kind)]):
        return []
    return [
        f"Not the same model as the baseline ({kinds[REFERENCE]}): {', '.join(others)}. A difference may be that of "
        "the models, and not what balancing does. docs/variants.md says which model to compare each with."
    ]
