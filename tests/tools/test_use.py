from pathlib import Path

import pytest
import yaml

from pipeline import config
from pipeline.compose import compose, in_use
from pipeline.config import Audit, Plan
from pipeline.errors import InputError
from pipeline.tools import configure, use
from pipeline.tools import inspect as inspect_module
from pipeline.tools.settings import settings_of

PRESET = """\
# @package _global_
defaults:
  - override /data: csv
data:
  name: churn
  path: churn.csv
  target: left
  drop: [id]
evaluate:
  repeats: 2
"""


@pytest.fixture
def churn(own_conf, composed):
    """The preset churn, and params.yaml of the simulated shop."""
    Path("conf/experiment/churn.yaml").write_text(PRESET, encoding="utf-8")
    Path("params.yaml").write_text(composed(), encoding="utf-8")
    return own_conf


def state():
    return Path("conf/config.yaml").read_text(encoding="utf-8"), Path("params.yaml").read_text(encoding="utf-8")


def test_a_preset_in_use_is_the_default_until_the_shop_is(churn, capsys):
    shop = state()
    assert use.run("churn") == 0
    assert capsys.readouterr().out.startswith("churn: every command uses this table now: churn.csv, target")
    assert in_use() == "churn"
    assert (config.load().data.name, config.load().data.drop) == ("churn", ["id"])
    assert configure.checked_params().tracking.experiment == "churn"  # dvc repro would run it
    before, after = (text.splitlines() for text in (shop[0], state()[0]))
    changed = [(old, new) for old, new in zip(before, after, strict=True) if old != new]
    assert [(old[:22], new[:22]) for old, new in changed] == [("  - experiment: none  ", "  - experiment: churn ")]
    assert use.run("mountain_shop") == 0
    assert state() == shop
    assert in_use() is None


def test_without_a_name_it_says_which_preset_is_in_use(churn, capsys):
    use.run()
    use.run("churn")
    use.run()
    shown = capsys.readouterr().out.splitlines()
    assert shown[0] == "mountain_shop: every command uses the settings in conf/config.yaml"
    assert shown[-1] == "churn: every command uses the settings in conf/experiment/churn.yaml"


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("chrn", "conf/experiment/chrn.yaml: no such preset; did you mean 'churn'?"),
        ("mountain-shop", "did you mean 'mountain_shop'"),
        ("../../params", "can't be the name of a preset"),
        ("typo", "params.yaml: data.taget is not a setting; did you mean 'target'"),
        ("fold", "params.yaml: evaluate.folds: expected 0, or a whole number of at least 2, found 1"),
        ("sampler", "SMOOTE"),
        ("open", "params.yaml: data.target is missing"),
        ("broken", "conf: "),
    ],
)
def test_a_preset_that_cannot_be_used_changes_nothing(churn, name, problem):
    presets = {
        "typo": "data: {taget: y}",
        "fold": "evaluate: {folds: 1}",
        "sampler": "variants: {smote: {sampler: {_target_: imblearn.over_sampling.SMOOTE}}}",
        "open": "defaults: [override /data: csv]\ndata: {path: a.csv}",
        "broken": "data: [",
    }
    for preset, text in presets.items():
        Path(f"conf/experiment/{preset}.yaml").write_text(f"# @package _global_\n{text}\n", encoding="utf-8")
    before = state()
    with pytest.raises(InputError) as refused:
        use.run(name)
    assert problem in str(refused.value)
    assert state() == before


@pytest.mark.parametrize("name", ["12", "true", "yes", "1e5", "off", "1_0", "0x1f", "nan", "a" * 64])
def test_a_preset_of_any_name_that_is_allowed_can_be_used_and_left(churn, name):
    Path(f"conf/experiment/{name}.yaml").write_text(PRESET, encoding="utf-8")
    shop = state()
    assert use.run(name) == 0
    assert in_use() == name
    assert state()[1] == compose([])  # what the commands and `dvc repro` compose
    use.run("mountain_shop")
    assert state() == shop


def test_null_means_no_preset_in_the_file_and_on_the_command_line(churn, app):
    use.run("churn")
    assert yaml.safe_load(compose(["experiment=null"]))["data"]["name"] == "mountain_shop"
    assert yaml.safe_load(app("--cfg", "job", "experiment=null")[0])["data"]["name"] == "mountain_shop"
    file = Path("conf/config.yaml")
    file.write_text(file.read_text(encoding="utf-8").replace("experiment: churn", "experiment: null"), encoding="utf-8")
    assert in_use() is None
    use.run("churn")
    assert in_use() == "churn"


OTHER = ["data=csv", "data.path=x.csv", "data.target=y"]


def test_settings_stay_on_the_preset_in_use_unless_another_table_or_preset_is_named(churn):
    use.run("churn")

    def composed(*overrides):
        return yaml.safe_load(compose(list(overrides)))

    varied = composed("variants.smote.sampler.k_neighbors=3")
    assert (varied["data"]["name"], varied["evaluate"]["repeats"]) == ("churn", 2)
    for other in (composed(*OTHER), composed("experiment=every_sampler"), composed("data=article")):
        assert (other["data"]["drop"], other["evaluate"]["repeats"]) == ([], "auto")
    assert composed(*OTHER)["data"]["path"] == "x.csv"
    both = composed("experiment=churn", *OTHER)  # asked for
    assert (both["data"]["drop"], both["evaluate"]["repeats"]) == (["id"], 2)
    for kind in (Audit, Plan):
        assert settings_of(kind, ["seed=3"])[0].data.name == settings_of(kind, [])[0].data.name == "churn"
        assert settings_of(kind, OTHER)[0].data.name == "csv"


def test_the_hydra_app_starts_from_the_preset_in_use_too(churn, app):
    use.run("churn")
    assert yaml.safe_load(app("--cfg", "job")[0])["data"]["name"] == "churn"
    assert yaml.safe_load(app("--cfg", "job", "seed=3")[0])["evaluate"]["repeats"] == 2
    other = yaml.safe_load(app("--cfg", "job", *OTHER)[0])
    assert (other["data"]["name"], other["data"]["drop"], other["evaluate"]["repeats"]) == ("csv", [], "auto")


def test_the_command_that_inspect_prints_leaves_the_preset_in_use_out(churn, capsys):
    Path("x.csv").write_text("a,y\n" + "".join(f"{row * 7 % 11},{row % 5 // 4}\n" for row in range(60)))
    use.run("churn")
    capsys.readouterr()
    inspect_module.run(OTHER)
    assert " -S experiment=none " in capsys.readouterr().out.splitlines()[-1]
    use.run("mountain_shop")
    inspect_module.run(OTHER)
    assert "experiment" not in capsys.readouterr().out.splitlines()[-1]
