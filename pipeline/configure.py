"""Composes conf/ into params.yaml, and stops a `dvc repro` whose params.yaml is out of step with conf/."""

import argparse
import os

from omegaconf import OmegaConf

from pipeline.compose import compose, configure
from pipeline.config import PARAMS, check, read
from pipeline.errors import run
from pipeline.files import say, write_text
from pipeline.fit.variants import refuse_unbuildable


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
