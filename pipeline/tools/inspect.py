"""Reports what a table holds before a model is trained: column kinds, problems, and features too good to be true."""

import re
import shlex
import unicodedata
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
from omegaconf import MISSING, OmegaConf

from pipeline import config
from pipeline.compose import compose
from pipeline.config import Config, Data
from pipeline.errors import InputError, set_param
from pipeline.files import CONF, REPORTS, say, write_text
from pipeline.table import ingest, sources
from pipeline.table.grouping import ROLES
from pipeline.tools.inspect_outlook import merges, outlook, override
from pipeline.tools.inspect_text import lines, next_step, page, should_drop
from pipeline.tools.inspection import inspect

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
    changed = proposal(overrides, source, params, usable) if not now.good else None
    then = outlook(source, params, usable.model_copy(update={"classes": changed})) if changed else now
    problems = list(dict.fromkeys([*unreadable, *refusals(source, data, target=found.target), *now.problems]))
    given = [*overrides]
    if data.source is None and data.name == UNNAMED:
        given.append(f"data.name={named(data)}")
    if changed:
        given = with_classes(given, changed)
    command = next_command(given, usable, target=found.target, leave_out=then.leave_out)
    name = data.name if is_downloaded(data) or data.simulation else Path(data.path).name
    for line in lines(found, problems, name=name, no_verdict=now.no_verdict):
        say(line)
    step = next_step(drops=usable.drop != params.data.drop, merges=bool(changed), outlook=then)
    write_text(PAGE, page(found, problems, name=name, no_verdict=now.no_verdict, step=step, command=command))
    say(f"\nhistograms of all columns: {PAGE}")
    say(f"\nnext, {step}:\n  {command}")
    return 0 if now.good and found.target is not None else 1


def with_classes(overrides: Sequence[str], classes: dict[str, str | None]) -> list[str]:
    """The overrides, with this `data.classes` in place of another."""
    return [*(each for each in overrides if each.partition("=")[0] != "data.classes"), override(classes)]


def proposal(
    overrides: Sequence[str], source: pd.DataFrame, params: Config, data: Data
) -> dict[str, str | None] | None:
    """The `data.classes` of `merges`; None where there is none, or where a command line can't give it."""
    changed = merges(source, params, data)
    if changed is None:
        return None
    try:
        read = settings(with_classes(overrides, changed))[0].data.classes
    except InputError:  # a label that Hydra's grammar doesn't take
        return None
    return changed if read == changed else None
