from copy import deepcopy
from pathlib import Path

import pytest

from pipeline import compose
from pipeline.tools import inspect as inspect_module
from pipeline.tools import preset


@pytest.fixture
def look(tmp_path, monkeypatch, stage, capsys):
    """What inspect prints about a table of ours, and the text of its page."""
    (tmp_path / "conf").symlink_to(compose.CONF.absolute())
    monkeypatch.chdir(tmp_path)

    def run(table, *overrides, status=0):
        table.to_csv("mine.csv", index=False)
        assert inspect_module.run(["data=csv", "data.path=mine.csv", *overrides]) == status
        return capsys.readouterr().out, (tmp_path / "reports/inspect.html").read_text()

    return run


@pytest.fixture(scope="session")
def compositions():
    """What `preset_conf` has composed, by overrides and conf/config.yaml."""
    return {}


@pytest.fixture
def preset_conf(own_conf, compositions, monkeypatch):
    """Goes to a folder with a copy of conf/, where what presets are written from is composed once for all tests."""
    whole = preset.unresolved

    def once(overrides):
        key = (*overrides, Path("conf/config.yaml").read_text(encoding="utf-8"))
        if key not in compositions:
            compositions[key] = whole(overrides)
        return deepcopy(compositions[key])

    monkeypatch.setattr(preset, "unresolved", once)
    return own_conf
