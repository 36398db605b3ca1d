"""Confusion matrices of every variant."""

from collections.abc import Mapping, Sequence
from math import ceil
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from pipeline.report.figures.layout import grid, letters, short, title_size
from pipeline.table import weights

READABLE = 15  # classes up to which a matrix shows its counts


def confusion_matrices(
    panels: Mapping[str, Mapping[str, Sequence[Sequence[float]] | None]], labels: Sequence[str]
) -> Figure:
    """Each variant's matrices, one below the other; the shade is the proportion of the actual class.

    Parameters
    ----------
    panels
        By variant, then by title: a row an actual class, a column a predicted one; None where there is no such rule.
    labels
        Of the classes, by code.
    """
    names = [short(label) for label in labels]
    side, size = max(1.6, 0.4 * len(names)), 10 if len(names) == 2 else 8
    upright = letters(names, size) > 0.95 * side / len(names)
    left, bottom = 0.65 + letters(names, size), 0.35 + (letters(names, size) if upright else 0.2)
    columns, rules = min(4 if side < 2 else 3, len(panels)), max(map(len, panels.values()))
    blocks = ceil(len(panels) / columns)
    margins = (left, 0.2, bottom, 0.6, 0.35, 0.35 + bottom)
    figure, axes = grid(blocks * rules * columns, columns, width=side, height=side, margins=margins)
    for axis in axes:
        axis.set_visible(False)
    for number, (variant, matrices) in enumerate(panels.items()):
        block, column = divmod(number, columns)
        for below, (title, cells) in enumerate(matrices.items()):
            axis = axes[(rules * block + below) * columns + column]
            axis.set_visible(True)
            axis.set_title(title if below else f"{variant}\n{title}", fontsize=size if below else title_size(variant))
            if cells is None:
                axis.set_axis_off()
                continue
            _matrix(axis, np.array(cells), size)
            axis.set_xticks(range(len(names)), names, rotation=90 if upright else 0, fontsize=size)
            axis.set_yticks(range(len(names)), names if column == 0 else [""] * len(names), fontsize=size)
            axis.set_xlabel("Predicted")
            axis.set_ylabel("Actual" if column == 0 else "")
    return figure


def _matrix(axis: Any, cells: np.ndarray, size: float) -> None:
    actual = cells.sum(axis=1, keepdims=True)
    shares = cells / np.where(actual > 0, actual, 1)
    axis.grid(visible=False)
    axis.imshow(shares, cmap="Blues", vmin=0, vmax=1.3)
    two = len(cells) == 2
    for (row, column), count in np.ndenumerate(cells):
        if two or (count and len(cells) <= READABLE):
            shade = "white" if shares[row, column] > 0.75 else "black"
            share = f"\n{shares[row, column]:.0%}" if two else ""
            text = f"{weights.shown(count):,}{share}"
            axis.text(column, row, text, ha="center", va="center", color=shade, fontsize=size)
