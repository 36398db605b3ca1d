"""The price of being wrong: what keeping the baseline may cost."""

from collections.abc import Mapping
from typing import Any

from pipeline.judge.family import Method


def price(methods: Mapping[str, Method]) -> dict[str, Any]:
    """What keeping the baseline costs if a method is better after all, in units of the primary metric.

    Parameters
    ----------
    methods
        See `pipeline.judge.family.judged`; at least one.

    Returns
    -------
    price
        `variant`, the method with the largest expected regret; `regret`, that regret, None where it is infinite (see
        `pipeline.measure.statistics.expected_gain`); and `upper`, the largest upper bound, from 0: no method's gain is
        above it, with confidence 1 - alpha for all methods together.
    """
    upper = max(0.0, *(method.high for method in methods.values()))
    infinite = [name for name, method in methods.items() if method.regret is None]
    if infinite:
        return {"variant": max(infinite, key=lambda name: methods[name].high), "regret": None, "upper": upper}
    name = max(methods, key=lambda name: methods[name].regret or 0.0)
    return {"variant": name, "regret": methods[name].regret, "upper": upper}
