import numpy as np
import pandas as pd
import pytest

from pipeline.tools import inspect_text
from pipeline.tools.inspect_column import describe

ROWS = 60
RARE = np.arange(ROWS) % 10 == 3  # six rows, scattered over the table
LABELS = pd.Series(np.where(RARE, "yes", "no"), name="buy")
WAVE = pd.Series((np.arange(ROWS) * 7 % 11).astype(float), name="wave")  # unrelated to the class


def found(values, **settings):
    """The findings of a column of sixty rows."""
    return describe(pd.Series(values, name=settings.pop("name", "x")), LABELS, "yes", **settings).findings


@pytest.mark.parametrize(
    ("values", "finding"),
    [
        (range(60), {"id": "whole numbers in order, from 0 to 59"}),
        (range(1060, 1000, -1), {"id": "whole numbers in order, from 1060 to 1001"}),
        (np.arange(60) * 7 % 60, {"id": "a different whole number in every row, from 0 to 59"}),
        ([f"u{i}@x.org" for i in range(60)], {"id": "a different value in every row, such as 'u0@x.org'"}),
        ([np.nan] * 60, {"empty": ""}),
        ([5] * 60, {"constant": "5"}),
        (["a"] * 58 + ["b"] * 2, {"constant": "'a' in all rows but 2"}),
        ([f"{i % 50}" for i in range(60)], {"text": "such as '0'"}),
        (
            np.where(np.arange(60) % 10 == 0, 0, 90 + np.arange(60) % 31),
            {"zeros": "6 rows, 10%; the next value is 90"},
        ),
        (np.where(np.arange(60) % 3 == 0, -1, np.arange(60) % 31), {"sentinel": "-1 in 20 rows, 33%"}),
        ([1.5, 2.5, 3.5] * 9 + [np.nan] * 33, {"missing": "33 rows, 55%"}),
        ([f"town {i % 40}" for i in range(60)], {}),  # ingest refuses it as ids or free text
        ([f"town {i % 31}" for i in range(60)], {}),
        (pd.date_range("2026-01-01", periods=60).strftime("%d.%m.%Y"), {"date": "2026-01-01 to 2026-03-01"}),
        (RARE * 1.0, {"leak": "ROC AUC 1"}),
        (np.where(RARE, "refunded", "not"), {"leak": "ROC AUC 1"}),
        # Nothing found.
        (WAVE, {}),
        (["a", "b", "c"] * 20, {}),
        ([True, False] * 30, {}),
        (np.arange(60) % 30, {}),  # a zero among its neighbors
        (np.arange(60) * 0.37, {}),
        ((np.arange(60) * 7919) % 100_003, {}),  # distinct whole numbers, neither dense nor named an id
        (["2", "3", "4", "5more"] * 15, {}),
    ],
)
def test_what_a_column_shows(values, finding):
    assert found(values) == finding


@pytest.mark.parametrize("name", ["id", "customer_id", "customerID", "Key", "orderNumber"])
def test_a_name_shows_an_id_whose_numbers_alone_do_not(name):
    scattered = (np.arange(60) * 7919) % 100_003
    assert "id" in found(scattered, name=name)
    assert found(scattered, name="paid") == {}


def test_an_id_that_follows_the_order_of_classes_is_serious():
    labels = LABELS.sort_values(ignore_index=True)
    assert describe(pd.Series(range(60), name="row"), labels, "yes").findings == {
        "id": "whole numbers in order, from 0 to 59, ROC AUC 1.00"
    }
    assert "id" in inspect_text.SERIOUS


def test_many_levels_are_counted_with_those_that_are_merged():
    labels = pd.Series(np.where(np.arange(2000) % 10 == 3, "yes", "no"))
    towns = pd.Series([f"town {i * 7 % 39}" for i in range(1990)] + [f"hamlet {i}" for i in range(10)], name="town")
    assert describe(towns, labels, "yes", min_frequency=0.01).findings == {
        "levels": "49 levels, 10 of them rare and merged"
    }
    assert describe(towns, labels, "yes").findings == {"levels": "49 levels"}


def test_a_level_s_frequency_comes_from_other_rows():
    """Levels of one or two rows each would identify every class by themselves."""
    pairs = pd.Series([f"level {i // 2}" for i in range(60)])
    assert describe(pairs, LABELS, "yes", "categorical").auc < 0.8


def test_the_auc_is_the_one_counted_by_hand():
    # Ten rows: the five "yes" above all but two, three, three, four and five of the five "no".
    values = pd.Series([1.0, 2, 4, 7, 9, 3, 5, 6, 8, 10])
    labels = pd.Series(["no"] * 5 + ["yes"] * 5)
    wins = 2 + 3 + 3 + 4 + 5
    assert describe(values, labels, "yes").auc == pytest.approx(wins / 25)
    assert describe(-values, labels, "yes").auc == pytest.approx(wins / 25)
    assert describe(values.iloc[[0, 5]], labels.iloc[[0, 5]], "yes").auc is None  # too few rows


def test_of_several_classes_the_one_that_a_column_ranks_best_counts():
    labels = pd.Series(["a", "b", "c"] * 10)
    assert describe(pd.Series([0.0, 5.0, 0.0] * 10), labels, "c").auc == 1
    more = pd.concat([labels] * 10, ignore_index=True)
    assert describe(pd.Series([0.0, 5.0, 0.0] * 100), more, "c").findings == {"predicts": "ROC AUC 1 for 'b'"}
    assert describe(pd.Series([0.0, 5.0, 9.0] * 100), more, "c").findings == {"leak": "ROC AUC 1 for 'a'"}


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


def test_dates_with_broken_cells_are_no_customers():
    days = [f"{1 + n % 28:02d}/{1 + n % 12:02d}/2023" for n in range(57)]
    labels = pd.Series(["no"] * 225 + ["yes"] * 15)
    seen = describe(pd.Series([*days * 4, *["00/01/2023"] * 12], name="seen"), labels, "yes")
    assert seen.kind is None
    assert seen.findings == {}
