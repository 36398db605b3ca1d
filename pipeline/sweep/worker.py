"""Does the unfinished runs of a job."""

import time
import traceback
from pathlib import Path
from typing import Any

from pipeline.config import Config
from pipeline.errors import InputError
from pipeline.files import read_json
from pipeline.fit import run
from pipeline.measure import evaluation
from pipeline.measure.tasks import task_of
from pipeline.sweep import results
from pipeline.sweep.composing import one_line
from pipeline.sweep.results import Planned
from pipeline.table import split
from pipeline.table.classes import names


def work(path: Path) -> None:
    """Make the runs of one job that aren't finished; if one fails, write its reason to disk and start the next one."""
    batch = read_json(path)
    folder = path.parent.parent
    for planned in (Planned(**each) for each in batch["runs"]):
        if batch["fail_fast"] and any((folder / "failed").glob("*.json")):
            return
        if not planned.finished:
            attempt(planned, folder, batch["machine"])


def in_turn(jobs: list[Path]) -> None:
    """Run jobs one after the other in this process."""
    for path in jobs:
        work(path)


def attempt(planned: Planned, folder: Path, machine: dict[str, Any]) -> None:
    """Make one run with these settings of the machine, and write its results or the reason why there are none."""
    try:
        params = Config.model_validate(planned.settings | {"machine": machine})
        schema = run.table(params.data)[2]
        if schema["sha256"] != planned.data_sha256:
            raise InputError(f"{params.data.path}: the table has changed since the sweep started. Run the sweep again.")
        began = time.perf_counter()
        made = run.run(params, planned.variant, jobs=params.machine.jobs)
        seconds = time.perf_counter() - began
        sides, target, roles = run.sides(params.data, params.split), params.data.target, run.table(params.data)[3]
        counts = split.count(*sides, target=target, names=names(schema), roles=roles)
        classes = {**counts, **run.noted(params.data, params.split)}
    except InputError as error:
        # As a sweep takes it: the variant is a group of its own, and settings are plain.
        reason = error.problems[0].replace(f"variants.{planned.variant}.", "variant.").replace("-S ", "")
        results.fail(folder, planned, reason, "")
    except Exception as error:  # whatever the error, the other runs continue
        results.fail(folder, planned, f"{type(error).__name__}: {one_line(error)}", traceback.format_exc())
    else:
        tables = {"out_of_fold": made.out_of_fold, "folds": made.folds}
        files = {
            "metrics.json": made.metrics,
            "confusion_matrix.json": evaluation.matrices(task_of(schema), made.metrics["holdout"]),
            "predictions.parquet": made.predictions,
            **{f"{name}.parquet": rows for name, rows in tables.items() if rows is not None},
            "run.json": {
                "id": planned.id,
                "variant": planned.variant,
                "settings": planned.settings,
                "table": schema,
                "split": classes,
                "seconds": round(seconds, 1),
            },
        }
        results.save(planned, files)
