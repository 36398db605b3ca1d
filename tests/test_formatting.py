"""A figure reads the same wherever it stands."""

import pytest

from pipeline.formatting import counted, digits, joined, number, signed, threshold
from pipeline.judge.headline import changed


@pytest.mark.parametrize(
    ("value", "words"),
    [(-0.0004, "0.000"), (-0.0006, "-0.001"), (0.0, "0.000"), (-0.0, "0.000"), (0.25, "+0.250"), (None, "–")],
)
def test_a_difference_that_rounds_to_zero_has_no_sign(value, words):
    assert signed(value) == words


def test_a_figure_that_is_not_defined_is_a_dash():
    assert number(None) == "–"
    assert number(0.25, 1) == "0.2"


def test_one_is_singular_and_thousands_have_a_comma():
    assert [counted(count, "test row") for count in (0, 1, 1200)] == ["0 test rows", "1 test row", "1,200 test rows"]


def test_words_are_joined_as_in_a_sentence():
    assert [joined(words) for words in (["a"], ["a", "b"], ["a", "b", "c"])] == ["a", "a and b", "a, b and c"]


def test_a_change_in_words_is_written_as_in_the_tables():
    test = {"mean": -0.0001, "low": -0.0002, "high": 0.0003}
    declared = {"alpha": 0.05, "primary": "average_precision", "metric": "average precision", "rope": 0.01}
    assert changed(test, 1, declared) == "changes average precision by 0.000 (95% bounds: 0.000 to 0.000)"
    fine = changed(test, 5, declared | {"alpha": 0.001, "rope": 0.0001})
    assert fine == (
        "changes average precision by -0.00010 (99.9% bounds, the lower one adjusted for 5 methods: -0.00020 to "
        "+0.00030)"
    )


def test_a_loss_falls_where_a_method_gains_and_its_bounds_turn_with_it():
    declared = {"alpha": 0.05, "primary": "brier", "metric": "recalibrated Brier score", "rope": 0.01}
    worse = changed({"mean": -0.02, "low": -0.03, "high": 0.01}, 1, declared)
    assert worse == "changes recalibrated Brier score by +0.020 (95% bounds: -0.010 to +0.030)"
    better = changed({"mean": 0.02, "low": -0.01, "high": 0.03}, 1, declared)
    assert better == "changes recalibrated Brier score by -0.020 (95% bounds: -0.030 to +0.010)"


@pytest.mark.parametrize(("scale", "decimals"), [(0.01, 3), (0.5, 3), (0.0, 3), (0.001, 4), (0.0005, 5), (2e-5, 6)])
def test_decimals_show_two_digits_of_the_scale(scale, decimals):
    assert digits(scale) == decimals


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (0.5, "0.500"),
        (0.0612, "0.061"),
        (0.00012, "0.00012"),
        (0.9999, "0.99990"),
        (3.4e-8, "3.4e-08"),
        (0.0, "0.000"),
        (1.0, "1.000"),
        (1 - 3e-8, "1 - 3e-08"),
        (None, "–"),
    ],
)
def test_a_threshold_is_told_from_zero_and_from_one(value, words):
    assert threshold(value) == words
