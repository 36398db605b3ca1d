"""Noise: no method can help where there is nothing to learn."""

from collections import Counter
from typing import Any

import numpy as np
import pandas as pd

from checks.declared import ROOT, settings
from checks.folded import folded, judged, table
from checks.kept import outcomes
from checks.line import Line
from pipeline import config
from pipeline.config import Config
from pipeline.fit.chains import chain
from pipeline.judge.models import across, words
from pipeline.measure.tasks import TWO_CLASSES
from pipeline.table import mountain_shop

MODELS: dict[str, dict[str, int]] = {  # small, so that they are quick
    "logistic_regression": {},
    "random_forest": {"n_estimators": 20},
    "hist_gradient_boosting": {"max_iter": 20},
}
METHODS = ("none", "random_over", "class_weight")
NOISE_LIMIT = 0.08  # of the tables: at a true error of .05 more than 16 of 200 has probability .01


def noise(seed: int, *, params: Config) -> dict[str, Any]:
    """The folds of every variant on 600 rows, 60 of them positive: labels permuted, or, for odd seeds, pure noise."""
    chains = {name: chain(params, name, TWO_CLASSES) for name in params.variants}
    return folded(_nothing(seed), "y", chains, params, seed)


def _nothing(seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    y = rng.permutation(np.repeat([0, 1], [540, 60]))
    if seed % 2:
        X = rng.normal(size=(600, 5))
    else:
        visits, _ = mountain_shop.simulate(rows=600, prevalence=0.1, seed=seed)
        X = visits[mountain_shop.COLUMNS].to_numpy(dtype=float)
    return table(X, y)


def noise_of_models(seed: int, *, params: Config) -> dict[str, Any]:
    """As `noise`, by model, of those in `MODELS` with the variants in `METHODS`."""
    rows, found = _nothing(seed), {}
    for model, given in MODELS.items():
        node = {**config.read(ROOT / "conf/model" / f"{model}.yaml"), **given, "random_state": seed, "search": None}
        of_model = params.model_copy(update={"model": node})
        found[model] = folded(rows, "y", {name: chain(of_model, name, TWO_CLASSES) for name in METHODS}, params, seed)
    return found


def check_noise_of_models(number: int = 200, **how: Any) -> Line:
    """Few decisions on noise use another model than the first, or a method."""
    made, declared = outcomes(noise_of_models, range(number), params=settings(), **how), settings().compare
    named: Counter[str] = Counter()
    for found in made.values():
        by_model = {model: each for model, each in found.items() if model in MODELS}
        seen = {(model, name): pd.DataFrame(each[name]) for model, each in by_model.items() for name in METHODS}
        said = across(
            seen,
            {model: judged(each) for model, each in by_model.items()},
            thresholds=dict.fromkeys(seen),
            declared=declared.model_dump(),
            task=TWO_CLASSES,
            failed={},
        )
        named[words((said["model"], said["variant"]))] += said["action"] == "use"
    total, most = named.total(), int(NOISE_LIMIT * number)
    which = f" ({', '.join(f'{name} {times}' for name, times in named.items() if times)})" if total else ""
    must = f"at most {most} tables name another of {len(MODELS) * len(METHODS)} pairs"
    return Line(f"noise, {number} tables, {len(MODELS)} models", must, f"{total}{which}", total <= most)


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
