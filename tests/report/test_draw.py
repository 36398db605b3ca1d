import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from pipeline.judge.comparison import best_possible, compare
from pipeline.report.figures.class_counts import class_counts
from pipeline.report.figures.confusion import confusion_matrices
from pipeline.report.figures.curves import precision_recall, roc
from pipeline.report.figures.draw import draw, draw_each, judged, tables
from pipeline.report.figures.points import MOST_POINTS, precision_recall_points, roc_points
from pipeline.report.figures.style import png


def test_figures_are_the_same_bytes_twice(evidence, comparison, pages):
    first = {name: png(figure) for name, figure in draw(evidence, comparison).items()}
    assert {f"figures/{name}.png": picture for name, picture in first.items()}.items() <= pages.items()
    assert set(first) == {
        "differences",
        "class_counts",
        "confusion_matrices",
        "precision_recall",
        "thresholds",
        "distributions",
        "roc",
        "reliability",
        "cost_map",
        "decision_curve",
        "components",
    }
    assert all(re.match(rb"\x89PNG", data) and b"Software" not in data for data in first.values())


def test_each_variant_has_figures_of_its_own_the_same_bytes_twice(evidence, comparison):
    drawn = {name: png(figure) for name, figure in draw_each(evidence, comparison).items()}
    kinds = ("confusion_matrix", "precision_recall", "reliability")
    assert set(drawn) == {f"{name}/{kind}" for name in ("none", "smote") for kind in kinds}
    assert drawn == {name: png(figure) for name, figure in draw_each(evidence, comparison).items()}
    figure = draw_each(evidence, comparison)["smote/precision_recall"]
    assert [text.get_text() for text in figure.legends[0].get_texts()][0].startswith("smote, AP ")


def test_operating_points_lie_on_the_drawn_curves(predictions):
    # BOLD at 0.5 has recall 1 and precision 1/2; at .65, 1 and 2/3: both are corners or lie on the edge at recall 1.
    points = precision_recall_points(predictions["smote"])
    assert (1.0, 2 / 3) in set(zip(points.recall, points.precision, strict=True))
    curve = roc_points(predictions["smote"])
    assert (0.25, 1.0) in set(zip(curve.false_positive_rate, curve.true_positive_rate, strict=True))


def test_a_long_curve_is_thinned_and_keeps_its_ends():
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 20_000)
    points = roc_points(pd.DataFrame({"y": y, "probability": rng.random(20_000)}))
    assert len(points) == MOST_POINTS
    assert points.iloc[0].tolist() == [0.0, 0.0]
    assert points.iloc[-1].tolist() == [1.0, 1.0]


def test_plot_tables_hold_every_variant_and_matrix_cell(evidence, comparison):
    made = tables(evidence, comparison)
    assert set(made["roc"].variant) == set(made["precision_recall"].variant) == {"none", "smote", "best possible"}
    cells = made["confusion_matrix"].query("variant == 'smote' and threshold == 'at t*'")
    counts = cells.set_index(["actual", "predicted"]).rows.to_dict()
    assert counts == {("0", "0"): 3, ("0", "1"): 1, ("1", "0"): 0, ("1", "1"): 2}


def test_synthetic_rows_are_hatched_on_the_class_that_has_them():
    figure = class_counts(
        {"smote": [8, 8], "cluster_centroids": [2, 2]}, {"smote": [0, 6], "cluster_centroids": [2, 0]}, ["no", "yes"]
    )
    shown = [axis for axis in figure.axes if axis.get_visible()]
    assert [[bar.get_width() for bar in axis.patches if bar.get_hatch()] for axis in shown] == [[0, 6], [2, 0]]


def drawn(axis, marker):
    """Where an axis has this marker, without the legend's."""
    return [tuple(line.get_xydata()[0]) for line in axis.lines if line.get_marker() == marker and len(line.get_xdata())]


