import html
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from imblearn import FunctionSampler
from sklearn.linear_model import LogisticRegression
from sklearn.tree import DecisionTreeClassifier

from pipeline import config
from pipeline import evaluate as evaluate_stage
from pipeline import ingest as ingest_stage
from pipeline import preprocess as preprocess_stage
from pipeline import resample as resample_stage
from pipeline import split as split_stage
from pipeline import train as train_stage
from pipeline.config.groups import OBJECTIVES
from pipeline.errors import InputError
from pipeline.files import read_json, read_table
from pipeline.fit import models, run, sample_weights, variants
from pipeline.fit.resampling import resample as resampled
from pipeline.judge import comparison, cost_map, equivalence
from pipeline.measure import bootstrap, calibration, statistics, thresholds
from pipeline.measure.binary import at_threshold, confusion
from pipeline.measure.evaluation import Folded
from pipeline.measure.tasks import TWO_CLASSES, task_of
from pipeline.report import verify
from pipeline.report.figures.points import decision_points, precision_recall_points, reliability_points, roc_points
from pipeline.report.files import pages
from pipeline.table import ingest, split, weights
from pipeline.tools import labels, plan
from pipeline.tracking.describe import flat_metrics

ROOT = Path(__file__).parents[2]
RULES = [
    {"objective": "balanced_accuracy"},
    {"objective": "f_beta", "beta": 2.0},
    {"objective": "expected_cost", "false_negative_cost": 7.0, "false_positive_cost": 1.0},
    {"objective": "recall_at_precision", "precision_floor": 0.3},
    {"objective": "alert_budget", "alerts": 0.2},
]
NO_WEIGHTS = ("rows", "positives", "effective_positives", "intervals")  # what counts rows, or how much they tell


def visits(rows=120, seed=3):
    """Labels, probabilities with ties, and whole weights."""
    random = np.random.default_rng(seed)
    y = (random.random(rows) < 0.25).astype(int)
    probability = np.round(np.clip(random.normal(0.3 + 0.2 * y, 0.15), 0.01, 0.99), 2)
    return y, probability, random.integers(1, 5, rows).astype(float)


def holdout(y, probability, weight, *, tuned):
    """All metrics of these predictions."""
    rows = pd.DataFrame({"y": y, "probability": probability, **weights.column(weight)})
    return TWO_CLASSES.holdout(rows, tuned=tuned, trained=np.array([0.5, 0.5]), confidence=0.95)


def twin(y, probability, weight):
    """Each row as often as its weight says, and no weights."""
    times = weight.astype(int)
    return np.repeat(y, times), np.repeat(probability, times), weights.ones(times.sum())


def without_counts(found):
    if isinstance(found, dict):
        return {key: without_counts(value) for key, value in found.items() if key not in NO_WEIGHTS}
    return found


def alike(found, expected, tolerance=1e-12):
    """Whether two nested dicts have the same keys, and values equal but for rounding."""
    if isinstance(expected, dict):
        assert found.keys() == expected.keys()
        return all(alike(found[key], expected[key], tolerance) for key in expected)
    return found == pytest.approx(expected, rel=tolerance, abs=tolerance)


def folded(y, probability, weight, folds=4):
    """Predictions as `out_of_fold` has them, of one repeat."""
    rows = pd.DataFrame({"repeat": 0, "fold": np.arange(len(y)) % folds, "y": y, "probability": probability})
    return rows.assign(**weights.column(weight)).rename_axis("row_id")


def repeated(rows):
    """Predictions without weights, each row as often as its weight says."""
    return rows.loc[np.repeat(rows.index, rows.weight.astype(int))].drop(columns="weight")


# A weight is so many rows.


def test_metrics_with_whole_weights_are_those_of_repeated_rows():
    y, probability, weight = visits()
    ours = holdout(y, probability, weight, tuned=0.37)
    theirs = holdout(*twin(y, probability, weight), tuned=0.37)
    assert alike(without_counts(ours), without_counts(theirs))
    assert ours["default"]["tp"] == theirs["default"]["tp"]
    assert (ours["rows"], ours["positives"]) == (120, int(y.sum()))


