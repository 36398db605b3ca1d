"""The command that inspect proposes, where the table as it is would be refused or have no verdict."""

import shlex

import numpy as np
import pandas as pd
import pytest
from inspected import table_of

from pipeline.tools import inspect as inspect_module
from pipeline.tools import proposal

BEASTS = {"cat": 80, "dog": 60, "eel": 9, "owl": 8}


@pytest.mark.parametrize(
    ("counts", "given", "short", "change"),
    [
        (
            BEASTS,
            [],
            "Class 'eel' has 9 rows, 6 of them for training, 'owl' has 8 rows, 6 of them",
            "{owl: other, eel: other}",
        ),
        ({0: 80, 1: 60, 2: 3}, [], "Class 2 has 3 rows, 2 of them for training.", "{2: other, 1: other}"),
        (
            {"other": 90, "cat": 40, "dog": 14, "eel": 8},
            [],
            "Class 'eel' has 8 rows, 5 of them for training",
            "{eel: rest, dog: rest}",
        ),
        (BEASTS, ["data.classes={eel: null}"], "Class 'owl' has 8 rows, 5", "{owl: other, eel: null, dog: other}"),
        (BEASTS, ["data.classes={owl: eel, dog: cat}"], None, None),  # seventeen eels
        (
            BEASTS,
            ["data.positive=eel"],
            "Class 'eel' has 9 rows, 6 of them for training. With split.test_size=0.3",
            None,
        ),
        ({"no": 90, "yes": 14}, [], None, None),
        ({"no": 90, "yes": 13}, [], "Class 'yes' has 13 rows, 9 of them for training", None),
        ({"no": 90, "yes": 30}, ["evaluate.folds=0"], "evaluate.folds: expected 2 or more", None),
    ],
)
def test_a_run_without_a_verdict_is_foretold_and_the_command_merges_classes(look, counts, given, short, change):
    out, html = look(table_of(counts), "data.target=y", *given, status=0 if short is None else 1)
    assert ("with these settings, a run would end without a verdict:" in out) == (short is not None)
    assert ("No verdict" in html) == (short is not None)
    assert short is None or short in out
    command = out.splitlines()[-1]
    assert (f"-S 'data.classes={change}'" in command) == (change is not None)
    assert command.count("data.classes") == int(change is not None or "data.classes" in "".join(given))
    assert ("It merges classes" in out) == (change is not None)
    again = [word for word in shlex.split(command)[3:] if word != "-S"]  # the command works
    assert inspect_module.run(again) == (0 if short is None or change else 1)


def test_single_rows_and_settings_for_two_classes_are_errors(look):
    out, _ = look(table_of({"cat": 80, "dog": 60, "eel": 1, "owl": 20}), "data.target=y", status=1)
    assert "expected at least two rows of each class" in out
    assert "-S 'data.classes={eel: other, owl: other}'" in out.splitlines()[-1]
    days = table_of({"cat": 80, "dog": 60, "owl": 40}, day=np.arange(180))
    out, _ = look(days, "data.target=y", "split=temporal", "data.time=day", status=1)
    assert "error: split.by: expected rows or group" in out
    *_, step, command = out.splitlines()
    assert "It compares one class with all others" in step
    assert "-S data.positive=owl" in command
    assert "data.classes" not in command
    assert inspect_module.run([word for word in shlex.split(command)[3:] if word != "-S"]) == 0


def test_labels_that_are_no_plain_words_are_merged_too(look):
    out, _ = look(table_of({"cat": 90, "{dog": 60, "a,b": 7, "c=d": 7}), "data.target=y", status=1)
    *_, command = out.splitlines()
    assert """-S 'data.classes=[["c=d",other],["a,b",other]""" in command
    assert inspect_module.run([word for word in shlex.split(command)[3:] if word != "-S"]) == 0


def test_measurements_are_not_merged(look):
    out, _ = look(table_of({1.5: 80, 2.5: 3, 3.5: 60}), "data.target=y", status=1)
    assert "expected classes, found 3 different numbers with decimals" in out
    assert out.splitlines()[-1].endswith("-S data.name=mine -S data.target=y")


def test_classes_that_are_too_rare_even_together_leave_one_against_the_rest(look):
    out, _ = look(table_of({"cat": 90, "eel": 6, "owl": 5}), "data.target=y", status=1)
    assert "data.positive" not in out.splitlines()[-1]  # eleven others are too few
    out, _ = look(table_of({1: 90, 2: 9, 3: 5, 4: 4}), "data.target=y", "evaluate.folds=2", status=1)
    assert "-S 'data.classes={4: other, 3: other, 2: other}'" in out.splitlines()[-1]


