import re
import shlex
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from pipeline import compose
from pipeline import ingest as ingest_stage
from pipeline.errors import InputError
from pipeline.tools import inspect as inspect_module

ROWS = 60
RARE = np.arange(ROWS) % 4 == 3  # fifteen rows, scattered over the table
LABELS = pd.Series(np.where(RARE, "yes", "no"), name="buy")
WAVE = pd.Series((np.arange(ROWS) * 7 % 11).astype(float), name="wave")  # says nothing of the class


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


MINE = pd.DataFrame(
    {
        "customer id": range(101, 161),
        "wave": WAVE,
        "age": ["old", *map(str, np.arange(59) % 13)],
        "nothing": np.nan,
        "buy": np.where(RARE, "yes ", "no"),
    }
)


FEW = " -S '~variant@variants.smote'"


def test_a_messy_table_is_described_and_the_command_line_runs(look, project, stage, tmp_path):
    out, _ = look(MINE, "data.target=buy")
    assert out.splitlines()[:7] == [
        "mine.csv: 60 rows, 4 features",
        "target      'buy': 'no' (45 rows, 75%), 'yes' (15 rows, 25%)",
        "imbalance   3 to 1; the positive class is 'yes'",
        "features    2 numeric (customer id, wave); 2 unusable (age, nothing)",
        "missing     60 of 240 cells, in 1 column: 'nothing' (100%)",
        "duplicates  none",
        "",
    ]
    assert "error: mine.csv: column 'age', line 2: expected numbers, found 'old'. Correct or empty" in out
    assert "error: mine.csv: column 'nothing': every value is missing. Leave the column out" in out
    *_, step, given = out.splitlines()
    assert step == "next, run this command; it leaves out ids, leaks, and unusable, empty or constant columns:"
    assert given == (
        "  dvc exp run -S data=csv -S data.path=mine.csv -S data.name=mine -S data.target=buy "
        "-S 'data.drop=[\"customer id\",age,nothing]' -S '~variant@variants.smote'"  # 10 of 15 are for training
    )
    project(*[word for word in shlex.split(given)[3:] if word != "-S"])
    stage(ingest_stage)
    assert (tmp_path / "data/ingest/schema.json").is_file()


def test_a_clean_table_has_no_errors_and_no_warnings(look):
    out, html = look(MINE[["wave", "buy"]], "data.target=buy")
    assert "error" not in out
    assert "!" not in out
    assert "Warnings" not in html
    assert out.endswith(
        "next, run this command:\n"
        f"  dvc exp run -S data=csv -S data.path=mine.csv -S data.name=mine -S data.target=buy{FEW}\n"
    )


def test_variants_that_cannot_be_used_on_the_table_are_left_out(look):
    # 16 positives: 11 for training, 2 folds of 5 and 6, and SMOTE needs 6. 17: 12, 6 in each.
    for positives, leave in ((16, FEW), (17, "")):
        buy = np.where(np.arange(60) < positives, "yes", "no")
        out, _ = look(MINE[["wave"]].assign(buy=np.random.default_rng(1).permutation(buy)), "data.target=buy")
        assert out.endswith(f"-S data.target=buy{leave}\n")
    weighed = MINE[["wave", "buy"]].assign(people=2.0)
    out, _ = look(weighed, "data.target=buy", "data.weight=people")
    assert out.endswith(
        f"-S data.weight=people -S data.name=mine -S data.target=buy -S '~variant@variants.augmentation'{FEW}\n"
    )


def test_without_a_target_or_with_a_misspelled_one_the_likely_one_is_proposed(look):
    for given in ([], ["data.target=buyer"]):
        out, _ = look(MINE, *given)
        assert "target      not given; probably 'buy': 'no' (45 rows, 75%), 'yes' (15 rows, 25%)" in out
        assert "columns     'customer id': numeric, 101 to 160, middle half 116 to 145" in out
        assert ("error: mine.csv: column 'buyer' is not there; did you mean 'buy'?" in out) == bool(given)
        assert "column 'age', line 2: expected numbers" in out  # all problems at once
        assert "-S data.target=buy -S" in out