@pytest.mark.parametrize("rule", RULES, ids=[rule["objective"] for rule in RULES])
def test_thresholds_with_whole_weights_are_those_of_repeated_rows(rule):
    assert {rule["objective"] for rule in RULES} == set(OBJECTIVES)
    for seed in range(20):
        y, probability, weight = visits(seed=seed)
        actual, repeats, ones = twin(y, probability, weight)
        assert thresholds.choose(y, probability, rule, weight=weight) == thresholds.choose(
            actual, repeats, rule, weight=ones
        )


def test_calibration_with_whole_weights_is_that_of_repeated_rows():
    y, probability, weight = visits()
    assert calibration.platt(y, probability, weight) == pytest.approx(
        calibration.platt(*twin(y, probability, weight)), rel=1e-12
    )
    assert alike(
        calibration.calibration(y, probability, weight), calibration.calibration(*twin(y, probability, weight)), 1e-11
    )
    same = np.full(len(y), 0.3)
    assert calibration.platt(y, same, weight) == pytest.approx(calibration.platt(*twin(y, same, weight)), rel=1e-12)


def test_what_is_drawn_with_whole_weights_is_that_of_repeated_rows():
    y, probability, weight = visits()
    rows = folded(y, probability, weight)
    for points in (precision_recall_points, roc_points):
        pd.testing.assert_frame_equal(points(rows), points(repeated(rows)), rtol=1e-12)
    at = np.linspace(0, 0.6, 30)
    assert decision_points(rows, at).to_numpy() == pytest.approx(
        decision_points(repeated(rows), at).to_numpy(), rel=1e-12, abs=1e-14
    )


def test_reliability_goes_by_weight_within_its_bins():
    rows = pd.DataFrame({"y": [0, 1, 0, 1], "probability": [0.2, 0.2, 0.6, 0.6], "weight": [3.0, 1.0, 1.0, 4.0]})
    points = reliability_points(rows)
    assert points.predicted.tolist() == pytest.approx([0.2, 0.6])
    assert points.observed.tolist() == pytest.approx([1 / 4, 4 / 5])


def test_costs_and_equivalence_with_whole_weights_are_those_of_repeated_rows():
    y, probability, weight = visits(400)
    other = np.round(np.clip(probability + np.random.default_rng(8).normal(0.15, 0.1, 400), 0.01, 0.99), 2)
    rows = {"none": folded(y, probability, weight), "smote": folded(y, other, weight)}
    twins = {name: repeated(each) for name, each in rows.items()}
    how = {"ratios": [1.0, 3.0, 10.0, 100.0], "test_over_train": 1 / 3, "alpha": 0.05}
    for ours, theirs in zip(cost_map.cost_map(rows, **how), cost_map.cost_map(twins, **how), strict=True):
        assert ours.pop("cheapest") == theirs.pop("cheapest")
        assert ours.pop("reference") == theirs.pop("reference")
        assert alike(ours, theirs, 1e-10)
    fits = pd.DataFrame({"repeat": 0, "fold": range(4)})
    ours, theirs = (
        equivalence.equivalence(
            TWO_CLASSES, Folded(each["none"], fits), each["smote"], test_over_train=1 / 3, alpha=0.05
        )
        for each in (rows, twins)
    )
    assert alike(ours, theirs, 1e-10)


def test_the_best_possible_rule_with_whole_weights_is_that_of_repeated_rows(evidence):
    y, probability, weight = visits()
    truth = pd.Series(np.round(probability * 0.8, 3))
    test = pd.DataFrame({"y": y, "weight": weight})
    known = replace(evidence, truth=truth, predictions={"none": test}, out_of_fold={"none": test.iloc[::-1]})
    ours = comparison.best_possible(known)
    again = np.repeat(test.index, weight.astype(int))
    theirs = holdout(y[again], truth[again].to_numpy(), weights.ones(len(again)), tuned=ours["tuned"]["threshold"])
    assert alike(without_counts(ours), without_counts(theirs))
    actual = np.repeat([1, 0], len(again))
    chances = truth[np.repeat(test.index[::-1], weight.astype(int))].to_numpy()
    expected = np.concatenate([chances, 1 - chances])
    assert ours["tuned"]["threshold"] == thresholds.choose(actual, np.tile(chances, 2), RULES[0], weight=expected)


