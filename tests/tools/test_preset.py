import shlex
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from inspected import table_of
from omegaconf import OmegaConf

from pipeline.compose import compose
from pipeline.errors import InputError
from pipeline.tools import inspect as inspect_module
from pipeline.tools import preset

ROWS = 1200
GIVEN = ["data=csv", "data.path=visits.csv", "data.target=buy"]
FILE = Path("conf/experiment/visits.yaml")


@pytest.fixture
def visits(preset_conf):
    """A table with an id, a leak, an unreadable, an empty and two sound columns."""
    random, buy = np.random.default_rng(0), np.arange(ROWS) % 10 == 3
    columns = {
        "customer": range(ROWS),
        "paid": buy * 7.0 + random.normal(0, 0.1, ROWS),
        "age": ["old", *map(str, random.integers(20, 60, ROWS - 1))],
        "nothing": None,
        "who": random.integers(1, 30, ROWS),
        "time": random.normal(size=ROWS),
        "buy": np.where(buy, "yes", "no"),
    }
    pd.DataFrame(columns).to_csv("visits.csv", index=False)


def saved(*overrides, name="visits"):
    inspect_module.run([*GIVEN, *overrides, f"save={name}"])
    return Path(f"conf/experiment/{name}.yaml").read_text(encoding="utf-8")


def test_a_preset_begins_with_its_commands_and_gives_the_reason_for_each_proposal(visits):
    lines = saved().splitlines()
    assert lines[0] == "# @package _global_"
    assert lines[1].startswith("# rebalance use visits ")
    assert lines[2].startswith("# dvc exp run -S experiment=visits ")
    assert lines[3] == "# Written by `rebalance inspect ... save=visits`. visits.csv: 1,200 rows, 6 features"
    reasons = dict(line.strip().lstrip("- ").split("  # ", 1) for line in lines[4:] if "  # " in line)
    assert reasons["target: buy"] == "'buy': 'no' (1,080 rows, 90%), 'yes' (120 rows, 10%)"
    assert reasons["customer"].startswith(
        "id: identifies rows, so a model can learn nothing from it that applies to new rows"
    )
    assert reasons["paid"].startswith("leak: gives the class away")
    assert reasons["age"] == "line 2: expected numbers, found 'old'"
    assert reasons["nothing"] == "all values are missing"


@pytest.mark.parametrize(
    "more",
    [
        [],
        ["data.name=other", "seed=7", "evaluate.repeats=1"],
        ["split=grouped", "data.group=who", "data.classes={no: nothing}", "data.positive=yes"],
        ["+variant@variants.mine=adasyn", "~variant@variants.augmentation", "tracking=none"],
        ["data.columns={age: categorical, who: [1, 2]}", "data.drop=[who]", "model.search=null", "model.C=0.5"],
        ["variants.smote.sampler.k_neighbors=2", "evaluate=f_beta", "compare=f_beta", "data.sheet=null"],
    ],
)
def test_a_preset_composes_what_inspect_proposes(visits, capsys, more):
    inspect_module.run([*GIVEN, *more])
    *_, command = capsys.readouterr().out.splitlines()
    words = [each.strip("'") for each in command.replace("'-S'", "-S").split(" -S ")[1:]]
    named = [] if any(each.startswith("data.name=") for each in more) else ["data.name=visits"]
    saved(*more)
    of_preset, of_command = (yaml.safe_load(compose(each)) for each in (["experiment=visits"], [*words, *named]))
    assert of_preset == of_command
    assert list(of_preset["variants"]) == list(of_command["variants"])


def test_what_was_given_is_marked_as_given(visits):
    assert "    - who  # given\n" in saved("data.drop=[who]")


def test_variants_that_cannot_be_used_are_left_out_with_the_reason(visits):
    text = saved("data.weight=who")
    assert "  - override /variant@variants.smote: null  # can't be used on this table" in text


def test_a_preset_of_a_table_with_a_preset_in_use_stands_alone(visits):
    from pipeline.tools import use

    saved("data.drop=[who]", "evaluate.repeats=1")
    use.run("visits")
    assert "repeats" not in saved(name="second")  # data=csv names another table
    inspect_module.run(["data.name=third", "seed=3", "save=third"])
    use.run("mountain_shop")
    third = yaml.safe_load(compose(["experiment=third"]))
    assert (third["data"]["path"], third["evaluate"]["repeats"], third["seed"]) == ("visits.csv", 1, 3)


def test_a_preset_is_written_again_and_never_over_another_file(visits):
    first = saved()
    assert saved() == first
    for changed in (first + "seed: 3\n", "seed: 3\n"):
        FILE.write_text(changed, encoding="utf-8")
        with pytest.raises(
            InputError, match="visits.yaml exists already, with different settings.* Remove it first, or"
        ):
            saved()
        assert FILE.read_text(encoding="utf-8") == changed
    with pytest.raises(InputError, match="article.yaml exists already"):
        saved(name="article")


@pytest.mark.parametrize("name", ["", "a b", "../x", "é", "a" * 65, "mountain_shop", "none", "a.yaml"])
def test_a_name_that_cannot_be_a_preset_s_is_refused_before_anything_is_written(visits, name):
    with pytest.raises(InputError, match="can't be the name of a preset: expected 1 to 64 letters, digits, _ and -"):
        inspect_module.run([*GIVEN, f"save={name}"])
    assert not Path("reports").exists()


def test_without_a_target_no_preset_is_written(visits):
    pd.DataFrame({"a": np.arange(60) / 7, "b": np.arange(60) / 3}).to_csv("visits.csv", index=False)
    with pytest.raises(InputError, match="save=visits: the target is unknown"):
        inspect_module.run(["data=csv", "data.path=visits.csv", "save=visits"])
    assert not FILE.exists()


@pytest.mark.parametrize(
    "value",
    ["plain", "yes", "null", "~", "12", "1e5", "1_0", "a: b", "# a", "é", "", "a\nb", '"', "\\", "0x1f", None, 1],
)
def test_a_scalar_is_read_back_as_it_was(value):
    assert OmegaConf.create(f"a: {preset.scalar(value)}").a == value
    assert yaml.safe_load(preset.scalar(value)) == value


def test_an_option_of_a_preset_is_an_inspect_command_that_keeps_it(preset_conf, capsys):
    table_of({"no": 170, "yes": 30}).to_csv("mine.csv", index=False)
    inspect_module.run(["data=csv", "data.path=mine.csv", "data.target=y", "save=mine"])
    purpose, command = capsys.readouterr().out.split("recommended, since ")[1].splitlines()[:2]
    assert purpose.startswith("split.test_size=0.3 leaves about 21 of 30 rows of the rarest class for training")
    assert purpose.endswith("run this first:")
    remove, again = command.strip().split(" && ")
    assert remove == "rm conf/experiment/mine.yaml"
    Path("conf/experiment/mine.yaml").unlink()
    program, name, *words = shlex.split(again)
    assert (program, name) == ("rebalance", "inspect")
    inspect_module.run(words)
    assert "recommended" not in capsys.readouterr().out
    assert yaml.safe_load(Path("conf/experiment/mine.yaml").read_text(encoding="utf-8"))["split"]["test_size"] == 0
