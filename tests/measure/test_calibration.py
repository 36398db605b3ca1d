from math import log

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize
from scipy.special import expit, logit
from sklearn import metrics
from sklearn.linear_model import LogisticRegression

from pipeline.measure import calibration as calibration_
from pipeline.measure.calibration import brier, by_class, correct_prior, correct_proportions, log_loss, recalibrate
from pipeline.table.weights import ones

SHARES = (0.001, 0.05, 0.3, 0.5, 0.9)
# 0, 1, what rounds to them as a logit, and the usual.
ROWS = st.lists(
    st.tuples(st.integers(0, 1), st.sampled_from([0.0, 1e-300, 1e-12, 0.01, 0.3, 0.5, 0.99, 1 - 1e-12, 1.0])),
    min_size=1,
    max_size=30,
)


def simulated(rows, *, slope, intercept, seed):
    """Probabilities whose truth has a logit that is this line of theirs."""
    random = np.random.default_rng(seed)
    probability = expit(random.normal(-2.0, 1.5, rows))
    return (random.random(rows) < expit(slope * logit(probability) + intercept)).astype(int), probability


def calibration(y, probability):
    """Of rows without declared weights."""
    return calibration_.calibration(y, probability, ones(len(y)))


def platt(y, probability):
    """Of rows without declared weights."""
    return tuple(calibration_.platt(y, probability, ones(len(y))).values())[:2]


@pytest.mark.parametrize("kind", ["bool", "float64", "int8"])
def test_losses_take_labels_of_any_kind(kind):
    y, probability = np.array([1, 0, 0, 1, 0]), np.array([0.9, 0.2, 0.6, 0.3, 0.1])
    for loss in (log_loss, brier):
        assert loss(y.astype(kind), probability, ones(5)) == loss(y, probability, ones(5))


@pytest.mark.parametrize("classes", [2, 3, 12])
@pytest.mark.parametrize("weighed", [False, True])
@pytest.mark.parametrize("seed", range(20))
def test_losses_have_the_bits_of_scikit_learn_s(classes, weighed, seed):
    random = np.random.default_rng(seed)
    y, probability = random.integers(classes, size=57), random.dirichlet(np.full(classes, 0.1), 57)
    probability[:classes] = np.eye(classes)  # some surely right, some surely wrong
    probability = probability[:, 1] if classes == 2 else probability
    weight = random.exponential(size=57) if weighed else ones(57)
    how = {"labels": range(classes), "sample_weight": weight if weighed else None}
    assert log_loss(y, probability, weight) == metrics.log_loss(y, probability, **how)
    assert brier(y, probability, weight) == metrics.brier_score_loss(y, probability, **how)


def test_calibration_of_frequencies_that_are_as_announced():
    # One in five at .2, two in four at .5.
    y, probability = np.array([1, 0, 0, 0, 0, 1, 1, 0, 0]), np.repeat([0.2, 0.5], [5, 4])
    assert calibration(y, probability) == pytest.approx(
        {"slope": 1.0, "in_the_large": 0.0, "calibration_ratio": 1.0}, abs=1e-12
    )


def test_calibration_of_two_probabilities_by_hand():
    # .2 came true in 1 of 4, .8 in 2 of 4: from logit -log 4 to log 4 the truth goes from -log 3 to 0.
    y, probability = np.array([1, 0, 0, 0, 1, 1, 0, 0]), np.repeat([0.2, 0.8], [4, 4])
    ours = calibration(y, probability)
    assert ours["slope"] == pytest.approx(log(3) / (2 * log(4)), abs=1e-12)
    assert ours["calibration_ratio"] == pytest.approx(0.5 / 0.375, abs=1e-12)
    # The shift's own equation, which one number alone solves.
    shifted = expit(logit(probability) + ours["in_the_large"])
    assert shifted.mean() == pytest.approx(3 / 8, abs=1e-12)


def test_calibration_equals_scikit_learn():
    lines = [(1.0, 0.0), (0.4, -1.0), (2.5, 3.0), (-0.5, -1.0)]
    tables = [simulated(800, slope=slope, intercept=intercept, seed=i) for i, (slope, intercept) in enumerate(lines)]
    # Where Newton's whole steps run away.
    counts = [66_359, 67, 1, 1]
    tables.append((np.repeat([1, 1, 0, 0], counts), np.repeat([0.3, 0.9999, 0.01, 0.7], counts)))
    for y, probability in tables:
        theirs = LogisticRegression(C=np.inf, solver="newton-cholesky", tol=1e-12).fit(logit(probability)[:, None], y)
        assert calibration(y, probability)["slope"] == pytest.approx(theirs.coef_[0, 0], rel=1e-8)


