import numpy as np
import pandas as pd
import pytest
from omegaconf import OmegaConf

from pipeline import config
from pipeline.errors import InputError
from pipeline.fit import variants
from pipeline.measure.multiclass import Multiclass
from pipeline.measure.tasks import TWO_CLASSES
from pipeline.table import classes
from pipeline.table.ingest import ingest


def table(labels):
    return pd.DataFrame({"size": np.arange(len(labels), dtype=float), "kind": labels})


def refusal(labels, **settings):
    with pytest.raises(InputError) as caught:
        ingest(table(labels), target="kind", **settings)
    (problem,) = caught.value.problems
    return problem


def test_more_than_two_classes_are_coded_in_the_order_of_their_labels():
    made = ingest(table(["van", "car", "bus", "car", "van", "bus"]), target="kind")
    assert made.labels == ["bus", "car", "van"]
    assert made.data.kind.tolist() == [2, 1, 0, 1, 2, 0]
    assert made.data.kind.dtype == "int8"
    assert (made.positive, made.negative) == (None, None)


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        ([7, 1, 10, 7, 1, 10], [1, 7, 10]),  # as numbers: 10 comes last
        ([7.0, 1.0, 10.0, 7.0, 1.0, 10.0], [1, 7, 10]),
        ([" a", "a", "b ", "b", "c", "c"], ["a", "b", "c"]),
    ],
)
def test_labels_are_sorted_as_what_they_are(labels, expected):
    assert ingest(table(labels), target="kind").labels == expected


def test_a_positive_class_stands_against_the_rest():
    made = ingest(table(["van", "car", "bus", "car", "van", "bus"]), target="kind", positive="car")
    assert (made.positive, made.negative, made.labels) == ("car", "the rest", None)
    assert made.data.kind.tolist() == [0, 1, 0, 1, 0, 0]


def test_classes_are_merged_and_left_out_before_anything_else():
    source = table(["van", "car", "bus", "car", "tram", "bus", "?", "tram"])
    made = ingest(source, target="kind", merge={"van": "car", "?": None})
    assert made.labels == ["bus", "car", "tram"]
    assert made.data.index.tolist() == [0, 1, 2, 3, 4, 5, 7]  # the row's place in the source stays
    assert made.data.kind.tolist() == [1, 1, 0, 1, 2, 0, 2]
    assert made.data["size"].tolist() == [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 7.0]
    two = ingest(source, target="kind", merge={"van": "car", "?": None, "tram": "bus"})
    assert (two.positive, two.negative, two.labels) == ("car", "bus", None)


def test_numbers_are_merged_into_numbers_and_a_new_word_makes_words_of_all():
    assert ingest(table([1, 2, 3, 5, 1, 2, 3]), target="kind", merge={"5": 3}).labels == [1, 2, 3]
    assert ingest(table([1, 2, 3, 5, 1, 2]), target="kind", merge={3: "rare", 5: "rare"}).labels == ["1", "2", "rare"]


def test_an_unknown_class_is_refused_with_the_nearest():
    problem = refusal(["van", "car", "bus", "van", "car", "bus"], merge={"vann": "car"})
    assert problem == "data.classes: the target has no class 'vann'; did you mean 'van'?"


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        ([0.5, 1.25, 3.75, 2.5], ["numbers with decimals", "A continuous target needs regression."]),
        ([*range(30), *[3] * 30], ["30 different numbers", "A quantity needs regression.", "data.classes"]),
        (
            ["a", "b", "a;b", "a", "b", "a;b"],
            ["cells with several, such as 'a;b'", "Multi-label", "-S 'data.classes=[[\"a;b\",both]]'"],
        ),
        (["a", "b", "a, b", "a", "b"], ["Multi-label"]),
        (["a", "a", "b", "b", "c"], ["at least two rows of each class", "one row of 'c'", "data.classes={c: OTHER}"]),
    ],
)
def test_targets_without_classes_are_refused_by_name(labels, words):
    problem = refusal(labels)
    assert problem.startswith("target 'kind': expected")
    assert all(part in problem for part in words), problem


def test_what_is_multi_label_by_its_looks_can_be_called_a_class():
    made = ingest(table(["a", "b", "a;b", "a", "b", "a;b"]), target="kind", merge={"a;b": "both"})
    assert made.labels == ["a", "b", "both"]


def test_a_class_of_one_row_may_stand_in_the_rest():
    assert ingest(table(["a", "a", "b", "b", "c"]), target="kind", positive="a").positive == "a"


@pytest.fixture
def raw(composed):
    return lambda *overrides: OmegaConf.to_container(OmegaConf.create(composed(*overrides)))


def test_a_sampling_strategy_by_label_becomes_one_by_code(raw):
    asked = "variants.smote.sampler.sampling_strategy={van: 60, bus: 40}"
    params = config.check(raw("+" + asked))
    built = variants.sampler(params, "smote", ["bus", "car", "van"])
    assert built.sampling_strategy == {2: 60, 0: 40}
    with pytest.raises(InputError, match=r"smote.sampler.sampling_strategy: expected labels of the table, found 'van'"):
        variants.sampler(params, "smote", ["bus", "car", "vans"])


def test_labels_of_two_classes_are_named_too_in_nested_samplers_and_in_lists(raw):
    params = config.check(
        raw(
            "variant@variants.smote=smote_tomek",
            "++variants.smote.sampler.smote={_target_: imblearn.over_sampling.SMOTE, sampling_strategy: {yes_: 9}}",
            "variant@variants.random_under=tomek_links",
            "++variants.random_under.sampler.sampling_strategy=[no_]",
            "++variants.class_weight.model.class_weight={yes_: 5.0, no_: 1.0}",
        )
    )
    labels = ["no_", "yes_"]
    assert variants.sampler(params, "smote", labels).smote.sampling_strategy == {1: 9}
    assert variants.sampler(params, "random_under", labels).sampling_strategy == [0]
    assert variants.model(params, "class_weight", labels).class_weight == {1: 5.0, 0: 1.0}


def test_what_is_for_two_classes_is_refused_where_there_are_more(raw):
    params = config.check(raw("evaluate=f_beta"))
    several = Multiclass(["a", "b", "c"], ["a", "b", "c"])
    assert TWO_CLASSES.refused(params) == []
    (problem,) = several.refused(params)
    assert "'buy' has 3 classes and f_beta is for two" in problem
    assert "data.positive=CLASS" in problem
    timed = config.check(raw("split=temporal", "data.time=day", "data=csv", "data.path=a.csv", "data.target=kind"))
    (problem,) = several.refused(timed)
    assert problem.startswith("split.by: expected rows or group")


def test_a_simulated_table_has_no_classes_to_merge(raw):
    with pytest.raises(InputError, match="data.classes: expected null, because a simulated table has two classes"):
        config.check(raw("data.classes={0: 1}"))


def test_the_rarest_class_is_counted():
    assert classes.rarest(pd.Series([0, 0, 1, 2, 2, 2]), 3) == 1
    assert classes.rarest(pd.Series([0, 1, 1, 1]), 2) == 1  # though the positive one is more frequent
    assert classes.rarest(pd.Series([1, 1, 1]), 2) == 0
    assert classes.rarest(pd.Series([0, 1, 1]), 3) == 0
