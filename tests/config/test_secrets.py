import pytest
import yaml
from altered import changed, refusal

from pipeline import config
from pipeline.config.secrets import filled, hidden, in_overrides, without_secrets

DSN = "DRIVER%3D%7BODBC+Driver%7D%3BUID%3Du%3BPWD%3D{}%3Bx%3D1"


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        # passwords
        ("mysql://me:123/abc@h", "mysql://me:***@h"),
        ("mysql://me:12?3@h", "mysql://me:***@h"),
        ("mysql://me:pa:ss@h:3306/d", "mysql://me:***@h:3306/d"),
        ("mysql://:pw@h/d", "mysql://:***@h/d"),
        ("mysql://me%3Apw@h/d", "mysql://***@h/d"),
        ("postgresql://me:$s3cret@h/d", "postgresql://me:***@h/d"),
        ("postgresql://me:$PASS@word@h/d", "postgresql://me:***@h/d"),
        ("postgresql://me:a$PASSWORD@h/d", "postgresql://me:***@h/d"),
        ("HTTPS://me:pw@h/x.csv", "HTTPS://me:***@h/x.csv"),
        ("//me:pw@h/x.csv", "//me:***@h/x.csv"),
        ("https://ghp_token@h/x.csv", "https://***@h/x.csv"),
        # options
        ("snowflake://u@a/?private_key_passphrase=s", "snowflake://u@a/?private_key_passphrase=***"),
        ("duckdb:///x?secret_access_key=s&b=1", "duckdb:///x?secret_access_key=***&b=1"),
        ("https://h/x.csv?api_key=s", "https://h/x.csv?api_key=***"),
        ("https://h/x.csv?apiKey=s", "https://h/x.csv?apiKey=***"),
        ("https://h/x.csv?b=1&auth=s", "https://h/x.csv?b=1&auth=***"),
        ("https://h/x.csv?key=s", "https://h/x.csv?key=***"),
        ("https://h/x.csv?token=s", "https://h/x.csv?token=***"),
        ("https://h/x.csv?sv=2020&sig=s%3D", "https://h/x.csv?sv=2020&sig=***"),
        ("https://h/x?X-Amz-Credential=a&X-Amz-Signature=s", "https://h/x?X-Amz-Credential=***&X-Amz-Signature=***"),
        ("https://h/x.csv#access_token=s", "https://h/x.csv#access_token=***"),
        ("https://h/x.csv?p%61ssword=s", "https://h/x.csv?p%61ssword=***"),
        ("https://h/x.csv?password%3Ds", "https://h/x.csv?password%3D***"),
        ("jdbc:sqlserver://h;user=u;password=s", "jdbc:sqlserver://h;user=u;password=***"),
        ("x://h/d?password=a#b&c=1", "x://h/d?password=***&c=1"),
        # addresses and options inside
        ("https://h/x?from=https%3A%2F%2Fme%3Apw%40h", "https://h/x?from=https%3A%2F%2Fme%3A***%40h"),
        (
            f"mssql+pyodbc:///?odbc_connect={DSN.format('s%40%2Fs')}",
            f"mssql+pyodbc:///?odbc_connect={DSN.format('***')}",
        ),
        ("mssql+pyodbc:///?odbc_connect=UID=u;PWD={a;b=c};x=1", "mssql+pyodbc:///?odbc_connect=UID=u;PWD=***;x=1"),
        ("mssql+pyodbc:///?odbc_connect=PWD%3Ds", "mssql+pyodbc:///?odbc_connect=PWD%3D***"),
    ],
)
def test_a_secret_in_an_address_is_found_and_hidden(address, shown):
    assert hidden(address) == shown
    assert hidden(shown.replace("***", "$SHOP_SECRET")) is None


@pytest.mark.parametrize(
    "address",
    [
        "visits.csv",
        "data/token=1/visits.csv",
        "sqlite:////a:b@c/visits.db",
        "postgresql://u@h:5432/d?sslcert=a&sslkey=b&passfile=c",
        "snowflake://u@a/?private_key_path=k.p8&authenticator=x",
        "https://h:8080/x.csv?mail=a@b",
        "https://unpkg.com/d3@7/x.csv",
        "http://[::1]:5000/a@b",
        "https://h/key=3/token=x/visits.csv",
        "https://data.gov/x.csv?$limit=500&$filter=a%3D1&password=",
        f"mssql+pyodbc:///?odbc_connect={DSN.format('$PASSWORD')}",
        "https://$TOKEN@h/x.csv",
    ],
)
def test_an_address_without_a_secret_stays(address):
    assert hidden(address) is None


