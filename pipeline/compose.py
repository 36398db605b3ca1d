"""Composes conf/ with Hydra, and compares params.yaml with it."""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NoReturn

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException
from omegaconf.resolvers import oc
from yaml import YAMLError, safe_load

from pipeline.config.secrets import in_overrides, without_secrets
from pipeline.errors import InputError, nearest, set_param
from pipeline.files import CONF, PARAMS

NO_PRESET = "none"  # the file of conf/experiment that changes nothing
# The line of conf/config.yaml that names the preset with which every command starts.
IN_USE = re.compile(r'^( +- experiment: )("?)([\w-]+)\2', re.MULTILINE)


def compose(overrides: Sequence[str], *, name: str = "config") -> str:
    """The text of params.yaml for these Hydra overrides, as `dvc exp run -S` writes it, or of conf/`name`.yaml."""
    config = unresolved(overrides, name=name)[0]
    with no_environment():
        return OmegaConf.to_yaml(config, resolve=True)


@contextmanager
def no_environment() -> Iterator[None]:
    """In which references are resolved; those to environment variables are refused.

    Their values would be written to files, and published.

    Raises
    ------
    InputError
        A reference leads to such a variable, or nowhere.
    """
    OmegaConf.register_new_resolver("oc.env", refuse_variable, replace=True)
    try:
        yield
    except OmegaConfBaseException as error:
        cause: BaseException | None = error
        while cause and not isinstance(cause, InputError):
            cause = cause.__cause__ or cause.__context__
        if cause:
            raise InputError(f"{CONF}: {error.full_key}: {cause}") from None
        raise InputError(f"{CONF}: {' '.join(str(error).split())}") from None
    finally:
        OmegaConf.register_new_resolver("oc.env", oc.env, replace=True)  # which Hydra's own settings may have


def refuse_variable(name: str, *_: Any) -> NoReturn:
    """Raise InputError: what a reference to an environment variable resolves to."""
    raise InputError(
        f"expected a value, found ${{oc.env:{name}}}, which would be written to params.yaml. Write the value itself. "
        "For a secret, write $NAME in data.url or data.sql.url, or data.sql.url_env=NAME."
    )


def refuse_secrets(overrides: Sequence[str]) -> None:
    """Raise InputError for overrides with a secret, before they are parsed: Hydra's errors repeat them."""
    if found := in_overrides(overrides):
        raise InputError(found)


def unresolved(overrides: Sequence[str], *, name: str = "config") -> tuple[DictConfig, dict[str, str]]:
    """What conf/`name`.yaml composes to with these overrides, its references as they stand, and the choice by group."""
    from hydra import compose as hydra_compose
    from hydra import initialize_config_dir
    from hydra.errors import HydraException

    refuse_secrets(overrides)
    asked = from_no_preset(overrides)
    try:
        with initialize_config_dir(str(CONF.absolute()), version_base=None):
            config = hydra_compose(name, overrides=asked, return_hydra_config=True)
    except (HydraException, OmegaConfBaseException, YAMLError) as error:
        raise InputError(respelled(overrides) or explained(error, name, overrides)) from None
    choices = {group: choice for group, choice in config.hydra.runtime.choices.items() if "hydra/" not in group}
    return OmegaConf.masked_copy(config, [str(key) for key in config if key != "hydra"]), choices


def explained(error: Exception, name: str, overrides: Sequence[str]) -> str:
    """Hydra's error in a sentence: an unknown setting, an unknown choice of a group, or the error as it is."""
    text = " ".join(str(error).split())
    chosen = [each for each in overrides if re.fullmatch(r"(model|data)=\w+", each)]  # which have keys of their own
    if found := re.search(r"Could not find '([\w/]+)/([^'/]+)' Available options in '[\w/]+': ([\w ]+?) Config", text):
        group, choice, options = found.groups()
        return f"{group} has no choice {choice!r}; {nearest(choice, options.split())}"
    if found := re.match(r"Could not override '([^']+)'", text):
        key = found[1]
        config, choices = unresolved([f"experiment={NO_PRESET}", *chosen], name=name)
        known = list(dict.fromkeys([*choices, *_keys(OmegaConf.to_container(config))]))
        above = key.rpartition(".")[0]
        if key == "model.tune":
            return (
                f"{key} is not a setting in {CONF}/; to use the model's arguments as they are, write model.search=null"
            )
        advice = ""
        if key in known:  # a search of other arguments
            return f"{key}: to search other arguments than those in {CONF}/, write '~{key}' '+{key}=...'"
        if above in known and re.search(r"(^|\.)(sampler|model)(\.|$)", above):  # arguments that conf/ doesn't list
            advice = f" To add an argument, write +{key}=..."
        return f"{key} is not a setting in {CONF}/; {nearest(key, known)}{advice}"
    if found := re.match(r"Could not append to config. An item is already at '([^']+)'", text):
        return (
            f"{found[1]} is in {CONF}/ already. Write {found[1]}=... without +, or ++{found[1]}=... where only some "
            "choices have it."
        )
    if found := re.match(r"Could not delete '([^']+)'", text):
        choices = unresolved([f"experiment={NO_PRESET}"], name=name)[1]
        return f"~{found[1]}: there is no such choice to leave out; {nearest(found[1], choices)}"
    return f"{CONF}: {text}"