def test_calibration_of_moved_logits_moves_with_them():
    y, probability = simulated(500, slope=1.0, intercept=0.0, seed=9)
    ours = calibration(y, probability)
    twice = calibration(y, expit(2 * logit(probability)))
    higher = calibration(y, expit(logit(probability) + 0.7))
    assert twice["slope"] == pytest.approx(ours["slope"] / 2, abs=1e-10)
    assert higher["slope"] == pytest.approx(ours["slope"], abs=1e-10)
    assert higher["in_the_large"] == pytest.approx(ours["in_the_large"] - 0.7, abs=1e-10)
    # Too extreme is a slope below 1; too high is below 0 in the large, and above 1 as a ratio.
    assert twice["slope"] < 0.7
    assert higher["in_the_large"] < -0.4
    assert higher["calibration_ratio"] > 1.3


def test_calibration_says_none_where_nothing_is_defined():
    probability = np.array([0.1, 0.2, 0.6, 0.9])
    none = {"slope": None, "in_the_large": None}
    assert calibration(np.zeros(4), probability) == {**none, "calibration_ratio": None}
    assert calibration(np.ones(4), probability) == {**none, "calibration_ratio": pytest.approx(0.45)}
    # All equal: no slope, but 1 of 4 where .6 was announced is logit(1/4) - logit(.6).
    equal = calibration(np.array([1, 0, 0, 0]), np.full(4, 0.6))
    assert equal["slope"] is None
    assert equal["in_the_large"] == pytest.approx(log(1 / 3) - log(1.5), abs=1e-11)
    for y, overlap in (
        ([0, 0, 1, 1], False),
        ([1, 1, 0, 0], False),
        ([0, 1, 0, 1], True),
        ([1, 0, 0, 1], True),
    ):
        assert (calibration(np.array(y), probability)["slope"] is not None) == overlap
    # Classes that only meet, in .5, have no finite slope either; with one more row on the other side they do.
    meeting = np.array([0.2, 0.5, 0.5, 0.9])
    assert calibration(np.array([0, 0, 1, 1]), meeting)["slope"] is None
    assert calibration(np.array([0, 0, 1, 1, 1]), np.append(meeting, 0.4))["slope"] is not None


@given(ROWS)
def test_calibration_and_platt_are_finite_or_none_whatever_comes(rows):
    y, probability = (np.array(column) for column in zip(*rows, strict=True))
    assert all(each is None or np.isfinite(each) for each in calibration(y, probability).values())
    line = calibration_.platt(y, probability, ones(len(y)))
    assert np.isfinite(list(line.values())).all()
    again = recalibrate(probability, **line)
    assert ((again > 0) & (again < 1)).all()
    # As the intercept's equation demands, on average the smoothed truth.
    positives = y.sum()
    truth = np.where(y == 1, (positives + 1) / (positives + 2), 1 / (len(y) - positives + 2))
    assert again.mean() == pytest.approx(truth.mean(), abs=1e-9)


def test_calibration_of_many_rows_on_one_side_by_hand():
    # .5 came true 60 000 times of 60 001, .1 in 1 of 4: from logit -log 9 to 0 the truth goes from -log 3 on.
    y = np.repeat([1, 0, 1, 0], [60_000, 1, 1, 3])
    probability = np.repeat([0.5, 0.1], [60_001, 4])
    assert calibration(y, probability)["slope"] == pytest.approx((log(60_000) + log(3)) / log(9), rel=1e-10)


def test_correct_prior_is_one_shift_of_the_logits():
    probability = np.linspace(0.001, 0.999, 999)
    for trained in SHARES:
        for true in SHARES:
            ours = correct_prior(probability, trained=trained, true=true)
            assert ours == pytest.approx(expit(logit(probability) - logit(trained) + logit(true)), abs=1e-12)
    # By hand: odds 1 at prevalence 1/2 are odds 1/9 at 1/10.
    assert correct_prior(np.array([0.5]), trained=0.5, true=0.1) == pytest.approx([0.1], abs=1e-15)


