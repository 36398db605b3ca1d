"""Composes conf/ into params.yaml, and checks settings before anything runs."""

import os
from collections.abc import Sequence

from omegaconf import OmegaConf

from pipeline.compose import compose, refuse_differences
from pipeline.config import Config, check, read
from pipeline.config.secrets import problems
from pipeline.errors import InputError
from pipeline.files import PARAMS, say, write_text
from pipeline.fit.variants import refuse_unbuildable

# DVC keeps what it has run in git, in objects that no branch shows.
CLEAN = (
    "To remove the secret: take it out of conf/, run `rebalance configure`, which writes params.yaml anew, and amend "
    "commits that have it. If DVC has run with it, its copies are in git and in .dvc/tmp: `dvc exp list --name-only` "
    "names experiments and `dvc exp remove NAME` removes one; then run `rm -rf .dvc/tmp/exps`, "
    "`git reflog expire --expire=now --all` and `git gc --prune=now`. Change the secret where it is used, too."
)


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
    if found := [f"{PARAMS}: {line}" for _, line in problems(raw)]:
        raise InputError([*found, CLEAN])
    # Under `dvc exp run`, DVC has just composed params.yaml, with the user's own overrides in it.
    if "DVC_EXP_NAME" not in os.environ:
        refuse_differences(raw, OmegaConf.to_container(OmegaConf.create(compose([]))))
    params = check(raw)
    refuse_unbuildable(params)
    return params
