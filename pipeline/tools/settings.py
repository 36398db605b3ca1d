"""The settings of a command that has its own keys."""

from collections.abc import Sequence

from omegaconf import OmegaConf

from pipeline.compose import compose
from pipeline.config import Config, Kind, check, checked, load
from pipeline.files import CONF
from pipeline.fit.variants import refuse_unbuildable


def settings_of(kind: type[Kind], overrides: Sequence[str]) -> tuple[Config, Kind]:
    """The configuration that a command works on, and the command's own keys.

    Parameters
    ----------
    kind
        The type of these keys, named like the command: conf/COMMAND.yaml has their values.
    overrides
        Hydra's. If any sets a key that is not the command's own, conf/ is composed; else params.yaml holds as it is.

    Raises
    ------
    InputError
        They can't be used.
    """
    command = kind.__name__.lower()
    composed = OmegaConf.to_container(OmegaConf.create(compose(list(overrides), name=command)))
    assert isinstance(composed, dict)
    path = CONF / f"{command}.yaml"
    give = f"rebalance {command}"
    keys = checked(kind, composed.pop(command), path=path, give=give, under=command)
    others = [override for override in overrides if not override.lstrip("+~").startswith(f"{command}.")]
    params = check(composed, path=path, give=give) if others else load()
    refuse_unbuildable(params)
    return params, keys
