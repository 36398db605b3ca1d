"""The verdict in sentences: what to do, and the evidence for it."""

from collections.abc import Mapping, Sequence
from typing import Any

from pipeline import formatting
from pipeline.formatting import digits, number, signed
from pipeline.judge.primary import REFERENCE, is_loss

FREE = {
    "binary": "What rebalancing does to recall at 0.5, the threshold does for free.",
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
    gain, rope = gained(test, declared), declared["rope"]
    at = "" if threshold is None else f", with its threshold at {formatting.threshold(threshold)} instead of 0.5"
    if action == "rebalance":
        return (
            f"Rebalance with {chosen}{at}: over the folds it has {gain} against the baseline; "
            f"P(better by more than {rope:g}) is {test['better']:.2f}."
        )
    if action == "keep":
        what = "is not better"
        if test["better"] + test["worse"] < declared["alpha"]:
            what = "equals the baseline"
        elif test["better"] + test["equivalent"] < declared["alpha"]:
            what = "does worse"
        return f"Keep the baseline{at}: {leading}, {what}: {gain} over the folds. {FREE[kind]}"
    return (
        f"Undecided: {leading}, has {gain} over the folds against the baseline. This table could show a difference "
        f"of {number(smallest, digits(rope))} or more; until then keep the baseline{at}."
    )


def gained(test: Mapping[str, Any], declared: Mapping[str, Any]) -> str:
    """A method's gain with its interval and its metric, in words."""
    values, than, places = [test[key] for key in ("mean", "low", "high")], "", digits(declared["rope"])
    if is_loss(declared):
        than = "less " if test["mean"] >= 0 else "more "
        values = values if test["mean"] >= 0 else [-test[key] for key in ("mean", "high", "low")]
    mean, low, high = (signed(value, places) for value in values)
    interval = f"{100 * (1 - declared['alpha']):g} % interval {low} to {high}"
    return f"{mean} ({interval}) {than}{declared['metric']}"


def reasons(
    results: Mapping[str, dict[str, Any]], said: Mapping[str, Any], *, kind: str, translation: str
) -> list[str]:
    """Four reasons in numbers: is it a better model, is it another threshold, what of the probabilities, how sure."""
    leading = next((method for method in said["methods"] if method["variant"] == said["leading"]), None)
    if leading is None:
        return []
    name, declared = leading["variant"], said["declared"]
    calls = [method["call"] for method in said["methods"]]
    counts = ", ".join(f"{calls.count(word)} {word}" for word in ("BETTER", "WORSE", "EQUIVALENT", "INCONCLUSIVE"))
    better = (
        f"A better model? Of {_methods(calls)} {counts}. {name} has {gained(leading, declared)} "
        f"against the baseline's {number(said['reference'], digits(declared['rope']))}."
    )
    line = leading["same_decisions"]
    moved = f"{QUESTION[kind]} {line['sentence']} {translation}".rstrip() if line else translation
    plain, ours = (results[each]["probabilities"] for each in (REFERENCE, name))
    probabilities = (
        f"Probabilities: log loss on the test rows is {plain['raw']['log_loss']:.4f} for the baseline and "
        f"{ours['raw']['log_loss']:.4f} for {name}, {ours['prior_corrected']['log_loss']:.4f} once prior-corrected."
    )
    smallest = said["minimum_detectable_difference"]
    sure = (
        f"How sure? P(worse) {leading['worse']:.2f}, P(equivalent) {leading['equivalent']:.2f}, P(better) "
        f"{leading['better']:.2f} beyond {declared['rope']:g}; {_methods(calls)}, Holm p {leading['p_holm']:.3f}. "
        f"The minimum detectable difference is {number(smallest, digits(declared['rope']))} (80% power)."
    )
    return [reason for reason in (better, moved, probabilities, sure) if reason]


def _methods(calls: Sequence[str]) -> str:
    return f"{len(calls)} {'method' if len(calls) == 1 else 'methods'}"
