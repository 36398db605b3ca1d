import hashlib
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet
import pytest
from table_files import settings

from pipeline.errors import InputError
from pipeline.table import negatives, scan, weights
from pipeline.table.read import load


def visits(rows=4000, seed=0):
    """A rare class, labelled yes, whose probability depends on x."""
    random = np.random.default_rng(seed)
    x = random.normal(size=rows)
    labels = np.where(random.random(rows) < 1 / (1 + np.exp(4 - x)), "yes", "no")
    return pd.DataFrame({"x": x, "size": random.choice(["S", "M", "L"], rows), "y": labels})


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def in_parts(rows, number=3):
    """The rows as Parquet files of different length in the folder `parts`."""
    Path("parts").mkdir()
    for part, some in enumerate(np.array_split(np.arange(len(rows)), number)):
        rows.iloc[some].to_parquet(f"parts/{part}.parquet", row_group_size=100 + part)
    return {"path": "parts", "files": "*.parquet"}


def test_all_positives_and_a_sample_of_the_others_are_read_with_weights_that_add_up_to_all(here):
    rows = visits()
    rows.to_csv("v.csv", index=False)
    table, _, schema, roles = load(settings(negatives_per_positive=5))
    positives = np.flatnonzero(rows.y == "yes")
    assert set(positives) == set(table.index[table.y == 1])
    read = int((table.y == 0).sum())
    assert abs(read - 5 * len(positives)) < 4 * np.sqrt(5 * len(positives))
    others = len(rows) - len(positives)
    assert schema["negatives"] == {"rows": others, "read": read}
    assert schema["classes"] == {"negative": read, "positive": len(positives)}
    assert set(roles.weight[table.y == 1]) == {1.0}
    assert set(roles.weight[table.y == 0]) == {others / read}
    assert roles.weight.sum() == pytest.approx(len(rows), rel=1e-12)
    # Row numbers are those of the source, so that each row can be found there.
    assert table.x.tolist() == rows.x[table.index].tolist()
    assert weights.sentence(schema).startswith(f"Of {others:,} negative rows, {read:,} were read.")
    assert schema["notes"] == [
        f"data.negatives_per_positive=5: {read:,} of {others:,} negative rows were read, and each counts as "
        f"{others / read:.4g} rows"
    ]


@pytest.mark.parametrize("batch", [7, 64, 2**16])
def test_the_same_rows_are_read_from_a_whole_file_and_in_batches_of_any_size(here, monkeypatch, batch):
    rows = visits()
    rows.to_csv("v.csv", index=False)
    expected = load(settings(negatives_per_positive=3))
    rows.to_parquet("v.parquet")
    monkeypatch.setattr(scan, "AHEAD", {**scan.AHEAD, "batch_size": batch})
    for given in ({"path": "v.parquet"}, in_parts(rows)):
        found = load(settings(negatives_per_positive=3, **given))
        pd.testing.assert_frame_equal(found[0], expected[0])
        pd.testing.assert_frame_equal(found[3], expected[3])
        assert found[2]["negatives"] == expected[2]["negatives"]


def test_a_folder_of_files_is_one_table(here):
    rows = visits(500)
    rows.to_parquet("v.parquet")
    expected = load(settings(path="v.parquet"))
    found = load(settings(**in_parts(rows)))
    pd.testing.assert_frame_equal(found[0], expected[0])
    lines = [f"{hashlib.sha256(p.read_bytes()).hexdigest()}  {p.name}\n" for p in sorted(Path("parts").iterdir())]
    assert found[2]["sha256"] == hashlib.sha256("".join(lines).encode()).hexdigest()


def test_rows_are_chosen_as_if_by_chance():
    hashed = negatives.hashed(np.arange(200_000))
    assert hashed.min() >= 0
    assert hashed.max() < 1
    counts = np.histogram(hashed, 20, (0, 1))[0]
    assert ((counts - 10_000) ** 2 / 10_000).sum() < 43.8  # chi-squared with 19 degrees of freedom, 1 in 1,000
    assert abs(np.corrcoef(hashed[1:], hashed[:-1])[0, 1]) < 0.01  # neighbors are independent
    assert abs(np.corrcoef(hashed, np.arange(200_000))[0, 1]) < 0.01


def test_where_there_are_no_more_negatives_than_asked_for_nothing_changes(here):
    visits().to_csv("v.csv", index=False)
    plain, asked = load(settings()), load(settings(negatives_per_positive=1000))
    pd.testing.assert_frame_equal(asked[0], plain[0])
    assert "weight" not in asked[3]
    assert asked[2] == plain[2]


def test_the_declared_class_is_read_whole_of_several_and_classes_left_out_are_not_read(here):
    rows = visits()
    rows.loc[rows.x > 1.5, "y"] = "maybe"
    rows.loc[rows.x < -2, "y"] = None
    rows.to_parquet("v.parquet")
    given = {"positive": "maybe", "classes": {"yes": "no", "NA": None}, "negatives_per_positive": 2}
    table, _, schema, _ = load(settings(path="v.parquet", **given))
    assert schema["classes"]["positive"] == (rows.y == "maybe").sum()
    assert schema["negatives"]["rows"] == rows.y.isin(["yes", "no"]).sum()
    assert set(rows.y[table.index[table.y == 0]]) == {"yes", "no"}


