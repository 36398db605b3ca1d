from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from cuts import at
from sklearn import metrics as theirs
from visitors import of_evaluate

from pipeline.measure import calibration
from pipeline.measure.binary import Binary
from pipeline.measure.evaluation import Folded, assess, by_fold
from pipeline.measure.multiclass import Multiclass
from pipeline.measure.tasks import TWO_CLASSES, of_labels, task_of
from pipeline.table import weights
from pipeline.table.weights import ones

BINARY = Binary(["no", "yes"], ["negative", "positive"])
VEHICLES = Multiclass(["bus", "car", "van"], ["bus", "car", "van"])
# At 0.5 one of two positives and one of two negatives are found; from .4 on both positives.
VISITS = pd.DataFrame({"y": [0, 0, 1, 1], "probability": [0.1, 0.6, 0.4, 0.9]})
# Most probable: bus, car, car, bus. Over the proportions: 1.2, .75, 1; .4, 1.75, 1; .2, 1.5, 3; and 1 thrice.
TOLD = np.array([[0.6, 0.3, 0.1], [0.2, 0.7, 0.1], [0.1, 0.6, 0.3], [0.5, 0.4, 0.1]])
PROPORTIONS = np.array([0.5, 0.4, 0.1])
TRIPS = pd.DataFrame({"y": [0, 1, 2, 1], **VEHICLES.columns(TOLD)})
FIT = {
    **{f"training_rows_{code}": rows for code, rows in enumerate([6, 3, 1])},
    **{f"trained_proportion_{code}": share for code, share in enumerate(PROPORTIONS)},
}


def held(task):
    """Predictions of two classes or several."""
    return VISITS if task is BINARY else TRIPS


both = pytest.mark.parametrize("task", [BINARY, VEHICLES], ids=lambda task: task.kind)


# Every method of both tasks.


def test_the_classes_of_a_table_choose_its_task():
    two = {"negative": "no", "positive": "yes", "classes": {"negative": 3, "positive": 2}}
    several = {"labels": [1, 2, 3], "classes": {"1": 4, "2": 4, "3": 2}}
    assert [(type(task), task.labels, task.names) for task in (task_of(two), task_of(several))] == [
        (Binary, ["no", "yes"], ["negative", "positive"]),
        (Multiclass, [1, 2, 3], ["1", "2", "3"]),
    ]
    assert (type(of_labels([0, 1], ["negative", "positive"])), type(TWO_CLASSES)) == (Binary, Binary)


def test_a_task_names_its_classes_and_its_metrics():
    assert (BINARY.classes, VEHICLES.classes) == (2, 3)
    assert (BINARY.label(1), VEHICLES.label(2)) == ("yes", "van")
    assert BINARY.by_name(np.array([0.9, 0.1])) == {"negative": 0.9, "positive": 0.1}
    assert VEHICLES.by_name([6, 3, 1]) == {"bus": 6, "car": 3, "van": 1}
    for name, titles in {
        "balanced_accuracy": ("balanced accuracy", "macro recall"),
        "average_precision": ("average precision", "macro average precision"),
        "log_loss": ("log loss", "log loss"),
    }.items():
        assert (BINARY.title(name), VEHICLES.title(name)) == titles


@both
def test_each_name_has_one_metric_a_task(task):
    names = [metric.name for of in ("decisions", "probabilities") for metric in task.metrics(of)]
    assert len(names) == len(set(names))


def test_settings_for_two_classes_are_refused_for_more():
    def asked(objective, by):
        of = {"data": SimpleNamespace(target="kind"), "split": SimpleNamespace(by=by)}
        return SimpleNamespace(evaluate=SimpleNamespace(objective=objective), **of)

    assert BINARY.refused(asked("f_beta", "time")) == VEHICLES.refused(asked("balanced_accuracy", "group")) == []
    objective, along_time = VEHICLES.refused(asked("f_beta", "time"))
    assert objective.startswith("evaluate.objective: expected balanced_accuracy, since 'kind' has 3 classes")
    assert along_time.startswith("split.by: expected rows or group")


def test_probabilities_go_into_columns_and_back():
    two = np.array([[0.9, 0.1], [0.4, 0.6]])
    assert {name: column.tolist() for name, column in BINARY.columns(two).items()} == {"probability": [0.1, 0.6]}
    assert BINARY.probability(VISITS).tolist() == [0.1, 0.6, 0.4, 0.9]
    assert list(VEHICLES.columns(TOLD)) == ["probability_0", "probability_1", "probability_2"]
    assert VEHICLES.probability(TRIPS[TRIPS.columns[::-1]]).tolist() == TOLD.tolist()


