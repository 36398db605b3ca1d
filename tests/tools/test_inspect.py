import re
import shlex

import numpy as np
import pandas as pd
import pytest

from pipeline import compose
from pipeline import ingest as ingest_stage
from pipeline.errors import InputError
from pipeline.tools import inspect as inspect_module
from pipeline.tools import inspect_text
from pipeline.tools.inspect_column import describe
from pipeline.tools.inspect_text import findings
from pipeline.tools.inspection import inspect, likely_target

ROWS = 60
RARE = np.arange(ROWS) % 10 == 3  # six rows, scattered over the table
LABELS = pd.Series(np.where(RARE, "yes", "no"), name="buy")
WAVE = pd.Series((np.arange(ROWS) * 7 % 11).astype(float), name="wave")  # says nothing of the class


def found(values, **settings):
    """The findings of a column of sixty rows."""
    return describe(pd.Series(values, name=settings.pop("name", "x")), LABELS, "yes", **settings).findings


@pytest.mark.parametrize(
    ("values", "finding"),
    [
        (range(60), {"id": "whole numbers in order, from 0 to 59"}),
        (range(1060, 1000, -1), {"id": "whole numbers in order, from 1060 to 1001"}),
        (np.arange(60) * 7 % 60, {"id": "whole numbers, different in every row, from 0 to 59"}),
        ([f"u{i}@x.org" for i in range(60)], {"id": "different in every row, such as 'u0@x.org'"}),
        ([np.nan] * 60, {"empty": ""}),
        ([5] * 60, {"constant": "5"}),
        (["a"] * 58 + ["b"] * 2, {"constant": "'a', in all rows but 2"}),
        ([f"{i % 50}.50 €" for i in range(60)], {"units": "such as '0.50 €'"}),
        ([f"{i % 7}%" for i in range(60)], {"units": "such as '0%'"}),
        ([f"{i % 50}" for i in range(60)], {"text": "such as '0'"}),
        (
            np.where(np.arange(60) % 10 == 0, 0, 90 + np.arange(60) % 31),
            {"zeros": "6 of 60 rows, 10%; the next value is 90"},
        ),
        (np.where(np.arange(60) % 3 == 0, -1, np.arange(60) % 31), {"negative": "-1 in 20 of 60 rows, 33%"}),
        ([1.5, 2.5, 3.5] * 9 + [np.nan] * 33, {"holes": "33 of 60 rows, 55%"}),
        ([f"town {i % 40}" for i in range(60)], {}),  # refused as ids or free text: ingest says so
        ([f"town {i % 31}" for i in range(60)], {}),
        (pd.date_range("2026-01-01", periods=60).strftime("%d.%m.%Y"), {"date": "2026-01-01 to 2026-03-01"}),
        (RARE * 1.0, {"leak": "ROC AUC 1"}),
        (np.where(RARE, "refunded", "not"), {"leak": "ROC AUC 1"}),
        (np.where(RARE, np.nan, 1.0 + np.arange(60) % 3), {"leak": "ROC AUC 1"}),  # missing where it counts
        # Nothing to say.
        (WAVE, {}),
        (["a", "b", "c"] * 20, {}),
        ([True, False] * 30, {}),
        (np.arange(60) % 30, {}),  # a zero among its neighbours
        (np.arange(60) * 0.37, {}),
        ((np.arange(60) * 7919) % 100_003, {}),  # different, whole, and neither dense nor called an id
        (["2", "3", "4", "5more"] * 15, {}),
    ],
)
def test_what_a_column_shows(values, finding):
    assert found(values) == finding


@pytest.mark.parametrize("name", ["id", "customer_id", "customerID", "Key", "orderNumber"])
def test_a_name_tells_an_id_whose_numbers_alone_do_not(name):
    scattered = (np.arange(60) * 7919) % 100_003
    assert "id" in found(scattered, name=name)
    assert found(scattered, name="paid") == {}


def test_an_id_by_which_the_table_is_sorted_is_loud():
    labels = LABELS.sort_values(ignore_index=True)
    assert describe(pd.Series(range(60), name="row"), labels, "yes").findings == {
        "id": "whole numbers in order, from 0 to 59, ROC AUC 1.00"
    }
    assert "id" in inspect_text.LOUD


def test_levels_too_many_to_tell_apart_are_counted_with_those_that_are_merged():
    labels = pd.Series(np.where(np.arange(2000) % 10 == 3, "yes", "no"))
    towns = pd.Series([f"town {i * 7 % 39}" for i in range(1990)] + [f"hamlet {i}" for i in range(10)], name="town")
    assert describe(towns, labels, "yes", min_frequency=0.01).findings == {
        "levels": "49, of which 10 are rare and merged"
    }
    assert describe(towns, labels, "yes").findings == {"levels": "49"}


