import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import classification_report as theirs
from visitors import of_evaluate

from pipeline.measure.calibration import correct_prior
from pipeline.measure.evaluation import Folded, assess, classification_report
from pipeline.measure.tasks import TWO_CLASSES
from pipeline.table.weights import ones

HALVES = {"negative": 0.5, "positive": 0.5}


class Says:
    """A model whose probability of the positive class is the feature itself."""

    def predict_proba(self, X):
        return np.column_stack([1 - X.time, X.time])


def report(actual, predicted):
    """Of rows without declared weights."""
    return classification_report(actual, predicted, TWO_CLASSES.names, weight=ones(len(actual)))


def test_the_probability_of_the_positive_class_is_assessed_at_a_threshold_from_other_rows():
    X = pd.DataFrame({"time": [0.1, 0.7, 0.4, 0.9]})
    rows = pd.DataFrame({"y": [0, 0, 1, 1], **TWO_CLASSES.columns(Says().predict_proba(X))})
    assert rows.probability.tolist() == X.time.tolist()
    others = Folded(pd.DataFrame({"y": [0, 1], "probability": [0.1, 0.4]}), pd.DataFrame())
    how = {"trained": HALVES, "true": np.array([0.5, 0.5]), "settings": of_evaluate()}
    judged = assess(TWO_CLASSES, rows, others, **how)["holdout"]
    cells = [[judged[point][cell] for cell in ("tn", "fp", "fn", "tp")] for point in ("default", "tuned")]
    assert cells == [[1, 1, 1, 1], [1, 1, 0, 2]]
    assert judged["tuned"]["threshold"] == 0.4


def test_report_of_hand_counted_decisions():
    # tn 3, fp 1, fn 2, tp 2
    found = report(np.array([0, 0, 0, 0, 1, 1, 1, 1]), np.array([0, 0, 0, 1, 0, 0, 1, 1]))
    assert found["negative"] == pytest.approx({"precision": 3 / 5, "recall": 3 / 4, "f1-score": 6 / 9, "support": 4})
    assert found["positive"] == pytest.approx({"precision": 2 / 3, "recall": 2 / 4, "f1-score": 4 / 7, "support": 4})
    assert found["accuracy"] == pytest.approx(5 / 8)
    assert found["macro avg"]["recall"] == pytest.approx(5 / 8)


def test_report_is_scikit_learn_s():
    rng = np.random.default_rng(0)
    actual, predicted = rng.integers(0, 2, 50), (rng.random(50) < 0.3).astype(int)
    expected = theirs(actual, predicted, target_names=["negative", "positive"], output_dict=True)
    assert report(actual, predicted) == expected


def test_report_of_a_model_that_alerts_on_nobody_has_null_precision_and_warns_nobody():
    found = report(np.array([0, 0, 1]), np.zeros(3, dtype=int))
    assert found["positive"] == {"precision": None, "recall": 0.0, "f1-score": 0.0, "support": 1.0}
    assert found["negative"]["precision"] == pytest.approx(2 / 3)
    assert found["macro avg"] == {"precision": None, "recall": 0.5, "f1-score": pytest.approx(0.4), "support": 3.0}
    assert found["weighted avg"]["precision"] is None


def test_both_corrections_undo_what_oversampling_does_to_probabilities():
    rng = np.random.default_rng(5)
    logit = rng.normal(-3, 1.5, 200_000)
    y = (rng.random(200_000) < 1 / (1 + np.exp(-logit))).astype(int)
    true = y.mean()
    shifted = 1 / (1 + np.exp(-(logit + np.log((1 - true) / true))))  # as trained on as many of each class
    half, rest = slice(100_000), slice(100_000, None)
    seen = {"repeat": 0, "fold": np.arange(100_000) % 5, "y": y[half], "probability": shifted[half]}
    folded = Folded(pd.DataFrame(seen), pd.DataFrame())
    rows = pd.DataFrame({"y": y[rest], "probability": shifted[rest]})
    how = {"trained": HALVES, "true": np.array([1 - true, true]), "settings": of_evaluate()}
    found = assess(TWO_CLASSES, rows, folded, **how)["probabilities"]
    trained, known = (found["corrections"][key]["positive"] for key in ("trained", "true"))
    again = correct_prior(shifted[rest], trained=trained, true=known)
    assert found["prior_corrected"]["calibration_ratio"] == again.mean() / y[rest].mean()
    assert found["raw"]["calibration_ratio"] > 3
    for form in ("prior_corrected", "platt", "isotonic"):
        assert found[form]["calibration_ratio"] == pytest.approx(1, abs=0.05)
        assert found[form]["slope"] == pytest.approx(1, abs=0.05)
        assert found[form]["log_loss"] < found["raw"]["log_loss"]
    assert assess(TWO_CLASSES, rows, None, **how)["probabilities"]["platt"] is None
