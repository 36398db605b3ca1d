"""The verdict in sentences: first what to do, then the evidence and its size, then harm."""

from collections.abc import Mapping
from typing import Any

from pipeline import formatting
from pipeline.formatting import digits, joined, number, signed
from pipeline.judge.family import Method
from pipeline.judge.primary import BETTER, is_loss

KEPT = {  # what to do for free, where no model is better
    "binary": "Keep the model as it is.",
    "multiclass": "Keep the model as it is. To find more of the rare classes, decide by class weights.",
}


def rebalance(
    methods: Mapping[str, Method], chosen: str, *, threshold: float | None, declared: Mapping[str, Any]
) -> str:
    """To rebalance with the method `chosen`, which is BETTER, by how much, and which methods do harm.

    Parameters
    ----------
    methods
        See `pipeline.judge.family.judged`.
    chosen
        One of them.
    threshold
        Its t*; None where there is none.
    declared
        `primary`, `metric`, `rope` and `alpha`.
    """
    first = f"Rebalance with {chosen}{at(threshold)}: {gained(methods[chosen], len(methods), declared)}."
    return " ".join([first, *harm(methods, declared)])


def at(threshold: float | None) -> str:
    """The threshold to decide by, after what it belongs to; nothing without one."""
    return "" if threshold is None else f", threshold {formatting.threshold(threshold)}"


def gained(method: Method, total: int, declared: Mapping[str, Any], *, of: str = "methods") -> str:
    """By how much one of `total` methods, or what they are called, improves the metric: "it raises ..."."""
    places = digits(declared["rope"])
    does = f"{'lowers' if is_loss(declared) else 'raises'} {declared['metric']}"
    bound = f"at least {number(method.low, places)} with {confidence(declared)} confidence{adjusted(total, of)}"
    return f"it {does} by {number(method.test.mean, places)} ({bound})"


def keep(
    methods: Mapping[str, Method],
    evidence: str,
    *,
    threshold: float | None,
    price: Mapping[str, Any],
    declared: Mapping[str, Any],
    kind: str,
) -> str:
    """To keep the baseline, on what evidence, what being wrong may cost, and which methods do harm.

    Parameters
    ----------
    methods, declared
        See `rebalance`.
    evidence
        See `pipeline.judge.family.evidence`.
    threshold
        The baseline's t*; None where there is none.
    price
        See `pipeline.judge.price.price`.
    kind
        Of the task: binary or multiclass.
    """
    kept = KEPT[kind]
    if threshold is not None:
        before, after = formatting.threshold(0.5), formatting.threshold(threshold)
        kept = "Keep the model and its threshold as they are."
        if before != after:
            kept = f"Keep the model as it is, and move its threshold from 0.5 to {after}."
    if evidence == "proven_not_better":
        return " ".join([kept, _not_better(methods, declared), *harm(methods, declared)])
    none = f"{next(iter(methods))} isn't" if len(methods) == 1 else f"None of {len(methods)} methods is"
    shown = f"{none} shown to {BETTER[declared['primary']]}."
    return " ".join([kept, shown, *at_stake(price, declared), *harm(methods, declared)])


def _not_better(methods: Mapping[str, Method], declared: Mapping[str, Any]) -> str:
    """That no method is better, and the best one's gain, unless all do harm."""
    best = max(methods, key=lambda name: methods[name].test.mean)
    who = {1: f"{best} is", 2: "Both methods are"}.get(len(methods), f"All {len(methods)} methods are")
    more = f"{beyond(declared['rope'])} {declared['metric']}" if declared["rope"] else ""
    shown = f"{who} shown not to {BETTER[declared['primary']]}{more}."
    if all(method.call == "WORSE" for method in methods.values()):
        return shown
    gain = {"mean": methods[best].test.mean, "low": methods[best].low, "high": methods[best].high}
    which = "It" if len(methods) == 1 else f"The best, {best},"
    return f"{shown} {which} {changed(gain, len(methods), declared)}."


def at_stake(price: Mapping[str, Any], declared: Mapping[str, Any], *, kept: str = "the model") -> list[str]:
    """What keeping the baseline, called `kept`, may cost, and to whom the question is settled."""
    places, metric = digits(declared["rope"]), declared["metric"]
    upper = number(price["upper"], places)
    sure = f"with {confidence(declared)} confidence"
    loss = "" if price["regret"] is None else f" (expected loss {number(price['regret'], places)})"
    stake = f"By keeping {kept} you lose at most {upper} {metric}, {sure}{loss}."
    return [stake, f"If less than {upper} doesn't matter to you, this is settled."]


def harm(methods: Mapping[str, Method], declared: Mapping[str, Any]) -> list[str]:
    """Which methods are WORSE, and by how much; nothing where none is."""
    worse = {name: method.test.mean for name, method in methods.items() if method.call == "WORSE"}
    if not worse:
        return []
    sign, places = -1 if is_loss(declared) else 1, digits(declared["rope"])
    by = [signed(sign * mean, places) for mean in sorted(worse.values(), key=abs)]
    size = by[0] if by[0] == by[-1] else f"{by[0]} to {by[-1]}"
    who, are = joined(worse), "is" if len(worse) == 1 else "are"
    if len(worse) == len(methods) > 1:
        who, are = "Every method", "is"
    return [f"{who} {are} harmful here ({declared['metric']} {size}, significant)."]


def changed(gain: Mapping[str, Any], methods: int, declared: Mapping[str, Any]) -> str:
    """How a method changes the primary metric, with the adjusted bounds, in words; a loss that falls has a minus.

    Parameters
    ----------
    gain
        `mean`, `low` and `high`.
    methods
        That the bounds are adjusted for.
    declared
        See `rebalance`.
    """
    mean, low, high = (gain[key] for key in ("mean", "low", "high"))
    if is_loss(declared):
        mean, low, high = -mean, -high, -low
    mean, low, high = (signed(value, digits(declared["rope"])) for value in (mean, low, high))
    return f"changes {declared['metric']} by {mean} ({bounds(declared, methods)}: {low} to {high})"


def bounds(declared: Mapping[str, Any], methods: int) -> str:
    """What the ends of a method's gain are: "95% bounds, the lower one adjusted for 5 methods".

    The upper one needs no adjustment: the largest of all methods' upper bounds holds for all of them together.
    """
    lower = f", the lower one adjusted for {methods} methods" if methods > 1 else ""
    return f"{confidence(declared)} bounds{lower}"


def beyond(rope: float) -> str:
    """The region of practical equivalence, as what a method must exceed."""
    return f" by more than {rope:g}" if rope else ""


def confidence(declared: Mapping[str, Any]) -> str:
    """That of the bounds, as a percentage."""
    return f"{100 * (1 - declared['alpha']):g}%"


def adjusted(total: int, of: str = "methods") -> str:
    """How many methods, or what they are called, a bound is adjusted for."""
    return f", adjusted for {total} {of}" if total > 1 else ""
