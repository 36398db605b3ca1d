import re
import shlex

import numpy as np
import pandas as pd
import pytest

from pipeline import compose
from pipeline import ingest as ingest_stage
from pipeline.errors import InputError
from pipeline.tools import inspect as inspect_module

ROWS = 60
RARE = np.arange(ROWS) % 10 == 3  # six rows, scattered over the table
LABELS = pd.Series(np.where(RARE, "yes", "no"), name="buy")
WAVE = pd.Series(
    (np.arange(ROWS) * 7 % 11).astype(float), name="wave"
)  # says nothing of the class  # unrelated to the class


@pytest.fixture
def look(tmp_path, monkeypatch, stage, capsys):
    """What inspect prints about a table of ours, and the text of its page."""
    (tmp_path / "conf").symlink_to(compose.CONF.absolute())
    monkeypatch.chdir(tmp_path)

    def run(table, *overrides):
        table.to_csv("mine.csv", index=False)
        assert inspect_module.run(["data=csv", "data.path=mine.csv", *overrides]) == 0
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
        "target      'buy': 'no' (54 rows, 90%), 'yes' (6 rows, 10%)",
        "imbalance   9 to 1; the positive class is 'yes'",
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
        "  dvc exp run -S data=csv -S data.path=mine.csv -S data.target=buy "
        "-S 'data.drop=[\"customer id\",age,nothing]' -S '~variant@variants.smote'"  # 4 of 6 are for training
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
        f"next, run this command:\n  dvc exp run -S data=csv -S data.path=mine.csv -S data.target=buy{FEW}\n"
    )


def test_variants_that_cannot_be_used_on_the_table_are_left_out(look):
    # 17 positives: 11 for training, 2 folds of 5 and 6, and SMOTE needs 6. 18: 12, 6 in each.
    for positives, leave in ((17, FEW), (18, "")):
        buy = np.where(np.arange(60) < positives, "yes", "no")
        out, _ = look(MINE[["wave"]].assign(buy=np.random.default_rng(1).permutation(buy)), "data.target=buy")
        assert out.endswith(f"-S data.target=buy{leave}\n")
    weighed = MINE[["wave", "buy"]].assign(people=2.0)
    out, _ = look(weighed, "data.target=buy", "data.weight=people")
    assert out.endswith(f"-S data.weight=people -S data.target=buy -S '~variant@variants.augmentation'{FEW}\n")


def test_without_a_target_or_with_a_misspelled_one_the_likely_one_is_proposed(look):
    for given in ([], ["data.target=buyer"]):
        out, _ = look(MINE, *given)
        assert "target      not given; probably 'buy': 'no' (54 rows, 90%), 'yes' (6 rows, 10%)" in out
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
    out, _ = look(MINE[["wave"]].assign(buy="no"), "data.target=buy")
    assert "error: mine.csv: target 'buy': expected two or more classes, found one: 'no' (60)." in out
    assert "next, fix the errors above, then run this command:" in out


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
