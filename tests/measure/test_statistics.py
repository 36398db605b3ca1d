from itertools import pairwise
from math import atan, cos, inf, nan, pi, sin, sqrt

import numpy as np
import pytest
from baycomp import CorrelatedTTest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import nct, norm, ttest_1samp
from scipy.stats import t as student_t
from sklearn.metrics import roc_auc_score

from pipeline.measure.statistics import (
    auc_lower,
    correlated,
    expected_gain,
    holm,
    inflation,
    minimum_detectable,
    reach,
    rows_needed,
    steps,
    student,
)

# Whole thousandths, so that adjusted values can be had exactly.
P_VALUES = st.lists(st.integers(0, 1000), max_size=12)


def test_the_lower_limit_of_a_perfect_auc_by_hand():
    # (1 - L)^2 = z^2 L (1 - L) (1 + 4 ((1 - L) / (2 - L) + L / (1 + L))) / 25 of five and five rows, solved by trial.
    limit = auc_lower(1.0, 5, 5, confidence=0.95)
    spread = 1 + 4 * ((1 - limit) / (2 - limit) + limit / (1 + limit))
    assert (1 - limit) ** 2 == pytest.approx(1.959964**2 * limit * (1 - limit) * spread / 25, rel=1e-6)
    assert 0.6 < limit < 0.7
    assert [round(auc_lower(1.0, rare, 50_000, confidence=0.95), 2) for rare in (5, 10, 50, 200)] == [
        0.81,
        0.90,
        0.98,
        1.0,
    ]


def test_the_lower_limit_of_an_auc_is_below_the_truth_as_often_as_it_says():
    rng = np.random.default_rng(0)
    for distance, positives, negatives in ((0.5, 20, 60), (1.0, 20, 100), (2.33, 30, 300)):
        truth, y = norm.cdf(distance / sqrt(2)), np.repeat([1, 0], [positives, negatives])
        aucs = [roc_auc_score(y, rng.normal(size=len(y)) + distance * y) for _ in range(300)]
        above = np.mean([auc_lower(auc, positives, negatives, confidence=0.95) > truth for auc in aucs])
        assert above <= 0.025 + 2 * sqrt(0.025 * 0.975 / 300)


def test_correlated_of_four_differences_by_hand():
    # Twice two folds: mean 2.5, variance 5/3, error sqrt(5/3 (1/4 + 1)) = sqrt(25/12), t = sqrt(3).
    test = correlated(np.array([4.0, 1.0, 3.0, 2.0]), test_over_train=1.0, rope=1.0, alpha=0.05)
    assert (test.mean, test.df) == (2.5, 3)
    assert test.standard_error == pytest.approx(sqrt(25 / 12), abs=1e-15)
    assert test.t == pytest.approx(sqrt(3), abs=1e-15)

    # At 3 degrees of freedom P(T < t) = 1/2 + (a + sin a cos a) / pi with tan a = t / sqrt(3).
    def below(t):
        angle = atan(t / sqrt(3))
        return 0.5 + (angle + sin(angle) * cos(angle)) / pi

    assert test.p == pytest.approx(0.5 - 1 / pi, abs=1e-14)
    assert test.worse == pytest.approx(below(-3.5 / sqrt(25 / 12)), abs=1e-14)
    assert test.better == pytest.approx(1 - below(-1.5 / sqrt(25 / 12)), abs=1e-14)
    assert test.equivalent == pytest.approx(1 - test.worse - test.better, abs=1e-14)
    # The table's t for 3 degrees of freedom and .975 is 3.182446.
    assert test.low == pytest.approx(2.5 - 3.182446 * sqrt(25 / 12), abs=1e-5)
    assert test.high == pytest.approx(2.5 + 3.182446 * sqrt(25 / 12), abs=1e-5)


def test_correlated_equals_baycomp():
    random = np.random.default_rng(0)
    for repeats, folds in ((1, 2), (1, 5), (10, 5), (3, 10)):
        for effect in (-0.03, 0.0, 0.004, 0.2):
            none = random.uniform(0.3, 0.6, repeats * folds)
            method = none + random.normal(effect, 0.02, repeats * folds)
            theirs = CorrelatedTTest(none, method, rope=0.01, runs=repeats)
            ours = correlated(method - none, test_over_train=1 / (folds - 1), rope=0.01, alpha=0.05)
            assert (ours.worse, ours.equivalent, ours.better) == pytest.approx(theirs.probs(), abs=1e-10)
            assert (ours.mean, ours.standard_error**2, ours.df) == pytest.approx(
                (theirs.mean, theirs.var, theirs.df), abs=1e-12
            )


