import numpy as np
import pandas as pd
import pytest
import skops.io
from preparing import fitted_on
from scipy.special import expit
from sklearn.ensemble import RandomForestClassifier
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression

from pipeline.errors import InputError
from pipeline.fit.encoding import encode, prepare
from pipeline.fit.stored import TRUSTED_TYPES, read_model, write_model
from pipeline.measure import multiclass
from pipeline.table.columns import declaration, typed
from pipeline.tracking.scoring import Scorer, scorer, spelled

AUTO = {"mark": True, "scale": False, "encode": True}
DECLARED = {"pages": "integer", "size": ["S", "M", "L"], "seen": "%d/%m/%Y", "member": "boolean"}
TEXT = ["shop", "size", "seen", "member"]
VISITS = pd.DataFrame(
    {
        "time": [1.0, 2.0, 3.0, 4.0, 5.0, 6.0],
        "pages": [1, 2, 3, 1, 2, 3],
        "shop": ["007", "north", "south", "007", "north", "south"],
        "size": ["S", "M", "L", "S", "M", "L"],
        "seen": ["02/01/1970", "01/01/1970", "31/01/1970", "01/01/1970", "01/01/1970", "01/01/1970"],
        "member": ["yes", "no", "yes", "no", "yes", "no"],
    }
)


def chain(visits=VISITS, *, declared=DECLARED, text=TEXT, settings=AUTO, **changed):
    """A scorer that looks at the time of a visit alone: the raw probability of a sale has logit time - 3."""
    read = pd.DataFrame({name: typed(column, declared.get(name)) for name, column in visits.items()})
    fitted, _ = fitted_on(read, **settings)
    X = encode(fitted, prepare(fitted, read))
    model = LogisticRegression().fit(X, [0, 1] * 3)
    model.coef_, model.intercept_ = np.array([[float(name == "time") for name in X]]), np.array([-3.0])
    how = {"rule": {"threshold": 0.5}, "correction": {"slope": 1.0, "intercept": 0.0}, "labels": ["no", "yes"]}
    learned = {name: declaration(visits[name], column, declared.get(name)) for name, column in read.items()}
    return Scorer(fitted, model, declaration=learned, text=text, missing=None, **{**how, **changed})


def test_the_raw_probability_its_recalibration_and_the_decision_at_the_threshold():
    rule = {"threshold": float(expit(-1)), "threshold_score": -1.0}
    scored = chain(rule=rule, correction={"slope": 2.0, "intercept": 0.5}).predict(VISITS.head(3))
    # Logits -2, -1 and 0; the second is at the threshold itself.
    assert scored.raw_probability.tolist() == pytest.approx([0.119203, 0.268941, 0.5], abs=1e-6)
    assert scored.probability.tolist() == pytest.approx(expit([-3.5, -1.5, 0.5]), abs=1e-12)
    assert scored.score.tolist() == [-2.0, -1.0, 0.0]
    assert scored.decision.tolist() == ["no", "yes", "yes"]


def test_the_correction_for_the_class_proportions():
    # Trained on halves, a fifth in truth: odds of 1 become 1/4.
    scored = chain(correction={"trained": [0.5, 0.5], "true": [0.8, 0.2]}).predict(VISITS.iloc[[2]])
    assert scored.probability.tolist() == pytest.approx([0.2])


def test_without_a_threshold_one_half_decides():
    assert chain().predict(VISITS).decision.tolist() == ["no", "no", "yes", "yes", "yes", "yes"]


def test_labels_keep_their_type():
    assert chain(labels=[1, 2]).predict(VISITS).decision.dtype == "int64"


def test_columns_may_come_in_any_order_and_others_beside_them():
    moved = VISITS[VISITS.columns[::-1]].assign(buy="?", note=[["a"]] * 6).set_index(pd.Index(list("abcdef")))
    scored = chain().predict(moved)
    pd.testing.assert_frame_equal(scored.reset_index(drop=True), chain().predict(VISITS), check_exact=True)
    assert scored.index.tolist() == list("abcdef")


def test_rows_are_read_as_declared_whatever_their_values():
    # Alone, these are whole numbers, one level, a date in either order, and ones.
    one = pd.DataFrame({"time": [2], "pages": [None], "shop": ["007"], "size": ["L"], "seen": ["03/02/1970"]})
    X = chain().typed(one.assign(member=1))
    assert X.dtypes.astype(str).tolist()[:4] == ["float64", "Int64", "str", "category"]
    assert X.shop.tolist() == ["007"]
    assert X["size"].cat.codes.tolist() == [2]
    assert X.seen.tolist() == [pd.Timestamp("1970-02-03")]
    assert X.member.tolist() == [True]