def test_columns_that_cannot_be_read_do_not_hide_the_others(look):
    out, _ = look(MINE[["wave", "buy"]].assign(price=[f"1,{i + 100}" for i in range(60)]), "data.target=buy")
    assert "error: mine.csv: column 'price', line 2: expected a number, found '1,100'" in out
    assert "features    1 numeric\n" in out
    assert out.endswith(f"-S data.target=buy -S 'data.drop=[price]'{FEW}\n")


def test_a_table_that_the_proposed_command_cannot_fix_says_so(look):
    out, _ = look(MINE[["wave"]].assign(buy="no"), "data.target=buy", status=1)
    assert "error: mine.csv: target 'buy': expected two or more classes, found one: 'no' (60)." in out
    assert "next, fix the errors above, then run this command:" in out


BEASTS = {"cat": 80, "dog": 60, "eel": 9, "owl": 8}


def table_of(counts, **more):
    """Rows by class, shuffled, with two columns of noise."""
    rng, labels = np.random.default_rng(2), np.repeat(list(counts), list(counts.values()))
    rows = len(labels)
    return pd.DataFrame({"a": rng.normal(size=rows), "b": rng.normal(size=rows), "y": rng.permutation(labels), **more})


@pytest.mark.parametrize(
    ("counts", "given", "short", "change"),
    [
        (BEASTS, [], "Class 'eel' has 6 of its 9 rows for training, 'owl' has 6 of its 8", "{owl: other, eel: other}"),
        ({0: 80, 1: 60, 2: 3}, [], "Class 2 has 2 of its 3 rows for training.", "{2: other, 1: other}"),
        (
            {"other": 90, "cat": 40, "dog": 14, "eel": 8},
            [],
            "Class 'eel' has 5 of its 8 rows for training",
            "{eel: rest, dog: rest}",
        ),
        (BEASTS, ["data.classes={eel: null}"], "Class 'owl' has 5", "{owl: other, eel: null, dog: other}"),
        (BEASTS, ["data.classes={owl: eel, dog: cat}"], None, None),  # seventeen eels
        (BEASTS, ["data.positive=eel"], "Class 'eel' has 6 of its 9 rows for training. At split.test_size=0.3", None),
        ({"no": 90, "yes": 14}, [], None, None),
        ({"no": 90, "yes": 13}, [], "Class 'yes' has 9 of its 13 rows for training", None),
        ({"no": 90, "yes": 30}, ["evaluate.folds=0"], "evaluate.folds: expected 2 or more", None),
    ],
)
def test_a_run_without_a_verdict_is_foretold_and_the_command_merges_classes(look, counts, given, short, change):
    out, html = look(table_of(counts), "data.target=y", *given, status=0 if short is None else 1)
    assert ("a run would end without a verdict:" in out) == (short is not None)
    assert ("No verdict" in html) == (short is not None)
    assert short is None or short in out
    command = out.splitlines()[-1]
    assert (f"-S 'data.classes={change}'" in command) == (change is not None)
    assert command.count("data.classes") == int(change is not None or "data.classes" in "".join(given))
    assert ("it merges classes" in out) == (change is not None)
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
    assert "it compares one class with all others" in step
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
    assert "expected classes, found 3 numbers with decimals" in out
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
    assert "4.71 to 1; the rarest of 3 classes has 17 rows" in out
    out, _ = look(beasts, "data.target=y", "data.positive=ox")
    assert "'y': 'the rest' (157 rows, 88.7%), 'ox' (20 rows, 11.3%)" in out
    assert "7.85 to 1; the positive class is 'ox'" in out


def test_a_column_that_leaks_the_merged_classes_is_left_out(look):
    beasts = table_of({"cat": 120, "dog": 130, "owl": 140})
    out, _ = look(beasts.assign(flies=beasts.y == "owl"), "data.target=y", "data.classes={dog: cat}")
    assert "! leak" in out
    assert "data.drop=[flies]" in out


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("churn.csv", "churn"),
        ("data/my visits (2026).csv.gz", "my-visits-2026"),
        ("sales.2026.01.parquet", "sales-2026-01"),
        ("größe.xlsx", "groe"),
        ("表.csv", "table"),
        (f"{'x' * 80}.csv.zst", "x" * 64),
    ],
)
def test_a_table_in_a_file_is_named_after_it(path, name):
    assert inspect_module.named(SimpleNamespace(path=path)) == name


