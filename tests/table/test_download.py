import base64
import hashlib
import urllib.request
from io import BytesIO

import numpy as np
import pandas as pd
import pytest
from table_files import VISITS

from pipeline.errors import InputError
from pipeline.files import sha256
from pipeline.table import fetching
from pipeline.table.download import cached, content_sha256, download
from pipeline.table.fetching import Redirects

DIGEST = hashlib.sha256(VISITS.encode()).hexdigest()


def test_a_file_is_downloaded_once_and_kept_under_its_sha256(server, tmp_path):
    paths = [download(f"{server.url}/visits.csv", DIGEST, folder=tmp_path / "kept") for _ in range(2)]
    assert paths == [tmp_path / "kept" / f"{DIGEST}.csv"] * 2
    assert paths[0].read_text() == VISITS
    assert sha256(paths[0]) == DIGEST
    assert server.asked == ["/visits.csv"]


def test_a_download_keeps_the_suffixes_that_show_its_format(server, tmp_path):
    for address, ending in (("a.Parquet?x=1.csv", ".parquet"), ("v1.2.csv.gz", ".csv.gz"), ("get?id=7", "")):
        path = download(f"{server.url}/{address}", None, folder=tmp_path)
        assert path == tmp_path / f"{DIGEST}{ending}"
        assert download(f"{server.url}/{address}", DIGEST, folder=tmp_path) == path
    assert len(server.asked) == 3


def test_a_damaged_copy_is_downloaded_again(server, tmp_path):
    (tmp_path / f"{DIGEST}.csv").write_text("half a ta")
    assert download(f"{server.url}/visits.csv", DIGEST, folder=tmp_path).read_text() == VISITS


def test_a_download_with_another_sha256_is_refused_and_not_written(server, tmp_path):
    with pytest.raises(InputError) as caught:
        download(f"{server.url}/visits.csv", "0" * 64, folder=tmp_path / "kept")
    assert str(caught.value) == (
        f"{server.url}/visits.csv: expected sha256 {'0' * 64}, found {DIGEST}. "
        f"The file has changed at its source. If you accept the new file, set -S data.sha256={DIGEST}."
    )
    assert not (tmp_path / "kept").exists()


@pytest.mark.parametrize("path", ["/gone", "/cut"])
def test_a_failed_download_says_which_file_to_put_where(server, tmp_path, path):
    with pytest.raises(InputError) as caught:
        download(server.url + path, DIGEST, folder=tmp_path)
    assert str(caught.value).startswith(f"{server.url}{path}: the download failed (")
    assert str(caught.value).endswith(f"use it with -S data.path=FILE, or save it as {tmp_path / DIGEST}.")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/visits.csv", "visits.csv", "http://[::1/visits.csv"])
def test_a_dead_server_and_a_broken_address_are_refused(tmp_path, url):
    with pytest.raises(InputError, match="the download failed"):
        download(url, DIGEST, folder=tmp_path)


def test_a_login_and_a_token_come_from_the_environment_and_are_not_shown(server, tmp_path, monkeypatch, capsys):
    address = server.url.replace("http://", "http://me:$SHOP_PASSWORD@") + "/{}?token=$SHOP_TOKEN"
    with pytest.raises(InputError, match=r"^data.url has \$SHOP_PASSWORD, but there is no such environment variable"):
        download(address.format("visits.csv"), None, folder=tmp_path)
    monkeypatch.setenv("SHOP_PASSWORD", "p@ss/w:rd")
    monkeypatch.setenv("SHOP_TOKEN", "s3 cret")
    download(address.format("visits.csv"), None, folder=tmp_path)
    assert server.asked == ["/visits.csv?token=s3%20cret"]
    assert server.logins == [f"Basic {base64.b64encode(b'me:p@ss/w:rd').decode()}"]
    with pytest.raises(InputError, match="the download failed") as caught:
        download(address.format("no such").replace("http://", "nothing://"), None, folder=tmp_path)
    assert "s3" not in str(caught.value) + "".join(capsys.readouterr())


def test_a_redirect_on_the_same_host_is_followed_without_the_login(server, tmp_path):
    path = download(server.url.replace("http://", "http://me:pw@") + "/moved", None, folder=tmp_path)
    assert path.read_text() == VISITS
    assert server.asked == ["/moved", "/visits.csv"]
    assert [login is None for login in server.logins] == [False, True]


