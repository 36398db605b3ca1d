"""What mistakes cost with each variant: cost map and decision curve."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from pipeline.judge.net_benefit import treat_all
from pipeline.report.figures.layout import curve, outside
from pipeline.report.figures.points import cost_points, decision_points
from pipeline.report.figures.style import color, line
from pipeline.table import weights

STEPS = 200  # thresholds of a decision curve
BOLD = {"linewidth": 3.5, "markersize": 5}


def cost_map(found: list[dict[str, Any]]) -> Figure:
    """What each variant costs against the baseline, over the cost of a false negative; bold where significant.

    Parameters
    ----------
    found
        As `pipeline.judge.cost_map.cost_map` returns it.
    """
    reference, ratios = found[0]["reference"], [each["ratio"] for each in found]
    methods = [name for name in found[0]["variants"] if name != reference]
    numbers = {name: number for number, name in enumerate([reference, *methods])}
    figure = Figure(figsize=(9, 5.2), layout="constrained")
    axis, strip = figure.subplots(2, 1, sharex=True, gridspec_kw={"height_ratios": [20, 1]})
    axis.axhline(0, color=color(0), linewidth=1.4, label=reference)
    for name in methods:
        points = cost_points(found, name)
        line(axis, numbers[name], name, points.ratio, points.difference, name, alpha=0.55)
        significant = points.difference.where((points.low > 0) | (points.high < 0))
        axis.plot(points.ratio, significant, "o-", color=color(numbers[name]), alpha=0.9, **BOLD)
    edges = _edges(np.array(ratios))
    for left, right, each in zip(edges[:-1], edges[1:], found, strict=True):
        sure = each["significant"] or each["cheapest"] == reference
        strip.axvspan(left, right, linewidth=0, color=color(numbers[each["cheapest"]]), alpha=0.9 if sure else 0.3)
    axis.plot([], [], "o-", color="0.4", label="significant", **BOLD)
    axis.set(xscale="log", xlim=(edges[0], edges[-1]), ylabel=f"cost per row against {reference}")
    axis.yaxis.set_major_formatter(FuncFormatter(_percent))
    axis.set_title("Below the line: cheaper (pale: not significant)", loc="left")
    strip.set(yticks=[], xlabel="cost of a false negative, in false positives")
    strip.set_ylabel("cheapest", rotation=0, ha="right", va="center")
    strip.grid(visible=False)
    strip.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g}"))
    outside(figure)
    return figure


def decision_curve(variants: dict[str, pd.DataFrame]) -> Figure:
    """The decision curve: net benefit of each variant over the threshold probability, and of alerting on all or none.

    Parameters
    ----------
    variants
        By variant: `y`, `probability` and `weight` by row; calibrated, since the threshold stands for a cost.
    """
    first = next(iter(variants.values()))
    prevalence = float(np.average(first.y, weights=weights.of(first)))
    # Beyond some multiples of the prevalence, a false negative costs too little for anyone to look for the rare class.
    thresholds = np.linspace(0, min(0.99, 6 * prevalence), STEPS)
    figure, axis = curve("threshold probability", "net benefit")
    axis.plot(thresholds, treat_all(prevalence, thresholds), color="0.6", linewidth=1.4, label="alert on all")
    axis.axhline(0, color="0.6", linewidth=1.4, linestyle="--", label="alert on none")
    for number, (name, rows) in enumerate(variants.items()):
        points = decision_points(rows, thresholds)
        line(axis, number, name, points.threshold, points.net_benefit, name)
    axis.set(xlim=(0, thresholds[-1]), ylim=(-0.08 * prevalence, 1.04 * prevalence))
    axis.set_title("Decision curve (net benefit)", loc="left")
    outside(figure)
    return figure


def _edges(ratios: np.ndarray) -> np.ndarray:
    """Borders half-way between the ratios, in logarithms, and as far beyond the first and last."""
    if len(ratios) == 1:
        return np.array([ratios[0] / 2, ratios[0] * 2])
    middles = np.sqrt(ratios[1:] * ratios[:-1])
    return np.array([ratios[0] ** 2 / middles[0], *middles, ratios[-1] ** 2 / middles[-1]])


def _percent(share: float, _: Any) -> str:
    """With its sign, but for 0."""
    value = round(100 * share, 6)
    return f"{value:+g}%".replace("-", "\N{MINUS SIGN}") if value else "0%"
