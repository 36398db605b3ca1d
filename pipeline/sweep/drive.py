"""Runs a sweep: plans it, launches what is missing, reports."""

import os
import shlex
import sys
from collections.abc import Callable
from dataclasses import asdict
from math import ceil
from pathlib import Path
from typing import Any

from omegaconf import DictConfig

from pipeline.config import Config
from pipeline.errors import InputError
from pipeline.files import digest, write
from pipeline.fit import code
from pipeline.sweep import results
from pipeline.sweep.composing import one_line, own, refuse_variants
from pipeline.sweep.planning import plan, planned_runs, together
from pipeline.sweep.report import conclude, report
from pipeline.sweep.results import Planned, Sweep
from pipeline.sweep.watch import Watch
from pipeline.sweep.worker import in_turn, work
from pipeline.tracking.describe import git_tags

JOBS = 16  # that a sweep has at least, if it has as many runs, so that cores share it


class Interrupted(Exception):
    """The sweep was stopped before all its runs were tried; the message says by what."""


def job(composed: DictConfig) -> None:
    """What Hydra runs: a batch of a sweep's runs in one process, or, without --multirun, one run from end to end."""
    from hydra.core.hydra_config import HydraConfig

    if composed.sweep.job:
        os.chdir(HydraConfig.get().runtime.cwd)  # Ray's workers begin where their node was started
        work(Path(composed.sweep.job))
        return
    refuse_variants(HydraConfig.get().overrides.task)
    settings, name = composed.sweep, str(HydraConfig.get().runtime.choices["variant"])
    planned = plan(own(composed), name, axes={}, code=code.code())
    drive([planned], axes={}, settings=settings, launch=in_turn, at_once=True)


def drive(
    runs: list[Planned],
    *,
    axes: dict[str, list[str]],
    settings: DictConfig,
    launch: Callable[[list[Path]], Any],
    at_once: bool,
) -> None:
    """Make what is not there of `runs`, publish, report.

    Parameters
    ----------
    runs
        Without doubles.
    axes
        Keys that are varied, and their values.
    settings
        `sweep` in the configuration.
    launch
        Makes the jobs at these paths.
    at_once
        Whether one process makes them all: then they are one job.

    Raises
    ------
    InputError
        The sweep is running already.
    SystemExit
        With status 1, when a run has failed or is missing.
    """
    tables = list(dict.fromkeys(planned.settings["data"]["name"] for planned in runs))
    name = "".join(c if c.isalnum() or c in "_-" else "_" for c in "-".join(tables))[:60]
    tracking = Config.model_validate(runs[0].settings).tracking
    experiments = dict.fromkeys(planned.settings["tracking"]["experiment"] for planned in runs)
    sweep = Sweep(
        name=f"{name}-{digest(sorted(planned.id for planned in runs))[:8]}",
        command=shlex.join(["python", "-m", "pipeline", *sys.argv[1:]]),
        axes=axes,
        tracking=tracking.model_copy(update={"experiment": " + ".join(experiments)}),
        commit=git_tags(),
        runs=runs,
    )
    with results.alone(sweep):
        results.tidy()
        for old in (*sweep.folder.glob("failed/*.json"), *sweep.folder.glob("jobs/*.json")):
            old.unlink()
        sweep.write()
        missing = [planned for planned in runs if not planned.finished]
        size = len(missing) if at_once else min(settings.runs_per_job, ceil(len(missing) / JOBS))
        jobs = []
        for number, batch in enumerate(together(missing, max(size, 1))):
            jobs.append(sweep.folder / "jobs" / f"{number:05}.json")
            write(jobs[-1], {"fail_fast": settings.fail_fast, "runs": [asdict(planned) for planned in batch]})
        watch, stopped = Watch(sweep), None
        watch.start()
        try:
            if jobs:
                launch(jobs)
        except Interrupted as error:
            stopped = str(error)
        finally:
            interrupted = sys.exc_info()[0] is not None or stopped is not None
            watch.end(interrupted=interrupted, report=lambda: report(sweep))
            conclude(sweep, watch, skipped=len(runs) - len(missing), stopped=stopped)
    if any(not planned.finished for planned in runs):
        sys.exit(1)


def start(arguments: list[str], master: DictConfig, context: Any, task: Any) -> None:
    """Make the sweep that Hydra's --multirun asks for.

    Parameters
    ----------
    arguments
        Overrides, as typed.
    master, context, task
        Hydra's: configuration, context, and what a job runs.
    """
    from hydra.core.plugins import Plugins

    runs = planned_runs(arguments, master, context.config_loader)
    try:
        launcher = Plugins.instance().instantiate_launcher(hydra_context=context, task_function=task, config=master)
    except (ImportError, RuntimeError) as error:
        raise InputError(
            f"hydra/launcher: {one_line(error)}: is it installed here? Ray has its own environment: make test-ray"
        ) from None

    def launch(jobs: list[Path]) -> None:
        try:
            returned = launcher.launch([[f"sweep.job={path}"] for path in jobs], initial_job_idx=0)
        except Exception as error:  # a worker was killed, or the cluster is gone: results are on disk
            raise Interrupted(f"the launcher gave up: {type(error).__name__}: {one_line(error)[:300]}") from None
        for done in returned:
            if isinstance(done._return_value, BaseException):
                raise Interrupted(f"a job gave up: {one_line(done._return_value)[:300]}")

    varied = {key: list(dict.fromkeys(p.axes[key] for p in runs)) for key in runs[0].axes}
    basic = master.hydra.launcher._target_.endswith("BasicLauncher")
    drive(runs, axes=varied, settings=master.sweep, launch=launch, at_once=basic)
