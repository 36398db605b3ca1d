"""Makes many runs: plans them from Hydra's overrides, gives them to Hydra's launcher, and sums up what they left."""

import copy
import os
import shlex
import sys
import threading
import traceback
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from functools import partial
from math import ceil
from pathlib import Path
from typing import Any

import pandas as pd
from hydra.core.config_loader import ConfigLoader
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf, open_dict
from omegaconf.errors import OmegaConfBaseException
from tqdm import tqdm

from pipeline import compare, config, evaluate, folds, multirun, plots, run, split, summary
from pipeline.classes import several
from pipeline.configure import CONF, refuse_unbuildable
from pipeline.describe import git_tags
from pipeline.errors import InputError
from pipeline.evidence import Evidence
from pipeline.files import digest, read_json, read_table, say, write
from pipeline.multirun import Planned, Publisher, Sweep
from pipeline.report import render_summary
from pipeline.tracking import StoreError, page, store_file

SORTED_BY = "holdout/average_precision"
JOBS = 16  # that a sweep has at least, if it has as many runs, so that cores share it
POLL = 0.2  # seconds between looks at what the jobs have left
SEED = "seed"  # the last word of keys that are luck, and no way of treating anything
SHOWN = 20  # failures listed at the end


class Interrupted(Exception):
    """The sweep was stopped before all its runs were tried; the message says by what."""


