from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from sklearn.metrics import roc_auc_score

from pipeline import compose, config
from pipeline.errors import InputError
from pipeline.tools import plan, power, simulate

ROOT = Path(__file__).parents[2]
OWN = ("data=csv", "data.target=buy")
CHEAP = (
    "model.search=null",
    "~variant@variants.random_under",
    "~variant@variants.augmentation",
    "~variant@variants.class_weight",
)
KEYS = config.Plan(roc_auc=0.85, tables=2, rows=20_000, methods=["random_over", "smote"])


def visits(rows, positives, seed=0):
    rng = np.random.default_rng(seed)
    features = pd.DataFrame(rng.normal(size=(rows, 3)).round(3), columns=["time", "pages", "age"])
    return features.assign(buy=np.repeat([1, 0], [positives, rows - positives]))


@pytest.fixture
def settings(project, tmp_path):
    """Makes settings for a table, which is written to an empty folder's visits.csv."""

    def make(table, *overrides):
        # Its whole path, as a process remembers the last table it read.
        folder = project(*OWN, f"data.path={tmp_path / 'visits.csv'}", *overrides)
        (folder / "conf").unlink(missing_ok=True)
        (folder / "conf").symlink_to(ROOT / "conf")
        table.to_csv(folder / "visits.csv", index=False)
        return config.load()

    return make


def expected(errors=(0.01, 0.03), **changed):
    """What 50 positives show in 5 x 10 folds, 5 methods; errors of two tables, one method."""
    fields = {
        "rows": 1000,
        "kind": "positive",
        "rare": 50,
        "training_rare": 35,
        "folds": 5,
        "repeats": 10,
        "simulated_rows": 1000,
        "errors": {"smote": np.array(errors)},
        "family": 5,
        "rope": 0.01,
        "alpha": 0.05,
    }
    return power.Expected(**{**fields, **changed})


def test_bounds_and_smallest_difference_of_known_errors():
    # Of Student's t with 49 degrees of freedom: t[1 - .05 / 5] 2.4049, t[.8] 0.8490; the mean error is .02.
    e = expected()
    assert e.reaches == pytest.approx([0.024049, 0.072147], abs=1e-5)
    assert e.reach == pytest.approx(0.048098, abs=1e-5)
    assert e.minimum_detectable_difference == pytest.approx(0.02 * (2.4049 + 0.8490), abs=1e-5)
    # Two distances x and 3x have a standard deviation of x sqrt(2), and their mean an error of x.
    assert e.reach_error == pytest.approx(0.048098, abs=1e-5)
    # (.065078 / .02)^2 times 50 positives
    assert e.rows_needed == pytest.approx(50 * (0.065078 / 0.02) ** 2, abs=1)


def test_errors_of_several_methods_are_averaged():
    e = expected(errors=(0.0, 0.0))
    two = expected()
    both = power.Expected(**{**vars(two), "errors": {**two.errors, "random_over": e.errors["smote"]}})
    assert both.reach == pytest.approx(two.reach / 2)


def test_positives_that_are_enough_need_no_more_and_without_a_rope_none_are_enough():
    assert expected(errors=(0.001, 0.001)).rows_needed == 50
    assert expected(rope=0.0).rows_needed is None


def test_a_wide_rope_takes_the_place_of_significance():
    # t[.8] is 0.8490; .01 + .849 * .001
    assert expected(errors=(0.001, 0.001)).minimum_detectable_difference == pytest.approx(0.010849, abs=1e-6)


@pytest.mark.parametrize(("prevalence", "roc_auc"), [(0.05, 0.85), (0.3, 0.6), (0.01, 0.97)])
def test_the_truth_has_the_declared_prevalence_and_roc_auc(prevalence, roc_auc):
    score = np.random.default_rng(0).normal(size=4000)
    probability = simulate.truth(score, prevalence=prevalence, roc_auc=roc_auc)
    assert probability.mean() == pytest.approx(prevalence, abs=1e-6)
    # scikit-learn's own, with each row once as a positive and once as a negative, weighted
    twice = np.repeat([1, 0], 4000)
    weight = np.concatenate([probability, 1 - probability])
    assert roc_auc_score(twice, np.tile(score, 2), sample_weight=weight) == pytest.approx(roc_auc, abs=1e-4)
    slope, _ = np.polyfit(score, np.log(probability / (1 - probability)), 1)
    assert np.log(probability / (1 - probability)) == pytest.approx(
        slope * score + np.log(probability / (1 - probability)).mean() - slope * score.mean(), abs=1e-6
    )


def test_features_of_two_values_cannot_have_any_roc_auc():
    coin = np.repeat([-1.0, 1.0], 50)
    # With 10 positives among the 50 heads: 10 / (1 - .1) * ... = 1 - (40 / 90) / 2 = .778
    with pytest.raises(InputError, match=r"plan.roc_auc: expected at most 0.78, .*, found 0.85"):
        simulate.truth(coin, prevalence=0.1, roc_auc=0.85)