def test_correct_prior_is_elkan_s_theorem_2():
    p = np.linspace(0, 1, 1001)
    for b in SHARES:
        for new in SHARES:
            theirs = new * (p - p * b) / (b - p * b + new * p - b * new)
            assert correct_prior(p, trained=b, true=new) == pytest.approx(theirs, abs=1e-12)


def test_correct_prior_is_king_and_zeng_s_intercept():
    p = np.linspace(0.001, 0.999, 999)
    for sampled in SHARES:
        for tau in SHARES:
            theirs = expit(logit(p) - np.log((1 - tau) / tau * sampled / (1 - sampled)))
            assert correct_prior(p, trained=sampled, true=tau) == pytest.approx(theirs, abs=1e-12)


def test_correct_prior_is_dal_pozzolo_s_for_undersampling():
    ps = np.linspace(0, 1, 1001)
    for true in SHARES:
        for beta in (0.01, 0.2, 1.0):  # share of the negatives kept
            theirs = beta * ps / (beta * ps - ps + 1)
            trained = true / (true + beta * (1 - true))
            assert correct_prior(ps, trained=trained, true=true) == pytest.approx(theirs, abs=1e-12)


def test_correct_prior_leaves_certainty_and_undoes_itself():
    p = np.array([0.0, 1e-9, 0.3, 0.7, 1 - 1e-9, 1.0])
    there = correct_prior(p, trained=0.5, true=0.01)
    assert (there[0], there[-1]) == (0, 1)
    assert (np.diff(there) > 0).all()
    assert correct_prior(there, trained=0.01, true=0.5) == pytest.approx(p, abs=1e-12)
    assert correct_prior(p, trained=0.2, true=0.2) == pytest.approx(p, abs=1e-15)


@pytest.mark.parametrize(("trained", "true"), [(0.0, 0.5), (1.0, 0.5), (0.5, 0.0), (0.5, 1.0), (0.5, float("nan"))])
def test_correct_prior_refuses_a_share_without_a_class(trained, true):
    with pytest.raises(ValueError, match="shares of positives"):
        correct_prior(np.array([0.5]), trained=trained, true=true)


def test_platt_equals_scipy_s_minimum_of_the_same_loss():
    for seed, (rows, slope, intercept) in enumerate([(30, 1.0, 0.0), (400, 0.5, -1.0), (400, 2.0, 2.0)]):
        y, probability = simulated(rows, slope=slope, intercept=intercept, seed=seed)
        ones = int(y.sum())
        target = np.where(y == 1, (ones + 1) / (ones + 2), 1 / (rows - ones + 2))
        x = logit(probability)

        def loss(at, x=x, target=target):
            p = expit(at[0] * x + at[1])
            return -np.mean(target * np.log(p) + (1 - target) * np.log(1 - p))

        theirs = minimize(loss, [1.0, 0.0], method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-16})
        assert platt(y, probability) == pytest.approx(tuple(theirs.x), abs=1e-6)


def test_platt_of_many_rows_ends_where_the_loss_is_level():
    # Its last steps gain less than the rounding of a carelessly summed loss.
    ones, zeros = 256_716, 4
    y, probability = np.repeat([1, 0], [ones, zeros]), np.repeat([1e-6, 0.9999, 0.01], [ones, 3, 1])
    slope, intercept = platt(y, probability)
    truth = np.where(y == 1, (ones + 1) / (ones + 2), 1 / (zeros + 2))
    rest = recalibrate(probability, slope=slope, intercept=intercept) - truth
    assert rest.sum() == pytest.approx(0, abs=1e-7)
    assert (rest * logit(probability)).sum() == pytest.approx(0, abs=1e-6)


def test_platt_of_classes_that_do_not_overlap_by_hand():
    # Two probabilities, two rows each, told apart: they go to the smoothed targets 3/4 and 1/4, the logits to +- log 3.
    y, probability = np.array([0, 0, 1, 1]), np.array([0.2, 0.2, 0.8, 0.8])
    slope, intercept = platt(y, probability)
    assert (slope, intercept) == pytest.approx((log(3) / log(4), 0.0), abs=1e-12)
    assert recalibrate(probability, slope=slope, intercept=intercept) == pytest.approx([0.25, 0.25, 0.75, 0.75])


