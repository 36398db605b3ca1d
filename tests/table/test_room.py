"""Files that would take more memory than there is are refused before they do."""

import gzip
import io
import zipfile

import openpyxl
import pandas as pd
import pyarrow as pa
import pyarrow.parquet
import pytest

from pipeline.errors import InputError, run
from pipeline.table import room
from pipeline.table.formats import read

MOST = 1_000_000
TABLE = "x,y\n" + "1.5,0\n" * 1000
REFUSED = r"needs .* or more in memory, but this machine or its container has 1 MB\. Select fewer rows"


@pytest.fixture
def little(monkeypatch):
    monkeypatch.setattr(room, "total", lambda: MOST)


def zipped(content, name="t.csv", method=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(buffer := io.BytesIO(), "w", method) as archive:
        archive.writestr(name, content)
    return buffer.getvalue()


def packed(kind, content):
    if kind == "zip":
        return zipped(content)
    return gzip.compress(content) if kind == "gz" else pa.compress(content, "zstd", asbytes=True)


@pytest.mark.parametrize("kind", ["gz", "zst", "zip"])
def test_what_unpacks_to_more_than_fits_is_refused_and_else_read(little, kind):
    bomb = packed(kind, b"0" * (2 * MOST))
    assert len(bomb) < 10_000
    with pytest.raises(InputError, match=REFUSED):
        read(bomb, f"t.csv.{kind}")
    assert len(read(packed(kind, TABLE.encode()), f"t.csv.{kind}")) == 1000


def test_a_zip_file_that_states_less_than_it_holds_does_not_get_more_room(little):
    bomb = zipped(b"0" * (2 * MOST)).replace((2 * MOST).to_bytes(4, "little"), (20).to_bytes(4, "little"))
    with pytest.raises(InputError, match="expected a zip file, found a damaged one"):
        read(bomb, "t.zip")


def workbook(*cells, rows=60):
    book = openpyxl.Workbook()
    page = book.active
    page.append(["size", "label"])
    for number in range(rows):
        page.append([number / 2, number % 2])
    for place, value in cells:
        page[place] = value
    book.save(buffer := io.BytesIO())
    return buffer.getvalue()


@pytest.mark.parametrize("stray", ["XFD1048576", "XFD3", "B1048576"])
def test_a_stray_cell_at_the_end_of_a_sheet_costs_no_memory(stray):
    data = workbook((stray, ""), (stray, None))
    pd.testing.assert_frame_equal(read(data, "t.xlsx"), read(workbook(), "t.xlsx"))
    formatted = workbook((stray, "#N/A"))  # a cell that holds nothing, and is in the sheet's size
    pd.testing.assert_frame_equal(read(formatted, "t.xlsx"), read(workbook(), "t.xlsx"))


def test_a_workbook_that_unpacks_to_more_than_fits_is_refused(little):
    buffer = io.BytesIO(workbook())
    with zipfile.ZipFile(buffer, "a", zipfile.ZIP_DEFLATED) as target:
        target.writestr("xl/media/padding", b"0" * (2 * MOST))
    with pytest.raises(InputError, match=f"the workbook, unpacked, {REFUSED}"):
        read(buffer.getvalue(), "t.xlsx")


def test_scattered_cells_that_would_make_a_wide_table_are_refused(monkeypatch):
    data = workbook(*((f"{openpyxl.utils.get_column_letter(place)}{place}", 1) for place in range(3, 303)))
    monkeypatch.setattr(room, "total", lambda: 500_000)
    with pytest.raises(InputError, match="a table of 302 rows and 302 columns needs"):
        read(data, "t.xlsx")


def test_a_parquet_file_of_equal_values_is_as_large_as_its_rows(little):
    table = pa.table({"x": pa.array([1.0] * 700_000), "y": pa.array([0] * 700_000)})
    pyarrow.parquet.write_table(table, buffer := io.BytesIO())
    assert len(buffer.getvalue()) < 20_000
    with pytest.raises(InputError, match=f"a table of 700,000 rows and 2 columns {REFUSED}"):
        read(buffer.getvalue(), "t.parquet")


def test_memory_that_runs_out_anywhere_ends_a_command_with_what_to_do(capsys):
    def greedy():
        raise MemoryError("Unable to allocate 128. GiB for an array")

    with pytest.raises(SystemExit) as ended:
        run(greedy)
    assert ended.value.code == 2
    said = capsys.readouterr().err
    assert said.startswith(
        "error: memory ran out (Unable to allocate 128. GiB for an array). Select fewer rows or columns"
    )
    assert len(said.splitlines()) == 1