def _keys(settings: Any, above: str = "") -> Iterator[str]:
    """The paths of all settings in nested mappings."""
    if isinstance(settings, Mapping):
        for key, value in settings.items():
            yield f"{above}{key}"
            yield from _keys(value, f"{above}{key}.")


def in_use() -> str | None:
    """The preset that conf/config.yaml names, with which every command starts; None if it names none."""
    found = IN_USE.search((CONF / "config.yaml").read_text(encoding="utf-8"))
    return found[3] if found and found[3] not in (NO_PRESET, "null") else None


def from_no_preset(overrides: Sequence[str]) -> list[str]:
    """The overrides; those that name another table leave out the preset in use, which is about its own table."""
    # Hydra takes null as the choice of a group in a file only.
    asked = [f"experiment={NO_PRESET}" if each == "experiment=null" else each for each in overrides]
    keys = [each.partition("=")[0] for each in asked]
    leave = "data" in keys and "experiment" not in keys and in_use() is not None
    return [*asked, *([f"experiment={NO_PRESET}"] if leave else [])]


def respelled(overrides: Sequence[str], *, sweep: bool = False) -> str:
    """The error, and the right spelling, for the first override that Hydra's grammar can't read; empty without one."""
    from hydra.core.override_parser.overrides_parser import OverridesParser
    from hydra.errors import HydraException

    parser = OverridesParser.create()
    for override in overrides:
        key, _, value = override.partition("=")
        try:
            if not parser.parse_override(override).is_sweep_override() or sweep:
                continue
        except HydraException:
            pass
        try:
            meant = safe_load(value) if value[:1] in ("[", "{") else value
        except YAMLError:
            if not value[-1].isalnum():  # a list that isn't closed, and no text such as {a}.csv
                example = set_param("data.drop", ["Price [EUR]"])
                return f"{override}: Hydra can't read this. Close all brackets, and quote names such as in {example}."
            meant = value
        if isinstance(meant, Mapping):
            meant = {str(name): each for name, each in meant.items()}
        return (
            f"{override}: Hydra can't read this, because of its special characters. Quote them: {set_param(key, meant)}"
        )
    return ""


def differences(ours: Any, theirs: Any, prefix: str = "") -> list[str]:
    """A line for each key in which params.yaml, `ours`, differs from the composition of conf/, `theirs`."""
    if isinstance(ours, Mapping) and isinstance(theirs, Mapping):
        keys = list(dict.fromkeys([*theirs, *ours]))
        missing = object()
        return [
            line
            for key in keys
            for line in differences(
                ours.get(key, missing), theirs.get(key, missing), f"{prefix}.{key}" if prefix else str(key)
            )
        ]
    if type(ours) is object:
        return [f"{prefix}: missing in {PARAMS}, {without_secrets(theirs)!r} in {CONF}"]
    if type(theirs) is object:
        return [f"{prefix}: {without_secrets(ours)!r} in {PARAMS}, missing in {CONF}"]
    shown, other = without_secrets([ours, theirs])
    return [] if ours == theirs else [f"{prefix}: {shown!r} in {PARAMS}, {other!r} in {CONF}"]


def refuse_differences(params: Any, composed: Any) -> None:
    """Raise InputError if `params` isn't what conf/ composes to, with the keys and the command that composes."""
    if lines := differences(params, composed):
        how = "Update it with `rebalance configure`, or use `dvc exp run`, which updates it first. Differences:"
        raise InputError([f"{PARAMS} differs from {CONF}/. {how}", *lines])
