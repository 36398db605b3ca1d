import numpy as np
import pandas as pd
import pytest

from pipeline.table import columns
from pipeline.tools.codes import codes, groups, spellings

RNG = np.random.default_rng(0)
ROWS = 2000


def drawn(values):
    """Values with frequencies that have nothing to do with their order."""
    return RNG.choice(values, size=ROWS, p=RNG.dirichlet(np.full(len(values), 2.0)))


def kinds(values, name):
    column = pd.Series(values, name=name)
    typed = columns.typed(column)
    return column, typed, columns.kind(typed)


@pytest.mark.parametrize(
    ("values", "name"),
    [
        (drawn(np.arange(1, 52)), "state"),
        (drawn([408, 415, 510]), "area code"),
        (drawn([408, 415, 510]), "x"),  # without a name that says so
        (drawn([1, 2, 3]), "product_type"),
        (drawn([1, 3, 4]), "storeId"),
        (drawn(RNG.integers(10_000, 99_999, size=300)), "zip"),
        (drawn(RNG.integers(10_000, 99_999, size=300)), "ZipCode"),
        (drawn(RNG.choice(np.arange(201, 990), 40, replace=False)), "x"),
        (drawn(RNG.choice(np.arange(201, 990), 40, replace=False)), "area"),
    ],
)
def test_numbers_without_an_order_are_codes(values, name):
    _, typed, kind = kinds(values, name)
    assert codes(typed, kind) is not None
    assert codes(typed.astype("float64"), "numeric") is not None


@pytest.mark.parametrize(
    ("values", "name"),
    [
        (RNG.poisson(3, size=ROWS), "calls"),
        (RNG.poisson(40, size=ROWS), "age"),
        (RNG.normal(45, 15, size=ROWS).round().clip(18, 90), "x"),
        (np.exp(RNG.normal(4, 1.5, size=ROWS)).round(), "balance"),
        (RNG.integers(1, 32, size=ROWS), "day"),
        (RNG.geometric(0.02, size=ROWS), "x"),
        (drawn([0, 1]), "type"),  # two values are the same either way
        (drawn([100, 150, 200, 300, 500, 750, 1000, 1200, 1500, 2000]), "x"),  # people like round numbers
        (drawn([12, 24, 36, 48, 60, 72, 84, 96]), "term"),
        (drawn(np.arange(16)), "x"),  # such as the features of letters
        (RNG.normal(120, 30, size=ROWS).round(), "area"),
        (drawn([3, 4, 9]), "state_count"),
        (RNG.poisson(20, size=ROWS), "MPG.city"),
        (RNG.normal(size=ROWS), "code"),
        (RNG.permutation(ROWS), "zip"),  # different in every row
        (drawn(["408", "415", "x"]), "code"),  # text is categorical already
    ],
)
def test_counts_ages_and_measurements_are_no_codes(values, name):
    _, typed, kind = kinds(values, name)
    assert codes(typed, kind) is None


PEOPLE = np.sort(RNG.integers(0, 500, size=ROWS))


@pytest.mark.parametrize(
    ("values", "name"),
    [
        (PEOPLE, "customer"),
        (PEOPLE * 7919 % 100_003, "user_id"),
        ([f"P{each:05d}" for each in PEOPLE], "patient"),
        ([f"{each:x}-{each}" for each in PEOPLE], "x"),  # text with digits, without a name that says so
        (RNG.permutation(PEOPLE + 1000), "x"),  # numbers that fill their range evenly
    ],
)
def test_values_with_several_rows_each_are_groups(values, name):
    assert groups(*kinds(values, name)).startswith("49")


@pytest.mark.parametrize(
    ("values", "name"),
    [
        (range(ROWS), "customer"),  # one row each
        (np.where(np.arange(ROWS) < 9, np.nan, PEOPLE), "customer"),  # a group is needed in every row
        (drawn(np.arange(5)), "store_id"),
        (RNG.integers(1, 201, size=ROWS), "region"),
        (np.exp(RNG.normal(6, 1.5, size=ROWS)).round(), "balance"),
        (RNG.normal(2000, 100, size=ROWS).round(), "x"),
        (RNG.poisson(40, size=ROWS), "age"),
        ([f"town of {word}" for word in drawn([chr(97 + i) for i in range(26)])], "x"),
        (RNG.normal(size=ROWS).round(1), "id"),
        ([f"{each % 7}/{each}" for each in PEOPLE], "x"),
        ([f"{each % 9}.{each}.0" for each in PEOPLE], "x"),
        ([f"{each % 28 + 1:02d}/{each % 12 + 1:02d}/{each % 3 + 2021}" for each in PEOPLE], "x"),
    ],
)
def test_measurements_categories_and_ids_of_rows_are_no_groups(values, name):
    assert groups(*kinds(values, name)) is None


def test_levels_that_differ_by_case_or_spaces_only():
    assert spellings(["basic", "Basic", "pro"]) == "'Basic' and 'basic'"
    assert spellings(["New York", "new  york", "NEW YORK", "Bonn", "bonn"]) == (
        "'NEW YORK' and 'New York' and 'new  york', 'Bonn' and 'bonn'"
    )
    assert spellings(["Straße", "STRASSE"]) == "'STRASSE' and 'Straße'"
    assert spellings(["a", "b", "ab", 1, None]) is None
