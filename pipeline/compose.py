"""Composes conf/ with Hydra, and compares params.yaml with it."""

from collections.abc import Mapping
from typing import Any

from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError

from pipeline.errors import InputError
from pipeline.files import CONF, PARAMS


def compose(overrides: list[str], *, name: str = "config") -> str:
    """The text of params.yaml for these Hydra overrides, as `dvc exp run -S` writes it, or of conf/`name`.yaml."""
    from hydra import compose as hydra_compose
    from hydra import initialize_config_dir
    from hydra.errors import HydraException

    try:
        with initialize_config_dir(str(CONF.absolute()), version_base=None):
            config = hydra_compose(name, overrides=overrides)
        OmegaConf.resolve(config)
    except (HydraException, OmegaConfBaseException, YAMLError) as error:
        quoted = [
            f'. Put a name with letters beyond ASCII in quotes: {key}="{value}"'
            for key, _, value in (override.partition("=") for override in overrides)
            if not value.isascii() and '"' not in value
        ]
        raise InputError(f"{CONF}: {error}{''.join(quoted[:1])}") from None
    return OmegaConf.to_yaml(config)


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
        return [f"{prefix}: not in {PARAMS}, in {CONF} {theirs!r}"]
    if type(theirs) is object:
        return [f"{prefix}: in {PARAMS} {ours!r}, not in {CONF}"]
    return [] if ours == theirs else [f"{prefix}: in {PARAMS} {ours!r}, in {CONF} {theirs!r}"]


def refuse_differences(params: Any, composed: Any) -> None:
    """Raise InputError if `params` isn't what conf/ composes to, with the keys and the command that composes."""
    if lines := differences(params, composed):
        how = "Write it with `rebalance configure`, or use `dvc exp run`, which writes it before it runs."
        raise InputError([f"{PARAMS} differs from {CONF}/. {how}", *lines])