@pytest.mark.parametrize("of_class", [None, "balanced", {0: 1.0, 1: 3.0}], ids=str)
@pytest.mark.parametrize("kind", [LogisticRegression, DecisionTreeClassifier])
def test_a_model_with_whole_weights_is_that_of_repeated_rows(kind, of_class):
    random = np.random.default_rng(1)
    X = pd.DataFrame(random.normal(size=(200, 3)), columns=list("abc"))
    y = pd.Series((X.a + random.normal(size=200) > 1).astype(int))
    weight = np.where(y == 1, 1.0, 3.0)
    exact = {"tol": 1e-10, "max_iter": 1000} if kind is LogisticRegression else {"max_depth": 2}
    ours, _ = models.train(X, y, kind(class_weight=of_class, **exact), weight)
    share = models.trained_proportions(ours, y, weight, 2)[1]
    twins = X.index.repeat(weight.astype(int))
    ones = weights.ones(len(twins))
    theirs, _ = models.train(X.loc[twins], y[twins], kind(class_weight=of_class, **exact), ones)
    if kind is DecisionTreeClassifier and of_class == "balanced":
        # scikit-learn's trees balance rows, not weights: one positive then counts as a third of what it should.
        assert share == pytest.approx(1 / (1 + 3))
        assert ours.tree_.value[0, 0, 1] == pytest.approx(share)
        return
    assert share == pytest.approx(models.trained_proportions(theirs, y[twins], ones, 2)[1])
    assert ours.predict_proba(X)[:, 1] == pytest.approx(theirs.predict_proba(X)[:, 1], abs=1e-6)


# Its unit does not matter, and one each is none.


def test_weights_of_one_give_the_figures_of_no_weights():
    y, probability, _ = visits()
    declared, none = np.ones(len(y)), weights.ones(len(y))
    ones = holdout(y, probability, declared, tuned=0.37)
    assert ones.pop("effective_positives") == y.sum()
    assert ones == holdout(y, probability, none, tuned=0.37)
    how = {"confidence": 0.95, "draws": 200, "seed": 1}
    for metric in ("average_precision", "roc_auc"):
        assert bootstrap.bootstrap_logit(y, probability, metric, weight=declared, **how) == bootstrap.bootstrap_logit(
            y, probability, metric, weight=none, **how
        )


def test_without_weights_a_confusion_matrix_counts_rows_in_whole_numbers_and_libraries_get_no_weights():
    y, probability, _ = visits()
    cells = confusion(y, probability >= 0.37, weights.ones(len(y)))
    assert all(type(count) is int for count in cells.values())
    assert weights.for_library(weights.ones(3)) is None
    assert weights.for_library(np.ones(3)).tolist() == [1.0, 1.0, 1.0]


def test_ten_times_the_weights_leave_proportions_intervals_and_choices():
    y, probability, _ = visits()
    weight = np.random.default_rng(5).uniform(0.2, 3.0, len(y))
    for rule in RULES:
        assert thresholds.choose(y, probability, rule, weight=weight) == thresholds.choose(
            y, probability, rule, weight=10 * weight
        )
    one, ten = (at_threshold(y, probability, 0.37, w, confidence=0.95) for w in (weight, 10 * weight))
    for cell in ("tn", "fp", "fn", "tp"):
        assert ten.pop(cell) == pytest.approx(10 * one.pop(cell))
    for name, ends in one.pop("intervals").items():
        assert ten["intervals"][name] == pytest.approx(ends)
    ten.pop("intervals")
    assert ten == pytest.approx(one)
    free, times_ten = (holdout(y, probability, w, tuned=None)["threshold_free"] for w in (weight, 10 * weight))
    assert times_ten == pytest.approx(free)
    how = {"confidence": 0.95, "draws": 200, "seed": 1}
    assert bootstrap.bootstrap_logit(y, probability, "average_precision", weight=10 * weight, **how) == pytest.approx(
        bootstrap.bootstrap_logit(y, probability, "average_precision", weight=weight, **how)
    )


# How sure.