def test_labels_follow_their_probabilities_given_their_number():
    probability = np.array([0.1, 0.2, 0.7])
    drawn = np.array([simulate.draw(probability, 1, np.random.default_rng(seed)) for seed in range(4000)])
    assert (drawn.sum(axis=1) == 1).all()
    odds = np.array([0.1 / 0.9, 0.2 / 0.8, 0.7 / 0.3])  # of exactly one, each by its odds
    assert drawn.mean(axis=0) == pytest.approx(odds / odds.sum(), abs=0.02)


def test_a_simulated_table_has_the_features_and_the_number_of_positives_with_missing_values_left_as_they_are():
    features = visits(400, 20).drop(columns="buy")
    features.iloc[::7, 0] = np.nan
    made = simulate.simulate(features, target="buy", positives=20, roc_auc=0.85, rng=np.random.default_rng(0))
    pd.testing.assert_frame_equal(made.drop(columns="buy"), features)
    assert made["buy"].sum() == 20


def test_labels_follow_categories_too():
    rows = pd.DataFrame({"shop": pd.Series(["north", "south"] * 100, dtype="str"), "x": np.zeros(200)})
    made = simulate.simulate(rows, target="buy", positives=60, roc_auc=0.7, rng=np.random.default_rng(0))
    shares = made.groupby("shop").buy.mean()
    # The truth has the odds of one level well above the other's; 60 of 200 are positive.
    assert made.buy.sum() == 60
    assert abs(shares["north"] - shares["south"]) > 0.2


def test_features_that_do_not_vary_are_refused():
    features = pd.DataFrame({"time": [1.0] * 40})
    with pytest.raises(InputError, match="expected at least one feature that varies"):
        simulate.simulate(features, target="buy", positives=20, roc_auc=0.85, rng=np.random.default_rng(0))


@pytest.mark.parametrize(
    ("rows", "positives", "simulated"),
    [
        (1000, 50, 1000),
        (100_000, 5_000, 20_000),
        (1_000_000, 1_000, 71_429),  # 50 / .7 positives, of which 50 are for training
        (1_000_000, 60, 1_000_000),
    ],
)
def test_simulated_tables_are_capped_but_keep_enough_positives(rows, positives, simulated):
    assert simulate.size(rows, positives, most=20_000, test_size=0.3, number=5) == simulated


@pytest.fixture(scope="module")
def planned(tmp_path_factory):
    """Plans visits in three folds, with some settings changed, each once."""

    @cache
    def make(*overrides, flipped=False):
        table = visits(200, 40)
        if flipped:
            table = table.assign(buy=table["buy"].to_numpy()[::-1])
        file = tmp_path_factory.mktemp("planned") / "visits.csv"
        table.to_csv(file, index=False)
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(ROOT)
            text = compose.compose([*OWN, f"data.path={file}", *CHEAP, "evaluate.folds=3", *overrides])
        return plan.plan(config.check(yaml.safe_load(text)), KEYS, jobs=1)

    return make


def test_labels_have_no_part_in_a_plan_but_by_their_number(planned):
    first, again = planned("evaluate.repeats=1"), planned("evaluate.repeats=1", "data.name=other", flipped=True)
    for name in ("random_over", "smote"):
        assert again.errors[name].tolist() == first.errors[name].tolist()
        assert (first.errors[name] > 0).all()


def test_repeats_are_counted_in_the_error_and_not_made(planned):
    once, often = planned("evaluate.repeats=1"), planned("evaluate.repeats=20")
    # Three folds, each tested on half as many rows as it is trained on. Nadeau & Bengio: 1 / (K R) + 1 / (K - 1)
    assert often.errors["smote"] == pytest.approx(once.errors["smote"] * np.sqrt((1 / 60 + 1 / 2) / (1 / 3 + 1 / 2)))
    assert (once.df, often.df) == (2, 59)


@pytest.fixture
def asked(monkeypatch):
    """Rows and positives of each table that would be simulated; none is."""
    tables = []

    def variances(params, number, *, rows, positives, roc_auc):
        tables.append((rows, positives))
        return {"random_over": 0.04, "smote": 0.04, "test_over_train": 0.25}

    monkeypatch.setattr(simulate, "variances", variances)
    return tables


def test_a_capped_table_s_error_is_scaled_by_the_root_of_its_positives(settings, asked):
    params = settings(visits(1000, 400), *CHEAP)
    keys = config.Plan(roc_auc=0.85, tables=2, rows=250, methods=["smote"])
    found = plan.plan(params, keys, jobs=1)
    assert asked == [(250, 100)] * 2
    assert found.errors["smote"] == pytest.approx([0.2 / 0.9400 * np.sqrt(1 / 50 + 1 / 4) / 2] * 2, rel=1e-4)
    assert list(found.errors) == ["smote"]
    assert found.family == 2


