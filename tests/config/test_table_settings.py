import pytest
import yaml
from altered import changed, refusal
from weighted_table import OWN

from pipeline import config
from pipeline.errors import InputError


def sql(raw, url, query="select a from t order by a"):
    data = raw["data"] | {
        "simulation": None,
        "path": "conf/data/sql.yaml",
        "sql": {"url": url, "url_env": None, "query": query},
    }
    return raw | {"data": data}


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql+psycopg2://u:secret@h/d", "postgresql+psycopg2://u:***@h/d"),
        ("postgresql://u:$ecret-x@h/d", "postgresql://u:***@h/d"),
        ("postgresql://u:/s:e@cret@h:5432/d", "postgresql://u:***@h:5432/d"),
        ("postgresql://u@h/d?sslmode=require&password=secret", "postgresql://u@h/d?sslmode=require&password=***"),
        ("mssql+pyodbc:///?odbc_connect=UID=u;PWD=secret;x=1", "mssql+pyodbc:///?odbc_connect=UID=u;PWD=***;x=1"),
        ("postgresql://h:5432/d?options=a@b", "postgresql://h:***@b"),  # as SQLAlchemy reads it
    ],
)
def test_a_password_is_refused_and_not_told(raw, url, shown):
    (problem,) = refusal(sql(raw, url))
    assert problem == (
        "params.yaml: data.sql.url: expected an environment variable, as $NAME, for the password, because "
        f"params.yaml is committed, found {shown!r}. For example: {shown.replace('***', '$PASSWORD')}."
    )


@pytest.mark.parametrize(
    "url",
    [
        "sqlite:///visits.db",
        "sqlite:////a:b@c/visits.db",
        "postgresql://u@h:5432/d",
        "postgresql://u:$SHOP_PASSWORD@h/d",
        "postgresql://$WHO:$PASSWORD@$HOST:5432/d",
        "postgresql://u@h/d?password=$PASSWORD",
    ],
)
def test_an_address_without_a_password_of_its_own_is_a_setting(raw, url):
    assert config.check(sql(raw, url)).data.sql.url == url


def test_an_address_of_a_database_comes_from_one_place(raw):
    table = sql(raw, None)
    table["data"]["sql"]["url_env"] = "SHOP_DB"
    assert config.check(table).data.sql.url_env == "SHOP_DB"
    table["data"]["sql"]["url"] = "sqlite:///visits.db"
    (both,) = refusal(table)
    (none,) = refusal(sql(raw, None))
    words = (
        "params.yaml: data.sql: expected either url or url_env, the environment variable that has the address, found "
    )
    assert both.startswith(words)
    assert none == f"{words}{{'url': None, 'url_env': None}}. For example, set -S data.sql.url=sqlite:///visits.db."


@pytest.mark.parametrize(
    ("key", "value", "shown"), [("url", "u:secret@h", "u:***@h"), ("url_env", "shop_db", "shop_db")]
)
def test_an_address_and_a_variable_have_their_forms(raw, key, value, shown):
    table = sql(raw, None)
    table["data"]["sql"][key] = value
    (problem,) = refusal(table)
    assert problem.startswith(f"params.yaml: data.sql.{key}: expected ")
    assert problem.endswith(f"found {shown!r}.")


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"id": None}, "data.openml: expected either an id or a name, found"),
        ({"name": "oil"}, "data.openml: expected either an id or a name, found"),
        (
            {"version": 2},
            "data.openml.version: expected null with data.openml.id, because an id has one version, found 2.",
        ),
    ],
)
def test_openml_has_an_id_or_a_name(composed, changes, problem):
    raw = yaml.safe_load(composed("data=openml", "data.openml.id=310", "data.target=buy"))
    raw["data"]["openml"] |= changes
    assert refusal(raw)[0].startswith(f"params.yaml: {problem}")


@pytest.mark.parametrize(
    "query",
    ["select *\nfrom visits", "drop table visits -- order by id", "delete from visits", "", "selected order by id"],
)
def test_a_query_is_a_select_whose_rows_have_an_order(raw, query):
    assert refusal(sql(raw, "sqlite:///visits.db", query)) == [
        "params.yaml: data.sql.query: expected a SELECT with ORDER BY, because a database may return rows in "
        f"a different order each time, found {' '.join(query.split())!r}."
    ]


def test_a_simulated_table_has_its_own_target(raw):
    assert refusal(changed(raw, "data.target", "sold")) == [
        "params.yaml: data.target: expected 'buy', the target of the simulated table, found 'sold'."
    ]


@pytest.mark.parametrize("kind", ["ordinal", "nominal", None, 3, {}])
def test_a_column_is_declared_as_a_known_kind(raw, kind):
    assert refusal(changed(raw, "data.columns", {"size": kind, "zip": "categorical"})) == [
        "params.yaml: data.columns.size: expected one of numeric, integer, boolean, categorical, date, a "
        "date format such as %d/%m/%Y, or levels in order: [S, M, L], found "
        f"{'null' if kind is None else repr(kind)}."
    ]


@pytest.mark.parametrize("levels", [[], ["S"], ["S", "S"], ["S", "M", "S "], [1, 1.0]])
def test_levels_are_two_or_more_and_different(raw, levels):
    assert refusal(changed(raw, "data.columns", {"size": levels})) == [
        f"params.yaml: data.columns.size: expected two or more different levels in order, found {levels!r}."
    ]


def test_a_declared_column_is_a_feature(raw):
    assert refusal(changed(raw, "data.columns", {"buy": "boolean"})) == [
        "params.yaml: data.columns: expected features, not the target, found 'buy'."
    ]


def test_a_column_may_be_called_by_a_number(raw):
    named = changed(
        changed(raw, "data.columns", {2020: ["S", "M"], "day": "%d/%m/%Y", "year": "ISO8601"}), "data.drop", [7]
    )
    data = config.check(named).data
    assert (list(data.columns), data.drop) == (["2020", "day", "year"], ["7"])


def test_settings_come_back_from_plain_data_whatever_the_source(composed):
    query = "data.sql.query='select a, b from t order by a'"
    for chosen in (["data=openml", "data.openml.id=310"], ["data=sql", "data.sql.url=sqlite:///v.db", query]):
        checked = config.check(yaml.safe_load(composed(*chosen, "data.target=b")))
        assert config.Config.model_validate(checked.model_dump()) == checked


@pytest.mark.parametrize("override", ["data.drop=[w]", "data.weight=y"])
def test_a_weight_is_a_column_of_its_own(composed, override):
    with pytest.raises(InputError, match="expected different columns, none of them in data.drop"):
        config.check(yaml.safe_load(composed(*OWN, override)))
