"""The quick form of each of the checks of `make check-statistics`; that on noise stands in test_verdict.py."""

import numpy as np
import pytest

from checks.command import CHECKS, OF_TABLES
from checks.declared import settings
from checks.kept import outcomes
from checks.leaks import FOLD_LEAKS, HOLDOUT_LEAKS, of_held_rows, of_test_rows
from checks.logistic_truth import check_misspecified, check_well_specified, logistic
from checks.mirror import mirror_of_means, rejections
from checks.negatives import check_negatives
from checks.planted_gain import check_oracle
from checks.real_tables import real
from checks.wilson import check_wilson, least_coverage, wald
from pipeline.measure.proportions import wilson


def test_the_corrected_test_rejects_seldom_where_neither_learner_is_better():
    made = list(outcomes(mirror_of_means, range(60)).values())
    # At a true error of .05 ten or more of 60 have probability .001.
    assert rejections(made, "roc_auc") <= 9 / 60
    assert rejections(made, "roc_auc", "plain") > 0.25


def test_a_mirrored_difference_has_the_same_p():
    found = mirror_of_means(0)["roc_auc"]
    assert 0 < found["plain"] < found["corrected"] < 1


@pytest.mark.slow
def test_genuine_positives_are_called_better():
    line = check_oracle(5, params=settings(repeats=3, search=None, C=0.03))
    assert line.holds, line


def test_rebalancing_moves_the_intercept_alone_but_smote_the_slopes_too():
    line = check_well_specified(3, rows=50_000)
    assert line.holds, line


def test_a_misspecified_model_is_told_of():
    line = check_misspecified(1)
    assert line.holds, line


def test_a_sample_of_the_negatives_costs_what_the_closed_form_says():
    line = check_negatives(60, within=0.2)
    assert line.holds, line


@pytest.mark.parametrize("leak", HOLDOUT_LEAKS)
def test_garbled_test_rows_catch_the_leak(leak):
    assert of_test_rows(leak)


@pytest.mark.parametrize("leak", FOLD_LEAKS)
def test_garbled_held_rows_catch_the_leak(leak):
    assert of_held_rows(leak)


def test_without_a_leak_garbled_rows_change_nothing():
    assert of_test_rows() == set()
    assert of_held_rows() == set()


def test_wilsons_interval_covers_and_the_textbooks_does_not():
    assert check_wilson().holds
    # At n = 1 the limits are 0 to .793 and .207 to 1: both cover p = .5, one alone p = .1.
    assert least_coverage(lambda k, n: wilson(k, n, confidence=0.95), 1)[0] == pytest.approx(0.793, abs=0.001)
    assert least_coverage(wald, 15)[0] < 0.6


def counted(case, *, start):
    return {"found": start + case}


def test_what_a_table_gave_is_not_made_again(tmp_path):
    assert outcomes(counted, range(3), folder=tmp_path, start=1)[2]["found"] == 3
    (place,) = tmp_path.glob("counted-*")
    (place / "2.json").write_text('{"found": 70}', encoding="utf-8")
    again = outcomes(counted, range(4), folder=tmp_path, start=1)
    assert [found["found"] for found in again.values()] == [1, 2, 70, 4]
    # Other settings begin anew.
    assert outcomes(counted, range(3), folder=tmp_path, start=5)[2]["found"] == 7


def test_real_tables_are_asked_about_only_where_they_are(tmp_path):
    asked = [CHECKS[name](tables=tmp_path / "none") for name in OF_TABLES]
    assert [(line.holds, line.found[:7]) for line in asked] == [(None, "skipped")] * 4


def test_of_a_real_table_the_training_rows_are_folded(tmp_path):
    made = logistic(0, rows=300).rename(columns={"y": "target"})
    made.to_csv(tmp_path / "drawn.csv", index=False)
    params = settings(repeats=1, search=None)
    found = real("drawn class_weight", params=params, tables=tmp_path)["class_weight"]
    assert sum(found["rows"]) == 210
    assert np.isfinite(found["average_precision"]).all()
