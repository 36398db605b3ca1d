import re
from dataclasses import replace

import numpy as np
import pytest
from visitors import with_recall_floor

from pipeline.judge import comparison
from pipeline.measure.primary import PRIOR_CORRECTED
from pipeline.report.captions import CAPTIONS
from pipeline.report.embedded import pack
from pipeline.report.model_card import model_card
from pipeline.report.page import render
from pipeline.report.tables import markdown


def test_the_page_loads_nothing_from_elsewhere(page):
    assert not re.findall(
        r"""(?:src|href)\s*=\s*["'](?!data:|#)|@import|url\(|<script(?! type="application/json"|>)""", page
    )


def test_the_page_escapes_names_that_come_from_the_table(evidence):
    named = replace(evidence, table={**evidence.table, "name": "<b>x</b>", "target": "<script>"})
    page = render(comparison.compare(named), dict.fromkeys(CAPTIONS, b""), command="dvc repro", evidence=pack(named))
    assert page.count("<script>") == 1  # the page's own
    assert "&lt;script&gt;" in page
    assert "<b>x" not in page
    assert "&lt;b&gt;x&lt;/b&gt;" in page


def test_a_page_without_tuned_threshold_or_known_truth_renders(comparison):
    for variant in comparison["variants"]:
        variant["holdout"]["tuned"] = None
    comparison["best_possible"] = None
    page = render(comparison, dict.fromkeys(CAPTIONS, b""), command="dvc repro", evidence=None)
    assert page.count("no tuned threshold") == len(comparison["variants"])
    assert "best possible</th>" not in page
    assert "from data/evaluate" in page


def test_the_page_says_how_many_duplicates_cross_the_split_and_what_one_c_for_all_does(evidence):
    fixed = replace(
        evidence,
        classes={**evidence.classes, "duplicates": {"crossing": 3, "repeated": 5}},
        declared={**evidence.declared, "search": None, "tune_for": None},
    )
    page = render(comparison.compare(fixed), {}, command="dvc repro", evidence=None)
    assert "duplicates by features: 5 rows in the whole table, 3 test rows that repeat a training row" in page
    assert "its arguments are the same for every variant, although which are best depends on resampling" in page
    assert "is chosen for each variant" not in page


@pytest.mark.parametrize(
    ("metric", "words"),
    [("average_precision", "average precision"), (PRIOR_CORRECTED, "prior-corrected log loss")],
)
def test_page_and_card_name_the_metric_that_c_is_tuned_by(evidence, metric, words):
    for result in evidence.results.values():
        result["model"]["tuning"]["metric"] = metric
    made = comparison.compare(evidence)
    page = render(made, {}, command="dvc repro", evidence=None)
    assert f"C is chosen for each variant from 0.01, 0.1, 1, 10, by {words} in folds of the training rows" in page
    assert "On all training rows: none C=1; smote C=1." in page
    assert f"C=1 (chosen for {words})" in model_card(made, command="dvc repro")


def cells(page, variant):
    """The texts of a variant's row in each table, without intervals."""
    rows = re.findall(rf"<tr[^>]*><th scope=\"row\">{variant}</th>(.*?)</tr>", page, re.DOTALL)
    plain = [re.sub(r"<small>.*?</small>", "", row) for row in rows]
    return [re.findall(r"<td[^>]*>(.*?)</td>", row) for row in plain]


def test_each_number_is_in_its_column(page):
    # BOLD at 0.5: 2 found, 2 false alarms, precision 1/2, F1 2/3; at .65: 2 found, 1 false alarm, 2/3, F1 .8.
    same, tested, decisions, ranking, probabilities = cells(page, "smote")
    # Platt's correction needs no test row: mean over observed is not 1 on these.
    assert probabilities[0] == "1.75"
    assert len(probabilities) == 12
    assert tested[:3] == ["WORSE", "0.833", "−0.167"]
    # BOLD alerts on the last four of six at 0.5, and so does TIMID from .15 on.
    assert same[:4] == ["66.7%", "0.150", "100.0%", "0.000"]
    assert decisions[:5] == ["1.000", "0.500", "0.667", "2", "2"]
    assert decisions[5:] == ["0.650", "1.000", "0.667", "0.800", "2", "1"]
    # AP 5/6, AUC 7/8; Brier (.09 + .16 + .3025 + .49 + .1225 + .01) / 6; mean 3.5/6 over 1/3.
    assert ranking == ["0.833", "0.875", "0.5677", "0.1958", "0.119", "1.75"]
    baseline, *_ = cells(page, "none")
    assert baseline[:5] == ["0.500", "1.000", "0.667", "1", "0"]


