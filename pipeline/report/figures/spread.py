"""Every run of a sweep as a dot."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from pipeline.report.figures.layout import grid, headline
from pipeline.report.figures.style import COLORS, styled

COLUMNS = 3


def spread(runs: pd.DataFrame, metrics: Mapping[str, str]) -> Figure:
    """Each run as a dot, a panel a metric, a row a configuration; a bar marks each configuration's mean.

    Parameters
    ----------
    runs
        One row a run: `configuration`, and a column for each metric.
    metrics
        What to call the metrics, by column.
    """
    with styled():
        return _spread(runs, metrics)


def _spread(runs: pd.DataFrame, metrics: Mapping[str, str]) -> Figure:
    names = list(dict.fromkeys(runs.configuration))
    margins = (0.5 + 0.075 * max(map(len, names)), 0.3, 0.5, 0.6, 0.35, 0.85)
    figure, axes = grid(len(metrics), COLUMNS, width=2.9, height=max(0.9, 0.27 * len(names)), margins=margins)
    for number, (axis, (column, title)) in enumerate(zip(axes, metrics.items(), strict=False)):
        for place, name in enumerate(names):
            values = runs.loc[runs.configuration == name, column].dropna().astype(float).to_numpy()
            axis.plot(values, np.full(len(values), place), ".", color=COLORS[6], alpha=0.35, markersize=7)
            if len(values):
                axis.plot(values.mean(), place, "|", color=COLORS[4], markersize=13, markeredgewidth=2)
        axis.set_title(title, loc="left")
        axis.set_yticks(range(len(names)), names if number % COLUMNS == 0 else [""] * len(names))
        axis.set_ylim(len(names) - 0.5, -0.5)
    headline(figure, "Each run is a dot; the bar is the mean", fontsize=10)
    return figure
