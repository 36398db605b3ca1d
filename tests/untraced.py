"""Hydra without coverage's tracer, which on Python 3.11 doubles its time though it has no line of ours to count."""

import sys
from functools import wraps

from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra.core.override_parser.overrides_parser import OverridesParser


def untraced(function):
    """The function, with no tracer while it runs."""

    @wraps(function)
    def run(*args, **kwargs):
        tracer = sys.gettrace()
        sys.settrace(None)
        try:
            return function(*args, **kwargs)
        finally:
            sys.settrace(tracer)

    return run


def untrace_hydra():
    """Let Hydra parse and compose without a tracer: nothing of `pipeline` runs meanwhile."""
    for kind, names in (
        (ConfigLoaderImpl, ("load_configuration", "load_sweep_config")),
        (OverridesParser, ("parse_override", "parse_overrides")),
    ):
        for name in names:
            setattr(kind, name, untraced(getattr(kind, name)))
