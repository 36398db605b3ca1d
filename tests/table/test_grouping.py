import numpy as np
import pandas as pd
import pytest
from sklearn.model_selection import StratifiedGroupKFold

from pipeline import config
from pipeline.config import Split
from pipeline.errors import InputError
from pipeline.table import ingest, split
from pipeline.table.grouping import together

X = pd.DataFrame({"a": [1.0, 2.0, 1.0, 3.0], "b": ["x", "x", "x", "y"]}, index=pd.Index([7, 3, 5, 1], name="row_id"))
ROLES = pd.DataFrame({"group": list("pqrs"), "time": [4, 3, 2, 1]}, index=pd.Index([1, 3, 5, 7], name="row_id"))


def how(by, *, duplicates=False):
    return Split(test_size=0.3, seed=1, by=by, group_duplicates=duplicates)


def test_rows_carry_their_group_or_their_time_as_asked():
    assert together(X, ROLES, how("rows")) == {"groups": None, "times": None}
    assert together(X, ROLES, how("group"))["groups"].tolist() == list("sqrp")
    assert together(X, ROLES, how("time"))["times"].tolist() == [1, 3, 2, 4]


def test_rows_with_the_same_features_are_a_group_where_asked():
    groups = together(X, ROLES, how("rows", duplicates=True))["groups"]
    assert groups[7] == groups[5]
    assert groups.nunique() == 3


def visits(rows=200, groups=50):
    random = np.random.default_rng(4)
    table = pd.DataFrame({"x": random.normal(size=rows), "buy": (np.arange(rows) % 5 == 0).astype("int8")})
    return table.rename_axis("row_id"), pd.Series(random.integers(0, groups, rows))


def test_no_group_is_split_and_about_the_requested_fraction_is_tested():
    table, groups = visits()
    train, test = split.split(table, target="buy", test_size=0.3, seed=1, groups=groups, labels=[0, 1])
    assert not set(groups[train.index]) & set(groups[test.index])
    assert sorted([*train.index, *test.index]) == list(table.index)
    assert 0.2 < len(test) / len(table) < 0.4
    assert test.buy.mean() == pytest.approx(table.buy.mean(), abs=0.05)
    parts = list(StratifiedGroupKFold(10, shuffle=True, random_state=1).split(table.buy, table.buy, groups))
    assert set(test.index) == {row for _, held in parts[:3] for row in held}


def test_the_latest_rows_are_the_test_rows_and_equal_times_stay_together():
    table, _ = visits(rows=20)
    times = pd.Series([*range(12), *[12] * 8])[::-1].set_axis(range(20))  # the first eight rows are the latest
    train, test = split.split(table, target="buy", test_size=0.3, seed=1, times=times, labels=[0, 1])
    assert list(test.index) == list(range(8))
    assert list(train.index) == list(range(8, 20))


def test_a_class_that_training_or_test_rows_lack_is_refused():
    table, _ = visits(rows=20)
    with pytest.raises(InputError, match="can't both have one"):
        split.split(table, target="buy", test_size=0.3, seed=1, times=pd.Series(1 - table.buy), labels=[0, 1])


SOURCE = pd.DataFrame(
    {
        "age": [30.0, 40.0, 50.0, 60.0],
        "patient": ["a", "b", "a", "c"],
        "seen": ["2024-01-05", "2024-01-03", "2024-02-01", "2023-12-24"],
        "sick": [0, 0, 1, 0],
    }
)


def test_group_and_time_are_not_features():
    table = ingest.ingest(SOURCE, target="sick", roles={"group": "patient", "time": "seen"})
    assert list(table.data.columns) == ["age", "sick"]
    assert table.roles.group.tolist() == ["a", "b", "a", "c"]
    assert table.roles.time.argsort().tolist() == [3, 1, 0, 2]


def test_missing_groups_and_times_that_are_not_times_are_refused():
    holes = SOURCE.assign(patient=["a", None, "a", "c"], seen=["x", "y", "z", "x"])
    with pytest.raises(InputError) as refused:
        ingest.ingest(holes, target="sick", roles={"group": "patient", "time": "seen"})
    first, second = refused.value.problems
    assert first == (
        "data.group: column 'patient', line 3: expected a value in every row, found a missing value. Fill in "
        "these cells."
    )
    assert second.startswith("data.time: column 'seen', lines 2, 3, 4 and 1 more: expected dates, found 'x', 'y', 'z'.")


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        (["split=grouped"], "data.group: expected the name of a column, because split=grouped needs it"),
        (["+data.group=who"], "data.group: expected null without split=grouped"),
        (["split=temporal"], "data.time: expected the name of a column, because split=temporal needs it"),
    ],
)
def test_a_role_and_the_split_that_goes_by_it_need_each_other(composed, overrides, words):
    import yaml

    with pytest.raises(InputError) as refused:
        config.check(yaml.safe_load(composed(*[word.lstrip("+") for word in overrides])))
    assert any(words in problem for problem in refused.value.problems)
