"""Colors, line styles and fonts that all figures share, and how a figure becomes PNG bytes."""

import io
from contextlib import AbstractContextManager
from typing import Any

import matplotlib.style
from matplotlib.figure import Figure

from pipeline.measure.metrics import BEST

# Okabe & Ito 2008: color-blind readers can tell these apart, in this order.
COLORS = ["#000000", "#E69F00", "#56B4E9", "#009E73", "#D55E00", "#CC79A7", "#0072B2", "#7F7F7F"]
DASHES = ["-", "--", ":", "-."]
NEGATIVE, POSITIVE = "#9DB7C9", "#D55E00"
HATCHED = {"color": "none", "edgecolor": "white", "hatch": "///", "linewidth": 0}  # synthetic rows
POINTS = {"default": ("o", "at 0.5"), "tuned": ("D", "at t*")}  # markers of operating points, and their names
STYLE: dict[Any, Any] = {
    "axes.grid": True,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlesize": 11,
    "figure.dpi": 100,
    "font.size": 10,
    "grid.alpha": 0.25,
    "savefig.dpi": 160,
}


def styled() -> AbstractContextManager[Any]:
    """The context to draw in: a user's matplotlibrc changes nothing there."""
    return matplotlib.style.context(["default", STYLE])


def png(figure: Figure) -> bytes:
    """The figure as PNG, the same bytes each time."""
    with styled():
        target = io.BytesIO()
        figure.savefig(target, format="png", metadata={"Software": None})
    return target.getvalue()


def color(number: int, name: str = "") -> str:
    """The color of the variant at this place."""
    return "0.6" if name == BEST else COLORS[number % len(COLORS)]


def line(axis: Any, number: int, name: str, x: Any, y: Any, label: str, **style: Any) -> None:
    """Draw a variant's line; the best possible rule's is broad and pale."""
    if name == BEST:
        look: dict[str, Any] = {"linewidth": 3, "alpha": 0.5, "zorder": 1}
    else:
        look = {"linewidth": 1.4, "linestyle": DASHES[number // len(COLORS) % len(DASHES)]}
    axis.plot(x, y, **{"color": color(number, name), "label": label, **look, **style})


def mark(axis: Any, number: int, name: str, x: float, y: float, point: str) -> None:
    """Mark a variant's operating point on its curve."""
    # Those at t* are hollow, so that variants at the same point show through each other.
    face = {"markerfacecolor": "none", "markeredgewidth": 1.8} if point == "tuned" else {"alpha": 0.75}
    axis.plot(x, y, POINTS[point][0], color=color(number, name), markersize=8, zorder=3, clip_on=False, **face)


def explain_marks(axis: Any) -> None:
    """Add the markers of operating points to what the legend lists."""
    for point, (marker, label) in POINTS.items():
        face = "none" if point == "tuned" else None
        axis.plot([], [], marker, color="0.4", markersize=7, markerfacecolor=face, label=label)
