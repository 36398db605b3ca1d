"""Holds the numbers of another version of Python against the committed ones, which one stated version made."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
VERSIONS = [f"3.{minor}" for minor in range(11, 15) if minor != sys.version_info.minor]
STAGES = """
import yaml
from pathlib import Path
from stages import reproduce
from pipeline import compare
reproduce(yaml.safe_load(Path("params.yaml").read_text())["variants"], compare)
"""


def another_python():
    """A Python of another version from 3.11 on, on the path or of pyenv; None if there is none."""
    kept = (Path.home() / ".pyenv/versions").glob("3.*/bin/python3")
    for python in [*(f"python{version}" for version in VERSIONS), *sorted(map(str, kept), reverse=True)]:
        try:
            asked = [python, "-c", "import sys, venv, sqlite3; print('%d.%d' % sys.version_info[:2])"]
            if subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip() in VERSIONS:
                return python
        except (OSError, subprocess.CalledProcessError):
            continue
    return None


def numbers(content):
    """What a JSON file holds, without the hashes of code and packages."""
    if isinstance(content, dict):
        return {key: numbers(value) for key, value in content.items() if key != "hashes"}
    return [numbers(each) for each in content] if isinstance(content, list) else content


def set_up(clone, python, environment):
    """Makes the environment of the lock, with the uv on the path, or by pip where that fails: uv may know no index."""
    own = str(Path(sys.executable).parent)
    others = os.pathsep.join(each for each in os.environ["PATH"].split(os.pathsep) if each != own)
    for path in (f"{own}{os.pathsep}{others}", others):
        made = subprocess.run(
            ["make", "setup", f"PYTHON={python}", f"VENV={environment}"],
            cwd=clone,
            env={**os.environ, "PATH": path},
            capture_output=True,
            text=True,
        )
        if made.returncode == 0:
            break
    assert made.returncode == 0, made.stderr
    assert "with Python 3." in made.stdout


def test_another_python_gives_the_committed_numbers(tmp_path):
    python = another_python()
    if python is None:
        pytest.skip(f"no Python {', '.join(VERSIONS)} here")
    clone, environment = tmp_path / "clone", tmp_path / "venv"
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
    set_up(clone, python, environment)
    settings = {"PATH": f"{environment}/bin:{os.environ['PATH']}", "DVC_NO_ANALYTICS": "1"}
    places = os.pathsep.join([str(clone), str(clone / "tests")])
    called = {"cwd": clone, "env": {**os.environ, **settings, "PYTHONPATH": places}, "check": True}
    committed = {file: file.read_text() for file in sorted((clone / "reports").rglob("*.json"))}
    assert len(committed) > 5
    for file in committed:
        file.unlink()
    # DVC runs there; a process for each stage would only take longer.
    subprocess.run(["dvc", "repro", "--quiet", "--force", "ingest"], **called, capture_output=True)
    subprocess.run([environment / "bin/python", "-c", STAGES], **called, capture_output=True)
    for file, text in committed.items():
        assert numbers(json.loads(file.read_text())) == numbers(json.loads(text)), file.name