@pytest.mark.parametrize(
    ("target", "classes"),
    [
        (lambda y: (y == "yes").astype("int8"), None),
        (lambda y: y == "yes", None),
        (lambda y: y.astype("category"), None),
        (lambda y: y.where(y == "yes"), {"NA": "no"}),
    ],
    ids=["integer", "boolean", "category", "missing"],
)
def test_targets_of_any_type_are_found_in_batches(here, monkeypatch, target, classes):
    monkeypatch.setattr(scan, "AHEAD", {**scan.AHEAD, "batch_size": 64})
    rows = visits().assign(y=lambda each: target(each.y))
    rows.to_parquet("v.parquet")
    table = load(settings(path="v.parquet", negatives_per_positive=3, classes=classes))[0]
    assert set(table.index[table.y == 1]) == set(np.flatnonzero(visits().y == "yes"))
    assert 2 < len(table) / table.y.sum() < 6


def problems(**given):
    with pytest.raises(InputError) as refused:
        load(settings(**given))
    return refused.value.problems


def test_what_cannot_be_sampled_is_refused(here):
    rows = visits(300)
    rows.loc[[5, 6], "y"] = "maybe"
    rows.to_parquet("v.parquet")
    rows.to_csv("v.csv", index=False)
    for path in ("v.csv", "v.parquet"):
        (problem,) = problems(path=path, negatives_per_positive=2)
        assert "data.negatives_per_positive: expected two classes, found 3. Compare one class with the rest" in problem
    rows.loc[[7, 290], "y"] = None
    rows.to_parquet("v.parquet")
    (problem,) = problems(path="v.parquet", negatives_per_positive=2)
    assert problem.startswith("v.parquet: target 'y', rows 8, 291: expected a class in every row, found a missing")
    (problem,) = problems(path="v.parquet", negatives_per_positive=2, target="z")
    assert problem.startswith("v.parquet: the table has no column 'z'; choose from")


def test_files_that_are_not_one_table_are_refused(here):
    rows = visits(90)
    given = in_parts(rows)
    assert problems(**given | {"files": "*.pq"}) == [
        "parts: no file matches data.files=*.pq; choose from '0.parquet', '1.parquet', '2.parquet'."
    ]
    assert problems(path="parts/0.parquet", files="*.parquet")[0].startswith("parts/0.parquet: expected a folder")
    rows.drop(columns="size").assign(z=1).to_parquet("parts/1.parquet")
    rows.assign(x=rows.x.astype("float32")).to_parquet("parts/2.parquet")
    assert problems(**given) == [
        "parts: 1.parquet: expected the columns of 0.parquet, missing are size and new are z.",
        "parts: 2.parquet, column 'x': expected double as in 0.parquet, found float. Convert the column.",
    ]
    Path("parts/1.parquet").write_text("x,y\n")
    assert problems(**given) == ["parts/1.parquet: expected a Parquet file, because data.files reads only these."]


def test_a_damaged_file_is_refused(here):
    rows = visits(3000)
    rows.to_parquet("v.parquet")
    data = Path("v.parquet").read_bytes()
    Path("v.parquet").write_bytes(data[: len(data) // 2])
    (problem,) = problems(path="v.parquet", negatives_per_positive=2)
    assert problem.startswith("v.parquet: expected Parquet files, found a damaged one")


def test_settings_that_exclude_each_other_are_refused():
    for given in ({"negatives_per_positive": 2, "weight": "w"}, {"files": "*", "imbalanced": "oil", "path": "a.yaml"}):
        with pytest.raises(ValueError, match="settings conflict"):
            settings(**given)


def test_a_file_that_changes_while_it_is_read_is_refused(here, monkeypatch):
    visits(500).to_parquet("v.parquet")
    read = scan.read

    def changing(*arguments):
        made = read(*arguments)
        visits(500, seed=1).to_parquet("v.parquet")
        return made

    monkeypatch.setattr(scan, "read", changing)
    assert problems(path="v.parquet", negatives_per_positive=2) == [
        "v.parquet: the file changed while it was read. Run this again."
    ]


@pytest.mark.parametrize("per_positive", [1, 1.1])
def test_the_positive_class_is_that_of_the_whole_table_also_where_fewer_negatives_are_read(here, per_positive):
    fewer = 0
    for seed in range(20):
        random = np.random.default_rng(seed)
        y = random.random(200) < 0.3
        pd.DataFrame({"x": random.normal(size=200), "y": np.where(y, "yes", "no")}).to_csv("v.csv", index=False)
        table, _, schema, roles = load(settings(negatives_per_positive=per_positive))
        assert (schema["positive"], schema["classes"]["positive"]) == ("yes", y.sum())
        assert set(roles.weight[table.y == 1]) == {1.0}
        fewer += schema["classes"]["negative"] < y.sum()
    assert fewer  # so that this could fail


def test_patterns_and_columns_that_cannot_be_used_are_refused(here):
    rows = visits(90)
    given = in_parts(rows, 1)
    assert problems(**given | {"files": "**.parquet"})[0].startswith(
        "data.files: expected a pattern such as '*.parquet'"
    )
    for files in ("", "../o/*.parquet", "/parts/*.parquet"):
        with pytest.raises(ValueError, match="settings conflict"):
            settings(**given | {"files": files})
    rows.assign(y=[[1, 2]] * 90).to_parquet("v.parquet")
    (problem,) = problems(path="v.parquet", negatives_per_positive=2)
    assert problem == (
        "v.parquet: target 'y': expected classes, found values of type list<element: int64>. Convert it."
    )
    twice = pa.Table.from_pandas(rows)
    pyarrow.parquet.write_table(twice.append_column("x", twice["x"]), "v.parquet")
    (problem,) = problems(path="v.parquet", negatives_per_positive=2)
    assert problem.startswith("v.parquet: header: expected different column names, found 'x' more than once")