def test_platt_of_equal_probabilities_is_the_smoothed_prevalence():
    # Of one positive and three negatives: targets 2/3 and 1/5, mean (2/3 + 3/5) / 4 = 19/60.
    slope, intercept = platt(np.array([1, 0, 0, 0]), np.full(4, 0.7))
    assert (slope, intercept) == (0.0, pytest.approx(log(19 / 41), abs=1e-12))


def test_recalibrated_probabilities_are_calibrated():
    y, probability = simulated(20_000, slope=0.5, intercept=-1.0, seed=4)
    slope, intercept = platt(y, probability)
    assert (slope, intercept) == pytest.approx((0.5, -1.0), abs=0.06)
    again = calibration(y, recalibrate(probability, slope=slope, intercept=intercept))
    # Smoothing costs a little: a slope of 1.002, a mean of 1.0004 times the prevalence.
    assert again["slope"] == pytest.approx(1, abs=0.005)
    assert again["calibration_ratio"] == pytest.approx(1, abs=0.005)
    assert recalibrate(np.array([0.0, 0.5, 1.0]), slope=1.0, intercept=0.0) == pytest.approx([0, 0.5, 1], abs=1e-15)


def test_platt_takes_weights_that_are_shares_of_all_rows_as_it_takes_none():
    rng = np.random.default_rng(0)
    probability = rng.uniform(0.01, 0.6, 400)
    y = (rng.random(400) < probability).astype(int)
    scaled = calibration_.platt(y, probability, np.full(400, 1 / 400))
    assert tuple(scaled.values()) == pytest.approx(platt(y, probability), abs=1e-6)


def test_the_correction_of_proportions_is_the_binary_one_for_two_classes():
    p = np.linspace(0, 1, 101)
    both = correct_proportions(by_class(p), trained=np.array([0.5, 0.5]), true=np.array([0.93, 0.07]))
    assert both[:, 1] == pytest.approx(correct_prior(p, trained=0.5, true=0.07), abs=1e-12)
    assert both.sum(axis=1) == pytest.approx(np.ones(101), abs=1e-12)


def test_the_correction_of_proportions_by_hand_and_undone():
    # .5, .3, .2 trained on thirds; true .6, .3, .1: .30, .09, .02 over .41.
    p, thirds, true = np.array([[0.5, 0.3, 0.2]]), np.full(3, 1 / 3), np.array([0.6, 0.3, 0.1])
    corrected = correct_proportions(p, trained=thirds, true=true)
    assert corrected[0] == pytest.approx([0.30 / 0.41, 0.09 / 0.41, 0.02 / 0.41])
    assert correct_proportions(corrected, trained=true, true=thirds) == pytest.approx(p)
    with pytest.raises(ValueError, match="between 0 and 1"):
        correct_proportions(p, trained=np.array([0.5, 0.5, 0.0]), true=true)


def test_shares_of_0_and_1_count_as_the_targets_of_the_line_and_do_not_decide_its_slope():
    # A share of ten trees: 0 and 1 are its ends, and mean about 1 in 40 and 39 in 40.
    random = np.random.default_rng(5)
    truth = random.uniform(0.02, 0.98, size=4000)
    share = random.binomial(10, truth) / 10
    y = (random.random(4000) < truth).astype(int)
    line = calibration_.platt(y, share, ones(4000))
    low, high = 1 / ((y == 0).sum() + 2), (y.sum() + 1) / (y.sum() + 2)
    assert (line["low"], line["high"]) == (low, high)
    inside = calibration_.platt(y, np.clip(share, low, high), ones(4000))
    assert (line["slope"], line["intercept"]) == (inside["slope"], inside["intercept"])
    ends = recalibrate(np.array([0.0, 1e-12, low, 1.0]), **line)
    assert ends[0] == ends[1] == ends[2]
    assert ends[3] > 0.8
    # By the logits of 0 and 1 that floating point has, probabilities would be worth less.
    naive = dict(
        zip(
            ("slope", "intercept"),
            calibration_._line(calibration_._logit(share), np.where(y == 1, high, low), ones(4000)),
            strict=True,
        )
    )
    loss = [calibration_.log_loss(y, recalibrate(share, **each), ones(4000)) for each in (line, naive)]
    assert loss[0] < loss[1] - 0.02


def test_where_no_probability_is_0_or_1_the_line_has_no_ends():
    assert calibration_.platt(np.array([0, 1, 0]), np.array([1e-9, 0.5, 0.9]), ones(3)).keys() == {"slope", "intercept"}
