"""Serves MLflow on this machine."""

import os
import signal
import socket
import subprocess
import sys

from pipeline.config import Tracking
from pipeline.errors import InputError
from pipeline.files import say
from pipeline.tracking.store import store_file

HOST = "127.0.0.1"


def where(tracking: Tracking, address: str) -> str:
    """Where a person sees what is published: a link, or the command that serves a local store."""
    uri = str(tracking.uri)
    return (
        "to see the results in MLflow, run `rebalance publish --ui`"
        if store_file(uri)
        else f"{uri.rstrip('/')}/{address}"
    )


def serve(tracking: Tracking, *, port: int, address: str) -> None:
    """Run MLflow's server of a local store until Ctrl-C.

    Raises
    ------
    InputError
        The port is in use, or the server ended with an error.
    """
    link = f"http://{HOST}:{port}/{address}"
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except (OSError, OverflowError):
            raise InputError(
                f"--port: port {port} is in use or not allowed. Choose another port. If this project's "
                f"MLflow already runs there, open {link}"
            ) from None
    say(f"MLflow runs on this machine until you press Ctrl-C: {link}")
    sys.stdout.flush()
    store = f"sqlite:///{store_file(str(tracking.uri))}"
    options = {
        "--host": HOST,
        "--port": str(port),
        "--workers": "1",
        "--backend-store-uri": store,
        "--registry-store-uri": store,
        "--artifacts-destination": tracking.artifacts or "mlruns",
        "--uvicorn-opts": "--log-level warning",
    }
    environment = {
        **os.environ,
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",  # saves a process, which serves chats and traces
        "PYTHONWARNINGS": "ignore",  # from MLflow's own libraries
    }
    # In a process group of its own: otherwise Ctrl-C reaches the server twice, and it ends with a traceback.
    command = [sys.executable, "-m", "mlflow", "server", *(word for pair in options.items() for word in pair)]
    server = subprocess.Popen(command, env=environment, process_group=0)
    try:
        status = server.wait()
    except KeyboardInterrupt:
        return
    finally:
        if server.poll() is None:
            server.send_signal(signal.SIGINT)
            server.wait()
    if status:
        raise InputError(f"MLflow's server ended with status {status}. See its messages above.")
