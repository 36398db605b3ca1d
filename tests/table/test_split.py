import pandas as pd
import pytest
from sklearn.model_selection import train_test_split

from pipeline import ingest as ingest_stage
from pipeline import split as split_stage
from pipeline.errors import InputError
from pipeline.files import read_json, read_table
from pipeline.table.split import split


@pytest.fixture
def twenty_visits():
    return pd.DataFrame({"time": range(20), "buy": [1, 0, 0, 0, 0] * 4}, index=pd.RangeIndex(100, 120, name="row_id"))


def test_every_row_is_a_training_or_a_test_row_as_it_was(twenty_visits):
    train, test = split(twenty_visits, target="buy", test_size=0.25, seed=3, labels=[0, 1])
    pd.testing.assert_frame_equal(pd.concat([train, test]).sort_index(), twenty_visits)
    assert not set(train.index) & set(test.index)


def test_class_proportions_are_the_same_in_training_and_test_rows(twenty_visits):
    train, test = split(twenty_visits, target="buy", test_size=0.25, seed=3, labels=[0, 1])
    assert (train.buy.value_counts().to_dict(), test.buy.value_counts().to_dict()) == ({0: 12, 1: 3}, {0: 4, 1: 1})


@pytest.mark.parametrize("by", ["rows", "groups", "times"])
def test_no_row_is_held_out_where_none_is_asked_for(twenty_visits, by):
    blocks = {} if by == "rows" else {by: twenty_visits.time // 2}
    train, test = split(twenty_visits, target="buy", test_size=0, seed=3, labels=[0, 1], **blocks)
    pd.testing.assert_frame_equal(train, twenty_visits)
    pd.testing.assert_frame_equal(test, twenty_visits.iloc[:0])


def test_split_is_scikit_learn_s(twenty_visits):
    ours = split(twenty_visits, target="buy", test_size=0.3, seed=142, labels=[0, 1])
    theirs = train_test_split(twenty_visits, test_size=0.3, stratify=twenty_visits.buy, random_state=142)
    for one, other in zip(ours, theirs, strict=True):
        pd.testing.assert_frame_equal(one, other)


def test_another_seed_sets_other_rows_aside(twenty_visits):
    sides = [
        split(twenty_visits, target="buy", test_size=0.3, seed=seed, labels=[0, 1])[1].index.tolist()
        for seed in (1, 2, 1)
    ]
    assert sides[0] == sides[2] != sides[1]


def test_a_class_too_small_for_training_and_test_rows_is_refused_with_its_count(twenty_visits):
    with pytest.raises(InputError) as caught:
        split(twenty_visits.iloc[:5], target="buy", test_size=0.3, seed=1, labels=[0, 1])
    assert str(caught.value) == (
        "class 1 of 'buy' has 1 of 5 rows. With split.test_size=0.3, training and test rows can't both have one. "
        "Collect more rows of it."
    )


def test_both_classes_are_in_training_and_test_rows_or_the_split_is_refused():
    refused = 0
    for positives in (1, 2, 3, 4):
        for negatives in (2, 5, 10, 17):
            for test_size in (0.05, 0.2, 0.3, 0.5, 0.6, 0.7, 0.9):
                table = pd.DataFrame({"x": 0.0, "buy": [1] * positives + [0] * negatives})
                try:
                    sides = split(table, target="buy", test_size=test_size, seed=1, labels=[0, 1])
                except InputError:
                    refused += 1
                else:
                    assert [set(side.buy) for side in sides] == [{0, 1}, {0, 1}]
    assert 0 < refused < 4 * 4 * 7


def test_main_writes_both_sides_and_their_classes(project, stage):
    folder = project("data.simulation.rows=200", "data.simulation.prevalence=0.1", "split.test_size=0.25")
    stage(ingest_stage)
    stage(split_stage)
    sides = {side: read_table(folder / f"data/split/{side}.parquet") for side in ("train", "test")}
    assert {side: len(rows) for side, rows in sides.items()} == {"train": 150, "test": 50}
    features = {side: set(rows.drop(columns="buy").itertuples(index=False)) for side, rows in sides.items()}
    crossing = sum(row in features["train"] for row in sides["test"].drop(columns="buy").itertuples(index=False))
    assert crossing > 0
    assert read_json(folder / "data/split/classes.json") == {
        "train": {"negative": 135, "positive": 15},
        "test": {"negative": 45, "positive": 5},
        "duplicates": {"crossing": crossing, "repeated": 200 - len(features["train"] | features["test"])},
    }
    assert not set(sides["train"].index) & set(sides["test"].index)