class Composer:
    """Composes the settings of many runs; Hydra composes each choice of groups once, since that takes long.

    Parameters
    ----------
    loader, master
        Hydra's, of the sweep.
    """

    def __init__(self, loader: ConfigLoader, master: DictConfig) -> None:
        self._loader, self._master = loader, master
        self._composed: dict[tuple[str, ...], tuple[DictConfig, str]] = {}
        self._groups: dict[str, bool] = {}

    def __call__(self, overrides: Sequence[str]) -> tuple[DictConfig, str]:
        """What Hydra composes for these overrides, see `own`, and the name of the variant.

        Raises
        ------
        InputError
            Hydra refuses them.
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
                self._composed[groups] = own(whole), name
            composed, name = copy.deepcopy(self._composed[groups])
            for override in values:  # as Hydra does when all groups are composed
                OmegaConf.update(composed, override.key_or_group, override.value(), merge=True)
        except (HydraException, OmegaConfBaseException) as error:
            raise InputError(f"{CONF}: {' '.join(overrides)}: {_one_line(error)}") from None
        return composed, name

    def _sets_a_value(self, override: Override) -> bool:
        if override.is_add() or override.is_delete() or override.is_force_add() or override.package:
            return False
        key = override.key_or_group
        if key not in self._groups:
            self._groups[key] = bool(self._loader.get_group_options(key))
        return not self._groups[key]


def refuse_variants(overrides: Sequence[str]) -> None:
    """Raise InputError for settings of the variants that DVC compares: a run would not heed them."""
    if given := [override for override in overrides if override.lstrip("+~").startswith("variants.")]:
        raise InputError(f"{given[0]}: a run has one variant: say variant=NAME and variant.KEY=VALUE")


def own(composed: DictConfig) -> DictConfig:
    """What a run depends on: all but Hydra's own node, the sweep's, and the variants that DVC compares."""
    with open_dict(composed):
        for key in ("hydra", "sweep", "variants"):
            composed.pop(key, None)
    return composed


def _one_line(error: BaseException) -> str:
    cause = error.__cause__
    text = " ".join(str(error).split()) or type(error).__name__
    return f"{text} {' '.join(str(cause).split())}" if isinstance(cause, OmegaConfBaseException) else text


def plan(composed: DictConfig, name: str, *, axes: dict[str, str], code: str) -> Planned:
    """The run that a composed configuration asks for.

    Parameters
    ----------
    composed
        See `own`.
    name
        Of the variant.
    axes
        Keys that the sweep varies, and their values in this run.
    code
        See `pipeline.run.code`.

    Raises
    ------
    InputError
        The configuration or the table cannot be used.
    """
    try:
        raw = OmegaConf.to_container(composed, resolve=True)
    except OmegaConfBaseException as error:
        raise InputError(f"{CONF}: {_one_line(error)}") from None
    assert isinstance(raw, dict)
    raw["variants"] = {name: raw.pop("variant")}
    params = config.check(raw, path=CONF, give="python -m pipeline")
    try:
        refuse_unbuildable(params)
    except InputError as error:
        raise InputError(
            problem.replace(f"{config.PARAMS}: ", f"{CONF}: ").replace(f"variants.{name}.", "variant.")
            for problem in error.problems
        ) from None
    schema = run.table(params.data)[2]
    try:
        folds.chain(params, name, schema)  # refuses what a table with these classes cannot have
    except InputError as error:
        raise InputError(p.replace(f"variants.{name}.", "variant.") for p in error.problems) from None
    settings = asdict(params)
    depends = {key: value for key, value in settings.items() if key not in ("compare", "tracking")}
    return Planned(
        id=digest([depends, schema["sha256"], code]),
        name=label(name, axes),
        way=label(name, {key: value for key, value in axes.items() if not _tells_no_way(key)}),
        variant=name,
        axes=axes,
        settings=settings,
        data_sha256=schema["sha256"],
    )


def _tells_no_way(key: str) -> bool:
    """Whether a key says which rows there are and what luck they have, and not how they are treated."""
    return key.rpartition(".")[2] == SEED or key.partition(".")[0] == "data"


def label(variant: str, axes: dict[str, str]) -> str:
    """What to call a run: "smote · C=0.1 · seed 3"."""
    last = [key.rpartition(".")[2] for key in axes]
    words = [variant]
    for key, value in axes.items():
        short = key.rpartition(".")[2]
        short = short if last.count(short) == 1 else key
        if key == "data":
            words.append(value)
        elif key == "data.path":
            words.append(Path(value).name)
        elif short == SEED:
            words.append(f"{short} {value}")
        elif key != "variant":
            words.append(f"{short}={value}")
    return " · ".join(words)


def spanned(arguments: list[str], loader: ConfigLoader) -> tuple[list[list[str]], list[str]]:
    """The overrides of each run that the arguments of a sweep span, and the keys that they vary."""
    from hydra._internal.core_plugins.basic_sweeper import BasicSweeper

    overrides = OverridesParser.create(config_loader=loader).parse_overrides(arguments)
    (runs,) = BasicSweeper.split_arguments(overrides, None)
    return runs, [override.get_key_element() for override in overrides if override.is_sweep_override()]


def planned_runs(arguments: list[str], master: DictConfig, loader: ConfigLoader) -> list[Planned]:
    """All runs of a sweep, checked, before any is made.

    Raises
    ------
    InputError
        With every problem of every run.
    """
    composer, now = Composer(loader, master), run.code()
    runs, varied = spanned(arguments, loader)
    for key in varied:
        if key.partition(".")[0] in ("compare", "sweep", "tracking"):
            raise InputError(f"{key}: no run depends on it, so it cannot vary: make a sweep for each value")
    planned: dict[str, Planned] = {}
    problems: dict[str, None] = {}
    for overrides in tqdm(runs, desc="plan", unit="run", delay=2, leave=False, disable=None):
        values = dict(override.split("=", 1) for override in overrides)
        try:
            one = plan(*composer(overrides), axes={key: values[key] for key in varied}, code=now)
        except InputError as error:
            problems |= dict.fromkeys(error.problems)
            continue
        planned.setdefault(one.id, one)
    if problems:
        raise InputError(problems)
    return list(planned.values())


def together(runs: Sequence[Planned], size: int) -> list[list[Planned]]:
    """Runs in batches of at most `size`, those on the same rows next to each other."""
    rows: dict[str, list[Planned]] = {}
    for planned in runs:
        same = digest([planned.settings[key] for key in ("data", "split", "preprocess")])
        rows.setdefault(same, []).append(planned)
    # One seed's variants share their folds besides.
    ordered = [planned for group in rows.values() for planned in sorted(group, key=lambda each: each.settings["seed"])]
    return [ordered[first : first + size] for first in range(0, len(ordered), size)]


def job(composed: DictConfig) -> None:
    """What Hydra runs: a batch of a sweep's runs in one process, or, without --multirun, one run from end to end."""
    from hydra.core.hydra_config import HydraConfig

    if composed.sweep.job:
        os.chdir(HydraConfig.get().runtime.cwd)  # Ray's workers begin where their node was started
        work(Path(composed.sweep.job))
        return
    refuse_variants(HydraConfig.get().overrides.task)
    settings, name = composed.sweep, str(HydraConfig.get().runtime.choices["variant"])
    planned = plan(own(composed), name, axes={}, code=run.code())
    drive([planned], axes={}, settings=settings, launch=in_turn, at_once=True)


def work(path: Path) -> None:
    """Make the runs of one job, each unless it is there; a run that fails says so on disk, and the next one begins."""
    batch = read_json(path)
    folder = path.parent.parent
    for planned in (Planned(**asked) for asked in batch["runs"]):
        if batch["fail_fast"] and any((folder / "failed").glob("*.json")):
            return
        if not planned.finished:
            attempt(planned, folder)


def in_turn(jobs: list[Path]) -> None:
    """Make jobs one after the other in this process."""
    for path in jobs:
        work(path)


