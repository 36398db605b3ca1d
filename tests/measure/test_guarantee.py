from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest, norm
from visitors import of_evaluate

from pipeline.measure import guarantee, thresholds
from pipeline.measure.tasks import TWO_CLASSES
from pipeline.table.weights import ones

RECALL = {"objective": "precision_at_recall", "recall_floor": 0.8, "confidence": 0.95}
PRECISION = {"objective": "recall_at_precision", "precision_floor": 0.5, "confidence": 0.95}
TABLES = 500


@dataclass
class Normals:
    """Scores of negatives are standard normal, those of positives lie `apart` higher: recall and precision are known.

    With a `step` they are rounded to its multiples, and tie.
    """

    prevalence: float
    apart: float
    rows: int
    step: float = 0.0

    def draw(self, random):
        y = (random.random(self.rows) < self.prevalence).astype(int)
        score = random.normal(self.apart * y)
        return y, np.round(score / self.step) * self.step if self.step else score

    def recall(self, threshold):
        return norm.sf(threshold - self.step / 2 - self.apart)

    def precision(self, threshold):
        true = self.prevalence * self.recall(threshold)
        return true / (true + (1 - self.prevalence) * norm.sf(threshold - self.step / 2))


@pytest.mark.parametrize("alpha", [0.05, 0.0125, 0.2])
def test_the_lower_bound_is_clopper_and_pearson_s(alpha):
    trials = 23
    found = guarantee.lower(np.arange(trials + 1), np.full(trials + 1, trials), alpha=alpha)
    # Of a two-sided interval with twice the error, the lower end has the error of one side.
    expected = [
        binomtest(successes, trials).proportion_ci(1 - 2 * alpha, method="exact").low for successes in range(trials + 1)
    ]
    assert found == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(
    ("floor", "metric", "confidence", "least"),
    # .9^29 = .047, .5^7 = .0078 (a quarter of .05 is .0125), .5^2 = .25, which is reached exactly.
    [(0.9, "recall", 0.95, 29), (0.5, "precision", 0.95, 7), (0.5, "recall", 0.75, 2)],
)
def test_fewer_trials_than_needed_show_nothing_even_if_all_succeed(floor, metric, confidence, least):
    assert guarantee.needed(floor, metric, confidence) == least


@pytest.mark.parametrize(
    ("rule", "table"),
    [
        (RECALL, Normals(prevalence=0.05, apart=2, rows=1000)),
        (RECALL, Normals(prevalence=0.3, apart=1, rows=300)),
        (PRECISION, Normals(prevalence=0.05, apart=2.5, rows=1000)),
        (PRECISION, Normals(prevalence=0.2, apart=1.5, rows=400)),
        (PRECISION, Normals(prevalence=0.2, apart=1.5, rows=400, step=0.25)),
    ],
    ids=["recall", "recall of more", "precision", "precision of more", "precision of ties"],
)
def test_the_floor_holds_in_the_population_as_often_as_stated_and_without_the_guarantee_far_less(rule, table):
    random, metric = np.random.default_rng(1), guarantee.METRICS[rule["objective"]]
    true, floor = getattr(table, metric), rule[f"{metric}_floor"]
    certified, estimated = [], []
    for _ in range(TABLES):
        y, score = table.draw(random)
        cut, found = guarantee.choose(y, score, rule)
        assert found.certified is (cut is not None)
        certified.append(np.inf if cut is None else true(cut))
        estimated.append(true(thresholds.choose(y, score, rule, weight=ones(table.rows))))
    certified, estimated = np.array(certified), np.array(estimated)
    assert np.mean(certified >= floor) >= 0.95
    assert np.mean(estimated >= floor) < 0.75
    # It is not kept by promising nothing, nor by falling far below what could be promised.
    assert np.isfinite(certified).mean() > 0.8


def positives_above(positives, negatives, low=0):
    """Scores from the highest down: `positives`, then `negatives`, of which the first `low` lie above all."""
    y = np.repeat([0, 1, 0], [low, positives, negatives - low])
    return y, np.arange(len(y))[::-1].astype(float)


def test_29_positives_show_a_recall_of_90_percent_and_28_do_not():
    rule = {**RECALL, "recall_floor": 0.9}
    y, score = positives_above(29, 40)
    # All 29 must be found. The highest threshold that does has the fewest negatives: none.
    assert guarantee.choose(y, score, rule) == (40.0, thresholds.Guarantee("recall", 0.9, 0.95, True, 29, 29))
    cut, found = guarantee.choose(*positives_above(28, 40), rule)
    assert (cut, found.certified, found.trials, found.needed) == (None, False, 28, 29)