def test_four_rows_by_hand():
    #                    tp   fn   fp   tn
    y = np.array([1, 1, 0, 0])
    weight = np.array([3.0, 1.0, 2.0, 0.5])
    probability = np.array([0.9, 0.2, 0.7, 0.1])
    assert confusion(y, probability >= 0.5, weight) == {"tn": 0.5, "fp": 2.0, "fn": 1.0, "tp": 3.0}
    found = at_threshold(y, probability, 0.5, weight, confidence=0.95)
    assert (found["recall"], found["precision"], found["specificity"]) == (3 / 4, 3 / 5, 0.2)
    # The two positives tell as much as 4^2 / (3^2 + 1^2) = 1.6 of equal weight.
    assert weights.effective(weight[:2]) == pytest.approx(1.6)
    assert found["intervals"]["recall"] == pytest.approx(statistics.wilson(1.2, 1.6, confidence=0.95))
    assert found["intervals"]["precision"] == pytest.approx(statistics.wilson(0.6 * 25 / 13, 25 / 13, confidence=0.95))
    assert weights.effective(np.array([])) == 0.0


def test_a_class_that_is_told_apart_has_no_bootstrap_interval_whatever_its_weights():
    y, apart = np.repeat([1, 0], 20), np.linspace(1, 0, 40)
    for seed in range(20):  # sums of weights may fall short of each other by rounding
        how = {"weight": np.random.default_rng(seed).uniform(0.1, 1.0, 40), "confidence": 0.95, "draws": 2, "seed": 1}
        for metric in ("average_precision", "roc_auc"):
            assert bootstrap.bootstrap_logit(y, apart, metric, **how) is None


def test_sums_of_weights_are_shown_as_people_read_them():
    given = [7, 1234, 7.0, 12.345, 0.01234, 99.96, 1234.5678]
    assert [str(weights.shown(amount)) for amount in given] == ["7", "1234", "7", "12.3", "0.0123", "100", "1235"]


# Samplers.


KEEPING = {
    "class_weight", "edited_nearest_neighbours", "instance_hardness_threshold", "near_miss", "none",
    "one_sided_selection", "random_over", "random_under", "tomek_links",
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(path.stem for path in (ROOT / "conf/variant").glob("*.yaml")))
def test_each_row_that_a_sampler_keeps_has_its_own_weight_and_one_that_makes_up_rows_is_refused(name, composed):
    raw = yaml.safe_load(composed(f"+variant@variants.it={name}"))
    sampler = variants.sampler(config.check(raw), "it")
    assert sample_weights.keeps_rows(sampler) == (name in KEEPING)
    random = np.random.default_rng(7)
    X = pd.DataFrame(random.normal(size=(120, 2)), columns=["a", "b"]).sample(frac=1, random_state=1)
    y = pd.Series(np.where(X.a > 1, random.random(120) < 0.8, random.random(120) < 0.1).astype(int), index=X.index)
    if name in KEEPING:
        made, _ = resampled(X, y, sampler, [0, 1])
        assert sample_weights.carried(np.exp(X.a.to_numpy()), sampler, len(made)) == pytest.approx(
            np.exp(made.a.to_numpy())
        )
    else:
        with pytest.raises(InputError, match="makes up rows, which have no data.weight"):
            sample_weights.carried(np.ones(120), sampler, 120)


def test_a_function_that_may_do_anything_is_refused():
    assert not sample_weights.keeps_rows(FunctionSampler(func=lambda X, y: (X + 1, y)))


def test_all_variants_that_make_up_rows_are_refused_at_once_with_the_command(composed):
    params = config.check(yaml.safe_load(composed("data=csv", "data.path=t.csv", "data.target=y", "data.weight=w")))
    with pytest.raises(InputError) as refused:
        variants.refuse_unbuildable(params)
    assert refused.value.problems == [
        "params.yaml: data.weight: expected samplers that repeat or leave out rows, since a row that is made up stands "
        "for nobody, found augmentation, smote: use random_over, random_under or class_weight, and leave out those "
        "that make rows up with -S '~variant@variants.augmentation' -S '~variant@variants.smote'"
    ]


OWN = [
    "data=csv",
    "data.path=t.csv",
    "data.target=y",
    "data.weight=w",
    "~variant@variants.augmentation",
    "~variant@variants.smote",
    "evaluate.repeats=1",
    "evaluate.folds=3",
]


