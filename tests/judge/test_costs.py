import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import t

from pipeline.judge import cost_map, costs, net_benefit
from pipeline.measure.calibration import correct_prior
from pipeline.table.weights import ones


def mapped(rows, **how):
    """The cost map of folds that are as large as each other."""
    first = next(iter(rows.values()))
    return cost_map.cost_map(rows, test_over_train=1 / (first.fold.nunique() - 1), **how)


def frame(*repeats):
    """Each repeat a list of rows: fold, y, probability."""
    rows = [(number, *row) for number, held in enumerate(repeats) for row in held]
    columns = ["repeat", "fold", "y", "probability"]
    index = [place for held in repeats for place in range(len(held))]
    return pd.DataFrame(rows, columns=columns, index=pd.Index(index, name="row_id")).assign(converged=True)


def test_balancing_one_in_twenty_says_that_a_miss_costs_nineteen_false_alarms():
    assert costs.implied_cost_ratio(trained=0.5, true=0.05) == pytest.approx(19)
    # To one positive in three: 1/2 over 1/19.
    assert costs.implied_cost_ratio(trained=1 / 3, true=0.05) == pytest.approx(9.5)
    assert costs.implied_cost_ratio(trained=0.05, true=0.05) == 1


def test_the_threshold_of_a_cost_ratio_is_where_both_mistakes_cost_the_same():
    assert costs.cost_threshold(19) == 0.05
    # A row positive with probability .05: 19 x .05 if it is missed, .95 if it is alerted on.
    assert costs.cost_threshold(1) == 0.5


@given(st.floats(0.01, 1000), st.floats(0.001, 0.999))
def test_balancing_for_a_ratio_and_the_ratio_of_a_balance_are_inverse(ratio, true):
    trained = costs.prevalence_for(ratio, true=true)
    assert costs.implied_cost_ratio(trained=trained, true=true) == pytest.approx(ratio)
    # At 0.5 of the balanced model, the corrected probability is the threshold of the ratio.
    corrected = correct_prior(np.array(0.5), trained=trained, true=true)
    assert corrected == pytest.approx(costs.cost_threshold(ratio))


def test_translation_goes_both_ways():
    assert costs.translation(trained=0.5, true=0.05) == (
        "Balancing to 50% positives and deciding at 0.5 treats one false negative as costly as 19 false positives. To "
        "get the same without balancing, predict positive if the calibrated probability is at least 0.05."
    )
    # 4 / 19 of odds is 4 / 23.
    assert costs.translation(trained=0.5, true=0.05, ratio=4).endswith(
        "If one costs you as much as 4 false positives, predict positive if the calibrated probability is at "
        "least 0.2, or balance to 17.4% and decide at 0.5."
    )
    assert "as costly as 9,999 false positives" in costs.translation(trained=0.5, true=0.0001)
    assert "the calibrated probability is at least 0.0001." in costs.translation(trained=0.5, true=0.0001)
    assert "as costly as 1 false positive. " in costs.translation(trained=0.5, true=0.5)


@pytest.mark.parametrize("proportion", [0, 1, float("nan")])
def test_proportions_that_are_none_are_refused(proportion):
    with pytest.raises(ValueError, match="proportion of positives between 0 and 1"):
        costs.implied_cost_ratio(trained=0.5, true=proportion)


@pytest.mark.parametrize("ratio", [0, -1, float("inf"), float("nan")])
def test_ratios_that_are_not_ratios_are_refused(ratio):
    with pytest.raises(ValueError, match="finite cost ratio above 0"):
        costs.cost_threshold(ratio)


# Two folds of three rows. What fold 1 teaches is tried on fold 0, and the other way round.
PLAIN = frame([(0, 0, 0.1), (0, 1, 0.2), (0, 0, 0.6), (1, 0, 0.3), (1, 1, 0.4), (1, 0, 0.1)])


def test_costs_and_thresholds_of_six_rows_by_hand():
    one, three = mapped({"none": PLAIN}, ratios=[1, 3], alpha=0.05)
    # At 1: fold 1 says .4 (costs nothing), on fold 0: one false alarm at .6 and one miss, 2/3. Fold 0 says nothing at
    # all (one miss, and .2 costs one alarm as well): on fold 1 one miss, 1/3. The median of .4 and above all is above.
    assert one["variants"]["none"]["cost"] == pytest.approx((2 / 3 + 1 / 3) / 2)
    assert one["variants"]["none"]["threshold"] is None
    # At 3: fold 1 says .4 again, on fold 0: (1 + 3) / 3. Fold 0 says .2, on fold 1: one false alarm at .3, 1/3.
    assert three["variants"]["none"]["cost"] == pytest.approx((4 / 3 + 1 / 3) / 2)
    assert three["variants"]["none"]["threshold"] == pytest.approx(0.3)
    assert (one["alert_on_all"], one["alert_on_none"]) == pytest.approx((2 / 3, 1 / 3))
    assert (three["alert_on_all"], three["alert_on_none"]) == pytest.approx((2 / 3, 1))


