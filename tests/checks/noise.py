"""Noise: no method can help where there is nothing to learn."""

from collections import Counter
from typing import Any

import numpy as np

from checks.declared import settings
from checks.folded import folded, judged, table
from checks.kept import outcomes
from checks.line import Line
from pipeline.config import Config
from pipeline.fit.chains import chain
from pipeline.measure.tasks import TWO_CLASSES
from pipeline.table import mountain_shop

NOISE_LIMIT = 0.08  # of the tables: at a true error of .05 more than 16 of 200 has probability .01


def noise(seed: int, *, params: Config) -> dict[str, Any]:
    """The folds of every variant on 600 rows, 60 of them positive: labels permuted, or, for odd seeds, pure noise."""
    rng = np.random.default_rng(seed)
    y = rng.permutation(np.repeat([0, 1], [540, 60]))
    if seed % 2:
        X = rng.normal(size=(600, 5))
    else:
        visits, _ = mountain_shop.simulate(rows=600, prevalence=0.1, seed=seed)
        X = visits[mountain_shop.COLUMNS].to_numpy(dtype=float)
    chains = {name: chain(params, name, TWO_CLASSES) for name in params.variants}
    return folded(table(X, y), "y", chains, params, seed)


def check_noise(number: int = 200, *, repeats: int | None = None, **how: Any) -> Line:
    """Few verdicts on noise recommend a method, whether folds are repeated as conf/ says or `repeats` times."""
    made = outcomes(noise, range(number), params=settings(repeats=repeats), **how)
    said = [judged(found) for found in made.values()]
    named = Counter(each["variant"] for each in said if each["action"] == "rebalance")
    total, most = sum(named.values()), int(NOISE_LIMIT * number)
    which = f" ({', '.join(f'{name} {times}' for name, times in named.items())})" if named else ""
    grades = Counter(each["evidence"] for each in said)
    found = f"{total}{which}; {', '.join(f'{grade} {times}' for grade, times in sorted(grades.items()))}"
    check = f"noise, {number} tables" if repeats is None else f"noise, {number} tables, {repeats} repeats"
    return Line(check, f"at most {most} tables name a method", found, total <= most)
