import matplotlib.colors
import numpy as np
import pandas as pd
import pytest
from weighted import folded, repeated, visits

from pipeline.judge.cost_map import cost_map
from pipeline.report.figures.calibration import _ticks, reliability
from pipeline.report.figures.components import components
from pipeline.report.figures.costs import cost_map as draw_costs
from pipeline.report.figures.costs import decision_curve
from pipeline.report.figures.points import (
    cost_points,
    decision_points,
    precision_recall_points,
    reliability_points,
    roc_points,
)
from pipeline.report.figures.style import COLORS, png, styled

# Ten positives among forty rows, in two folds; the second model doubles the odds, and ranks the rows backwards.
Y = np.array([0, 0, 0, 1] * 10)
TIMID = np.linspace(0.01, 0.6, 40)
BOLD = 2 * TIMID / (1 + TIMID)
FRAME = pd.DataFrame({"repeat": 0, "fold": np.repeat([0, 1], 20), "y": Y}).rename_axis("row_id")
FRAMES = {"none": FRAME.assign(probability=TIMID), "smote": FRAME.assign(probability=BOLD[::-1])}
ROWS = pd.DataFrame(
    {
        "first": [0.0, 1.0, 2.0, 3.0, 2.5],
        "second": [1.0, 0.0, 1.0, 2.0, 1.5],
        "positive": [False, False, True, True, True],
        "synthetic": [False, False, False, False, True],
    }
)
DRAWN = {
    "reliability": lambda: reliability({"raw": FRAMES, "prior-corrected": FRAMES}),
    "cost_map": lambda: draw_costs(costs()),
    "decision_curve": lambda: decision_curve(FRAMES),
    "components": lambda: components({"none": ROWS[~ROWS.synthetic], "smote": ROWS}),
}


def costs():
    return cost_map(FRAMES, ratios=[1, 3, 10], test_over_train=1.0, alpha=0.05)


def line(axis, label):
    (found,) = [each for each in axis.lines if each.get_label() == label]
    return found


@pytest.mark.parametrize("name", DRAWN)
def test_a_figure_is_the_same_bytes_twice(name):
    with styled():
        first, second = png(DRAWN[name]()), png(DRAWN[name]())
    assert first == second
    assert first.startswith(b"\x89PNG")


def test_reliability_bins_of_equal_count_by_hand():
    # Twenty rows, two a bin.
    rows = pd.DataFrame({"y": [0, 0, 0, 1] + [0, 1] * 7 + [1, 1], "probability": np.arange(1, 21) / 20})
    points = reliability_points(rows)
    assert points.predicted.to_list() == pytest.approx(list(np.arange(3, 42, 4) / 40))
    assert points.observed.to_list() == [0.0, *[0.5] * 8, 1.0]


def test_rows_of_equal_probability_share_a_bin():
    rows = pd.DataFrame({"y": [0, 0, 1, 0, 1], "probability": [0.2, 0.2, 0.2, 0.2, 0.9]})
    points = reliability_points(rows)
    assert points.predicted.to_list() == pytest.approx([0.2, 0.9])
    assert points.observed.to_list() == [0.25, 1.0]
    assert len(reliability_points(rows.assign(probability=0.3))) == 1


def test_reliability_goes_by_weight_within_its_bins():
    rows = pd.DataFrame({"y": [0, 1, 0, 1], "probability": [0.2, 0.2, 0.6, 0.6], "weight": [3.0, 1.0, 1.0, 4.0]})
    points = reliability_points(rows)
    assert points.predicted.tolist() == pytest.approx([0.2, 0.6])
    assert points.observed.tolist() == pytest.approx([1 / 4, 4 / 5])


def test_what_is_drawn_with_whole_weights_is_that_of_repeated_rows():
    y, probability, weight = visits()
    rows = folded(y, probability, weight)
    for points in (precision_recall_points, roc_points):
        pd.testing.assert_frame_equal(points(rows), points(repeated(rows)), rtol=1e-12)
    at = np.linspace(0, 0.6, 30)
    assert decision_points(rows, at).to_numpy() == pytest.approx(
        decision_points(repeated(rows), at).to_numpy(), rel=1e-12, abs=1e-14
    )


def test_reliability_draws_each_variants_bins_in_each_panel():
    axes = reliability({"raw": FRAMES, "Platt": {"none": FRAMES["none"]}}).axes
    assert [axis.get_title(loc="left") for axis in axes] == ["raw", "Platt"]
    expected = reliability_points(FRAMES["smote"])
    assert np.array_equal(line(axes[0], "smote").get_xydata(), expected.to_numpy())
    # The first bin has rows 0 to 3, as probabilities rise.
    assert line(axes[1], "none").get_xydata()[0] == pytest.approx([TIMID[:4].mean(), 0.25])


def test_reliability_shows_bins_without_a_positive():
    axis = reliability({"raw": {"none": FRAMES["none"].assign(y=0)}}).axes[0]
    low, high = axis.get_ylim()
    assert low < 0 < high


