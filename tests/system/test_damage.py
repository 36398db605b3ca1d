"""What a kill or a damaged disk leaves, with DVC itself."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

PIPELINE = """
stages:
  make:
    cmd: mkdir -p made && echo content > made/one && echo more > made/two
    outs: [made]
  use:
    cmd: cat made/one made/two > used
    deps: [made]
    outs: [used]
"""
ROOT = Path(__file__).parents[2]


def called(*words, folder):
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "PYTHONPATH": str(ROOT)}
    return subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def doctor(folder, *words):
    (folder / "conf").mkdir(exist_ok=True)
    (folder / "conf/config.yaml").touch()
    return called(sys.executable, "-m", "pipeline.cli", "doctor", *words, folder=folder)


@pytest.fixture
def folder(tmp_path):
    for words in (["git", "init", "-q"], ["dvc", "init", "-q"], ["dvc", "config", "core.analytics", "false"]):
        assert called(*words, folder=tmp_path).returncode == 0
    (tmp_path / "dvc.yaml").write_text(PIPELINE, encoding="utf-8")
    assert called("dvc", "repro", folder=tmp_path).returncode == 0
    return tmp_path


@pytest.mark.parametrize(("path", "left"), [("dvc.lock", b""), ("dvc.lock", b"\0"), (".dvc/tmp/rwlock", b"{")])
def test_dvc_goes_on_after_what_a_kill_left(folder, path, left):
    (folder / path).write_bytes(left)
    (folder / "used").unlink()
    assert called("dvc", "repro", folder=folder).returncode != 0
    assert doctor(folder).returncode == 10
    assert called("dvc", "repro", folder=folder).returncode == 0
    assert (folder / "used").read_text(encoding="utf-8") == "content\nmore\n"


@pytest.mark.parametrize("content", ["content\n", "content\nmore\n"])
def test_a_byte_that_flipped_in_the_cache_does_not_come_back(folder, content):
    cached = [path for path in (folder / ".dvc/cache/files/md5").glob("??/*") if path.read_bytes() == content.encode()]
    assert len(cached) == 1
    cached[0].chmod(0o644)
    cached[0].write_text(content.replace("content", "kontent"), encoding="utf-8")
    cached[0].chmod(0o444)  # DVC trusts what is protected
    for name in ("made/one", "made/two", "used"):
        (folder / name).unlink()
    (folder / "made").rmdir()
    assert called("dvc", "checkout", folder=folder).returncode == 0
    assert "up to date" in called("dvc", "status", folder=folder).stdout
    assert doctor(folder).returncode == 0
    found = doctor(folder, "--cache")
    assert (found.returncode, found.stderr) == (10, "")
    assert "doesn't match its hash: deleted" in found.stdout
    assert called("dvc", "repro", folder=folder).returncode == 0
    assert (folder / "made/one").read_text(encoding="utf-8") == "content\n"
    assert (folder / "used").read_text(encoding="utf-8") == "content\nmore\n"
    assert doctor(folder, "--cache").returncode == 0