PLANTED = "https://me:s3cret@h/x.csv"


@pytest.mark.parametrize(
    "key",
    [
        "data.path",
        "data.files",
        "data.name",
        "data.url",
        "data.sheet",
        "data.imbalanced",
        "tracking.uri",
        "tracking.artifacts",
        "tracking.experiment",
        "model.search",
        "variants.smote.sampler.sampling_strategy",
        "variants.none.model.penalty",
        "trusted_packages",
        "unknown",
    ],
)
def test_no_setting_takes_or_shows_an_address_with_a_secret(raw, key):
    for value in (PLANTED, [PLANTED], {"a": PLANTED}):
        problems = refusal(changed(raw, key, value))
        assert any(problem.startswith(f"params.yaml: {key}") for problem in problems), problems
        assert "s3cret" not in str(problems)


def test_names_of_columns_and_labels_may_look_like_addresses_with_secrets(raw):
    named = {"data.drop": [PLANTED], "data.columns": {PLANTED: "numeric"}, "data.missing": [PLANTED]}
    for key, value in named.items():
        raw = changed(raw, key, value)
    assert config.check(raw).data.drop == [PLANTED]


def test_a_server_of_mlflow_has_variables_of_its_own_for_a_login(raw):
    for login in ("me:s3cret", "me:$PASSWORD"):  # which MLflow would take as it is
        assert refusal(changed(raw, "tracking.uri", f"https://{login}@host/mlflow")) == [
            "params.yaml: tracking.uri: expected an address without a password, token or key, because params.yaml is "
            "committed, found 'https://me:***@host/mlflow'. Leave it out, and set MLFLOW_TRACKING_USERNAME and "
            "MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN in the environment."
        ]


def test_a_download_may_need_a_variable(composed):
    url = 'data.url="https://h/x.csv?$limit=5&token=$SHOP_TOKEN"'
    checked = config.check(yaml.safe_load(composed("data=url", url, "data.target=y")))
    assert checked.data.url == "https://h/x.csv?$limit=5&token=$SHOP_TOKEN"


def test_only_whole_parts_of_a_web_address_are_references(monkeypatch):
    monkeypatch.setenv("LIMIT", "no")
    monkeypatch.setenv("SHOP_TOKEN", "a/b&c")
    assert filled("https://me:$SHOP_TOKEN@h/$LIMIT?$LIMIT=5&a=b$LIMIT&token=$SHOP_TOKEN") == (
        "https://me:a%2Fb%26c@h/$LIMIT?$LIMIT=5&a=b$LIMIT&token=a%2Fb%26c",
        ["a/b&c", "a/b&c"],
    )
    with pytest.raises(KeyError):
        filled("https://h/x.csv?token=$NO_SUCH_VARIABLE")


@pytest.mark.parametrize(
    "word",
    [
        "data.url=https://h/x.csv?token=s3cret",
        "'+data.url=\"https://h/x.csv?token=s3cret\"'",
        "data.sql={url: 'postgresql://me:s3cret@h/d', query: 'select a from t order by a'}",
        "data.url=https://h/x.csv,https://h/y.csv?key=s3cret",
        "++new=[a,'https://me:s3cret@h']",
    ],
)
def test_an_override_with_a_secret_is_found_before_it_is_parsed(word):
    (problem,) = in_overrides(["seed=1", word, "data.drop=[https://me:pw@h]"])
    assert "s3cret" not in problem


def test_messages_hide_secrets_of_nested_values():
    value = {"a": ["me:s3cret@h", 3, ("postgresql:me:s3cret@h", "x.csv")], "b": None}
    assert without_secrets(value) == {"a": ["me:***@h", 3, ["postgresql:***@h", "x.csv"]], "b": None}


@pytest.mark.parametrize(
    "address",
    [
        "https://host:8080/a@b.csv",
        "https://localhost:1/pkg@1.0/a.csv",
        *(f"https://host/a.csv?{name}=1" for name in ("sort_key", "primary_key", "orderKey", "sheet_key", "monkey")),
    ],
)
def test_an_address_that_only_looks_like_one_with_a_secret_is_left_alone(address):
    assert hidden(address) is None


@pytest.mark.parametrize(
    "name", ["key", "api_key", "apiKey", "apikey", "secretkey", "access_key", "account.key", "accesskey"]
)
def test_what_opens_something_is_a_secret(name):
    assert hidden(f"https://host/a.csv?{name}=hunter2") == f"https://host/a.csv?{name}=***"
