import numpy as np
import pandas as pd
import pytest

from pipeline.report import answer
from pipeline.report.explorer import STEPS, explorer
from pipeline.report.figures.thresholds import distributions, thresholds


def test_a_sentence_parts_after_the_decision():
    said = "Keep the model as it is, and move its threshold from 0.5 to 0.095. None of 5 methods is better. Really."
    decision = "Keep the model as it is, and move its threshold from 0.5 to 0.095."
    assert answer.parted(said) == (decision, "None of 5 methods is better. Really.")
    assert answer.parted("No verdict: there is no method to compare.") == (
        "No verdict: there is no method to compare.",
        "",
    )


def test_gains_are_drawn_in_proportion_and_nothing_is_cut_off(said):
    drawn = answer.gains(said)
    (method,), (smote,) = drawn["methods"], said["methods"]
    # Four hundredths of the whole range are kept free at either end.
    ends = [-said["declared"]["rope"], said["declared"]["rope"], smote["low"], smote["high"]]
    unit = 100 / (1.08 * (max(ends) - min(ends)))
    assert method["width"] == pytest.approx(unit * (smote["high"] - smote["low"]), abs=0.02)
    assert method["at"] - drawn["zero"] == pytest.approx(unit * smote["mean"], abs=0.02)
    assert drawn["rope"]["width"] == pytest.approx(unit * 0.02, abs=0.02)
    assert 3 < method["left"] <= method["at"] <= method["left"] + method["width"] < 97
    assert answer.gains({**said, "methods": []}) is None


def test_gains_without_any_width_can_be_drawn(said):
    still = {**said["methods"][0], "low": 0.0, "mean": 0.0, "high": 0.0}
    drawn = answer.gains({**said, "methods": [still], "declared": {**said["declared"], "rope": 0.0}})
    assert (drawn["zero"], drawn["methods"][0]["at"]) == (50.0, 50.0)


def model(coefficients):
    return {"variant": "none", "model": {"coefficients": coefficients}}


def test_the_largest_coefficients_come_first_and_the_rest_is_counted():
    many = {f"x{number}": (-1) ** number * number for number in range(20)}
    found = answer.coefficients({"verdict": {"variant": None}, "variants": [model({"positive": many})]})
    assert (found["variant"], found["names"], found["more"]) == ("none", ["positive"], 20 - answer.MOST)
    assert list(found["features"].items())[:2] == [("x19", [-19]), ("x18", [18])]
    several = answer.coefficients(
        {"verdict": {"variant": "none"}, "variants": [model({"a": {"x": 1.0, "y": 3.0}, "b": {"x": -4.0, "y": 0.0}})]}
    )
    assert several["features"] == {"x": [1.0, -4.0], "y": [3.0, 0.0]}


@pytest.mark.parametrize("coefficients", [None, {}])
def test_a_model_without_coefficients_shows_none(coefficients):
    assert answer.coefficients({"verdict": {"variant": "none"}, "variants": [model(coefficients)]}) is None


def test_each_step_of_the_slider_has_the_matrix_of_its_threshold(evidence):
    found = explorer(evidence, ["none", "smote"])
    # TIMID: 0.6 and 0.3 buy, then 0.2, 0.15, 0.1 and 0.05 don't.
    assert found["none"]["threshold"] == ["0.600", "0.300", "0.200", "0.150", "0.100", "0.050"]
    assert (found["none"]["tp"], found["none"]["fp"]) == ([1, 2, 2, 2, 2, 2], [0, 0, 1, 2, 3, 4])
    assert (found["none"]["fn"], found["none"]["tn"]) == ([1, 0, 0, 0, 0, 0], [4, 4, 3, 2, 1, 0])
    tuned = evidence.results["none"]["holdout"]["tuned"]
    start = found["none"]["start"]
    assert [found["none"][cell][start] for cell in ("tn", "fp", "fn", "tp")] == [
        tuned[cell] for cell in ("tn", "fp", "fn", "tp")
    ]


def test_a_long_slider_has_its_steps_where_few_rows_are_called_and_reaches_both_ends(evidence):
    random = np.random.default_rng(0)
    rows = pd.DataFrame({"y": random.integers(0, 2, 5000), "probability": random.random(5000)})
    evidence.predictions["none"] = rows
    found = explorer(evidence, ["none"])["none"]
    called = [tp + fp for tp, fp in zip(found["tp"], found["fp"], strict=True)]
    assert len(called) <= STEPS
    assert (called[:3], called[-1]) == ([1, 2, 3], 5000)


def test_a_slider_starts_at_the_tuned_threshold_with_the_matrix_of_the_tables(evidence):
    for name, at in explorer(evidence, ["none", "smote"]).items():
        tuned, start = evidence.results[name]["holdout"]["tuned"], at["start"]
        assert at["threshold"][start] == f"{tuned['threshold']:.3f}"
        assert {cell: at[cell][start] for cell in ("tn", "fp", "fn", "tp")} == {
            cell: tuned[cell] for cell in ("tn", "fp", "fn", "tp")
        }


def test_precision_and_recall_are_drawn_where_their_threshold_is(evidence):
    holdouts = {name: result["holdout"] for name, result in evidence.results.items()}
    (axis,) = thresholds(evidence.predictions, holdouts).axes
    recall, precision = (line.get_ydata().tolist() for line in axis.lines[:2])
    # From 0.6 on one of two is found, from 0.3 on both; from 0.2 on with a false alarm.
    assert (recall[:-4:-1], precision[:-4:-1]) == ([0.5, 1.0, 1.0], [1.0, 1.0, 2 / 3])
    odds = np.log(np.array([0.6, 0.3, 0.2]) / np.array([0.4, 0.7, 0.8]))
    assert axis.lines[0].get_xdata()[:-4:-1] == pytest.approx(odds)
    # Between two rows it is what the upper one has: the value holds to the left of each point.
    assert axis.lines[0].get_drawstyle() == "steps-pre"


def test_the_rows_of_each_class_add_up_to_one(evidence):
    axes = distributions(evidence.predictions, {name: each["holdout"] for name, each in evidence.results.items()}).axes
    assert axes[0].get_ylim() == axes[1].get_ylim()
    for axis in axes:
        for class_ in axis.patches:
            assert class_.get_data().values.sum() == pytest.approx(1.0)


def test_without_the_baseline_the_first_variant_is_at_large(comparison):
    assert answer.leaders(comparison) == ["none", "smote"]
    comparison["variants"] = [v for v in comparison["variants"] if v["variant"] == "smote"]
    comparison["verdict"]["leading"] = None
    assert answer.leaders(comparison) == ["smote"]
