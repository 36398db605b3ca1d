"""Planted gain: more genuine positives make a better model of so few rows."""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator

from checks.declared import settings
from checks.folded import folded, judged, table
from checks.kept import outcomes
from checks.line import Line
from pipeline.config import Config
from pipeline.fit.chains import chain
from pipeline.fit.steps import Steps
from pipeline.measure.tasks import TWO_CLASSES

SHIFT = np.full(250, 2.5 / np.sqrt(250))  # of the positives' mean, two and a half standard deviations in all
SPREAD = {"grid": [0.01, 0.1]}  # such small coefficients want a strong penalty


class Oracle(BaseEstimator):
    """A sampler that adds positives drawn from the truth."""

    def __init__(self, positives=600, random_state=None):
        self.positives = positives
        self.random_state = random_state

    def fit_resample(self, X, y):
        drawn = np.random.default_rng(self.random_state).normal(SHIFT, 1, (self.positives, SHIFT.size))
        more = pd.Series(1, range(self.positives), dtype=y.dtype, name=y.name)
        return pd.concat([X, pd.DataFrame(drawn, columns=X.columns)]), pd.concat([y, more])


def oracle(seed: int, *, params: Config) -> dict[str, Any]:
    """The folds without a sampler and with the oracle: 600 rows, 60 of them positive, 250 features."""
    rng = np.random.default_rng(seed)
    y = rng.permutation(np.repeat([0, 1], [540, 60]))
    X = rng.normal(size=(600, SHIFT.size)) + np.outer(y, SHIFT)
    baseline = replace(chain(params, "none", TWO_CLASSES), preprocessing=Steps())
    both = {"none": baseline, "oracle": replace(baseline, sampler=Oracle(random_state=0))}
    return folded(table(X, y), "y", both, params, seed)


def check_oracle(number: int = 50, *, params: Config | None = None, **how: Any) -> Line:
    """A gain that is there is found; beside it, how often a two-sided test would find it."""
    made = outcomes(oracle, range(number), params=params or settings(**SPREAD), **how)
    tests = [judged(found)["methods"][0] for found in made.values()]
    alpha, rope = (getattr(settings().compare, key) for key in ("alpha", "rope"))
    share = float(np.mean([test["call"] == "BETTER" for test in tests]))
    two_sided = float(np.mean([test["p_holm"] < alpha and test["mean"] > rope for test in tests]))
    gain = float(np.mean([test["mean"] for test in tests]))
    found = f"{share:.0%} (two-sided {two_sided:.0%}), average precision {gain:+.3f} on average"
    return Line(f"planted gain, {number} tables", "BETTER in at least 80 %", found, share >= 0.8)