def test_a_model_that_takes_no_weights_is_refused(composed):
    raw = yaml.safe_load(composed(*OWN))
    raw["model"] = {"_target_": "sklearn.neighbors.KNeighborsClassifier", "tune": False, "grid": []}
    raw["variants"].pop("class_weight")
    with pytest.raises(InputError) as refused:
        variants.refuse_unbuildable(config.check(raw))
    assert refused.value.problems == [
        "params.yaml: data.weight: expected a model whose fit takes sample_weight, found KNeighborsClassifier"
    ]


@pytest.mark.parametrize("override", ["data.drop=[w]", "data.weight=y"])
def test_a_weight_is_a_column_of_its_own(composed, override):
    with pytest.raises(InputError, match="expected different columns, none of them in data.drop"):
        config.check(yaml.safe_load(composed(*OWN, override)))


# Ingest.


@pytest.mark.parametrize(
    ("column", "problem"),
    [
        ([1, 2, None, 1], "line 4: expected a value in every row, found none."),
        (
            [1.0, 0.0, -2.5, np.inf],
            "lines 3, 4, 5: expected finite numbers above 0 (1e-50 to 1e+50), found 0, -2.5, inf.",
        ),
        (
            ["1", "2", "many", "1"],
            "line 4: expected numbers, found 'many'.",
        ),
        (
            [1.0, 1.0, 1.0, 1e200],
            "line 5: expected finite numbers above 0 (1e-50 to 1e+50), found 1e+200.",
        ),
    ],
)
def test_a_weight_that_is_no_number_of_rows_is_refused(column, problem):
    source = pd.DataFrame({"x": [1.0, 2.0, 3.0, 4.0], "w": column, "y": [0, 0, 1, 0]})
    with pytest.raises(InputError) as refused:
        ingest.ingest(source, target="y", roles={"weight": "w"})
    advice = "Correct these cells, or leave out their rows."
    assert refused.value.problems == [f"data.weight: column 'w', {problem} {advice}"]


def test_a_weight_is_no_feature_and_written_numbers_are_numbers():
    source = pd.DataFrame({"x": [1.0, 2.0, 3.0], "w": ["1", "2", "0.5"], "y": [0, 0, 1]})
    table = ingest.ingest(source, target="y", roles={"weight": "w"})
    assert list(table.data.columns) == ["x", "y"]
    assert table.roles.weight.tolist() == [1.0, 2.0, 0.5]
    assert table.roles.weight.dtype == "float64"


# The whole way.


def table(rows=300):
    random = np.random.default_rng(2)
    found = pd.DataFrame({"x": random.normal(size=rows), "z": random.normal(size=rows)})
    found["who"], found["day"] = [f"p{number}" for number in random.integers(0, 60, rows)], random.permutation(rows)
    found["w"] = np.round(random.uniform(0.5, 4.0, rows), 2)
    found["y"] = (found.x + 0.7 * random.normal(size=rows) > 1.3).astype(int)
    return found


@pytest.fixture
def params(project, tmp_path):
    """The settings for a table, written as t.csv, and these overrides."""

    def begin(rows, *overrides, drop="who,day"):
        # A name of its own, since a process keeps the last table by its settings.
        project(*OWN, f"data.name={tmp_path.name}", f"data.drop=[{drop}]", *overrides)
        rows.to_csv("t.csv", index=False)
        return config.load()

    return begin


def test_stages_and_run_give_the_same_weighted_numbers(params, stage):
    settings = params(table())
    stage(ingest_stage)
    stage(split_stage)
    stage(preprocess_stage)
    for name in ("random_over", "class_weight"):
        for module in (resample_stage, train_stage, evaluate_stage):
            stage(module, name)
        made = run.run(settings, name)
        folder = Path("data/evaluate") / name
        assert made.metrics == read_json(folder / "metrics.json")
        pd.testing.assert_frame_equal(made.predictions, read_table(folder / "predictions.parquet"))
        pd.testing.assert_frame_equal(made.folds, read_table(folder / "folds.parquet"))
        weight = table().w
        assert made.predictions.weight.tolist() == weight[made.predictions.index].tolist()
        assert made.out_of_fold.weight.tolist() == weight[made.out_of_fold.index].tolist()
    rows, judged = made.predictions, made.metrics["holdout"]
    assert judged["threshold_free"]["prevalence"] == pytest.approx(np.average(rows.y, weights=rows.weight))
    told, classes = read_json(folder / "classification_report.json"), read_json(Path("data/split/classes.json"))
    assert told["default"]["positive"]["support"] == pytest.approx(rows.weight[rows.y == 1].sum())
    assert classes["weight"]["test"]["positive"] == pytest.approx(rows.weight[rows.y == 1].sum())
    assert made.metrics["probabilities"]["corrections"] == {
        "trained": {"negative": 0.5, "positive": 0.5},
        "true": dict(zip(("negative", "positive"), weights.training(classes), strict=True)),
        "platt": made.metrics["probabilities"]["corrections"]["platt"],
    }


