import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture
def setup(tmp_path):
    """Runs `make setup` where these Pythons, and no others, are on the path, and a uv that notes its words."""
    shutil.copy(ROOT / "Makefile", tmp_path)
    for name in ("pyproject.toml", "requirements.lock"):
        (tmp_path / name).touch()
    programs = tmp_path / "programs"
    programs.mkdir()
    for name in ("touch", "mkdir"):
        (programs / name).symlink_to(shutil.which(name))

    def script(name, body):
        (programs / name).write_text(f"#!/bin/bash\n{body}\n")
        (programs / name).chmod(0o755)

    script("uv", f'echo "$@" >> {tmp_path}/uv; [ "$1" != venv ] || mkdir -p venv')

    def run(*words, **pythons):
        for name, answer in pythons.items():
            script(name.replace("_", "."), answer)
        return subprocess.run(
            [shutil.which("make"), "setup", "VENV=venv", *words],
            cwd=tmp_path,
            env={"PATH": str(programs)},
            capture_output=True,
            text=True,
        )

    run.uv = tmp_path / "uv"
    return run


def test_the_first_python_from_3_11_on_is_taken_and_named(setup):
    # What pyenv leaves on the path for a version that isn't chosen fails; python3 is too old to answer.
    answers = {"python3_12": "echo /usr/bin/python3.12 3.12.9", "python3_13": "echo /usr/bin/python3.13 3.13.1"}
    ended = setup(python3_11="exit 127", **answers, python3="")
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.startswith("setting up venv with Python 3.12.9 (/usr/bin/python3.12) from requirements.lock")
    assert setup.uv.read_text().splitlines()[0] == "venv --quiet --clear --python /usr/bin/python3.12 venv"


def test_python3_is_taken_where_no_other_is_there_and_a_given_python_before_all(setup):
    assert "Python 3.15.0 (/opt/python3)" in setup(python3="echo /opt/python3 3.15.0").stdout
    shutil.rmtree(setup.uv.parent / "venv")
    pythons = {"python3_11": "echo /usr/bin/python3.11 3.11.2", "mine": "echo /home/me/python 3.13.1"}
    assert "Python 3.13.1 (/home/me/python)" in setup("PYTHON=mine", **pythons).stdout


def test_without_a_python_from_3_11_on_make_says_what_to_do(setup):
    ended = setup(python3="")
    assert ended.returncode == 2
    assert (
        "error: expected Python 3.11 or later as one of python3.11 python3.12 python3.13 python3.14 python3, found none"
        in ended.stderr
    )
    assert not setup.uv.exists()


@pytest.mark.parametrize(
    ("first", "found", "status", "calls"),
    [
        (0, 0, 0, ["dvc repro", "rebalance verdict"]),
        (255, 10, 0, ["dvc repro", "rebalance doctor", "dvc repro", "rebalance verdict"]),  # damaged, and repaired
        (255, 0, 2, ["dvc repro", "rebalance doctor"]),  # bad input, say
        (255, 2, 2, ["dvc repro", "rebalance doctor"]),
    ],
)
def test_make_repro_goes_on_after_a_repair_and_only_then(tmp_path, first, found, status, calls):
    shutil.copy(ROOT / "Makefile", tmp_path)
    programs = tmp_path / "venv/bin"
    programs.mkdir(parents=True)
    for name in ("pyproject.toml", "requirements.lock", "venv/installed"):
        (tmp_path / name).touch()
    scripts = {
        "dvc": f'echo "dvc $@" >> calls; [ -e again ] || {{ touch again; exit {first}; }}',
        "rebalance": f'echo "rebalance $@" >> calls; [ "$1" != doctor ] || {{ echo repaired; exit {found}; }}',
    }
    for name, body in scripts.items():
        (programs / name).write_text(f"#!/bin/bash\n{body}\n")
        (programs / name).chmod(0o755)
    ended = subprocess.run(
        [shutil.which("make"), "repro", "VENV=venv"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (ended.returncode, (tmp_path / "calls").read_text().splitlines()) == (status, calls)
    assert ("repaired" in ended.stdout) == (found == 10)
