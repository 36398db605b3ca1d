"""Draws the comparison: class counts, confusion matrices, curves with operating points, and what mistakes cost."""

import io
from collections.abc import Mapping
from math import ceil
from typing import Any

import matplotlib.style
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from pipeline import formatting
from pipeline.judge.net_benefit import net_benefit, treat_all
from pipeline.judge.primary import is_loss
from pipeline.measure.metrics import BEST
from pipeline.measure.multiclass import COLUMN, Multiclass
from pipeline.table import weights

# Okabe & Ito 2008: told apart by colour-blind readers, in this order.
COLOURS = ["#000000", "#E69F00", "#56B4E9", "#009E73", "#D55E00", "#CC79A7", "#0072B2", "#7F7F7F"]
DASHES = ["-", "--", ":", "-."]
POINTS = {"default": ("o", "at 0.5"), "tuned": ("D", "at t*")}
CALLS = {"BETTER": "#009E73", "WORSE": "#D55E00", "EQUIVALENT": "#0072B2", "INCONCLUSIVE": "0.35"}
NEGATIVE, POSITIVE = "#9DB7C9", "#D55E00"
FORMS = {"raw": "as they are", "prior_corrected": "corrected by the shares", "platt": "Platt"}
Margins = tuple[float, float, float, float, float, float]  # inches: left, right, bottom, top, between, below
LONGEST = 16  # letters of a class's name that have room
READABLE = 15  # classes of which a matrix has its counts written in
MOST_POINTS = 1000  # of a curve that is drawn
BINS = 10  # of a reliability curve
AXES_WIDTH = 6.6  # inches, of a picture with its legend beside it, without that
LEGEND_LINE = 0.21  # inches a name
STEPS = 200  # thresholds of a decision curve
# Positive, synthetic, what to call them, and their marks, from the bottom up.
GROUPS: list[tuple[bool, bool, str, dict[str, Any]]] = [
    (False, False, "negative", {"marker": ".", "color": NEGATIVE, "markersize": 3, "alpha": 0.5}),
    (False, True, "synthetic negative", {"marker": "s", "color": "#0072B2", "markersize": 2.5, "fillstyle": "none"}),
    (True, True, "synthetic positive", {"marker": "o", "color": "#E69F00", "markersize": 3, "fillstyle": "none"}),
    (True, False, "positive", {"marker": "o", "color": "#000000", "markersize": 3}),
]
NARROW = 9  # letters beside a row of a matrix; of longer labels the class alone is shown
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


def png(figure: Figure) -> bytes:
    """The figure as PNG, the same bytes each time."""
    with matplotlib.style.context(["default", STYLE]):
        target = io.BytesIO()
        figure.savefig(target, format="png", metadata={"Software": None})
    return target.getvalue()


def draw(
    comparison: dict[str, Any],
    predictions: dict[str, pd.DataFrame],
    forms: dict[str, dict[str, pd.DataFrame]],
    places: dict[str, pd.DataFrame],
) -> dict[str, Figure]:
    """All figures of a comparison, by the name of their file without its ending.

    Parameters
    ----------
    comparison
        As `pipeline.judge.comparison.compare` returns it.
    predictions
        By variant, and "best possible" where it is known: `y`, `probability` and, where it is declared, `weight` by
        row_id.
    forms
        See `pipeline.judge.comparison.mended`.
    places
        See `pipeline.judge.evidence.Evidence.components`.
    """
    holdouts = judged(comparison)
    labels = [f"{comparison['table']['target']} = {comparison['table'][side]}" for side in ("negative", "positive")]
    if max(map(len, labels)) > NARROW:
        labels = [str(comparison["table"][side]) for side in ("negative", "positive")]
    with matplotlib.style.context(["default", STYLE]):
        return {
            **({"differences": differences(comparison["verdict"])} if comparison["verdict"]["methods"] else {}),
            "class_counts": class_counts(_panels(comparison), labels, weighted="weight" in comparison["table"]),
            "confusion_matrices": confusion_matrices(holdouts, labels),
            "precision_recall": precision_recall(holdouts, predictions),
            "roc": roc(holdouts, predictions),
            "reliability": reliability({FORMS[form]: by_variant for form, by_variant in forms.items()}),
            **({"cost_map": cost_map(comparison["cost_map"])} if comparison["cost_map"] else {}),
            "decision_curve": decision_curve(forms["prior_corrected"]),
            **({"components": components(places)} if places else {}),
            **{
                f"{name}/confusion_matrix": confusion_matrices({name: h}, labels)
                for name, h in holdouts.items()
                if name != BEST
            },
        }


