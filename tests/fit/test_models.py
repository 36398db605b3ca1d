import warnings

import numpy as np
import pandas as pd
import pytest
from folding import LOG_LOSS, chained
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB

from pipeline.errors import InputError
from pipeline.fit.models import describe, train
from pipeline.table import weights

ONES = weights.ones(6)


@pytest.fixture
def visits():
    X = pd.DataFrame({"time": [1.0, 2.0, 3.0, 4.0, 5.0, 6.0], "pages": [300.0, 100.0, 250.0, 400.0, 90.0, 380.0]})
    return X, pd.Series([0, 0, 1, 0, 1, 1], name="buy")


def test_a_model_that_converges_says_so(visits):
    model, converged = train(*visits, LogisticRegression(), ONES)
    assert converged
    assert (model.coef_ == LogisticRegression().fit(*visits).coef_).all()


def test_a_model_that_does_not_converge_is_recorded_and_warns_nobody(visits):
    model, converged = train(*visits, LogisticRegression(max_iter=1), ONES)
    assert not converged
    assert describe(model, converged, visits[1], None, chained(), ONES)["converged"] is False
    assert describe(model, converged, visits[1], None, chained(), ONES)["iterations"] == 1


class Wary(LogisticRegression):
    def fit(self, X, y):
        warnings.warn("these rows look odd", UserWarning, stacklevel=1)
        return super().fit(X, y)


def test_other_warnings_are_passed_on(visits):
    with pytest.warns(UserWarning, match="these rows look odd"):
        assert train(*visits, Wary(), ONES)[1]


@pytest.mark.parametrize("argument", [{"C": "much"}, {"C": -1.0}, {"max_iter": 0.5}, {"solver": "guess"}])
def test_a_bad_argument_is_an_input_error_that_names_it(visits, argument):
    (name,) = argument
    with pytest.raises(InputError, match=f"LogisticRegression.*'{name}' parameter"):
        train(*visits, LogisticRegression(**argument), ONES)


def test_one_class_left_by_a_sampler_is_an_input_error(visits):
    X, y = visits
    with pytest.raises(InputError, match="LogisticRegression: .*2 classes"):
        train(X[y == 1], y[y == 1], LogisticRegression(), weights.ones(3))


def test_description_of_a_linear_model_holds_its_coefficients_by_name(visits):
    model, converged = train(*visits, LogisticRegression(), ONES)
    assert describe(model, converged, visits[1], None, chained(), ONES) == {
        "model": "LogisticRegression",
        "best_params": None,
        "tuning": None,
        "converged": True,
        "trained_proportions": {"negative": 0.5, "positive": 0.5},
        "iterations": int(model.n_iter_[0]),
        "intercept": {"positive": model.intercept_[0]},
        "coefficients": {"positive": {"time": model.coef_[0, 0], "pages": model.coef_[0, 1]}},
    }
    # The numbers are the model: logit(p) = intercept + sum of coefficient times value.
    told = describe(model, converged, visits[1], None, chained(), ONES)
    slopes = told["coefficients"]["positive"]
    logit = told["intercept"]["positive"] + sum(slope * visits[0][name] for name, slope in slopes.items())
    assert (1 / (1 + np.exp(-logit))).tolist() == pytest.approx(model.predict_proba(visits[0])[:, 1].tolist())


def test_description_of_a_tuned_model_names_the_metric_that_chose_c(visits):
    chain = chained(grid=[0.1, np.inf], criterion=LOG_LOSS)
    told = describe(*train(*visits, LogisticRegression(C=0.1), ONES), visits[1], [0.6 + 1e-12, 0.7], chain, ONES)
    assert told["tuning"] == {
        "metric": "prior_corrected_log_loss",
        "params": [{"C": 0.1}, {"C": "inf"}],
        "values": [0.6, 0.7],
    }
    assert told["best_params"] == {"C": 0.1}


@pytest.mark.parametrize("model", [GaussianNB(), DummyClassifier()])
def test_description_of_another_model_leaves_out_what_it_does_not_have(visits, model):
    told = describe(*train(*visits, model, ONES), visits[1], None, chained(), ONES)
    assert told == {
        "model": type(model).__name__,
        "best_params": None,
        "tuning": None,
        "converged": True,
        "trained_proportions": {"negative": 0.5, "positive": 0.5},
        "iterations": None,
        "intercept": None,
        "coefficients": None,
    }


@pytest.mark.parametrize(
    ("weight", "share"), [(None, 0.25), ("balanced", 0.5), ({0: 1, 1: 3}, 0.5), ({1: 9}, 0.75), ({0: 2}, 1 / 7)]
)
def test_the_trained_prevalence_counts_class_weights(weight, share):
    X, y = pd.DataFrame({"x": range(8)}), pd.Series([0, 0, 0, 0, 0, 0, 1, 1])
    model = LogisticRegression(class_weight=weight).fit(X, y)
    assert describe(model, True, y, None, chained(), weights.ones(8))["trained_proportions"] == pytest.approx(
        {"negative": 1 - share, "positive": share}
    )