def test_a_name_that_is_given_stays(look):
    out, _ = look(MINE[["wave", "buy"]], "data.target=buy", "data.name=visits")
    assert out.splitlines()[-1].count("data.name") == 1
    assert "-S data.name=visits" in out


def test_what_is_no_table_is_refused(look, tmp_path):
    with pytest.raises(InputError, match=r"^none.csv: no such file; did you mean 'mine.csv'?"):
        look(MINE, "data.path=none.csv")
    with pytest.raises(InputError, match=r"^mine.csv: header: expected different column names, found 'a' more than"):
        look(pd.DataFrame([[1, 2], [3, 4]], columns=["a", "a"]), "data.target=a")
    assert not (tmp_path / "reports").exists()


def test_the_page_loads_nothing_and_is_the_same_each_time(look):
    first, second = look(MINE, "data.target=buy")[1], look(MINE, "data.target=buy")[1]
    assert first == second
    assert not re.search(r"https?:|<script|<link|<img|@import|url\(", first)
    assert first.count("<svg") == 3  # the empty column has no bars
    assert "<h3>customer id <span>numeric</span></h3>" in first


def test_names_and_cells_are_text_on_the_page(look):
    _, html = look(MINE[["wave", "buy"]].assign(**{"<b>&": ["<i>", "b"] * 30}), "data.target=buy")
    assert "<b>" not in html
    assert "<i>" not in html
    assert "&lt;b&gt;&amp;" in html


def test_codes_and_customers_get_a_line_to_paste(look):
    rng = np.random.default_rng(1)
    table = table_of(
        {"no": 500, "yes": 100},
        customer=[f"C-{each}" for each in np.sort(rng.integers(0, 150, size=600))],
        state=rng.integers(1, 52, size=600),
        zip=rng.choice(rng.integers(10_000, 99_999, size=80), size=600),
        plan=rng.choice(["Basic", "basic", "Pro"], size=600),
    )
    out, html = look(table, "data.target=y")
    assert "'plan' ('Basic' and 'basic')" in out
    assert "'customer' (150 values, 4 rows each on average, such as 'C-0')" in out
    assert "levels" not in out.replace("has levels that differ", "")
    codes, command = (out.partition(f"{purpose}\n  ")[2].splitlines()[0] for purpose in ("to the command:", "instead:"))
    assert codes == "-S 'data.columns={state: categorical, zip: categorical}'"
    assert command.endswith("-S data.target=y -S split=grouped -S data.group=customer")
    assert "split=grouped" not in out.splitlines()[-1]
    assert "data.group=customer" in html
    words = [word for word in shlex.split(f"{command} {codes}")[3:] if word != "-S"]
    assert inspect_module.run(words) == 0
    out, _ = look(
        table, "data.target=y", "data.columns={plan: [Basic, basic, Pro]}", "split=grouped", "data.group=customer"
    )
    assert "in place of its data.columns:\n  -S 'data.columns={plan: [Basic,basic,Pro], state: categorical" in out
    assert "instead" not in out


def test_customers_whose_column_is_refused_as_text_can_still_be_the_group(look):
    people = [f"C-{each}" for each in np.sort(np.random.default_rng(1).integers(0, 900, size=600))]
    out, _ = look(table_of({"no": 500, "yes": 100}, customer=people), "data.target=y")
    assert "data.drop=[customer]" in out.splitlines()[-1]
    (command,) = (line for line in out.splitlines() if line.endswith("-S data.group=customer"))
    assert "data.drop" not in command


def test_classes_that_differ_by_case_only_are_shown(look):
    out, _ = look(table_of({"no": 50, "yes": 30, "Yes": 31}), "data.target=y", status=1)
    assert "expected each class in one spelling, found 'Yes' (31), 'yes' (30)" in out
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
    assert "it declares words as missing values: make sure that they are" in step
    assert declared in command
    assert "data.drop" not in command
    assert inspect_module.run([word for word in shlex.split(command)[3:] if word != "-S"]) == 0
