"""Mirror null: each learner sees one of two halves of the features that can be exchanged, so that neither is better."""

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import expit

from checks.declared import settings
from checks.folded import RANKING, table
from checks.kept import outcomes
from checks.line import Line
from pipeline.config import Config
from pipeline.fit import chains, folds, splits
from pipeline.measure.statistics import correlated
from pipeline.measure.tasks import TWO_CLASSES
from pipeline.table import weights

MIRROR = (0.02, 0.09)  # share of rejections at alpha .05


def halves(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Features, shape (600, 8), whose columns 0 to 3 and 4 to 7 mean the same, and labels, about 10 % positive."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(600, 8))
    return X, (rng.random(600) < expit(-3.1 + X @ np.tile([0.8, -0.6, 0.4, 0.0], 2))).astype(int)


def mirror(seed: int, *, params: Config) -> dict[str, Any]:
    """By metric, p of the difference between two logistic regressions, one a half: see `_p`."""
    X, y = halves(seed)
    chain = chains.chain(params, "none", TWO_CLASSES)
    scores: dict[str, list[np.ndarray]] = {metric: [] for metric in RANKING}
    how = {"folds": 5, "repeats": params.evaluate.repeats, "seed": seed, "weight": weights.ones(len(y))}
    for columns in (slice(0, 4), slice(4, 8)):
        seen = folds.out_of_fold(table(X[:, columns], y), target="y", chain=chain, **how).predictions
        for metric, score in RANKING.items():
            each = [
                score(rows.y.to_numpy(), rows.probability.to_numpy(), weights.of(rows))
                for _, rows in seen.groupby(["repeat", "fold"])
            ]
            scores[metric].append(np.array(each))
    return {metric: _p(one - other) for metric, (one, other) in scores.items()}


def mirror_of_means(seed: int) -> dict[str, Any]:
    """As `mirror`, with the difference of the class means as direction: quick."""
    X, y = halves(seed)
    differences = []
    for _, _, fit, held in splits.splits(pd.Series(y), folds=5, repeats=10, seed=seed):
        direction = X[fit][y[fit] == 1].mean(axis=0) - X[fit][y[fit] == 0].mean(axis=0)
        scores = (X[held, half] @ direction[half] for half in (slice(0, 4), slice(4, 8)))
        # ROC AUC as Mann and Whitney count it; no two scores are equal.
        one, other = ((score[y[held] == 1, None] > score[y[held] == 0]).mean() for score in scores)
        differences.append(one - other)
    return {"roc_auc": _p(np.array(differences))}


def _p(differences: np.ndarray) -> dict[str, float]:
    """P-values: two-sided with and without the correction, and one-sided that the first, or the second, is better."""
    how = {"rope": 0.0, "alpha": 0.05}
    corrected, mirrored = (correlated(sign * differences, test_over_train=1 / 4, **how) for sign in (1, -1))
    plain = correlated(differences, test_over_train=0.0, **how)
    return {"corrected": corrected.p, "plain": plain.p, "first": corrected.p_better, "second": mirrored.p_better}


def rejections(made: Iterable[dict[str, Any]], metric: str, test: str = "corrected") -> float:
    """The share of tables whose p-value is below .05."""
    return float(np.mean([found[metric][test] < 0.05 for found in made]))


def check_mirror(number: int = 200, **how: Any) -> Line:
    """The corrected t-test rejects about as often as it says where neither of two learners is better."""
    made = list(outcomes(mirror, range(number), params=settings(search=None), **how).values())
    low, high = MIRROR
    words, holds = [], True
    for metric in RANKING:
        two_sided, plain = (rejections(made, metric, test) for test in ("corrected", "plain"))
        one_sided = (rejections(made, metric, "first") + rejections(made, metric, "second")) / 2
        holds &= low <= two_sided <= high and low <= one_sided <= high
        words.append(f"{metric} {two_sided:.1%} (one-sided {one_sided:.1%}, without the correction {plain:.1%})")
    must = f"rejects in {low:.0%} to {high:.0%}, on either metric, two-sided and one-sided"
    return Line(f"mirror null, {number} tables", must, ", ".join(words), holds)
