import html
import json
import re
from dataclasses import replace

import numpy as np
import pytest

from pipeline.report import verify
from pipeline.report.files import pages

SAID = "All figures are weighted by 'people', except counts of rows and of positives."


@pytest.fixture
def weighted(evidence):
    """Six visitors judged, and twelve others in folds, of whom the first of six stands for many."""
    weight = np.array([7.5, 1.0, 1.0, 1.0, 1.0, 2.0])
    classes = {"negative": 21.0, "positive": 6.0}
    return verify.recompute(
        replace(
            evidence,
            predictions={name: rows.assign(weight=weight) for name, rows in evidence.predictions.items()},
            out_of_fold={name: rows.assign(weight=np.tile(weight, 4)) for name, rows in evidence.out_of_fold.items()},
            table={**evidence.table, "weight": "people"},
            classes={**evidence.classes, "weight": {"train": classes, "test": {"negative": 10.5, "positive": 3.0}}},
        )
    )


def test_the_page_says_what_weighs_and_follows_from_the_predictions_and_weights_it_carries(weighted):
    files = pages(weighted)
    page = files["index.html"]
    assert verify.verify(page, None) == []
    for text in (html.unescape(page), files["comparison.md"]):
        assert text.count(SAID) == 1
    # At .5 smote alerts on rows 2 to 5: of the positives' weight 3 it finds all, with a weight of 2 of false alarms.
    decided = json.loads(
        re.search(r'<div id="explorer".*?<script type="application/json">(.*?)</script>', page, re.DOTALL)[1]
    )
    at = [float(threshold) >= 0.5 for threshold in decided["smote"]["threshold"]].index(False) - 1
    assert [decided["smote"][cell][at] for cell in ("tp", "fp", "fn")] == [3, 2, 0]
    assert "8.5/2/0/3" in files["comparison.md"]
    assert files["verdict.json"]["table"]["weight"] == "people"
    assert "Kish" in files["verdict.json"]["sources"]["recall, precision, specificity"]
    assert files["comparison.json"]["split"]["weight"]["train"] == {"negative": 21.0, "positive": 6.0}
    assert "treats one false negative as costly as 3.5 false positives" in page  # 21 / 6
    assert "With their weights, the positives count as 1.8 rows of equal weight." in page


def test_a_page_without_weights_does_not_mention_them(evidence):
    files = pages(evidence)
    assert not any("eighted by" in files[name] for name in ("index.html", "comparison.md"))
    assert "weight" not in files["verdict.json"]["table"]


def test_a_changed_weight_is_found(weighted):
    page = pages(weighted)["index.html"]
    heavier = {name: rows.assign(weight=2.0) for name, rows in weighted.predictions.items()}
    other = pages(replace(weighted, predictions=heavier))["index.html"]
    block, swapped = (verify.BLOCK.search(each)[1] for each in (page, other))
    lines = verify.verify(page.replace(block, swapped), None)
    assert any("sha256 differs" in line for line in lines)
    assert any("at 0.5" in line or "Ranking" in line for line in lines)
