"""Processes that work on folds end with the one that started them, however it ends."""

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# Each task says that it is there, and then works for longer than the test waits.
WORK = """
import os, time
from pathlib import Path
from pipeline.errors import run
from pipeline.fit import parallel

def task(number):
    if number:
        Path(f"{os.getpid()}.pid").touch()
        time.sleep(300)

parallel.LEAST = 0
run(lambda: list(parallel.each(task, [(number,) for number in range(9)], jobs=2)))
"""


def alive(pid):
    """Whether a process does anything: one that has ended may wait for its status to be read."""
    with suppress(FileNotFoundError, ProcessLookupError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


def within(seconds, condition):
    """Whether the condition holds before so many seconds are over."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.05)
    return False


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc, to see which processes there are")
@pytest.mark.parametrize(("number", "status"), [(signal.SIGKILL, -signal.SIGKILL), (signal.SIGINT, 130)])
def test_no_process_is_left_two_seconds_after_a_kill_or_an_interrupt(tmp_path, number, status):
    process = subprocess.Popen(
        [sys.executable, "-c", WORK],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        assert within(60, lambda: len(list(tmp_path.glob("*.pid"))) == 2)
        workers = [int(path.stem) for path in tmp_path.glob("*.pid")]
        assert all(map(alive, workers))
        if number == signal.SIGINT:
            os.killpg(process.pid, number)  # as a terminal does
        else:
            process.kill()
        assert within(2, lambda: not any(map(alive, workers)))
        _, said = process.communicate(timeout=20)
        assert process.returncode == status
        assert "Traceback" not in said
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
