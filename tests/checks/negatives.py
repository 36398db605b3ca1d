"""Samples of the negatives: how much more the slope of a rare class varies than with all rows, and calibration."""

from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from scipy.integrate import quad
from scipy.special import expit
from scipy.stats import norm
from sklearn.linear_model import LogisticRegression

from checks.declared import settings
from checks.kept import outcomes
from checks.line import Line
from pipeline.fit import models
from pipeline.measure.metrics import average_precision
from pipeline.table import ingest, negatives, weights

SLOPES = (0.0, 0.5, 1.0)
POSITIVES = 200  # expected
PREVALENCE = 0.01
PER_POSITIVE = 10


def sampled(seed: int, *, slope: float) -> dict[str, Any]:
    """The slope fitted on all rows and on the sample, and what the latter predicts of the positives of all rows."""
    rng, rows = np.random.default_rng(seed), round(POSITIVES / PREVALENCE)
    x = rng.normal(size=rows)
    y = (rng.random(rows) < expit(np.log(PREVALENCE) - slope**2 / 2 + slope * x)).astype(int)
    how = {"target": "y", "negatives_per_positive": PER_POSITIVE, "positive": 1}
    table = ingest.accept(
        negatives.sampled(pd.DataFrame({"x": x, "y": y}), data := settings().data.model_copy(update=how)), data
    )
    weight, code = weights.of(table.roles), table.data.y
    every = LogisticRegression(C=np.inf).fit(x[:, None], y)
    model, _ = models.train(table.data[["x"]].to_numpy(), code, LogisticRegression(C=np.inf), weight, negatives=True)
    told = model.predict_proba(x[:, None])[:, 1].sum()
    return {
        "all": every.coef_.item(),
        "sample": model.coef_.item(),
        "told": told.item(),
        "positives": int(y.sum()),
        # Of the true ranking, so that only the rows differ.
        "precision_of_all": average_precision(y, x, weights.ones(rows)),
        "precision_of_sample": average_precision(code.to_numpy(), table.data.x.to_numpy(), weight),
    }


def expected(slope: float) -> float:
    """The slope's variance with a sample of the negatives over that with all of them, where positives are rare.

    The information in each positive is E[z z' / (1 + c r(x))] over positives, where z is (1, x), c the positives for
    each negative, and r the ratio of both classes' densities, N(slope, 1) and N(0, 1): Wang, Zhang & Wang 2021.
    """

    def variance(share: float) -> float:
        def moment(power: int) -> float:
            ratio = partial(_density_ratio, slope=slope)
            return quad(lambda x: norm.pdf(x, slope) * x**power / (1 + share * ratio(x)), -10, 12)[0]

        information = np.array([[moment(0), moment(1)], [moment(1), moment(2)]])
        return float(np.linalg.inv(information)[1, 1])

    return variance(1 / PER_POSITIVE) / variance(PREVALENCE)


def _density_ratio(x: float, *, slope: float) -> float:
    return float(np.exp(slope * x - slope**2 / 2))


def check_negatives(number: int = 2000, *, within: float = 0.05, **how: Any) -> Line:
    """A sample of the negatives costs the slope as much as the closed form says, and no calibration."""
    found, holds = [], True
    for slope in SLOPES:
        made = pd.DataFrame(outcomes(sampled, range(number), slope=slope, **how).values())
        ratio, told = made["sample"].var() / made["all"].var(), made.told.sum() / made.positives.sum()
        precision = made.precision_of_sample.mean() / made.precision_of_all.mean()
        found.append(
            f"slope {slope:g}: {ratio:.3f} (closed form {expected(slope):.3f}), calibration {told:.3f}, average "
            f"precision {precision:.2f} times"
        )
        holds &= abs(ratio - expected(slope)) <= within and abs(told - 1) <= 0.02
    return Line(
        f"{PER_POSITIVE} negatives per positive, {number:,} tables of {POSITIVES / PREVALENCE:,.0f} rows a slope",
        f"the slope's variance over that with all rows is the closed form's within {within:g}; predicted over observed "
        "positives of all rows .98 to 1.02; average precision of the sample is shown, relative to that of all rows",
        "; ".join(found),
        bool(holds),
    )
