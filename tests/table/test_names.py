"""A column's name is the same however its letters with accents are encoded."""

import unicodedata

import pandas as pd
import pytest
from table_files import feather, parquet, refusal, workbook

from pipeline import config
from pipeline.table.file import read_table

NAME, DECOMPOSED = "größe", unicodedata.normalize("NFD", "größe")
TABLE = pd.DataFrame({DECOMPOSED: [1.5, 2.5], "buy": [0, 1]})
ARFF = f"@relation visits\n@attribute '{DECOMPOSED}' numeric\n@attribute buy {{0,1}}\n@data\n1.5,0\n2.5,1\n"
FILES = {
    "v.csv": TABLE.to_csv(index=False),
    "v.parquet": parquet(TABLE),
    "v.feather": feather(TABLE),
    "v.xlsx": workbook(visits=[list(TABLE), [1.5, 0], [2.5, 1]]),
    "v.arff": ARFF,
}


@pytest.mark.parametrize("name", FILES)
def test_names_are_read_in_the_composed_form(written, name):
    assert DECOMPOSED != NAME
    assert list(read_table(written(FILES[name], name))) == [NAME, "buy"]


def test_two_columns_whose_names_look_the_same_are_refused(written):
    file = written(f"{NAME},{DECOMPOSED},buy\n1,2,0\n")
    assert refusal(file) == [
        (
            f"visits.csv: header: expected different column names, found '{NAME}' more than once. Rename the "
            "duplicates in the file."
        )
    ]


def test_settings_name_columns_in_the_composed_form(raw):
    raw["data"] |= {"simulation": None, "path": "v.csv", "target": DECOMPOSED, "drop": [DECOMPOSED + "1"]}
    raw["data"] |= {"weight": DECOMPOSED + "2", "columns": {DECOMPOSED + "3": "integer"}}
    data = config.Data.model_validate(raw["data"])
    assert (data.target, data.drop, data.weight) == (NAME, [NAME + "1"], NAME + "2")
    assert data.columns == {NAME + "3": "integer"}


def test_kinds_and_classes_may_be_given_as_pairs(raw):
    raw["data"] |= {"simulation": None, "path": "v.csv", "columns": [[DECOMPOSED, ["S", "M"]], ["12", "date"]]}
    raw["data"] |= {"classes": [["<=50K.", "<=50K"], [3, None]]}
    data = config.Data.model_validate(raw["data"])
    assert data.columns == {NAME: ["S", "M"], "12": "date"}
    assert data.classes == {"<=50K.": "<=50K", "3": None}
    with pytest.raises(ValueError, match="columns"):
        config.Data.model_validate(raw["data"] | {"columns": ["a", "b"]})
