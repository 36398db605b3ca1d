from dataclasses import replace

import pytest
from scipy.stats import t as student_t

from pipeline.judge.settle import Basis, settling, to_settle
from pipeline.measure.statistics import student


def basis(*, rope=0.01, alpha=0.05, repeats=10, df=None, **gains):
    """Methods with these means and standard errors, over five folds; 50 positives."""
    df = 5 * repeats - 1 if df is None else df
    return Basis(
        tests={name: student(*gain, df, rope=rope, alpha=alpha) for name, gain in gains.items()},
        rope=rope,
        alpha=alpha,
        rare=50,
        noun="positive",
        folds=5,
        repeats=repeats,
        repeatable=True,
        test_over_train=1 / 4,
        test_size=0,
    )


def kinds(given):
    return [option["kind"] for option in to_settle(given)]


def sentence(given, kind):
    (found,) = [option["sentence"] for option in to_settle(given) if option["kind"] == kind]
    return found


def test_what_is_settled_needs_nothing():
    assert to_settle(basis(smote=(0.05, 0.01))) == []
    assert to_settle(basis(smote=(-0.05, 0.01))) == []


def test_positives_to_show_that_no_method_is_better_by_hand():
    # (.01 - .002) / 1.6766 errors of .02 is .2386 of them: 50 / .2386^2 = 878 positives.
    # The others need none, and fewer: .02 / 1.6766 errors of .02 is .5965 of them.
    given = basis(smote=(0.002, 0.02), random_under=(-0.5, 0.01), other=(-0.01, 0.02))
    assert 50 / ((0.01 - 0.002) / (student_t.ppf(0.95, 49) * 0.02)) ** 2 == pytest.approx(878, abs=1)
    assert to_settle(given) == [
        {
            "kind": "positives",
            "sentence": "Collect more positives: about 880 instead of 50 would show that no method is better by more "
            "than 0.01, if gains stay as estimated.",
            "setting": None,
        }
    ]
    # So many do settle it, and a tenth fewer do not.
    assert given.evidence(shrinking=(50 / 880) ** 0.5) == "proven_not_better"
    assert given.evidence(shrinking=(50 / 790) ** 0.5) == "inconclusive"


def test_positives_to_show_that_a_method_is_better():
    given = basis(smote=(0.03, 0.02), random_under=(0.02, 0.03))
    assert sentence(given, "positives") == (
        "Collect more positives: about 90 instead of 50 would show that smote is better, if gains stay as estimated."
    )
    assert given.evidence(shrinking=(50 / 90) ** 0.5) == "proven_better"
    assert given.evidence(shrinking=(50 / 80) ** 0.5) == "inconclusive"


def test_an_estimate_at_the_border_can_not_be_settled_by_positives():
    assert sentence(basis(smote=(0.01, 0.02)), "positives") == (
        "No number of positives settles this: the largest gain is exactly the ROPE, 0.01."
    )
    assert sentence(basis(smote=(0.0099, 0.02)), "positives").startswith(
        "No realistic number of positives would show that no method is better by more than 0.01, because the estimated "
        "gain is so close to the ROPE: it takes about 5,600,000 instead of 50."
    )


def test_without_a_rope_positives_show_that_no_method_is_better_at_all():
    assert "would show that no method is better, if" in sentence(basis(rope=0.0, smote=(-0.002, 0.02)), "positives")
    given = basis(rope=0.0, smote=(0.002, 0.02))
    assert "would show that smote is better, if" in sentence(given, "positives")


def test_more_repeats_are_offered_only_where_they_settle_it():
    # The error of one repeat falls by a fifth or so: sqrt(.27 / .45), and t[.95] from 2.13 to 1.68.
    once = basis(repeats=1, smote=(-0.02, 0.0175))
    assert to_settle(once)[0] == {
        "kind": "repeats",
        "sentence": "Repeat the folds 10 times instead of 1: standard errors fall by 23%.",
        "setting": "evaluate.repeats=10",
    }
    assert settling(to_settle(once)[0]).endswith("fall by 23%. Set evaluate.repeats=10.")
    assert kinds(basis(repeats=1, smote=(-0.02, 0.05))) == ["positives"]
    assert kinds(replace(once, repeatable=False)) == ["positives"]
    assert "repeats" not in kinds(basis(smote=(-0.02, 0.0175), df=4))


def test_all_rows_are_offered_only_where_they_settle_it():
    # Errors fall by the root of .7: P(gain > ROPE) at -.02 and .0167 is below .05 from an error of .0179 down.
    given = replace(basis(smote=(-0.02, 0.02)), test_size=0.3)
    assert to_settle(given)[0] == {
        "kind": "all_rows",
        "sentence": "Let the folds use all rows, with none held out for testing: standard errors fall by about 16%.",
        "setting": "split.test_size=0",
    }
    assert student_t.sf(0.03 / (0.02 * 0.7**0.5), 49) < 0.05 < student_t.sf(0.03 / 0.02, 49)
    assert kinds(replace(basis(smote=(-0.02, 0.05)), test_size=0.3)) == ["positives"]
    assert kinds(replace(given, test_size=0)) == ["positives"]


def test_a_method_that_is_significant_alone_is_offered():
    given = basis(smote=(0.02, 0.01), a=(0.0, 0.01), b=(0.0, 0.01))
    assert kinds(given) == ["fewer_methods", "positives"]
    assert sentence(given, "fewer_methods") == (
        "Test smote alone: not adjusted for 3 methods, its gain would be significant (at least 0.003). That counts "
        "only on new rows, because these rows suggested it."
    )
    assert kinds(basis(smote=(0.015, 0.01), a=(0.0, 0.01))) == ["positives"]


def test_rows_of_a_class_are_called_by_its_name():
    given = replace(basis(smote=(0.002, 0.02)), noun="row of class van")
    assert sentence(given, "positives").startswith("Collect more rows of class van: about 880 instead of 50")
