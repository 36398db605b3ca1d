import base64
import hashlib

import numpy as np
import pandas as pd
import pytest
from table_files import VISITS

from pipeline.errors import InputError
from pipeline.table.download import cached, content_sha256, download, sha256

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
