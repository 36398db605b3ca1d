"""A secret planted through each way in is refused, and is afterwards in no file and in no message."""

import runpy
import sys
from pathlib import Path

import pytest
from omegaconf import OmegaConf
from omegaconf.resolvers import oc

from pipeline import cli
from pipeline import configure as stage
from pipeline.errors import InputError, run

ROOT = Path(__file__).parents[1]
PLANTED = "s3cret"
ARGUMENTS = {
    "address": ["data=url", f'data.url="https://h/x.csv?token={PLANTED}"', "data.target=y"],
    "database": ["data=sql", f"data.sql.url='mysql://me:{PLANTED}/x@h'", "data.target=y"],
    "server": [f"tracking.uri=http://me:{PLANTED}@h"],
    "not parsed": [f"data.url=https://h/x.csv?a=b&token={PLANTED}"],
    "environment": ["data.name=${oc.env:PLANTED}"],
    "inside": ["data.url=https://h/${oc.env:PLANTED}/x.csv", "data=url", "data.target=y"],
    "decoded": ["'seed=${oc.decode:\"${oc.env:PLANTED}\"}'"],
}


@pytest.fixture(autouse=True)
def environment(monkeypatch):
    monkeypatch.setenv("PLANTED", PLANTED)
    monkeypatch.delenv("DVC_EXP_NAME", raising=False)


@pytest.fixture
def planted(own_conf, monkeypatch, composed):
    """A project in which nothing may hold the secret."""
    (own_conf / "params.yaml").write_text(composed())
    yield own_conf
    for path in own_conf.rglob("*"):
        assert PLANTED not in path.name
        assert not path.is_file() or PLANTED.encode() not in path.read_bytes(), path


@pytest.fixture
def refused(capsys):
    """Runs a command that ends with status 2 and one line that doesn't show the secret."""

    def check(main):
        with pytest.raises(SystemExit) as end:
            run(main)
        shown = "".join(capsys.readouterr())
        assert end.value.code == 2, shown
        assert shown.startswith("error: ")
        assert PLANTED not in shown
        return shown

    return check


@pytest.mark.parametrize("arguments", ARGUMENTS.values(), ids=ARGUMENTS)
@pytest.mark.parametrize("command", ["configure", "inspect", "plan", "audit"])
def test_the_command_refuses_a_secret(planted, refused, command, arguments):
    refused(lambda: cli.main([command, *arguments]))


@pytest.mark.parametrize("arguments", ARGUMENTS.values(), ids=ARGUMENTS)
@pytest.mark.parametrize("sweep", [[], ["-m"], ["--cfg", "job", "--resolve"]], ids=["run", "sweep", "shown"])
def test_the_app_refuses_a_secret(planted, app, sweep, arguments):
    out, err = app(*sweep, *arguments, status=2)
    assert "error: " in err
    assert PLANTED not in out + err


@pytest.fixture
def plugin(monkeypatch):
    """Loads Hydra's plugin as DVC does for `dvc exp run` with these words."""
    monkeypatch.setitem(sys.modules, "dvc.utils.hydra", object())

    def load(*words):
        monkeypatch.setattr(sys, "argv", ["dvc", "exp", "run", *words])
        return runpy.run_path(str(ROOT / "hydra_plugins/rebalance_secrets.py"))

    yield load
    OmegaConf.register_new_resolver("oc.env", oc.env, replace=True)


@pytest.mark.parametrize(
    "words",
    [
        ["-S", "seed=1", "-S", f'data.url="https://h/x.csv?token={PLANTED}"'],
        [f"-Sdata.url=https://me:{PLANTED}@h/x.csv"],
        [f"--set-param=params.yaml:tracking.uri=http://me:{PLANTED}@h"],
        ["--queue", "--set-param", f"data.sql.url=mysql://me:1,mysql://me:{PLANTED}@h"],
    ],
)
def test_the_plugin_that_dvc_loads_refuses_a_secret(plugin, refused, words):
    shown = refused(lambda: plugin(*words))
    assert "***" in shown


def test_the_plugin_that_dvc_loads_refuses_variables_and_nothing_else(plugin, refused):
    loaded = plugin("-Sdata.url=https://h/x.csv?token=$SHOP_TOKEN", "-S", f"data.drop=[https://me:{PLANTED}@h]", "-v")
    words = ["exp", "-Sparams.yaml:a=b=c", "--set-param=d=e", "-S", "f=params.yaml:g"]
    assert list(loaded["overrides"](words)) == ["a=b=c", "d=e", "f=params.yaml:g"]
    settings = OmegaConf.create({"a": "${oc.env:PLANTED}"})
    assert "data.sql.url_env" in refused(lambda: settings.a)


def test_a_preset_reads_no_variable(planted, refused):
    preset = planted / "conf/experiment/mine.yaml"
    preset.write_text("# @package _global_\ndata:\n  name: ${oc.env:PLANTED}\n")
    shown = refused(lambda: cli.main(["use", "mine"]))
    assert shown == (
        "error: conf: data.name: expected a value, found ${oc.env:PLANTED}, which would be written to params.yaml. "
        "Write the value itself. For a secret, write $NAME in data.url or data.sql.url, or data.sql.url_env=NAME.\n"
    )


@pytest.mark.parametrize("experiment", [False, True])
def test_the_stage_says_how_to_remove_what_dvc_has_written(own_conf, monkeypatch, composed, experiment):
    if experiment:
        monkeypatch.setenv("DVC_EXP_NAME", "rusty-nail")
    text = composed("tracking.uri=http://h").replace("uri: http://h", f"uri: http://me:{PLANTED}@h")
    (own_conf / "params.yaml").write_text(text)
    with pytest.raises(InputError) as caught:
        stage.main()
    problem, way_out = caught.value.problems
    assert problem.startswith("params.yaml: tracking.uri: expected an address without a password")
    assert PLANTED not in problem
    for command in ("rebalance configure", "dvc exp remove NAME", "git reflog expire", "git gc --prune=now"):
        assert command in way_out
    assert [path for path in Path("data").rglob("*") if path.is_file()] == []


def test_a_difference_from_conf_is_shown_without_secrets(own_conf, monkeypatch, composed):
    (own_conf / "params.yaml").write_text(composed())
    file = own_conf / "conf/tracking/local.yaml"
    file.write_text(file.read_text().replace("uri: sqlite:///mlflow.db", f"uri: http://me:{PLANTED}@h"))
    with pytest.raises(InputError) as caught:
        stage.main()
    assert caught.value.problems[1:] == [
        "tracking.uri: 'sqlite:///mlflow.db' in params.yaml, 'http://me:***@h' in conf"
    ]