def test_operating_points_are_marked_where_the_matrices_say(comparison, predictions):
    holdouts = judged(comparison)
    # TIMID at 0.5: recall 1/2, precision 1; at .3: 1, 1. BOLD at 0.5: recall 1, precision 1/2; at .65: 1, 2/3.
    axis = precision_recall(holdouts, predictions, "test rows").axes[0]
    assert drawn(axis, "o") == [(0.5, 1.0), (1.0, 0.5), (0.5, 1.0)]
    assert drawn(axis, "D") == [(1.0, 1.0), (1.0, pytest.approx(2 / 3)), (1.0, 1.0)]
    # Average precision is the area under steps that keep the precision of the higher recall.
    assert {line.get_drawstyle() for line in axis.lines if len(line.get_xdata()) > 2} == {"steps-post"}
    axis = roc(holdouts, predictions, "test rows").axes[0]
    assert drawn(axis, "o") == [(0.0, 0.5), (0.5, 1.0), (0.0, 0.5)]
    assert drawn(axis, "D") == [(0.0, 1.0), (0.25, 1.0), (0.0, 1.0)]


def test_legends_name_each_variant_with_its_figure(comparison, predictions):
    holdouts = judged(comparison)
    for figure, figures in (
        (precision_recall(holdouts, predictions, "test rows"), ["none, AP 1.000", "smote, AP 0.833"]),
        (roc(holdouts, predictions, "test rows"), ["none, AUC 1.000", "smote, AUC 0.875"]),
    ):
        labels = [text.get_text() for text in figure.legends[0].get_texts()]
        assert labels[:2] == figures
        assert labels[-2:] == ["at 0.5", "at t*"]


def test_the_drawn_matrix_has_actual_classes_as_rows():
    axis = confusion_matrices({"smote": {"at 0.5": None, "at t*": [[3, 1], [0, 2]]}}, ["no", "yes"]).axes[1]
    cells = {text.get_position(): text.get_text() for text in axis.texts}
    assert cells == {(0, 0): "3\n75%", (1, 0): "1\n25%", (0, 1): "0\n0%", (1, 1): "2\n100%"}
    assert axis.images[0].get_array().tolist() == [[0.75, 0.25], [0.0, 1.0]]
    assert (axis.get_ylabel(), axis.get_xlabel()) == ("Actual", "Predicted")


def test_bars_carry_their_counts_and_hatches_end_where_the_bar_does():
    axis = class_counts({"smote": [8, 7]}, {"smote": [0, 5]}, ["no", "yes"]).axes[0]
    assert [(text.xy, text.get_text()) for text in axis.texts] == [((8, 0), "8"), ((7, 1), "7")]
    assert [(bar.get_x(), bar.get_width()) for bar in axis.patches if bar.get_hatch()] == [(8, 0), (2, 5)]


@pytest.mark.parametrize("labels", [["no", "yes"], ["a", "b", "c"], [f"a long name of class {k}" for k in range(20)]])
def test_labels_of_a_matrix_do_not_touch_their_neighbors(labels):
    cells = np.arange(len(labels) ** 2).reshape(len(labels), -1).tolist()
    figure = confusion_matrices(dict.fromkeys(["none", "smote"], {"at 0.5": cells, "at t*": cells}), labels)
    figure.canvas.draw()
    for axis in figure.axes:
        ticks = [label.get_window_extent() for label in axis.get_xticklabels() + axis.get_yticklabels()]
        assert not any(one.overlaps(other) for k, one in enumerate(ticks) for other in ticks[k + 1 :] if other.width)
        assert all(figure.bbox.y0 <= tick.y0 and figure.bbox.x0 <= tick.x0 for tick in ticks)


def test_a_matplotlibrc_of_the_user_changes_no_byte(evidence, comparison, pages):
    import matplotlib

    with matplotlib.rc_context({"axes.facecolor": "red", "font.size": 20, "lines.linewidth": 9}):
        assert png(draw(evidence, comparison)["roc"]) == pages["figures/roc.png"]


def test_the_best_possible_rule_ranks_by_the_truth_whatever_a_model_ranks_by(evidence):
    upside_down = {name: rows.assign(score=-rows.probability) for name, rows in evidence.predictions.items()}
    turned = replace(evidence, predictions=upside_down)
    assert best_possible(turned)["threshold_free"]["average_precision"] == 1.0
    drawn = tables(turned, compare(turned))["roc"].query("variant == 'best possible'")
    assert (0.0, 1.0) in set(zip(drawn.false_positive_rate, drawn.true_positive_rate, strict=True))
