"""Composes conf/ into params.yaml, and stops a `dvc repro` whose params.yaml is out of step with conf/."""

import argparse
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError

from pipeline import weights
from pipeline.config import PARAMS, Config, Own, check, load, model, own, read, sampler
from pipeline.errors import InputError, run
from pipeline.files import say, write_text

CONF = Path("conf")


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
        mends = [
            f': a name with letters beyond ASCII goes in quotes: {key}="{value}"'
            for key, _, value in (override.partition("=") for override in overrides)
            if not value.isascii() and '"' not in value
        ]
        raise InputError(f"{CONF}: {error}{''.join(mends[:1])}") from None
    return OmegaConf.to_yaml(config)


def asked(kind: type[Own], overrides: list[str]) -> tuple[Config, Own]:
    """What a command with keys of its own, those of `kind`, works on: the configuration, and these keys.

    Parameters
    ----------
    kind
        A dataclass named like the command: conf/`command`.yaml has its values, below the command's name.
    overrides
        Hydra's. If any is of a key that is not the command's, conf/ is composed; else params.yaml holds as it lies.

    Raises
    ------
    InputError
        They cannot be used.
    """
    command = kind.__name__.lower()
    composed = OmegaConf.to_container(OmegaConf.create(compose(overrides, name=command)))
    assert isinstance(composed, dict)
    path = CONF / f"{command}.yaml"
    keys = own(kind, composed.pop(command), command=command, path=path)
    others = [override for override in overrides if not override.lstrip("+~").startswith(f"{command}.")]
    params = check(composed, path=path, give=f"python -m pipeline.{command}") if others else load()
    refuse_unbuildable(params)
    return params, keys


def differences(ours: Any, theirs: Any, prefix: str = "") -> list[str]:
    """A line for each key that two nested mappings do not share, `ours` being the one to mend."""
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


def configure(params: Any, composed: Any) -> None:
    """Check that `params` is what conf/ composes to.

    Raises
    ------
    InputError
        They differ; the message names the keys and the command that composes.
    """
    lines = differences(params, composed)
    if lines:
        mend = "write it anew with `python -m pipeline.configure`, or run `dvc exp run`, which composes by itself"
        raise InputError([f"{PARAMS} is out of step with {CONF}/: {mend}", *lines])


def refuse_unbuildable(params: Config) -> None:
    """Raise InputError for samplers and models that cannot be built, or take no weights, before any stage runs."""
    problems: dict[str, None] = {}  # a set that keeps order: all variants may share the model's problem
    built: dict[Any, dict[str, Any]] = {sampler: {}, model: {}}
    for name in params.variants:
        for build, ready in built.items():
            try:
                ready[name] = build(params, name)
            except InputError as error:
                problems |= dict.fromkeys(error.problems)
    if params.data.weight is not None:
        problems |= dict.fromkeys(weights.problems(*built.values()))
    if problems:
        raise InputError(f"{PARAMS}: {problem}" for problem in problems)


def main() -> None:
    """Write params.yaml, or with --check compare it with conf/."""
    parser = argparse.ArgumentParser(prog="python -m pipeline.configure", description=__doc__)
    parser.add_argument(
        "overrides",
        nargs="*",
        metavar="key=value",
        help="Hydra overrides, such as variants.smote.sampler.k_neighbors=3",
    )
    parser.add_argument("--check", action="store_true", help=f"compare {PARAMS} with conf/, write nothing")
    arguments = parser.parse_args()
    if not arguments.check:
        text = compose(arguments.overrides)
        refuse_unbuildable(check(OmegaConf.to_container(OmegaConf.create(text))))
        write_text(PARAMS, text)
        say(f"{PARAMS} is written")
        return
    params = read(PARAMS)
    # Under `dvc exp run`, DVC has just composed params.yaml, with the user's own overrides in it.
    if "DVC_EXP_NAME" not in os.environ:
        composed = OmegaConf.to_container(OmegaConf.create(compose([])))
        configure(params, composed)
    refuse_unbuildable(check(params))


if __name__ == "__main__":
    run(main)
