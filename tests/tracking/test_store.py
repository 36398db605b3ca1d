"""A store that can't be used costs one line; the results are there without it."""

import socket
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from reproductions import set_tracking

from pipeline import track
from pipeline.tools import publish as by_hand
from pipeline.tracking import store


class AnswersOK(BaseHTTPRequestHandler):
    """A web server that isn't MLflow and answers everything with OK."""

    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"OK")

    do_POST = do_GET

    def log_message(self, *_):
        pass


class AnswersNotFound(AnswersOK):
    def do_GET(self):
        self.send_error(404)


class AnswersSomething(AnswersOK):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"<html>")


@pytest.fixture
def silent():
    """The port of a server that accepts connections and never answers."""
    with socket.create_server(("127.0.0.1", 0), backlog=5) as server:
        yield server.getsockname()[1]


@pytest.fixture(
    params=[
        (AnswersOK, ""),
        (AnswersNotFound, "the server there isn't MLflow: it answers 404 Not Found"),
        (AnswersSomething, "the server there isn't MLflow."),
    ]
)
def other(request):
    """The port of a web server that isn't MLflow, and what is reported of it."""
    handler, reason = request.param
    with HTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port, reason
        server.shutdown()
        thread.join()


@pytest.fixture
def check(reproduced, stage, capfd):
    """Runs the stage `track` with a server at a port: it ends well, after one line with the reason."""

    def run(port, reason):
        set_tracking("uri", f"http://127.0.0.1:{port}")
        set_tracking("timeout", 0.5)
        stage(track)
        out, err = capfd.readouterr()
        assert err == ""
        assert len(out.splitlines()) == 1
        assert out.startswith(f"mountain_shop: MLflow at http://127.0.0.1:{port}: {reason}")
        assert "To publish them later, run `rebalance publish`" in out

    return run


def test_publishing_by_hand_to_a_dead_server_fails_with_one_line(reproduced, free_port, capsys):
    set_tracking("uri", f"http://127.0.0.1:{free_port()}")
    assert by_hand.run() == 1
    (line,) = capsys.readouterr().out.splitlines()
    assert "no server there (Connection refused)" in line


def test_a_dead_server_costs_one_line(check, free_port):
    check(free_port(), "no server there (Connection refused)")


def test_a_server_that_never_answers_costs_one_line(check, silent):
    check(silent, "no answer within 0.5 s")


def test_a_server_that_is_not_mlflow_costs_one_line(check, other):
    check(*other)


def test_a_server_that_speaks_another_protocol_is_not_mlflow():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

        def answer():
            connection, _ = server.accept()
            connection.sendall(b"220 mail.example ESMTP\r\n")
            connection.close()

        thread = threading.Thread(target=answer)
        thread.start()
        assert store.unreachable(f"http://127.0.0.1:{port}", 3).startswith("the server there isn't MLflow (")
        thread.join()


def test_a_file_that_is_no_store_costs_one_line_and_stays(reproduced, stage, capsys):
    Path("mlflow.db").write_text("my notes, long enough to be something")
    stage(track)
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith(
        "mountain_shop: MLflow at sqlite:///mlflow.db: this file isn't an SQLite database. Move or delete it"
    )
    assert Path("mlflow.db").read_text() == "my notes, long enough to be something"
