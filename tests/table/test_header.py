import pytest
from table_files import refusal, workbook

from pipeline.errors import InputError
from pipeline.table.file import read_table
from pipeline.table.origin import origin
from pipeline.table.reading import Reading

BODY = "".join(f"{place}.5,{place % 7},{'pq'[place % 2]},{place % 3}\n" for place in range(30))
TABLE = "a,b,c,y\n" + BODY


@pytest.mark.parametrize(
    ("above", "note"),
    [
        ("Quarterly export\n\n", "skipped line 1 above the header"),
        ("Quarterly export,,,\n,,,\n", "skipped lines 1, 2 above the header"),
        ("# made by x, v1\n# units: s, m\n", "skipped lines 1, 2 above the header"),
        ("% from a tool\n", "skipped line 1 above the header"),
        ("Fleet\n\nlicence: none\n\n", "skipped lines 1, 3 above the header"),
    ],
)
def test_titles_and_comments_above_the_header_are_left_out_and_reported(written, above, note):
    table = read_table(written(above + TABLE))
    assert list(table) == ["a", "b", "c", "y"]
    assert len(table) == 30
    assert origin(table).notes == (note,)
    assert origin(table).of(0) == above.count("\n") + 2


@pytest.mark.parametrize("first", ["sep=;\n", '"sep=;"\n', "SEP=;;;;\r\n"])
def test_the_line_that_names_the_delimiter_is_left_out(written, first):
    table = read_table(written(first + TABLE.replace(",", ";")))
    assert list(table) == ["a", "b", "c", "y"]
    assert origin(table).notes == ("skipped line 1, which declares the delimiter",)


@pytest.mark.parametrize("name", ["#items", "50%", "12", "1e5", "yes"])
def test_a_header_may_have_signs_and_numbers(written, name):
    assert list(read_table(written(TABLE.replace("a,b", f"{name},b", 1))))[0] == name


@pytest.mark.parametrize("names", ["0,1,2,3", "1,2,3,4"])
def test_names_that_count_the_columns_are_names(written, names):
    assert list(read_table(written(f"{names}\n{BODY}"))) == names.split(",")


@pytest.mark.parametrize(
    "content",
    [BODY, BODY.replace("p", "tcp").replace("q", "udp"), "".join(f"{n}.25,{n},{n % 3}\n" for n in range(20))]
    + ["".join(f"{'pq'[n % 2]},{'rst'[n % 3]},{'pq'[n % 2]}\n" for n in range(20))]
    + ["".join(f"{n}.5,name {n},{'pq'[n % 2]}\n" for n in range(20))],
)
def test_a_file_without_a_header_is_refused_and_read_with_names_of_its_columns(written, content):
    path = written(content)
    (problem,) = refusal(path)
    assert "line 1: expected column names, found values" in problem
    assert "-S data.header=false" in problem
    table = read_table(path, Reading(header=False))
    width = content.split("\n")[0].count(",") + 1
    assert list(table) == [f"x{place}" for place in range(1, width + 1)]
    assert len(table) == content.count("\n")
    names = [f"n{place}" for place in range(width)]
    assert list(read_table(path, Reading(header=False, names=names))) == names
    assert "data.names: expected" in refusal(path, header=False, names=names[1:])[0]


@pytest.mark.parametrize("above", [",X1,X2,Y\n", "x,y,z,w\n", "A fleet, its licence\n"])
def test_a_second_header_is_refused_with_the_lines_to_leave_out(written, above):
    path = written(above + TABLE)
    (problem,) = refusal(path)
    assert "data.skip_rows=1" in problem
    assert list(read_table(path, Reading(skip_rows=1))) == ["a", "b", "c", "y"]


def test_a_line_of_units_below_the_header_is_refused(written):
    (problem,) = refusal(written(TABLE.replace("\n", "\ns,m,-,-\n", 1)))
    assert "line 2: expected numbers as in the rows below, found 's', 'm'" in problem


