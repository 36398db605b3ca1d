"""Holds the numbers of another version of Python against the committed ones, which one stated version made."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
VERSIONS = [f"3.{minor}" for minor in range(11, 15) if minor != sys.version_info.minor]


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


def test_another_python_gives_the_committed_numbers(tmp_path):
    python = another_python()
    if python is None:
        pytest.skip(f"no Python {', '.join(VERSIONS)} here")
    clone, environment = tmp_path / "clone", tmp_path / "venv"
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
    # Without the uv of this environment, which may know other indexes than pip.
    own = str(Path(sys.executable).parent)
    path = os.pathsep.join(each for each in os.environ["PATH"].split(os.pathsep) if each != own)
    made = subprocess.run(
        ["make", "setup", f"PYTHON={python}", f"VENV={environment}"],
        cwd=clone,
        env={**os.environ, "PATH": path},
        check=True,
        capture_output=True,
        text=True,
    )
    assert "with Python 3." in made.stdout
    settings = {"PATH": f"{environment}/bin:{os.environ['PATH']}", "DVC_NO_ANALYTICS": "1", "GIT_PAGER": "cat"}
    called = {"cwd": clone, "env": {**os.environ, **settings, "PYTHONPATH": str(clone)}, "check": True}
    subprocess.run(["dvc", "repro", "--quiet", "--force", "compare"], **called, capture_output=True)
    compared = 0
    for file in sorted((clone / "reports").rglob("*.json")):
        committed = subprocess.run(
            ["git", "show", f"HEAD:{file.relative_to(clone)}"], cwd=clone, capture_output=True, text=True
        )
        if committed.returncode:  # not committed
            continue
        assert numbers(json.loads(file.read_text())) == numbers(json.loads(committed.stdout)), file.name
        compared += 1
    assert compared > 5
