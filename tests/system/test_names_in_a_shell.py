"""The name of a variant, which DVC pastes into a command line, runs nothing."""

import pytest
import yaml
from clones import Clone

pytestmark = pytest.mark.slow

NAME = "x; touch planted #"


@pytest.fixture(scope="module")
def clone(tmp_path_factory):
    """A clone whose params.yaml has a variant of this name."""
    clone = Clone(tmp_path_factory.mktemp("names") / "clone")
    params = yaml.safe_load((clone.path / "params.yaml").read_text())
    params["variants"][NAME] = params["variants"]["none"]
    clone.write("params.yaml", yaml.safe_dump(params))
    return clone


@pytest.mark.parametrize(
    "command",
    [
        ["repro"],
        ["repro", f"resample@{NAME}"],
        ["repro", f"train@{NAME}"],
        ["repro", f"evaluate@{NAME}"],
        ["repro", "--single-item", f"resample@{NAME}"],
        ["repro", "--force", f"resample@{NAME}"],
    ],
    ids=" ".join,
)
def test_a_name_runs_no_command(clone, command):
    shown = clone.run("dvc", *command, status=255)
    assert not list(clone.path.rglob("planted"))
    assert "Running stage 'resample" not in shown
    if "--single-item" not in command:
        assert "params.yaml differs from conf/" in shown or "expected names of letters, digits, _ and -" in shown
