"""What class proportions imply about costs, and costs about thresholds."""

from math import isfinite

import numpy as np


def implied_cost_ratio(*, trained: float, true: float) -> float:
    """How many false alarms a miss costs for someone who trains on other shares of the classes and decides at 0.5.

    Parameters
    ----------
    trained, true
        Shares of positives among the rows trained on, and among the rows to decide on, in (0, 1).

    Raises
    ------
    ValueError
        With a share that is not between 0 and 1.

    References
    ----------
    Elkan 2001, IJCAI, 973-978, theorem 1 with p0 = 0.5: to move a threshold from 0.5 to p*, multiply the number of
    negatives by p* / (1 - p*), which is 1 / ratio.
    """
    return _odds(trained) / _odds(true)


def cost_threshold(ratio: float) -> float:
    """The calibrated probability from which on an alert is the cheaper choice, if a miss costs `ratio` false alarms.

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
    """The share of positives to balance to, so that deciding at 0.5 says that a miss costs `ratio` false alarms.

    The inverse of `implied_cost_ratio`.

    Parameters
    ----------
    ratio
        False alarms that a miss costs, above 0.
    true
        Share of positives among the rows to decide on, in (0, 1).

    Raises
    ------
    ValueError
        With a ratio that is not positive and finite, or a share that is not between 0 and 1.
    """
    odds = checked_ratio(ratio) * _odds(true)
    return odds / (1 + odds)


def translation(*, trained: float, true: float, ratio: float | None = None) -> str:
    """In words: the costs that balancing stands for, and the threshold and the balance that costs stand for.

    Parameters
    ----------
    trained, true
        As for `implied_cost_ratio`.
    ratio
        False alarms that a miss costs to the reader; None is what balancing says.
    """
    implied = implied_cost_ratio(trained=trained, true=true)
    told = implied if ratio is None else ratio
    first = (
        f"Balancing to {three_digits(100 * trained)} % positives and deciding at 0.5 is to say that a miss costs "
        f"{alarms(implied)}. The other way: if a miss costs {alarms(told)}, call a row positive from a calibrated "
        f"probability of {three_digits(cost_threshold(told))} on"
    )
    if ratio is None:
        return f"{first}."
    return f"{first}; balancing to {three_digits(100 * prevalence_for(told, true=true))} % would say the same at 0.5."


def _odds(share: float) -> float:
    if not 0 < share < 1:
        raise ValueError(f"expected a share of positives between 0 and 1, got {share}")
    return share / (1 - share)


def checked_ratio(ratio: float) -> float:
    """The ratio; raises ValueError unless it is finite and above 0."""
    if not (isfinite(ratio) and ratio > 0):
        raise ValueError(f"expected a finite cost ratio above 0, got {ratio}")
    return ratio


def alarms(ratio: float) -> str:
    """A cost ratio in words, in false alarms."""
    said = three_digits(ratio)
    return f"{said} false alarm{'' if said == '1' else 's'}"


def three_digits(value: float) -> str:
    """Three significant digits without an exponent, and whole numbers from 1000 on."""
    if value >= 1000:
        return f"{value:,.0f}"
    return np.format_float_positional(value, precision=3, fractional=False, trim="-")
