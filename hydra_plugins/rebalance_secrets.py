"""Stops `dvc exp run` at a secret: DVC loads this folder's plugins before it composes conf/ and writes params.yaml."""

import sys
from collections.abc import Iterator, Sequence


def overrides(words: Sequence[str]) -> Iterator[str]:
    """The `KEY=VALUE` in a command line of DVC, which takes `-S KEY=VALUE`, `-SKEY=VALUE` and `-S FILE:KEY=VALUE`."""
    for word in words:
        key, equals, value = word.removeprefix("--set-param=").removeprefix("-S").partition("=")
        if equals:
            yield f"{key.rpartition(':')[2]}={value}"


if "dvc.utils.hydra" in sys.modules:  # else `pipeline` itself refuses, wherever it composes
    from omegaconf import OmegaConf

    from pipeline.compose import refuse_secrets, refuse_variable
    from pipeline.errors import run

    run(lambda: refuse_secrets(list(overrides(sys.argv[1:]))))
    OmegaConf.register_new_resolver("oc.env", lambda name, *_: run(lambda: refuse_variable(name)), replace=True)