def test_counts_are_those_after_classes_are_merged_or_left_out(look):
    beasts = table_of({**BEASTS, "ox": 20})
    out, _ = look(beasts, "data.target=y", "data.classes={eel: owl, ox: null}")
    assert "'y': 'cat' (80 rows, 51%), 'dog' (60 rows, 38.2%), 'owl' (17 rows, 10.8%)" in out
    assert "4.71 to 1; 3 classes, and the rarest has 17 rows" in out
    out, _ = look(beasts, "data.target=y", "data.positive=ox")
    assert "'y': 'the rest' (157 rows, 88.7%), 'ox' (20 rows, 11.3%)" in out
    assert "7.85 to 1; the positive class is 'ox'" in out


def test_classes_that_differ_by_case_only_are_shown(look):
    out, _ = look(table_of({"no": 50, "yes": 30, "Yes": 31}), "data.target=y", status=1)
    assert "expected one spelling per class, found 'Yes' (31), 'yes' (30)" in out
    *_, command = out.splitlines()
    assert "-S 'data.classes={yes: Yes}'" in command
    assert inspect_module.run([word for word in shlex.split(command)[3:] if word != "-S"]) == 0


@pytest.mark.parametrize(
    ("words", "given", "declared"),
    [
        ({"age": ["U"]}, [], "data.missing=[U]"),
        ({"age": ["U"], "pay": ["kept back", "X"]}, [], 'data.missing=[U,X,"kept back"]'),
        ({"age": ["U"]}, ["data.missing=[-9]"], 'data.missing=["-9",U]'),
        ({"age": ["U"]}, ["data.missing={pay: [-9]}"], 'data.missing={pay: ["-9"], age: [U]}'),
    ],
)
def test_words_among_numbers_are_proposed_as_missing_values(look, words, given, declared):
    table = table_of({"no": 90, "yes": 60})
    random = np.random.default_rng(0)
    for name, found in words.items():
        numbers = random.integers(10, 99, len(table)).astype(str)
        table[name] = np.where(random.random(len(table)) < 0.3, random.choice(found, len(table)), numbers)
    table["pay"] = table.get("pay", pd.Series(random.integers(10, 99, len(table))))
    out, _ = look(table, "data.target=y", *given)
    assert "expected numbers, found 'U'" in out
    *_, step, command = out.splitlines()
    assert "It declares words as missing values; check that this is what they mean" in step
    assert declared in command
    assert "data.drop" not in command
    assert inspect_module.run([word for word in shlex.split(command)[3:] if word != "-S"]) == 0


@pytest.mark.parametrize(
    ("given", "how", "declared"),
    [
        ([], "add this to the command", """'data.missing={age: ["999"], pressure: ["0"], days: ["-1"]}'"""),
        (
            ["data.missing=[U]"],
            "replace data.missing in the command with this",
            """'data.missing=[["*",[U]],[age,["999"]],[pressure,["0"]],[days,["-1"]]]'""",
        ),
        (
            ["data.missing={age: [U]}", "data.drop=[days]"],
            "replace data.missing in the command with this",
            """'data.missing={age: [U,"999"], pressure: ["0"]}'""",
        ),
    ],
)
def test_zeros_and_sentinels_come_with_the_setting_that_makes_them_missing(look, given, how, declared):
    table, rng = table_of({"no": 400, "yes": 200}), np.random.default_rng(0)
    some = np.arange(600) % 20 == 3
    table["age"] = np.where(some, 999, rng.integers(18, 90, 600)).astype(object)
    table["pressure"] = np.where(some, 0, rng.normal(72, 9, 600).round())
    table["days"] = np.where(some, -1, rng.integers(0, 60, 600))
    table.loc[table.index % 50 == 4, "age"] = "U" if given else 40
    out, _ = look(table, "data.target=y", *given)
    assert f"if zeros and extreme values stand for missing ones, {how}:\n  -S {declared}\n" in out


def test_a_sample_of_the_negatives_is_recommended_for_very_many_rows_of_a_rare_class(look, monkeypatch):
    monkeypatch.setattr(proposal, "MANY", 2000)
    many = table_of({0: 2000, 1: 40})
    out, _ = look(many, "data.target=y")
    purpose, setting = out.split("recommended for so many rows: ")[1].splitlines()[:2]
    assert purpose == (
        "to read all 40 positive rows and about 10 negative rows for each, which takes far less time and memory; "
        "metrics still describe the whole table, add this to the command:"
    )
    out, _ = look(many, "data.target=y", setting.strip().removeprefix("-S "))
    assert "recommended for so many rows" not in out
    assert "of 2,000 negative rows were read, and each counts as" in " ".join(out.split())
    assert "'y': 0 (2,000 rows, 98%), 1 (40 rows, 1.96%)" in out  # of the whole table
    assert "50 to 1; the positive class is 1" in out
    assert out.splitlines()[-1].count("-S data.negatives_per_positive=10") == 1
    assert "recommended for so many rows" not in look(table_of({0: 2000, 1: 400}), "data.target=y")[0]


def test_a_target_is_looked_for_before_negatives_are_left_out(look):
    out, _ = look(table_of({0: 2000, 1: 40}), "data.negatives_per_positive=10")
    assert "probably 'y'" in out
