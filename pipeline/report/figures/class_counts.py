"""How many rows each class has, in the table and in what each model is fitted on."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, StrMethodFormatter

from pipeline.report.figures.layout import grid, headline, letters, short, title_size
from pipeline.report.figures.style import HATCHED, NEGATIVE, POSITIVE

COLUMNS = 3


def class_counts(
    panels: Mapping[str, Sequence[int]],
    synthetic: Mapping[str, Sequence[int]],
    labels: Sequence[str],
    *,
    weighted: bool = False,
) -> Figure:
    """Bars of the class counts, one panel a table, with the counts beside them; synthetic rows are hatched.

    Parameters
    ----------
    panels
        By title: rows of each class, by code.
    synthetic
        By title: synthetic rows of each class, by code, of the panels that can have some.
    labels
        Of the classes, by code. The second of two, the positive one, has a color of its own.
    weighted
        Whether other figures count weights, so that the title must say that this one doesn't.
    """
    names = [short(label) for label in labels]
    columns, places = min(COLUMNS, len(panels)), np.arange(len(names))
    margins = (0.3 + letters(names, 10), 0.6, 0.35, 0.8, 0.75, 0.65)
    figure, axes = grid(len(panels), columns, width=2.4, height=0.28 * len(names) + 0.1, margins=margins)
    highest = max(max(counts) for counts in panels.values())
    for number, (axis, (title, counts)) in enumerate(zip(axes, panels.items(), strict=False)):
        rows = np.array(counts)
        axis.barh(places, rows, color=[NEGATIVE, POSITIVE] if len(names) == 2 else NEGATIVE, height=0.7)
        made = np.array(synthetic.get(title, np.zeros(len(names), dtype=int)))
        if made.any():
            axis.barh(places, made, left=rows - made, height=0.7, **HATCHED)
        for place, count in zip(places, rows, strict=True):
            axis.annotate(f"{count:,}", (count, place), (3, 0), textcoords="offset points", va="center", fontsize=8)
        axis.set_title(title, loc="left", fontsize=title_size(title))
        axis.set(xlim=(0, highest * 1.02), ylim=(len(names) - 0.5, -0.5))
        axis.set_yticks(places, names if number % columns == 0 else [""] * len(names))
        axis.grid(visible=False, axis="y")
        axis.xaxis.set_major_locator(MaxNLocator(3, integer=True))
        axis.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    hatched = " (hatched: synthetic rows)" if any(any(counts) for counts in synthetic.values()) else ""
    title = "Class counts in rows, not weights" if weighted else "Class counts"
    headline(figure, f"{title}; for each variant, the rows its model is fitted on{hatched}")
    return figure
