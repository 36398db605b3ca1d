"""Builds samplers and models, and nothing else, from `_target_` and arguments."""

import importlib
import inspect
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from pipeline.errors import InputError, nearest
from pipeline.files import EXTENSIONS

OWN = ("pipeline", EXTENSIONS.name)  # folders of the project whose changes stages notice
# Arguments that are folders or files from which an estimator reads pickles, which run code.
PICKLES = ("cache_dir", "cachedir", "memory", "snapshot_file")


def build(node: Mapping[str, Any], *, where: str, method: str, trusted: Sequence[str]) -> Any:
    """The object that a `_target_` node describes; nested nodes are built too.

    Only classes of estimators and samplers from the packages in `trusted` are built: `_target_` must not become a
    way to call any function.

    Parameters
    ----------
    node
        `_target_` and the arguments of its constructor.
    where
        The node's place in the configuration, for errors.
    method
        What the object must be able to do: `fit_resample` or `predict_proba`.
    trusted
        Names of packages.

    Raises
    ------
    InputError
        The class is unknown, not allowed, lacks `method`, or does not take these arguments.
    """
    result = _build(node, where=where, trusted=trusted)
    if not hasattr(result, method):
        raise InputError(f"{where}: expected a class with {method}, found {node['_target_']}. Choose another class.")
    return result


def class_of(node: Mapping[str, Any], *, where: str, trusted: Sequence[str]) -> Any:
    """The class that a `_target_` node names; parameters and errors as for `build`."""
    from sklearn.base import BaseEstimator
    from sklearn.model_selection import BaseCrossValidator

    target = node.get("_target_")
    if not isinstance(target, str) or "." not in target:
        raise InputError(f"{where}._target_: expected the full name of a class, found {target!r}. Write package.Class.")
    if target.partition(".")[0] not in trusted:
        raise InputError(
            f"{where}._target_: expected a class from {', '.join(trusted)}, found {target}. "
            "If you trust its package, add it to trusted_packages."
        )
    module, _, name = target.rpartition(".")
    _refuse_own_folders(target, where=where, trusted=trusted)
    try:
        there = importlib.import_module(module)
        _refuse_local(there, target, where=where)
        found = getattr(there, name)
    except ImportError:
        raise InputError(
            f"{where}._target_: {target} can't be imported. Correct the name, or install its package."
        ) from None
    except AttributeError:
        public = [each for each in vars(there) if each[0] != "_"]
        raise InputError(f"{where}._target_: {module} has no {name}; {nearest(name, public)}") from None
    if not (inspect.isclass(found) and issubclass(found, BaseEstimator | BaseCrossValidator)):
        raise InputError(f"{where}._target_: expected the class of an estimator or a sampler, found {target}.")
    return found


def defaults(found: Any) -> dict[str, Any]:
    """The arguments of a class, with their defaults; `inspect.Parameter.empty` where there is none."""
    return {name: each.default for name, each in inspect.signature(found).parameters.items()}


def _build(node: Mapping[str, Any], *, where: str, trusted: Sequence[str]) -> Any:
    found = class_of(node, where=where, trusted=trusted)
    known = defaults(found)
    unknown = [key for key in node if key != "_target_" and key not in known]
    if unknown:
        name = found.__name__
        raise InputError([f"{where}.{key} is not an argument of {name}; {nearest(str(key), known)}" for key in unknown])
    arguments = {key: value for key, value in node.items() if key != "_target_"}
    for key, value in arguments.items():
        arguments[key] = _inside(value, where=f"{where}.{key}", trusted=trusted)
    try:
        built: Any = found(**arguments)
    except (TypeError, ValueError) as error:  # a TypeError: an argument that must be given, or an abstract class
        raise InputError(f"{where}: {error}") from None
    check(built, where=where)
    return built


def _inside(value: Any, *, where: str, trusted: Sequence[str]) -> Any:
    """An argument, in which nodes are built, also those in lists, such as the steps of a pipeline."""
    if isinstance(value, Mapping) and "_target_" in value:
        return _build(value, where=where, trusted=trusted)
    if isinstance(value, list):
        return [_inside(each, where=f"{where}[{place}]", trusted=trusted) for place, each in enumerate(value)]
    return value


def check(built: Any, *, where: str) -> None:
    """Raise InputError if an argument has a wrong type, is out of its range, or is one from which pickles are read."""
    given = built.get_params() if hasattr(built, "get_params") else {}  # a splitter has none
    for path, value in given.items():
        if value is not None and path.rpartition("__")[2] in PICKLES:
            raise InputError(
                f"{where}.{path.replace('__', '.')}: expected null, because pickles are read from there, and a pickle "
                f"can run any code, found {value!r}. Leave it out."
            )
    if not hasattr(built, "_parameter_constraints"):  # which a class of the user's own may lack
        return
    try:
        built._validate_params()  # scikit-learn's and imbalanced-learn's check, before any row
    except ValueError as error:
        raise InputError(f"{where}: {error}") from None


def _refuse_own_folders(target: str, *, where: str, trusted: Sequence[str]) -> None:
    """Raise InputError for trusted folders of this project but `OWN`, before an import runs what is there."""
    there = [name for name in trusted if name not in OWN and (Path(name).is_dir() or Path(f"{name}.py").is_file())]
    if target.partition(".")[0] in there:
        raise _beside(Path(*target.split(".")[:-1]).with_suffix(".py").absolute(), target, where=where)
    if there:
        raise InputError(
            f"trusted_packages: expected installed packages, and of this project's folders only {' and '.join(OWN)}, "
            f"found {', '.join(there)}. Move your code to {EXTENSIONS}/, and leave out {there[0]}."
        )


def _refuse_local(module: ModuleType, target: str, *, where: str) -> None:
    """Raise InputError for a module whose changes nobody would notice: it's neither installed nor in extensions/."""
    file = getattr(module, "__file__", None)
    if file is None or module.__name__.partition(".")[0] in OWN:
        return
    if not {"site-packages", "dist-packages"} & set(Path(file).parts):
        raise _beside(Path(file), target, where=where)


def _beside(file: Path, target: str, *, where: str) -> InputError:
    return InputError(
        f"{where}._target_: {target} is in {file}. There, changes would go unnoticed, and results become stale. "
        f"Move the file to {EXTENSIONS}/, and write {EXTENSIONS}.{target}."
    )
