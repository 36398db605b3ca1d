import re

import pandas as pd
import pytest
from table_files import parquet, refusal, settings, workbook

from pipeline.table.file import read_table
from pipeline.table.ingest import accept
from pipeline.table.origin import origin
from pipeline.table.reading import Reading


def table_of(cells, written, name="v.csv"):
    """A column of these cells beside a target, as a file."""
    if name.endswith(".parquet"):
        return written(parquet({"x": cells, "y": [place % 2 for place in range(len(cells))]}), name)
    if name.endswith(".xlsx"):
        return written(workbook(v=[["x", "y"], *[[cell, place % 2] for place, cell in enumerate(cells)]]), name)
    rows = [f'"{cell}";{place % 2}' for place, cell in enumerate(cells)]
    return written("x;y\n" + "\n".join(rows) + "\n", name)


NUMBERS = ["1", "2.5", "3", "-4"]


@pytest.mark.parametrize("name", ["v.csv", "v.parquet", "v.xlsx"])
@pytest.mark.parametrize(
    "mark", ["na", "N.A.", "-", "..", "Unknown", "(blank)", "#DIV/0!", "-1.#IND", "NaT", "-nan", "<null>", "missing"]
)
def test_a_mark_of_a_missing_value_among_numbers_is_missing_however_many_there_are(written, mark, name):
    table = read_table(table_of([*NUMBERS, *[mark] * 40], written, name))
    assert table.x.dtype == "float64"
    assert table.x[:4].tolist() == [1, 2.5, 3, -4]
    assert table.x.isna().sum() == 40
    assert origin(table).notes == (f"column 'x': read {mark!r} as missing (40 cells)",)


@pytest.mark.parametrize("mark", ["na", "-", "unknown"])
def test_a_mark_among_dates_is_missing_and_among_levels_is_a_level(written, mark):
    table = read_table(table_of(["2026-01-02", "2026-03-04", mark, mark], written))
    assert table.x.isna().tolist() == [False, False, True, True]
    table = read_table(table_of(["low", "high", mark, mark], written))
    assert table.x.tolist() == ["low", "high", mark, mark]


@pytest.mark.parametrize(
    ("cells", "values", "note"),
    [
        (["83.70%", "-2%", " 0.5%"], [83.7, -2, 0.5], "without the unit '%', such as '83.70%' as 83.7"),
        (["13 EUR", "2.5 EUR"], [13, 2.5], "without the unit 'EUR', such as '13 EUR' as 13"),
        (["$1,200", "$30.50", "$2,000,000"], [1200, 30.5, 2e6], "without the unit '$', such as '$1,200' as 1200"),
        (["€ 5", "€ 7.25"], [5, 7.25], "without the unit '€', such as '€ 5' as 5"),
        (["87 kg", "9.5kg"], [87, 9.5], "without the unit 'kg', such as '87 kg' as 87"),
        (["36 months", "60 months"], [36, 60], "without the unit 'month', such as '36 months' as 36"),
        (["1 year", "2 years"], [1, 2], "without the unit 'year', such as '1 year' as 1"),
        (["5 m/s", "12 m/s"], [5, 12], "without the unit 'm/s', such as '5 m/s' as 5"),
        (["8,108.03", "12", "1,234"], [8108.03, 12, 1234], "such as '8,108.03' as 8108.03"),
        (["1,234,567", "12"], [1234567, 12], "such as '1,234,567' as 1234567"),
        (["5'000.50", "12"], [5000.5, 12], 'such as "5\'000.50" as 5000.5'),
        (["1.234,5", "2,25"], [1234.5, 2.25], "such as '1.234,5' as 1234.5"),
        (["(1,200.50)", "30"], [-1200.5, 30], "such as '(1,200.50)' as -1200.5"),
    ],
)
def test_numbers_in_one_notation_are_read_and_reported(written, cells, values, note):
    table = read_table(written(parquet({"x": cells, "y": [0, 1, 0][: len(cells)]}), "v.parquet"))
    assert table.x.tolist() == values
    (found,) = origin(table).notes
    assert found == f"column 'x': read as numbers {note}"


@pytest.mark.parametrize("words", [["'1'", "'2'", "'3.5'"], ["'a'", "'b, c'", "'a'"]])
def test_single_quotes_around_all_cells_are_left_out(written, words):
    table = read_table(written(parquet({"x": words, "y": [0, 1, 0]}), "v.parquet"))
    bare = [word.strip("'") for word in words]
    assert table.x.tolist() == ([1, 2, 3.5] if bare[0] == "1" else bare)


