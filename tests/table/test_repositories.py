from urllib.error import URLError

import numpy as np
import pandas as pd
import pytest

from pipeline.errors import InputError
from pipeline.table.repositories import fetch_imbalanced, fetch_openml


def unreachable(*_, **__):
    raise URLError("no route")


def test_openml_without_a_network_says_what_to_fetch(monkeypatch):
    monkeypatch.setattr("sklearn.datasets.fetch_openml", unreachable)
    with pytest.raises(InputError) as caught:
        fetch_openml(310)
    assert caught.value.problems == [
        "OpenML 310: the download failed (no route). On a machine with network access, download it from "
        "https://www.openml.org/d/310 as ARFF or Parquet, then use it with -S data=csv -S data.path=FILE."
    ]
    with pytest.raises(
        InputError, match=r"^OpenML 'mammography' version 1: the download failed \(no route\)\. .*openml"
    ):
        fetch_openml(name="mammography", version=1)


def test_an_openml_table_has_text_and_numbers(monkeypatch):
    frame = pd.DataFrame({"x": [1, 2], "class": pd.Categorical(["'-1'", "1"])})
    asked = []

    def answer(**which):
        asked.append({key: which[key] for key in which if key in ("data_id", "name", "version")})
        return type("Found", (), {"frame": frame})

    monkeypatch.setattr("sklearn.datasets.fetch_openml", answer)
    for which in ({"data_id": 310}, {"name": "visits"}, {"name": "visits", "version": 2}):
        table = fetch_openml(**which)
        pd.testing.assert_frame_equal(table, pd.DataFrame({"x": [1, 2], "class": ["'-1'", "1"]}))
    assert asked == [{"data_id": 310}, {"name": "visits", "version": "active"}, {"name": "visits", "version": 2}]


def test_imbalanced_learn_s_tables_without_a_network_say_what_to_fetch(monkeypatch, tmp_path):
    monkeypatch.setattr("imblearn.datasets._zenodo.urlopen", unreachable)
    with pytest.raises(InputError) as caught:
        fetch_imbalanced("mammography", folder=tmp_path)
    assert caught.value.problems == [
        "imbalanced-learn's mammography: the download failed (no route). On a machine with network access, "
        "download https://zenodo.org/record/61452/files/benchmark-imbalanced-learn.tar.gz, then unpack it "
        f"into {tmp_path / 'zenodo'}."
    ]
    with pytest.raises(InputError, match=r"^imbalanced-learn has no table 'mamography'; did you mean 'mammography'"):
        fetch_imbalanced("mamography", folder=tmp_path)


def test_imbalanced_learn_s_tables_are_read_where_they_were_unpacked(monkeypatch, tmp_path):
    monkeypatch.setattr("imblearn.datasets._zenodo.urlopen", unreachable)
    (tmp_path / "zenodo").mkdir()
    np.savez(tmp_path / "zenodo" / "x25data.npz", data=np.array([[0.5, 1], [2, 3]]), label=np.array([-1, 1]))
    table = fetch_imbalanced("mammography", folder=tmp_path)
    pd.testing.assert_frame_equal(table, pd.DataFrame({"f0": [0.5, 2], "f1": [1.0, 3], "target": [-1, 1]}))
