"""A run's settings, metrics and commit, as flat names and values."""

import re
import subprocess
from collections.abc import Iterator, Mapping
from typing import Any

from pipeline import config
from pipeline.config import Config
from pipeline.tracking.runs import metric_name

DIGITS = 6  # significant digits of a metric: MLflow shows all it gets
# Levels of metrics.json, and what names begin with there: short, since MLflow's pages cut long ones. In their order
# there, the alphabet's, the verdict's `folds` come first.
NAMES = {
    ("holdout",): ("test",),
    ("holdout", "threshold_free"): ("test",),
    ("holdout", "classes"): ("test",),
    ("holdout", "default"): ("untuned",),
    ("holdout", "tuned"): ("tuned",),
    ("probabilities", "raw"): ("test",),  # some of these `threshold_free` has, too: the same numbers
    ("probabilities", "prior_corrected"): ("prior",),
    ("probabilities", "platt"): ("platt",),
    ("probabilities", "isotonic"): ("isotonic",),
    ("probabilities", "corrections", "platt"): ("trained", "platt"),
    ("probabilities", "corrections", "trained"): ("trained", "proportions"),
    ("probabilities", "corrections", "true"): ("training", "proportions"),
    ("model",): ("trained",),
    ("model", "best_params"): ("trained",),
    ("model", "trained_proportions"): ("trained", "proportions"),
}
UNNAMED = ("intervals", "classes")  # levels that add nothing to a name
LEFT_OUT = (  # levels of a size that MLflow's pages have no room for
    ("model", "coefficients"),
    ("model", "intercept"),
    ("model", "tuning"),
    ("probabilities", "corrections", "isotonic"),
    ("holdout", "default", "matrix"),
    ("holdout", "tuned", "matrix"),
)
FACTS = (("training",), ("model",), ("probabilities", "corrections"))  # levels that don't measure how good a model is
CONSTANT = ("rows", "positives", "prevalence", "support")  # numbers of `holdout` that all variants have in common


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


def metrics_of(content: Mapping[str, Any]) -> dict[str, float]:
    """How good a model is: the numbers of metrics.json that measure it, by names like `test/roc_auc`, rounded.

    Ends of intervals are `_low` and `_high`; nulls are left out.
    """
    return {
        metric_name(*name): int(value) if isinstance(value, int) else rounded(value)
        for place, name, value in _numbers(content)
        if not _is_fact(place)
    }


def facts_of(content: Mapping[str, Any]) -> dict[str, str]:
    """The other numbers of metrics.json, as text: row counts, prevalence, what was fitted and whether it converged.

    MLflow has them as parameters, so that its charts of metrics show only what tells models apart.
    """
    return {
        metric_name(*name): f"{value:.{DIGITS}g}" if isinstance(value, float) else str(value)
        for place, name, value in _numbers(content)
        if _is_fact(place)
    }


def rounded(value: float) -> float:
    """A number as MLflow gets it."""
    return float(f"{value:.{DIGITS}g}")


def _is_fact(place: tuple[str, ...]) -> bool:
    """Whether a number of metrics.json is no measure of a model."""
    constant = place[0] == "holdout" and (place[-1] in CONSTANT or place[1:] == ("default", "threshold"))
    return constant or any(place[: len(level)] == level for level in FACTS)


def _numbers(
    nested: Mapping[str, Any], place: tuple[str, ...] = (), name: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], tuple[str, ...], float]]:
    """Each number of a level of metrics.json: the keys that lead to it, the parts of its name, and itself."""
    named: dict[str, int] = {}  # MLflow accepts one name for both classes a<b and a>b
    for key, value in nested.items():
        if (here := (*place, key)) in LEFT_OUT:
            continue
        named[metric_name(key)] = again = named.get(metric_name(key), 0) + 1
        own = (*name, key if again == 1 else f"{key}_{again}")
        if isinstance(value, Mapping):
            yield from _numbers(value, here, NAMES.get(here, name if key in UNNAMED else own))
        elif isinstance(value, list):
            for end, number in zip(("low", "high"), value, strict=False):
                if number is not None:
                    yield here, (*name, f"{own[-1]}_{end}"), number
        elif isinstance(value, (int, float)):
            yield here, own, value


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
