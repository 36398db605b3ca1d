"""Reports what a table holds before a model is trained: column kinds, problems, and features too good to be true."""

import shlex
from pathlib import Path

import pandas as pd
from omegaconf import MISSING, OmegaConf

from pipeline import config
from pipeline.compose import compose
from pipeline.config import Config, Data
from pipeline.errors import InputError
from pipeline.files import CONF, REPORTS, say, write_text
from pipeline.table import ingest, sources
from pipeline.table.grouping import ROLES
from pipeline.tools import preset, proposal
from pipeline.tools.inspect_text import lines, next_step, page, should_drop
from pipeline.tools.inspection import inspect

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
        drop = [*data.drop, *(name for name in names if any(proposal.is_about(problem, name) for problem in problems))]
        source, _, sha256 = sources.fetch(data.model_copy(update={"drop": drop}))
    known = data.sha256 or (sha256 if is_downloaded(data) else None)
    return source, problems, data.model_copy(update={"drop": drop, "sha256": known})


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


def settings(overrides: list[str]) -> tuple[Config, str | None]:
    """The settings with these overrides, and the target column; None where it isn't given."""
    raw = OmegaConf.to_container(OmegaConf.create(compose(overrides)))
    assert isinstance(raw, dict)
    target = raw["data"]["target"]
    if target == MISSING:
        raw["data"]["target"] = ""  # only inspect accepts a missing target
    params = config.check(raw, path=CONF, give="rebalance inspect")
    return params, None if target == MISSING else params.data.target


def run(overrides: list[str]) -> int:
    """Inspect the table of these Hydra overrides: print the report, write the page, and return the exit status 0.

    Among the overrides, `save=NAME` writes the preset of this name, from which `rebalance use NAME` starts.

    Raises
    ------
    InputError
        There is no table to inspect, the settings are wrong, or the preset can't be written.
    """
    given = [word for word in overrides if not word.startswith("save=")]
    saves = [word.removeprefix("save=") for word in overrides if word.startswith("save=")]
    file = preset.path_of(saves[-1]) if saves else None
    params, target = settings(given)
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
    leave_out = proposal.unusable_variants(params, found)
    proposed = proposal.settings(given, usable, target=found.target, leave_out=leave_out)
    named = not (CONF / "data" / f"{data.name}.yaml").is_file()  # by the user, and not after the kind of its source
    name = data.name if named or is_downloaded(data) or data.simulation else Path(data.path).name
    report = lines(found, problems, name=name)
    command = " ".join(["dvc exp run", *(f"-S {shlex.quote(each)}" for each in proposed)])
    if file is not None:
        why = proposal.reasons(found, problems, given=params.data, proposed=usable, leave_out=leave_out)
        preset.write(file, proposed, about=report[0], reasons=why, target=found.target)
        command = f"rebalance use {file.stem} && dvc repro"
    for line in report:
        say(line)
    step = next_step(drops=usable.drop != params.data.drop, fails=bool(refusals(source, usable, target=found.target)))
    write_text(PAGE, page(found, problems, name=name, step=step, command=command))
    say(f"\nhistograms of all columns: {PAGE}")
    if file is not None:
        say(f"settings, with the reason for each: {file}")
    say(f"\nnext, {step}:\n  {command}")
    return 0