def test_numbers_that_were_levels_in_training_are_so_as_text_too():
    visits = VISITS.assign(shop=[7, 8, 9] * 2)
    by_number = chain(visits, declared={**DECLARED, "shop": "categorical"}, text=["size", "seen", "member"])
    for shop in (7, 7.0, "7", "007", "7.0"):
        assert by_number.typed(VISITS.head(1).assign(shop=[shop])).shop.tolist() == ["7"]
    assert chain().typed(VISITS.head(1)).shop.tolist() == ["007"]


def test_missing_values_are_imputed_whether_training_had_some_or_none():
    for visits in (VISITS, VISITS.assign(time=[None, *VISITS.time[1:]])):
        fitted = chain(visits)
        scored = fitted.predict(pd.DataFrame(dict.fromkeys(VISITS, [None, np.nan])))
        assert scored.raw_probability.tolist() == pytest.approx([expit(visits.time.median() - 3)] * 2)


def test_missing_values_are_refused_by_line_where_preprocessing_imputes_none():
    settings = {"impute": None, "scale": False}
    with pytest.raises(InputError) as caught:
        chain(VISITS[["time", "pages"]], settings=settings).predict(
            pd.DataFrame({"time": [1.0, 2.0, None], "pages": [None, 1, 2]})
        )
    assert caught.value.problems == [
        (
            "column 'time', line 4: expected a value in every row, as in training, found a missing value. Fill "
            "in these cells."
        ),
        (
            "column 'pages', line 2: expected a value in every row, as in training, found a missing value. Fill "
            "in these cells."
        ),
    ]


def test_all_problems_of_rows_are_listed_at_once():
    bad = VISITS.drop(columns="shop").rename(columns={"time": "Time"})
    bad = bad.assign(pages=[1, 1.5, 2, 2, 2, 2], size=["S", "XL"] * 3, seen="1970-01-31", member="perhaps")
    with pytest.raises(InputError) as caught:
        chain().predict(bad)
    fix = "Correct or empty these cells."
    assert caught.value.problems == [
        "the table has no column 'time', which the model needs; did you mean 'Time'?",
        f"column 'pages', line 3: expected whole numbers, found 1.5. {fix}",
        "the table has no column 'shop', which the model needs; choose from 'Time'.",
        f"column 'size', lines 3, 5, 7: expected one of 'S', 'M', 'L', found 'XL', 'XL', 'XL'. {fix}",
        "column 'seen', lines 2, 3, 4 and 3 more: expected dates in the format %d/%m/%Y, found '1970-01-31', "
        f"'1970-01-31', '1970-01-31'. {fix}",
        "column 'member', lines 2, 3, 4 and 3 more: expected true or false, yes or no, 1 or 0, found 'perhaps', "
        f"'perhaps', 'perhaps'. {fix}",
    ]


@pytest.mark.parametrize(("cell", "found"), [("tall", "'tall'"), (np.inf, "inf"), (1e200, "1e+200")])
def test_cells_that_are_no_usable_number_are_refused(cell, found):
    rows = VISITS.assign(time=pd.Series([1.0, cell, *VISITS.time[2:]], dtype=object))
    with pytest.raises(InputError) as caught:
        chain().predict(rows)
    (problem,) = caught.value.problems
    assert problem.startswith("column 'time', line 3: expected ")
    assert f", found {found}. Correct or empty these cells" in problem


def test_levels_that_training_rows_do_not_have_are_counted_and_scored():
    rows = VISITS.assign(shop=["west", "west", "north", None, "7", "south"])
    fitted = chain()
    assert {name: cells.to_dict() for name, cells in fitted.unseen(fitted.typed(rows)).items()} == {
        "shop": {"west": 2, "7": 1}
    }
    assert fitted.unseen(fitted.typed(VISITS)) == {}
    assert fitted.predict(rows).notna().all(axis=None)


def test_a_scorer_is_stored_the_same_and_scores_the_same(tmp_path):
    write_model(tmp_path / "scorer.skops", chain(rule=CHOSEN))
    pd.testing.assert_frame_equal(
        read_model(tmp_path / "scorer.skops").predict(VISITS), chain(rule=CHOSEN).predict(VISITS), check_exact=True
    )


def test_typed_rows_are_spelled_as_a_file_has_them():
    fitted = chain()
    for visits in (VISITS, VISITS.assign(pages=[None, 2, 3, 1, 2, 3], member=["yes", None, *["no"] * 4])):
        X = fitted.typed(visits)
        as_in_a_file = spelled(X, fitted.declaration)
        whole = visits is VISITS
        kinds = {"time": "float64", "pages": "int64" if whole else "float64", "member": "bool" if whole else "str"}
        assert as_in_a_file.dtypes.astype(str).to_dict() == dict.fromkeys(VISITS, "str") | kinds
        assert as_in_a_file.seen.tolist() == VISITS.seen.tolist()
        pd.testing.assert_frame_equal(fitted.typed(as_in_a_file), X)


