"""Reports what a table holds before a model is trained: column kinds, problems, and features too good to be true."""

import re
import shlex
import unicodedata
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from omegaconf import MISSING, OmegaConf

from pipeline import config
from pipeline.compose import compose
from pipeline.config import Config, Data
from pipeline.errors import InputError, set_param
from pipeline.files import CONF, REPORTS, say, write_text
from pipeline.table import ingest, sources
from pipeline.table.grouping import ROLES
from pipeline.tools.inspect_outlook import changes, outlook, override
from pipeline.tools.inspect_text import lines, next_step, page, should_drop
from pipeline.tools.inspection import Inspection, inspect

PAGE = REPORTS / "inspect.html"
UNNAMED = "csv"  # `data.name` in conf/data/csv.yaml
LONGEST = 64  # characters of a name
COMPRESSED = (".gz", ".zst", ".zip")


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


def settings(overrides: list[str]) -> tuple[Config, str | None]:
    """The settings with these overrides, and the target column; None where it isn't given."""
    raw = OmegaConf.to_container(OmegaConf.create(compose(overrides)))
    assert isinstance(raw, dict)
    target = raw["data"]["target"]
    if target == MISSING:
        raw["data"]["target"] = ""  # only inspect accepts a missing target
    return config.check(raw, path=CONF, give="rebalance inspect"), None if target == MISSING else target


def named(data: Data) -> str:
    """A name for a table in a file, from the file's name: letters, digits, `-` and `_`."""
    path = Path(data.path)
    while path.suffix.lower() in COMPRESSED:
        path = path.with_suffix("")
    letters = unicodedata.normalize("NFKD", path.stem).encode("ascii", "ignore").decode()
    return re.sub(r"[^A-Za-z0-9_-]+", "-", letters).strip("-")[:LONGEST] or "table"


def run(overrides: list[str]) -> int:
    """Inspect the table of these Hydra overrides: print the report, write the page, and return the exit status.

    It is 0 if the proposed command ends in a verdict on the classes as they are, and 1 otherwise.

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
        merge=data.classes,
        drop=[*data.drop, *(name for name in (data.group, data.time, data.weight) if name is not None)],
        declared=data.columns,
        min_frequency=params.preprocess.min_frequency,
    )
    usable = data.model_copy(
        update={
            "target": found.target or "",
            "drop": [*data.drop, *(one.name for one in found.columns if should_drop(one))],
        }
    )
    now = outlook(source, params, usable)
    problems = list(dict.fromkeys([*unreadable, *refusals(source, data, target=found.target), *now.problems]))
    given = [*overrides]
    if data.source is None and data.name == UNNAMED:
        given.append(f"data.name={named(data)}")
    changed = None if now.good else proposal(overrides, source, params, usable)
    if changed:
        usable, given = usable.model_copy(update=dict([changed])), with_change(given, *changed)
    then = outlook(source, params, usable) if changed else now
    step = next_step(drops=usable.drop != params.data.drop, changes=changed[0] if changed else None, outlook=then)
    command = next_command(given, usable, target=found.target, leave_out=then.leave_out)
    others = options(found, given, source, params, usable)
    name = data.name if is_downloaded(data) or data.simulation else Path(data.path).name
    for line in lines(found, problems, name=name, no_verdict=now.no_verdict):
        say(line)
    html = page(found, problems, name=name, step=step, command=command, options=others, no_verdict=now.no_verdict)
    write_text(PAGE, html)
    say(f"\nhistograms of all columns: {PAGE}")
    for why, what in [*others.items(), (f"next, {step}", command)]:
        say(f"\n{why}:\n  {what}")
    return 0 if now.good and found.target is not None else 1


def options(
    found: Inspection, overrides: Sequence[str], source: pd.DataFrame, params: Config, data: Data
) -> dict[str, str]:
    """What else the findings suggest: what to add to the proposed command, or another command, each by its purpose.

    Parameters
    ----------
    found
        The inspection.
    overrides, source, params, data
        Those that the proposed command stands for.
    """
    made = {}
    if codes := [one.name for one in found.columns if "codes" in one.findings]:
        declared = override("data.columns", {**(data.columns or {}), **dict.fromkeys(codes, "categorical")})
        there = any(each.startswith("data.columns=") for each in overrides)
        how = "put this in the command, in place of its data.columns" if there else "add this to the command"
        made[f"to treat codes as categories, {how}"] = f"-S {shlex.quote(declared)}"
    group = next((one.name for one in found.columns if "groups" in one.findings), None)
    if group is not None and params.split.by == "rows" and found.target is not None:
        data = data.model_copy(update={"group": group, "drop": [name for name in data.drop if name != group]})
        split = params.split.model_copy(update={"by": "group", "group_duplicates": False})
        then = outlook(source, params.model_copy(update={"split": split}), data)
        if then.good:
            others = [each for each in overrides if not each.startswith(("split=", "split.group_duplicates="))]
            command = next_command(others, data, target=found.target, leave_out=then.leave_out)
            purpose = f"to keep all rows of the same {group!r} either in training or in test, run this instead"
            made[purpose] = f"{command} -S split=grouped {set_param('data.group', group)}"
    return made


def with_change(overrides: Sequence[str], key: str, value: Any) -> list[str]:
    """The overrides, with this value of a key of the table in place of another."""
    others = [each for each in overrides if each.partition("=")[0] != f"data.{key}"]
    return [*others, override(f"data.{key}", value)]


def proposal(overrides: Sequence[str], source: pd.DataFrame, params: Config, data: Data) -> tuple[str, Any] | None:
    """The first of `changes` that a command line can give; None where there is none."""
    for changed in changes(source, params, data):
        try:
            if getattr(settings(with_change(overrides, *changed))[0].data, changed[0]) == changed[1]:
                return changed
        except InputError:  # a label that Hydra's grammar doesn't take
            continue
    return None