@pytest.mark.parametrize("body", [BODY, "".join(f"{'pq'[n % 2]},{'rs'[n % 3 // 2]},u,v\n" for n in range(30))])
def test_the_header_again_among_the_rows_is_left_out_and_reported(written, body):
    lines = body.splitlines(keepends=True)
    path = written(
        "a,b,c,y\n" + "".join(lines[:10]) + "a,b,c,y\n" + "".join(lines[10:20]) + "a,b,c,y\n" + "".join(lines[20:])
    )
    table = read_table(path)
    assert len(table) == 30
    assert not (table == "c").any(axis=None)
    assert origin(table).notes == ("skipped lines 12, 23: the header again",)
    assert [origin(table).of(row) for row in (9, 10, 29)] == [11, 13, 33]


def test_a_sheet_has_the_same_header_as_a_text_file(written):
    rows = [
        [float(cell) if cell.replace(".", "").isdigit() else cell for cell in line.split(",")] for line in BODY.split()
    ]
    header = ["a", "b", "c", "y"]
    table = read_table(written(workbook(v=[["Report of sales"], [], header, *rows[:5], header, *rows[5:]]), "v.xlsx"))
    assert len(table) == 30
    assert origin(table).notes == ("skipped row 1 above the header", "skipped row 9: the header again")
    assert [origin(table).of(row) for row in (0, 5)] == [4, 10]
    assert "row 1: expected column names" in refusal(written(workbook(v=rows), "w.xlsx"))[0]
    assert "data.skip_rows=1" in refusal(written(workbook(v=[["u", "v", "w", "x"], header, *rows]), "u.xlsx"))[0]


@pytest.mark.parametrize("last", ["Sum of all rows: 30\n", "30 rows\n", "* provisional"])
def test_a_note_below_the_rows_is_refused_with_its_line(written, last):
    (problem,) = refusal(written(TABLE + last))
    assert "line 32: expected 4 fields, as in the header, found 1. This is the last line: delete it" in problem


@pytest.mark.parametrize("first", ["?,0,p,0", "-,3,q,1", ",7,p,2", "0.5,NA,q,"])
def test_a_first_row_with_a_missing_value_is_no_header(written, first):
    (problem,) = refusal(written(f"{first}\n{BODY}"))
    assert "line 1: expected column names, found values: " in problem


@pytest.mark.parametrize("above", ["Date,of,export\n", "Report:,Sales,x\nDate:,2026-01-02,y\n\n", "made by,x,v1\n"])
def test_lines_of_names_and_values_above_the_header_are_refused_with_their_number(written, above):
    path, lines = written(above + TABLE), above.count("\n")
    (problem,) = refusal(path)
    assert f"data.skip_rows={lines}" in problem
    assert list(read_table(path, Reading(skip_rows=lines))) == ["a", "b", "c", "y"]


@pytest.mark.parametrize(("delimiter", "end"), [(",", ","), (";", ";"), (",", ",,,")])
def test_columns_without_a_name_or_values_at_the_end_are_left_out_and_reported(written, delimiter, end):
    table = read_table(written(TABLE.replace("\n", end.replace(",", delimiter) + "\n").replace(",", delimiter)))
    assert list(table) == ["a", "b", "c", "y"]
    assert len(table) == 30
    (note,) = origin(table).notes
    assert note.startswith("skipped column")


@pytest.mark.parametrize("place", [1, 15, 29])
def test_a_column_without_a_name_that_has_a_value_is_refused(written, place):
    lines = [f"{line}," for line in TABLE.splitlines()]
    lines[place] += "x"
    (problem,) = refusal(written("\n".join(lines)))
    assert "header: column 5 has no name" in problem


def test_skipping_all_lines_is_refused_with_the_setting(written):
    with pytest.raises(InputError, match=r"expected a header and rows, found none\. Correct data\.skip_rows\."):
        read_table(written("a,b\n1,2\n"), Reading(skip_rows=9))