@pytest.mark.parametrize("digest", [None, DIGEST])
@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("/file", "Found - Redirection to url 'file:///etc/hostname' is not allowed"),  # as urllib says
        ("/data", "Found - Redirection to url 'data:text/csv,a%2Cb' is not allowed"),
        ("/ftp", "expected an address with https:, or with http: on this machine, found ftp:"),
        ("/plain", "expected an address with https:, or with http: on this machine, found http:"),
        ("/other", "the server redirects to localhost without https"),
        ("/circle", "The HTTP server returned a redirect error that would lead to an infinite loop."),
    ],
)
def test_a_redirect_that_leads_elsewhere_is_not_followed(server, tmp_path, path, reason, digest):
    with pytest.raises(InputError) as caught:
        download(server.url + path, digest, folder=tmp_path)
    assert f"the download failed ({reason}" in str(caught.value)
    assert set(server.asked) == {path}
    assert list(tmp_path.iterdir()) == []


def test_a_redirect_to_another_host_needs_https_and_the_sha256(server, tmp_path):
    with pytest.raises(InputError, match=r"redirects to other.example, which needs the file's data.sha256\)"):
        download(f"{server.url}/secure", None, folder=tmp_path)
    first = urllib.request.Request("https://h/a.csv")
    first.add_unredirected_header("Authorization", "Basic secret")
    followed = Redirects(elsewhere=True).redirect_request(
        first, BytesIO(), 302, "Found", {}, "https://other.example/b.csv"
    )
    assert followed.full_url == "https://other.example/b.csv"
    assert not followed.has_header("Authorization")
    with pytest.raises(ValueError, match="without https"):
        Redirects(elsewhere=True).redirect_request(first, BytesIO(), 302, "Found", {}, "http://127.0.0.1/b.csv")


@pytest.mark.parametrize(
    "url", ["file:///etc/hostname", "data:text/csv,a%2Cb", "ftp://h/a.csv", "http://h/a.csv", "http://127.0.0.1.h/a"]
)
def test_only_https_is_used_and_http_on_this_machine(tmp_path, url):
    with pytest.raises(InputError, match=r"the download failed \(expected an address with https:, or with http: on"):
        download(url, DIGEST, folder=tmp_path)


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("/endless", "the answer is larger than 50,000 bytes"),
        ("/slow", "the server took longer than 0.5 seconds"),
        ("/silent", "the server took longer than 0.5 seconds"),
    ],
)
def test_an_answer_without_an_end_is_given_up(server, tmp_path, monkeypatch, path, reason):
    monkeypatch.setattr(fetching, "LARGEST", 50_000)
    monkeypatch.setattr(fetching, "LONGEST", 0.5 if path != "/endless" else 60)
    with pytest.raises(InputError, match=rf"the download failed \({reason}\)"):
        download(server.url + path, None, folder=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_fetched_table_is_kept_under_the_sha256_of_its_content(tmp_path):
    table = pd.DataFrame({"time": [0.1, np.nan], "code": ["01", "02"], "buy": [0, 1]})
    expected = hashlib.sha256(b"time,code,buy\n0.1,01,0\n,02,1\n").hexdigest()
    assert content_sha256(table) == expected
    asked = []

    def fetch():
        asked.append(1)
        return table

    for declared in (None, expected, expected):  # the first says which sha256 to declare
        got, found = cached(fetch, declared, origin="visits", folder=tmp_path)
        pd.testing.assert_frame_equal(got, table)
        assert found == expected
    assert len(asked) == 1
    (kept,) = tmp_path.iterdir()
    kept.write_bytes(b"half")
    pd.testing.assert_frame_equal(cached(fetch, expected, origin="visits", folder=tmp_path)[0], table)
    assert len(asked) == 2
    with pytest.raises(InputError, match=rf"^expected sha256 {'0' * 64}, found {expected}. The table has changed"):
        cached(fetch, "0" * 64, origin="visits", folder=tmp_path)
    assert list(tmp_path.iterdir()) == [kept]
    assert kept.name.startswith(f"{expected}-")
    cached(fetch, expected, origin="another query", folder=tmp_path)  # may give the same, but is asked
    assert len(asked) == 4
