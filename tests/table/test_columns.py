from datetime import date
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from pipeline.table.columns import categorical, declaration, kind, out_of_range, typed
from pipeline.table.conversions import ColumnError
from pipeline.table.origin import Origin


def column(*values, dtype=None):
    return pd.Series(values, name="x", dtype=dtype)


def day(text):
    return pd.Timestamp(text)


@pytest.mark.parametrize(
    ("values", "expected", "found"),
    [
        (column(1, 2, 3), "numeric", [1, 2, 3]),
        (column(1.5, None, 3), "numeric", [1.5, None, 3.0]),
        (column("1", " 2.5", None), "numeric", [1.0, 2.5, None]),
        (column(Decimal("1.5"), Decimal(2)), "numeric", [1.5, 2.0]),
        (column(1, None, dtype="Int64"), "numeric", [1.0, None]),
        (column(True, False, True), "boolean", [True, False, True]),
        (column(True, None, False), "boolean", [True, None, False]),
        (column("S", "M ", " S", "", None, "M"), "categorical", ["S", "M", "S", None, None, "M"]),
        (column("yes", "no", "no", "yes"), "categorical", ["yes", "no", "no", "yes"]),
        (column("a", "b", "a", dtype="category"), "categorical", ["a", "b", "a"]),
        (column("b", "a", "b", dtype=pd.CategoricalDtype(["b", "a"], ordered=True)), "ordinal", ["b", "a", "b"]),
        (column("2020-01-31", "2020-02-01T12:00", None), "date", [day("2020-01-31"), day("2020-02-01 12:00"), None]),
        (column("2020-01-31T12:00+02:00"), "date", [day("2020-01-31 10:00")]),
        (column("31/01/2020", "01/02/2020"), "date", [day("2020-01-31"), day("2020-02-01")]),
        (column("01/31/2020", "02/01/2020"), "date", [day("2020-01-31"), day("2020-02-01")]),
        (column("31.01.2020 23:59"), "date", [day("2020-01-31 23:59")]),
        (column("3 May 2020", "31 Jan 2020"), "date", [day("2020-05-03"), day("2020-01-31")]),
        (column(date(2020, 1, 31), None), "date", [day("2020-01-31"), None]),
        (column(day("2020-01-31")), "date", [day("2020-01-31")]),
        # As many words as numbers would have, over and over: levels.
        (column(*["2", "3", "4", "5more"] * 3), "categorical", ["2", "3", "4", "5more"] * 3),
    ],
)
def test_values_show_what_a_column_is(values, expected, found):
    done = typed(values)
    assert kind(done) == expected
    assert [None if pd.isna(value) else value for value in done] == found


@pytest.mark.parametrize(
    ("values", "declared", "expected", "found"),
    [
        (column(1, 2, None), "categorical", "categorical", ["1", "2", None]),
        (column(1, 2, None), "integer", "integer", [1, 2, None]),
        (column(1, 0, None), "boolean", "boolean", [True, False, None]),
        (column("Yes", "no", "no"), "boolean", "boolean", [True, False, False]),
        (column(True, False), "numeric", "numeric", [1.0, 0.0]),
        (column("M", " S", None), ["S", "M", "L"], "ordinal", ["M", "S", None]),
        (column(3, 1, None), [1, 2, 3], "ordinal", ["3", "1", None]),
        (column("01/02/2020"), "%d/%m/%Y", "date", [day("2020-02-01")]),
        (column("a1", "b2"), "categorical", "categorical", ["a1", "b2"]),
    ],
)
def test_a_declaration_wins_over_the_values(values, declared, expected, found):
    done = typed(values, declared)
    assert kind(done) == expected
    assert [None if pd.isna(value) else value for value in done] == found


def test_levels_keep_the_order_they_were_declared_in():
    assert typed(column("M", "S"), ["S", "M", "L"]).cat.codes.tolist() == [1, 0]


@pytest.mark.parametrize(
    ("values", "declared", "expected"),
    [
        (column(1, 2), None, "numeric"),
        (column(1, None), "integer", "integer"),
        (column(True, False), None, "boolean"),
        (column("yes", "no"), "boolean", "boolean"),
        (column("S", "M"), None, "categorical"),
        (column("S", "M"), ["S", "M", "L"], ["S", "M", "L"]),
        (column("b", "a", dtype=pd.CategoricalDtype(["b", "a"], ordered=True)), None, ["b", "a"]),
        (column("2020-01-31", None, "2020-02-01T12:00"), None, "ISO8601"),
        (column("31/01/2020", "01/02/2020"), None, "%d/%m/%Y"),
        (column("01/31/2020 10:30", "02/01/2020 11:00"), None, "%m/%d/%Y %H:%M"),
        (column("05/04/2020"), "%d/%m/%Y", "%d/%m/%Y"),
        (column("20200131"), "%Y%m%d", "%Y%m%d"),
        (column(day("2020-01-31")), None, "date"),
    ],
)
def test_how_a_column_was_read_can_be_declared_for_other_rows(values, declared, expected):
    read = typed(values, declared)
    assert declaration(values, read, declared) == expected
    pd.testing.assert_series_equal(typed(values, expected), read)


