"""What a file or a setting declares is kept."""

import pandas as pd
import pytest
from table_files import feather, parquet, settings, workbook

from pipeline.table.file import read_table
from pipeline.table.ingest import accept
from pipeline.table.origin import origin
from pipeline.table.sources import fetch


def features(path, **changed):
    """The typed features of a table in a file."""
    data = settings(path=str(path), **changed)
    return accept(fetch(data)[0], data).data


@pytest.mark.parametrize("kind", ["categorical", ["1", "01", "001", "2"]])
def test_a_column_declared_as_levels_is_read_as_it_is_written(written, kind):
    codes = ["1", "01", "001", "2"] * 5
    path = written("a,code,y\n" + "".join(f"{n}.5,{code},{n % 3 == 0:d}\n" for n, code in enumerate(codes)))
    assert features(path, columns={"code": kind}).code.tolist() == codes
    assert features(path).code.tolist()[:3] == [1.0, 1.0, 1.0]


@pytest.mark.parametrize("to_file", [parquet, feather])
@pytest.mark.parametrize("levels", [[3, 1, 2], ["low", "mid", "high"], ["2", "10", "1"], [1.5, 0.5, 2.5]])
@pytest.mark.parametrize("ordered", [True, False])
def test_declared_categories_stay_levels_in_their_order(written, to_file, levels, ordered):
    values = pd.Categorical(levels * 6, categories=levels, ordered=ordered)
    made = pd.DataFrame({"level": values, "y": [0, 1, 1] * 6})
    column = features(written(to_file(made), f"v.{to_file.__name__}")).level
    assert column.tolist() == [f"{level:g}" if isinstance(level, float) else str(level) for level in levels] * 6
    if ordered:
        assert column.cat.ordered
        written_in_order = to_file is parquet and not isinstance(levels[0], str)  # which it keeps for text alone
        assert column.cat.categories.tolist() == (sorted if written_in_order else list)(column.tolist()[:3])


@pytest.mark.parametrize("words", [["true", "false", ""], ["True", "False", "NA"], ["TRUE", "", "FALSE"]])
def test_true_and_false_with_holes_are_boolean(written, words):
    path = written("member,y\n" + "".join(f"{word},{n % 2}\n" for n, word in enumerate(words * 4)))
    column = features(path).member
    assert column.dtype == "boolean"
    assert column.isna().sum() == 4


@pytest.mark.parametrize("missing", [{"code": ["9"]}, ["9"]])
def test_declared_marks_are_missing_levels_too(written, missing):
    made = pd.DataFrame({"code": pd.Categorical([1, 9, 2, 9] * 3), "y": [0, 1] * 6})
    column = features(written(parquet(made), "v.parquet"), missing=missing).code
    assert column.isna().tolist() == [False, True] * 6


def test_keel_s_lines_of_inputs_and_outputs_are_no_attributes(written):
    head = "@relation s\n@attribute mcv real [-3.0, 5.0]\n@attribute alk integer [0, 40]\n"
    head += "@attribute Class {positive, negative}\n@inputs mcv, alk\n@outputs Class\n@data\n"
    table = read_table(written(head + "1.5, 3, positive\n-0.5, 4, negative\n", "v.dat"))
    assert table.to_dict("list") == {"mcv": [1.5, -0.5], "alk": [3.0, 4.0], "Class": ["positive", "negative"]}


def test_merged_cells_of_a_sheet_are_reported(written, tmp_path):
    import io

    import openpyxl

    book = openpyxl.load_workbook(io.BytesIO(workbook(v=[["region", "y"], ["North", 0], [None, 1], [None, 0]])))
    book["v"].merge_cells("A2:A4")
    book.save(tmp_path / "v.xlsx")
    assert origin(read_table(tmp_path / "v.xlsx")).notes == (
        "cells A2:A4 are merged: only the first cell of each has the value",
    )


def test_a_word_in_a_sheet_of_numbers_is_named_with_its_row(written):
    rows = [["a", "y"], *[[n / 2, n % 2] for n in range(30)]]
    rows[20][0] = "Total"
    with pytest.raises(ValueError, match="column 'a', row 21: expected numbers, found 'Total'"):
        features(written(workbook(v=rows), "v.xlsx"))
