"""Commands and servers in processes of their own."""

import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

from pipeline.tracking.store import unreachable

ROOT = Path(__file__).parents[1]


def python(*arguments):
    """Starts Python with these arguments in the current folder, in a process group of its own."""
    return subprocess.Popen(
        [sys.executable, *arguments],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def ended(process, status=0, seconds=240):
    """What a process that ends with this status has printed, on both channels."""
    out, err = process.communicate(timeout=seconds)
    assert process.returncode == status, out + err
    return out, err


def wait_for(condition, *, seconds=120):
    """Waits until `condition()` is true."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never came true"
        time.sleep(0.02)


@contextmanager
def mlflow_server(port):
    """An MLflow server on the store in the current folder; killed when the block ends."""
    command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    server = subprocess.Popen(
        [*command, "--backend-store-uri", "sqlite:///mlflow.db", "--artifacts-destination", "served"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "DO_NOT_TRACK": "true"},
        start_new_session=True,
    )
    try:
        wait_for(lambda: unreachable(f"http://127.0.0.1:{port}", 1) is None)
        yield
    finally:
        os.killpg(server.pid, signal.SIGKILL)
        server.wait()