def test_correlated_without_correction_is_the_plain_t_test():
    random = np.random.default_rng(1)
    for n in (2, 5, 50):
        for effect in (-1.0, 0.0, 30.0):
            differences = random.normal(effect, 1.0, n)
            theirs = ttest_1samp(differences, 0)
            ours = correlated(differences, test_over_train=0.0, rope=0.1, alpha=0.1)
            assert (ours.t, ours.p) == pytest.approx((theirs.statistic, theirs.pvalue), rel=1e-10)
            greater = ttest_1samp(differences, 0, alternative="greater")
            assert ours.p_better == pytest.approx(greater.pvalue, rel=1e-9)
            assert (ours.low, ours.high) == pytest.approx(tuple(theirs.confidence_interval(0.9)), rel=1e-10)


def test_correlated_of_swapped_sides_mirrors():
    differences = np.random.default_rng(2).normal(0.01, 0.03, 50)
    one = correlated(differences, test_over_train=0.25, rope=0.01, alpha=0.05)
    other = correlated(-differences, test_over_train=0.25, rope=0.01, alpha=0.05)
    assert (other.mean, other.t, other.p, other.low, other.high) == pytest.approx(
        (-one.mean, -one.t, one.p, -one.high, -one.low), abs=1e-14
    )
    assert (other.worse, other.equivalent, other.better) == pytest.approx(
        (one.better, one.equivalent, one.worse), abs=1e-14
    )


def test_probability_of_better_without_region_is_the_one_sided_p():
    differences = np.random.default_rng(3).normal(0.05, 0.03, 50)
    test = correlated(differences, test_over_train=0.25, rope=0.0, alpha=0.05)
    assert test.mean > 0
    assert (test.worse, test.equivalent, test.better) == (pytest.approx(test.p / 2, rel=1e-9), 0, 1 - test.worse)
    assert test.worse == pytest.approx(test.p_better, rel=1e-12)


def test_equal_differences_leave_a_point():
    # Fifty times .1: the mean of such floats needn't be .1, nor their variance 0.
    for value, p, posterior in ((0.0, 1, (0, 1, 0)), (0.1, 0, (0, 0, 1)), (-0.1, 0, (1, 0, 0)), (0.01, 0, (0, 1, 0))):
        test = correlated(np.full(50, value), test_over_train=0.25, rope=0.01, alpha=0.05)
        assert (test.mean, test.standard_error, test.low, test.high) == (value, 0, value, value)
        assert (test.df, test.t, test.p) == (49, None, p)
        assert test.p_better == float(value <= 0)
        assert (test.worse, test.equivalent, test.better) == posterior


@pytest.mark.parametrize("differences", [[], [0.1], [0.1, nan], [0.1, inf, 0.2]])
def test_correlated_refuses_what_has_no_variance(differences):
    with pytest.raises(ValueError, match="two or more finite differences"):
        correlated(np.array(differences), test_over_train=0.25, rope=0.01, alpha=0.05)


def test_holm_of_fifteen_p_values_by_hand():
    # P-values of Benjamini & Hochberg 1995, JRSS B 57, section 3.2: times 15, 14, 13, ..., and never below the last.
    given_p = [0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240]
    given_p += [0.4262, 0.5719, 0.6528, 0.7590, 1.0]
    expected = [0.0015, 0.0056, 0.0247, 0.1140, 0.2211, 0.2780, 0.2780, 0.2780, 0.3213, 1.0]
    expected += [1.0] * 5
    assert holm(given_p) == pytest.approx(expected, abs=1e-12)
    assert holm(given_p[::-1]) == pytest.approx(expected[::-1], abs=1e-12)
    assert holm([]) == []
    assert holm([0.04]) == [0.04]


@given(P_VALUES)
def test_holm_rejects_what_its_steps_reject(thousandths):
    adjusted = holm([each / 1000 for each in thousandths])
    for percent in (1, 5, 20, 50):
        # Step down: as long as the smallest p left, times how many are left, is within alpha.
        left = sorted(thousandths)
        while left and left[0] * len(left) <= 10 * percent:
            left.pop(0)
        assert sum(each <= percent / 100 + 1e-12 for each in adjusted) == len(thousandths) - len(left)


@given(P_VALUES, st.randoms(use_true_random=False))
def test_holm_keeps_order_and_lies_between_the_p_and_bonferroni(thousandths, random):
    p = [each / 1000 for each in thousandths]
    adjusted = holm(p)
    assert all(raw <= ours <= min(1, len(p) * raw) for raw, ours in zip(p, adjusted, strict=True))
    in_order = [ours for _, ours in sorted(zip(p, adjusted, strict=True))]
    assert all(small <= large for small, large in pairwise(in_order))
    places = list(range(len(p)))
    random.shuffle(places)
    assert holm([p[i] for i in places]) == [adjusted[i] for i in places]


@pytest.mark.parametrize("p_values", [[0.2, 1.1], [-0.1], [nan, 0.1]])
def test_holm_refuses_what_is_no_probability(p_values):
    with pytest.raises(ValueError, match="p-values in"):
        holm(p_values)


