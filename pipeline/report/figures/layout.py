"""Where panels, titles and legends go, so that no name runs into another."""

from math import ceil
from typing import Any

import numpy as np
from matplotlib.figure import Figure

Margins = tuple[float, float, float, float, float, float]  # inches: left, right, bottom, top, between, below
LONGEST = 16  # letters of a class's name that fit
LETTER = 0.0085  # inches of width a letter takes, per point of its size
AXES_WIDTH = 5.0  # inches of a figure with its legend beside it, without the legend
LEGEND_LINE = 0.21  # inches a name


def grid(panels: int, columns: int, *, width: float, height: float, margins: Margins) -> tuple[Figure, list[Any]]:
    """Axes of `width` by `height` inches in rows of `columns`; those beyond `panels` are hidden."""
    rows = ceil(panels / columns)
    left, right, bottom, top, between, below = margins
    wide = left + columns * width + (columns - 1) * between + right
    high = bottom + rows * height + (rows - 1) * below + top
    # Margins by hand: matplotlib's layout engines take longer than the drawing.
    edges = {"left": left / wide, "right": 1 - right / wide, "bottom": bottom / high, "top": 1 - top / high}
    figure = Figure(figsize=(wide, high))
    spaces = {"wspace": between / width, "hspace": below / height}
    axes = list(np.ravel(figure.subplots(rows, columns, gridspec_kw={**edges, **spaces})))
    for axis in axes[panels:]:
        axis.set_visible(False)
    return figure, axes


def curve(x: str, y: str) -> tuple[Figure, Any]:
    """One panel for curves from 0 to 1, with these axis labels."""
    figure = Figure(figsize=(7, 4.4), layout="constrained")
    axis = figure.subplots()
    axis.set(xlabel=x, ylabel=y, xlim=(-0.02, 1.02), ylim=(-0.02, 1.04))
    return figure, axis


def headline(figure: Figure, text: str, **style: Any) -> None:
    """Write a title above all panels, an eighth of an inch below the upper edge."""
    figure.suptitle(text, y=1 - 0.125 / figure.get_figheight(), **style)


def title_size(title: str) -> float:
    """The size in points that keeps a variant's name within its panel."""
    return 11 if len(title) <= 18 else 8


def letters(names: list[str], size: float) -> float:
    """Inches that the longest of these names takes, once shortened, in letters of `size` points."""
    return LETTER * size * min(max(map(len, names)), LONGEST)


def short(name: str) -> str:
    """The name of a class, cut where it is too long."""
    return name if len(name) <= LONGEST else f"{name[: LONGEST - 1]}…"


def beside(figure: Figure, axis: Any) -> None:
    """Put a legend of one panel's lines in the right margin."""
    place = axis.get_position()
    handles, labels = axis.get_legend_handles_labels()
    figure.legend(handles, labels, loc="upper left", bbox_to_anchor=(place.x1, place.y1), frameon=False)


def outside(figure: Figure) -> None:
    """Put a legend of all lines to the right of the axes, and widen the figure for it."""
    legend = figure.legend(loc="outside right upper", frameon=False)
    figure.set_figwidth(AXES_WIDTH + legend_width([text.get_text() for text in legend.get_texts()]))


def legend_width(names: list[str]) -> float:
    """Inches that a legend of these names takes."""
    return 0.7 + 0.08 * max(map(len, names))
