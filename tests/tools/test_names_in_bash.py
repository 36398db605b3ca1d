"""Whatever a column or a class is called, a printed command line that is pasted into bash means it."""

import json
import shlex
import subprocess
import unicodedata
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra.core.override_parser.overrides_parser import OverridesParser
from omegaconf import OmegaConf

from pipeline import compose, config
from pipeline.errors import PLAIN_KEY, WORDS, InputError, override, set_param, uninterpolated
from pipeline.table import read
from pipeline.tools import inspect as inspect_module
from pipeline.tools import use

NAMES = [
    "Air temperature [K]",
    "Flow Bytes/s",
    "Price [EUR]",
    "rate: net",
    "it's",
    "a,b",
    "50%",
    "pr\u00e9nom",
    "x=y",
    "#items",
    "Interest {net}",
    "null",
    "12",
    'say "hi"',
    "back\\slash",
    "${seed}",
    "${oc.env:PLANTED}",
    "$PLANTED `echo $PLANTED` $(echo $PLANTED)",
    "yes",
    "1e5",
    "pre\u0301nom",  # the same name as the other, with the accent as a sign of its own
    "\\${seed}\\",
    "1_000",
    "<=50K",
]
# All of them in a few tables: first those that Hydra's grammar takes as keys, then the others.
PLAIN = [name for name in NAMES if PLAIN_KEY.fullmatch(name) and name not in WORDS]
OTHERS = [name for name in NAMES if name not in PLAIN]
TABLES = [PLAIN, OTHERS[::2], OTHERS[1::2]]  # neither of these holds one name in both spellings
ROWS = 200
LABELS = np.where(np.arange(ROWS) % 9 == 3, "yes", "no")
RANDOM = np.random.default_rng(0)


@pytest.fixture(autouse=True)
def environment(monkeypatch):
    """A variable that no name may be replaced with."""
    monkeypatch.setenv("PLANTED", "s3cret")


@pytest.fixture
def table(preset_conf):
    """Writes mine.csv with columns of these names; by default a few of their cells are no numbers."""

    def write(*names, cells=None):
        odd = [f"{number:.1f}" for number in RANDOM.normal(size=ROWS)]
        odd[1:3] = "broken", "cracked"  # not in the first row, where they could be names again
        columns = dict.fromkeys(names, odd if cells is None else cells)
        pd.DataFrame(columns | {"a": RANDOM.normal(size=ROWS).round(2), "y": LABELS}).to_csv("mine.csv", index=False)

    return write


def typed(command):
    """The words that bash gives to the program of a command line."""
    program = shlex.split(command)[0]
    shown = subprocess.run(
        ["bash", "-c", f"{program}() {{ printf '%s\\0' \"$@\"; }}\n{command}"], capture_output=True, check=True
    )
    assert shown.stderr == b""
    return shown.stdout.decode().split("\0")[:-1]


def overrides(command):
    """The overrides in a command line of `dvc exp run`, which mean the same as DVC hands them on to Hydra."""
    words = [word for word in typed(command) if word not in ("exp", "run", "-S")]
    parser = OverridesParser.create()
    (handed_on,) = BasicSweeper.split_arguments(parser.parse_overrides(words), None)[0]
    meant = [[each.value() for each in parser.parse_overrides(line)] for line in (words, handed_on)]
    assert meant[0] == meant[1]
    return words


@cache
def composed(*words):
    """What Hydra composes; each test has the same conf/."""
    return compose.compose(words)


def settings(words):
    return config.check(yaml.safe_load(composed(*words))).data


def refused(*given):
    """The error on the table of these settings."""
    with pytest.raises(InputError) as caught:
        read.load(settings(["data=csv", "data.path=mine.csv", "data.target=y", *given]))
    return str(caught.value)


def nfc(name):
    return unicodedata.normalize("NFC", name)


@pytest.mark.parametrize("name", NAMES)
def test_the_fix_that_a_refusal_prints_addresses_the_column(table, name):
    table(name)
    declare, leave_out = refused().partition(" with ")[2].removesuffix(".").split(", or leave the column out with ")
    for fix, kinds, drop in ((declare, {nfc(name): "categorical"}, []), (leave_out, None, [nfc(name)])):
        data = settings(overrides(f"dvc exp run -S data=csv -S data.path=mine.csv -S data.target=y {fix}"))
        assert (data.columns, data.drop) == (kinds, drop)
        read.load(data)


@pytest.mark.parametrize("name", NAMES)
def test_the_format_of_dates_that_a_refusal_prints_is_declared_for_the_column(table, name):
    table(name, cells=[f"{1 + row % 12:02}/{1 + row % 11:02}/2023" for row in range(ROWS)])
    fix = refused().partition("the format with ")[2].partition(", or leave")[0]
    data = settings(overrides(f"dvc exp run -S data=csv -S data.path=mine.csv -S data.target=y {fix}"))
    assert data.columns == {nfc(name): "%d/%m/%Y"}
    assert nfc(name) in read.load(data)[2]["features"]


@pytest.mark.parametrize("names", TABLES)
def test_the_next_command_of_inspect_leaves_the_columns_out(table, capsys, names):
    table(*names)
    inspect_module.run(["data=csv", "data.path=mine.csv", "data.target=y"])
    data = settings(overrides(capsys.readouterr().out.splitlines()[-1].strip()))
    assert data.drop == [nfc(name) for name in names]
    read.load(data)


