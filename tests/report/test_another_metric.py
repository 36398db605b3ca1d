import csv
import io

import numpy as np
import pandas as pd
import pytest

from pipeline.measure.tasks import of_labels
from pipeline.report import files, verify
from pipeline.report.embedded import pack, unpack
from pipeline.report.tables import row
from pipeline.tracking.describe import metrics_of

# TIMID is wrong about one of six at 0.5 and about none at .3; BOLD about two at 0.5, and about one at .65.
WRONG = {"none": (1 / 6, 0.0), "smote": (2 / 6, 1 / 6)}
SHARP = {"none": 0.525 / 6, "smote": 2.275 / 6}  # mean squares of their probabilities


def test_another_metric_is_in_every_file_of_a_comparison_and_follows_from_the_page(another_metric, evidence):
    made = files.pages(verify.recompute(evidence))
    variants = {each["variant"]: each["holdout"] for each in made["comparison.json"]["variants"]}
    cells = {each["variant"]: each for each in csv.DictReader(io.StringIO(made["comparison.csv"]))}
    for name, wrong in WRONG.items():
        judged = variants[name]
        assert [judged[point]["error_rate"] for point in ("default", "tuned")] == pytest.approx(wrong)
        assert (
            judged["default"]["intervals"]["error_rate"][0] < wrong[0] < judged["default"]["intervals"]["error_rate"][1]
        )
        assert judged["threshold_free"]["sharpness"] == pytest.approx(SHARP[name])
        figures = [float(cells[name][key]) for key in ("default_error_rate", "tuned_error_rate", "sharpness")]
        assert figures == pytest.approx([*wrong, SHARP[name]])
    for place in ("comparison.md", "index.html"):
        for title in ("error rate", "sharpness"):
            assert title in made[place]
        assert f"{1 / 6:.3f}" in made[place]
        assert f"{SHARP['smote']:.3f}" in made[place]
    assert verify.verify(made["index.html"], None) == []


def test_another_metric_goes_to_mlflow(another_metric, evidence):
    sent = metrics_of(verify.recompute(evidence).results["smote"])
    found = [sent[name] for name in ("untuned/error_rate", "tuned/error_rate", "test/sharpness")]
    assert found == pytest.approx([*WRONG["smote"], SHARP["smote"]], abs=1e-6)
    assert sent["untuned/error_rate_low"] < WRONG["smote"][0] < sent["untuned/error_rate_high"]


def test_another_metric_is_recomputed_from_the_predictions_that_a_page_carries(another_metric, evidence):
    evidence = verify.recompute(evidence)
    again = verify.recompute(unpack(pack(evidence)))
    for name, wrong in WRONG.items():
        assert again.results[name]["holdout"] == evidence.results[name]["holdout"]
        assert again.results[name]["holdout"]["default"]["error_rate"] == pytest.approx(wrong[0])
        assert again.folds[name].sharpness.tolist() == pytest.approx([SHARP[name]] * 4)
        assert again.folds[name].default_error_rate.tolist() == pytest.approx([wrong[0]] * 4)


def test_another_metric_of_several_classes_is_in_the_row_of_the_csv(another_metric):
    task = of_labels(["bus", "car", "van"], ["bus", "car", "van"])
    told = np.array([[0.6, 0.3, 0.1], [0.2, 0.7, 0.1], [0.1, 0.6, 0.3], [0.5, 0.4, 0.1]])
    rows = pd.DataFrame({"y": [0, 1, 2, 1], **task.columns(told)})
    found = row("none", {}, task.holdout(rows, tuned=None, trained=np.array([0.5, 0.4, 0.1]), confidence=0.95))
    assert (found["default_error_rate"], found["tuned_error_rate"]) == (2 / 4, 1 / 4)
    assert found["sharpness"] == pytest.approx((told**2).sum() / 4)
