import numpy as np
import pandas as pd
import pytest
import sqlalchemy

from pipeline.errors import InputError
from pipeline.table.sql import read_sql


def test_a_query_gives_a_table(database):
    table = read_sql(database, "select time, page, buy from visits order by id")
    expected = pd.DataFrame(
        {"time": [120.0, 250.5, np.nan], "page": pd.Series([None, "home", "shop"], dtype="str"), "buy": [0, 1, 0]}
    )
    pd.testing.assert_frame_equal(table, expected)


@pytest.mark.parametrize(
    ("query", "problem"),
    [
        (
            "select * from visit order by id",
            "{}: the query failed (no such table: visit). Correct data.sql.url or data.sql.query.",
        ),
        (
            "select mixed, buy from visits order by id",
            "{}: column 'mixed': expected values of one type, found text in row 1, bytes in row 2. "
            "Convert them to one type.",
        ),
        (
            "select * from visits where id > 3 order by id",
            "{}: expected rows and columns, found none. Correct data.path or the query.",
        ),
    ],
    ids=["no such table", "mixed types", "no rows"],
)
def test_a_query_that_gives_no_table_is_refused(database, query, problem):
    with pytest.raises(InputError) as caught:
        read_sql(database, query)
    assert caught.value.problems == [problem.format(database)]


def test_an_address_that_leads_nowhere_is_refused_and_its_password_not_shown(tmp_path):
    query = "select 1 order by 1"
    with pytest.raises(InputError, match=r"no\.db: no such file. Correct data.sql.url.$"):
        read_sql(f"sqlite:///{tmp_path / 'no.db'}", query)
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(InputError, match=r"^visits: the query failed \(Could not parse SQLAlchemy URL"):
        read_sql("visits", query)
    with pytest.raises(InputError, match=r"^nosuch://h/d: the query failed \(Can't load plugin"):
        read_sql("nosuch://h/d", query)
    with pytest.raises(
        InputError, match=r"^mysql://u:\*\*\*@h/d: the driver 'MySQLdb' is missing. Install it with pip.$"
    ):
        read_sql("mysql://u:secret@h/d", query)
    with pytest.raises(InputError, match=r"@127.0.0.1:1/d: the query failed") as caught:
        read_sql("postgresql+psycopg2://u:secret@127.0.0.1:1/d", query)
    assert "secret" not in str(caught.value)


def test_a_password_comes_from_the_environment(monkeypatch, tmp_path):
    query = "select 1 order by 1"
    with pytest.raises(
        InputError,
        match=r"^postgresql\+psycopg2: data.sql.url has \$NO_SUCH, but there is no such environment variable",
    ):
        read_sql("postgresql+psycopg2://u:$NO_SUCH@h/d", query)
    monkeypatch.setenv("SHOP_PASSWORD", "p@ss/w:rd")
    asked = []

    def unconnected(address):
        asked.append(address)
        raise sqlalchemy.exc.ArgumentError("no such database")

    monkeypatch.setattr("sqlalchemy.create_engine", unconnected)
    with pytest.raises(InputError, match=r"^postgresql\+psycopg2://u:\*\*\*@h/d: the query failed"):
        read_sql("postgresql+psycopg2://u:$SHOP_PASSWORD@h/d", query)
    assert (asked[0].password, asked[0].host) == ("p@ss/w:rd", "h")


def test_a_variable_may_have_the_whole_address(database, monkeypatch):
    query = "select page, buy from visits order by id"
    with pytest.raises(
        InputError,
        match=r"^\$SHOP_DB: data.sql.url_env names \$SHOP_DB, but there is no such environment variable. Run `export",
    ):
        read_sql(None, query, variable="SHOP_DB")
    monkeypatch.setenv("SHOP_DB", database)
    pd.testing.assert_frame_equal(read_sql(None, query, variable="SHOP_DB"), read_sql(database, query))


@pytest.mark.parametrize(
    "address", ["mysql://u:s3cret/@h/d?key=k3y", "postgresql+psycopg2://u:s3cret/@h/d?key=k3y", "s3cret/k3y"]
)
def test_no_error_repeats_what_a_variable_has(monkeypatch, address):
    monkeypatch.setenv("SHOP_DB", address)

    def repeats(given):
        address = given.render_as_string(hide_password=False)
        raise sqlalchemy.exc.ArgumentError(f"can't connect to {address}, {given.query}")

    monkeypatch.setattr("sqlalchemy.create_engine", repeats)
    with pytest.raises(InputError, match=r"^\$SHOP_DB: the query failed") as caught:
        read_sql(None, "select 1 order by 1", variable="SHOP_DB")
    assert "s3cret" not in str(caught.value)
    assert "k3y" not in str(caught.value)
