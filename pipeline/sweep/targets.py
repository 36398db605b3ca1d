"""Refuses settings of Hydra itself that would build anything but its launchers and this project's sweeper."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from hydra._internal.config_loader_impl import ConfigLoaderImpl
from omegaconf import DictConfig, ListConfig
from omegaconf.errors import OmegaConfBaseException

from pipeline.errors import InputError
from pipeline.files import CONF

LAUNCHERS = (
    "hydra._internal.core_plugins.basic_launcher.BasicLauncher",
    "hydra_plugins.hydra_joblib_launcher.joblib_launcher.JoblibLauncher",
    "hydra_plugins.hydra_ray_launcher.ray_launcher.RayLauncher",
    "hydra_plugins.hydra_submitit_launcher.submitit_launcher.LocalLauncher",
    "hydra_plugins.hydra_submitit_launcher.submitit_launcher.SlurmLauncher",
)
SWEEPERS = ("hydra_plugins.rebalance_sweeper.Resumable",)
BUILT = {"hydra.launcher._target_": LAUNCHERS, "hydra.sweeper._target_": SWEEPERS}
# Keys from which Python's logging builds objects, and those that Hydra's own settings of it have.
LOGGING = {
    "()": ("colorlog.ColoredFormatter",),
    "class": ("logging.FileHandler", "logging.StreamHandler"),
    "stream": ("ext://sys.stdout", "ext://sys.stderr"),
}

DEEPEST = 20  # levels of nodes; a reference to a node above has no end


@contextmanager
def guarded() -> Iterator[None]:
    """While it lasts, Hydra loads no settings that would build something else: it builds before it calls a task."""
    load = ConfigLoaderImpl.load_configuration

    def checked(loader: ConfigLoaderImpl, *args: Any, **options: Any) -> DictConfig:
        config = load(loader, *args, **options)
        refuse_targets(config.hydra)
        return config

    ConfigLoaderImpl.load_configuration = checked  # type: ignore[method-assign,assignment]
    try:
        yield
    finally:
        ConfigLoaderImpl.load_configuration = load  # type: ignore[method-assign]


def refuse_targets(hydra: DictConfig) -> None:
    """Raise InputError for what Hydra, or Python's logging, would build from the node `hydra`."""
    problems = []
    for key, value in _leaves(hydra, "hydra"):
        last = key.rpartition(".")[2]
        logs = key.startswith(("hydra.job_logging.", "hydra.hydra_logging."))
        allowed = BUILT.get(key, ()) if last == "_target_" else LOGGING.get(last) if logs else None
        if (allowed is not None and value not in allowed) or (logs and "://" in str(value) and allowed is None):
            expected = f"expected one of {', '.join(allowed)}" if allowed else "expected no such key"
            problems.append(f"{CONF}: {key}: {expected}, found {str(value)!r}. Leave it out.")
    if problems:
        raise InputError(problems)


def _leaves(node: DictConfig | ListConfig, above: str) -> Iterator[tuple[str, Any]]:
    """The path and the value of each setting below a node; references to other nodes are followed."""
    for key in range(len(node)) if isinstance(node, ListConfig) else list(node):
        try:
            value = node[key]
        except OmegaConfBaseException:  # what has a value only later, such as a job's number
            continue
        if isinstance(value, DictConfig | ListConfig) and above.count(".") < DEEPEST:
            yield from _leaves(value, f"{above}.{key}")
        else:
            yield f"{above}.{key}", value
