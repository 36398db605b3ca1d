"""How often the folds are repeated."""

from math import sqrt
from typing import Literal

from pipeline.measure.statistics import inflation, reach

# Repeats: beyond MOST, bounds hardly narrow; after FEW they are within a fifth of that, which is enough of MANY rows.
MOST, FEW, MANY = 10, 3, 100_000
SPREAD = 35.0  # of a difference between folds, in ROPEs, times the root of a fold's rarest rows: benchmarks/repeats.py
NARROW = 0.5  # half-width, in ROPEs, that more repeats need not narrow
ALPHA = 0.05 / 5  # error of a bound, Holm-adjusted for five methods


def repetitions(asked: int | Literal["auto"], *, rows: int, rare: int, folds: int) -> int:
    """How often the folds are repeated; `auto` looks at counts alone, never at results.

    It is the fewest repeats after which a bound is expected within half a ROPE of the estimate, else `MOST`, or of
    `MANY` rows `FEW`. More of them lower the variance of Nadeau & Bengio's mean to at best 1 / (K - 1) and add degrees
    of freedom: with 5 folds, bounds after one are twice as far as after ten, after three 1.18 times.

    Parameters
    ----------
    asked
        `evaluate.repeats`.
    rows, rare
        Training rows, all and of the rarest class.
    folds
        From 2.
    """
    if asked != "auto":
        return asked
    most = FEW if rows > MANY else MOST
    spread = SPREAD / sqrt(rare / folds)

    def distance(repeats: int) -> float:
        number = folds * repeats
        return reach(spread * sqrt(inflation(number, 1 / (folds - 1))), number - 1, alpha=ALPHA)

    return next((repeats for repeats in range(1, most) if distance(repeats) <= NARROW), most)