def attempt(planned: Planned, folder: Path) -> None:
    """Make one run; its results, or the reason why there are none, are on disk afterwards."""
    try:
        params = config.restore(planned.settings)
        schema = run.table(params.data)[2]
        if schema["sha256"] != planned.data_sha256:
            raise InputError(f"{params.data.path}: the table has changed since the sweep began: run it again")
        made = run.run(params, planned.variant)
        sides, target, roles = run.sides(params.data, params.split), params.data.target, run.table(params.data)[3]
        classes = split.count(*sides, target=target, labels=several(schema), roles=roles)
    except InputError as error:
        multirun.fail(folder, planned, error.problems[0], "")
    except Exception as error:  # whatever one run meets, the others go on
        multirun.fail(folder, planned, f"{type(error).__name__}: {_one_line(error)}", traceback.format_exc())
    else:
        tables = {"out_of_fold": made.out_of_fold, "folds": made.folds}
        files = {
            "metrics.json": made.metrics,
            "confusion_matrix.json": evaluate.matrices(made.metrics["holdout"]),
            "predictions.parquet": made.predictions,
            **{f"{name}.parquet": rows for name, rows in tables.items() if rows is not None},
            "run.json": {
                "id": planned.id,
                "variant": planned.variant,
                "settings": planned.settings,
                "table": schema,
                "split": classes,
            },
        }
        multirun.save(planned, files)


class Watch(threading.Thread):
    """Looks at what the jobs leave on disk: moves the progress line, says what has failed, and publishes.

    Parameters
    ----------
    sweep
        Whose runs they are.
    """

    def __init__(self, sweep: Sweep) -> None:
        super().__init__(daemon=True)
        self._sweep, self._ended = sweep, threading.Event()
        self._waiting = [planned for planned in sweep.runs if not planned.finished]
        self._failed: set[str] = set()
        self._publisher: Publisher | None = None
        self.silent: str | None = "tracking is off" if sweep.tracking.uri is None else None
        self.published: Any = None

    def run(self) -> None:
        """Look until `end` is called."""
        skipped = len(self._sweep.runs) - len(self._waiting)
        quiet = 0.2 if sys.stderr.isatty() else 30
        with tqdm(
            total=len(self._sweep.runs), initial=skipped, desc="sweep", unit="run", mininterval=quiet, file=sys.stderr
        ) as line:
            line.set_postfix(failed=0, skipped=skipped)
            while True:
                last = self._ended.is_set()
                self._look(line, skipped)
                if last:
                    return
                self._ended.wait(POLL)

    def _look(self, line: Any, skipped: int) -> None:
        for key, reason in self._sweep.failures().items():
            if key not in self._failed:
                self._failed.add(key)
                name = next(planned.name for planned in self._sweep.runs if planned.id == key)
                line.write(f"failed: {name}: {reason}", file=sys.stderr)
                line.set_postfix(failed=len(self._failed), skipped=skipped)
        done = [planned for planned in self._waiting if planned.finished]
        self._waiting = [planned for planned in self._waiting if planned not in done]
        line.update(len(done))
        for planned in done:
            self._publish(partial(Publisher.add, planned=planned))

    def _publish(self, bring: Callable[[Publisher], None]) -> None:
        if self.silent is not None:
            return
        try:
            if self._publisher is None:
                self._publisher = Publisher(self._sweep)
                self.published = self._publisher.published
            bring(self._publisher)
        except StoreError as error:
            self.silent = str(error)

    def end(self, *, interrupted: bool, report: Callable[[], None]) -> None:
        """Wait for the last look, let `report` write the sweep's pages, and publish what is missing with them."""
        self._ended.set()
        self.join()
        report()
        self._publish(partial(Publisher.close, interrupted=interrupted))


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
    tracking = config.restore(runs[0].settings).tracking
    experiments = dict.fromkeys(planned.settings["tracking"]["experiment"] for planned in runs)
    sweep = Sweep(
        name=f"{name}-{digest(sorted(planned.id for planned in runs))[:8]}",
        command=shlex.join(["python", "-m", "pipeline", *sys.argv[1:]]),
        axes=axes,
        tracking=replace(tracking, experiment=" + ".join(experiments)),
        commit=git_tags(),
        runs=runs,
    )
    with multirun.alone(sweep):
        multirun.tidy()
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


def report(sweep: Sweep) -> None:
    """Write the sweep's tables and page: a comparison where all runs share their rows, else a summary."""
    results = {p.id: read_json(p.folder / "metrics.json") for p in sweep.runs if p.finished}
    if not results:
        return
    runs = summary.frame(sweep.runs, results)
    write(sweep.folder / "runs.csv", runs.to_csv(index=False, lineterminator="\n"))
    for name, content in (_compared(sweep) if _same_rows(sweep) else _summed_up(sweep, runs)).items():
        write(sweep.folder / name, content)


