import numpy as np
import pandas as pd
import pytest
from scipy.special import expit, logit
from sklearn.isotonic import IsotonicRegression
from sklearn.metrics import log_loss

from pipeline import config
from pipeline.measure import calibration, evaluation, isotonic
from pipeline.measure.evaluation import Folded, assess
from pipeline.measure.tasks import TWO_CLASSES


def pooled(rows, *, bend=1.0, seed=0, repeats=2):
    """Predictions of five folds whose logits are off by a power, and labels that the true ones drew."""
    rng = np.random.default_rng(seed)
    true = rng.normal(-1.5, 1.5, rows)
    said = expit(np.sign(true) * np.abs(true) ** bend)
    y = (rng.random(rows) < expit(true)).astype(int)
    parts = [
        pd.DataFrame({"repeat": each, "fold": rng.permutation(rows) % 5, "y": y, "probability": said})
        for each in range(repeats)
    ]
    return pd.concat(parts).rename_axis("row_id")


def corrections(rows, composed):
    fits = pd.DataFrame({"repeat": [0], "fold": [0]})
    settings = config.check(config.read(composed)).evaluate
    how = {"trained": {"negative": 0.8, "positive": 0.2}, "true": np.array([0.8, 0.2]), "settings": settings}
    return assess(TWO_CLASSES, rows[rows.repeat == 0], Folded(rows, fits), **how)["probabilities"]


@pytest.fixture
def params(tmp_path, composed):
    (path := tmp_path / "params.yaml").write_text(composed(), encoding="utf-8")
    return path


def test_the_curve_is_scikit_learn_s_within_platt_s_targets():
    rows = pooled(1500)
    weight = np.random.default_rng(1).uniform(0.5, 2, len(rows))
    low, high = calibration.targets(rows.y.to_numpy(), weight)
    found = isotonic.isotonic(rows.y.to_numpy(), rows.probability.to_numpy(), weight, low=low, high=high)
    other = IsotonicRegression(y_min=low, y_max=high, out_of_bounds="clip")
    other.fit(rows.probability, rows.y, sample_weight=weight)
    at = np.linspace(0, 1, 1001)
    assert isotonic.recalibrate(at, **found) == pytest.approx(other.predict(at), abs=1e-12)
    assert 0 < min(found["after"]) <= max(found["after"]) < 1
    assert np.all(np.diff(found["before"]) > 0)


@pytest.mark.parametrize(("bend", "best"), [(1.0, "platt"), (3.0, "isotonic")])
def test_the_form_whose_log_loss_is_lower_out_of_fold_is_the_best(params, bend, best):
    rows = pooled(3000, bend=bend)
    made = corrections(rows, params)["corrections"]
    assert made["best"] == best
    first, losses = rows[rows.repeat == 0], {}
    for form in ("platt", "isotonic"):
        after = np.zeros(len(first))
        for fold in range(5):
            held = (first.fold == fold).to_numpy()
            others = first[~held]
            if form == "platt":
                line = calibration.platt(others.y.to_numpy(), others.probability.to_numpy(), np.ones(len(others)))
                after[held] = expit(line["slope"] * logit(first.probability[held]) + line["intercept"])
            else:
                low, high = calibration.targets(others.y.to_numpy(), np.ones(len(others)))
                curve = IsotonicRegression(y_min=low, y_max=high, out_of_bounds="clip")
                after[held] = curve.fit(others.probability, others.y).predict(first.probability[held])
        losses[form] = log_loss(first.y, after)
    assert min(losses, key=losses.get) == best


@pytest.mark.parametrize(("rows", "there"), [(1249, False), (1250, True)])
def test_each_fold_s_curve_needs_a_thousand_rows(params, rows, there):
    made = corrections(pooled(rows), params)
    assert (made["corrections"]["isotonic"] is not None) == (made["isotonic"] is not None) == there
    assert made["corrections"]["best"] in ({"platt", "isotonic"} if there else {"platt"})
    settings = config.check(config.read(params)).evaluate
    own = evaluation.first_repeat(TWO_CLASSES, Folded(pooled(rows), None), settings)
    assert ("isotonic" in own) == there


def test_without_folds_probabilities_are_prior_corrected(params):
    rows = pooled(1500, repeats=1)
    settings = config.check(config.read(params)).evaluate
    how = {"trained": {"negative": 0.5, "positive": 0.5}, "true": np.array([0.8, 0.2]), "settings": settings}
    made = assess(TWO_CLASSES, rows, None, **how)["probabilities"]
    assert (made["platt"], made["isotonic"]) == (None, None)
    assert {name: made["corrections"][name] for name in ("platt", "isotonic", "best")} == {
        "platt": None,
        "isotonic": None,
        "best": "prior_corrected",
    }


def test_rows_that_bring_their_own_are_judged_by_them(params):
    rows = pooled(1500)
    settings = config.check(config.read(params)).evaluate
    folded = Folded(rows, pd.DataFrame({"repeat": [0], "fold": [0]}))
    own = evaluation.first_repeat(TWO_CLASSES, folded, settings)
    how = {"trained": {"negative": 0.8, "positive": 0.2}, "true": np.array([0.8, 0.2]), "settings": settings}
    made = assess(TWO_CLASSES, own, folded, **how)["probabilities"]
    assert made["isotonic"]["log_loss"] == pytest.approx(log_loss(own.y, own.isotonic))
