"""The sweeper that resumes an interrupted sweep; Hydra looks for plugins in this package."""

from dataclasses import dataclass
from typing import Any

from hydra.core.config_store import ConfigStore
from hydra.plugins.sweeper import Sweeper
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig


@dataclass
class ResumableConfig:
    """`hydra/sweeper=resumable`; it takes no settings."""

    _target_: str = "hydra_plugins.rebalance_sweeper.Resumable"


ConfigStore.instance().store(group="hydra/sweeper", name="resumable", node=ResumableConfig, provider="rebalance")


class Resumable(Sweeper):
    """Gives the runs that aren't finished to Hydra's launcher, several in a job; see `pipeline.sweep`."""

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        """Keep what the launcher needs."""
        self.config, self._context, self._task = config, hydra_context, task_function

    def sweep(self, arguments: list[str]) -> Any:
        """Run the sweep with the overrides in `arguments`."""
        from pipeline.sweep.drive import start

        assert self.config is not None
        start(arguments, self.config, self._context, self._task)