def test_steps_count_the_hypotheses_that_are_left():
    # .005 is below .05 / 4 and .016 below .05 / 3; .03 is not below .05 / 2, so that it and .9 stay at that step.
    assert steps([0.03, 0.005, 0.9, 0.016], alpha=0.05) == [2, 4, 2, 3]
    assert steps([0.02, 0.001], alpha=0.05) == [1, 2]
    assert steps([0.3, 0.2], alpha=0.05) == [2, 2]
    assert steps([], alpha=0.05) == []


@given(P_VALUES)
def test_a_p_value_below_alpha_over_its_step_is_what_holm_rejects(thousandths):
    p = [each / 1000 for each in thousandths]
    # With this alpha no p times a count of hypotheses is alpha, up to rounding.
    rejected = [adjusted < 0.0500001 for adjusted in holm(p)]
    assert [each < 0.0500001 / left for each, left in zip(p, steps(p, alpha=0.0500001), strict=True)] == rejected


def test_a_bound_reaches_as_far_as_students_quantile():
    assert reach(2.0, 9, alpha=0.05) == pytest.approx(2 * student_t.ppf(0.95, 9), rel=1e-12)
    assert reach(0.0, 9, alpha=0.05) == 0


def test_expected_gain_equals_the_integral():
    for df in (2, 4, 9, 49):
        for mean in (-0.1, -0.02, 0.0, 0.004, 0.05):
            for error in (0.002, 0.02):
                density = student_t(df, loc=mean, scale=error)
                centre = [point for point in (mean - 9 * error, mean, mean + 9 * error) if point > 0]
                edges = [0.0, *centre, inf]
                parts = [quad(lambda x, d=density: x * d.pdf(x), *pair, epsabs=1e-13)[0] for pair in pairwise(edges)]
                found = expected_gain(student(mean, error, df, rope=0.01, alpha=0.05))
                assert found == pytest.approx(sum(parts), rel=1e-6, abs=1e-11), (df, mean, error)


def test_expected_gain_of_many_degrees_of_freedom_is_the_unit_normal_loss():
    for mean, error in ((-0.02, 0.01), (0.0, 0.01), (0.005, 0.02)):
        u = mean / error
        normal = error * (norm.pdf(u) + u * norm.cdf(u))
        assert expected_gain(student(mean, error, 10**7, rope=0.01, alpha=0.05)) == pytest.approx(normal, rel=1e-5)


def test_expected_gain_of_a_point_is_the_point_and_of_one_degree_of_freedom_there_is_none():
    assert expected_gain(student(0.03, 0.0, 49, rope=0.01, alpha=0.05)) == 0.03
    assert expected_gain(student(-0.03, 0.0, 49, rope=0.01, alpha=0.05)) == 0
    assert expected_gain(student(0.03, 0.01, 1, rope=0.01, alpha=0.05)) is None
    assert expected_gain(student(-0.5, 0.01, 49, rope=0.01, alpha=0.05)) >= 0


def test_minimum_detectable_of_many_degrees_of_freedom_by_hand():
    # 1.644854 + .841621 and, at alpha .01 and power .9, 2.326348 + 1.281552.
    assert minimum_detectable(2.0, 10**9, alpha=0.05) == pytest.approx(2 * 2.486475, abs=1e-5)
    assert minimum_detectable(1.0, 10**9, alpha=0.01, power=0.9) == pytest.approx(3.607900, abs=1e-5)


def test_minimum_detectable_is_found_with_about_its_power():
    # Exact by the noncentral t; and at 4 degrees of freedom 1.1 % less gives the whole .8.
    for df, less, power in ((49, 1, 0.8011), (9, 1, 0.8050), (4, 1, 0.8072), (4, 0.98924, 0.8)):
        difference = less * minimum_detectable(1.0, df, alpha=0.05, power=0.8)
        assert nct.sf(student_t.ppf(1 - 0.05, df), df, difference) == pytest.approx(power, abs=1e-4)


def test_minimum_detectable_is_beyond_the_region():
    # The estimate must pass the larger of 1.64 errors and the region.
    assert minimum_detectable(1.0, 10**9, alpha=0.05, rope=1.6) == minimum_detectable(1.0, 10**9, alpha=0.05)
    assert minimum_detectable(1.0, 10**9, alpha=0.05, rope=3.0) == pytest.approx(3.841621, abs=1e-5)
    assert minimum_detectable(0.0, 49, alpha=0.05, rope=0.01) == 0.01


def test_a_variance_of_folds_is_inflated_by_what_they_share_and_rows_grow_with_the_square():
    # Nadeau & Bengio: 1 / (K R) + 1 / (K - 1)
    assert inflation(50, 1 / 4) == pytest.approx(0.27)
    assert rows_needed(50, shrinking=0.5) == 200
    assert rows_needed(50, shrinking=1.0) == 50
