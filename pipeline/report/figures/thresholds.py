"""What a threshold on the probability does: precision and recall over it, and the rows of both classes around it."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from pipeline.measure import scores
from pipeline.report.figures.layout import curve, grid, headline, outside
from pipeline.report.figures.points import MOST_POINTS
from pipeline.report.figures.style import NEGATIVE, POSITIVE, color
from pipeline.table import weights

BINS = 24
EDGE = 1e-4  # probabilities nearer to 0 or 1 are drawn there
TICKS = (0.001, 0.01, 0.1, 0.5, 0.9, 0.99, 0.999)


def thresholds(predictions: dict[str, pd.DataFrame], holdouts: dict[str, dict[str, Any]]) -> Figure:
    """Precision and recall over the threshold, for some variants, with each one's t*.

    Parameters
    ----------
    predictions
        By variant: `y`, `probability`, `score` where there is one, and `weight` by row.
    holdouts
        By variant: what metrics.json has as `holdout`.
    """
    figure, axis = curve("threshold on the raw probability (logit scale)", "precision, recall")
    for name, rows in predictions.items():
        number, points = list(holdouts).index(name), _points(rows)[::-1]
        how: dict[str, Any] = {"color": color(number), "linewidth": 1.4, "drawstyle": "steps-pre"}
        axis.plot(_odds(points.threshold), points.recall, label=f"{name}, recall", **how)
        axis.plot(_odds(points.threshold), points.precision, linestyle="--", label=f"{name}, precision", **how)
        if tuned := holdouts[name]["tuned"]:
            axis.axvline(_odds(tuned["threshold"]), color=color(number), linewidth=1, linestyle=":")
    axis.axvline(0, color="0.6", linewidth=1)
    _odds_scale(axis)
    axis.set_title("Precision and recall by threshold (dotted: t*)", loc="left")
    outside(figure)
    return figure


def distributions(predictions: dict[str, pd.DataFrame], holdouts: dict[str, dict[str, Any]]) -> Figure:
    """How the raw probabilities of both classes are distributed, a panel for each of some variants.

    Parameters
    ----------
    predictions, holdouts
        See `thresholds`.
    """
    margins = (0.65, 0.2, 0.55, 0.85, 0.5, 0.0)
    figure, axes = grid(len(predictions), len(predictions), width=3.3, height=3.1, margins=margins)
    for number, (axis, (name, rows)) in enumerate(zip(axes, predictions.items(), strict=True)):
        odds, weight = _odds(rows.probability), weights.of(rows)
        edges = np.linspace(_odds(EDGE), _odds(1 - EDGE), BINS + 1)
        for code, label, shade in ((0, "negative", NEGATIVE), (1, "positive", POSITIVE)):
            own = (rows.y == code).to_numpy()
            share = (
                np.histogram(odds[own], edges, weights=weight[own])[0] / weight[own].sum()
                if own.any()
                else 0 * edges[1:]
            )
            axis.stairs(share, edges, fill=True, color=shade, alpha=0.6, label=label)
        axis.axvline(0, color="0.6", linewidth=1)
        if tuned := holdouts[name]["tuned"]:
            axis.axvline(_odds(tuned["threshold"]), color="0.2", linewidth=1, linestyle=":")
        _odds_scale(axis)
        axis.set_title(name, loc="left")
        axis.set_xlabel("raw probability (logit scale)")
        if number == 0:
            axis.set_ylabel("share of the class's rows")
            axis.legend(frameon=False, fontsize=9)
    highest = max(axis.get_ylim()[1] for axis in axes)
    for axis in axes:
        axis.set_ylim(0, highest)
    headline(figure, "Rows of both classes by their probability (dotted: t*)")
    return figure


def _points(rows: pd.DataFrame) -> pd.DataFrame:
    """`precision` and `recall` of calling rows positive from each `threshold` on, thinned to `MOST_POINTS`."""
    order = np.argsort(-scores.of(rows), kind="stable")
    positive, weight = (rows.y.to_numpy() == 1)[order], weights.of(rows)[order]
    found, called = np.cumsum(weight * positive), np.cumsum(weight)
    points = pd.DataFrame(
        {
            "threshold": np.minimum.accumulate(rows.probability.to_numpy()[order]),
            "precision": found / called,
            "recall": found / max(found[-1], 1e-300),
        }
    ).drop_duplicates("threshold", keep="last")
    return points.iloc[np.unique(np.linspace(0, len(points) - 1, MOST_POINTS).round().astype(int))]


def _odds(probability: Any) -> Any:
    """Log odds, of probabilities no nearer to 0 or 1 than `EDGE`."""
    from scipy.special import logit

    return logit(np.clip(probability, EDGE, 1 - EDGE))


def _odds_scale(axis: Any) -> None:
    """Ticks that read as probabilities."""
    from scipy.special import expit

    axis.set_xlim(_odds(EDGE), _odds(1 - EDGE))
    axis.xaxis.set_major_locator(FixedLocator([float(_odds(tick)) for tick in TICKS]))
    axis.xaxis.set_minor_locator(NullLocator())
    axis.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{expit(value):.4g}"))
    axis.tick_params(axis="x", labelsize=8)
