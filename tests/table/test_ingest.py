import gzip
from io import StringIO

import numpy as np
import pandas as pd
import pytest

from pipeline import ingest as ingest_stage
from pipeline.errors import InputError
from pipeline.files import read_json, read_table
from pipeline.table import columns
from pipeline.table.ingest import ingest


@pytest.fixture
def visits():
    return pd.DataFrame(
        {
            "time": [120, 250, 90, 310, 40, 75],
            "buy": ["no", "yes", "no", "yes", "no", "no"],
            "pages": [2.0, 3.0, np.nan, 4.0, 1.0, 2.0],
            "member": [True, False, True, True, False, False],
        }
    )


def refusal(source, **settings):
    with pytest.raises(InputError) as caught:
        ingest(source, **settings)
    return caught.value.problems


def test_features_come_first_then_the_target_as_1_for_the_rarer_class(visits):
    table = ingest(visits, target="buy")
    assert (table.positive, table.negative) == ("yes", "no")
    expected = pd.DataFrame(
        {
            "time": [120.0, 250.0, 90.0, 310.0, 40.0, 75.0],
            "pages": [2.0, 3.0, np.nan, 4.0, 1.0, 2.0],
            "member": [True, False, True, True, False, False],
            "buy": np.array([0, 1, 0, 1, 0, 0], dtype="int8"),
        },
        index=pd.RangeIndex(6, name="row_id"),
    )
    pd.testing.assert_frame_equal(table.data, expected)


def test_ingest_leaves_its_source_as_it_was(visits):
    before = visits.copy()
    ingest(visits, target="buy", drop=["pages"])
    pd.testing.assert_frame_equal(visits, before)


def test_integers_stay_integers_on_demand(visits):
    kept = ingest(visits.drop(columns="member"), target="buy", integers=True)
    assert kept.data.dtypes.astype(str).to_dict() == {"time": "int64", "pages": "float64", "buy": "int8"}


def test_dropped_columns_are_gone(visits):
    table = ingest(visits.assign(note="text"), target="buy", drop=["note", "member"])
    assert table.data.columns.tolist() == ["time", "pages", "buy"]


def test_a_declared_positive_class_wins_over_the_rarer(visits):
    table = ingest(visits, target="buy", positive="no")
    assert (table.positive, table.negative) == ("no", "yes")
    assert table.data.buy.tolist() == [1, 0, 1, 0, 1, 1]


@pytest.mark.parametrize(
    ("labels", "positive", "one"),
    [
        ([1, 2, 1, 1], None, 2),
        ([1, 2, 2, 1], None, 2),  # of two equal classes the larger label
        ([1, 2, 1, 1], 1, 1),
        ([1, 2, 1, 1], "1", 1),  # as the command line may give it
        ([0, 0, 0, 1], 0, 0),
        ([0.0, 1.0, 0.0, 0.0], 1, 1.0),
        ([False, True, True, True], None, False),
        ([False, True, True, True], True, True),
        (["a", "b", "a", "a"], "a", "a"),
        (["no", "yes ", " no", "no"], None, "yes"),
        (["no", "yes ", "no", "yes"], " no", "no"),
    ],
)
def test_the_positive_class_by_default_and_as_declared(labels, positive, one):
    table = ingest(pd.DataFrame({"x": [1.0, 2.0, 3.0, 4.0], "y": labels}), target="y", positive=positive)
    assert table.positive == one
    assert table.data.y.tolist() == [int(str(label).strip() == str(one)) for label in labels]
    assert type(table.positive) in (int, float, bool, str)


@pytest.mark.parametrize("target", ["y", "fold", "probability", "self", "index", "größe", "a b"])
def test_a_target_may_be_called_nearly_anything(target):
    table = ingest(pd.DataFrame({"x": [1, 2, 3], target: [0, 0, 1]}), target=target)
    assert table.data.columns.tolist() == ["x", target]
    assert table.data[target].tolist() == [0, 0, 1]


ROWS = {"x": [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]}
TWO = [0, 0, 1, 0, 1, 0]


