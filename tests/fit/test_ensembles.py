import numpy as np
import pandas as pd
import pytest
import yaml
from imblearn.ensemble import BalancedBaggingClassifier, BalancedRandomForestClassifier
from sklearn.ensemble import AdaBoostClassifier
from sklearn.linear_model import LogisticRegression

from pipeline import config
from pipeline.errors import InputError
from pipeline.fit import chains, folds, models, stored, variants
from pipeline.measure.tasks import TWO_CLASSES
from pipeline.table import weights

NAMES = ("balanced_bagging", "balanced_random_forest", "easy_ensemble", "rus_boost")
RANDOM = np.random.default_rng(1)
X = pd.DataFrame(RANDOM.normal(size=(400, 3)), columns=list("abc")).rename_axis("row_id")
Y = pd.Series((X.a + RANDOM.normal(size=400) > 1.8).astype("int8"), name="y")
ONES = weights.ones(400)


def ensembles(composed):
    return config.check(yaml.safe_load(composed(*(f"+variant@variants.{name}={name}" for name in NAMES))))


@pytest.mark.parametrize("name", NAMES)
def test_an_ensemble_takes_the_place_of_the_model_and_is_fitted_at_balanced_proportions(composed, name):
    params = ensembles(composed)
    chain = chains.chain(params, name, TWO_CLASSES)
    assert type(chain.model).__module__.startswith("imblearn.ensemble")
    assert (chain.model.random_state, chain.search, chain.criterion) == (42, [], None)
    assert Y.mean() < 0.15
    made = folds.out_of_fold(X.assign(y=Y), target="y", chain=chain, folds=3, repeats=1, seed=1, weight=ONES)
    assert made.fits.trained_proportion_1.tolist() == pytest.approx([0.5] * 3, abs=0.02)
    assert "param_C" not in made.fits


@pytest.mark.parametrize("name", NAMES)
def test_an_ensemble_is_stored_with_the_same_predictions(composed, tmp_path, name):
    model, _ = models.train(X, Y, variants.model(ensembles(composed), name), ONES)
    stored.write_model(tmp_path / "model.skops", model)
    again = stored.read_model(tmp_path / "model.skops")
    assert again.predict_proba(X).tolist() == model.predict_proba(X).tolist()


@pytest.mark.parametrize(("strategy", "share"), [(0.25, 0.2), (1.0, 0.5)])
@pytest.mark.parametrize("kind", [BalancedRandomForestClassifier, BalancedBaggingClassifier])
def test_proportions_are_measured_and_not_those_of_a_name(kind, strategy, share):
    model, _ = models.train(X, Y, kind(n_estimators=20, sampling_strategy=strategy, random_state=0), ONES)
    assert models.trained_proportions(model, Y, ONES, 2) == pytest.approx([1 - share, share], abs=0.02)


def test_of_boosted_trees_later_ones_do_not_count():
    model = BalancedBaggingClassifier(AdaBoostClassifier(random_state=0), n_estimators=3, random_state=0)
    fitted, _ = models.train(X, Y, model, ONES)
    assert models.trained_proportions(fitted, Y, ONES, 2) == pytest.approx([0.5, 0.5], abs=1e-9)


def test_what_is_no_tree_is_refused():
    fitted, _ = models.train(X, Y, BalancedBaggingClassifier(LogisticRegression(), random_state=0), ONES)
    with pytest.raises(InputError, match="LogisticRegression: expected decision trees inside of a model that samples"):
        models.trained_proportions(fitted, Y, ONES, 2)


def test_of_several_classes_each_tree_counts_those_that_it_has():
    y = pd.Series(np.digitize(X.a, [0.8, 1.5]), X.index)
    fitted, _ = models.train(X, y, BalancedRandomForestClassifier(30, random_state=0), ONES)
    assert models.trained_proportions(fitted, y, ONES, 3) == pytest.approx([1 / 3] * 3, abs=0.03)
