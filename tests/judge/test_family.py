import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import t as student_t

from pipeline.judge.family import evidence, judged
from pipeline.measure.statistics import student

HOW = {"rope": 0.01, "alpha": 0.05}
GAINS = st.tuples(st.floats(-0.2, 0.2), st.floats(1e-4, 0.1))  # mean and standard error


def of(*gains, df=49):
    """Methods a, b, ... with these means and standard errors."""
    tests = {name: student(*gain, df, **HOW) for name, gain in zip("abcdefgh", gains, strict=False)}
    return judged(tests, **HOW)


def test_bounds_of_three_methods_by_hand():
    # One-sided p of t 3, 2, 0 with 49 degrees of freedom: .0021 < .05 / 3, .0255 > .05 / 2: only the first is rejected.
    methods = of((0.03, 0.01), (0.02, 0.01), (0.0, 0.01))
    reach = {k: 0.01 * student_t.ppf(1 - 0.05 / k, 49) for k in (1, 2, 3)}
    assert [methods[name].low for name in "abc"] == pytest.approx([0.03 - reach[3], 0.02 - reach[2], 0 - reach[2]])
    assert [methods[name].high for name in "abc"] == pytest.approx([mean + reach[1] for mean in (0.03, 0.02, 0)])
    assert [methods[name].call for name in "abc"] == ["BETTER", "INCONCLUSIVE", "INCONCLUSIVE"]


def test_of_one_method_the_bounds_are_not_adjusted_and_one_sided():
    method = of((0.018, 0.01))["a"]
    # t is 1.8: significant one-sided, and not two-sided.
    assert method.call == "BETTER"
    assert method.low == pytest.approx(0.018 - 0.01 * student_t.ppf(0.95, 49))
    assert method.high == pytest.approx(0.018 + 0.01 * student_t.ppf(0.95, 49))
    assert method.p_better_holm < 0.05 < method.p_holm


def test_a_loss_is_worse_only_where_the_two_sided_test_rejects():
    # t is -1.8: only the one-sided bound is below 0.
    close, clear = of((-0.018, 0.01))["a"], of((-0.03, 0.01))["a"]
    assert close.high == pytest.approx(-0.018 + 0.01 * student_t.ppf(0.95, 49))
    assert close.high < 0
    assert close.call == "NOT BETTER"
    assert clear.high < 0
    assert clear.high == pytest.approx(-0.03 + 0.01 * student_t.ppf(0.975, 49))
    assert clear.call == "WORSE"
    # Of many, a loss may be significant at Holm's last step alone.
    many = of(*[(-0.09, 0.01)] * 5, (-0.022, 0.01))["f"]
    assert many.call == "WORSE"
    assert many.high < 0
    assert many.high == pytest.approx(-0.022 + 0.01 * student_t.ppf(0.975, 49))


@given(st.lists(GAINS, min_size=1, max_size=8), st.sampled_from([1, 4, 49]))
def test_bounds_agree_with_holm(gains, df):
    for method in of(*gains, df=df).values():
        assert (method.low > 0) == (method.p_better_holm < 0.05)
        assert (method.high < 0) >= (method.p_holm < 0.05 and method.test.mean < 0)
        assert method.low <= method.test.mean <= method.high
        assert method.call != "BETTER" or method.low > 0
        assert method.call != "WORSE" or method.high < 0


@given(st.lists(GAINS, min_size=1, max_size=8), st.sampled_from([1, 4, 49]))
def test_upper_ends_agree_with_the_evidence(gains, df):
    methods = of(*gains, df=df)
    below = max(method.high for method in methods.values()) < 0.01
    assert below == all(method.test.better < 0.05 for method in methods.values())
    assert (evidence(methods, alpha=0.05) == "proven_not_better") <= below
    # And with the calls, where none is significantly better and too small to matter.
    grades = {method.call for method in methods.values()}
    assert (evidence(methods, alpha=0.05) == "proven_not_better") == grades.isdisjoint({"BETTER", "INCONCLUSIVE"})


def test_the_largest_upper_end_is_above_all_gains_as_often_as_it_says():
    rng = np.random.default_rng(1)
    for truth in ([0.02] * 5, [0.02, 0.0, -0.1], [0.0, 0.0]):
        errors = rng.uniform(0.005, 0.03, size=(2000, len(truth)))
        found = np.array(truth) + errors * rng.standard_t(49, size=errors.shape)
        held = [
            max(method.high for method in of(*zip(row, error, strict=True)).values()) >= max(truth)
            for row, error in zip(found, errors, strict=True)
        ]
        assert np.mean(held) >= 0.95 - 2 * np.sqrt(0.05 * 0.95 / 2000)


def test_equal_differences_have_their_value_as_bounds():
    methods = of((0.0, 0.0), (0.05, 0.0), (-0.05, 0.0))
    assert [(method.low, method.high) for method in methods.values()] == [(0, 0), (0.05, 0.05), (-0.05, -0.05)]
    assert [method.call for method in methods.values()] == ["EQUIVALENT", "BETTER", "WORSE"]


def test_the_one_sided_test_names_a_method_on_noise_no_more_often_than_alpha():
    # Five gains that correlate by .5, each t with 49 degrees of freedom, and no difference.
    rng = np.random.default_rng(0)
    common, own = rng.normal(size=(4000, 1)), rng.normal(size=(4000, 5))
    t = (common + own) / np.sqrt(2) / np.sqrt(rng.chisquare(49, size=(4000, 1)) / 49)
    named = sum(evidence(of(*[(each, 1.0) for each in row]), alpha=0.05) == "proven_better" for row in t)
    assert named / 4000 <= 0.05 + 2 * np.sqrt(0.05 * 0.95 / 4000)


def test_the_evidence_is_graded():
    assert evidence(of((0.05, 0.01), (-0.05, 0.01)), alpha=0.05) == "proven_better"
    assert evidence(of((0.0, 0.001), (-0.05, 0.01)), alpha=0.05) == "proven_not_better"
    assert evidence(of((0.0, 0.001), (-0.05, 0.1)), alpha=0.05) == "inconclusive"
    # For each method alone: the probability is .044 for both.
    assert evidence(of((-0.0074, 0.01), (-0.0074, 0.01)), alpha=0.05) == "proven_not_better"
    # Significant, and too small to matter: P(gain > .01) is .99 x 10^-9 here.
    assert evidence(of((0.004, 0.001)), alpha=0.05) == "proven_not_better"
