import csv
import os
import platform
import re
import stat
import subprocess
import sys
from io import StringIO
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipeline.errors import InputError
from pipeline.files import csv_text, read_json, read_table, replacing, write_bytes, write_json, write_table, write_text
from pipeline.fit.stored import read_model
from pipeline.table.split import separate


@pytest.fixture
def visits():
    return pd.DataFrame(
        {"time": [1.5, 2.0, 3.0, 0.1 + 0.2], "größe, m": [3.0, 1.0, 2.0, 4.0], "140.npy": [0.0, -0.0, 1.0, 2.0]},
        index=pd.Index([7, 3, 9, 1], name="row_id"),
    )


FORMULAS = [
    "=1+1",
    "+cmd|' /C calc'!A0",
    "-2+3",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "\n=1",
    "-inf",
    "--1",
    "'=1",
    "''-x",
    "\uff1d1",
]
HARMLESS = ["", "a=1", "'", "'a", "-5", "+5", "-1.5e-3", "+.5", "5-3", " =1", "a\r=1", 'say "=1"', "a,=1"]
READ = re.search(r"text.str.replace\(r\"(.+?)\", \"\"", Path("docs/models-and-prediction.md").read_text("utf-8"))[1]


def test_text_that_a_spreadsheet_would_compute_gets_an_apostrophe_and_comes_back(tmp_path):
    table = pd.DataFrame({"=name": [*FORMULAS, *HARMLESS]})
    table["level"] = table["=name"].astype("category")
    table["number"] = -np.arange(len(table)) / 3
    table["whole"] = pd.array([-1, None, *range(len(table) - 2)], dtype="Int64")
    text = csv_text(table)
    cells = list(csv.reader(StringIO(text, newline="")))
    assert cells[0] == ["'=name", "level", "number", "whole"]
    assert [row[0] for row in cells[1:]] == [*(f"'{text}" for text in FORMULAS), *HARMLESS]
    read = pd.read_csv(StringIO(text, newline=""), keep_default_na=False, dtype={"'=name": "str", "level": "str"})
    for name in ("'=name", "level"):
        back = read[name].str.replace(READ, "", regex=True)
        assert back.tolist() == table["=name"].tolist()
    assert read["number"].tolist() == table["number"].tolist()
    assert read["whole"].tolist() == ["-1", "", *map(str, range(len(table) - 2))]


def test_a_table_without_such_text_is_written_as_pandas_writes_it(visits):
    table = visits.assign(buy=["yes", "no", None, "-1"], day=pd.Timestamp("2020-01-02"), seen=[True, False, True, True])
    assert csv_text(table, index=True) == table.to_csv(lineterminator="\n")
    assert csv_text(table) == table.to_csv(lineterminator="\n", index=False)


def test_a_table_comes_back_as_it_was(tmp_path, visits):
    table = visits.assign(row=pd.array([1, None, 3, 4], dtype="Int64"), buy=np.array([0, 1, 0, 1], dtype="int8"))
    write_table(tmp_path / "new" / "table.parquet", table)
    pd.testing.assert_frame_equal(read_table(tmp_path / "new" / "table.parquet"), table)


def test_a_table_has_the_same_bytes_twice(tmp_path, visits):
    for name in ("one", "two"):
        write_table(tmp_path / name, visits.copy())
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_text_and_json_are_utf_8_with_unix_line_ends(tmp_path):
    write_text(tmp_path / "text", "größe\n")
    write_json(tmp_path / "json", {"größe": None})
    assert (tmp_path / "text").read_bytes() == "größe\n".encode()
    assert (tmp_path / "json").read_bytes() == '{\n  "größe": null\n}\n'.encode()


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_json_refuses_what_json_does_not_have_and_keeps_the_old_file(tmp_path, value):
    write_json(tmp_path / "metrics.json", {"recall": 0.5})
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(tmp_path / "metrics.json", {"recall": value})
    assert read_json(tmp_path / "metrics.json") == {"recall": 0.5}


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(tmp_path):
    write_text(tmp_path / "report", "old")

    def fail():
        with replacing(tmp_path / "report") as temporary:
            temporary.write_text("half of the n")
            assert (tmp_path / "report").read_text() == "old"
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert [path.name for path in tmp_path.iterdir()] == ["report"]
    assert (tmp_path / "report").read_text() == "old"


def test_nobody_who_looks_for_files_finds_one_half_written(tmp_path):
    with replacing(tmp_path / "run.json") as temporary:
        temporary.write_text("{")
        assert list(tmp_path.glob("*.json")) == []
    assert [path.name for path in tmp_path.glob("*.json")] == ["run.json"]


def test_written_files_have_the_permissions_that_others_get(tmp_path):
    write_bytes(tmp_path / "ours", b"")
    (tmp_path / "plain").write_bytes(b"")
    assert [stat.S_IMODE(os.stat(tmp_path / name).st_mode) for name in ("ours", "plain")] == [
        stat.S_IMODE(os.stat(tmp_path / "plain").st_mode)
    ] * 2


def test_features_and_target_part(visits):
    X, y = separate(visits.assign(buy=[0, 1, 0, 1]), "buy")
    pd.testing.assert_frame_equal(X, visits)
    assert (y.name, y.tolist()) == ("buy", [0, 1, 0, 1])


@pytest.mark.parametrize(("name", "read"), [("a.json", read_json), ("a.parquet", read_table)])
@pytest.mark.parametrize("content", [b"", b"{", b"PAR1 and no more", b"\xff\xfe"])
def test_a_file_that_was_changed_between_stages_is_refused(tmp_path, name, read, content):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(InputError) as caught:
        read(path)
    assert str(caught.value).startswith(f"{path}: the file was changed after a stage wrote it (")
    assert str(caught.value).endswith("). Run `dvc repro --force`.")


@pytest.mark.parametrize("read", [read_table, read_json, read_model])
def test_a_file_that_an_earlier_stage_did_not_write_is_an_input_error(tmp_path, read):
    with pytest.raises(InputError, match="no such file. An earlier stage writes it"):
        read(tmp_path / "missing")


@pytest.mark.skipif(platform.machine() not in ("x86_64", "AMD64"), reason="these kernels are of x86-64")
@pytest.mark.parametrize("kernel", ["Nehalem", "SkylakeX"])
def test_kernels_of_blas_are_the_same_whatever_a_user_s_shell_has_set(kernel):
    environment = {**os.environ, "OPENBLAS_CORETYPE": kernel, "OPENBLAS_NUM_THREADS": "3"}
    code = (
        "import pipeline, numpy; from threadpoolctl import threadpool_info as found;"
        "blas = [each for each in found() if each['internal_api'] == 'openblas'];"
        "print(*{(each['architecture'], each['num_threads']) for each in blas})"
    )
    said = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "('Haswell', 1)"
