"""Wilson's interval has about its nominal coverage."""

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.stats import binom

from checks.line import Line
from pipeline.measure.proportions import wilson


def least_coverage(interval: Callable[[int, int], tuple[float, float]], trials: int) -> tuple[float, float]:
    """The least coverage of a binomial interval for proportions in [.05, .95], and where: counted exactly."""
    limits = np.array([interval(successes, trials) for successes in range(trials + 1)])
    # Coverage jumps at a limit and bends little between two: both sides of each, and a grid.
    ends = limits[(limits > 0.05) & (limits < 0.95)]
    proportions = np.sort(np.concatenate([np.linspace(0.05, 0.95, 901), ends - 1e-9, ends + 1e-9]))
    chances = binom.pmf(np.arange(trials + 1)[:, None], trials, proportions)
    inside = (limits[:, :1] <= proportions) & (proportions <= limits[:, 1:])
    coverage = (chances * inside).sum(axis=0)
    return float(coverage.min()), float(proportions[coverage.argmin()])


def wald(successes: int, trials: int) -> tuple[float, float]:
    """The textbook's interval, which covers too little."""
    p = successes / trials
    half = 1.959964 * (p * (1 - p) / trials) ** 0.5
    return p - half, p + half


def check_wilson(**how: Any) -> Line:
    """Wilson's interval has about its nominal coverage."""
    least, where = least_coverage(lambda successes, trials: wilson(successes, trials, confidence=0.95), 15)
    textbook, _ = least_coverage(wald, 15)
    found = f"{least:.4f} at p = {where:.3f} (the textbook's {textbook:.2f})"
    return Line("Wilson at n = 15, p in [.05, .95]", "covers at least .91", found, least >= 0.91)