@pytest.mark.parametrize(
    ("cells", "problem"),
    [
        ([*NUMBERS, "refused", "refused"], "expected numbers, found 'refused' (2 cells)"),
        (
            [*NUMBERS, *["U"] * 9, *["X"] * 3],
            "expected numbers, found 'U' (9 cells) and 'X' (3 cells)",
        ),
        (["3%", "4%", "5%", "soon", "soon"], "expected numbers, found 'soon' (2 cells)"),
        (["2026-01-02", "2026-03-04", "2026-03-05", "never", "never"], "expected dates, found 'never' (2 cells)"),
        (["1,234", "2,500"], "expected a number, found '1,234', which may mean 1234 or 1.234"),
        ([f"{n} kg" for n in range(20)] + [f"{n} lb" for n in range(5)], "expected a number like '0 kg', found '0 lb'"),
        ([f"{n}.5%" for n in range(20)] + ["<1%"], "expected a number like '0.5%', found '<1%'"),
        ([f"{n} EUR" for n in range(20)] + ["7"], "expected a number like '0 EUR', found '7'"),
    ],
)
def test_what_is_in_doubt_is_refused_and_named(written, cells, problem):
    table = {"x": cells, "y": [1] + [0] * (len(cells) - 1)}
    (found,) = refusal(written(parquet(table), "v.parquet"))
    assert problem in found
    assert re.search(r"column 'x', row \d+: ", found)


@pytest.mark.parametrize(
    "cells",
    [
        ["2", "4", "more", "more"],
        ["2", "3", "5more", "3"],
        ["1A", "2B", "3C", "4D"],
        ["1.2.3", "2.0.1"],
        ["Group 1", "Group 2"],
    ]
    + [["< 1 year", "2 years", "10+ years"], ["555 1234", "666 4321"], ["34B", "36C", "34A"], ["12:30", "13:45"]],
)
def test_levels_with_digits_stay_levels(written, cells):
    assert read_table(table_of(cells, written)).x.tolist() == cells


@pytest.mark.parametrize(
    ("missing", "expected"),
    [
        (["refused"], [1, None, 3, -9]),
        ({"x": ["refused", "-9"]}, [1, None, 3, None]),
        ({"*": ["refused"], "x": ["3"]}, [1, None, None, -9]),
    ],
)
def test_declared_marks_are_missing_for_all_columns_or_by_column(written, missing, expected):
    table = read_table(written("x,y\n1,0\nrefused,1\n3,0\n-9,3\n"), Reading(missing=missing))
    assert [None if pd.isna(value) else value for value in table.x] == expected
    assert table.y.tolist() == [0, 1, 0, 3]


@pytest.mark.parametrize("cells", [["007", "7", "12"], ["01", "1", "001"], ["02134", "10001", "94105"]])
def test_numbers_that_are_written_like_codes_are_reported_with_the_declaration(written, cells):
    table = read_table(written("zip,y\n" + "".join(f"{cell},{n % 2}\n" for n, cell in enumerate(cells))))
    (note,) = origin(table).notes
    assert note == (
        f"column 'zip': read cells such as {cells[0]!r} as numbers; if these are codes, declare them with "
        "-S 'data.columns={zip: categorical}'"
    )


@pytest.mark.parametrize("cells", [["0", "10", "200"], ["0.5", "0.25", "10"], ["1.02", "3", "-0.1"]])
def test_numbers_with_zeros_are_no_codes(written, cells):
    table = read_table(written("zip,y\n" + "".join(f"{cell},{n % 2}\n" for n, cell in enumerate(cells))))
    assert origin(table).notes == ()


def test_a_declared_mark_in_single_quotes_is_missing(written):
    cells = ["'1'", "'2'", "'3'", "'U'", "'U'"]
    table = read_table(written(parquet({"x": cells, "y": [0, 1, 0, 1, 0]}), "v.parquet"), Reading(missing=["U"]))
    assert table.x[:3].tolist() == [1, 2, 3]
    assert table.x.isna().sum() == 2


@pytest.mark.parametrize(
    ("cells", "unit"),
    [
        ([f"€{n}.5M" for n in range(1, 20)] + ["€565K"], "'€565K'"),
        ([f"${n}B" for n in range(1, 20)] + ["$900M"], "'$900M'"),
        ([f"£{n}.5k" for n in range(1, 20)] + ["£800"], "'£800'"),
    ],
)
def test_amounts_in_thousands_and_in_millions_are_never_read_alike(written, cells, unit):
    (found,) = refusal(written(parquet({"x": cells, "y": [n % 2 for n in range(20)]}), "v.parquet"))
    assert f"found {unit}" in found


