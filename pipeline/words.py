"""Figures as people read them, on a page as in a terminal."""


def number(value: float | None, digits: int = 3) -> str:
    """A figure; a dash where it is not defined."""
    return "–" if value is None else f"{value:.{digits}f}"


def signed(value: float | None, digits: int = 3) -> str:
    """A difference with its sign; what rounds to zero is +0.000, never -0.000."""
    return "–" if value is None else f"{round(value, digits) + 0.0:+.{digits}f}"