def test_a_date_that_could_be_read_in_two_ways_is_read_by_its_declared_format():
    learned = column("31/01/2020", "01/02/2020")
    assert typed(column("01/02/2020"), declaration(learned, typed(learned))).tolist() == [day("2020-02-01")]


@pytest.mark.parametrize("number", [np.inf, -np.inf, 1e101])
def test_numbers_that_no_computation_survives_are_found_by_line(number):
    assert out_of_range(column(1.0, number)).at("x", Origin()).startswith("column 'x', line 3: expected ")
    assert out_of_range(column(1.0, None, 1e99)) is None
    assert out_of_range(column("inf")) is None


@pytest.mark.parametrize(
    ("values", "declared", "message"),
    [
        (column("1", "tall", "3"), None, ", line 3: expected numbers, found 'tall'."),
        (column(*["1"] * 99, "?"), None, ", line 101: expected numbers, found '?'."),
        (column("2020-01-01", "2020-01-02", "soon"), None, ", line 4: expected dates, found 'soon'."),
        (
            column("01/02/2020"),
            None,
            ": expected unambiguous dates, found '01/02/2020', which is 2020-02-01 as %d/%m/%Y and 2020-01-02 as "
            "%m/%d/%Y.",
        ),
        (column(*"abcdefghijkka"), None, ": 11 different values in 13 cells, such as 'a', look like ids or free text"),
        (column(None, None), None, ": all values are missing."),
        (column(" ", ""), None, ": all values are missing."),
        (column("S", "XL"), ["S", "M"], ", line 3: expected one of 'S', 'M', found 'XL'."),
        (column(1.0, 2.5), "integer", ", line 3: expected whole numbers, found 2.5."),
        (column(1.0, 2.0), "boolean", ", line 3: expected true or false, yes or no, 1 or 0, found 2.0."),
    ],
)
def test_values_that_fit_no_kind_or_more_than_one_are_refused(values, declared, message):
    with pytest.raises(ColumnError) as caught:
        typed(values, declared)
    assert message in caught.value.at("x", Origin())


def test_only_text_is_categorical():
    frame = pd.DataFrame({"a": ["u", "v"], "b": [True, False], "c": [1, 2], "d": pd.to_datetime(["2020-01-01"] * 2)})
    assert categorical(frame) == ["a"]
    assert categorical(frame.assign(e=np.array([1.0, np.nan]))) == ["a"]


@pytest.mark.parametrize(
    ("form", "cells"),
    [
        ("%d%b%Y", ["04Mar2021", "17Oct2022", "30Jan2023"]),
        ("%b-%d-%Y", ["Mar-04-2021", "Oct-17-2022", "Jan-30-2023"]),
        ("%a %d %b %Y", ["Thu 04 Mar 2021", "Mon 17 Oct 2022", "Mon 30 Jan 2023"]),
        ("%A, %B %d, %Y", ["Thursday, March 04, 2021", "Monday, October 17, 2022", "Monday, January 30, 2023"]),
        ("%a %b %d %H:%M:%S %Y", ["Thu Mar 04 10:11:12 2021", "Mon Oct 17 10:11:12 2022", "Mon Jan 30 01:02:03 2023"]),
        ("%d/%m/%Y %H:%M:%S.%f", ["04/03/2021 10:11:12.345", "17/10/2022 10:11:12.3", "30/01/2023 01:02:03.0"]),
        ("%b-%y", ["Mar-21", "Oct-22", "Jan-23"]),
        ("%B %Y", ["March 2021", "October 2022", "January 2023"]),
        ("%m/%Y", ["03/2021", "10/2022", "01/2023"]),
    ],
)
def test_dates_with_weekdays_fractions_of_seconds_or_months_alone_are_dates(form, cells):
    column = pd.Series(cells * 4, dtype="str")
    read = typed(column)
    assert kind(read) == "date"
    assert read.dt.strftime("%Y-%m").tolist() == ["2021-03", "2022-10", "2023-01"] * 4
    assert declaration(column, read) == form