@pytest.mark.parametrize(
    ("columns", "settings", "problems"),
    [
        (
            {**ROWS, "buy": TWO},
            {"target": "buys"},
            ["column 'buys' is not there; nearest: 'buy'"],
        ),
        (
            {**ROWS, "buy": TWO},
            {"target": "outcome", "drop": ["ID"]},
            [
                "column 'outcome' is not there; there is: 'x', 'buy'",
                "column 'ID' is not there; there is: 'x', 'buy'",
            ],
        ),
        (
            {**ROWS, "buy": [1] * 6},
            {"target": "buy"},
            ["target 'buy': expected two classes or more, found one: 1 (6)"],
        ),
        (
            {**ROWS, "buy": ["a", "a", "a", "b", "b", "c"]},
            {"target": "buy"},
            [
                "target 'buy': expected two rows or more of each class, found one of 'c', which cannot be both learned "
                "and judged: merge classes or leave them out, as in -S 'data.classes={c: OTHER}', or null in place of "
                "OTHER"
            ],
        ),
        (
            {"x": range(1000), "buy": [*range(8), *[0] * 992]},
            {"target": "buy"},
            [
                "target 'buy': expected two rows or more of each class, found one of 1, 2, 3, 4, 5, 6 and 1 more, "
                "which cannot be both learned and judged: merge classes or leave them out, as in "
                "-S 'data.classes={1: OTHER}', or null in place of OTHER"
            ],
        ),
        (
            {**ROWS, "buy": [0, np.nan, 1, 0, np.nan, 0]},
            {"target": "buy"},
            [
                "target 'buy': expected a class in every row, found none in lines 3, 6: "
                "fill them in or leave those rows out"
            ],
        ),
        (
            {**ROWS, "buy": [0, np.inf, 0, 0, 0, 0]},
            {"target": "buy"},
            ["target 'buy': expected a class in every row, found inf in line 3"],
        ),
        (
            {**ROWS, "buy": TWO},
            {"target": "buy", "positive": "yes"},
            ["target 'buy': data.positive 'yes' is not there; there is: 0 (4), 1 (2)"],
        ),
        (
            {"x": [1, np.inf, 3, -np.inf, np.inf, np.inf], "buy": TWO},
            {"target": "buy"},
            [
                "column 'x': expected finite numbers, found inf in lines 3, 5, 6 and 1 more: "
                "correct or empty these cells"
            ],
        ),
        (
            {"x": [1, 2, 1e308, 4, 5, -1e308], "buy": TWO},
            {"target": "buy"},
            [
                "column 'x': expected numbers within 1e+100, found 1e+308 in lines 4, 7: "
                "correct or empty these cells, or use another unit"
            ],
        ),
        (
            {"x": ["1", "two", "3", "4", "five", None], "buy": TWO},
            {"target": "buy"},
            [
                "column 'x': expected numbers, found 'two', 'five' in lines 3, 6: correct or empty these cells, or say "
                "that it holds levels with -S 'data.columns={x: categorical}', or leave it out with -S 'data.drop=[x]'"
            ],
        ),
        (
            {"x": range(12), "id": [*[f"a{i}" for i in range(11)], None], "z": 1, "buy": TWO * 2},
            {"target": "buy", "drop": ["z"]},
            [
                "column 'id': 11 different values in 11 cells, such as 'a0': ids or free text, of which a model learns "
                "nothing: say that they are levels with -S 'data.columns={id: categorical}', or leave it out with "
                "-S 'data.drop=[z,id]'"
            ],
        ),
        (
            {**ROWS, "took": pd.to_timedelta(range(6), unit="h"), "buy": TWO},
            {"target": "buy"},
            [
                "column 'took': expected numbers, words or dates, found Timedelta: make it one of these, "
                "or leave it out with -S 'data.drop=[took]'"
            ],
        ),
        (
            {**ROWS, "buy": TWO},
            {"target": "buy", "declared": {"buyer": "categorical"}},
            ["column 'buyer' is not there; nearest: 'buy'"],
        ),
        (
            {**ROWS, "buy": TWO},
            {"target": "buy", "declared": {"buy": "boolean"}},
            ["data.columns: expected features, found the target 'buy': leave it out there"],
        ),
        (
            {**ROWS, "z": [np.nan] * 6, "buy": TWO},
            {"target": "buy"},
            [
                "column 'z': expected values, found none at all: leave it out with -S 'data.drop=[z]'",
            ],
        ),
        (
            {"row_id": range(6), "synthetic": range(6), "buy": TWO},
            {"target": "buy"},
            [
                "column 'row_id': this name is taken: rename it",
                "column 'synthetic': this name is taken: rename it",
            ],
        ),
        ({**ROWS, "synthetic": TWO}, {"target": "synthetic"}, ["target 'synthetic': this name is taken: rename it"]),
        ({**ROWS, "row_id": TWO}, {"target": "row_id"}, ["target 'row_id': this name is taken: rename it"]),
        (
            {"x": range(20), "bought": ["y", *"nn"] * 6 + ["n"] * 2, "z": 1, "buy": [1, 0, 0] * 6 + [0] * 2},
            {"target": "buy", "drop": ["z"]},
            [
                "column 'bought': expected a feature, found one value for each class and no other, as if it were the "
                "target 'buy': leave it out with -S 'data.drop=[z,bought]'"
            ],
        ),
        (
            {"x": 3.5, "shop": "north", "buy": TWO},
            {"target": "buy"},
            ["expected a feature that differs between rows, found one value in each: add others"],
        ),
        (
            {"x 1": ["1", "two", "3", "4", "5", "6"], "z": 1, "buy": TWO},
            {"target": "buy"},
            [
                "column 'x 1': expected numbers, found 'two' in line 3: correct or empty these cells, or say that it "
                "holds levels with -S 'data.columns={x 1: categorical}', or leave it out with "
                "-S 'data.drop=[\"x 1\"]'",
            ],
        ),
        (
            {"buy": TWO},
            {"target": "buy"},
            ["expected at least one feature beside the target, found none"],
        ),
        (
            {**ROWS, "buy": TWO},
            {"target": "buy", "drop": ["x"]},
            ["expected at least one feature beside the target, found none"],
        ),
    ],
)
def test_what_cannot_be_used_is_refused(columns, settings, problems):
    assert refusal(pd.DataFrame(columns), **settings) == problems


