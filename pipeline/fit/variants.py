"""The sampler and the model of a variant, built from the settings."""

from collections.abc import Mapping, Sequence
from typing import Any

from pipeline.config import PARAMS, REPLACE, Config, candidates, left_out, model_of, variant
from pipeline.errors import InputError, nearest
from pipeline.fit import sample_weights
from pipeline.fit.build import build, check, class_of, defaults
from pipeline.fit.resampling import identity
from pipeline.fit.steps import steps
from pipeline.formatting import arguments
from pipeline.table.classes import by_code

WEIGHTS = "class_weight"
STOPPING = ("early_stopping", "n_iter_no_change")  # arguments that turn it on


def sampler(config: Config, name: str, labels: Sequence[Any] | None = None) -> Any:
    """The sampler of variant `name`, unfitted; with the table's `labels` by their codes it speaks of codes."""
    node, where = variant(config, name).sampler, f"variants.{name}.sampler"
    built = build(node, where=where, method="fit_resample", trusted=config.trusted_packages)
    return _coded(built, labels, "sampling_strategy", where=where)


def model(config: Config, name: str, labels: Sequence[Any] | None = None) -> Any:
    """The model of variant `name`, unfitted: the common model with the variant's arguments over it.

    With the table's `labels`, its `class_weight` is by code. Where the class has no such argument, the variant's goes
    to an estimator inside of it, such as the one that a calibrator fits, and else to the rows: see `row_weights`.
    """
    changed = {key: value for key, value in variant(config, name).model.items() if key != REPLACE}
    own, whole = f"variants.{name}.model", model_of(config, name)
    where = f"model with {own}" if changed else "model"
    node = node_of(whole)
    outer = WEIGHTS in defaults(class_of(node, where=where, trusted=config.trusted_packages))
    given = {key: value for key, value in node.items() if outer or key != WEIGHTS or key not in changed}
    built = build(given, where=where, method="predict_proba", trusted=config.trusted_packages)
    if WEIGHTS in changed and not outer:
        built.set_params(**dict.fromkeys(_paths(built, WEIGHTS), changed[WEIGHTS]))
        _refuse_deaf(built, name=name, leave=left_out(config, name))
    _refuse_search(
        built, whole, candidates(config, name), {**dict.fromkeys(whole, "model"), **dict.fromkeys(changed, own)}
    )
    if not identity(sampler(config, name)):
        _refuse_early_stopping(built, where=where)
    return _coded(built, labels, WEIGHTS, where=where)


def node_of(whole: Mapping[str, Any]) -> dict[str, Any]:
    """The constructor call of a model without what is searched."""
    return {key: value for key, value in whole.items() if key not in ("search", "tune_for")}


def row_weights(config: Config, name: str, built: Any, labels: Sequence[Any]) -> Any:
    """The `class_weight` of variant `name`, by code, if its rows must carry it since its model has no such argument."""
    asked = variant(config, name).model.get(WEIGHTS)
    if asked is None or _paths(built, WEIGHTS):
        return None
    return by_code(asked, labels, where=f"variants.{name}.model.{WEIGHTS}")


def _paths(built: Any, key: str) -> list[str]:
    """The arguments of this name, of an estimator and of those inside of it."""
    return [path for path in built.get_params() if path.rpartition("__")[2] == key]


def is_deaf(built: Any) -> bool:
    """Whether a model has no argument `class_weight`, not even inside, and takes no weights of rows either."""
    from sklearn.utils.validation import has_fit_parameter

    return not _paths(built, WEIGHTS) and not has_fit_parameter(built, "sample_weight")


def _refuse_deaf(built: Any, *, name: str, leave: str) -> None:
    """Raise InputError for a model that can't be weighted."""
    if is_deaf(built):
        raise InputError(
            f"variants.{name}.model.{WEIGHTS}: expected a model that accepts {WEIGHTS} or sample_weight, found "
            f"{type(built).__name__}. Choose another model, or leave out the variant: {leave}."
        )


def _refuse_early_stopping(built: Any, *, where: str) -> None:
    """Raise InputError for a model that holds some of its rows out by itself, to see when to stop.

    They are resampled rows: among those that it fits are their copies, and rows that were made from them.
    """
    given, (first, second) = built.get_params(), STOPPING
    expected = dict.fromkeys(_paths(built, first), "false")
    # Where a class has both arguments, the second is about the rows that it fits.
    alone = (path for path in _paths(built, second) if f"{path.removesuffix(second)}{first}" not in given)
    for path, off in {**expected, **dict.fromkeys(alone, "null")}.items():
        if given[path] not in (None, False):
            raise InputError(
                f"{where}.{path.replace('__', '.')}: expected {off}, because early stopping would check the model on "
                f"copies of rows that it was fitted to, found {given[path]}. Turn it off."
            )


def _refuse_search(
    built: Any, node: Mapping[str, Any], search: Sequence[Mapping[str, Any]], wheres: Mapping[str, str]
) -> None:
    """Raise InputError for values to search that the model doesn't take, or that are given as well.

    Parameters
    ----------
    built, node
        The model, and its constructor call.
    search
        All candidates.
    wheres
        By key of the node, where it is set.
    """
    from sklearn.base import clone

    known, where, problems = built.get_params(), f"{wheres.get('search', 'model')}.search", []
    for key in search[0] if search else ():
        if key not in known:
            kind = type(built).__name__
            problems.append(f"{where}.{key} is not an argument of {kind}; {nearest(key, known)}")
        elif key in node and known[key] != (usual := defaults(type(built)).get(key)):
            problems.append(
                f"{wheres[key]}.{key}: expected {usual}, because {where} chooses {key} for each variant, found "
                f"{known[key]}. To set it, add {where}=null."
            )
    if problems:
        raise InputError(problems)
    for candidate in search:
        check(clone(built).set_params(**candidate), where=f"{where} with {arguments(candidate)}")


def _coded(built: Any, labels: Sequence[Any] | None, key: str, *, where: str) -> Any:
    """The estimator, whose arguments `key`, however deep, are given by label, by the codes of the labels instead."""
    if labels is None:
        return built
    given = built.get_params()
    coded = {
        path: by_code(given[path], labels, where=f"{where}.{path.replace('__', '.')}") for path in _paths(built, key)
    }
    return built.set_params(**coded)


def refuse_unbuildable(params: Config) -> None:
    """Raise InputError for samplers and models that cannot be built, or take no weights, before any stage runs."""
    problems: dict[str, None] = {}  # a set that keeps order: all variants may share the model's problem
    built: dict[Any, dict[str, Any]] = {sampler: {}, model: {}}
    try:
        steps(params.preprocess, params.trusted_packages)
    except InputError as error:
        problems |= dict.fromkeys(error.problems)
    for name in params.variants:
        for make, ready in built.items():
            try:
                ready[name] = make(params, name)
            except InputError as error:
                problems |= dict.fromkeys(error.problems)
    how: dict[str, Any] = {"leave": {name: left_out(params, name) for name in params.variants}}
    how["own"] = [name for name, each in params.variants.items() if each.model.get(REPLACE)]
    if params.data.weight is not None:
        problems |= dict.fromkeys(sample_weights.problems(*built.values(), **how))
    if params.data.negatives_per_positive is not None:
        problems |= dict.fromkeys(sample_weights.without_intercept(built[model], **how))
    if problems:
        raise InputError(f"{PARAMS}: {problem}" for problem in problems)
