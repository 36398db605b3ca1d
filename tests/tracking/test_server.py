import json
import os
import signal
import socket
import threading
import time
from pathlib import Path

import pytest

from pipeline import config
from pipeline.errors import InputError
from pipeline.tracking.server import serve

# What `python -m mlflow` runs in these tests: it writes how it was called.
FAILS = "import json, sys; json.dump(sys.argv[1:], open('called.json', 'w')); sys.exit(3)"
WAITS = """
import pathlib, signal, sys, time
def leave(*_):
    pathlib.Path('interrupted').touch()
    sys.exit()
signal.signal(signal.SIGINT, leave)
pathlib.Path('ready').touch()
time.sleep(60)
"""


@pytest.fixture
def mlflow(project):
    """Goes to a folder in which `python -m mlflow` is this code; gives the tracking settings."""
    project()

    def write(code):
        Path("mlflow.py").write_text(code)
        return config.load().tracking

    return write


def test_a_port_in_use_is_refused(mlflow):
    with socket.create_server(("127.0.0.1", 0)) as server, pytest.raises(InputError, match="is in use"):
        serve(mlflow(FAILS), port=server.getsockname()[1], address="")


def test_the_server_serves_the_store_on_this_machine_only_and_its_failure_is_reported(mlflow, free_port, capsys):
    port, tracking = free_port(), mlflow(FAILS)
    with pytest.raises(InputError, match="ended with status 3"):
        serve(tracking, port=port, address="#/experiments")
    assert f"until you press Ctrl-C: http://127.0.0.1:{port}/#/experiments\n" in capsys.readouterr().out
    command, *options = json.loads(Path("called.json").read_text())
    assert command == "server"
    given = dict(zip(options[::2], options[1::2], strict=True))
    assert (given["--host"], given["--port"], given["--workers"]) == ("127.0.0.1", str(port), "1")
    assert given["--backend-store-uri"] == given["--registry-store-uri"] == "sqlite:///mlflow.db"
    assert given["--artifacts-destination"] == "mlruns"


def test_ctrl_c_ends_the_server_and_is_no_error(mlflow, free_port):
    def interrupt():
        while not Path("ready").exists():
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGINT)

    tracking, thread = mlflow(WAITS), threading.Thread(target=interrupt)
    thread.start()
    serve(tracking, port=free_port(), address="")
    thread.join()
    assert Path("interrupted").exists()
