"""Figures as people read them, on a page as in a terminal."""

from math import floor, log10

DIGITS = 3  # decimals of a figure, at least
SHORT = 1e-6  # below it an exponent is read faster than zeros


def digits(scale: float) -> int:
    """Decimals that show two significant digits of `scale`, and `DIGITS` at least; so many for 0, too."""
    return DIGITS if scale == 0 else max(DIGITS, 1 - floor(round(log10(abs(scale)), 9)))


def threshold(value: float | None) -> str:
    """A probability to decide by, told apart from 0 and from 1 however near it is; a dash where there is none."""
    if value is None or not 0 < value < 1:
        return number(value)
    if min(value, 1 - value) < SHORT:
        return f"{value:.2g}" if value < 0.5 else f"1 - {1 - value:.2g}"
    return number(value, digits(min(value, 1 - value)))


def number(value: float | None, digits: int = DIGITS) -> str:
    """A figure; a dash where it is not defined."""
    return "–" if value is None else f"{value:.{digits}f}"


def signed(value: float | None, digits: int = DIGITS) -> str:
    """A difference with its sign; what rounds to zero is +0.000, never -0.000."""
    return "–" if value is None else f"{round(value, digits) + 0.0:+.{digits}f}"