def draw_classes(comparison: dict[str, Any]) -> dict[str, Figure]:
    """All figures of a comparison with more than two classes, by the name of their file without its ending.

    Parameters
    ----------
    comparison
        As `pipeline.judge.classwise.compare` returns it.
    """
    holdouts = {v["variant"]: v["holdout"] for v in comparison["variants"]}
    names = list(comparison["table"]["classes"])
    panels = {
        "whole table": comparison["table"]["classes"],
        "training rows": comparison["split"]["train"],
        "test rows": comparison["split"]["test"],
        **{v["variant"]: v["training"]["rows"] for v in comparison["variants"]},
    }
    synthetic = {v["variant"]: v["training"]["synthetic"] for v in comparison["variants"]}
    with matplotlib.style.context(["default", STYLE]):
        return {
            **({"differences": differences(comparison["verdict"])} if comparison["verdict"]["methods"] else {}),
            "class_counts": counts_by_class(panels, synthetic),
            "confusion_matrices": matrices_by_class(holdouts, names),
            **{f"{name}/confusion_matrix": matrices_by_class({name: h}, names) for name, h in holdouts.items()},
        }


def judged(comparison: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """What each variant does on the test rows, in the order to show, and last the best possible rule if it is known."""
    holdouts = {v["variant"]: v["holdout"] for v in comparison["variants"]}
    return {**holdouts, **({BEST: comparison["best_possible"]} if comparison["best_possible"] else {})}


def _panels(comparison: dict[str, Any]) -> dict[str, dict[str, int]]:
    split = comparison["split"]
    return {
        "whole table": comparison["table"]["classes"],
        "training rows": split["train"],
        "test rows": split["test"],
        **{
            v["variant"]: {
                **v["training"]["rows"],
                **{f"synthetic_{name}": count for name, count in v["training"]["synthetic"].items()},
            }
            for v in comparison["variants"]
        },
    }


def differences(said: dict[str, Any]) -> Figure:
    """Each method's difference from none with its interval, over the band of differences that count as none.

    Parameters
    ----------
    said
        As `pipeline.judge.verdict.verdict` returns it.
    """
    methods, declared = said["methods"], said["declared"]
    figure = Figure(figsize=(9, 1.8 + 0.36 * len(methods)), layout="constrained")
    axis = figure.subplots()
    axis.axvspan(-declared["rope"], declared["rope"], color=NEGATIVE, alpha=0.35, label="counts as no difference")
    axis.axvline(0, color="0.3", linewidth=1)
    for place, method in enumerate(methods):
        colour = CALLS[method["call"]]
        axis.plot([method["low"], method["high"]], [place, place], color=colour, linewidth=2)
        axis.plot(method["mean"], place, "o", color=colour, markersize=7)
        axis.annotate(
            method["call"], (1.01, place), xycoords=("axes fraction", "data"), va="center", fontsize=9, color=colour
        )
    axis.set_yticks(range(len(methods)), [method["variant"] for method in methods])
    axis.set_ylim(len(methods) - 0.5, -0.5)
    than = "less" if is_loss(declared) else "more"
    axis.set_xlabel(f"gain against none, over the folds: {than} {declared['metric']}")
    axis.set_title(f"Better models to the right ({100 * (1 - declared['alpha']):g} % intervals)", loc="left")
    figure.legend(loc="outside lower right", frameon=False, fontsize=8)  # within, it would lie on an interval
    return figure


def class_counts(panels: dict[str, dict[str, int]], labels: list[str], *, weighted: bool = False) -> Figure:
    """Bars of the class counts, one panel a table, with the counts on them; synthetic rows are hatched.

    Parameters
    ----------
    panels
        By title: `negative` and `positive` rows, and `synthetic_negative` and `synthetic_positive` ones among them.
    labels
        What to call the negative and the positive class.
    weighted
        Whether other figures count weights, so that it must be said that this one doesn't.
    """
    columns = min(5, len(panels))
    figure, axes = _grid(len(panels), columns, width=1.9, height=1.8, margins=(0.6, 0.2, 0.4, 0.8, 0.55, 0.65))
    highest = max(max(p["negative"], p["positive"]) for p in panels.values())
    for axis, (title, counts) in zip(axes, panels.items(), strict=False):
        heights = [counts["negative"], counts["positive"]]
        axis.bar(labels, heights, color=[NEGATIVE, POSITIVE], width=0.7)
        made = [counts.get("synthetic_negative", 0), counts.get("synthetic_positive", 0)]
        if any(made):
            below = [height - synthetic for height, synthetic in zip(heights, made, strict=True)]
            style = {"color": "none", "edgecolor": "white", "hatch": "///", "linewidth": 0}
            axis.bar(labels, made, bottom=below, width=0.7, **style)
        for place, height in enumerate(heights):
            axis.annotate(f"{height:,}", (place, height), (0, 3), textcoords="offset points", ha="center")
        axis.set_title(title, fontsize=_title_size(title))
        axis.set(ylim=(0, highest * 1.12))
        axis.grid(visible=False, axis="x")
        axis.yaxis.set_major_formatter(matplotlib.ticker.StrMethodFormatter("{x:,.0f}"))
    hatched = any(p.get("synthetic_negative") or p.get("synthetic_positive") for p in panels.values())
    title = "Class counts, in rows, not by weight" if weighted else "Class counts"
    figure.suptitle(
        f"{title}; by variant, training rows as the model sees them"
        + (" (hatched: synthetic rows)" if hatched else ""),
        y=1 - 0.15 / figure.get_figheight(),
    )
    return figure


def confusion_matrices(judged: dict[str, dict[str, Any]], labels: list[str]) -> Figure:
    """Each variant's matrix at 0.5 above its matrix at t*; shade is the share of the actual class."""
    columns = min(4, len(judged))
    blocks = ceil(len(judged) / columns)
    figure, axes = _grid(blocks * 2 * columns, columns, width=1.6, height=1.6, margins=(0.9, 0.2, 0.6, 0.6, 0.35, 0.95))
    for axis in axes:
        axis.set_visible(False)
    for number, (name, holdout) in enumerate(judged.items()):
        block, column = divmod(number, columns)
        for below, point in enumerate(POINTS):
            axis = axes[(2 * block + below) * columns + column]
            axis.set_visible(True)
            _matrix(axis, holdout[point], f"{name}\n" if below == 0 else "", labels, first=column == 0)
    return figure


def counts_by_class(panels: dict[str, dict[str, int]], synthetic: dict[str, dict[str, int]]) -> Figure:
    """Bars of the counts of more than two classes, one panel a table; synthetic rows are hatched.

    Parameters
    ----------
    panels
        By title: rows by label.
    synthetic
        Synthetic rows by label, of those panels that have some.
    """
    names = list(next(iter(panels.values())))
    longest = max(map(len, names))
    left = 0.3 + 0.085 * min(longest, LONGEST)
    figure, axes = _grid(
        len(panels),
        min(3, len(panels)),
        width=2.4,
        height=0.26 * len(names) + 0.1,
        margins=(left, 0.55, 0.35, 0.75, 0.75, 0.65),
    )
    highest = max(max(counts.values()) for counts in panels.values())
    for number, (axis, (title, counts)) in enumerate(zip(axes, panels.items(), strict=False)):
        places, heights = np.arange(len(names)), np.array([counts[name] for name in names])
        axis.barh(places, heights, color=NEGATIVE, height=0.7)
        made = np.array([synthetic.get(title, {}).get(name, 0) for name in names])
        if made.any():
            axis.barh(
                places, made, left=heights - made, height=0.7, color="none", edgecolor="white", hatch="///", linewidth=0
            )
        for place, height in zip(places, heights, strict=True):
            axis.annotate(f"{height:,}", (height, place), (3, 0), textcoords="offset points", va="center", fontsize=8)
        axis.set_title(title, loc="left", fontsize=_title_size(title))
        axis.set(xlim=(0, highest * 1.02), ylim=(len(names) - 0.5, -0.5))
        axis.set_yticks(
            places, [_short(name) for name in names] if number % min(3, len(panels)) == 0 else [""] * len(names)
        )
        axis.grid(visible=False, axis="y")
        axis.xaxis.set_major_locator(matplotlib.ticker.MaxNLocator(3, integer=True))
    hatched = any(any(counts.values()) for counts in synthetic.values())
    figure.suptitle(
        "Class counts; by variant, training rows as the model sees them"
        + (" (hatched: synthetic rows)" if hatched else ""),
        y=1 - 0.12 / figure.get_figheight(),
    )
    return figure


def matrices_by_class(judged: dict[str, dict[str, Any]], names: list[str]) -> Figure:
    """Each variant's matrix by the likeliest class above that by class weights; shade is the share of the actual class.

    Parameters
    ----------
    judged
        By variant: see `pipeline.measure.multiclass.holdout`.
    names
        Of the classes, by their codes.
    """
    size = max(1.6, 0.4 * len(names))
    columns = min(4 if size < 2 else 3, len(judged))
    blocks = ceil(len(judged) / columns)
    room = 0.25 + 0.075 * min(max(map(len, names)), LONGEST)
    figure, axes = _grid(
        blocks * 2 * columns,
        columns,
        width=size,
        height=size,
        margins=(0.4 + room, 0.2, 0.4 + room, 0.6, 0.3, 0.65 + room),
    )
    for axis in axes:
        axis.set_visible(False)
    for number, (name, holdout) in enumerate(judged.items()):
        block, column = divmod(number, columns)
        for below, (point, by) in enumerate(Multiclass.points.items()):
            axis = axes[(2 * block + below) * columns + column]
            axis.set_visible(True)
            title = f"{name}\nby {by}" if below == 0 else f"by {by}"
            _matrix_by_class(axis, np.array(holdout[point]["matrix"]), title, names, first=column == 0)
    return figure


def _matrix_by_class(axis: Any, cells: np.ndarray, title: str, names: list[str], *, first: bool) -> None:
    shares = cells / np.maximum(cells.sum(axis=1, keepdims=True), 1)
    axis.grid(visible=False)
    axis.imshow(shares, cmap="Blues", vmin=0, vmax=1.3)
    if len(names) <= READABLE:
        for (row, column), count in np.ndenumerate(cells):
            shade = "white" if shares[row, column] > 0.75 else "black"
            if count:
                axis.text(column, row, f"{count:,}", ha="center", va="center", color=shade, fontsize=8)
    axis.set_title(title, fontsize=9)
    places = range(len(names))
    axis.set_xticks(places, [_short(name) for name in names], rotation=90, fontsize=8)
    axis.set_yticks(places, [_short(name) for name in names] if first else [""] * len(names), fontsize=8)
    axis.set_xlabel("called")
    if first:
        axis.set_ylabel("is")


def _short(name: str) -> str:
    return name if len(name) <= LONGEST else f"{name[: LONGEST - 1]}…"


def _matrix(axis: Any, cells: dict[str, Any] | None, above: str, labels: list[str], *, first: bool) -> None:
    axis.grid(visible=False)
    if cells is None:
        axis.set_axis_off()
        axis.set_title(f"{above}no tuned threshold")
        return
    counts = np.array([[cells["tn"], cells["fp"]], [cells["fn"], cells["tp"]]])
    actual = counts.sum(axis=1, keepdims=True)
    shares = counts / np.where(actual > 0, actual, 1)
    axis.imshow(shares, cmap="Blues", vmin=0, vmax=1.3)
    for (row, column), count in np.ndenumerate(counts):
        shade, amount = "white" if shares[row, column] > 0.75 else "black", weights.shown(count)
        axis.text(column, row, f"{amount:,}\n{shares[row, column]:.0%}", ha="center", va="center", color=shade)
    axis.set_title(f"{above}threshold {formatting.threshold(cells['threshold'])}", fontsize=_title_size(above))
    axis.set_xticks([0, 1], labels)
    axis.set_yticks([0, 1], labels if first else ["", ""], rotation=90, va="center")
    axis.set_xlabel("called")
    if first:
        axis.set_ylabel("is")


def precision_recall(judged: dict[str, dict[str, Any]], predictions: dict[str, pd.DataFrame]) -> Figure:
    """Precision over recall for every variant, with the points where 0.5 and t* put it."""
    figure, axis = _curve(
        "recall: share of the positives that are found", "precision: share of the alerts that are right"
    )
    prevalence = next(iter(judged.values()))["threshold_free"]["prevalence"]
    axis.axhline(prevalence, color="0.6", linewidth=1)
    axis.annotate(
        f"prevalence {prevalence:.3g}", (1, prevalence), (0, 3), textcoords="offset points", ha="right", color="0.4"
    )
    for number, (name, rows) in enumerate(predictions.items()):
        points = precision_recall_points(rows)
        value = judged[name]["threshold_free"]["average_precision"]
        _line(axis, number, name, points.recall, points.precision, f"{name}, AP {value:.3f}", drawstyle="steps-post")
        for point, (marker, _) in POINTS.items():
            cells = judged[name][point]
            if cells and cells["precision"] is not None and cells["recall"] is not None:
                _mark(axis, number, name, cells["recall"], cells["precision"], marker)
    _finish(axis, "Precision and recall on the test rows: thresholds move along a curve")
    return figure


def roc(judged: dict[str, dict[str, Any]], predictions: dict[str, pd.DataFrame]) -> Figure:
    """The receiver operating characteristic of every variant, with the points where 0.5 and t* put it."""
    figure, axis = _curve(
        "false positive rate: share of the negatives alerted on", "recall: share of the positives that are found"
    )
    axis.plot([0, 1], [0, 1], color="0.6", linewidth=1)
    for number, (name, rows) in enumerate(predictions.items()):
        points = roc_points(rows)
        value = judged[name]["threshold_free"]["roc_auc"]
        _line(axis, number, name, points.false_positive_rate, points.true_positive_rate, f"{name}, AUC {value:.3f}")
        for point, (marker, _) in POINTS.items():
            cells = judged[name][point]
            if cells and cells["specificity"] is not None and cells["recall"] is not None:
                _mark(axis, number, name, 1 - cells["specificity"], cells["recall"], marker)
    _finish(axis, "ROC on the test rows: thresholds move along a curve")
    return figure


def spread(runs: pd.DataFrame, figures: Mapping[str, str]) -> Figure:
    """Each run as a dot, a panel a figure, a row a way; a bar marks each way's mean.

    Parameters
    ----------
    runs
        One row a run: `way`, and a column for each figure.
    figures
        What to call the figures, by column.
    """
    with matplotlib.style.context(["default", STYLE]):
        return _spread(runs, figures)


def _spread(runs: pd.DataFrame, figures: Mapping[str, str]) -> Figure:
    ways = list(dict.fromkeys(runs.way))
    longest = max(len(way) for way in ways)
    margins = (0.5 + 0.075 * longest, 0.3, 0.5, 0.6, 0.35, 0.85)
    figure, axes = _grid(len(figures), 3, width=2.9, height=max(0.9, 0.27 * len(ways)), margins=margins)
    for number, (axis, (column, title)) in enumerate(zip(axes, figures.items(), strict=False)):
        for place, way in enumerate(ways):
            values = runs.loc[runs.way == way, column].dropna().astype(float).to_numpy()
            axis.plot(values, np.full(len(values), place), ".", color=COLOURS[6], alpha=0.35, markersize=7)
            if len(values):
                axis.plot(values.mean(), place, "|", color=COLOURS[4], markersize=13, markeredgewidth=2)
        axis.set_title(title, loc="left")
        axis.set_yticks(range(len(ways)), ways if number % 3 == 0 else [""] * len(ways))
        axis.set_ylim(len(ways) - 0.5, -0.5)
    figure.suptitle("Each run a dot; the bar is the mean", y=1 - 0.12 / figure.get_figheight(), fontsize=10)
    return figure


def reliability(forms: dict[str, dict[str, pd.DataFrame]]) -> Figure:
    """What became of the rows that got a probability, over the probability: a panel a form, a line a variant.

    Parameters
    ----------
    forms
        By what was done to the probabilities, and by variant: `y` and `probability` by row.
    """
    names = list(next(iter(forms.values())))
    margins = (0.65, _legend_width(names), 0.55, 0.75, 0.55, 0.0)
    height = max(3.1, LEGEND_LINE * len(names))
    figure, axes = _grid(len(forms), len(forms), width=3.1, height=height, margins=margins)
    for number, (axis, (title, variants)) in enumerate(zip(axes, forms.items(), strict=True)):
        drawn = {name: reliability_points(rows) for name, rows in variants.items()}
        # Each panel its own range: after a correction a rare class needs a small part of the raw one.
        most = min(1.0, 1.15 * max(points.to_numpy().max() for points in drawn.values()))
        axis.plot([0, most], [0, most], color="0.6", linewidth=1)
        for place, (name, points) in enumerate(drawn.items()):
            _line(axis, place, name, points.predicted, points.observed, name, marker="o", markersize=3.5)
        for scale, limit in ((axis.set_xscale, axis.set_xlim), (axis.set_yscale, axis.set_ylim)):
            # Roots spread a rare class like a logarithm, and have a place for bins without a positive.
            scale("function", functions=(_root, _square))
            limit(-0.002 * most, most)
        for side in (axis.xaxis, axis.yaxis):
            side.set_major_locator(matplotlib.ticker.FixedLocator(_ticks(most)))
            side.set_major_formatter(matplotlib.ticker.FuncFormatter(lambda value, _: f"{value:g}"))
        axis.set_title(title, loc="left")
        axis.set_xlabel("mean predicted probability")
        if number == 0:
            axis.set_ylabel("share of positives")
    _beside(figure, axes[-1])
    figure.suptitle(f"Probabilities keep their word on the line; {BINS} bins of equal count, root scales")
    return figure


def cost_map(found: list[dict[str, Any]]) -> Figure:
    """What each variant costs against the reference, over the cost of a miss; bold where it is more than chance.

    Parameters
    ----------
    found
        As `pipeline.judge.cost_map.cost_map` returns it.
    """
    reference, ratios = found[0]["reference"], [each["ratio"] for each in found]
    figure, (axis, strip) = _over_a_strip()
    axis.axhline(0, color=COLOURS[0], linewidth=1.4, label=reference)
    methods = [name for name in found[0]["variants"] if name != reference]
    for number, name in enumerate(methods, start=1):
        points = cost_points(found, name)
        _line(axis, number, name, points.ratio, points.difference, name, alpha=0.55)
        sure = points.difference.where((points.low > 0) | (points.high < 0))
        colour = COLOURS[number % len(COLOURS)]
        axis.plot(points.ratio, sure, "o-", color=colour, linewidth=3.5, markersize=5, alpha=0.9)
    colours = {name: COLOURS[number % len(COLOURS)] for number, name in enumerate([reference, *methods])}
    edges = _edges(np.array(ratios))
    for left, right, each in zip(edges[:-1], edges[1:], found, strict=True):
        sure = each["significant"] or each["cheapest"] == reference
        shade = {"color": colours[each["cheapest"]], "alpha": 0.9 if sure else 0.3}
        strip.axvspan(left, right, linewidth=0, **shade)
    axis.plot([], [], "o-", color="0.4", linewidth=3.5, markersize=5, label="more than chance")
    axis.set(xscale="log", xlim=(edges[0], edges[-1]), ylabel=f"cost a row against {reference}")
    axis.yaxis.set_major_formatter(matplotlib.ticker.FuncFormatter(_percent))
    axis.set_title("Cheaper models below the line (pale: within chance)", loc="left")
    strip.set(yticks=[], xlabel="false alarms that a miss costs")
    strip.set_ylabel("cheapest", rotation=0, ha="right", va="center")
    strip.grid(visible=False)
    strip.xaxis.set_major_formatter(matplotlib.ticker.FuncFormatter(lambda value, _: f"{value:g}"))
    _outside(figure)
    return figure


def decision_curve(forms: dict[str, pd.DataFrame]) -> Figure:
    """Net benefit of each variant over the threshold probability, with that of alerting on all and on no rows.

    Parameters
    ----------
    forms
        By variant: `y` and `probability` by row, calibrated, as the threshold stands for a cost.
    """
    first = next(iter(forms.values()))
    prevalence = float(np.average(first.y, weights=weights.of(first)))
    # Beyond some multiples of the prevalence a miss is cheaper than anybody who looks for the rare class would say.
    thresholds = np.linspace(0, min(0.99, 6 * prevalence), STEPS)
    figure, axis = _curve("threshold probability: 1 / (1 + false alarms that a miss costs)", "net benefit a row")
    axis.plot(thresholds, treat_all(prevalence, thresholds), color="0.6", linewidth=1.4, label="alert on all")
    axis.axhline(0, color="0.6", linewidth=1.4, linestyle="--", label="alert on none")
    for number, (name, rows) in enumerate(forms.items()):
        points = decision_points(rows, thresholds)
        _line(axis, number, name, points.threshold, points.net_benefit, name)
    axis.set(xlim=(0, thresholds[-1]), ylim=(-0.08 * prevalence, 1.04 * prevalence))
    axis.set_title("What each model is worth to those who alert from a probability on", loc="left")
    _outside(figure)
    return figure


def components(panels: dict[str, pd.DataFrame]) -> Figure:
    """Training rows on two axes, a panel a variant: where the positives lie, and where synthetic rows were put.

    Parameters
    ----------
    panels
        By variant: `first` and `second`, leading principal components of the training rows, the same for all;
        `positive` and `synthetic`, bool.
    """
    columns = min(3, len(panels))
    figure, axes = _grid(len(panels), columns, width=2.7, height=2.3, margins=(0.6, 0.2, 0.5, 0.85, 0.25, 0.45))
    everything = pd.concat(panels.values())
    low, high = everything[["first", "second"]].min(), everything[["first", "second"]].max()
    for number, (axis, (title, rows)) in enumerate(zip(axes, panels.items(), strict=False)):
        for positive, synthetic, label, style in GROUPS:
            part = rows[(rows.positive == positive) & (rows.synthetic == synthetic)]
            # Drawn when empty too, so that the first panel has every group's mark for the legend.
            axis.plot(part["first"], part["second"], linestyle="none", label=label, **style)
        axis.set_title(title, loc="left", fontsize=_title_size(title))
        room = 0.04 * (high - low)
        axis.set(
            xlim=(low["first"] - room["first"], high["first"] + room["first"]),
            ylim=(low["second"] - room["second"], high["second"] + room["second"]),
        )
        axis.tick_params(labelbottom=number + columns >= len(panels), labelleft=number % columns == 0)
    figure.supxlabel("first principal component", y=0.08 / figure.get_figheight(), va="bottom", fontsize=10)
    figure.supylabel("second principal component", x=0.08 / figure.get_figwidth(), ha="left", fontsize=10)
    present = set(zip(everything.positive, everything.synthetic, strict=True))
    handles = [line for line, group in zip(axes[0].lines, GROUPS, strict=True) if group[:2] in present]
    figure.legend(
        handles=handles,
        loc="upper center",
        bbox_to_anchor=(0.5, 1 - 0.05 / figure.get_figheight()),
        ncols=4,
        frameon=False,
        markerscale=1.8,
    )
    return figure


def reliability_points(rows: pd.DataFrame) -> pd.DataFrame:
    """Mean probability and share of positives, `predicted` and `observed`, in at most `BINS` bins of equal count.

    Rows of equal probability share a bin. Within a bin, means go by weight.
    """
    edges = np.unique(np.quantile(rows.probability, np.arange(1, BINS) / BINS, method="inverted_cdf"))
    bins = np.searchsorted(edges, rows.probability, side="left")
    if (weight := weights.of(rows)) is not None:
        told = rows[["probability", "y"]]
        sums = told.mul(weight, axis=0).assign(weight=weight).groupby(bins).sum()
        return pd.DataFrame({"predicted": sums.probability / sums.weight, "observed": sums.y / sums.weight})
    binned = rows.groupby(bins)
    return pd.DataFrame({"predicted": binned.probability.mean(), "observed": binned.y.mean()})


def cost_points(found: list[dict[str, Any]], name: str) -> pd.DataFrame:
    """The variant's `difference` by `ratio` with its interval, `low` to `high`, as shares of what the reference costs.

    Where that is nothing they are NaN.
    """
    cost = np.array([each["variants"][each["reference"]]["cost"] for each in found])
    differences = pd.DataFrame([each["variants"][name]["difference"] for each in found])
    shares = differences.div(np.where(cost > 0, cost, np.nan), axis=0)
    return shares.rename(columns={"mean": "difference"}).assign(ratio=[each["ratio"] for each in found])


def decision_points(rows: pd.DataFrame, thresholds: np.ndarray) -> pd.DataFrame:
    """The curve's `threshold` and `net_benefit`."""
    benefit = net_benefit(rows.y.to_numpy(), rows.probability.to_numpy(), thresholds, weights.of(rows))
    return pd.DataFrame({"threshold": thresholds, "net_benefit": benefit})


def precision_recall_points(rows: pd.DataFrame) -> pd.DataFrame:
    """The curve's corners, `recall` and `precision`, thinned to `MOST_POINTS`."""
    from sklearn.metrics import precision_recall_curve

    how = {"sample_weight": weights.of(rows), "drop_intermediate": True}
    precision, recall, _ = precision_recall_curve(rows.y, rows.probability, **how)
    return _thin(pd.DataFrame({"recall": recall, "precision": precision}))


def roc_points(rows: pd.DataFrame) -> pd.DataFrame:
    """The curve's corners, `false_positive_rate` and `true_positive_rate`, thinned to `MOST_POINTS`."""
    from sklearn.metrics import roc_curve

    false, true, _ = roc_curve(rows.y, rows.probability, sample_weight=weights.of(rows))
    return _thin(pd.DataFrame({"false_positive_rate": false, "true_positive_rate": true}))


def tables(comparison: dict[str, Any], predictions: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """What `dvc plots` draws: long tables with a `variant` column."""
    cells = [
        {
            "variant": v["variant"],
            "threshold": at,
            "actual": actual,
            "called": called,
            "rows": v["holdout"][point][cell],
        }
        for v in comparison["variants"]
        for point, (_, at) in POINTS.items()
        if v["holdout"][point]
        for cell, actual, called in (("tn", 0, 0), ("fp", 0, 1), ("fn", 1, 0), ("tp", 1, 1))
    ]
    return {
        "confusion_matrix": pd.DataFrame(cells),
        "precision_recall": _long({name: precision_recall_points(rows) for name, rows in predictions.items()}),
        "roc": _long({name: roc_points(rows) for name, rows in predictions.items()}),
    }


def tables_of_classes(comparison: dict[str, Any], predictions: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """What `dvc plots` draws of more than two classes: a curve for each variant and class against the rest."""
    names = list(comparison["table"]["classes"])
    cells = [
        {"variant": v["variant"], "threshold": by, "actual": names[actual], "called": names[called], "rows": count}
        for v in comparison["variants"]
        for point, by in Multiclass.points.items()
        for actual, counts in enumerate(v["holdout"][point]["matrix"])
        for called, count in enumerate(counts)
    ]
    against = {
        f"{variant}: {name}": pd.DataFrame({"y": (rows.y == code).astype(int), "probability": rows[f"{COLUMN}{code}"]})
        for variant, rows in predictions.items()
        for code, name in enumerate(names)
    }
    return {
        "confusion_matrix": pd.DataFrame(cells),
        "precision_recall": _long({name: precision_recall_points(rows) for name, rows in against.items()}),
        "roc": _long({name: roc_points(rows) for name, rows in against.items()}),
    }


def _title_size(title: str) -> float:
    """Points: long names of variants must stay within their panel."""
    return 11 if len(title) <= 18 else 8


def _long(curves: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """All curves in one table; `point` counts along each."""
    return pd.concat(points.assign(variant=name, point=range(len(points))) for name, points in curves.items())


def _thin(points: pd.DataFrame) -> pd.DataFrame:
    if len(points) <= MOST_POINTS:
        return points
    return points.iloc[np.linspace(0, len(points) - 1, MOST_POINTS).round().astype(int)]


def _grid(panels: int, columns: int, *, width: float, height: float, margins: Margins) -> tuple[Figure, list[Any]]:
    """Axes of `width` by `height` inches in rows of `columns`; those beyond `panels` are hidden."""
    rows = ceil(panels / columns)
    left, right, bottom, top, between, below = margins
    wide = left + columns * width + (columns - 1) * between + right
    high = bottom + rows * height + (rows - 1) * below + top
    # Margins by hand: matplotlib's layout engines take longer than the drawing.
    grid = {"left": left / wide, "right": 1 - right / wide, "bottom": bottom / high, "top": 1 - top / high}
    figure = Figure(figsize=(wide, high))
    axes = list(
        np.ravel(
            figure.subplots(rows, columns, gridspec_kw={**grid, "wspace": between / width, "hspace": below / height})
        )
    )
    for axis in axes[panels:]:
        axis.set_visible(False)
    return figure, axes


def _curve(x: str, y: str) -> tuple[Figure, Any]:
    figure = Figure(figsize=(9, 5.6), layout="constrained")
    axis = figure.subplots()
    axis.set(xlabel=x, ylabel=y, xlim=(-0.02, 1.02), ylim=(-0.02, 1.04))
    return figure, axis


def _over_a_strip() -> tuple[Figure, list[Any]]:
    figure = Figure(figsize=(9, 5.2), layout="constrained")
    return figure, list(figure.subplots(2, 1, sharex=True, gridspec_kw={"height_ratios": [20, 1]}))


def _edges(ratios: np.ndarray) -> np.ndarray:
    """Borders half-way between the ratios, in logarithms, and as far beyond the first and last."""
    if len(ratios) == 1:
        return np.array([ratios[0] / 2, ratios[0] * 2])
    middles = np.sqrt(ratios[1:] * ratios[:-1])
    return np.array([ratios[0] ** 2 / middles[0], *middles, ratios[-1] ** 2 / middles[-1]])


def _percent(share: float, _: Any) -> str:
    """With its sign, but for 0."""
    value = round(100 * share, 6)
    return f"{value:+g} %" if value else "0 %"


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


def _beside(figure: Figure, axis: Any) -> None:
    """A legend of one panel's lines in the right margin."""
    place = axis.get_position()
    handles, labels = axis.get_legend_handles_labels()
    figure.legend(handles, labels, loc="upper left", bbox_to_anchor=(place.x1, place.y1), frameon=False)


def _line(axis: Any, number: int, name: str, x: Any, y: Any, label: str, **style: Any) -> None:
    if name == BEST:
        axis.plot(x, y, **{"color": "0.6", "linewidth": 3, "alpha": 0.5, "label": label, "zorder": 1, **style})
        return
    dash = DASHES[number // len(COLOURS) % len(DASHES)]
    colour = COLOURS[number % len(COLOURS)]
    axis.plot(x, y, **{"color": colour, "linestyle": dash, "linewidth": 1.4, "label": label, **style})


def _mark(axis: Any, number: int, name: str, x: float, y: float, marker: str) -> None:
    colour = "0.6" if name == BEST else COLOURS[number % len(COLOURS)]
    # Those at t* are hollow, so that variants at the same point show through each other.
    hollow = marker == POINTS["tuned"][0]
    face = {"markerfacecolor": "none", "markeredgewidth": 1.8} if hollow else {"alpha": 0.75}
    axis.plot(x, y, marker, color=colour, markersize=8, zorder=3, clip_on=False, **face)


def _finish(axis: Any, title: str) -> None:
    for marker, label in POINTS.values():
        hollow = marker == POINTS["tuned"][0]
        axis.plot([], [], marker, color="0.4", markersize=7, markerfacecolor="none" if hollow else None, label=label)
    axis.set_title(title, loc="left")
    _outside(axis.figure)


def _outside(figure: Figure) -> None:
    """A legend of all lines to the right of the axes, for which it makes room, whatever the names."""
    legend = figure.legend(loc="outside right upper", frameon=False)
    figure.set_figwidth(AXES_WIDTH + _legend_width([text.get_text() for text in legend.get_texts()]))


def _legend_width(names: list[str]) -> float:
    """Inches that a legend of these names takes."""
    return 0.7 + 0.08 * max(map(len, names))
