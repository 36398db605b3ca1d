"""Simulates visits to a mountain-sports shop with a known probability of buying for every row."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from pipeline.config import SIMULATED_TARGET

COLUMNS = ["time_on_page", "pages_viewed", "interest_ski", "interest_climb"]
TARGET = SIMULATED_TARGET


@dataclass(frozen=True)
class Visitors:
    """Distribution of one class: two rounded normals and two coin flips, all independent."""

    time_mean: float  # seconds
    time_sd: float
    pages_mean: float
    pages_sd: float  # before rounding, which adds a variance of 1/12
    ski: float  # probability
    climb: float


# By class, from the article's table, where pages have a standard deviation of .58 and .60 after rounding.
CLASSES = (
    Visitors(178.2, 60.4, 1.97, 0.50, 0.37, 0.37),
    Visitors(247.1, 64.8, 2.92, 0.53, 0.50, 0.90),
)


def simulate(*, rows: int, prevalence: float, seed: int) -> tuple[pd.DataFrame, pd.Series]:
    """Visits in random order, and the true probability that each visitor buys.

    Parameters
    ----------
    rows
        Number of visits.
    prevalence
        Fraction of buyers, in (0, 1): `round(rows * prevalence)` visitors buy.
    seed
        Seed of numpy's default generator.

    Returns
    -------
    table
        Shape (rows, 5): `COLUMNS` and `TARGET`; the last three are int64, the others float64.
    truth
        Shape (rows,): P(buy = 1 | features), probability.
    """
    rng = np.random.default_rng(seed)
    buy = np.zeros(rows, dtype=np.int64)
    buy[: round(rows * prevalence)] = 1
    rng.shuffle(buy)
    mean, sd, pages, pages_sd, ski, climb = (
        np.array([getattr(c, field) for c in CLASSES])[buy]
        for field in ("time_mean", "time_sd", "pages_mean", "pages_sd", "ski", "climb")
    )
    table = pd.DataFrame(
        {
            # + 0.0 turns -0.0 into 0.0
            "time_on_page": np.round(rng.normal(mean, sd)) + 0.0,
            "pages_viewed": np.round(rng.normal(pages, pages_sd)).clip(0) + 0.0,
            "interest_ski": (rng.random(rows) < ski).astype(np.int64),
            "interest_climb": (rng.random(rows) < climb).astype(np.int64),
            TARGET: buy,
        }
    )
    return table, probability(table, prevalence=buy.mean())


def probability(table: pd.DataFrame, *, prevalence: float) -> pd.Series:
    """P(buy = 1 | features) by Bayes' theorem, shape (n,).

    Parameters
    ----------
    table
        Holds `COLUMNS`.
    prevalence
        P(buy = 1), in (0, 1).
    """
    log_likelihood = [_log_likelihood(table, visitors) for visitors in CLASSES]
    log_odds = np.log(prevalence) - np.log1p(-prevalence) + log_likelihood[1] - log_likelihood[0]
    return pd.Series(1 / (1 + np.exp(-log_odds)), index=table.index, name="probability")


def _log_likelihood(table: pd.DataFrame, visitors: Visitors) -> Any:
    from scipy.stats import norm

    def rounded(values: np.ndarray, mean: float, sd: float) -> Any:
        # P(v - .5 < Z <= v + .5), computed in the lower tail, where no digits are lost.
        low, high = (values - 0.5 - mean) / sd, (values + 0.5 - mean) / sd
        flip = low > 0
        low, high = np.where(flip, -high, low), np.where(flip, -low, high)
        below: np.ndarray = norm.logcdf(high)
        return below + np.log1p(-np.exp(norm.logcdf(low) - below))

    def coin(values: np.ndarray, p: float) -> Any:
        return np.where(values == 1, np.log(p), np.log1p(-p))

    time, pages, ski, climb = (table[column].to_numpy(dtype=float) for column in COLUMNS)
    none_viewed = norm.logcdf((0.5 - visitors.pages_mean) / visitors.pages_sd)  # clipping moves values below 0 to 0
    return (
        rounded(time, visitors.time_mean, visitors.time_sd)
        + np.where(pages == 0, none_viewed, rounded(pages, visitors.pages_mean, visitors.pages_sd))
        + coin(ski, visitors.ski)
        + coin(climb, visitors.climb)
    )