def test_the_correction_takes_the_proportions_of_all_classes():
    # Odds 1 at prevalence 1/2 are odds 1/9 at 1/10.
    how = {"trained": np.array([0.5, 0.5]), "true": np.array([0.9, 0.1])}
    assert BINARY.correct(np.array([0.5]), **how) == pytest.approx(np.array([0.1]))
    assert BINARY.correct(np.array([[0.5, 0.5]]), **how) == pytest.approx(np.array([[0.9, 0.1]]))
    # .5, .3, .2 trained on thirds; true .6, .3, .1: .30, .09, .02 over .41.
    corrected = VEHICLES.correct(np.array([[0.5, 0.3, 0.2]]), trained=np.full(3, 1 / 3), true=np.array([0.6, 0.3, 0.1]))
    assert corrected == pytest.approx(np.array([[0.30, 0.09, 0.02]]) / 0.41)


def test_only_two_classes_have_a_threshold_and_a_line_of_platt_s():
    # From .9 on: recall 1/2, specificity 1; from .4 on: 1 and 1/2; of equal ones the highest.
    assert BINARY.choose(VISITS, of_evaluate()) == at(0.9)
    # F2 from .9 on: 5/9; from .4 on: 10/11.
    assert BINARY.choose(VISITS, of_evaluate(objective="f_beta", beta=2.0)) == at(0.4)
    apart = pd.DataFrame({"y": [0, 0, 1, 1], "probability": [0.2, 0.2, 0.8, 0.8]})
    assert BINARY.platt(apart) == pytest.approx({"slope": np.log(3) / np.log(4), "intercept": 0.0}, abs=1e-12)
    assert (VEHICLES.choose(TRIPS, of_evaluate()), VEHICLES.platt(TRIPS)) == (None, None)


def test_all_metrics_of_four_visits_by_hand():
    found = BINARY.holdout(VISITS, tuned=at(0.4), trained=np.array([0.5, 0.5]), confidence=0.95)
    assert (found["rows"], found["positives"]) == (4, 2)
    assert BINARY.matrix(found["default"]) == [[1, 1], [1, 1]]
    assert BINARY.matrix(found["tuned"]) == [[1, 1], [0, 2]]
    assert (found["tuned"]["precision"], found["tuned"]["f1"]) == (2 / 3, 4 / 5)
    assert found["threshold_free"]["roc_auc"] == 3 / 4
    assert found["threshold_free"]["average_precision"] == pytest.approx((1 + 2 / 3) / 2)
    assert BINARY.summary(found) == "finds 1 of 2 positives at 0.5, with 1 false positive"


def test_all_metrics_of_four_trips_by_hand():
    found = VEHICLES.holdout(TRIPS, tuned=None, trained=PROPORTIONS, confidence=0.95)
    assert found["rows"] == 4
    assert VEHICLES.matrix(found["default"]) == [[1, 0, 0], [1, 1, 0], [0, 1, 0]]
    assert VEHICLES.matrix(found["tuned"]) == [[1, 0, 0], [1, 1, 0], [0, 0, 1]]
    assert [found[point]["accuracy"] for point in VEHICLES.points] == [2 / 4, 3 / 4]
    assert [found[point]["balanced_accuracy"] for point in VEHICLES.points] == pytest.approx([1 / 2, 5 / 6])
    # Bus and van stand first; the cars first and third.
    assert found["threshold_free"]["average_precision"] == pytest.approx((1 + (1 + 2 / 3) / 2 + 1) / 3)
    assert VEHICLES.summary(found) == "has macro recall 0.500 by the most probable class, 0.833 by class weights"
    lacking = VEHICLES.holdout(TRIPS[:2], tuned=None, trained=PROPORTIONS, confidence=0.95)
    assert VEHICLES.summary(lacking) == (
        "has macro recall undefined by the most probable class, undefined by class weights"
    )


def test_calibration_of_both_by_hand():
    two = BINARY.calibration(VISITS.y.to_numpy(), VISITS.probability.to_numpy(), ones(4))
    # Squares .01, .36, .36 and .01; the mean probability is .5.
    assert (two["brier"], two["calibration_ratio"]) == pytest.approx((0.185, 1.0))
    assert two["log_loss"] == pytest.approx(-np.log([0.9, 0.4, 0.4, 0.9]).mean())
    assert two.keys() == {"log_loss", "brier", "slope", "in_the_large", "calibration_ratio"}
    several = VEHICLES.calibration(TRIPS.y.to_numpy(), TOLD, ones(4))
    assert several["log_loss"] == pytest.approx(-np.log([0.6, 0.7, 0.3, 0.4]).mean())
    # Of 1.4, 2 and .6 rows expected there are 1, 2 and 1.
    assert several["calibration_ratio"] == pytest.approx({"bus": 1.4, "car": 1.0, "van": 0.6})