@pytest.mark.parametrize("most", [0.004, 0.02, 0.1, 0.37, 0.6, 1.0])
def test_root_scales_have_ticks_over_their_whole_range(most):
    ticks = np.array(_ticks(most))
    assert (np.diff(ticks) > 0).all()
    assert (ticks <= most).sum() >= 4


def test_cost_map_draws_differences_as_shares_of_what_the_reference_costs():
    found = costs()
    axis, strip = draw_costs(found).axes
    middle = found[1]["variants"]
    x, y = line(axis, "smote").get_xydata()[1]
    assert x == 3
    assert y == pytest.approx((middle["smote"]["cost"] - middle["none"]["cost"]) / middle["none"]["cost"])
    assert len(strip.patches) == 3


def entry(ratio, *, mean, low, high, cheapest):
    none = {"cost": 0.5, "threshold": 0.1, "difference": {"mean": 0.0, "low": 0.0, "high": 0.0}}
    smote = {"cost": 0.5 + mean, "threshold": 0.6, "difference": {"mean": mean, "low": low, "high": high}}
    beyond = cheapest != "none" and high < 0
    return {
        "ratio": ratio,
        "reference": "none",
        "variants": {"none": none, "smote": smote},
        "alert_on_all": 0.9,
        "alert_on_none": 0.1 * ratio,
        "cheapest": cheapest,
        "significant": beyond,
    }


def test_cost_map_is_bold_only_where_significant_and_its_strip_names_the_cheapest():
    found = [
        entry(1.0, mean=-0.1, low=-0.2, high=-0.05, cheapest="smote"),
        entry(4.0, mean=-0.1, low=-0.2, high=0.05, cheapest="smote"),
        entry(16.0, mean=0.1, low=-0.2, high=0.3, cheapest="none"),
        entry(64.0, mean=0.2, low=0.1, high=0.3, cheapest="none"),
    ]
    axis, strip = draw_costs(found).axes
    (bold,) = [each for each in axis.lines if each.get_linewidth() == 3.5 and len(each.get_xdata()) == 4]
    assert np.asarray(bold.get_ydata()) == pytest.approx([-0.2, np.nan, np.nan, 0.4], nan_ok=True)
    # Borders half-way in logarithms.
    assert [patch.get_x() for patch in strip.patches] == pytest.approx([0.5, 2, 8, 32])
    colors = [matplotlib.colors.to_hex(patch.get_facecolor()).upper() for patch in strip.patches]
    assert colors == [COLORS[1]] * 2 + [COLORS[0]] * 2
    assert [patch.get_alpha() for patch in strip.patches] == [0.9, 0.3, 0.9, 0.9]


def test_cost_map_of_a_reference_without_costs_or_of_one_ratio_can_be_drawn():
    free = entry(2.0, mean=0.1, low=0.05, high=0.2, cheapest="none")
    free["variants"]["none"]["cost"] = 0.0
    assert np.isnan(cost_points([free], "smote").difference).all()
    png(draw_costs([free]))


def test_decision_curve_draws_net_benefit_and_both_rules():
    axis = decision_curve(FRAMES).axes[0]
    x, y = line(axis, "none").get_xydata()[0]
    # From 0 on every row is alerted on: the benefit is the prevalence.
    assert (x, y) == (0.0, 0.25)
    assert line(axis, "alert on all").get_xydata()[0] == pytest.approx([0.0, 0.25])
    x, y = line(axis, "none").get_xydata()[100]
    called = x <= TIMID
    assert y == pytest.approx((Y[called].sum() - (1 - Y[called]).sum() * x / (1 - x)) / 40)
    assert line(axis, "alert on none").get_ydata()[0] == 0
    assert -0.25 < axis.get_ylim()[0] < 0


def test_components_draw_each_group_where_its_rows_are_and_name_those_there_are():
    figure = components({"none": ROWS[~ROWS.synthetic], "smote": ROWS})
    none, smote = figure.axes
    assert line(smote, "synthetic positive").get_xydata().tolist() == [[2.5, 1.5]]
    assert line(none, "synthetic positive").get_xydata().tolist() == []
    assert line(none, "negative").get_xydata().tolist() == [[0.0, 1.0], [1.0, 0.0]]
    assert (none.get_xlim(), none.get_ylim()) == (smote.get_xlim(), smote.get_ylim())
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["negative", "synthetic positive", "positive"]


def test_legends_stay_within_their_picture_and_beside_the_title_however_many_and_long_the_names():
    names = ["none", *(f"instance_hardness_threshold_{number}" for number in range(17))]
    rows = pd.DataFrame({"y": [0, 0, 1, 1], "probability": [0.1, 0.6, 0.5, 0.9]})
    forms = {title: dict.fromkeys(names, rows) for title in ("raw", "Platt")}
    for figure in (reliability(forms), decision_curve(forms["Platt"])):
        figure.canvas.draw()
        legend = figure.legends[0].get_window_extent()
        assert not any(legend.overlaps(axis._left_title.get_window_extent()) for axis in figure.axes)
        assert figure.bbox.x0 <= legend.x0 < legend.x1 <= figure.bbox.x1
        assert figure.bbox.y0 <= legend.y0 < legend.y1 <= figure.bbox.y1