def test_differences_are_paired_over_folds_and_corrected_for_shared_training_rows():
    # The method ranks fold 0 rightly: at 3, fold 1 says .4 and fold 0 .5; costs 0 and 1 (the miss at .4), 3/3.
    method = PLAIN.assign(probability=[0.1, 0.5, 0.2, 0.3, 0.4, 0.1])
    (found,) = mapped({"none": PLAIN, "method": method}, ratios=[3], alpha=0.1)
    assert found["variants"]["method"]["cost"] == pytest.approx((0 + 1) / 2)
    # Differences 0 - 4/3 and 1 - 1/3: mean -1/3, variance 2; two folds: 1/2 + 1/1.
    half = t.ppf(0.95, 1) * np.sqrt(2 * 1.5)
    expected = {"mean": -1 / 3, "low": -1 / 3 - half, "high": -1 / 3 + half}
    assert found["variants"]["method"]["difference"] == pytest.approx(expected)
    assert (found["cheapest"], found["significant"]) == ("method", False)


def test_nothing_is_chosen_on_the_rows_it_is_counted_on():
    rng = np.random.default_rng(0)
    noise = [[(fold, y, p) for fold in range(5) for y, p in zip([1, 0] * 5, rng.random(10), strict=True)]] * 3
    before = frame(*noise)
    held = (before.repeat == 0) & (before.fold == 0)
    _, threshold = cost_map._held(before, np.array([1.0, 2.0]))
    # Whatever the held rows are, their threshold stays.
    garbled = before.assign(probability=before.probability.where(~held, 0.999), y=before.y.where(~held, 1))
    _, again = cost_map._held(garbled, np.array([1.0, 2.0]))
    assert (threshold[0] == again[0]).all()
    assert (threshold[1:5] != again[1:5]).any()


