import gzip
import hashlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pandas as pd
import pytest

from pipeline.errors import InputError
from pipeline.sources import download, read_csv, sha256

VISITS = "time,pages,buy\n120,2,0\n250.5,3,1\n"


@pytest.fixture
def written(tmp_path, monkeypatch):
    """The name of a file in the current folder with this content."""
    monkeypatch.chdir(tmp_path)

    def write(content, name="visits.csv"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path.relative_to(tmp_path)

    return write


def refusal(path):
    with pytest.raises(InputError) as caught:
        read_csv(path)
    return caught.value.problems


@pytest.mark.parametrize(("pack", "name"), [(bytes, "visits.csv"), (gzip.compress, "visits.csv.gz")])
def test_a_table_reads_plain_and_packed(written, pack, name):
    expected = pd.DataFrame({"time": [120.0, 250.5], "pages": [2, 3], "buy": [0, 1]})
    pd.testing.assert_frame_equal(read_csv(written(pack(VISITS.encode()), name)), expected)


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_byte_order_mark_and_windows_line_ends_change_nothing(written, ending):
    table = read_csv(written("\ufeff" + VISITS.replace("\n", ending)))
    assert table.to_dict("list") == {"time": [120.0, 250.5], "pages": [2, 3], "buy": [0, 1]}


WHOLE = gzip.compress("".join(f"{i / 7},{i % 2}\n" for i in range(40_000)).encode(), mtime=0)


@pytest.mark.parametrize(
    ("content", "name", "problem"),
    [
        ("", "v.csv", "v.csv: expected a table, found an empty file"),
        (" \n\n", "v.csv", "v.csv: expected a table, found an empty file"),
        (gzip.compress(b""), "v.csv.gz", "v.csv.gz: expected a table, found an empty file"),
        ("time,buy\n", "v.csv", "v.csv: expected rows under the header, found none"),
        ("time,buy", "v.csv", "v.csv: expected rows under the header, found none"),
        (
            "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n",
            "v.csv",
            "v.csv: expected a table, found a git-lfs pointer: run `git lfs pull` beside it",
        ),
        (
            "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n",
            "v.csv.gz",
            "v.csv.gz: expected a table, found a git-lfs pointer: run `git lfs pull` beside it",
        ),
        (
            "\n<!DOCTYPE html>\n<html><body>Sign in</body></html>",
            "v.csv",
            "v.csv: expected a table, found a web page: fetch the raw file itself",
        ),
        ("<HTML>\n", "v.csv.gz", "v.csv.gz: expected a table, found a web page: fetch the raw file itself"),
        (
            b"PAR1\x00\x01",
            "v.csv",
            "v.csv: expected comma-separated text, found binary data: export the table as CSV in UTF-8",
        ),
        (
            VISITS.encode("utf-16"),
            "v.csv",
            "v.csv: expected comma-separated text, found binary data: export the table as CSV in UTF-8",
        ),
        (
            "größe,buy\n1,0\n".encode("latin-1"),
            "v.csv",
            "v.csv: expected UTF-8 text, found byte 0xf6: save the file as UTF-8",
        ),
        (
            "time;pages;buy\n120;2;0\n",
            "v.csv",
            "v.csv: expected commas between columns, found one column 'time;pages;buy': save the file comma-separated",
        ),
        (  # decimal commas: pandas alone would find more fields than names
            "time;pages;buy\n120,5;2,5;0\n250,5;3;1\n",
            "v.csv",
            "v.csv: expected commas between columns, found one column 'time;pages;buy': save the file comma-separated",
        ),
        (
            "time,time,buy,pages,buy\n1,2,0,1,0\n",
            "v.csv",
            "v.csv: header: expected different column names, found 'buy', 'time' more than once",
        ),
        (
            ",time,buy\n0,1,0\n1,2,1\n",
            "v.csv",
            "v.csv: header: expected a name for every column, found none for column 1: "
            "name it, or leave the index out when saving",
        ),
        (
            "time,pages,buy\n1,2,0\n1,2,3,0\n",
            "v.csv",
            "v.csv: rows differ in length: Expected 3 fields in line 3, saw 4",
        ),
        (
            "time,pages,buy\n1,2,3,0\n1,2,3,0\n",
            "v.csv",
            "v.csv: line 2 has more fields than the header's 3: name every column in the header",
        ),
        (  # pandas alone would fill the end with a missing value
            "buy,time,pages\n1,2,0\n\n0,7\n",
            "v.csv",
            "v.csv: rows differ in length: Expected 3 fields in line 4, saw 2",
        ),
        (
            WHOLE[: len(WHOLE) // 2],
            "v.csv.gz",
            "v.csv.gz: expected a gzip file, found a broken one "
            "(Compressed file ended before the end-of-stream marker was reached): copy it again",
        ),
        (
            b"time,buy\n1,0\n",
            "v.csv.gz",
            "v.csv.gz: expected a gzip file, found a broken one (Not a gzipped file (b'ti')): copy it again",
        ),
    ],
    ids=[
        "empty",
        "blank",
        "empty, packed",
        "header only",
        "header only, no line end",
        "git-lfs pointer",
        "git-lfs pointer named .gz",
        "web page",
        "web page named .gz",
        "binary",
        "UTF-16",
        "Latin-1",
        "semicolons",
        "semicolons and decimal commas",
        "repeated names",
        "an index without a name",
        "a row too long",
        "every row too long",
        "a row too short",
        "half a gzip file",
        "text named .gz",
    ],
)
def test_what_is_not_a_table_is_refused(written, content, name, problem):
    assert refusal(written(content, name)) == [problem]


def test_a_packed_file_with_flipped_bits_is_refused(written):
    flipped = bytearray(WHOLE)
    flipped[-6] ^= 0xFF
    (problem,) = refusal(written(bytes(flipped), "v.csv.gz"))
    assert problem.startswith("v.csv.gz: expected a gzip file, found a broken one (CRC check failed")


def test_a_missing_file_names_the_tables_beside_it(written, tmp_path):
    written(VISITS)
    written(VISITS, "other.csv.gz")
    assert refusal(tmp_path / "vists.csv") == [
        f"{tmp_path / 'vists.csv'}: no such file; {tmp_path} holds other.csv.gz, visits.csv"
    ]
    assert refusal(tmp_path / "nowhere" / "vists.csv") == [f"{tmp_path / 'nowhere' / 'vists.csv'}: no such file"]
    assert refusal(tmp_path)[0].startswith(f"{tmp_path}: no such file")


def test_empty_cells_at_the_end_of_full_rows_are_missing_values(written):
    table = read_csv(written("buy,time,pages\n1,2,\n0,7,3\n"))
    assert table.pages.isna().tolist() == [True, False]


def test_one_column_has_one_type_however_late_its_text_comes(written):
    table = read_csv(written("time,buy\n" + "1,0\n" * 600_000 + "x,1\n"))
    assert {type(value) for value in table.time} == {str}


def test_real_tables_have_the_rows_and_columns_their_readme_says(shared):
    shapes = {"sales_data.csv": (1000, 5), "us_crime.csv.gz": (1994, 101), "oil.csv": (937, 50), "pima.csv": (768, 9)}
    assert {name: read_csv(shared / name).shape for name in shapes} == shapes


class Answers(BaseHTTPRequestHandler):
    def do_GET(self):  # noqa: N802
        self.server.asked.append(self.path)
        self.send_response(404 if self.path == "/gone" else 200)
        self.send_header("Content-Length", str(len(VISITS) + (100 if self.path == "/cut" else 0)))
        self.end_headers()
        self.wfile.write(VISITS.encode())

    def log_message(self, *_):
        pass


@pytest.fixture
def server():
    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        server.asked = []
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        server.url = f"http://127.0.0.1:{server.server_address[1]}"
        yield server
        server.shutdown()
        thread.join()


DIGEST = hashlib.sha256(VISITS.encode()).hexdigest()


def test_a_download_is_fetched_once_and_kept_under_its_sha256(server, tmp_path):
    paths = [download(f"{server.url}/visits.csv", DIGEST, folder=tmp_path / "kept") for _ in range(2)]
    assert paths == [tmp_path / "kept" / f"{DIGEST}.csv"] * 2
    assert paths[0].read_text() == VISITS
    assert sha256(paths[0]) == DIGEST
    assert server.asked == ["/visits.csv"]


def test_a_spoilt_copy_is_fetched_again(server, tmp_path):
    (tmp_path / f"{DIGEST}.csv").write_text("half a ta")
    assert download(f"{server.url}/visits.csv", DIGEST, folder=tmp_path).read_text() == VISITS


def test_a_download_with_another_sha256_is_refused_and_not_written(server, tmp_path):
    with pytest.raises(InputError) as caught:
        download(f"{server.url}/visits.csv", "0" * 64, folder=tmp_path / "kept")
    assert str(caught.value) == (
        f"{server.url}/visits.csv: expected sha256 {'0' * 64}, found {DIGEST}: "
        "the file has changed at its source, and is not used"
    )
    assert not (tmp_path / "kept").exists()


@pytest.mark.parametrize("path", ["/gone", "/cut"])
def test_a_failed_download_says_which_file_to_put_where(server, tmp_path, path):
    with pytest.raises(InputError) as caught:
        download(server.url + path, DIGEST, folder=tmp_path)
    assert str(caught.value).startswith(f"{server.url}{path}: cannot be fetched (")
    assert str(caught.value).endswith(f"give it with -S data.path=FILE, or put it at {tmp_path / DIGEST}.csv")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/visits.csv", "visits.csv", "http://[::1/visits.csv"])
def test_a_dead_server_and_a_broken_address_are_input_errors(tmp_path, url):
    with pytest.raises(InputError, match="cannot be fetched"):
        download(url, DIGEST, folder=tmp_path)
