import gzip

import pytest

from pipeline import ingest as ingest_stage
from pipeline.errors import InputError
from pipeline.files import read_json, read_table
from pipeline.table import columns


def test_main_writes_table_schema_and_truth_of_simulated_visits(project, stage):
    folder = project("data.simulation.rows=40", "data.simulation.prevalence=0.2")
    stage(ingest_stage)
    table, truth = (read_table(folder / f"data/ingest/{name}.parquet") for name in ("table", "truth"))
    schema = read_json(folder / "data/ingest/schema.json")
    assert table.shape == (40, 5)
    assert (table.dtypes.iloc[:4] == "float64").all()
    assert truth.columns.tolist() == ["probability"]
    assert truth.index.equals(table.index)
    assert schema.pop("sha256").isalnum()
    assert schema == {
        "name": "mountain_shop",
        "target": "buy",
        "positive": 1,
        "negative": 0,
        "features": ["time_on_page", "pages_viewed", "interest_ski", "interest_climb"],
        "columns": dict.fromkeys(["time_on_page", "pages_viewed", "interest_ski", "interest_climb"], "numeric"),
        "declaration": dict.fromkeys(["time_on_page", "pages_viewed", "interest_ski", "interest_climb"], "numeric"),
        "text": [],
        "missing": None,
        "notes": [],
        "classes": {"negative": 32, "positive": 8},
    }


@pytest.mark.parametrize("override", ["data.positive=0", "data.simulation.prevalence=0.7"])
def test_the_truth_kept_is_that_of_the_positive_class(project, stage, override):
    folder = project(override)
    stage(ingest_stage)
    truth = read_table(folder / "data/ingest/truth.parquet").probability
    table = read_table(folder / "data/ingest/table.parquet")
    assert read_json(folder / "data/ingest/schema.json")["positive"] == 0
    assert truth.mean() == pytest.approx(table.buy.mean(), abs=0.03)
    assert truth[table.buy == 1].mean() > truth[table.buy == 0].mean() + 0.2


def test_a_simulated_table_has_one_target(project, stage):
    project("data.target=interest_ski")
    with pytest.raises(InputError, match="data.target: expected 'buy', .* found 'interest_ski'"):
        stage(ingest_stage)


def test_main_reads_a_packed_table_and_keeps_no_truth(project, stage):
    folder = project("data=csv", "data.path=visits.csv.gz", "data.target=buy", "data.name=mine")
    content = gzip.compress(b"time,buy\n1,yes\n2,no\n3,no\n", mtime=0)
    (folder / "visits.csv.gz").write_bytes(content)
    stage(ingest_stage)
    assert sorted(path.name for path in (folder / "data/ingest").iterdir()) == [
        "roles.parquet",
        "schema.json",
        "table.parquet",
    ]
    schema = read_json(folder / "data/ingest/schema.json")
    assert (schema["positive"], schema["classes"]) == ("yes", {"negative": 2, "positive": 1})


def test_main_names_the_file_and_writes_nothing_when_it_is_bad(project, stage):
    folder = project("data=csv", "data.path=visits.csv", "data.target=bought")
    (folder / "visits.csv").write_text("time,buy\n1,1\n2,0\n")
    with pytest.raises(InputError) as caught:
        stage(ingest_stage)
    assert str(caught.value) == "visits.csv: the table has no column 'bought'; choose from 'time', 'buy'."
    assert not (folder / "data").exists()


def test_the_article_s_table_must_have_the_article_s_bytes(project, stage):
    folder = project("experiment=article", "data.path=copy.csv")
    (folder / "copy.csv").write_text("time,buy\n1,1\n2,0\n")
    with pytest.raises(InputError, match="expected sha256 6734.*For a table of your own, use -S data=csv"):
        stage(ingest_stage)


def test_the_article_s_preset_keeps_its_integers(project, stage, shared):
    folder = project("experiment=article", f"data.path={shared / 'sales_data.csv'}")
    stage(ingest_stage)
    table = read_table(folder / "data/ingest/table.parquet")
    assert table.interest_ski.dtype == "int64"
    assert table.buy.value_counts().to_dict() == {0: 950, 1: 50}


def test_main_writes_natural_dtypes_and_says_what_columns_are(project, stage, capsys):
    settings = "data.columns={size: [S, M, L], pages: integer}"
    folder = project("data=csv", "data.path=visits.csv", "data.target=buy", settings)
    rows = ["size,pages,member,seen,shop,buy", "S,1,True,2020-01-31,north,yes ", "L,,False,,south,no"]
    rows += ["S,3,True,2021-05-01,,no", ",4,False,2022-01-01,north,no"]
    (folder / "visits.csv").write_text("\n".join(rows))
    stage(ingest_stage)
    table, schema = read_table(folder / "data/ingest/table.parquet"), read_json(folder / "data/ingest/schema.json")
    kinds = {"size": "ordinal", "pages": "integer", "member": "boolean", "seen": "date", "shop": "categorical"}
    assert schema["columns"] == kinds
    assert schema["declaration"] == {**kinds, "size": ["S", "M", "L"], "seen": "ISO8601"}
    assert schema["text"] == ["size", "seen", "shop"]
    assert {name: columns.kind(table[name]) for name in kinds} == kinds
    assert table.shop.tolist()[:2] == ["north", "south"]
    assert table.isna().sum().tolist() == [1, 1, 0, 1, 1, 0]
    assert (schema["positive"], table.buy.tolist()) == ("yes", [1, 0, 0, 0])
    said = "csv: 1 integer (pages); 1 boolean (member); 1 ordinal (size); 1 date (seen); 1 categorical (shop)"
    assert said in capsys.readouterr().out