def test_where_negatives_are_rarer_they_are_counted(settings, asked):
    params = settings(visits(10_000, 9_900), *CHEAP, "data.positive=1")
    keys = config.Plan(roc_auc=0.85, tables=2, rows=250, methods=["smote"])
    found = plan.plan(params, keys, jobs=1)
    # 50 / .7 negatives, of which 50 are for training, are 7,143 rows at one in a hundred.
    assert asked == [(7_143, 7_143 - 71)] * 2
    assert (found.kind, found.rare, found.training_rare, found.folds) == ("negative", 100, 70, 5)
    assert "10,000 rows, 100 negative, 70 of them in training" in plan.lines(found, params, keys)[0]
    assert "14 negatives in each test fold" in plan.lines(found, params, keys)[1]


def test_methods_that_are_not_configured_give_way_to_the_first_that_are(settings, monkeypatch):
    monkeypatch.setattr(
        simulate, "variances", lambda params, number, **how: dict.fromkeys([*params.variants, "test_over_train"], 0.25)
    )
    keys = config.Plan(roc_auc=0.85, tables=2, rows=250, methods=["adasyn"])
    assert list(plan.plan(settings(visits(1000, 400)), keys, jobs=1).errors) == ["random_under", "random_over"]


def test_the_command_says_how_many_positives_a_verdict_needs(settings, capsys):
    settings(visits(100, 13), *CHEAP)
    assert plan.run([]) == 30
    assert capsys.readouterr().out.splitlines() == [
        "table      csv: 100 rows, 13 positive, 9 of them in training",
        "No verdict is possible. Two folds need 10 training rows of the rarer class, 5 in each. "
        "With split.test_size=0.3, the table needs 15 rows of it. Collect more, or let the folds use all rows with "
        "split.test_size=0.",
    ]


def test_the_command_prints_the_plan(settings, capsys, monkeypatch):
    settings(visits(1000, 50), *CHEAP)
    monkeypatch.setattr(plan, "plan", lambda params, keys, jobs: expected())
    assert plan.run(["plan.roc_auc=0.7"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "table      csv: 1,000 rows, 50 positive, 35 of them in training",
        "folds      5 x 10, 7 positives in each test fold",
        "declared   average precision, ROPE 0.01, alpha 0.05, 5 methods",
        "simulated  12 tables with your features; labels from a logistic model, ROC AUC 0.7; smote against none",
        "bounds     the lower one is 0.048 below a method's gain (95% confidence, adjusted for 5 methods); with 12 "
        "tables this distance is accurate to +/- 0.048",
        "smallest   0.065 is the minimum detectable difference (80% power)",
        "needed     530 positives to show a difference of 0.02 (2 x ROPE), 480 more than the table has",
        "all rows   0.054 is about the minimum detectable difference with split.test_size=0, where the folds use all "
        "50 positives and none is held out; recommended, because fewer than 150 are left for training",
    ]


def test_folds_of_all_rows_are_recommended_where_few_are_left_for_training(settings):
    params, keys = settings(visits(1000, 50), *CHEAP), config.Plan(roc_auc=0.85, tables=2, rows=250, methods=[])
    few, enough = (replace(expected(), training_rare=rows) for rows in (149, 150))
    assert plan.lines(few, params, keys)[-1].startswith("all rows   0.054 is about the minimum detectable difference")
    assert plan.lines(enough, params, keys)[-1].startswith("needed ")
    held = params.split.model_copy(update={"test_size": 0.0})
    assert plan.lines(few, params.model_copy(update={"split": held}), keys)[-1].startswith("needed ")


@pytest.mark.parametrize(
    ("asked", "line"),
    [
        (
            ("evaluate=precision_at_recall", "evaluate.recall_floor=0.95"),
            "guarantee  a recall of at least 0.95 takes at least 59 training positives, all of them found, and the "
            "table has 35",
        ),
        (
            ("evaluate=recall_at_precision",),
            "guarantee  a precision of at least 0.5 takes at least 7 alerts, all of them right",
        ),
        (("evaluate=recall_at_precision", "evaluate.guarantee=false"), None),
    ],
)
def test_the_plan_counts_what_a_guarantee_takes(settings, asked, line):
    params = settings(visits(1000, 50), *CHEAP, *asked)
    found = [each for each in plan.lines(expected(), params, KEYS) if each.startswith("guarantee")]
    assert found == ([line] if line else [])


@pytest.mark.parametrize(
    ("argument", "problem"),
    [
        ("plan.roc_auc=0.5", "conf/plan.yaml: plan.roc_auc: expected a fraction between 0.5 and 1, found 0.5."),
        ("plan.tables=1", "conf/plan.yaml: plan.tables: expected a whole number of at least 2, found 1."),
        ("plan.rows=99", "conf/plan.yaml: plan.rows: expected a whole number of at least 100, found 99."),
    ],
)
def test_the_command_refuses_what_it_cannot_use(settings, argument, problem):
    settings(visits(100, 13), *CHEAP)
    with pytest.raises(InputError) as caught:
        plan.run([argument])
    assert caught.value.problems == [problem]


def test_without_none_there_is_nothing_to_plan(composed):
    params = config.check(yaml.safe_load(composed(*OWN, "data.path=visits.csv", "~variant@variants.none")))
    with pytest.raises(InputError, match="the baseline, 'none', is missing"):
        plan.plan(params, KEYS, jobs=1)
