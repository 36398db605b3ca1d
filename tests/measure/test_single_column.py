import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from pipeline.measure.single_column import noted, rank
from pipeline.table import columns

SHUTTLE = {1: 4558, 4: 890, 5: 326, 3: 20, 2: 12, 7: 12, 6: 10}  # rows by class, like Statlog's shuttle
RNG = np.random.default_rng(0)
STATES = pd.Series(np.repeat(list(SHUTTLE), list(SHUTTLE.values())))
HALVES = pd.Series(np.repeat(["no", "yes"], [3000, 200]))
FEW = pd.Series(np.repeat(["no", "yes"], [54, 6]))


def looked(values, labels):
    return rank(columns.typed(pd.Series(values, name="x")), labels)


def shifted(labels, label, by):
    """Normal noise, `by` standard deviations higher for one class."""
    return np.random.default_rng(3).normal(size=len(labels)) + by * (labels == label)


@pytest.mark.parametrize(
    ("values", "labels"),
    [
        (FEW.map({"no": 0, "yes": 1}), FEW),  # the target as numbers
        (HALVES.map({"no": "kept", "yes": "cancelled"}), HALVES),  # and in other words
        (HALVES == "yes", HALVES),
        (STATES.map({1: 4, 4: 9, 5: 2, 3: 0, 2: 7, 7: 1, 6: 3}), STATES),  # seven classes under other codes
        (STATES, (STATES == 1) * 1),  # the classes before some were merged
        (np.where(HALVES == "yes", np.nan, 1.0 + RNG.integers(3, size=3200)), HALVES),  # only others have a value
        (np.where(HALVES == "yes", 5.0, 0.0) + RNG.uniform(size=3200), HALVES),  # an amount due of positives alone
        (np.where(HALVES == "yes", "d", "w") + pd.Series(RNG.integers(20, size=3200).astype(str)), HALVES),
        (np.where(HALVES == "yes", RNG.gamma(2, 5, size=3200) + 0.01, 0.0), HALVES),  # others owe nothing
        ((HALVES == "yes") + 0.01 * RNG.normal(size=3200), HALVES),  # the target with noise
        (pd.to_datetime("2026-01-01") + pd.to_timedelta(np.arange(3200), unit="D"), HALVES),  # all positives later
    ],
)
def test_a_column_that_has_all_classes_in_it_leaks_them(values, labels):
    found = looked(values, labels)
    assert (found.leaks, found.predictive) == (True, True)


@pytest.mark.parametrize(
    ("values", "labels", "predictive"),
    [
        (shifted(STATES, 6, by=50), STATES, False),  # a sensor that shows a failure of ten rows
        (shifted(STATES, 4, by=4), STATES, True),  # one that shows a frequent state
        (shifted(STATES, 1, by=-30), STATES, True),  # the normal state without an error, but no other
        (shifted(HALVES, "yes", by=3.3), HALVES, True),  # a laboratory value, AUC .99
        (shifted(HALVES, "yes", by=9), HALVES, True),  # a sensor that separates 200 rows without an error
        (shifted((STATES == 4) * 1, 1, by=-11), (STATES == 4) * 1, True),  # and one 890
        (np.where(HALVES == "yes", 100.5, 20.0) + RNG.gamma(2, 9, size=3200).clip(0, 80), HALVES, True),  # days late
        (shifted(FEW, "yes", by=30), FEW, False),  # six rows that lie apart
        (shifted(HALVES[2950:3050], "yes", by=30), HALVES[2950:3050], True),  # fifty of each, like iris
        (shifted(HALVES, "yes", by=1.2), HALVES, False),  # `duration` of a bank's calls, AUC .8
        (np.where(HALVES == "yes", 900.5, RNG.permutation(3200)), HALVES, False),  # one value among those of others
        (RNG.permutation([f"level {i // 2}" for i in range(3200)]), HALVES, False),  # two rows a level
    ],
)
def test_a_good_predictor_does_not_leak_and_is_predictive_if_the_interval_says_so(values, labels, predictive):
    found = looked(values, labels)
    assert (found.leaks, found.predictive) == (False, predictive)


def test_the_auc_is_of_the_class_with_the_highest_lower_limit():
    frequent = np.where(STATES == 6, 100.0, shifted(STATES, 4, by=4))
    found = looked(frequent, STATES)  # ten rows are separated perfectly, 890 almost
    assert found.label == 4
    assert 0.97 < found.low < found.auc < 1
    assert looked(shifted(STATES, 6, by=50), STATES).low == pytest.approx(0.903, abs=0.003)


@pytest.mark.parametrize(("levels", "leaks"), [(20, True), (22, False)])
@pytest.mark.parametrize("sort", [False, True])
def test_a_few_numbers_that_take_turns_leak_classes_and_measurements_do_not(levels, leaks, sort):
    values = 2 * RNG.integers(levels // 2, size=3200) + (HALVES == "yes")  # even ones, and odd ones of positives
    assert values.nunique() == levels
    order = values.argsort() if sort else RNG.permutation(3200)
    assert looked(values[order].to_numpy(), HALVES[order].reset_index(drop=True)).leaks == leaks


def test_one_error_among_many_rows_is_no_leak():
    almost = HALVES.map({"no": 0.0, "yes": 1.0})
    almost[0] = 1.0
    assert looked(almost, HALVES).leaks is False
    assert looked(almost, HALVES).predictive is True


def test_too_few_rows_or_one_class_have_no_ranking():
    assert looked([1.0, 2.0, 3.0, 4.0], pd.Series(list("aabb"))) is None
    assert looked(np.arange(50.0), pd.Series(["a"] * 50)) is None
    assert looked(np.arange(50.0), pd.Series(range(50))) is None


def test_columns_that_look_too_good_are_noted_with_their_auc():
    table = pd.DataFrame({"y": (HALVES == "yes") * 1, "noise": shifted(HALVES, "yes", by=0)})
    assert noted(table, "y") == {}
    table = table.assign(minutes=shifted(HALVES, "yes", by=1.3), region="north")
    assert list(noted(table, "y")["suspects"]) == ["minutes"]  # far ahead of the others
    assert noted(table, "y")["suspects"]["minutes"] == pytest.approx(0.82, abs=0.02)
    table = table.assign(fee=np.where(HALVES == "yes", "due", "none"), hormone=shifted(HALVES, "yes", by=3.3))
    assert list(noted(table, "y")["suspects"]) == ["fee", "hormone"]
    rival = table[["y", "minutes"]].assign(other=shifted(HALVES, "yes", by=1.2))
    assert noted(rival, "y") == {}


@pytest.mark.parametrize("decimals", [None, 1, 0])
@pytest.mark.parametrize("direction", [1, -1])
def test_the_area_is_scikit_learn_s_also_where_values_tie(decimals, direction):
    values = direction * shifted(HALVES, "yes", 0.7)
    values = values if decimals is None else values.round(decimals)
    expected = roc_auc_score(HALVES == "yes", values)
    assert looked(values, HALVES).auc == pytest.approx(max(expected, 1 - expected), abs=1e-12)
