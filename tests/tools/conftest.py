import pytest

from pipeline import compose
from pipeline.tools import inspect as inspect_module


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
