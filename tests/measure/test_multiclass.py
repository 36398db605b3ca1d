import numpy as np
import pandas as pd
import pytest
from sklearn import metrics

from pipeline.measure.multiclass import Multiclass, decide
from pipeline.measure.proportions import wilson

LABELS = ["bus", "car", "van"]
# Two buses, three cars, one van.
ACTUAL = np.array([0, 0, 1, 1, 1, 2])
TOLD = np.array([[0.6, 0.3, 0.1], [0.3, 0.6, 0.1], [0.2, 0.7, 0.1], [0.1, 0.8, 0.1], [0.2, 0.5, 0.3], [0.1, 0.6, 0.3]])
PROPORTIONS = np.array([0.3, 0.6, 0.1])


def holdout(y, probability, *, labels, trained):
    """The metrics of these rows, at a confidence of .95."""
    task = Multiclass(labels, labels)
    rows = pd.DataFrame({"y": y, **task.columns(probability)})
    return task.holdout(rows, tuned=None, trained=trained, confidence=0.95)


@pytest.fixture
def judged():
    return holdout(ACTUAL, TOLD, labels=LABELS, trained=PROPORTIONS)


def test_decisions_by_the_most_probable_class_and_by_class_weights():
    assert decide(TOLD).tolist() == [0, 1, 1, 1, 1, 1]
    # Over the proportions: 2, .5, 1; 1, 1, 1; .67, 1.17, 1; .33, 1.33, 1; .67, .83, 3; .33, 1, 3.
    assert decide(TOLD[[0, 2, 3, 4, 5]], PROPORTIONS).tolist() == [0, 1, 1, 2, 2]


def test_of_two_classes_class_weights_are_a_threshold_at_the_trained_prevalence():
    p = np.linspace(0.01, 0.99, 99)
    predicted = decide(np.column_stack([1 - p, p]), np.array([0.805, 0.195]))
    assert predicted.tolist() == (p > 0.195).astype(int).tolist()


def test_metrics_of_a_hand_counted_matrix(judged):
    default = judged["default"]
    assert default["matrix"] == [[1, 1, 0], [0, 3, 0], [0, 1, 0]]
    assert [default["classes"][label]["recall"] for label in LABELS] == [1 / 2, 1.0, 0.0]
    assert [default["classes"][label]["precision"] for label in LABELS] == [1.0, 3 / 5, None]
    assert [default["classes"][label]["f1"] for label in LABELS] == pytest.approx([2 / 3, 3 / 4, 0.0])
    assert default["balanced_accuracy"] == pytest.approx(0.5)
    assert default["macro_f1"] == pytest.approx((2 / 3 + 3 / 4) / 3)
    assert default["accuracy"] == pytest.approx(4 / 6)
    assert default["classes"]["car"]["intervals"]["precision"] == list(wilson(3, 5, confidence=0.95))
    assert default["classes"]["van"]["intervals"]["precision"] is None


def test_rankings_of_one_class_against_the_rest_by_hand(judged):
    # Van: .3 twice and one of them the van, so precision 1/2; of five others one is tied, four below: 4.5 of 5.
    assert judged["classes"]["van"]["average_precision"] == pytest.approx(1 / 2)
    assert judged["classes"]["van"]["roc_auc"] == pytest.approx(4.5 / 5)
    assert judged["classes"]["van"]["calibration_ratio"] == pytest.approx((1.0 / 6) / (1 / 6))
    assert judged["classes"]["bus"]["support"] == 2


def test_all_metrics_are_scikit_learn_s():
    rng = np.random.default_rng(0)
    probability = rng.dirichlet([1, 2, 3, 1], size=300)
    y = np.array([rng.choice(4, p=row) for row in probability])
    judged = holdout(y, probability, labels=list("abcd"), trained=np.full(4, 0.25))
    predicted, free = probability.argmax(axis=1), judged["threshold_free"]
    assert judged["default"] == judged["tuned"]  # equal proportions
    assert judged["default"]["matrix"] == metrics.confusion_matrix(y, predicted).tolist()
    assert judged["default"]["balanced_accuracy"] == pytest.approx(metrics.balanced_accuracy_score(y, predicted))
    assert judged["default"]["macro_f1"] == pytest.approx(metrics.f1_score(y, predicted, average="macro"))
    one_hot = np.eye(4)[y]
    assert free["average_precision"] == pytest.approx(metrics.average_precision_score(one_hot, probability))
    assert free["roc_auc"] == pytest.approx(metrics.roc_auc_score(y, probability, multi_class="ovr"))
    assert free["log_loss"] == pytest.approx(metrics.log_loss(y, probability))
    assert free["brier"] == pytest.approx(((one_hot - probability) ** 2).sum(axis=1).mean())
    own = metrics.precision_recall_fscore_support(y, predicted)
    assert [judged["default"]["classes"][label]["precision"] for label in "abcd"] == pytest.approx(own[0].tolist())


def test_without_a_class_macro_averages_are_not_defined():
    free = holdout(ACTUAL[:5], TOLD[:5], labels=LABELS, trained=PROPORTIONS)
    assert free["threshold_free"]["average_precision"] is None
    assert free["default"]["balanced_accuracy"] is None
    assert free["classes"]["van"]["average_precision"] is None