def test_sentences_are_apart(page):
    words = " ".join(re.sub(r"<[^>]+>", "", page.partition('class="soft facts">')[2].partition("</p>")[0]).split())
    assert "The positive class is 1. The table is simulated, so that the best possible results are known." in words
    assert "results are known. Models were fitted on" in words


def test_an_inconclusive_verdict_shows_what_would_settle_it(evidence, page):
    assert "What would settle it" not in page
    unsure = evidence.folds["smote"].assign(average_precision=[0.92, 1.04, 1.0, 0.96])
    made = comparison.compare(replace(evidence, folds={**evidence.folds, "smote": unsure}))
    made["verdict"]["to_settle"].append({"kind": "repeats", "sentence": "Repeat.", "setting": "evaluate.repeats=10"})
    shown = render(made, dict.fromkeys(CAPTIONS, b""), command="dvc repro", evidence=pack(evidence))
    assert '<p class="settle">What would settle it:</p>' in shown
    assert "<li>Collect more positives: about " in shown
    assert "<li>Repeat. Set <code>evaluate.repeats=10</code>.</li>" in shown
    assert '<th scope="col">95% bounds</th>' in shown
    assert "- Repeat. Set evaluate.repeats=10." in markdown(made).splitlines()


def test_what_is_guaranteed_at_t_is_on_the_page_in_the_text_and_in_the_card():
    held = "On new rows that are ranked like the out-of-fold rows, t* has a recall of at least 0.4 with 95% confidence."
    made = comparison.compare(with_recall_floor(0.4))
    page = render(made, {}, command="dvc repro", evidence=None)
    assert held in page
    assert "precision at recall, recall floor 0.4; chosen on" in page
    assert held in markdown(made)
    assert held in model_card(made, command="dvc repro")
    made["variants"][1]["guarantee"]["certified"] = False
    assert f"For none: {held.replace('On', 'on', 1)}" in markdown(made)
    assert "ranked like" not in markdown(comparison.compare(with_recall_floor(0.9)))


def test_the_page_says_how_many_synthetic_rows_lie_near_another_class(page, comparison):
    said = "40% of smote&#39;s synthetic rows (11% to 69%) are nearest to a held-out row of another class; of real rows"
    assert f"<li>{said} of the same class, 25% are.</li>" in page
    assert '<th scope="col">synthetic near another class</th>' in page
    assert "<td>40%<small>11% to 69%</small></td>" in page
    for variant in comparison["variants"]:
        variant["near_others"] = None
    without = render(comparison, {}, command="dvc repro", evidence=None)
    assert "synthetic near" not in without
    assert "mislead a model" not in without


def test_a_method_without_synthetic_rows_has_a_dash_beside_those_that_have_some(evidence):
    more = {
        key: {**getattr(evidence, key), "weights": getattr(evidence, key)["smote"]}
        for key in ("predictions", "out_of_fold")
    }
    plain = evidence.folds["smote"].assign(synthetic_near_others=np.nan)
    results = {**evidence.results, "weights": {**evidence.results["smote"], "variant": "weights"}}
    made = comparison.compare(replace(evidence, results=results, folds={**evidence.folds, "weights": plain}, **more))
    page = render(made, {}, command="dvc repro", evidence=None)
    assert [cells(page, name)[1][-1] for name in ("smote", "weights")] == ["40%", "–"]
    rows = [line for line in markdown(made).splitlines() if line.startswith(("| smote", "| weights"))][:2]
    assert [line.split("|")[-2].strip() for line in rows] == ["40% (11% to 69%)", "–"]


@pytest.mark.parametrize(
    ("scale", "words"),
    [
        (None, "what one unit more of a feature adds"),
        (
            {"_target_": "sklearn.preprocessing.RobustScaler"},
            "what one unit more of a feature, as preprocessing scales it, adds",
        ),
        (
            {"_target_": "sklearn.preprocessing.StandardScaler"},
            "how much a feature that is one standard deviation higher adds",
        ),
    ],
)
def test_coefficients_are_in_the_unit_that_scaling_gives(evidence, scale, words):
    preprocess = {"impute": None, "scale": scale, "encode": None, "date_parts": []}
    made = comparison.compare(replace(evidence, declared={**evidence.declared, "preprocess": preprocess}))
    for variant in made["variants"]:
        variant["model"]["coefficients"] = {"positive": {"time": 1.5}}
    assert f"{words} to the log odds" in render(made, {}, command="dvc repro", evidence=None)
