import pytest
from table_files import QUOTE, parquet, refusal, refused

from pipeline.table.file import read_table
from pipeline.table.origin import origin
from pipeline.table.reading import Reading


def test_a_quoted_cell_may_follow_a_space(written):
    table = read_table(written('note, buy\n1, "y, z"\n2, "x"\n'))
    assert table.to_dict("list") == {"note": [1, 2], "buy": ["y, z", "x"]}


def test_names_and_cells_beyond_ascii_are_kept(written):
    table = read_table(written("größe,店,buy\nклейн,١,0\n"))
    assert table.to_dict("list") == {"größe": ["клейн"], "店": ["١"], "buy": [0]}


def test_empty_cells_at_the_end_of_full_rows_are_missing_values(written):
    table = read_table(written("buy,time,pages\n1,2,\n0,7,3\n"))
    assert table.pages.isna().tolist() == [True, False]
    table = read_table(written('buy,"time",pages\n1,2,\n0,7,3\n'))
    assert table.pages.isna().tolist() == [True, False]


def test_one_column_has_one_type_however_late_its_text_comes(written):
    table = read_table(written("time,buy\n" + "1,0\n" * 270_000 + "x,1\n"))
    assert {type(value) for value in table.time} == {str}


def test_decimal_commas_are_detected_however_late_they_come(written):
    table = read_table(written("time;buy\n" + "1;0\n" * 2_000 + "2,5;1\n"))
    assert (table.time.dtype, table.time.iloc[-1]) == ("float64", 2.5)


def test_a_comma_with_three_digits_is_a_decimal_one_beside_another_that_must_be(written):
    table = read_table(written("weight;time;buy\n1,234;2,5;0\n0,5;3,25;1\n1,500;3;1\n"))
    assert table.weight.tolist() == [1.234, 0.5, 1.5]
    table = read_table(written("weight;time;buy\n1,234;2,5;0\n1,500;3;1\n"))
    assert table.weight.tolist() == [1.234, 1.5]


def test_a_thousand_columns_read(written):
    names = [f"a rather long name of column {i}" for i in range(1_000)]
    table = read_table(written(",".join(names) + "\n" + ",".join(["1"] * 999 + ["x "]) + "\n"))
    assert table.shape == (1, 1_000)
    assert (table.columns[-1], table.iloc[0, -1]) == (names[-1], "x")


def test_columns_of_text_stay_text_where_all_cells_look_like_numbers(written):
    table = read_table(
        written("code,truth,none,time\n007,true,,1.50\n1e3,false,NA,2\n"), Reading(text=["code", "truth", "none"])
    )
    assert table.code.tolist() == ["007", "1e3"]
    assert table.truth.tolist() == ["true", "false"]
    assert table.none.isna().tolist() == [True, False]
    assert table.time.tolist() == [1.5, 2.0]


def test_numbers_in_another_notation_are_accepted_in_columns_that_are_dropped(written):
    table = read_table(written('price,buy\n"1,234",0\n5,1\n'), Reading(drop=["price"]))
    assert table.buy.tolist() == [0, 1]
    table = read_table(written(parquet({"tags": [["a"], []], "buy": [0, 1]}), "v.parquet"), Reading(drop=["tags"]))
    assert table.buy.tolist() == [0, 1]


@refused(
    (
        "header only",
        "time,buy\n",
        "v.csv",
        ["expected rows below the header, found none. Copy the file again."],
    ),
    (
        "header only, no line end",
        "time,buy",
        "v.csv",
        ["expected rows below the header, found none. Copy the file again."],
    ),
)
def test_text_without_rows_is_refused(written, content, name, problems):
    assert refusal(written(content, name)) == [f"{name}: {problem}" for problem in problems]


@refused(
    (
        "one column",
        "time\n1\n2\n",
        "v.csv",
        [
            "line 1: expected columns separated by commas, semicolons, tabs or vertical bars, found 'time'. Save "
            "the file as CSV with more columns."
        ],
    ),
    (
        "white space between columns",
        "time pages buy\n1 2 0\n",
        "v.csv",
        [
            "line 1: expected columns separated by commas, semicolons, tabs or vertical bars, found 'time pages "
            "buy'. Save the file as CSV with more columns."
        ],
    ),
    (
        "two delimiters",
        "a,b|c,d\n1,2|3,4\n",
        "v.csv",
        [
            "line 1: expected one delimiter, but commas (3 fields) and vertical bars (2 fields) fit equally "
            "well. Quote cells that contain the other one, or save the file with another delimiter."
        ],
    ),
)
def test_text_without_one_clear_delimiter_is_refused(written, content, name, problems):
    assert refusal(written(content, name)) == [f"{name}: {problem}" for problem in problems]


@refused(
    (
        "repeated names",
        "time, time,buy,pages,buy \n1,2,0,1,0\n",
        "v.csv",
        [
            (
                "header: expected different column names, found 'buy', 'time' more than once. Rename the duplicates "
                "in the file."
            )
        ],
    ),
    (
        "no header",
        "1,1,0\n1,2,1\n",
        "v.csv",
        [
            (
                "header: expected column names, found numbers, and '1' more than once. Add a line of names above the "
                "rows, or set -S data.header=false."
            )
        ],
    ),
    (
        "an index without a name",
        ",time,buy\n0,1,0\n1,2,1\n",
        "v.csv",
        ["header: column 1 has no name. Add a name, or save the table without its index."],
    ),
    (
        "all that is wrong",
        "time,, time,\n1,2,3,4\n\n1,2\n1,2\n1,2\n1,2\n1,2,3,4,5\n",
        "v.csv",
        [
            "header: columns 2, 4 have no name. Add a name, or save the table without its index.",
            (
                "header: expected different column names, found 'time' more than once. Rename the duplicates in the "
                "file."
            ),
            f"lines 4, 5, 6 and 1 more: expected 4 fields, as in the header, found 2. {QUOTE}",
            f"line 8: expected 4 fields, as in the header, found 5. {QUOTE}",
        ],
    ),
)
def test_a_header_without_distinct_names_is_refused(written, content, name, problems):
    assert refusal(written(content, name)) == [f"{name}: {problem}" for problem in problems]


@pytest.mark.parametrize("labels", [["01", "1", "001"], ["00", "10", "01"], ["007", "7", "70"]])
def test_labels_and_groups_with_leading_zeros_stay_as_they_are_written(written, labels):
    path = written("a,y,g\n" + "".join(f"{n}.5,{label},{label}\n" for n, label in enumerate(labels)))
    table = read_table(path, Reading(labels=["y", "g"]))
    assert table.y.tolist() == labels
    assert table.g.tolist() == labels
    assert origin(table).notes == ()
