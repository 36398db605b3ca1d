"""A secret never reaches the files of DVC and git; one that stood in conf/ leaves them by the error's commands."""

import subprocess

import pytest
from clones import Clone

pytestmark = pytest.mark.slow

PLANTED = "-".join(("planted", "word"))  # which the tests of the clone don't have


@pytest.fixture
def clone(tmp_path):
    clone = Clone(tmp_path / "clone")
    clone.environment["PLANTED"] = PLANTED
    return clone


def places(clone):
    """The files in which the secret is, and how many objects of git it is in."""
    files = [path for path in clone.path.rglob("*") if path.is_file() and PLANTED.encode() in path.read_bytes()]
    shown = ["git", "cat-file", "--batch-all-objects", "--unordered", "--batch"]
    return files, subprocess.run(shown, cwd=clone.path, capture_output=True, check=True).stdout.count(PLANTED.encode())


@pytest.mark.parametrize(
    "arguments",
    [
        ["-S", "data=url", "-S", f'data.url="https://h/x.csv?token={PLANTED}"', "-S", "data.target=y"],
        ["-Sdata=sql", f"--set-param=params.yaml:data.sql.url='mysql://me:{PLANTED}/x@h'", "-S", "data.target=y"],
        ["--queue", "-S", "seed=1,2", "-S", f"tracking.uri='http://me:{PLANTED}@h'"],
        ["-S", "data.name=${oc.env:PLANTED}"],
        ["--temp", "-S", "data.url='https://h/${oc.env:PLANTED}/x.csv'"],
    ],
)
def test_dvc_writes_no_secret_that_is_set_for_an_experiment(clone, arguments):
    before = (clone.path / "params.yaml").read_bytes()
    shown = clone.run("dvc", "exp", "run", *arguments, status=2)
    assert "error: " in shown
    assert PLANTED not in shown
    assert (clone.path / "params.yaml").read_bytes() == before
    assert places(clone) == ([], 0)


def test_a_secret_of_conf_leaves_git_by_the_commands_that_the_error_lists(clone):
    file = clone.path / "conf/tracking/local.yaml"
    before = file.read_text()
    file.write_text(before.replace("uri: sqlite:///mlflow.db", f"uri: http://me:{PLANTED}@h"))
    shown = clone.run("dvc", "exp", "run", "-S", "seed=7", status=255)
    assert "error: params.yaml: tracking.uri: expected an address without a password" in shown
    assert PLANTED not in shown
    assert places(clone)[1]
    file.write_text(before)
    clone.run("rebalance", "configure")
    for name in clone.run("dvc", "exp", "list", "--name-only").split():
        clone.run("dvc", "exp", "remove", name)
    for command in ("rm -rf .dvc/tmp/exps", "git reflog expire --expire=now --all", "git gc --prune=now"):
        assert command in shown
        clone.run(*command.split())
    assert places(clone) == ([], 0)
