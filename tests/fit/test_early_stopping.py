"""Early stopping inside a model would be a leak: the rows it holds out are resampled ones."""

import numpy as np
import pandas as pd
import pytest
import yaml
from imblearn.over_sampling import RandomOverSampler
from sklearn.ensemble import HistGradientBoostingClassifier

from pipeline import config
from pipeline.errors import InputError
from pipeline.fit import variants


def test_rows_held_out_of_resampled_ones_have_their_copies_among_those_that_are_fitted():
    random = np.random.default_rng(0)
    X, y = pd.DataFrame(random.normal(size=(400, 5))), pd.Series(np.repeat([0, 1], [360, 40]))  # labels are noise
    scores = []
    for rows, labels in ((X, y), RandomOverSampler(random_state=0).fit_resample(X, y)):
        model = HistGradientBoostingClassifier(early_stopping=True, scoring="roc_auc", random_state=0)
        scores.append(max(model.fit(rows, labels).validation_score_))
    assert scores[0] < 0.75 < 0.95 < scores[1]


def boosting(composed, *overrides):
    return config.check(yaml.safe_load(composed("model=hist_gradient_boosting", *overrides)))


@pytest.mark.parametrize("value", ["true", "auto"])
def test_early_stopping_is_refused_where_a_sampler_changes_rows(composed, value):
    params = boosting(composed, f"model.early_stopping={value}")
    for name in ("none", "class_weight"):
        variants.model(params, name)
    found = True if value == "true" else value
    for name in ("smote", "random_over", "random_under"):
        with pytest.raises(InputError) as caught:
            variants.model(params, name)
        assert caught.value.problems == [
            "model.early_stopping: expected false, because early stopping would check the model on copies of "
            f"rows that it was fitted to, found {found}. Turn it off."
        ]
    with pytest.raises(InputError, match="early stopping"):
        variants.refuse_unbuildable(params)


def test_classes_that_stop_early_by_another_argument_are_refused_too_even_inside(composed):
    boosting = "{_target_: sklearn.ensemble.GradientBoostingClassifier, n_iter_no_change: 3}"
    inside = f"{{_target_: sklearn.pipeline.Pipeline, steps: [[boost, {boosting}]]}}"
    for node, key in ((boosting, "model"), (inside, "model.boost")):
        node = node.removesuffix("}") + ", search: null, tune_for: primary}"
        params = config.check(yaml.safe_load(composed("~model", f"+model={node}")))
        variants.model(params, "none")
        with pytest.raises(InputError, match=rf"^{key}.n_iter_no_change: expected null, .* found 3"):
            variants.model(params, "smote")


def test_an_argument_of_the_same_name_that_holds_out_no_rows_is_allowed(composed):
    node = "{_target_: sklearn.neural_network.MLPClassifier, search: null}"
    params = config.check(yaml.safe_load(composed("~model", f"+model={node}")))
    assert variants.model(params, "smote").n_iter_no_change == 10
