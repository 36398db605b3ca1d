"""Training rows and synthetic rows on the leading principal components."""

from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from pipeline.report.figures.layout import grid, title_size
from pipeline.report.figures.style import NEGATIVE

COLUMNS = 3
# Positive, synthetic, name, and markers, from the bottom up.
GROUPS: list[tuple[bool, bool, str, dict[str, Any]]] = [
    (False, False, "negative", {"marker": ".", "color": NEGATIVE, "markersize": 3, "alpha": 0.5}),
    (False, True, "synthetic negative", {"marker": "s", "color": "#0072B2", "markersize": 2.5, "fillstyle": "none"}),
    (True, True, "synthetic positive", {"marker": "o", "color": "#E69F00", "markersize": 3, "fillstyle": "none"}),
    (True, False, "positive", {"marker": "o", "color": "#000000", "markersize": 3}),
]


def components(panels: dict[str, pd.DataFrame]) -> Figure:
    """Training rows on two axes, a panel a variant: where the positives are, and where synthetic rows were put.

    Parameters
    ----------
    panels
        By variant: `first` and `second`, leading principal components of the training rows, the same for all;
        `positive` and `synthetic`, bool.
    """
    columns = min(COLUMNS, len(panels))
    figure, axes = grid(len(panels), columns, width=2.7, height=2.3, margins=(0.6, 0.2, 0.5, 0.85, 0.25, 0.45))
    everything = pd.concat(panels.values())
    low, high = everything[["first", "second"]].min(), everything[["first", "second"]].max()
    room = 0.04 * (high - low)
    for number, (axis, (title, rows)) in enumerate(zip(axes, panels.items(), strict=False)):
        for positive, synthetic, label, style in GROUPS:
            part = rows[(rows.positive == positive) & (rows.synthetic == synthetic)]
            # Drawn when empty too, so that the first panel has every group's mark for the legend.
            axis.plot(part["first"], part["second"], linestyle="none", label=label, **style)
        axis.set_title(title, loc="left", fontsize=title_size(title))
        for limit, place in ((axis.set_xlim, "first"), (axis.set_ylim, "second")):
            limit(low[place] - room[place], high[place] + room[place])
        axis.tick_params(labelbottom=number + columns >= len(panels), labelleft=number % columns == 0)
    figure.supxlabel("first principal component", y=0.08 / figure.get_figheight(), va="bottom", fontsize=10)
    figure.supylabel("second principal component", x=0.08 / figure.get_figwidth(), ha="left", fontsize=10)
    present = set(zip(everything.positive, everything.synthetic, strict=True))
    figure.legend(
        handles=[line for line, group in zip(axes[0].lines, GROUPS, strict=True) if group[:2] in present],
        loc="upper center",
        bbox_to_anchor=(0.5, 1 - 0.05 / figure.get_figheight()),
        ncols=4,
        frameon=False,
        markerscale=1.8,
    )
    return figure