def test_a_fold_of_two_classes_takes_threshold_and_recalibration_from_the_other_folds():
    others = pd.DataFrame({"y": [0, 1], "probability": [0.1, 0.4]})
    row = BINARY.fold(VISITS, others, {}, of_evaluate())
    assert (row["rows"], row["positives"], row["rarest"], row["threshold"]) == (4, 2, 2, 0.4)
    assert [row[f"default_{cell}"] for cell in ("tn", "fp", "fn", "tp")] == [1, 1, 1, 1]
    assert [row[f"tuned_{cell}"] for cell in ("tn", "fp", "fn", "tp")] == [1, 1, 0, 2]
    fitted = calibration.platt(others.y.to_numpy(), others.probability.to_numpy(), ones(2))
    line = calibration.recalibrate(VISITS.probability.to_numpy(), **fitted)
    assert row["recalibrated_log_loss"] == pytest.approx(theirs.log_loss(VISITS.y, line))
    assert row["recalibrated_brier"] == pytest.approx(theirs.brier_score_loss(VISITS.y, line))
    assert "tuned_f_beta" not in row
    again = BINARY.fold(VISITS, others, {}, of_evaluate(objective="f_beta", beta=2.0))
    assert again["tuned_f_beta"] == pytest.approx(10 / 11)


def test_a_fold_of_several_classes_is_corrected_by_its_own_proportions():
    row = VEHICLES.fold(TRIPS, TRIPS[:0], FIT, of_evaluate())
    assert (row["rows"], row["rarest"]) == (4, 1)
    assert [row[f"default_recall_{code}"] for code in range(3)] == [1.0, 1 / 2, 0.0]
    assert [row[f"tuned_recall_{code}"] for code in range(3)] == [1.0, 1 / 2, 1.0]
    assert (row["default_balanced_accuracy"], row["tuned_accuracy"]) == pytest.approx((1 / 2, 3 / 4))
    assert row["average_precision_1"] == pytest.approx((1 + 2 / 3) / 2)
    # 6, 3 and 1 of 10 rows, trained as 5, 4 and 1 of 10.
    weighed = TOLD * [6 / 5, 3 / 4, 1]
    right = (weighed / weighed.sum(axis=1, keepdims=True))[range(4), TRIPS.y]
    assert row["recalibrated_log_loss"] == pytest.approx(-np.log(right).mean())


@both
def test_a_chart_s_series_are_columns_of_folds(task):
    row = task.fold(held(task), held(task), FIT, of_evaluate())
    assert set(task.series) <= row.keys()
    assert {"average_precision", "log_loss", *(f"{point}_f1" for point in task.points if task is BINARY)} <= {
        *task.series
    }


def test_decisions_by_each_rule():
    assert BINARY.predicted(VISITS, {"threshold": 0.4}, trained=None).tolist() == [0, 1, 1, 1]
    assert VEHICLES.predicted(TRIPS, {}, trained=None).tolist() == [0, 1, 1, 0]
    assert VEHICLES.predicted(TRIPS, {}, trained=PROPORTIONS).tolist() == [0, 1, 2, 0]


def test_the_baseline_is_matched_by_its_alerts_or_by_class_weights():
    # The method alerts on the second and the fourth row; the baseline from .3 on alerts on two, both positives.
    baseline = VISITS.assign(probability=[0.1, 0.2, 0.3, 0.4])
    found = BINARY.match(baseline, VISITS, {})
    alerts = {"alert_rate": 0.5, "baseline_alert_rate": 0.5, "threshold": 0.3}
    assert found == pytest.approx({"same_decisions": 0.5, "gain": -0.5, **alerts})
    # By class weights the baseline finds the van, and the method doesn't.
    assert VEHICLES.match(TRIPS, TRIPS, FIT) == pytest.approx({"same_decisions": 3 / 4, "gain": 1 / 2 - 5 / 6})
    with pytest.raises(ValueError, match="expected positives in every fold"):
        BINARY.match(baseline[:2], VISITS[:2], {})
    with pytest.raises(ValueError, match="expected rows of each class in every fold"):
        VEHICLES.match(TRIPS[:2], TRIPS[:2], FIT)


def test_what_people_get_for_new_rows_is_named():
    two, raw = np.array([[0.9, 0.1], [0.4, 0.6]]), np.array([[0.7, 0.3], [0.2, 0.8]])
    found = {name: column.tolist() for name, column in BINARY.output(two, raw, np.array([-2.0, 1.5])).items()}
    assert found == {"probability": [0.1, 0.6], "raw_probability": [0.3, 0.8], "score": [-2.0, 1.5]}
    several = VEHICLES.output(TOLD, TOLD[::-1], np.log(TOLD))
    forms = ("probability", "raw_probability", "score")
    assert list(several) == [f"{form}_{name}" for form in forms for name in VEHICLES.names]
    assert several["score_car"].tolist() == np.log(TOLD)[:, 1].tolist()
    assert several["probability_van"].tolist() == several["raw_probability_van"].tolist()[::-1] == [0.1, 0.1, 0.3, 0.1]


