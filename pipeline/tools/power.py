"""What a table can show: how far bounds lie, the minimum detectable difference, and the rows it needs."""

from dataclasses import dataclass
from math import sqrt

import numpy as np

from pipeline.judge.action import POWER
from pipeline.measure.statistics import minimum_detectable, reach, rows_needed

AIM = 2  # times the ROPE: the difference that a table should be able to show


@dataclass(frozen=True)
class Expected:
    """What a table can show.

    Attributes
    ----------
    rows
        Of the table.
    kind
        The rarer class: positive or negative.
    rare, training_rare
        Its rows in the table, and among these the training rows.
    folds, repeats
        Of the verdict; folds below 2 are none.
    simulated_rows
        Of each simulated table.
    errors
        By method, shape (tables,): standard errors of its difference from `none`, in the primary metric's unit, for
        the table's own rows of that class and the configured repeats. Empty without folds.
    family
        Number of methods, over which p-values are adjusted.
    rope, alpha
        As declared.
    """

    rows: int
    kind: str
    rare: int
    training_rare: int
    folds: int
    repeats: int
    simulated_rows: int
    errors: dict[str, np.ndarray]
    family: int
    rope: float
    alpha: float

    @property
    def df(self) -> int:
        """Degrees of freedom of the verdict's test."""
        return self.folds * self.repeats - 1

    @property
    def reaches(self) -> np.ndarray:
        """How far the lower bound lies below a method's gain, shape (tables,): means over methods, adjusted for all."""
        return np.array([reach(error, self.df, alpha=self.alpha / self.family) for error in self._errors])

    @property
    def reach(self) -> float:
        """The mean of `reaches`."""
        return float(self.reaches.mean())

    @property
    def reach_error(self) -> float:
        """Two standard errors of `reach`, as only so many tables are simulated."""
        return float(2 * self.reaches.std(ddof=1) / sqrt(self.reaches.size))

    @property
    def minimum_detectable_difference(self) -> float:
        """The smallest true difference that is called BETTER with 80% power, at Holm's first step."""
        return self._detectable(self.rope)

    @property
    def rows_needed(self) -> int | None:
        """Rows of the rarer class that the table needs to show AIM times the ROPE; None without a ROPE.

        Standard errors shrink with the root of these rows.
        """
        if self.rope == 0:
            return None
        if self.minimum_detectable_difference <= AIM * self.rope:
            return self.rare
        # At AIM times the ROPE significance is the harder condition, as t[1 - alpha] is above t[power].
        return rows_needed(self.rare, shrinking=AIM * self.rope / self._detectable(0.0))

    @property
    def _errors(self) -> np.ndarray:
        """Shape (tables,): means over methods."""
        return np.asarray(np.mean(list(self.errors.values()), axis=0))

    def _detectable(self, rope: float) -> float:
        error, alpha = float(self._errors.mean()), self.alpha / self.family
        return minimum_detectable(error, self.df, alpha=alpha, power=POWER, rope=rope)
