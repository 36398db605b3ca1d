import pytest

from pipeline.judge.family import evidence, judged
from pipeline.judge.price import price
from pipeline.measure.statistics import expected_gain, student

HOW = {"rope": 0.01, "alpha": 0.05}


def of(df=49, **gains):
    return judged({name: student(*gain, df, **HOW) for name, gain in gains.items()}, **HOW)


def test_the_price_is_the_largest_expected_regret_and_the_largest_upper_bound():
    # The second gain is smaller and less sure.
    methods = of(smote=(0.004, 0.002), random_under=(0.0, 0.03))
    found = price(methods)
    assert found["variant"] == "random_under"
    assert found["regret"] == expected_gain(methods["random_under"].test) > expected_gain(methods["smote"].test)
    assert found["upper"] == methods["random_under"].high > methods["smote"].high


def test_where_every_bound_is_below_zero_nothing_is_at_stake():
    found = price(of(smote=(-0.2, 0.01)))
    assert found["upper"] == 0
    assert found["regret"] == pytest.approx(0, abs=1e-12)


def test_with_one_degree_of_freedom_the_regret_is_infinite_and_left_out():
    found = price(of(df=1, smote=(0.0, 0.01), class_weight=(0.02, 0.01), same=(0.0, 0.0)))
    assert (found["variant"], found["regret"]) == ("class_weight", None)
    assert found["upper"] > 0.02


@pytest.mark.parametrize("gains", [{"a": (0.004, 0.02)}, {"a": (0.0, 0.01), "b": (0.01, 0.02), "c": (-0.1, 0.01)}])
def test_to_whom_the_upper_bound_is_no_difference_the_question_is_settled(gains):
    upper = price(of(**gains))["upper"]
    for rope, expected in ((1.001 * upper, "proven_not_better"), (0.999 * upper, "inconclusive")):
        tests = {name: student(*gain, 49, rope=rope, alpha=0.05) for name, gain in gains.items()}
        assert evidence(judged(tests, rope=rope, alpha=0.05), alpha=0.05) == expected