def test_of_certified_thresholds_the_most_precise_is_chosen():
    # 45 of 50 positives show a recall of .79, and 44 don't.
    low = [binomtest(found, 50).proportion_ci(0.9, method="exact").low for found in (44, 45)]
    assert low[0] < 0.79 < low[1]
    rule = {**RECALL, "recall_floor": 0.79}
    # After 10 negatives, each positive raises precision: 50 of 60 is the best.
    y, score = positives_above(50, 40, low=10)
    assert y[score >= guarantee.choose(y, score, rule)[0]].sum() == 50
    # Above all negatives but one that stands before the last positives, fewer are more precise: 45 of 45.
    y = np.repeat([1, 0, 1, 0], [45, 9, 5, 31])
    assert y[score >= guarantee.choose(y, score, rule)[0]].sum() == 45


def by_hand(tp, alerts, floor, alpha):
    """Sequences walked step by step."""
    grid, rank = [], guarantee.needed(floor, "precision", 1 - alpha)
    while rank <= alerts[-1]:
        grid.append(next(place for place, count in enumerate(alerts) if count >= rank))
        if rank == alerts[-1]:
            break
        rank = min(int(alerts[-1]), int(np.ceil(rank * guarantee.STEP)))
    grid, safe = sorted(set(grid)), set()
    for quarter in range(guarantee.STARTS):
        for place in grid[int(quarter * len(grid) / guarantee.STARTS) :]:
            test = binomtest(int(tp[place]), int(alerts[place]), floor, alternative="greater")
            if test.pvalue > alpha / guarantee.STARTS:
                break
            safe.add(place)
    return [place in safe for place in range(len(alerts))]


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("step", [0.0, 0.25])
def test_sequences_for_precision_end_at_the_first_threshold_that_fails(seed, step):
    y, score = Normals(prevalence=0.2, apart=1.5, rows=400, step=step).draw(np.random.default_rng(seed))
    falling = np.unique(score)[::-1]
    alerts = np.array([(score >= threshold).sum() for threshold in falling])
    tp = np.array([y[score >= threshold].sum() for threshold in falling])
    found = guarantee.precision_holds(tp, alerts, 0.5, 0.05)
    assert found.tolist() == by_hand(tp, alerts, 0.5, 0.05)
    assert not found.all()


def repeated(y, score, times=3, seed=0):
    """Rows of predictions, of which later repeats have scores of their own."""
    random = np.random.default_rng(seed)
    each = [score, *(random.permutation(score) for _ in range(times - 1))]
    rows = pd.DataFrame({"y": np.tile(y, times), "score": np.concatenate(each)})
    rows["probability"] = norm.cdf(rows.score)
    return rows.set_index(np.tile(np.arange(len(y)), times))


def test_only_the_first_repeat_counts():
    y, score = Normals(prevalence=0.3, apart=2, rows=300).draw(np.random.default_rng(3))
    settings = of_evaluate(objective="precision_at_recall", recall_floor=0.8, guarantee=True)
    rows = repeated(y, score)
    cut, held = guarantee.choose(y, score, RECALL)
    chosen = TWO_CLASSES.choose(rows, settings)
    assert (chosen.score, chosen.guarantee) == (cut, held)
    estimate = TWO_CLASSES.choose(rows, settings.model_copy(update={"guarantee": False}))
    assert estimate.guarantee is None
    assert estimate.score == thresholds.choose(rows.y, rows.score, RECALL, weight=ones(len(rows))) != cut


@pytest.mark.parametrize("metric", ["recall", "precision"])
def test_without_a_certified_threshold_the_estimate_is_chosen_and_the_reason_said(metric):
    objective = {"recall": "precision_at_recall", "precision": "recall_at_precision"}[metric]
    settings = of_evaluate(objective=objective, **{f"{metric}_floor": 0.9}, guarantee=True)
    y, score = positives_above(5, 10, low=1)
    rows = repeated(y, score)
    chosen = TWO_CLASSES.choose(rows, settings)
    assert chosen.score == thresholds.choose(rows.y, rows.score, vars(settings), weight=ones(len(rows)))
    assert not chosen.guarantee.certified
    said = guarantee.sentence(chosen.guarantee._asdict())
    if metric == "recall":
        assert said.startswith(
            "With 5 positives in training, no threshold can be shown to have a recall of at least 0.9"
        )
        assert "That takes 29 positives, so t* is only an estimate" in said
    else:
        assert said.startswith("No threshold is shown to have a precision of at least 0.9 with 95% confidence, so t*")
