import numpy as np
import pandas as pd
import pytest

from pipeline.table import columns
from pipeline.table.interpretation import interpret
from pipeline.table.reading import Reading
from pipeline.tools.sentinels import markers, sentinels, zeros

RNG = np.random.default_rng(0)
ROWS = 1000
SOME = np.arange(ROWS) % 25 == 3  # forty rows
DAYS = pd.Series(pd.to_datetime("2024-01-01") + pd.to_timedelta(RNG.integers(0, 700, ROWS), unit="D"))


def marked(values, mark, where=SOME):
    return np.where(where, mark, values)


@pytest.mark.parametrize(
    "values",
    [
        RNG.normal(120, 30, ROWS).clip(44),  # glucose
        RNG.normal(72, 12, ROWS).round().clip(24),  # pressure
        RNG.normal(37, 0.5, ROWS),  # temperature
        RNG.normal(45, 12, ROWS).round().clip(18),  # age of adults
        RNG.normal(1.75e9, 1e7, ROWS),  # seconds since 1970
    ],
)
def test_zeros_far_from_all_others_may_be_missing_values(values):
    assert zeros(pd.Series(marked(values, 0.0))).startswith("40 rows, 4%; the next value is ")
    assert zeros(pd.Series(values)) is None


@pytest.mark.parametrize(
    "values",
    [
        marked(RNG.poisson(3, ROWS), 0),
        marked(np.exp(RNG.normal(5, 1, ROWS)).round(2), 0),  # what people spent, and most spent nothing
        marked(RNG.gamma(1, 600, ROWS).round() + 150, 0),  # a fee from 150 on
        np.r_[np.zeros(200), RNG.normal(3.4, 0.1, 700), np.linspace(0.33, 3.2, 9)],  # magnesium in glass
        np.r_[np.zeros(850), RNG.uniform(0.05, 1, 150).round(2)],  # shares of crimes
        RNG.normal(0, 1, ROWS).round(1),
        marked(RNG.integers(5, 10, ROWS), 0),  # few values
    ],
)
def test_amounts_that_can_be_little_may_be_zero(values):
    assert zeros(pd.Series(values)) is None


@pytest.mark.parametrize(
    ("values", "found"),
    [
        (marked(RNG.normal(10, 15, ROWS), -9999.0), "-9999 in 40 rows, 4%"),  # temperatures
        (marked(RNG.integers(18, 90, ROWS), 999), "999 in 40 rows, 4%"),  # ages
        (marked(RNG.normal(5, 1, ROWS), 99999.0), "99999 in 40 rows, 4%"),
        (marked(RNG.integers(1, 6, ROWS), 99), "99 in 40 rows, 4%"),  # answers to a question
        (marked(RNG.normal(0, 1, ROWS), -999.0, np.arange(ROWS) == 7), "-999 in 1 row, 0.1%"),
        (marked(RNG.integers(0, 60, ROWS), -1), "-1 in 40 rows, 4%"),  # days since the last call
        (marked(RNG.uniform(0, 5000, ROWS), -99.0), "-99 in 40 rows, 4%"),
        (
            marked(marked(RNG.normal(0, 1, ROWS), -9999.0), 9999.0, np.arange(ROWS) % 50 == 4),
            "-9999 in 40 rows, 4%; 9999 in 20 rows, 2%",
        ),
        (
            DAYS.dt.strftime("%Y-%m-%d").mask(SOME, "9999-12-31"),
            "9999-12-31 in 40 rows, 4%",
        ),  # contracts without an end
        (marked(RNG.integers(0, 70, ROWS), 888), "888 in 40 rows, 4%"),
        (marked(RNG.integers(0, 4000, ROWS), 65535), "65535 in 40 rows, 4%"),
        (marked(RNG.normal(20, 5, ROWS), 1e20), "1e+20 in 40 rows, 4%"),
        (
            marked(marked(RNG.integers(0, 9, ROWS), 98), 99, np.arange(ROWS) % 50 == 4),
            "98 in 40 rows, 4%; 99 in 20 rows, 2%",
        ),
        (
            marked(marked(RNG.integers(0, 70, ROWS), -1), 999, np.arange(ROWS) % 50 == 4),
            "-1 in 40 rows, 4%; 999 in 20 rows, 2%",
        ),
        (DAYS.dt.strftime("%d/%m/%Y").mask(SOME, "31/12/2099"), "2099-12-31 in 40 rows, 4%"),
        (DAYS.dt.strftime("%Y-%m-%d").mask(SOME, "1900-01-01"), "1900-01-01 in 40 rows, 4%"),
        (DAYS.dt.strftime("%d.%m.%Y").mask(SOME, "01.01.1970"), "1970-01-01 in 40 rows, 4%"),
    ],
)
def test_numbers_of_nines_and_ends_of_the_calendar_may_be_missing_values(values, found):
    typed = columns.typed(pd.Series(values))
    assert sentinels(typed, columns.kind(typed)) == found


@pytest.mark.parametrize(
    "values",
    [
        np.arange(ROWS),  # 999 after 998
        RNG.integers(0, 100, ROWS),
        marked(RNG.integers(0, 9000, ROWS), 9999),  # a price
        marked(RNG.normal(0, 50, ROWS), -99.0),
        RNG.normal(0, 1, ROWS),
        marked(RNG.integers(0, 60, ROWS), -2),
        np.where(SOME, 99.0, 98.0),
        marked(RNG.integers(0, 30, ROWS), 777, np.arange(ROWS) == 7),  # once, it is an outlier
        marked(RNG.integers(0, 3000, ROWS), 888),
        RNG.integers(0, 99, ROWS),
        DAYS,
        pd.Series(pd.to_datetime("1900-01-01") + pd.to_timedelta(np.arange(ROWS), unit="D")),
    ],
)
def test_values_among_others_are_no_sentinels(values):
    typed = columns.typed(pd.Series(values))
    assert sentinels(typed, columns.kind(typed)) is None


@pytest.mark.parametrize(
    ("values", "marks"),
    [
        (marked(RNG.integers(0, 70, ROWS), 999), ["999"]),
        (marked(RNG.normal(0, 1, ROWS), -9999.0), ["-9999"]),
        (marked(RNG.normal(20, 5, ROWS), 1e20), ["1e+20"]),
        (marked(RNG.normal(20, 5, ROWS), 2.0**63), ["9.223372036854776e+18"]),
        (DAYS.dt.strftime("%d.%m.%Y").mask(SOME, "31.12.9999"), ["31.12.9999"]),
        (DAYS.dt.strftime("%b %d, %Y").mask(SOME, "Dec 31, 2099"), ["Dec 31, 2099"]),
    ],
)
def test_what_is_found_is_declared_missing_as_it_is_written(values, marks):
    source = pd.Series(values, name="x")
    typed = columns.typed(source)
    assert markers(source, typed, columns.kind(typed)) == marks
    read = interpret(source.to_frame(), Reading(missing={"x": marks}))
    assert read.x.isna().sum() == SOME.sum()