def test_a_level_s_share_comes_from_other_rows():
    """Levels of one or two rows each would tell every class by themselves."""
    pairs = pd.Series([f"level {i // 2}" for i in range(60)])
    assert describe(pairs, LABELS, "yes", "categorical").alone < 0.8


def test_alone_is_the_area_under_the_curve_counted_by_hand():
    # Ten rows: the five "yes" above all but two, three, three, four and five of the five "no".
    values = pd.Series([1.0, 2, 4, 7, 9, 3, 5, 6, 8, 10])
    labels = pd.Series(["no"] * 5 + ["yes"] * 5)
    wins = 2 + 3 + 3 + 4 + 5
    assert describe(values, labels, "yes").alone == pytest.approx(wins / 25)
    assert describe(-values, labels, "yes").alone == pytest.approx(wins / 25)
    assert describe(values.iloc[[0, 5]], labels.iloc[[0, 5]], "yes").alone is None  # so few rows tell nothing


def test_of_several_classes_the_one_that_a_column_tells_best_counts():
    labels = pd.Series(["a", "b", "c"] * 10)
    one = describe(pd.Series([0.0, 5.0, 0.0] * 10), labels, "c")
    assert one.findings == {"leak": "ROC AUC 1"}


def test_a_column_far_ahead_of_the_others_gets_a_word():
    rng = np.random.default_rng(0)
    y = np.arange(400) % 8 == 0
    table = pd.DataFrame(
        {"minutes": y * 1.5 + rng.normal(size=400), "noise": rng.normal(size=400), "buy": np.where(y, "yes", "no")}
    )
    told = findings(inspect(table, target="buy"))
    assert list(told) == ["ahead"]
    assert re.fullmatch(r"'minutes' \(ROC AUC 0\.8\d, the next is 'noise' with 0\.5\d\)", told["ahead"][0])
    rival = table.assign(rival=y * 1.5 + rng.normal(size=400))
    assert findings(inspect(rival, target="buy")) == {}


def test_duplicates_are_counted_and_those_that_contradict_each_other():
    table = pd.DataFrame({"a": [1, 1, 1, 2, 2, 3], "b": list("xxxyyz"), "buy": list("nnynnn")})
    seen = inspect(table, target="buy")
    assert (seen.repeated, seen.conflicting) == (3, 3)
    assert inspect_text.facts(seen)["duplicates"] == (
        "3 of 6 rows repeat another's features; 3 have the features of a row of another class"
    )


def test_classes_are_counted_whatever_their_number():
    table = pd.DataFrame({"x": range(9), "y": list("aaaaabbbc")})
    said = inspect_text.facts(inspect(table, target="y"))
    assert said["target"] == "'y': 'a' (5, 55.6 %), 'b' (3, 33.3 %), 'c' (1, 11.1 %)"
    assert said["imbalance"] == "5 to 1; 3 classes, the rarest of 1 row"
    binary = inspect(table.replace("c", "b"), target="y", positive="a")
    assert inspect_text.facts(binary)["imbalance"] == "1.25 to 1; 'a' is the positive class"
    numbers = inspect_text.facts(inspect(pd.DataFrame({"x": range(40), "y": range(40)}), target="y"))
    assert numbers["target"] == "'y': 40 different values, such as 0, 1, 2: too many for classes"
    assert "imbalance" not in numbers


@pytest.mark.parametrize(
    ("columns", "likely"),
    [
        ({"target": [1, 2, 3, 1], "a": [0, 1, 0, 1]}, "target"),
        ({"a": [0, 1, 0, 1], "is_fraud": [0, 1, 0, 0], "b": [0, 1, 1, 0]}, "is_fraud"),
        ({"a": [0, 1, 0, 1], "b": ["x", "y", "x", "x"]}, "b"),
        ({"a": [0, 1, 0, 1], "b": [0.1, 0.2, 0.3, 0.4]}, "a"),
        ({"a": [0.5, 0.1, 0.7, 0.9], "b": [0.1, 0.2, 0.3, 0.4]}, None),
    ],
)
def test_the_likely_target(columns, likely):
    assert likely_target(pd.DataFrame(columns)) == likely


@pytest.fixture
def look(tmp_path, monkeypatch, stage, capsys):
    """What inspect prints about a table of ours, and the text of its page."""
    (tmp_path / "conf").symlink_to(compose.CONF.absolute())
    monkeypatch.chdir(tmp_path)

    def run(table, *overrides):
        table.to_csv("mine.csv", index=False)
        stage(inspect_module, "data=csv", "data.path=mine.csv", *overrides)
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
        "target      'buy': 'no' (54, 90 %), 'yes' (6, 10 %)",
        "imbalance   9 to 1; 'yes' is the positive class",
        "features    2 numeric (customer id, wave); 2 unclear (age, nothing)",
        "missing     60 of 240 cells, in 1 column: 'nothing' 100%",
        "duplicates  none",
        "",
    ]
    assert "error: mine.csv: column 'age': expected numbers, found 'old' in line 2: correct or empty" in out
    assert "error: mine.csv: column 'nothing': expected values, found none at all: leave it out" in out
    *_, said, given = out.splitlines()
    assert said == "to run it, without what is refused, ids, constants and what tells the class:"
    assert given == (
        "  dvc exp run -S data=csv -S data.path=mine.csv -S data.target=buy "
        "-S 'data.drop=[\"customer id\",age,nothing]' -S '~variant@variants.smote'"  # 4 of 6 are for training
    )
    project(*[word for word in shlex.split(given)[3:] if word != "-S"])
    stage(ingest_stage)
    assert (tmp_path / "data/ingest/schema.json").is_file()


