import pytest

from pipeline.judge.family import judged
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
