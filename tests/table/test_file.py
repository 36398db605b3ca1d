import pandas as pd
import pytest
from table_files import VISITS, refusal

from pipeline.table.file import read_table


def test_a_path_that_is_no_file_names_the_nearest_tables(written, tmp_path):
    written(VISITS)
    written(VISITS, "other.csv.gz")
    written(VISITS, "notes.md")
    written("outs:", "tracked.csv.dvc")
    missing = tmp_path / "vists.csv"
    assert refusal(missing) == [f"{missing}: no such file; did you mean 'visits.csv'?"]
    nowhere = tmp_path / "nowhere" / "vists.csv"
    assert refusal(nowhere) == [f"{nowhere}: no such file. Correct data.path."]
    tables = "choose from 'other.csv.gz', 'visits.csv'"
    assert refusal(tmp_path) == [f"{tmp_path}: expected a file, found a folder; {tables}."]
    tracked = tmp_path / "tracked.csv"
    assert refusal(tracked) == [
        f"{tracked}: DVC tracks this file, but it isn't here. Run `dvc pull {tracked}`.",
    ]
    assert refusal(tmp_path / ("x" * 300))[0].endswith(
        ": the file can't be read (File name too long). Correct data.path or its permissions."
    )


TABLES = (
    "abalone_19.csv",
    "ann_thyroid.csv",
    "bank_small.csv",
    "car_vgood.csv",
    "ecoli_imU.csv",
    "letter_Z.csv.gz",
    "mammography.csv",
    "multi_glass.csv",
    "oil.csv",
    "pima.csv",
    "sales_data.csv",
    "thyroid_sick.csv",
    "us_crime.csv.gz",
)


@pytest.mark.parametrize("name", TABLES)
def test_real_tables_have_the_values_that_pandas_reads(shared, name):
    pd.testing.assert_frame_equal(
        read_table(shared / name), pd.read_csv(shared / name, low_memory=False), check_exact=True
    )
