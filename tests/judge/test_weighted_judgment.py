from dataclasses import replace

import numpy as np
import pandas as pd
from cuts import at
from weighted import RULES, alike, folded, holdout, repeated, visits, without_counts

from pipeline.judge import comparison, cost_map, equivalence
from pipeline.judge.sentences import judged_rows
from pipeline.measure import scores, thresholds
from pipeline.measure.evaluation import Folded
from pipeline.measure.tasks import TWO_CLASSES
from pipeline.table import weights


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
    theirs = holdout(y[again], truth[again].to_numpy(), weights.ones(len(again)), tuned=at(ours["tuned"]["threshold"]))
    assert alike(without_counts(ours), without_counts(theirs))
    actual = np.repeat([1, 0], len(again))
    chances = truth[np.repeat(test.index[::-1], weight.astype(int))].to_numpy()
    expected = np.concatenate([chances, 1 - chances])
    cut = thresholds.choose(actual, scores.from_probability(np.tile(chances, 2)), RULES[0], weight=expected)
    assert ours["tuned"]["threshold_score"] == cut


def test_rows_that_stand_for_others_are_told_with_their_number():
    cells = {"tn": 59460.4, "fp": 0.0, "fn": 500.0, "tp": 42.0}
    assert judged_rows({"rows": 5955, "default": cells}, 0.3) == "5,955 test rows, which stand for 60,002"
    assert judged_rows({"rows": 100, "default": {"tn": 90, "fp": 2, "fn": 3, "tp": 5}}, 0) == "100 out-of-fold rows"
    assert judged_rows({"rows": 100, "default": {"classes": {}}}, 0.3) == "100 test rows"
