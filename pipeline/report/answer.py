"""What the first screen of a page shows, beside what the verdict has."""

from collections.abc import Mapping
from typing import Any

from pipeline.judge.primary import REFERENCE

MOST = 12  # coefficients that are shown


def parted(sentence: str) -> tuple[str, str]:
    """The first sentence, and the others."""
    first, _, rest = sentence.partition(". ")
    return (f"{first}.", rest) if rest else (first, "")


def leaders(comparison: Mapping[str, Any]) -> list[str]:
    """The variants to compare at large: the baseline and the method that the verdict depends on, or else the first."""
    names = [v["variant"] for v in comparison["variants"]]
    return [name for name in (REFERENCE, comparison["verdict"]["leading"]) if name in names] or names[:1]


def gains(verdict: Mapping[str, Any]) -> dict[str, Any] | None:
    """Where to draw each method's gain, in percent of the width; None without methods.

    Returns
    -------
    drawn
        `methods`, each with its `variant`, its `call`, `left` and `width` of its bounds, and the place `at` of its
        mean; `left` and `width` of the region of practical equivalence, `rope`; and the place of `zero`.
    """
    methods, rope = verdict["methods"], verdict["declared"]["rope"]
    if not methods:
        return None
    ends = [0.0, -rope, rope, *(method[key] for method in methods for key in ("low", "high", "mean"))]
    margin = 0.04 * (max(ends) - min(ends)) or 1.0
    low, high = min(ends) - margin, max(ends) + margin

    def place(value: float) -> float:
        return float(round(100 * (value - low) / (high - low), 2))

    def stretch(left: float, right: float) -> dict[str, float]:
        return {"left": place(left), "width": round(place(right) - place(left), 2)}

    return {
        "methods": [
            {
                "variant": method["variant"],
                "call": method["call"],
                "at": place(method["mean"]),
                **stretch(method["low"], method["high"]),
            }
            for method in methods
        ],
        "rope": stretch(-rope, rope),
        "zero": place(0.0),
    }


def coefficients(comparison: Mapping[str, Any]) -> dict[str, Any] | None:
    """The largest coefficients of the model that the verdict chooses; None where it has none.

    Returns
    -------
    shown
        The `variant`; the `names` of the classes whose log odds they add up to; `features`, by name the values, one for
        each of these; and how many `more` there are.
    """
    chosen = comparison["verdict"]["variant"] or REFERENCE
    model = next((v["model"] for v in comparison["variants"] if v["variant"] == chosen), None)
    if model is None or not model.get("coefficients"):
        return None
    by_class = model["coefficients"]
    features = {name: [own[name] for own in by_class.values()] for name in next(iter(by_class.values()))}
    largest = sorted(features, key=lambda name: -max(map(abs, features[name])))
    return {
        "variant": chosen,
        "names": list(by_class),
        "features": {name: features[name] for name in largest[:MOST]},
        "more": max(0, len(largest) - MOST),
    }
