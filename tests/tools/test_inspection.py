import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from random_frames import check_frame, frames

from pipeline.tools import inspect_text
from pipeline.tools.inspect_text import findings
from pipeline.tools.inspection import inspect, likely_target


def test_a_column_far_better_than_the_others_is_dominant():
    rng = np.random.default_rng(0)
    y = np.arange(400) % 8 == 0
    table = pd.DataFrame(
        {"minutes": y * 1.5 + rng.normal(size=400), "noise": rng.normal(size=400), "buy": np.where(y, "yes", "no")}
    )
    shown = findings(inspect(table, target="buy"))
    assert list(shown) == ["dominant"]
    assert re.fullmatch(r"'minutes' \(ROC AUC 0\.8\d, next best is 'noise' with 0\.5\d\)", shown["dominant"][0])
    rival = table.assign(rival=y * 1.5 + rng.normal(size=400))
    assert findings(inspect(rival, target="buy")) == {}


@pytest.mark.parametrize(
    ("extra", "dropped"),
    [
        ({"paid": "y"}, True),  # the target in other words
        ({"due": "separate"}, True),  # an amount that only positives have
        ({"closed": "missing"}, True),  # empty for all negatives
        ({"minutes": 1.3}, False),  # like the duration of a bank's calls
        ({"hormone": 3.0}, False),  # like a laboratory value
        ({"pressure": 4.5}, False),  # a sensor with ROC AUC .999
    ],
)
def test_only_columns_that_have_the_classes_in_them_are_left_out(extra, dropped):
    rng = np.random.default_rng(1)
    y, noise = np.arange(4000) % 10 == 3, rng.normal(size=4000)
    made = {"y": np.where(y, "paid", "open"), "separate": y * 50 + rng.uniform(size=4000)}
    made["missing"] = np.where(y, 3.0 + np.arange(4000) % 7, np.nan)
    ((name, how),) = extra.items()
    table = pd.DataFrame({name: made.get(how) if isinstance(how, str) else how * y + noise, "buy": y * 1})
    table.insert(0, "wave", rng.normal(size=4000))
    (one,) = (c for c in inspect(table, target="buy").columns if c.name == name)
    assert inspect_text.should_drop(one) is dropped
    assert ("leak" in one.findings) is dropped
    assert bool(one.findings)  # a note in any case


def test_where_zeros_are_missing_in_one_column_they_likely_are_in_others():
    rng = np.random.default_rng(0)
    away = np.arange(400) % 7 == 0
    insulin = np.where(away, 0, 14 + np.floor(rng.gamma(2, 60, size=400)))  # near zero, as measured in its own spread
    table = pd.DataFrame({"insulin": insulin, "wave": rng.normal(size=400), "buy": np.arange(400) % 8 == 3})
    assert findings(inspect(table, target="buy")) == {}
    table.insert(0, "pressure", np.where(away, 0, rng.normal(72, 10, size=400).round()))
    shown = findings(inspect(table, target="buy"))
    assert list(shown) == ["zeros"]
    assert [named.partition(" ")[0] for named in shown["zeros"]] == ["'pressure'", "'insulin'"]


def test_duplicates_and_contradictions_are_counted():
    table = pd.DataFrame({"a": [1, 1, 1, 2, 2, 3], "b": list("xxxyyz"), "buy": list("nnynnn")})
    seen = inspect(table, target="buy")
    assert (seen.repeated, seen.conflicting) == (3, 3)
    assert inspect_text.facts(seen)["duplicates"] == (
        "3 of 6 rows repeat the features of an earlier row; 3 rows have the same features as a row of another class"
    )


def test_classes_are_counted_whatever_their_number():
    table = pd.DataFrame({"x": range(9), "y": list("aaaaabbbc")})
    lines = inspect_text.facts(inspect(table, target="y"))
    assert lines["target"] == "'y': 'a' (5 rows, 55.6%), 'b' (3 rows, 33.3%), 'c' (1 row, 11.1%)"
    assert lines["imbalance"] == "5 to 1; 3 classes, and the rarest has 1 row"
    binary = inspect(table.replace("c", "b"), target="y", positive="a")
    assert inspect_text.facts(binary)["imbalance"] == "1.25 to 1; the positive class is 'a'"
    numbers = inspect_text.facts(inspect(pd.DataFrame({"x": range(40), "y": range(40)}), target="y"))
    assert numbers["target"] == "'y': 40 different values, such as 0, 1, 2; too many for classes"
    assert "imbalance" not in numbers


@pytest.mark.parametrize(
    ("columns", "likely"),
    [
        ({"target": [1, 2, 3, 1], "a": [0, 1, 0, 1]}, "target"),
        ({"a": [0, 1, 0, 1], "is_fraud": [0, 1, 0, 0], "b": [0, 1, 1, 0]}, "is_fraud"),
        ({"a": [0, 1, 0, 1], "b": ["x", "y", "x", "x"]}, "b"),
        ({"a": [0, 1, 0, 1], "b": [0.1, 0.2, 0.3, 0.4]}, "a"),
        ({"a": [0.5, 0.1, 0.7, 0.9], "b": [0.1, 0.2, 0.3, 0.4]}, None),
    ],
)
def test_the_likely_target(columns, likely):
    assert likely_target(pd.DataFrame(columns)) == likely


def test_real_tables_have_the_findings_they_need_and_no_others(shared):
    expected = {
        "abalone_19.csv": {},
        "bank_small.csv": {"dominant": 1, "sentinel": 1},
        "car_vgood.csv": {},
        "ecoli_imU.csv": {"constant": 1},
        "multi_glass.csv": {},
        "oil.csv": {"constant": 1},
        "us_crime.csv.gz": {},
        "mammography.csv": {},
        "letter_Z.csv.gz": {},
        "pima.csv": {"zeros": 5},
        "thyroid_sick.csv": {"dominant": 1, "empty": 1, "constant": 2},
        "ann_thyroid.csv": {"predicts": 1, "constant": 1},
    }
    for name, counts in expected.items():
        shown = findings(inspect(pd.read_csv(shared / name), target="target", min_frequency=0.01))
        assert {key: len(named) for key, named in shown.items()} == counts, name
        assert all(
            "duration" in named[0] for key, named in shown.items() if name == "bank_small.csv" and key == "dominant"
        )


@settings(max_examples=12, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(case=frames())
def test_a_few_random_frames_give_their_rows_and_columns_or_are_refused(case):
    check_frame(case)
