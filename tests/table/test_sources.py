import hashlib
import re
import shutil
from urllib.error import URLError

import pandas as pd
import pytest
from table_files import VISITS

from pipeline import ingest as ingest_stage
from pipeline.errors import InputError
from pipeline.files import read_json
from pipeline.table import file, formats


def unreachable(*_, **__):
    raise URLError("no route")


DIGEST = hashlib.sha256(VISITS.encode()).hexdigest()


def declared_sha256(stage):
    """What a run says of an undeclared download, and the SHA-256 that it asks to declare."""
    with pytest.raises(InputError) as caught:
        stage(ingest_stage)
    (problem,) = caught.value.problems
    return re.fullmatch(
        r"(.*)\. So that everyone gets the same table, add its SHA-256 and run again: -S data\.sha256=([0-9a-f]{64})",
        problem,
    ).groups()


def read_once_declared(project, stage, folder, *chosen):
    """What the first run says, and the schema of the second one, which downloads nothing."""
    project(*chosen)
    downloaded, digest = declared_sha256(stage)
    assert not (folder / "data/ingest").exists()
    project(*chosen, f"data.sha256={digest}")
    stage(ingest_stage)
    schema = read_json(folder / "data/ingest/schema.json")
    assert schema["sha256"] == digest
    return downloaded, schema


def test_a_table_at_an_address_is_downloaded_once_and_its_sha256_is_shown(project, stage, server, tmp_path):
    chosen = ("data=url", f"data.url={server.url}/visits.csv", "data.target=buy", "data.name=visits")
    downloaded, schema = read_once_declared(project, stage, tmp_path, *chosen)
    assert downloaded == "visits: fetched 2 rows and 3 columns"
    assert schema["features"] == ["time", "pages"]
    assert server.asked == ["/visits.csv"]
    project("data=url", "data.url=http://127.0.0.1:1/v.csv", f"data.sha256={DIGEST}", "data.target=buy")
    stage(ingest_stage)  # a copy is known by its bytes, wherever it came from


def test_a_copy_in_place_of_a_download_has_its_bytes(project, stage, server, tmp_path):
    chosen = ("data=url", f"data.url={server.url}/visits.csv", f"data.sha256={DIGEST}", "data.target=buy")
    project(*chosen, "data.path=copy.csv")
    (tmp_path / "copy.csv").write_text(VISITS)
    stage(ingest_stage)
    (tmp_path / "copy.csv").write_text(VISITS.replace("120", "121"))
    with pytest.raises(InputError, match=rf"^copy.csv: expected sha256 {DIGEST}, found .*\. For a table of your own"):
        stage(ingest_stage)
    assert server.asked == []


def test_a_query_is_run_once_and_its_sha256_is_shown(project, stage, database, tmp_path):
    query = "data.sql.query='select time, page, buy from visits order by id'"
    chosen = ("data=sql", f"data.sql.url={database}", query, "data.target=buy")
    downloaded, schema = read_once_declared(project, stage, tmp_path, *chosen)
    assert downloaded == "sql: fetched 3 rows and 3 columns"
    assert schema["features"] == ["time", "page"]
    (tmp_path / "visits.db").unlink()
    stage(ingest_stage)
    project(*chosen[:2], query.replace("time, ", ""), chosen[3], f"data.sha256={schema['sha256']}")
    with pytest.raises(InputError, match=r"visits\.db: no such file"):  # another query is another table
        stage(ingest_stage)


def test_tables_of_openml_and_imbalanced_learn_are_downloaded_once_and_their_sha256_is_shown(
    project, stage, monkeypatch, tmp_path
):
    frame = pd.DataFrame({"x": [1.0, 2.0, 3.0], "target": [-1, 1, -1]})
    monkeypatch.setattr("sklearn.datasets.fetch_openml", lambda **_: type("Found", (), {"frame": frame}))
    chosen = ("data=openml", "data.openml.name=visits", "data.openml.version=1", "data.target=target")
    downloaded, _ = read_once_declared(project, stage, tmp_path, *chosen)
    assert downloaded == "openml: fetched 3 rows and 2 columns"
    monkeypatch.setattr("sklearn.datasets.fetch_openml", unreachable)
    stage(ingest_stage)
    found = {"data": frame[["x"]].to_numpy(), "target": frame.target.to_numpy()}
    monkeypatch.setattr("imblearn.datasets.fetch_datasets", lambda **_: {"oil": type("Bunch", (), found)})
    shutil.rmtree(tmp_path / "data/ingest")
    downloaded, schema = read_once_declared(project, stage, tmp_path, "data=imbalanced", "data.imbalanced=oil")
    assert downloaded == "imbalanced: fetched 3 rows and 2 columns"
    assert schema["features"] == ["f0"]


def test_the_sha256_is_that_of_the_bytes_that_were_parsed(tmp_path, monkeypatch):
    path, parse = tmp_path / "v.csv", formats.read
    path.write_text(VISITS)

    def swapping(*arguments):
        path.write_text("another,table\n1,2\n")
        return parse(*arguments)

    monkeypatch.setattr(formats, "read", swapping)
    assert file.hashed(path)[1] == DIGEST