@pytest.mark.parametrize(
    ("cells", "values", "note"),
    [
        ([f"{n}:30" for n in range(12)], [60 * n + 30 for n in range(12)], "minutes or seconds, such as '0:30' as 30"),
        ([f"01:{n}:10" for n in range(10, 22)], [3610 + 60 * n for n in range(10, 22)], "seconds, such as '01:10:10'"),
        ([f"00:00:{n}.5" for n in range(10, 22)], [n + 0.5 for n in range(10, 22)], "seconds, such as '00:00:10.5'"),
    ],
)
def test_times_are_numbers(written, cells, values, note):
    table = read_table(written(parquet({"x": cells, "y": [n % 2 for n in range(12)]}), "v.parquet"))
    assert table.x.tolist() == values
    assert f"times read as {note}" in origin(table).notes[0]


@pytest.mark.parametrize("cells", [["12:30"], ["0:45", "3:10"], ["00:10:20"]])
def test_few_times_are_numbers_where_the_column_is_known_to_hold_numbers(written, cells):
    path = written(parquet({"x": cells, "y": [0] * len(cells)}), "v.parquet")
    assert read_table(path, Reading(numbers=["x"])).x.dtype == "float64"
    assert read_table(path).x.tolist() == cells


@pytest.mark.parametrize(
    ("others", "found"),
    [
        (["3,905.38", "1,000.25"], "'3,905.38'"),
        (["2'000.50"], '"2\'000.50"'),
        (["7 000.5", "1.200,75"], "'7 000.5'"),
    ],
)
def test_two_notations_in_a_column_are_refused_with_the_cell(written, others, found):
    cells = [f"1.{n}41,93" for n in range(1, 10)] * 2 + [f"2.{n}00,50" for n in range(1, 5)] + others
    (problem,) = refusal(written(parquet({"x": cells, "y": [n % 2 for n in range(len(cells))]}), "v.parquet"))
    assert f"expected numbers in one notation, such as '1.141,93', found {found}" in problem


@pytest.mark.parametrize("words", [["dk", "skip", "refused"], ["a", "b", "c", "d"], ["lost", "late", "cut"]])
def test_a_few_words_among_many_numbers_are_asked_about(written, words):
    cells = [f"{n}.5" for n in range(60)] + words * 2
    (found,) = refusal(written(parquet({"x": cells, "y": [n % 2 for n in range(len(cells))]}), "v.parquet"))
    assert f"data.missing=[{','.join(words)}]" in found


@pytest.mark.parametrize("cells", [["\u22121.5", "2"], ["\u22123", "\u22124.25"], ["\u22125 kg", "7 kg"]])
def test_the_minus_sign_of_typesetters_is_a_minus(written, cells):
    table = read_table(written(parquet({"x": cells, "y": [0, 1]}), "v.parquet"))
    assert table.x.dtype == "float64"
    assert table.x[0] < 0


@pytest.mark.parametrize("mark", ["\\N", "(null)", "#NV", "----", "N/D"])
def test_marks_of_databases_and_spreadsheets_are_missing(written, mark):
    assert read_table(table_of([*NUMBERS, mark, mark], written)).x.isna().sum() == 2


@pytest.mark.parametrize("mark", ["0000-00-00", "0000-00-00 00:00:00", "00.00.0000"])
def test_a_day_of_zeros_among_dates_is_missing(written, mark):
    table = read_table(table_of(["2026-01-02", "2026-03-04", mark, mark], written))
    assert table.x.isna().tolist() == [False, False, True, True]


@pytest.mark.parametrize("name", ["v.csv", "v.parquet", "v.xlsx"])
@pytest.mark.parametrize("cells", [["007", "7", "-"], ["01", "12", "NA"], ["02134", "10001", "94105"]])
def test_codes_among_marks_and_in_typed_files_are_reported_too(written, cells, name):
    notes = origin(read_table(table_of(cells, written, name))).notes
    assert f"column 'x': read cells such as {cells[0]!r} as numbers; if these are codes" in notes[-1]


@pytest.mark.parametrize(("number", "mark"), [("Infinity", "inf"), ("-inf", "-inf"), ("inf", "inf")])
def test_what_is_infinite_is_refused_with_the_setting_that_makes_it_missing(written, number, mark):
    path = written("x,y\n1.5,0\n" + f"{number},1\n" * 2 + "2.5,0\n")
    with pytest.raises(ValueError, match="found inf") as caught:
        accept(read_table(path), settings())
    assert f"-S 'data.missing=[\"{mark}\"]'" in str(caught.value)
    assert len(accept(read_table(path, Reading(missing=[mark])), settings()).data) == 4


@pytest.mark.parametrize("word", ["refused", "U", "not sure"])
def test_words_that_may_be_levels_come_with_the_declaration(written, word):
    path = table_of([*NUMBERS, word, word], written)
    (found,) = refusal(path)
    assert "declare the column categorical with -S 'data.columns={x: categorical}'" in found
    assert read_table(path, Reading(text=["x"])).x.tolist() == [*NUMBERS, word, word]
