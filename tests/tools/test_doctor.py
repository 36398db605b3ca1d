import fcntl
import json
import subprocess

import pytest

from pipeline.errors import InputError
from pipeline.tools import doctor

LOCK = "schema: '2.0'\nstages:\n  split:\n    cmd: make\n    outs:\n    - path: data/split\n      md5: 0a.dir\n"
SOUND = {"write": {}, "read": {"/data/split": [{"pid": 1, "cmd": "dvc repro"}]}}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("GIT_DIR", "GIT_INDEX_FILE", "GIT_WORK_TREE"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / ".dvc/tmp").mkdir(parents=True)
    doctor.LOCK.write_text(LOCK, encoding="utf-8")
    return tmp_path


def committed(folder):
    identity = ["-c", "user.name=test", "-c", "user.email=test@localhost"]
    for words in (["init", "-q"], ["add", "dvc.lock"], ["commit", "-qm", "lock"]):
        subprocess.run(["git", *identity, *words], cwd=folder, check=True)


def test_what_is_sound_is_left_alone(folder, capsys):
    doctor.HELD.write_text(json.dumps(SOUND), encoding="utf-8")
    assert doctor.run() == 0
    assert doctor.LOCK.read_text(encoding="utf-8") == LOCK
    assert json.loads(doctor.HELD.read_text(encoding="utf-8")) == SOUND
    assert capsys.readouterr().out == "nothing is damaged in dvc.lock and .dvc/tmp/rwlock\n"
    doctor.LOCK.unlink()
    doctor.HELD.unlink()
    assert doctor.run() == 0  # a clone of a project that never ran has neither


@pytest.mark.parametrize("left", [b"", b"\0\0\0", b"schema: '2.0'\nstages:\n  spl", LOCK.encode()[:-30], b"\xff\xfe"])
@pytest.mark.parametrize("known", [True, False])
def test_a_lock_file_that_dvc_would_refuse_is_restored_or_deleted(folder, capsys, left, known):
    if known:
        committed(folder)
    doctor.LOCK.write_bytes(left)
    assert doctor.run() == doctor.REPAIRED
    assert (doctor.LOCK.read_text(encoding="utf-8") if known else doctor.LOCK.exists()) == (LOCK if known else False)
    said = capsys.readouterr().out.splitlines()
    assert said[0].startswith("dvc.lock couldn't be read, as after a kill")
    assert said[-1] == "now run `dvc repro`: it reuses what is finished and undamaged"
    assert doctor.run() == 0


@pytest.mark.parametrize("left", ["", "{", "[]", '{"data": 1}', '{"data": {"write": {"pid": 1}}}'])
def test_a_list_of_files_in_use_that_dvc_would_refuse_is_deleted(folder, capsys, left):
    doctor.HELD.write_text(left, encoding="utf-8")
    assert doctor.run() == doctor.REPAIRED
    assert not doctor.HELD.exists()
    assert ".dvc/tmp/rwlock couldn't be read, as after a kill: deleted\n" in capsys.readouterr().out


def test_nothing_is_touched_while_dvc_runs(folder):
    doctor.LOCK.write_bytes(b"")
    with doctor.RUNNING.open("wb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        with pytest.raises(InputError, match="a command of DVC is running in this folder. Wait until it has ended."):
            doctor.run()
    assert doctor.LOCK.read_bytes() == b""
    assert doctor.run() == doctor.REPAIRED
