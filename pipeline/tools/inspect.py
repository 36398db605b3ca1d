"""Reports on a table before a model is trained: column types, problems, and features too good to be true."""

import re
import unicodedata
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
from pipeline.table.interpretation import UnclearWords
from pipeline.table.origin import origin
from pipeline.tools import preset, proposal
from pipeline.tools.inspect_outlook import changes, outlook
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
    """The source table, the errors about its unreadable columns, and `data` with which there are none.

    Unclear words are declared as missing values; other unreadable columns are left out.

    Raises
    ------
    InputError
        There is no table to inspect.
    """
    try:
        source, _, sha256 = sources.fetch(data)
        problems, drop = [], data.drop
    except UnclearWords as error:
        if error.missing == data.missing:
            raise
        source, others, declared = readable(data.model_copy(update={"missing": error.missing}))
        return source, list(dict.fromkeys([*error.problems, *others])), declared
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
        merge=data.classes,
        drop=[*data.drop, *(name for name in (data.group, data.time, data.weight) if name is not None)],
        declared=data.columns,
        min_frequency=(params.preprocess.encode or {}).get("min_frequency"),
    )
    left_out = [*data.drop, *(one.name for one in found.columns if should_drop(one))]
    usable = data.model_copy(update={"target": found.target or "", "drop": left_out})
    now = outlook(source, params, usable)
    problems = list(dict.fromkeys([*unreadable, *refusals(source, data, target=found.target), *now.problems]))
    if data.source is None and data.name == UNNAMED:
        given.append(f"data.name={file.stem if file else named(data)}")
    changed = None if now.good else next(changes(source, params, usable), None)
    if changed:
        usable, given = usable.model_copy(update=dict([changed])), proposal.with_change(given, *changed)
    then = outlook(source, params, usable) if changed else now
    proposed = proposal.settings(given, usable, target=found.target, leave_out=then.leave_out)
    name = _shown(data)
    report = lines(found, problems, name=name, no_verdict=now.no_verdict, notes=origin(source).notes)
    command = proposal.command(proposed)
    if file is not None:
        why = proposal.reasons(found, problems, given=params.data, proposed=usable, leave_out=then.leave_out)
        preset.write(file, proposed, about=report[0], reasons=why, target=found.target)
        command = f"rebalance use {file.stem} && dvc repro"
        report.append(f"\nsettings, with the reason for each: {file}")
    for line in report:
        say(line)
    step = next_step(
        drops=usable.drop != params.data.drop,
        declares=usable.missing != params.data.missing,
        changes=changed[0] if changed else None,
        outlook=then,
    )
    others = proposal.options(found, given, source, params, usable, rare=then.rare, saved=file)
    html = page(found, problems, name=name, step=step, command=command, options=others, no_verdict=now.no_verdict)
    write_text(PAGE, html)
    say(f"\ncharts of all columns: {PAGE}")
    for why_so, what in [*others.items(), (f"next, {step}", command)]:
        say(f"\n{why_so}:\n  {what}")
    return 0 if now.good and found.target is not None else 1


def _shown(data: Data) -> str:
    """The name of the table, or of its file where the user gave no name."""
    by_user = not (CONF / "data" / f"{data.name}.yaml").is_file()  # and not after the kind of its source
    return data.name if by_user or is_downloaded(data) or data.simulation else Path(data.path).name