def test_few_rows_may_agree_with_the_target_by_chance():
    assert ingest(pd.DataFrame({"x": range(6), "member": TWO, "buy": TWO}), target="buy").data.shape == (6, 3)


def test_every_problem_is_told_at_once():
    problems = refusal(
        pd.DataFrame({"a": ["x", "1", "2"], "b": [np.inf, 1, 2], "synthetic": [1, 2, 3], "buy": [1, np.nan, 0]}),
        target="buy",
    )
    assert [problem.split(":")[0] for problem in problems] == [
        "target 'buy'",
        "column 'a'",
        "column 'b'",
        "column 'synthetic'",
    ]


def test_a_wide_table_is_no_reason_to_warn():
    names = [f"x{i}" for i in range(150)]
    rows = [f"{value}," * 150 + label for value, label in (("0.5", "0"), ("1.5", "0"), ("0.5", "1"))]
    wide = pd.read_csv(StringIO("\n".join([",".join([*names, "buy"]), *rows])))
    assert ingest(wide, target="buy").data.shape == (3, 151)


def test_main_writes_table_schema_and_truth_of_simulated_visits(project, stage):
    folder = project("data.simulation.rows=40", "data.simulation.prevalence=0.2")
    stage(ingest_stage)
    table, truth = (read_table(folder / f"data/ingest/{name}.parquet") for name in ("table", "truth"))
    schema = read_json(folder / "data/ingest/schema.json")
    assert table.shape == (40, 5)
    assert (table.dtypes.iloc[:4] == "float64").all()
    assert truth.columns.tolist() == ["probability"]
    assert truth.index.equals(table.index)
    assert schema.pop("sha256").isalnum()
    assert schema == {
        "name": "mountain_shop",
        "target": "buy",
        "positive": 1,
        "negative": 0,
        "features": ["time_on_page", "pages_viewed", "interest_ski", "interest_climb"],
        "columns": dict.fromkeys(["time_on_page", "pages_viewed", "interest_ski", "interest_climb"], "numeric"),
        "declaration": dict.fromkeys(["time_on_page", "pages_viewed", "interest_ski", "interest_climb"], "numeric"),
        "text": [],
        "classes": {"negative": 32, "positive": 8},
    }


@pytest.mark.parametrize("override", ["data.positive=0", "data.simulation.prevalence=0.7"])
def test_the_truth_kept_is_that_of_the_positive_class(project, stage, override):
    folder = project(override)
    stage(ingest_stage)
    truth = read_table(folder / "data/ingest/truth.parquet").probability
    table = read_table(folder / "data/ingest/table.parquet")
    assert read_json(folder / "data/ingest/schema.json")["positive"] == 0
    assert truth.mean() == pytest.approx(table.buy.mean(), abs=0.03)
    assert truth[table.buy == 1].mean() > truth[table.buy == 0].mean() + 0.2


