import pandas as pd
import pytest
from table_files import settings

from pipeline.table.ingest import accept


@pytest.mark.parametrize(
    ("labels", "fix"),
    [
        (["Yes", "yes", "YES", "No"], "data.classes={yes: Yes, YES: Yes}"),
        ([">50K", ">50K.", "<=50K", "<=50K."], 'data.classes=[[">50K.",">50K"],["<=50K.","<=50K"]]'),
        (["a b", "a  b", "c", "c"], 'data.classes=[["a  b","a b"]]'),
        (["Yes", "No", "NA", "NA"], "data.classes={NA: null}"),
        (["Yes", "No", "?", "?"], 'data.classes=[["?",null]]'),
    ],
)
def test_look_alike_labels_and_marks_among_labels_are_refused_with_the_setting_that_merges_them(labels, fix):
    source = pd.DataFrame({"x": range(40), "y": pd.Series(labels * 10, dtype="str")})
    with pytest.raises(ValueError, match=r"target 'y'") as caught:
        accept(source, settings())
    assert fix.replace("'", "") in str(caught.value).replace("'", "")


@pytest.mark.parametrize(
    ("labels", "classes"),
    [(["Yes", "yes", "No"], {"yes": "yes"}), (["DE", "NA", "FR"], {"NA": "NA"}), (["a", "A", "b"], {"A": "a"})],
)
def test_labels_that_are_named_are_meant(labels, classes):
    source = pd.DataFrame({"x": range(60), "y": pd.Series(labels * 20, dtype="str")})
    assert len(accept(source, settings(classes=classes)).data) == 60


@pytest.mark.parametrize(("label", "others"), [("No", "Yes"), ("off", "on"), ("yes", "no"), ("N", "Y")])
def test_a_label_that_yaml_took_for_true_or_false_is_to_be_quoted(label, others):
    source = pd.DataFrame({"x": range(40), "y": pd.Series([label, others, "other"] * 13 + ["other"], dtype="str")})
    truth = label.lower() in ("yes", "y", "on")
    for given in ({"classes": {truth: "other"}}, {"positive": truth}):
        with pytest.raises(
            ValueError,
            match=f"YAML reads {label} without quotes as {str(truth).lower()}. Write it in quotes: '{label}'",
        ):
            accept(source, settings(**given))


@pytest.mark.parametrize(
    ("labels", "fix"),
    [
        (["Yes", "Y", "No", "No"], "data.classes={Y: Yes}"),
        (["True", "yes", "False", "no"], 'data.classes={yes: "True", no: "False"}'),
        (["left-over", "left over", "good", "good"], "data.classes={left over: left-over}"),
        (["übel", "u\u0308bel", "gut", "gut"], 'data.classes=[["u\u0308bel","übel"]]'),
        (["0", "1", "tbd", "tbd"], "data.classes={tbd: null}"),
        (["Yes", "No", "unknown", "unknown"], "data.classes={unknown: null}"),
        (["Yes", "No", "(null)", "(null)"], 'data.classes=[["(null)",null]]'),
    ],
)
def test_more_spellings_of_one_class_and_marks_are_refused_with_the_setting(labels, fix):
    source = pd.DataFrame({"x": range(40), "y": pd.Series(labels * 10, dtype="str")})
    with pytest.raises(ValueError, match=r"target 'y'") as caught:
        accept(source, settings())
    assert fix in str(caught.value).replace("'", "")


@pytest.mark.parametrize(
    "labels",
    [["A", "A-", "B", "B+"], ["none", "mild", "severe"], ["1", "2", "3", "4", "5more"], ["M", "F"], ["-1", "0", "1"]]
    + [["type 1", "type 11"], ["ND", "SD", "MN"]],
)
def test_classes_that_differ_are_classes(labels):
    source = pd.DataFrame({"x": range(12 * len(labels)), "y": pd.Series(labels * 12, dtype="str")})
    assert len(accept(source, settings()).data) == len(source)
