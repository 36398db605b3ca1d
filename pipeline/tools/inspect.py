"""Reports what a table holds before a model is trained: column kinds, problems, and features too good to be true."""

import re
import shlex
from collections.abc import Sequence
from math import ceil
from pathlib import Path

import pandas as pd
from omegaconf import MISSING, OmegaConf

from pipeline import config
from pipeline.compose import compose
from pipeline.config import Config, Data
from pipeline.errors import InputError, set_param
from pipeline.files import CONF, REPORTS, say, write_text
from pipeline.fit import sample_weights, splits, variants
from pipeline.table import ingest, sources
from pipeline.table.grouping import ROLES
from pipeline.tools.inspect_text import lines, next_step, page, should_drop
from pipeline.tools.inspection import Inspection, inspect

PAGE = REPORTS / "inspect.html"


class _AllColumns(list[str]):
    """A list of column names that contains every name."""

    def __contains__(self, name: object) -> bool:
        return True


def readable(data: Data) -> tuple[pd.DataFrame, list[str], Data]:
    """The source table, the errors about its unreadable columns, and `data` without these columns.

    Raises
    ------
    InputError
        There is no table to inspect.
    """
    try:
        source, _, sha256 = sources.fetch(data)
        problems, drop = [], data.drop
    except InputError as error:
        try:
            names = list(sources.fetch(data.model_copy(update={"drop": _AllColumns()}))[0])
        except InputError:
            raise error from None
        problems = error.problems
        drop = [*data.drop, *(name for name in names if any(_is_about(problem, name) for problem in problems))]
        source, _, sha256 = sources.fetch(data.model_copy(update={"drop": drop}))
    known = data.sha256 or (sha256 if is_downloaded(data) else None)
    return source, problems, data.model_copy(update={"drop": drop, "sha256": known})


def _is_about(problem: str, column: str) -> bool:
    return re.search(rf"column {re.escape(repr(column))}[:,]", problem) is not None


def refusals(source: pd.DataFrame, data: Data, *, target: str | None) -> list[str]:
    """The errors that `ingest` raises on this table, also those that unknown column names in the settings hide."""
    known = data.model_copy(
        update={
            "target": target or "",
            "drop": [name for name in data.drop if name in source],
            "columns": {name: kind for name, kind in (data.columns or {}).items() if name in source},
            **{role: None for role in ROLES if getattr(data, role) not in source},
        }
    )
    problems: dict[str, None] = {}  # in order, without duplicates
    for settings in [data] if known == data else [data, known]:
        if settings.target:
            try:
                ingest.accept(source, settings)
            except InputError as error:
                problems |= dict.fromkeys(error.problems)
    return list(problems)


def is_downloaded(data: Data) -> bool:
    """Whether the table comes from elsewhere, so that its SHA-256 must be declared."""
    return data.simulation is None and data.path.endswith(".yaml")


def next_command(overrides: Sequence[str], data: Data, *, target: str | None, leave_out: Sequence[str] = ()) -> str:
    """The command line that compares variants on this table.

    Parameters
    ----------
    overrides
        Hydra overrides as given to `inspect`.
    data
        Settings that replace those in `overrides`: the columns to drop, and the SHA-256.
    target
        The target column; None where it isn't known.
    leave_out
        Variants that can't be used on this table.
    """
    own = ("data.target", "data.drop", "data.sha256")
    words = [f"-S {shlex.quote(o)}" for o in overrides if o.lstrip("+").partition("=")[0] not in own]
    if data.sha256 is not None:
        words.append(set_param("data.sha256", data.sha256))
    if data.simulation is None:
        words.append(set_param("data.target", target or "COLUMN"))
    if data.drop:
        words.append(set_param("data.drop", data.drop))
    words += [f"-S '~variant@variants.{name}'" for name in leave_out]
    return " ".join(["dvc exp run", *words])


def unusable_variants(params: Config, found: Inspection) -> list[str]:
    """The variants whose sampler needs more rows of the rarest class, or can't use weights."""
    samplers = {name: variants.sampler(params, name) for name in params.variants}
    least = min((count for _, count in found.classes), default=0)
    training = least - ceil(least * params.split.test_size) if least else 0
    along_time = params.split.by == "time"
    if (number := splits.room(training, most=params.evaluate.folds, along_time=along_time)) > 1:
        # Along time, the first fold trains on one block only; otherwise each trains on all folds but one.
        training = training // (number + 1) if along_time else training - ceil(training / number)
    return [
        name
        for name, sampler in samplers.items()
        if (params.data.weight is not None and not sample_weights.keeps_rows(sampler))
        or (least and isinstance(k := getattr(sampler, "k_neighbors", None), int) and training <= k)
    ]


def settings(overrides: list[str]) -> tuple[Config, str | None]:
    """The settings with these overrides, and the target column; None where it isn't given."""
    raw = OmegaConf.to_container(OmegaConf.create(compose(overrides)))
    assert isinstance(raw, dict)
    target = raw["data"]["target"]
    if target == MISSING:
        raw["data"]["target"] = ""  # only inspect accepts a missing target
    return config.check(raw, path=CONF, give="rebalance inspect"), None if target == MISSING else target


def run(overrides: list[str]) -> int:
    """Inspect the table of these Hydra overrides: print the report, write the page, and return the exit status 0.

    Raises
    ------
    InputError
        There is no table to inspect, or the settings are wrong.
    """
    params, target = settings(overrides)
    source, unreadable, data = readable(params.data)
    found = inspect(
        source,
        target=target,
        positive=data.positive,
        drop=[*data.drop, *(name for name in (data.group, data.time, data.weight) if name is not None)],
        declared=data.columns,
        min_frequency=params.preprocess.min_frequency,
    )
    problems = [*unreadable, *refusals(source, data, target=found.target)]
    usable = data.model_copy(update={"drop": [*data.drop, *(one.name for one in found.columns if should_drop(one))]})
    command = next_command(overrides, usable, target=found.target, leave_out=unusable_variants(params, found))
    name = data.name if is_downloaded(data) or data.simulation else Path(data.path).name
    for line in lines(found, problems, name=name):
        say(line)
    step = next_step(drops=usable.drop != params.data.drop, fails=bool(refusals(source, usable, target=found.target)))
    write_text(PAGE, page(found, problems, name=name, step=step, command=command))
    say(f"\nhistograms of all columns: {PAGE}")
    say(f"\nnext, {step}:\n  {command}")
    return 0