def _same_rows(sweep: Sweep) -> bool:
    shared = ("data", "split", "preprocess", "evaluate", "compare", "seed")
    # Of those that are not there yet, too: what a page is must not hang on what has failed.
    if any(planned.way != planned.variant for planned in sweep.runs):  # each is set beside none with its own settings
        return False
    return len({digest([planned.settings[key] for key in shared]) for planned in sweep.runs}) == 1


def _compared(sweep: Sweep) -> dict[str, Any]:
    """The files of `pipeline.compare`, a row a way."""
    there, failures = [planned for planned in sweep.runs if planned.finished], sweep.failures()
    params = config.restore(there[0].settings)
    _, truth, schema, _ = run.table(params.data)
    files = compare.pages(
        Evidence(
            results={p.way: {**read_json(p.folder / "metrics.json"), "variant": p.way} for p in there},
            predictions={p.way: read_table(p.folder / "predictions.parquet") for p in there},
            out_of_fold={p.way: _optional(p.folder / "out_of_fold.parquet") for p in there},
            folds={p.way: _optional(p.folder / "folds.parquet") for p in there},
            declared=compare.declare(params),
            table=schema,
            classes=read_json(there[0].folder / "run.json")["split"],
            truth=truth,
            components={},
            hashes=compare.hashes(params),
            failed={p.way: failures.get(p.id, "not made yet") for p in sweep.runs if not p.finished},
            command=sweep.command,
        )
    )
    return {name: content for name, content in files.items() if name.count("/") < 2 and not name.startswith("plots/")}


def _optional(path: Path) -> pd.DataFrame | None:
    return read_table(path) if path.is_file() else None


def _summed_up(sweep: Sweep, runs: Any) -> dict[str, Any]:
    summed = summary.summarise(sweep, runs, sweep.failures())
    free = {"average_precision": "average precision", "log_loss": "log loss"}
    drawn = {
        name: plots.png(plots.spread(block, {**summary.decisions(block), **free}))
        for name, block in runs.groupby("data", sort=False)
    }
    return {
        **{f"figures/{name}.png": picture for name, picture in drawn.items()},
        "summary.json": summed,
        "summary.md": summary.markdown(summed),
        "index.html": render_summary(summed, drawn),
    }


def conclude(sweep: Sweep, watch: Watch, *, skipped: int, stopped: str | None) -> None:
    """Print the table, what failed, and where to look."""
    finished, failures = sum(planned.finished for planned in sweep.runs), sweep.failures()
    tables = [sweep.folder / name for name in ("comparison.md", "summary.md") if (sweep.folder / name).is_file()]
    for table in tables if finished else []:
        say("\n" + table.read_text(encoding="utf-8").rstrip())
    names = {planned.id: planned.name for planned in sweep.runs}
    say("")
    for key, reason in list(failures.items())[:SHOWN]:
        say(f"failed   {names[key]}: {reason}")
    if len(failures) > SHOWN:
        say(f"failed   and {len(failures) - SHOWN:,} more: {sweep.folder / 'failed'}")
    if stopped:
        say(f"stopped  {stopped}")
    left = len(sweep.runs) - finished - len(failures)
    counts = f"{finished:,} of {len(sweep.runs):,} runs finished"
    counts += f", {skipped:,} of them before" if skipped else ""
    counts += f"; {len(failures):,} failed" if failures else ""
    counts += f"; {left:,} not made: the same command goes on" if left else ""
    say(f"runs     {counts}")
    if finished:
        say(f"report   {sweep.folder / 'index.html'}")
        say(f"table    {sweep.folder / 'runs.csv'}")
    say(f"MLflow   {_where(sweep, watch)}")


def _where(sweep: Sweep, watch: Watch) -> str:
    if watch.silent is not None or watch.published is None:
        return watch.silent or "nothing to publish"
    uri, address = str(sweep.tracking.uri), page(watch.published, metric=SORTED_BY)
    if store_file(uri) is None:
        return f"{uri.rstrip('/')}/{address}"
    return f"make ui, then http://127.0.0.1:5000/{address}"


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
            f"hydra/launcher: {_one_line(error)}: is it installed here? Ray has its own environment: make test-ray"
        ) from None

    def launch(jobs: list[Path]) -> None:
        try:
            returned = launcher.launch([[f"sweep.job={path}"] for path in jobs], initial_job_idx=0)
        except Exception as error:  # a worker was killed, or the cluster is gone: results are on disk
            raise Interrupted(f"the launcher gave up: {type(error).__name__}: {_one_line(error)[:300]}") from None
        for done in returned:
            if isinstance(done._return_value, BaseException):
                raise Interrupted(f"a job gave up: {_one_line(done._return_value)[:300]}")

    varied = {key: list(dict.fromkeys(p.axes[key] for p in runs)) for key in runs[0].axes}
    basic = master.hydra.launcher._target_.endswith("BasicLauncher")
    drive(runs, axes=varied, settings=master.sweep, launch=launch, at_once=basic)
