import sqlite3
import threading
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from table_files import VISITS


@pytest.fixture
def written(tmp_path, monkeypatch):
    """Writes a file with this content to the current folder, and gives its path."""
    monkeypatch.chdir(tmp_path)

    def write(content, name="visits.csv"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path.relative_to(tmp_path)

    return write


@pytest.fixture
def database(tmp_path):
    """The address of a database with three visits."""
    with sqlite3.connect(tmp_path / "visits.db") as connection:
        connection.execute("create table visits (id integer, time real, page text, mixed, buy integer)")
        rows = [(2, 250.5, " home", b"x", 1), (1, 120, "", "x", 0), (3, None, "shop", "y", 0)]
        connection.executemany("insert into visits values (?, ?, ?, ?, ?)", rows)
    connection.close()
    return f"sqlite:///{tmp_path / 'visits.db'}"


REDIRECTS = {
    "/moved": "/visits.csv",
    "/file": "file:///etc/hostname",
    "/data": "data:text/csv,a%2Cb",
    "/ftp": "ftp://127.0.0.1/visits.csv",
    "/plain": "http://other.example/visits.csv",
    "/other": "http://localhost:{port}/visits.csv",
    "/secure": "https://other.example/visits.csv",
    "/circle": "/circle",
}


class Answers(BaseHTTPRequestHandler):
    def do_GET(self):  # noqa: N802
        self.server.asked.append(self.path)
        self.server.logins.append(self.headers["Authorization"])
        if self.path in REDIRECTS:
            self.send_response(302)
            self.send_header("Location", REDIRECTS[self.path].format(port=self.server.server_address[1]))
            self.end_headers()
            return
        if self.path in ("/endless", "/slow", "/silent"):
            self.trouble()
            return
        self.send_response(404 if self.path == "/gone" else 200)
        self.send_header("Content-Length", str(len(VISITS) + (100 if self.path == "/cut" else 0)))
        self.end_headers()
        self.wfile.write(VISITS.encode())

    def trouble(self):
        """An answer without an end: as fast as can be, a byte now and then, or a header now and then."""
        with suppress(OSError):  # when the client has gone
            if self.path != "/silent":
                self.send_response(200)
                self.end_headers()
            else:
                self.wfile.write(b"HTTP/1.0 200 OK\r\n")
            while not self.server.ending.wait(0 if self.path == "/endless" else 0.05):
                self.wfile.write({"/endless": b"x" * 10_000, "/slow": b"x", "/silent": b"A: b\r\n"}[self.path])

    def log_message(self, *_):
        pass


@pytest.fixture
def server():
    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        server.asked, server.logins, server.ending = [], [], threading.Event()
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        server.url = f"http://127.0.0.1:{server.server_address[1]}"
        yield server
        server.ending.set()
        server.shutdown()
        thread.join()
