"""The settings that a command with keys of its own works on."""

from omegaconf import OmegaConf

from pipeline.compose import CONF, compose
from pipeline.config import Config, Own, check, load, own
from pipeline.fit.variants import refuse_unbuildable


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
