"""What class proportions imply about costs, and costs about thresholds."""

from collections.abc import Mapping
from math import isfinite
from typing import Any

import numpy as np


def implied_cost_ratio(*, trained: float, true: float) -> float:
    """The cost of a false negative, in false positives, that training on other class proportions and 0.5 imply.

    Parameters
    ----------
    trained, true
        Proportions of positives in the rows trained on, and in the rows to decide on, in (0, 1).

    Raises
    ------
    ValueError
        With a proportion that is not between 0 and 1.

    References
    ----------
    Elkan 2001, IJCAI, 973-978, theorem 1 with p0 = 0.5: to move a threshold from 0.5 to p*, multiply the number of
    negatives by p* / (1 - p*), which is 1 / ratio.
    """
    return _odds(trained) / _odds(true)


def cost_threshold(ratio: float) -> float:
    """The calibrated probability from which an alert is cheaper, if a false negative costs `ratio` false positives.

    Raises
    ------
    ValueError
        With a ratio that is not positive and finite.

    References
    ----------
    Elkan 2001, IJCAI, 973-978, equation (2), where right decisions cost nothing.
    """
    return 1 / (1 + checked_ratio(ratio))


def prevalence_for(ratio: float, *, true: float) -> float:
    """The proportion of positives at which 0.5 implies that a false negative costs `ratio` false positives.

    The inverse of `implied_cost_ratio`.

    Parameters
    ----------
    ratio
        Cost of a false negative in false positives, above 0.
    true
        Proportion of positives in the rows to decide on, in (0, 1).

    Raises
    ------
    ValueError
        With a ratio that is not positive and finite, or a proportion that is not between 0 and 1.
    """
    odds = checked_ratio(ratio) * _odds(true)
    return odds / (1 + odds)


def balanced(table: Mapping[str, Any]) -> float:
    """The positives' proportion that a balanced model stands for: half, or less where the negatives are a sample.

    Its log odds then move to all negatives. `table` is the content of schema.json.
    """
    read = table["negatives"]["read"] / table["negatives"]["rows"] if "negatives" in table else 1.0
    return float(read / (1 + read))


def translation(*, trained: float, true: float, ratio: float | None = None) -> str:
    """In words: the cost ratio that balancing implies, and the threshold and the balance that a cost ratio implies.

    Parameters
    ----------
    trained, true
        As for `implied_cost_ratio`.
    ratio
        The reader's cost of a false negative in false positives; None is the one that balancing implies.
    """
    implied = implied_cost_ratio(trained=trained, true=true)
    first = (
        f"Balancing to {three_digits(100 * trained)}% positives and deciding at 0.5 treats one false negative as "
        f"costly as {false_positives(implied)}."
    )
    if ratio is None:
        return (
            f"{first} To get the same without balancing, predict positive if the calibrated probability is "
            f"at least {three_digits(cost_threshold(implied))}."
        )
    return (
        f"{first} If one costs you as much as {false_positives(ratio)}, predict positive if the calibrated probability "
        f"is at least {three_digits(cost_threshold(ratio))}, or balance to "
        f"{three_digits(100 * prevalence_for(ratio, true=true))}% and decide at 0.5."
    )


def _odds(proportion: float) -> float:
    if not 0 < proportion < 1:
        raise ValueError(f"expected a proportion of positives between 0 and 1, got {proportion}")
    return proportion / (1 - proportion)


def checked_ratio(ratio: float) -> float:
    """The ratio; raises ValueError unless it is finite and above 0."""
    if not (isfinite(ratio) and ratio > 0):
        raise ValueError(f"expected a finite cost ratio above 0, got {ratio}")
    return ratio


def false_positives(ratio: float) -> str:
    """A cost ratio in words, in false positives."""
    written = three_digits(ratio)
    return f"{written} false positive{'' if written == '1' else 's'}"


def three_digits(value: float) -> str:
    """Three significant digits without an exponent, and whole numbers from 1000 on."""
    if value >= 1000:
        return f"{value:,.0f}"
    return np.format_float_positional(value, precision=3, fractional=False, trim="-")
