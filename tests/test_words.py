"""A figure reads the same wherever it stands."""

import pytest

from pipeline.verdict import gained
from pipeline.words import number, signed


@pytest.mark.parametrize(
    ("value", "words"),
    [(-0.0004, "+0.000"), (-0.0006, "-0.001"), (0.0, "+0.000"), (-0.0, "+0.000"), (0.25, "+0.250"), (None, "–")],
)
def test_a_difference_that_rounds_to_zero_has_no_minus(value, words):
    assert signed(value) == words


def test_a_figure_that_is_not_defined_is_a_dash():
    assert number(None) == "–"
    assert number(0.25, 1) == "0.2"


def test_a_gain_in_words_is_written_as_in_the_tables():
    test = {"mean": -0.0001, "low": -0.0002, "high": 0.0003}
    said = gained(test, {"alpha": 0.05, "primary": "average_precision"})
    assert said.startswith("+0.000 (95 % interval +0.000 to +0.000)")