@pytest.mark.parametrize("name", NAMES)
def test_a_target_of_any_name_is_proposed_and_kept_in_a_preset(table, capsys, monkeypatch, name):
    table(name, cells=LABELS)
    pd.read_csv("mine.csv", dtype="str").drop(columns="y").to_csv("mine.csv", index=False)
    declared = [override("data.target", name), override("data.columns", {"a": "numeric"})]
    given = ["data=csv", "data.path=mine.csv", *declared]
    monkeypatch.setattr(inspect_module, "compose", lambda words: composed(*words))
    inspect_module.run(given)
    words = overrides(capsys.readouterr().out.splitlines()[-1].strip())
    assert settings(words).target == nfc(name)
    assert "data.name=mine" in words  # as the preset's name
    inspect_module.run([*given, "save=mine"])
    assert compose.compose(["experiment=mine"]) == composed(*words)


@pytest.mark.parametrize("names", TABLES)
def test_a_preset_keeps_columns_of_any_name_with_the_reason_and_is_used(table, names):
    table(*names)
    kinds = {**dict.fromkeys(names, "categorical"), "a": ["1", *names]}
    classes = {f"class {number}": name for number, name in enumerate(names)}
    given = ["data=csv", "data.path=mine.csv", "data.target=y"]
    more = [override("data.columns", kinds), override("data.classes", classes)]
    inspect_module.run([*given, *more, "save=declared"])
    inspect_module.run([*given, "save=left-out"])
    preset = Path("conf/experiment/left-out.yaml").read_text(encoding="utf-8")
    left_out = [line for line in preset.splitlines() if line.startswith("    - ")]
    assert len(left_out) == len(names)
    assert all(line.endswith("  # lines 3, 4: expected numbers, found 'broken', 'cracked'") for line in left_out)
    for name, drop, declared in (("left-out", [nfc(name) for name in names], None), ("declared", ["a"], kinds)):
        assert use.run(name) == 0
        data = config.load().data
        assert (data.name, data.drop) == (name, drop)
        assert data.columns == (declared and {nfc(column): kind for column, kind in declared.items()})
        assert data.classes == (declared and classes)


@pytest.mark.parametrize("name", ["${oc.env:PLANTED}", "it's: $PLANTED", "a, b"])
def test_the_merge_that_inspect_prints_addresses_the_rare_class(preset_conf, capsys, name):
    labels = np.where(np.arange(ROWS) < 12, name, LABELS)
    pd.DataFrame({"a": RANDOM.normal(size=ROWS).round(2), "y": labels}).to_csv("mine.csv", index=False)
    inspect_module.run(["data=csv", "data.path=mine.csv", "data.target=y"])
    shown = capsys.readouterr().out
    assert "s3cret" not in shown
    fix = shown.partition("To merge one with another: ")[2].partition(". To leave it out")[0]
    given = f"dvc exp run -S data=csv -S data.path=mine.csv -S data.target=y {fix}"
    assert settings(overrides(given)).classes == {name: "OTHER"}


@pytest.mark.parametrize("path", ["a=b.csv", "a,b.csv", "a#b.csv", "{a}.csv", "a b.csv", "(a).csv", "é.csv", "<a>.csv"])
def test_a_path_or_a_label_that_hydra_cannot_read_is_refused_with_the_spelling_that_it_can(own_conf, path):
    given = ["data=csv", "data.target=y"]
    try:
        assert settings([*given, f"data.path={path}"]).path == path
    except InputError as error:
        fix = str(error).partition("Quote them: ")[2]
        words = overrides(f"dvc exp run {' '.join(f'-S {word}' for word in given)} {fix}")
        assert settings(words).path == path
    else:
        assert path in ("a b.csv", "é.csv")
    words = overrides(f"dvc exp run -S data=csv -S data.target=y -S data.path=x {set_param('data.positive', path)}")
    assert settings(words).positive == path


def test_any_text_reaches_the_settings_through_bash_dvc_and_hydra():
    random = np.random.default_rng(7)
    for _ in range(40):
        texts = ["".join(random.choice(list("\\\\${}\"'a [],:=#é<"), 6)) for _ in range(25)]
        # OmegaConf can't read back a reference that isn't one, even where it's escaped.
        texts = [text for text in texts if "${" not in text]
        line = " ".join(set_param(f"k{place}", [text, {text: text}]) for place, text in enumerate(texts))
        parsed = OverridesParser.create().parse_overrides(overrides(f"dvc exp run {line}"))
        for text, each in zip(texts, parsed, strict=True):
            (alone, mapping) = OmegaConf.create([each.value()])[0]
            assert alone == text
            assert mapping in ([[text, text]], {text: text})


def test_what_looks_like_a_reference_to_a_setting_is_text():
    for text in ("${seed}", "\\${seed}", "\\\\${seed}x", "a${b.c}${seed}"):
        assert OmegaConf.create({"seed": 5, "text": uninterpolated(text)}).text == text
    assert json.loads(json.dumps(uninterpolated("back\\slash"))) == "back\\slash"
