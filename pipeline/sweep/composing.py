"""Composes the settings of many runs."""

import copy
import re
from collections.abc import Sequence

from hydra.core.config_loader import ConfigLoader
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf, open_dict
from omegaconf.errors import OmegaConfBaseException

from pipeline.errors import InputError
from pipeline.files import CONF

# A setting that is missing in one of the choices that are swept over, or there in one though it's to be added.
NOT_EVERYWHERE = re.compile(r"(full_key: |An item is already at ')(?P<key>[\w.]+)")


class Composer:
    """Composes the settings of many runs; each choice of groups goes through Hydra only once, because that is slow.

    Parameters
    ----------
    loader, master
        Hydra's, for the sweep.
    """

    def __init__(self, loader: ConfigLoader, master: DictConfig) -> None:
        self._loader, self._master = loader, master
        self._composed: dict[tuple[str, ...], tuple[DictConfig, str]] = {}
        self._groups: dict[str, bool] = {}

    def __call__(self, overrides: Sequence[str]) -> tuple[DictConfig, str]:
        """The settings that Hydra composes from these overrides, see `of_run`, and the name of the variant.

        Raises
        ------
        InputError
            Hydra refuses the overrides.
        """
        parsed = OverridesParser.create().parse_overrides(list(overrides))
        parsed = [override for override in parsed if not override.key_or_group.startswith("sweep.")]
        refuse_variants(overrides)
        values = [override for override in parsed if self._sets_a_value(override)]
        groups = tuple(str(override.input_line) for override in parsed if override not in values)
        try:
            if groups not in self._composed:
                whole = self._loader.load_sweep_config(self._master, list(groups))
                name = str(whole.hydra.runtime.choices["variant"])
                self._composed[groups] = of_run(whole), name
            composed, name = copy.deepcopy(self._composed[groups])
            for override in values:  # Hydra, too, does this after it has composed all groups
                OmegaConf.update(composed, override.key_or_group, override.value(), merge=True)
        except (HydraException, OmegaConfBaseException) as error:
            if found := NOT_EVERYWHERE.search(str(error)):
                raise InputError(_not_everywhere(found["key"], error, self._choices(parsed, found["key"]))) from None
            raise InputError(f"{CONF}: {' '.join(overrides)}: {one_line(error)}") from None
        return composed, name

    def _choices(self, parsed: Sequence[Override], key: str) -> str:
        """The choice among overrides that a setting depends on, as typed, or else all of them."""
        made = {each.key_or_group: str(each.input_line) for each in parsed if self._groups.get(each.key_or_group)}
        return made.get(key.partition(".")[0], " ".join(made.values()))

    def _sets_a_value(self, override: Override) -> bool:
        if override.is_add() or override.is_delete() or override.is_force_add() or override.package:
            return False
        key = override.key_or_group
        if key not in self._groups:
            self._groups[key] = bool(self._loader.get_group_options(key))
        return not self._groups[key]


def _not_everywhere(key: str, error: Exception, choices: str) -> str:
    """What to do where some of a sweep's choices have a setting and others don't."""
    has = "is not a setting" if isinstance(error, OmegaConfBaseException) else "is a setting already"
    return f"{key} {has} with {choices}. To set it whether it's there or not, write ++{key}=..."


def refuse_variants(overrides: Sequence[str]) -> None:
    """Raise InputError for settings of the variants that DVC compares: a run would ignore them."""
    if given := [override for override in overrides if override.lstrip("+~").startswith("variants.")]:
        raise InputError(f"{given[0]}: a run has only one variant. Set it with variant=NAME and variant.KEY=VALUE.")


def of_run(composed: DictConfig) -> DictConfig:
    """The settings of a run: without those of Hydra, of the sweep, and of the variants that DVC compares."""
    with open_dict(composed):
        for key in ("hydra", "sweep", "variants"):
            composed.pop(key, None)
    return composed


def one_line(error: BaseException) -> str:
    """An error and its cause on one line."""
    cause = error.__cause__
    text = " ".join(str(error).split()) or type(error).__name__
    return f"{text} {' '.join(str(cause).split())}" if isinstance(cause, OmegaConfBaseException) else text
