from math import sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from pipeline import config
from pipeline.fit import run
from pipeline.measure import repeats

COUNTS = {
    "few positives": (700, 35, 10),
    "many rows, few positives": (1_000_000, 700, 3),
    "bounds are narrow after eight": (100_000, 40_000, 8),
    "and after four": (100_000, 50_000, 4),
    "many rows, and bounds are narrow after two": (7_000_000, 100_000, 2),
    "once is enough": (10_000_000, 160_000, 1),
}


@pytest.mark.parametrize(("rows", "rare", "expected"), COUNTS.values(), ids=COUNTS)
def test_auto_repeats_as_often_as_counts_need(rows, rare, expected):
    assert repeats.repetitions("auto", rows=rows, rare=rare, folds=5) == expected


@given(rare=st.integers(10, 10**7), more=st.integers(0, 10**7), folds=st.integers(2, 10))
def test_auto_is_the_fewest_repeats_that_are_expected_to_be_narrow(rare, more, folds):
    rows = 2 * rare + more
    found = repeats.repetitions("auto", rows=rows, rare=rare, folds=folds)
    most = 3 if rows > 100_000 else 10
    # Nadeau & Bengio's standard error and Student's quantile, for five methods.
    halves = {
        times: stats.t.ppf(1 - 0.05 / 5, folds * times - 1)
        * 35
        * sqrt(folds / rare * (1 / (folds * times) + 1 / (folds - 1)))
        for times in range(1, most + 1)
    }
    assert 1 <= found <= most
    assert found == most or halves[found] <= 0.5
    assert all(half > 0.5 for times, half in halves.items() if times < found)


def test_a_number_is_taken_as_it_is():
    assert repeats.repetitions(7, rows=10**9, rare=10**8, folds=5) == 7


def test_folds_are_repeated_as_auto_says(project, monkeypatch):
    found = {}
    for asked in ("auto", "3"):
        project("data.simulation.rows=400", "model.search=null", f"evaluate.repeats={asked}")
        monkeypatch.setattr(repeats, "MANY", 100)
        found[asked] = run.run(config.load(), "none")
    assert found["auto"].metrics["training"]["repeats"] == 3
    assert found["auto"].out_of_fold.equals(found["3"].out_of_fold)
    monkeypatch.setattr(repeats, "MANY", 1000)
    project("data.simulation.rows=400", "model.search=null", "evaluate.repeats=auto")
    assert run.run(config.load(), "none").metrics["training"]["repeats"] == 10