# Weights are always there.


@pytest.mark.parametrize("seed", range(5))
def test_without_declared_weights_metrics_have_the_bits_of_unweighted_ones(seed):
    random = np.random.default_rng(seed)
    probability = random.uniform(0.01, 0.6, 301)
    y = (random.random(301) < probability).astype("int8")
    found = {metric.name: metric.binary(y, probability, ones(301)) for metric in BINARY.metrics("probabilities")}
    brier, prevalence = theirs.brier_score_loss(y, probability), float(y.mean())
    assert found == {
        "average_precision": theirs.average_precision_score(y, probability),
        "roc_auc": theirs.roc_auc_score(y, probability),
        "prevalence": prevalence,
        "log_loss": theirs.log_loss(y, probability),
        "brier": brier,
        "brier_skill": 1 - brier / (prevalence * (1 - prevalence)),
        "calibration_ratio": float(probability.mean()) / prevalence,
    }


def test_without_declared_weights_counts_are_whole_numbers():
    found = BINARY.holdout(VISITS, tuned=at(0.4), trained=np.array([0.5, 0.5]), confidence=0.95)
    counts = [found["rows"], found["positives"]]
    counts += [found[point][cell] for point in ("default", "tuned") for cell in ("tn", "fp", "fn", "tp")]
    counts += weights.totals(VISITS.y, ones(4)) + weights.totals(TRIPS.y, ones(4), 3)
    several = VEHICLES.holdout(TRIPS, tuned=None, trained=PROPORTIONS, confidence=0.95)
    counts += [count for row in several["default"]["matrix"] for count in row]
    assert {type(count) for count in counts} == {int}
    assert "effective_positives" not in found
    assert ones(3).dtype == np.int64
    assert (weights.declared(ones(3)), weights.for_library(ones(3)), weights.column(ones(3))) == (False, None, {})


def flattened(nested, above=""):
    """Numbers of nested dicts and lists, by their path, where there are some."""
    if isinstance(nested, dict):
        return {path: each for key in nested for path, each in flattened(nested[key], f"{above}/{key}").items()}
    if isinstance(nested, list):
        return flattened(dict(enumerate(nested)), above)
    return {above: nested} if isinstance(nested, int | float) else {}


def test_declared_weights_of_one_each_give_the_same_values_as_floats():
    declared = VISITS.assign(weight=1.0)
    assert weights.declared(weights.of(declared))
    assert weights.for_library(weights.of(declared)).tolist() == [1.0] * 4
    how = {"trained": {"negative": 0.5, "positive": 0.5}, "true": np.array([0.75, 0.25]), "settings": of_evaluate()}
    plain, weighed = (assess(BINARY, rows, Folded(rows, pd.DataFrame()), **how) for rows in (VISITS, declared))
    assert weighed["holdout"].pop("effective_positives") == plain["holdout"]["positives"]
    assert flattened(weighed) == pytest.approx(flattened(plain), rel=1e-12)
    assert {type(weighed["holdout"]["default"][cell]) for cell in ("tn", "fp", "fn", "tp")} == {float}
    others = pd.DataFrame({"y": [0, 1], "probability": [0.1, 0.4]})
    folds = [
        BINARY.fold(rows, each, {}, of_evaluate())
        for rows, each in ((VISITS, others), (declared, others.assign(weight=1.0)))
    ]
    assert folds[1] == pytest.approx(folds[0], rel=1e-12)
    matched = [
        BINARY.match(rows, rows.assign(probability=rows.probability[::-1].to_numpy()), {})
        for rows in (VISITS, declared)
    ]
    assert matched[0] == matched[1]


# A metric is one entry.


@both
def test_another_metric_is_in_the_holdout_and_in_each_fold(task, another_metric):
    rows = held(task)
    found = task.holdout(rows, tuned=at(0.4), trained=PROPORTIONS[: task.classes], confidence=0.95)
    # Two of four are wrong by default; by the other rule one.
    assert [found[point]["error_rate"] for point in task.points] == [1 / 2, 1 / 4]
    sharpness = float((task.probability(rows) ** 2).sum() / 4)
    assert found["threshold_free"]["sharpness"] == pytest.approx(sharpness)
    if task is BINARY:
        assert found["default"]["intervals"]["error_rate"] == found["default"]["intervals"]["accuracy"]
    folds = pd.concat([rows.assign(repeat=0, fold=fold) for fold in (0, 1)])
    fits = pd.DataFrame({"repeat": [0, 0], "fold": [0, 1], **FIT})
    row = by_fold(task, Folded(folds, fits), of_evaluate()).iloc[1]
    assert (row.default_error_rate, row.sharpness) == pytest.approx((1 / 2, sharpness))
    assert {"sharpness", "default_error_rate", "tuned_error_rate"} <= set(task.series)
