"""The verdict in sentences: what to do, and the evidence for it."""

from collections.abc import Mapping
from typing import Any

from pipeline import formatting
from pipeline.formatting import counted, digits, number, signed
from pipeline.judge.primary import REFERENCE, is_loss

FREE = {
    "binary": "What rebalancing does to recall at 0.5, another threshold does for free.",
    "multiclass": "What rebalancing does to recall, class weights on the baseline's decisions do for free.",
}
QUESTION = {"binary": "Or another threshold?", "multiclass": "Or other class weights?"}


def headline(
    action: str,
    chosen: str,
    leading: str,
    test: Mapping[str, float],
    *,
    threshold: float | None,
    smallest: float,
    declared: Mapping[str, Any],
    kind: str,
) -> str:
    """The verdict in words, with its evidence."""
    effect, rope = changed(test, declared), declared["rope"]
    at = "" if threshold is None else f", with its threshold at {formatting.threshold(threshold)} instead of 0.5"
    if action == "rebalance":
        return (
            f"Rebalance with {chosen}{at}: over the folds, it {effect} against the baseline. "
            f"P(better by more than {rope:g}) is {test['better']:.2f}."
        )
    if action == "keep":
        what = "not better"
        if test["better"] + test["worse"] < declared["alpha"]:
            what = "practically equivalent"
        elif test["better"] + test["equivalent"] < declared["alpha"]:
            what = "worse"
        return f"Keep the baseline{at}: {leading}, is {what}. Over the folds, it {effect}. {FREE[kind]}"
    return (
        f"Undecided: over the folds, {leading}, {effect} against the baseline. The minimum detectable difference on "
        f"this table is {number(smallest, digits(rope))} (80% power). Until you have more data, keep the baseline{at}."
    )


def changed(test: Mapping[str, Any], declared: Mapping[str, Any]) -> str:
    """How a method changes the primary metric, with the interval, in words; a loss that falls has a minus."""
    mean, low, high = (test[key] for key in ("mean", "low", "high"))
    if is_loss(declared):
        mean, low, high = -mean, -high, -low
    mean, low, high = (signed(value, digits(declared["rope"])) for value in (mean, low, high))
    return f"changes {declared['metric']} by {mean} ({100 * (1 - declared['alpha']):g}% interval {low} to {high})"


def reasons(
    results: Mapping[str, dict[str, Any]], verdict: Mapping[str, Any], *, kind: str, translation: str
) -> list[str]:
    """Four reasons in numbers: whether the model is better, or the threshold, or the probabilities, and how sure."""
    leading = next((method for method in verdict["methods"] if method["variant"] == verdict["leading"]), None)
    if leading is None:
        return []
    name, declared = leading["variant"], verdict["declared"]
    places, calls = digits(declared["rope"]), [method["call"] for method in verdict["methods"]]
    counts = ", ".join(f"{calls.count(word)} {word}" for word in ("BETTER", "WORSE", "EQUIVALENT", "INCONCLUSIVE"))
    better = (
        f"A better model? Results of {counted(len(calls), 'method')}: {counts}. {name} {changed(leading, declared)} "
        f"from the baseline's {number(verdict['reference'], places)}."
    )
    line = leading["same_decisions"]
    moved = f"{QUESTION[kind]} {line['sentence']} {translation}".rstrip() if line else translation
    baseline, ours = (results[each]["probabilities"] for each in (REFERENCE, name))
    probabilities = (
        f"Better probabilities? On the test rows, log loss is {baseline['raw']['log_loss']:.4f} for the baseline and "
        f"{ours['raw']['log_loss']:.4f} for {name}, or {ours['prior_corrected']['log_loss']:.4f} after prior "
        "correction."
    )
    sure = (
        f"How sure? For {name}, P(worse) is {leading['worse']:.2f}, P(equivalent) {leading['equivalent']:.2f} and "
        f"P(better) {leading['better']:.2f}, where differences within {declared['rope']:g} are equivalent. Holm's "
        f"adjusted p is {leading['p_holm']:.3f} ({counted(len(calls), 'method')}). The minimum detectable difference "
        f"is {number(verdict['minimum_detectable_difference'], places)} (80% power)."
    )
    return [reason for reason in (better, moved, probabilities, sure) if reason]