def test_a_run_with_weights_of_one_is_the_run_without(params):
    rows = table().assign(w=1)
    weighted = run.run(params(rows), "random_over")
    plain = run.run(params(rows, "data.weight=null", drop="who,day,w"), "random_over")
    weighted.metrics["holdout"].pop("effective_positives")
    assert flat_metrics(weighted.metrics) == pytest.approx(flat_metrics(plain.metrics), rel=1e-5)
    pd.testing.assert_frame_equal(weighted.folds, plain.folds, check_dtype=False, rtol=1e-9)


def test_garbled_test_rows_and_their_weights_change_nothing_on_the_training_side(params):
    honest = run.run(params(table()), "random_under")
    garbled, test = table(), honest.predictions.index
    garbled.loc[test, ["x", "z"]] = 1e6
    garbled.loc[test, "w"] = 1e3
    made = run.run(params(garbled, "data.integers=true"), "random_under")  # other settings, so that it is read anew
    assert list(made.predictions.index) == list(test)
    assert made.metrics["model"] == honest.metrics["model"]
    pd.testing.assert_frame_equal(made.out_of_fold, honest.out_of_fold)
    pd.testing.assert_frame_equal(made.folds, honest.folds)
    assert made.metrics["holdout"]["tuned"]["threshold"] == honest.metrics["holdout"]["tuned"]["threshold"]
    assert made.metrics["holdout"] != honest.metrics["holdout"]


@pytest.mark.parametrize(
    ("overrides", "drop"), [(["split=grouped", "data.group=who"], "day"), (["split=temporal", "data.time=day"], "who")]
)
def test_weights_travel_with_groups_and_times(params, overrides, drop):
    made = run.run(params(table(), *overrides, drop=drop), "class_weight")
    weight = table().w
    assert made.predictions.weight.tolist() == weight[made.predictions.index].tolist()
    assert made.out_of_fold.weight.tolist() == weight[made.out_of_fold.index].tolist()
    assert set(made.folds.trained_proportion_1) == {0.5}


def test_the_audit_goes_by_weights_and_the_plan_refuses_them(params):
    settings = params(table(), "~variant@variants.random_over", "~variant@variants.class_weight")
    rows, _, schema, roles = run.table(settings.data)
    found, _ = labels.over_folds(rows, settings, roles, task_of(schema))
    training = split.split(rows, target="y", test_size=0.3, seed=42, labels=[0, 1])[0]
    assert found["none"].default_tp.dtype == "float64"
    total = sum(found["none"][f"default_{cell}"].sum() for cell in ("tn", "fp", "fn", "tp"))
    assert total == pytest.approx(roles.weight[training.index].sum())
    with pytest.raises(InputError) as refused:
        plan.plan(settings, config.Plan(roc_auc=0.8, tables=2, rows=200, methods=["random_under"]))
    assert refused.value.problems == [
        "data.weight: expected null, as the plan weighs all rows equally, found w. Plan with data.weight=null "
        "'data.drop=[who,day,w]' and read the figures as the best case"
    ]


# The page.


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


SAID = "All figures are weighted by 'people', except counts of rows and of positives."


def test_the_page_says_what_weighs_and_follows_from_the_predictions_and_weights_it_carries(weighted):
    files = pages(weighted)
    page = files["index.html"]
    assert verify.verify(page, None) == []
    for text in (html.unescape(page), files["comparison.md"]):
        assert text.count(SAID) == 1
    # At .5 smote alerts on rows 2 to 5: of the positives' weight 3 it finds all, with a weight of 2 of false alarms.
    assert "At 0.5 it finds 3 of 3 positives with 2 false alarms; the baseline finds 2 with 0" in page
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
    assert any("predicted" in line or "Ranking" in line for line in lines)
