import re
import shlex
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from inspected import table_of

from pipeline import ingest as ingest_stage
from pipeline.errors import InputError
from pipeline.tools import inspect as inspect_module

ROWS = 60
RARE = np.arange(ROWS) % 4 == 3  # fifteen rows, scattered over the table
LABELS = pd.Series(np.where(RARE, "yes", "no"), name="buy")
WAVE = pd.Series((np.arange(ROWS) * 7 % 11).astype(float), name="wave")  # says nothing of the class


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
    assert "error: mine.csv: column 'nothing': all values are missing. Leave the column out" in out
    *_, step, given = out.splitlines()
    assert step == "next, run this command. It leaves out ids, leaks, and unusable, empty or constant columns:"
    assert given == (
        "  dvc exp run -S data=csv -S data.path=mine.csv -S data.name=mine -S data.target=buy "
        "-S 'data.drop=[\"customer id\",age,nothing]' -S '~variant@variants.smote'"  # 10 of 15 are for training
    )
    project(*[word for word in shlex.split(given)[3:] if word != "-S"])
    stage(ingest_stage)
    assert (tmp_path / "data/ingest/schema.json").is_file()


def test_a_clean_table_has_no_errors_and_no_warnings(look):
    out, html = look(MINE[["wave", "buy"]], "data.target=buy")
    assert "error:" not in out
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
        assert "target      probably 'buy': 'no' (45 rows, 75%), 'yes' (15 rows, 25%)" in out
        assert "columns     'customer id': numeric, 101 to 160, middle half 116 to 145" in out
        assert ("error: mine.csv: the table has no column 'buyer'; did you mean 'buy'?" in out) == bool(given)
        assert "column 'age', line 2: expected numbers" in out  # all problems at once
        assert "-S data.target=buy -S" in out


def test_columns_that_cannot_be_read_do_not_hide_the_others(look):
    out, _ = look(MINE[["wave", "buy"]].assign(price=[f"1,{i + 100}" for i in range(60)]), "data.target=buy")
    assert "error: mine.csv: column 'price', line 2: expected a number, found '1,100'" in out
    assert "features    1 numeric\n" in out
    assert out.endswith(f"-S data.target=buy -S 'data.drop=[price]'{FEW}\n")


def test_a_table_that_the_proposed_command_cannot_fix_says_so(look):
    out, _ = look(MINE[["wave"]].assign(buy="no"), "data.target=buy", status=1)
    assert (
        "error: mine.csv: target 'buy': expected two or more classes, found one: 'no' (60). Check "
        "data.target and data.classes."
    ) in out
    assert "next, fix the errors above, then run this command:" in out


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
    assert "'customer' (150 values such as 'C-0', 4 rows each on average)" in out
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
    assert "replace data.columns in the command with this:\n  -S 'data.columns={plan: [Basic,basic,Pro], state: " in out
    assert "instead" not in out


def test_customers_whose_column_is_refused_as_text_can_still_be_the_group(look):
    people = [f"C-{each}" for each in np.sort(np.random.default_rng(1).integers(0, 900, size=600))]
    out, _ = look(table_of({"no": 500, "yes": 100}, customer=people), "data.target=y")
    assert "data.drop=[customer]" in out.splitlines()[-1]
    (command,) = (line for line in out.splitlines() if line.endswith("-S data.group=customer"))
    assert "data.drop" not in command