def test_a_clean_table_has_nothing_that_stands_against_it(look):
    out, html = look(MINE[["wave", "buy"]], "data.target=buy")
    assert "error" not in out
    assert "!" not in out
    assert "Worth a look" not in html
    assert out.endswith(f"to run it:\n  dvc exp run -S data=csv -S data.path=mine.csv -S data.target=buy{FEW}\n")


def test_variants_that_cannot_take_the_table_are_left_out(look):
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
        assert "target      not known; likely 'buy': 'no' (54, 90 %), 'yes' (6, 10 %)" in out
        assert "columns     'customer id': numeric, 101 to 160" in out
        assert ("error: mine.csv: column 'buyer' is not there; nearest: 'buy'" in out) == bool(given)
        assert "column 'age': expected numbers" in out  # all problems at once
        assert "-S data.target=buy -S" in out


def test_columns_that_cannot_be_read_do_not_keep_the_others_from_being_seen(look):
    out, _ = look(MINE[["wave", "buy"]].assign(price=[f"1,{i + 100}" for i in range(60)]), "data.target=buy")
    assert "error: mine.csv: column 'price': expected numbers, found '1,100' in line 2" in out
    assert "features    1 numeric\n" in out
    assert out.endswith(f"-S data.target=buy -S 'data.drop=[price]'{FEW}\n")


def test_a_table_that_no_column_left_out_mends_says_so(look):
    out, _ = look(MINE[["wave"]].assign(buy="no"), "data.target=buy")
    assert "error: mine.csv: target 'buy': expected two classes or more, found one: 'no' (60)" in out
    assert "to run it, once the table is mended:" in out


def test_what_is_no_table_is_refused(look, tmp_path):
    with pytest.raises(InputError, match=r"^none.csv: no such file; nearest: 'mine.csv'"):
        look(MINE, "data.path=none.csv")
    with pytest.raises(InputError, match=r"^mine.csv: header: expected different column names, found 'a' more than"):
        look(pd.DataFrame([[1, 2], [3, 4]], columns=["a", "a"]), "data.target=a")
    assert not (tmp_path / "reports").exists()


def test_the_page_is_whole_in_itself_and_the_same_each_time(look):
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


def test_real_tables_are_told_what_they_need_and_nothing_else(shared):
    expected = {
        "abalone_19.csv": {},
        "bank_small.csv": {"ahead": 1, "negative": 1},
        "car_vgood.csv": {},
        "ecoli_imU.csv": {"constant": 1},
        "multi_glass.csv": {"zeros": 1},
        "pima.csv": {"zeros": 5},
        "thyroid_sick.csv": {"ahead": 1, "empty": 1, "constant": 2},
    }
    for name, counts in expected.items():
        told = findings(inspect(pd.read_csv(shared / name), target="target", min_frequency=0.01))
        assert {key: len(named) for key, named in told.items()} == counts, name
        assert all("duration" in named[0] for key, named in told.items() if name == "bank_small.csv" and key == "ahead")


def test_bars_count_all_rows_and_the_rarest_class_and_dates_by_day():
    labels = pd.Series(["no", "no", "yes", "no"])
    assert describe(pd.Series(["a", "b", "a", None]), labels, "yes").bars == [("a", 2, 1), ("b", 1, 0)]
    days = describe(pd.Series(["2026-01-01", "2026-01-21", "2026-01-01", "2026-01-11"]), labels, "yes").bars
    assert (days[0], days[-1]) == (("2026-01-01 to 2026-01-02", 2, 1), ("2026-01-20 to 2026-01-21", 1, 0))
    assert sum(count for _, count, _ in days) == 4
    numbers = describe(pd.Series([0.0, np.inf, 20.0, 10.0]), labels, "yes").bars  # infinity has no place
    assert [bar for bar in numbers if bar[1]] == [("0 to 1", 1, 0), ("10 to 11", 1, 0), ("19 to 20", 1, 1)]
    far = describe(pd.Series([-9999] * 4), labels, "yes", "date")
    assert far.bars
    assert describe(pd.Series([np.nan] * 4, dtype="str"), labels, "yes", ["a", "b"]).bars == []
