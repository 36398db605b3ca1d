"""Verdicts on tables whose answer is known: they take minutes."""

from pathlib import Path

import numpy as np
import pytest
from omegaconf import OmegaConf

from pipeline import config
from pipeline.fit import chains, run
from pipeline.fit.folds import refit
from pipeline.judge.action import judge
from pipeline.measure import evaluation
from pipeline.measure.tasks import TWO_CLASSES
from pipeline.table import mountain_shop
from pipeline.table.weights import ones

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]


def settings():
    """Everything as conf/ has it."""
    return OmegaConf.to_container(OmegaConf.load(ROOT / "params.yaml"))


def test_a_table_where_weights_help_says_so(shared):
    # The gland's hormones act by thresholds, which one plane fits better where both classes weigh the same.
    params = config.check(
        {
            **settings(),
            "data": {
                **settings()["data"],
                "name": "thyroid",
                "path": str(shared / "ann_thyroid.csv"),
                "target": "target",
                "simulation": None,
            },
        }
    )
    made = {name: run.run(params, name) for name in ("none", "class_weight")}
    said = judge(
        {name: result.folds for name, result in made.items()},
        thresholds={name: result.metrics["holdout"]["tuned"]["threshold"] for name, result in made.items()},
        primary="roc_auc",
        rope=0.01,
        alpha=0.05,
    )
    assert (said["action"], said["variant"]) == ("rebalance", "class_weight")
    assert said["methods"][0]["mean"] == pytest.approx(0.02, abs=0.01)


def test_labels_that_mean_nothing_name_no_method():
    table, _ = mountain_shop.simulate(rows=600, prevalence=0.1, seed=1)
    named = 0
    for seed in range(8):
        shuffled = table.assign(buy=np.random.default_rng(seed).permutation(table.buy)).astype({"buy": "int8"})
        shuffled = shuffled.rename_axis("row_id")
        raw = settings()
        params = config.check({**raw, "seed": seed, "evaluate": {**raw["evaluate"], "repeats": 3}})
        folded = {}
        for name in ("none", "random_under", "smote", "class_weight"):
            chain = chains.chain(params, name, TWO_CLASSES)
            how = {"settings": params.evaluate, "seed": seed, "weight": ones(600)}
            refitted = refit(shuffled, target="buy", chain=chain, **how)
            folded[name] = evaluation.by_fold(TWO_CLASSES, refitted, params.evaluate)
        how = {"primary": "average_precision", "rope": 0.01, "alpha": 0.05}
        named += judge(folded, thresholds=dict.fromkeys(folded), **how)["action"] == "rebalance"
    # At an error of .05 a table, two or more of eight have probability .06: seeds are fixed, so this is no lottery.
    assert named <= 1
