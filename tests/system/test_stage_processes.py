"""A stage as DVC runs it, in a process of its own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("header", "status", "line", "written"),
    [
        ("time,buy", 0, "", {"roles.parquet", "schema.json", "table.parquet"}),
        ("time,buys", 2, "error: visits.csv: the table has no column 'buy'; did you mean 'buys'?\n", set()),
    ],
)
def test_a_stage_ends_with_its_status_one_line_and_all_files_or_none(project, header, status, line, written):
    folder = project("data=csv", "data.path=visits.csv", "data.target=buy")
    (folder / "visits.csv").write_text(f"{header}\n1,0\n2,1\n3,0\n")
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
    environment.pop("DVC_EXP_NAME", None)
    done = subprocess.run(
        [sys.executable, "-m", "pipeline.ingest"], cwd=folder, env=environment, capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (status, line)
    assert {path.name for path in folder.glob("data/ingest/*")} == written