def test_a_simulated_table_has_one_target(project, stage):
    project("data.target=interest_ski")
    with pytest.raises(InputError, match="data.target: expected 'buy', .* found 'interest_ski'"):
        stage(ingest_stage)


def test_main_reads_a_packed_table_and_keeps_no_truth(project, stage):
    folder = project("data=csv", "data.path=visits.csv.gz", "data.target=buy", "data.name=mine")
    content = gzip.compress(b"time,buy\n1,yes\n2,no\n3,no\n", mtime=0)
    (folder / "visits.csv.gz").write_bytes(content)
    stage(ingest_stage)
    assert sorted(path.name for path in (folder / "data/ingest").iterdir()) == [
        "roles.parquet",
        "schema.json",
        "table.parquet",
    ]
    schema = read_json(folder / "data/ingest/schema.json")
    assert (schema["positive"], schema["classes"]) == ("yes", {"negative": 2, "positive": 1})


def test_main_names_the_file_and_writes_nothing_when_it_is_bad(project, stage):
    folder = project("data=csv", "data.path=visits.csv", "data.target=bought")
    (folder / "visits.csv").write_text("time,buy\n1,1\n2,0\n")
    with pytest.raises(InputError) as caught:
        stage(ingest_stage)
    assert str(caught.value) == "visits.csv: column 'bought' is not there; there is: 'time', 'buy'"
    assert not (folder / "data").exists()


def test_the_article_s_table_must_have_the_article_s_bytes(project, stage):
    folder = project("experiment=article", "data.path=copy.csv")
    (folder / "copy.csv").write_text("time,buy\n1,1\n2,0\n")
    with pytest.raises(InputError, match="expected sha256 6734.*for a table of your own use -S data=csv"):
        stage(ingest_stage)


def test_the_article_s_preset_keeps_its_integers(project, stage, shared):
    folder = project("experiment=article", f"data.path={shared / 'sales_data.csv'}")
    stage(ingest_stage)
    table = read_table(folder / "data/ingest/table.parquet")
    assert table.interest_ski.dtype == "int64"
    assert table.buy.value_counts().to_dict() == {0: 950, 1: 50}


def test_main_writes_natural_dtypes_and_says_what_columns_are(project, stage, capsys):
    settings = "data.columns={size: [S, M, L], pages: integer}"
    folder = project("data=csv", "data.path=visits.csv", "data.target=buy", settings)
    rows = ["size,pages,member,seen,shop,buy", "S,1,True,2020-01-31,north,yes ", "L,,False,,south,no"]
    rows += ["S,3,True,2021-05-01,,no", ",4,False,2022-01-01,north,no"]
    (folder / "visits.csv").write_text("\n".join(rows))
    stage(ingest_stage)
    table, schema = read_table(folder / "data/ingest/table.parquet"), read_json(folder / "data/ingest/schema.json")
    kinds = {"size": "ordinal", "pages": "integer", "member": "boolean", "seen": "date", "shop": "categorical"}
    assert schema["columns"] == kinds
    assert schema["declaration"] == {**kinds, "size": ["S", "M", "L"], "seen": "ISO8601"}
    assert schema["text"] == ["size", "seen", "shop"]
    assert {name: columns.kind(table[name]) for name in kinds} == kinds
    assert table.shop.tolist()[:2] == ["north", "south"]
    assert table.isna().sum().tolist() == [1, 1, 0, 1, 1, 0]
    assert (schema["positive"], table.buy.tolist()) == ("yes", [1, 0, 0, 0])
    said = "csv: 1 integer (pages); 1 boolean (member); 1 ordinal (size); 1 date (seen); 1 categorical (shop)"
    assert said in capsys.readouterr().out


def test_the_real_tables_kinds(shared):
    expected = {
        "bank_small.csv": {"numeric": 7, "categorical": 9},
        "car_vgood.csv": {"categorical": 6},
        "abalone_19.csv": {"numeric": 7, "categorical": 1},
        "thyroid_sick.csv": {"numeric": 6, "categorical": 22},
        "oil.csv": {"numeric": 49},
    }
    for name, counts in expected.items():
        source = pd.read_csv(shared / name)
        drop = ["TBG"] if "TBG" in source else []  # it has no value at all
        table = ingest(source, target="target", drop=drop).data.iloc[:, :-1]
        assert pd.Series({column: columns.kind(table[column]) for column in table}).value_counts().to_dict() == counts
