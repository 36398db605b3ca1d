"""The sampler and the model of a variant, built from the settings."""

from collections.abc import Sequence
from typing import Any

from pipeline.config import PARAMS, Config, variant
from pipeline.errors import InputError
from pipeline.fit import sample_weights
from pipeline.fit.build import build
from pipeline.table.classes import by_code


def sampler(config: Config, name: str, labels: Sequence[Any] | None = None) -> Any:
    """The sampler of variant `name`, unfitted; with the table's `labels` by their codes it speaks of codes."""
    node, where = variant(config, name).sampler, f"variants.{name}.sampler"
    built = build(node, where=where, method="fit_resample", trusted=config.trusted_packages)
    return _coded(built, labels, "sampling_strategy", where=where)


def model(config: Config, name: str, labels: Sequence[Any] | None = None) -> Any:
    """The model of variant `name`, unfitted: the common model with the variant's arguments over it.

    With the table's `labels`, its `class_weight` is by code.
    """
    changed = variant(config, name).model
    where = f"model with variants.{name}.model" if changed else "model"
    node = {key: value for key, value in {**config.model, **changed}.items() if key not in ("tune", "tune_for", "grid")}
    built = build(node, where=where, method="predict_proba", trusted=config.trusted_packages)
    if config.model["tune"] and "C" not in built.get_params():
        raise InputError(f"{where}: {type(built).__name__} has no C to tune. Set model.tune=false.")
    if config.model["tune"] and "C" in changed:
        raise InputError(f"variants.{name}.model.C: C is tuned for each variant. To set it, add model.tune=false.")
    return _coded(built, labels, "class_weight", where=where)


def _coded(built: Any, labels: Sequence[Any] | None, key: str, *, where: str) -> Any:
    """The estimator, whose arguments `key`, however deep, are given by label, by the codes of the labels instead."""
    if labels is None:
        return built
    asked = {path: value for path, value in built.get_params().items() if path.rpartition("__")[2] == key}
    coded = {path: by_code(value, labels, where=f"{where}.{path.replace('__', '.')}") for path, value in asked.items()}
    return built.set_params(**coded)


def refuse_unbuildable(params: Config) -> None:
    """Raise InputError for samplers and models that cannot be built, or take no weights, before any stage runs."""
    problems: dict[str, None] = {}  # a set that keeps order: all variants may share the model's problem
    built: dict[Any, dict[str, Any]] = {sampler: {}, model: {}}
    for name in params.variants:
        for make, ready in built.items():
            try:
                ready[name] = make(params, name)
            except InputError as error:
                problems |= dict.fromkeys(error.problems)
    if params.data.weight is not None:
        problems |= dict.fromkeys(sample_weights.problems(*built.values()))
    if params.data.negatives_per_positive is not None:
        problems |= dict.fromkeys(sample_weights.without_intercept(built[model]))
    if problems:
        raise InputError(f"{PARAMS}: {problem}" for problem in problems)