def brute(rows, ratio):
    """Mean cost with every threshold tried on the other folds of the repeat, from the highest down."""
    found = []
    for _, repeat in rows.groupby("repeat"):
        for fold in sorted(repeat.fold.unique()):
            fit, held = repeat[repeat.fold != fold], repeat[repeat.fold == fold]

            def cost(part, at):
                called = part.probability >= at
                return int((called & (part.y == 0)).sum()) + ratio * int((~called & (part.y == 1)).sum())

            choices = [np.inf, *sorted(fit.probability.unique(), reverse=True)]
            best = min(choices, key=lambda at: cost(fit, at))  # the first of equal ones
            best = -np.inf if best == fit.probability.min() else best
            found.append(cost(held, best) / len(held))
    return np.mean(found)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.lists(st.tuples(st.integers(0, 1), st.integers(1, 6)), min_size=6, max_size=6), min_size=1, max_size=3),
    st.lists(st.sampled_from([0.25, 0.5, 1, 2, 7, 50]), min_size=1, max_size=3, unique=True),
)
def test_costs_equal_brute_force(repeats, ratios):
    rows = frame(*([(place // 2, y, p / 8) for place, (y, p) in enumerate(held)] for held in repeats))
    found = mapped({"none": rows}, ratios=sorted(ratios), alpha=0.05)
    for each in found:
        assert each["variants"]["none"]["cost"] == pytest.approx(brute(rows, each["ratio"]))


def test_dear_misses_alert_on_all_rows_and_cheap_ones_on_none():
    rows = frame([(fold, y, p) for fold in (0, 1) for y, p in ((1, 0.3), (0, 0.4), (1, 0.1), (0, 0.2))])
    # Below every probability among the other rows there is still this one.
    rows.loc[0, "probability"] = 0.05
    cheap, dear = mapped({"none": rows}, ratios=[0.1, 1000], alpha=0.05)
    assert (cheap["variants"]["none"]["threshold"], dear["variants"]["none"]["threshold"]) == (None, 0.0)
    assert cheap["variants"]["none"]["cost"] == pytest.approx(cheap["alert_on_none"])
    assert dear["variants"]["none"]["cost"] == pytest.approx(dear["alert_on_all"])


def test_of_equal_costs_the_reference_is_cheapest_and_then_the_first():
    better = PLAIN.assign(probability=[0.1, 0.5, 0.2, 0.3, 0.4, 0.1])
    (found,) = mapped({"b": better, "a": better, "none": PLAIN}, ratios=[3], alpha=0.05)
    assert found["cheapest"] == "b"
    (found,) = mapped({"a": PLAIN, "none": PLAIN}, ratios=[3], alpha=0.05)
    assert (found["cheapest"], found["significant"]) == ("none", False)


def test_a_method_that_ranks_better_is_cheaper_and_significantly_so():
    rng = np.random.default_rng(0)
    y = np.tile([1, 0, 0, 0], 250)
    fold = np.repeat(np.arange(5), 200)
    good, poor = (frame(list(zip(fold, y, p, strict=True))) for p in (
        1 / (1 + np.exp(1 - 3 * y + rng.normal(size=1000))), rng.random(1000)))  # fmt: skip
    found = mapped({"none": poor, "smote": good}, ratios=[1, 2, 3], alpha=0.05)
    assert all(each["cheapest"] == "smote" and each["significant"] for each in found)
    assert cost_map.changes(found) == [
        "A method is significantly cheaper than none at 3 of 3 cost ratios.",
        "smote is cheapest where a false negative costs 1 to 3 false positives (significantly).",
    ]
    turned = mapped({"none": good, "smote": poor}, ratios=[1, 2, 3], alpha=0.05)
    # The poor one costs significantly more: it isn't the cheapest, so that counts for nothing.
    assert cost_map.excludes_zero(turned[0]["variants"]["smote"]["difference"])
    assert not any(each["significant"] for each in turned)


def test_changes_say_where_the_cheapest_changes_and_how_surely():
    def at(ratio, cheapest, beyond, other=0.1):
        high = {"none": 0.0, cheapest: -0.1 if beyond else 0.1, "other": other}
        variants = {name: {"difference": {"high": end}} for name, end in high.items()}
        here = {"ratio": ratio, "reference": "none", "cheapest": cheapest}
        return {**here, "significant": beyond, "variants": variants}

    found = [at(1, "none", False), at(2, "smote", False), at(4, "smote", True), at(8, "under", False, other=-0.1)]
    assert cost_map.changes(found) == [
        # At 8 it is one that is not the cheapest on average.
        "A method is significantly cheaper than none at 2 of 4 cost ratios.",
        "none is cheapest where a false negative costs 1 false positive.",
        "smote is cheapest where a false negative costs 2 to 4 false positives (significantly only at 4).",
        "under is cheapest where a false negative costs 8 false positives (not significantly).",
    ]
    assert cost_map.changes(found[:2])[0] == "A method is significantly cheaper than none at 0 of 2 cost ratios."


def test_maps_without_reference_or_of_other_folds_or_falling_ratios_are_refused():
    with pytest.raises(ValueError, match="expected the reference 'none' among the variants, found \\['smote'\\]"):
        mapped({"smote": PLAIN}, ratios=[1], alpha=0.05)
    with pytest.raises(ValueError, match="expected 'smote' to have the rows and folds of 'none'"):
        mapped({"none": PLAIN, "smote": PLAIN.assign(fold=1 - PLAIN.fold)}, ratios=[1], alpha=0.05)
    with pytest.raises(ValueError, match="expected rising ratios"):
        mapped({"none": PLAIN}, ratios=[2, 1], alpha=0.05)


def test_net_benefit_of_four_rows_by_hand():
    y, probability = np.array([1, 0, 1, 0]), np.array([0.8, 0.5, 0.2, 0.1])
    # From 0: 2/4 - 2/4 x 0. From .2: 2/4 - 1/4 x 1/4. From .5: 1/4 - 1/4 x 1. From .75: 1/4. From .9: nothing.
    found = net_benefit.net_benefit(y, probability, np.array([0, 0.2, 0.5, 0.75, 0.9]), ones(4))
    assert found == pytest.approx([0.5, 0.4375, 0, 0.25, 0])


def test_treating_all_has_the_net_benefit_of_a_model_that_always_alerts():
    thresholds = np.linspace(0, 0.99, 12)
    y = np.array([1, 0, 0, 0, 0])
    expected = net_benefit.net_benefit(y, np.ones(5), thresholds, ones(5))
    assert net_benefit.treat_all(0.2, thresholds) == pytest.approx(expected)
    # Worth nothing where the threshold is the prevalence.
    assert net_benefit.treat_all(0.2, np.array([0.2])) == pytest.approx([0])


@pytest.mark.parametrize("threshold", [-0.1, 1, np.nan])
def test_thresholds_of_net_benefit_outside_their_range_are_refused(threshold):
    with pytest.raises(ValueError, match="thresholds from 0 to below 1"):
        net_benefit.treat_all(0.5, np.array([threshold]))
