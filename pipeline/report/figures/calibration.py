"""Reliability curves: observed frequencies over predicted probabilities."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter

from pipeline.report.figures.layout import LEGEND_LINE, beside, grid, headline, legend_width
from pipeline.report.figures.points import BINS, reliability_points
from pipeline.report.figures.style import line


def reliability(forms: dict[str, dict[str, pd.DataFrame]]) -> Figure:
    """The observed proportion of positives over the predicted probability: a panel a form, a line a variant.

    Parameters
    ----------
    forms
        By the form of the probabilities, such as raw, and by variant: `y`, `probability` and `weight` by row.
    """
    names = list(next(iter(forms.values())))
    margins = (0.75, legend_width(names), 0.55, 0.75, 0.65, 0.85)
    height, columns = max(3.1, LEGEND_LINE * len(names)), 2 if len(forms) > 3 else len(forms)
    figure, axes = grid(len(forms), columns, width=3.1, height=height, margins=margins)
    for number, (axis, (title, variants)) in enumerate(zip(axes, forms.items(), strict=True)):
        drawn = {name: reliability_points(rows) for name, rows in variants.items()}
        # Each panel its own range: after a correction a rare class needs a small part of the raw one.
        most = min(1.0, 1.15 * max(points.to_numpy().max() for points in drawn.values()))
        axis.plot([0, most], [0, most], color="0.6", linewidth=1)
        for place, (name, points) in enumerate(drawn.items()):
            line(axis, place, name, points.predicted, points.observed, name, marker="o", markersize=3.5)
        _square_root_scales(axis, most)
        axis.set_title(title, loc="left")
        axis.set_xlabel("mean predicted probability")
        if number % columns == 0:
            axis.set_ylabel("observed proportion of positives")
    beside(figure, axes[columns - 1])
    headline(figure, f"Well-calibrated models follow the diagonal ({BINS} bins of equal size, square-root scales)")
    return figure


def _square_root_scales(axis: Any, most: float) -> None:
    """Spread a rare class like a logarithm would, with a place for bins without a positive."""
    for scale, limit in ((axis.set_xscale, axis.set_xlim), (axis.set_yscale, axis.set_ylim)):
        scale("function", functions=(_root, _square))
        limit(-0.002 * most, most)
    for side in (axis.xaxis, axis.yaxis):
        side.set_major_locator(FixedLocator(_ticks(most)))
        side.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))


def _root(values: Any) -> Any:
    """The square root, with what is below 0 mirrored, as axes begin a little below it."""
    return np.sign(values) * np.sqrt(np.abs(values))


def _square(values: Any) -> Any:
    """The inverse of `_root`."""
    return np.sign(values) * np.square(values)


def _ticks(most: float) -> list[float]:
    """Places that are about even on a root scale up to `most`."""
    step = next(each for each in (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0) if most <= 1.2 * each)
    return [0.0, *(round(step * share, 6) for share in (0.05, 0.2, 0.5, 1.0))]
