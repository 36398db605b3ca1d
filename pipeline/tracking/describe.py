"""A run's settings, metrics and commit, as flat names and values."""

import re
import subprocess
from collections.abc import Mapping
from typing import Any

from pipeline import config
from pipeline.config import Config
from pipeline.tracking.runs import metric_name

DIGITS = 6  # significant digits of a metric: MLflow shows all it gets
UNNAMED = ("threshold_free", "intervals")  # levels of metrics.json that add nothing to a metric's name
NOT_METRICS = ("coefficients", "intercept", "matrix", "tuning")  # these describe a model, not how good it is


def flat_params(nested: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    """Each setting as text by its dotted key, the key that `dvc exp run -S` takes.

    Where columns or classes have names that MLflow doesn't take in a key, the setting of all of them is one text.
    """
    flat: dict[str, str] = {}
    for key, value in nested.items():
        if isinstance(value, Mapping) and value and all(re.fullmatch(r"\w[\w.-]*", str(name)) for name in value):
            flat |= flat_params(value, f"{prefix}{key}.")
        else:
            flat[f"{prefix}{key}"] = str(value)
    return flat


def flat_metrics(nested: Mapping[str, Any], *above: str) -> dict[str, float]:
    """The numbers by names like `holdout/default/recall`, rounded; intervals as `_low` and `_high`; nulls left out.

    Parameters
    ----------
    nested
        The content of metrics.json, or a level of it.
    above
        Names of the levels above.
    """
    flat: dict[str, float] = {}
    named: dict[str, int] = {}  # MLflow accepts one name for both classes a<b and a>b
    for key, value in nested.items():
        if key in NOT_METRICS:
            continue
        named[metric_name(key)] = again = named.get(metric_name(key), 0) + 1
        key = key if again == 1 else f"{key}_{again}"
        if isinstance(value, Mapping):
            flat |= flat_metrics(value, *above, *(() if key in UNNAMED else (key,)))
        elif isinstance(value, list):
            ends = zip(("low", "high"), value, strict=False)
            flat |= flat_metrics({f"{key}_{end}": number for end, number in ends}, *above)
        elif isinstance(value, int):
            flat[metric_name(*above, key)] = int(value)
        elif isinstance(value, float):
            flat[metric_name(*above, key)] = float(f"{value:.{DIGITS}g}")
    return flat


def settings(params: Config, name: str | None = None) -> dict[str, str]:
    """The settings that results depend on: those of variant `name`, or without a name those that all variants share."""
    shared = {key: getattr(params, key).model_dump() for key in ("data", "split", "preprocess", "evaluate")}
    model, sampler = dict(params.model), {}
    if name is not None:
        chosen = config.variant(params, name)
        model |= chosen.model
        sampler = {"sampler": chosen.sampler}
    return flat_params({"seed": params.seed, **shared, "model": model, **sampler})


def git_tags() -> dict[str, str]:
    """Tags with the commit and whether code or configuration differ from it; empty outside a git repository."""
    watched = ("pipeline", "conf", "dvc.yaml", "params.yaml", "requirements.lock")
    try:
        commit, changes = (
            subprocess.run(["git", *arguments], capture_output=True, text=True, check=True).stdout.strip()
            for arguments in (["rev-parse", "HEAD"], ["status", "--porcelain", "--", *watched])
        )
    except (OSError, subprocess.CalledProcessError):
        return {}
    return {"git_commit": commit, "git_changed": str(bool(changes)).lower(), "mlflow.source.git.commit": commit}