SCHEMA = {
    "features": list(VISITS),
    "declaration": chain().declaration,
    "text": TEXT,
    "missing": None,
    "negative": "no",
    "positive": "yes",
}
PLATT = {"slope": 0.9, "intercept": -0.1}
CHOSEN = {"threshold": 0.3, "threshold_score": -0.85}


CURVE = {"before": [0.2, 0.5, 0.6], "after": [0.05, 0.05, 0.4]}


def parts(*, tuned=None, best="prior_corrected"):
    proportions = {"trained": {"no": 0.5, "yes": 0.5}, "true": {"no": 0.95, "yes": 0.05}}
    corrections = {**proportions, "platt": PLATT, "isotonic": CURVE, "best": best}
    return {"holdout": {"tuned": tuned}, "probabilities": {"corrections": corrections}}


def test_what_the_stages_wrote_makes_a_scorer():
    fitted = chain()
    folded = scorer(SCHEMA, fitted.preprocessor, fitted.model, parts(tuned=CHOSEN | {"recall": 0.5}, best="platt"))
    assert (folded.rule, folded.correction, folded.labels) == (CHOSEN, PLATT, ["no", "yes"])
    unfolded = scorer(SCHEMA, fitted.preprocessor, fitted.model, parts())
    assert (unfolded.rule, unfolded.correction) == ({"threshold": 0.5}, {"trained": [0.5, 0.5], "true": [0.95, 0.05]})
    assert unfolded.predict(VISITS).decision.tolist() == fitted.predict(VISITS).decision.tolist()


def test_the_form_that_is_best_out_of_fold_is_what_rows_get():
    fitted = chain()
    curved = scorer(SCHEMA, fitted.preprocessor, fitted.model, parts(best="isotonic")).predict(VISITS)
    assert curved.raw_probability.tolist() == fitted.predict(VISITS).raw_probability.tolist()
    expected = IsotonicRegression(out_of_bounds="clip").fit(CURVE["before"], CURVE["after"])
    assert curved.probability.tolist() == pytest.approx(expected.predict(curved.raw_probability).tolist())


def test_parts_of_other_tables_are_refused():
    fitted = chain()
    with pytest.raises(InputError, match="was fitted on another table"):
        scorer({**SCHEMA, "features": ["time"]}, fitted.preprocessor, fitted.model, parts())


def test_of_three_classes_each_has_its_probability_and_class_weights_decide():
    fitted = chain()
    X = encode(fitted.preprocessor, prepare(fitted.preprocessor, fitted.typed(VISITS)))
    many = LogisticRegression().fit(X, [0, 1, 2] * 2)
    probability = many.predict_proba(X)
    proportions = {"trained": {"bus": 0.5, "car": 0.25, "van": 0.25}, "true": {"bus": 0.25, "car": 0.25, "van": 0.5}}
    metrics = {
        "holdout": {"tuned": {"matrix": []}},
        "probabilities": {"corrections": {**proportions, "best": "prior_corrected"}},
    }
    schema = {**SCHEMA, "labels": ["bus", "car", "van"], "positive": None, "negative": None}
    scored = scorer(schema, fitted.preprocessor, many, metrics).predict(VISITS)
    # bus counts half, van twice.
    weighed = probability * [0.5, 1.0, 2.0]
    names = ["probability_bus", "probability_car", "probability_van"]
    assert scored[names].to_numpy() == pytest.approx(weighed / weighed.sum(axis=1, keepdims=True), abs=1e-12)
    assert (scored["raw_probability_car"] == probability[:, 1]).all()
    predicted = multiclass.decide(probability, np.array([0.5, 0.25, 0.25]))
    assert scored.decision.tolist() == [["bus", "car", "van"][code] for code in predicted]


def test_a_scorer_of_a_changed_file_is_not_loaded_by_skops_alone():
    forest = RandomForestClassifier(3, random_state=0).fit(np.arange(8.0).reshape(-1, 1), [0, 1] * 4)
    scorer = Scorer(None, forest, declaration={}, text=[], missing=None, labels=[0, 1], rule={}, correction={})
    data = skops.io.dumps(scorer)
    assert skops.io.loads(data, trusted=list(TRUSTED_TYPES)).model.predict_proba([[3.0]]).shape == (1, 2)
    tree = forest.estimators_[1].tree_
    _, arguments, state = tree.__reduce__()
    state["nodes"]["left_child"][0] = 10_000_000
    forest.estimators_[1].tree_ = type(tree)(*arguments)
    forest.estimators_[1].tree_.__setstate__(state)
    with pytest.raises(InputError, match=r"isn't loaded, because it contains a tree with a child out of range"):
        skops.io.loads(skops.io.dumps(scorer), trusted=list(TRUSTED_TYPES))
