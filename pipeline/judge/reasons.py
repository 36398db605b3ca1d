"""The reasons for a verdict, in numbers."""

from collections.abc import Mapping
from typing import Any

from pipeline.formatting import counted, digits, number
from pipeline.judge.family import CALLS
from pipeline.judge.headline import changed
from pipeline.judge.primary import REFERENCE

QUESTION = {"binary": "Or another threshold?", "multiclass": "Or other class weights?"}


def reasons(
    results: Mapping[str, dict[str, Any]], verdict: Mapping[str, Any], *, kind: str, translation: str, rows: str
) -> list[str]:
    """Four reasons in numbers: whether the model is better, or the threshold, or the probabilities, and how sure."""
    leading = next((method for method in verdict["methods"] if method["variant"] == verdict["leading"]), None)
    if leading is None:
        return []
    name, declared = leading["variant"], verdict["declared"]
    places, calls = digits(declared["rope"]), [method["call"] for method in verdict["methods"]]
    counts = ", ".join(f"{calls.count(word)} {word}" for word in CALLS)
    gain = changed(leading, len(calls), declared)
    better = (
        f"A better model? Results of {counted(len(calls), 'method')}: {counts}. {name} {gain} from the baseline's "
        f"{number(verdict['reference'], places)}."
    )
    line = leading["same_decisions"]
    moved = f"{QUESTION[kind]} {line['sentence']} {translation}".rstrip() if line else translation
    baseline, ours = (results[each]["probabilities"] for each in (REFERENCE, name))
    probabilities = (
        f"Better probabilities? On the {rows}, log loss is {baseline['raw']['log_loss']:.4f} for the baseline and "
        f"{ours['raw']['log_loss']:.4f} for {name}, or {ours['prior_corrected']['log_loss']:.4f} after prior "
        "correction."
    )
    sure = (
        f"How sure? For {name}, P(worse) is {leading['worse']:.2f}, P(equivalent) {leading['equivalent']:.2f} and "
        f"P(better) {leading['better']:.2f}, where differences within {declared['rope']:g} are equivalent. Holm's "
        f"adjusted p is {leading['p_better_holm']:.3f} for better and {leading['p_holm']:.3f} for different "
        f"({counted(len(calls), 'method')}). The minimum detectable difference "
        f"is {number(verdict['minimum_detectable_difference'], places)} (80% power)."
    )
    return [reason for reason in (better, moved, probabilities, sure) if reason]
