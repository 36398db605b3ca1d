import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from imblearn import FunctionSampler
from sklearn.linear_model import LogisticRegression
from sklearn.tree import DecisionTreeClassifier
from weighted_table import OWN

from pipeline import config
from pipeline.errors import InputError
from pipeline.fit import models, sample_weights, variants
from pipeline.fit.resampling import resample
from pipeline.table import weights

ROOT = Path(__file__).parents[2]
KEEPING = {
    "balanced_bagging", "balanced_random_forest", "class_weight", "easy_ensemble", "edited_nearest_neighbours",
    "instance_hardness_threshold", "near_miss", "none", "one_sided_selection", "random_over", "random_under",
    "rus_boost", "tomek_links",
}  # fmt: skip


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


@pytest.mark.parametrize("name", sorted(path.stem for path in (ROOT / "conf/variant").glob("*.yaml")))
def test_each_row_that_a_sampler_keeps_has_its_own_weight_and_one_that_makes_up_rows_is_refused(name, composed):
    raw = yaml.safe_load(composed(f"+variant@variants.it={name}"))
    sampler = variants.sampler(config.check(raw), "it")
    assert sample_weights.keeps_rows(sampler) == (name in KEEPING)
    random = np.random.default_rng(7)
    X = pd.DataFrame(random.normal(size=(120, 2)), columns=["a", "b"]).sample(frac=1, random_state=1)
    y = pd.Series(np.where(X.a > 1, random.random(120) < 0.8, random.random(120) < 0.1).astype(int), index=X.index)
    if name in KEEPING:
        made, _ = resample(X, y, sampler, [0, 1])
        assert sample_weights.carried(np.exp(X.a.to_numpy()), sampler, made.a, negatives=False) == pytest.approx(
            np.exp(made.a.to_numpy())
        )
    else:
        with pytest.raises(InputError, match="creates new rows, which have no data.weight. Use another sampler."):
            sample_weights.carried(np.ones(120), sampler, y, negatives=False)


def test_a_function_that_may_do_anything_is_refused():
    assert not sample_weights.keeps_rows(FunctionSampler(func=lambda X, y: (X + 1, y)))


def test_all_variants_that_make_up_rows_are_refused_at_once_with_the_command(composed):
    params = config.check(yaml.safe_load(composed("data=csv", "data.path=t.csv", "data.target=y", "data.weight=w")))
    with pytest.raises(InputError) as refused:
        variants.refuse_unbuildable(params)
    assert refused.value.problems == [
        "params.yaml: data.weight: expected samplers that only repeat or drop rows, found augmentation, smote. New "
        "rows have no weight. Use random_over, random_under or class_weight, and leave out the others with "
        "-S '~variant@variants.augmentation' -S '~variant@variants.smote'."
    ]


def test_an_ensemble_that_takes_no_weights_is_to_be_left_out(composed):
    made_up = [f"~variant@variants.{name}" for name in ("augmentation", "smote")]
    added = "+variant@variants.bagging=balanced_bagging"
    own = ("data=csv", "data.path=t.csv", "data.target=y", "data.weight=w")
    with pytest.raises(InputError) as refused:
        variants.refuse_unbuildable(config.check(yaml.safe_load(composed(*own, added, *made_up))))
    assert refused.value.problems == [
        "params.yaml: data.weight: expected a model that accepts sample_weight, found BalancedBaggingClassifier. Leave "
        "out bagging: -S '~variants.bagging'."
    ]
    left = composed(*own, added, *made_up, "~variants.bagging")
    variants.refuse_unbuildable(config.check(yaml.safe_load(left)))


def test_what_a_preset_gives_in_parts_is_left_out_as_a_whole(composed):
    own = ("experiment=models", "data=csv", "data.path=t.csv", "data.target=y", "data.weight=w")
    with pytest.raises(InputError) as refused:
        variants.refuse_unbuildable(config.check(yaml.safe_load(composed(*own))))
    (problem,) = refused.value.problems
    leave = re.findall("-S '(.*?)'", problem)
    assert leave == [
        "~variant@variants.smote",
        "~variants.random_forest_smote",
        "~variants.hist_gradient_boosting_smote",
    ]
    params = config.check(yaml.safe_load(composed(*own, *leave)))
    variants.refuse_unbuildable(params)
    assert len(params.variants) == 6


def test_a_model_that_takes_no_weights_is_refused(composed):
    raw = yaml.safe_load(composed(*OWN))
    raw["model"] = {"_target_": "sklearn.neighbors.KNeighborsClassifier", "search": None}
    raw["variants"].pop("class_weight")
    with pytest.raises(InputError) as refused:
        variants.refuse_unbuildable(config.check(raw))
    assert refused.value.problems == [
        "params.yaml: data.weight: expected a model that accepts sample_weight, found KNeighborsClassifier. "
        "Choose another."
    ]
