"""Looks at a table before anything is fitted to it: what its columns are, what is wrong, and what looks too good."""

import argparse
import shlex
from collections.abc import Sequence
from math import ceil
from pathlib import Path

import pandas as pd
from omegaconf import MISSING, OmegaConf

from pipeline import config
from pipeline.compose import CONF, compose
from pipeline.config import Config, Data
from pipeline.errors import InputError, given, run
from pipeline.files import REPORTS, say, write_text
from pipeline.fit import sample_weights, splits, variants
from pipeline.table import ingest, sources
from pipeline.table.grouping import ROLES
from pipeline.tools.inspect_text import lines, page, useless
from pipeline.tools.inspection import Inspection, inspect

PAGE = REPORTS / "inspect.html"


class _Every(list[str]):
    """Stands for the names of all columns, whatever they are."""

    def __contains__(self, name: object) -> bool:
        return True


def look(data: Data) -> tuple[pd.DataFrame, list[str], Data]:
    """The source table; what ingest says of columns that cannot be read as they should; and `data` without these.

    Raises
    ------
    InputError
        There is no table to look at.
    """
    try:
        source, _, sha256 = sources.fetch(data)
        problems, kept = [], data.drop
    except InputError as error:
        try:
            names = list(sources.fetch(data.model_copy(update={"drop": _Every()}))[0])
        except InputError:
            raise error from None
        problems = error.problems
        kept = [*data.drop, *(n for n in names if any(f"column {n!r}: " in problem for problem in problems))]
        source, _, sha256 = sources.fetch(data.model_copy(update={"drop": kept}))
    known = data.sha256 or (sha256 if fetched(data) else None)
    return source, problems, data.model_copy(update={"drop": kept, "sha256": known})


def refusals(source: pd.DataFrame, data: Data, *, target: str | None) -> list[str]:
    """What ingest says of the table: with the settings as they are, then without names that are not there."""
    there = {
        "target": target or "",
        "drop": [name for name in data.drop if name in source],
        "columns": {name: kind for name, kind in (data.columns or {}).items() if name in source},
        **{role: None for role in ROLES if getattr(data, role) not in source},
    }
    known = data.model_copy(update=there)
    said: dict[str, None] = {}  # a set that keeps order
    for settings in [data] if known == data else [data, known]:
        if settings.target:
            try:
                ingest.accept(source, settings)
            except InputError as error:
                said |= dict.fromkeys(error.problems)
    return list(said)


def fetched(data: Data) -> bool:
    """Whether the table is brought from elsewhere, so that its SHA-256 must be declared."""
    return data.simulation is None and data.path.endswith(".yaml")


def command(overrides: Sequence[str], data: Data, *, target: str | None, leave: Sequence[str] = ()) -> str:
    """The command line that runs on the table: Hydra's overrides as they were given, but for what `data` now says.

    `leave` has the variants that cannot take this table.
    """
    own = ("data.target", "data.drop", "data.sha256")
    said = [f"-S {shlex.quote(o)}" for o in overrides if o.lstrip("+").partition("=")[0] not in own]
    if data.sha256 is not None:
        said.append(given("data.sha256", data.sha256))
    if data.simulation is None:
        said.append(given("data.target", target or "COLUMN"))
    if data.drop:
        said.append(given("data.drop", data.drop))
    said += [f"-S '~variant@variants.{name}'" for name in leave]
    return " ".join(["dvc exp run", *said])


def unfit(params: Config, found: Inspection) -> list[str]:
    """The variants that cannot take a table with these classes, or with weights."""
    samplers = {name: variants.sampler(params, name) for name in params.variants}
    least = min((count for _, count in found.classes), default=0)
    training = least - ceil(least * params.split.test_size) if least else 0
    along_time = params.split.by == "time"
    if (number := splits.room(training, most=params.evaluate.folds, along_time=along_time)) > 1:
        # The first fold along time learns from the block before it alone, others from all but a fold.
        training = training // (number + 1) if along_time else training - ceil(training / number)
    return [
        name
        for name, sampler in samplers.items()
        if (params.data.weight is not None and not sample_weights.keeps_rows(sampler))
        or (least and isinstance(k := getattr(sampler, "k_neighbors", None), int) and training <= k)
    ]


def settings(overrides: list[str]) -> tuple[Config, str | None]:
    """The configuration that these overrides compose to, and the target; None where none is given."""
    raw = OmegaConf.to_container(OmegaConf.create(compose(overrides)))
    assert isinstance(raw, dict)
    target = raw["data"]["target"]
    if target == MISSING:
        raw["data"]["target"] = ""  # may be missing here, and nowhere else
    return config.check(raw, path=CONF, give="python -m pipeline.inspect"), None if target == MISSING else target


def main() -> None:
    """Look, print, write the page."""
    parser = argparse.ArgumentParser(prog="python -m pipeline.inspect", description=__doc__)
    parser.add_argument(
        "overrides",
        nargs="*",
        metavar="key=value",
        help="Hydra overrides, such as data=csv data.path=FILE data.target=COLUMN",
    )
    overrides = parser.parse_args().overrides
    params, target = settings(overrides)
    source, misread, data = look(params.data)
    found = inspect(
        source,
        target=target,
        positive=data.positive,
        drop=[*data.drop, *(name for name in (data.group, data.time, data.weight) if name is not None)],
        declared=data.columns,
        min_frequency=params.preprocess.min_frequency,
    )
    refused = [*misread, *refusals(source, data, target=found.target)]
    ready = data.model_copy(update={"drop": [*data.drop, *(one.name for one in found.columns if useless(one))]})
    run_it = command(overrides, ready, target=found.target, leave=unfit(params, found))
    name = data.name if fetched(data) or data.simulation else Path(data.path).name
    for line in lines(found, refused, name=name):
        say(line)
    write_text(PAGE, page(found, refused, name=name, command=run_it))
    say(f"\nevery column with its bars: {PAGE}")
    less = (
        ", without what is refused, ids, constants and what tells the class" if ready.drop != params.data.drop else ""
    )
    first = ", once the table is mended" if refusals(source, ready, target=found.target) else ""
    say(f"\nto run it{first}{less}:\n  {run_it}")


if __name__ == "__main__":
    run(main)
