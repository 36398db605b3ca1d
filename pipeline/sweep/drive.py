"""Runs a sweep: plans it, launches the missing runs, reports."""

import os
import shlex
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from math import ceil
from pathlib import Path
from typing import Any

from omegaconf import DictConfig

from pipeline.config import Config
from pipeline.errors import InputError
from pipeline.files import digest, say, write
from pipeline.fit import code
from pipeline.formatting import counted
from pipeline.sweep import results
from pipeline.sweep.composing import of_run, one_line, refuse_variants
from pipeline.sweep.planning import batches, plan, planned_runs
from pipeline.sweep.report import conclude, report
from pipeline.sweep.results import Planned, Sweep
from pipeline.sweep.watch import Watch
from pipeline.sweep.worker import in_turn, work
from pipeline.tracking.describe import git_tags

JOBS = 16  # a sweep has at least as many jobs, if it has as many runs, so that all cores have work


class Interrupted(Exception):
    """The sweep stopped before all its runs were tried; the message gives the reason."""


def job(composed: DictConfig) -> None:
    """What Hydra runs: one job of a sweep, or without --multirun one run from start to end."""
    from hydra.core.hydra_config import HydraConfig

    if composed.sweep.job:
        os.chdir(HydraConfig.get().runtime.cwd)  # Ray's workers start in the folder of their node
        sys.path.append(os.getcwd())  # for extensions/
        work(Path(composed.sweep.job))
        return
    refuse_variants(HydraConfig.get().overrides.task)
    settings, name = composed.sweep, str(HydraConfig.get().runtime.choices["variant"])
    planned = plan(of_run(composed), name, axes={}, code=code.code())
    drive([planned], axes={}, settings=settings, launch=in_turn, machine=dict(composed.machine))


def drive(
    runs: Sequence[Planned],
    *,
    axes: Mapping[str, Sequence[str]],
    settings: DictConfig,
    launch: Callable[[list[Path]], Any],
    machine: Mapping[str, Any],
) -> None:
    """Make the runs that aren't finished, publish them, report.

    Parameters
    ----------
    runs
        All different.
    axes
        The keys that vary, and their values.
    settings
        `sweep` in the configuration.
    launch
        Runs the jobs at these paths.
    machine
        `machine` in the configuration; its `jobs` are None where the launcher's processes share the cores.

    Raises
    ------
    InputError
        The sweep is running already.
    SystemExit
        With status 1, if a run has failed or is missing.
    """
    sweep = _sweep(runs, axes)
    with results.locked(sweep):
        results.tidy()
        for old in (*sweep.folder.glob("failed/*.json"), *sweep.folder.glob("jobs/*.json")):
            old.unlink()
        sweep.write()
        for line in results.set_aside(runs):
            say(line)
        missing = [planned for planned in runs if not planned.finished]
        say(f"{', '.join(_tables(runs))}: {counted(len(runs), 'run')}, {len(missing):,} of them to do")
        size = len(missing) if machine["jobs"] else min(settings.runs_per_job, ceil(len(missing) / JOBS))
        how = {"fail_fast": settings.fail_fast, "machine": {**machine, "jobs": machine["jobs"] or 1}}
        paths = _jobs(sweep, batches(missing, max(size, 1)), how)
        watch, stopped = Watch(sweep), None
        watch.start()
        try:
            if paths:
                launch(paths)
        except Interrupted as error:
            stopped = str(error)
        finally:
            interrupted = sys.exc_info()[0] is not None or stopped is not None
            watch.end(interrupted=interrupted, report=lambda: report(sweep))
            conclude(sweep, watch, skipped=len(runs) - len(missing), stopped=stopped)
    if any(not planned.finished for planned in runs):
        sys.exit(1)


def _sweep(runs: Sequence[Planned], axes: Mapping[str, Sequence[str]]) -> Sweep:
    """The sweep with these runs, named after their tables."""
    name = "-".join(_tables(runs))[:60]
    tracking = Config.model_validate(runs[0].settings).tracking
    experiments = dict.fromkeys(planned.settings["tracking"]["experiment"] for planned in runs)
    return Sweep(
        name=f"{name}-{digest(sorted(planned.id for planned in runs))[:8]}",
        command=shlex.join(["python", "-m", "pipeline", *sys.argv[1:]]),
        axes={key: list(values) for key, values in axes.items()},
        tracking=tracking.model_copy(update={"experiment": " + ".join(experiments)}),
        commit=git_tags(),
        runs=list(runs),
    )


def _tables(runs: Sequence[Planned]) -> list[str]:
    return list(dict.fromkeys(planned.settings["data"]["name"] for planned in runs))


def _jobs(sweep: Sweep, missing: Sequence[Sequence[Planned]], how: Mapping[str, Any]) -> list[Path]:
    """Write one file for each batch of runs, see `work`, and return their paths."""
    paths = []
    for number, batch in enumerate(missing):
        paths.append(sweep.folder / "jobs" / f"{number:05}.json")
        write(paths[-1], {**how, "runs": [asdict(planned) for planned in batch]})
    return paths


def start(arguments: list[str], master: DictConfig, context: Any, task: Any) -> None:
    """Run the sweep of a command line with --multirun.

    Parameters
    ----------
    arguments
        Overrides, as typed.
    master, context, task
        Hydra's: the configuration, the context, and the function that a job calls.
    """
    from hydra.core.plugins import Plugins

    runs = planned_runs(arguments, master, context.config_loader)
    try:
        launcher = Plugins.instance().instantiate_launcher(hydra_context=context, task_function=task, config=master)
    except (ImportError, RuntimeError) as error:
        raise InputError(
            f"hydra/launcher: {one_line(error).rstrip('.')}. Install the launcher. For Ray, use the environment of "
            "`make test-ray`."
        ) from None

    def launch(jobs: list[Path]) -> None:
        try:
            returned = launcher.launch([[f"sweep.job={path}"] for path in jobs], initial_job_idx=0)
        except Exception as error:  # a worker was killed, or the cluster is down: results are on disk
            raise Interrupted(f"the launcher failed: {type(error).__name__}: {one_line(error)[:300]}") from None
        for done in returned:
            if isinstance(done._return_value, BaseException):
                raise Interrupted(f"a job failed: {one_line(done._return_value)[:300]}")

    varied = {key: list(dict.fromkeys(p.axes[key] for p in runs)) for key in runs[0].axes}
    basic = master.hydra.launcher._target_.endswith("BasicLauncher")
    machine = {**master.machine, "jobs": master.machine.jobs if basic else None}
    drive(runs, axes=varied, settings=master.sweep, launch=launch, machine=machine)
