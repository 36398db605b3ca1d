"""The forest plot: each method's gain over the baseline with its bounds."""

from typing import Any

from matplotlib.figure import Figure

from pipeline.judge.family import CALLS
from pipeline.judge.headline import bounds
from pipeline.judge.primary import is_loss
from pipeline.report.figures.style import NEGATIVE

COLORS = dict(zip(CALLS, ("#009E73", "#D55E00", "#0072B2", "#0072B2", "0.35"), strict=True))


def differences(verdict: dict[str, Any]) -> Figure:
    """Each method's gain over the baseline with its bounds, over the region of practical equivalence.

    Parameters
    ----------
    verdict
        As `pipeline.judge.verdict.verdict` returns it.
    """
    methods, declared = verdict["methods"], verdict["declared"]
    figure = Figure(figsize=(9, 1.8 + 0.36 * len(methods)), layout="constrained")
    axis = figure.subplots()
    rope = declared["rope"]
    axis.axvspan(-rope, rope, color=NEGATIVE, alpha=0.35, label=f"practically equivalent (±{rope:g})")
    axis.axvline(0, color="0.3", linewidth=1)
    for place, method in enumerate(methods):
        color = COLORS[method["call"]]
        axis.plot([method["low"], method["high"]], [place, place], color=color, linewidth=2)
        axis.plot(method["mean"], place, "o", color=color, markersize=7)
        axis.annotate(
            method["call"], (1.01, place), xycoords=("axes fraction", "data"), va="center", fontsize=9, color=color
        )
    axis.set_yticks(range(len(methods)), [method["variant"] for method in methods])
    axis.set_ylim(len(methods) - 0.5, -0.5)
    what = "reduction of" if is_loss(declared) else "gain in"
    axis.set_xlabel(f"{what} {declared['metric']} against the baseline, over the folds")
    axis.set_title(f"Better models to the right ({bounds(declared, len(methods))})", loc="left")
    figure.legend(loc="outside lower right", frameon=False, fontsize=8)  # within, it would cover a line
    return figure
