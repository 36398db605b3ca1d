"""Composes conf/ into params.yaml, and checks settings before anything runs."""

import os
from collections.abc import Sequence

from omegaconf import OmegaConf

from pipeline.compose import compose, refuse_differences
from pipeline.config import Config, check, read
from pipeline.files import PARAMS, say, write_text
from pipeline.fit.variants import refuse_unbuildable


def run(overrides: Sequence[str]) -> int:
    """Write params.yaml from conf/ and these Hydra overrides.

    Raises
    ------
    InputError
        The settings can't be used; params.yaml stays as it was.
    """
    text = compose(list(overrides))
    params = check(OmegaConf.to_container(OmegaConf.create(text)), give="rebalance configure")
    refuse_unbuildable(params)
    write_text(PARAMS, text)
    say(f"{params.data.name}: {PARAMS} is written")
    return 0


def checked_params() -> Config:
    """The settings in params.yaml, with everything checked that needs no table.

    Raises
    ------
    InputError
        They can't be used, or `dvc repro` would run other settings than those in conf/.
    """
    raw = read(PARAMS)
    # Under `dvc exp run`, DVC has just composed params.yaml, with the user's own overrides in it.
    if "DVC_EXP_NAME" not in os.environ:
        refuse_differences(raw, OmegaConf.to_container(OmegaConf.create(compose([]))))
    params = check(raw)
    refuse_unbuildable(params)
    return params
