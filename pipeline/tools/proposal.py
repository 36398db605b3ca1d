"""The settings that inspect proposes for a table, and the reason for each."""

import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from pipeline.compose import from_no_preset
from pipeline.config import Config, Data
from pipeline.errors import override, uninterpolated
from pipeline.measure.statistics import all_rows_shrinking
from pipeline.table.interpretation import ALL
from pipeline.tools.inspect_column import FINDINGS
from pipeline.tools.inspect_outlook import outlook
from pipeline.tools.inspect_text import facts
from pipeline.tools.inspection import Inspection
from pipeline.tools.labels import FEW

MANY = 1_000_000  # rows from which on a sample of the negatives is recommended
LOPSIDED = 20  # negatives for each positive from which on it is
NEGATIVES = 10  # for each positive in that sample


def settings(given: Sequence[str], data: Data, *, target: str | None, leave_out: Sequence[str]) -> list[str]:
    """The overrides with which variants are compared on this table.

    Parameters
    ----------
    given
        Hydra overrides as given to `inspect`.
    data
        Settings that replace those in `given`: the columns to drop, marks of missing values, and the SHA-256.
    target
        The target column; None where it isn't known.
    leave_out
        Variants that can't be used on this table.
    """
    own = ("data.target", "data.drop", "data.missing", "data.sha256")
    words = [word for word in from_no_preset(given) if word.lstrip("+").partition("=")[0] not in own]
    if data.sha256 is not None:
        words.append(override("data.sha256", data.sha256))
    if data.simulation is None:
        words.append(override("data.target", target or "COLUMN"))
    if data.drop:
        words.append(override("data.drop", data.drop))
    if data.missing is not None:
        words.append(override("data.missing", data.missing))
    return [*words, *(f"~variant@variants.{name}" for name in leave_out)]


def command(proposed: Sequence[str]) -> str:
    """The command line that runs these overrides."""
    return " ".join(["dvc exp run", *(f"-S {shlex.quote(each)}" for each in proposed)])


def options(
    found: Inspection,
    overrides: Sequence[str],
    source: pd.DataFrame,
    params: Config,
    data: Data,
    *,
    rare: int | None,
    saved: Path | None,
) -> dict[str, str]:
    """What else the findings suggest: what to add to the proposed command, or another command, each by its purpose.

    Parameters
    ----------
    found
        The inspection.
    overrides, source, params, data
        Those that the proposed command stands for.
    rare
        Rows of the rarest class; None where that isn't known.
    saved
        The preset that keeps the proposal; None where it's a command.
    """
    wanted = [*_as_missing(found, data)]
    if codes := [one.name for one in found.columns if "codes" in one.findings]:
        declared = override("data.columns", dict(data.columns or {}) | dict.fromkeys(codes, "categorical"))
        wanted.append(("to treat codes as categories", declared))
    wanted += [*_all_rows(params, rare), *_sample(found, params)]
    there = [each.partition("=")[0] for each in settings(overrides, data, target=found.target, leave_out=())]
    made = dict(_with(purpose, setting, overrides, there=there, saved=saved) for purpose, setting in wanted)
    group = next((one.name for one in found.columns if "groups" in one.findings), None)
    if group is not None and params.split.by == "rows" and found.target is not None:
        data = data.model_copy(update={"group": group, "drop": [name for name in data.drop if name != group]})
        split = params.split.model_copy(update={"by": "group", "group_duplicates": False})
        then = outlook(source, params.model_copy(update={"split": split}), data)
        if then.good:
            others = [each for each in overrides if not each.startswith(("split=", "split.group_duplicates="))]
            own = settings(others, data, target=found.target, leave_out=then.leave_out)
            purpose = f"to keep rows with the same {group!r} together, in training or in test, run this instead"
            made[purpose] = command([*own, "split=grouped", override("data.group", group)])
    return made


def _with(
    purpose: str, setting: str, overrides: Sequence[str], *, there: Sequence[str], saved: Path | None
) -> tuple[str, str]:
    """How to use a setting as well: what to do, for this purpose, and what to type."""
    key = setting.partition("=")[0]
    if saved is not None:
        words = [*(each for each in overrides if each.partition("=")[0] != key), setting, f"save={saved.stem}"]
        again = " ".join(["rebalance inspect", *map(shlex.quote, words)])
        return f"{purpose}, run this first", f"rm {saved} && {again}"
    how = f"replace {key} in the command with this" if key in there else "add this to the command"
    return f"{purpose}, {how}", f"-S {shlex.quote(setting)}"


def _all_rows(params: Config, rare: int | None) -> Iterator[tuple[str, str]]:
    """The setting with which the folds use all rows, after its purpose, where the rarest class has few."""
    size = params.split.test_size
    if not size or rare is None or rare * (1 - size) >= FEW:
        return
    purpose = (
        f"recommended, since split.test_size={size:g} leaves about {rare * (1 - size):.0f} of {rare} rows of the "
        f"rarest class for training: to let the folds use all rows, which lowers standard errors by about "
        f"{1 - all_rows_shrinking(size):.0%}"
    )
    yield purpose, "split.test_size=0"


def _sample(found: Inspection, params: Config) -> Iterator[tuple[str, str]]:
    """The setting that reads a sample of the negatives, after its purpose, where there are very many."""
    data = params.data
    if len(found.classes) != 2 or found.rows < MANY or data.weight is not None or params.evaluate.guarantee:
        return
    (_, others), (_, positives) = found.classes
    if data.negatives_per_positive is not None or others < LOPSIDED * positives:
        return
    purpose = (
        f"recommended for so many rows: to read all {positives:,} positive rows and about {NEGATIVES} negative rows "
        "for each, which takes far less time and memory; metrics still describe the whole table"
    )
    yield purpose, f"data.negatives_per_positive={NEGATIVES}"


def _as_missing(found: Inspection, data: Data) -> Iterator[tuple[str, str]]:
    """The setting with which zeros and sentinels are missing values, after its purpose."""
    marks = {one.name: [*(["0"] if "zeros" in one.findings else []), *one.markers] for one in found.columns}
    by_column = {name: values for name, values in marks.items() if values and name not in data.drop}
    if not by_column:
        return
    known = data.missing if isinstance(data.missing, Mapping) else {ALL: data.missing} if data.missing else {}
    merged = {**known, **{name: [*known.get(name, ()), *values] for name, values in by_column.items()}}
    yield "if zeros and extreme values stand for missing ones", override("data.missing", merged)


def with_change(overrides: Sequence[str], key: str, value: Any) -> list[str]:
    """The overrides, with this value of a key of the table in place of another."""
    others = [each for each in overrides if each.partition("=")[0] != f"data.{key}"]
    return [*others, override(f"data.{key}", value)]


def reasons(
    found: Inspection, problems: Sequence[str], *, given: Data, proposed: Data, leave_out: Sequence[str]
) -> dict[tuple[str, ...], str]:
    """Why settings are proposed, by their keys; see `pipeline.tools.preset.text`.

    Parameters
    ----------
    found, problems
        The inspection, and the errors that stop a run on this table.
    given, proposed
        The settings as given, and as proposed.
    leave_out
        Variants that can't be used on this table.
    """
    why: dict[tuple[str, ...], str] = {("data", "target"): facts(found)["target"]}
    for name in proposed.drop:
        why["data", "drop", uninterpolated(name)] = "given" if name in given.drop else _unfit(name, found, problems)
    if proposed.missing != given.missing:
        why["data", "missing"] = "words among numbers or dates; check that they mark missing values"
    if proposed.sha256 != given.sha256:
        why["data", "sha256"] = "SHA-256 of the inspected table"
    for name in leave_out:
        why[(f"variant@variants.{name}",)] = (
            "can't be used on this table: too few rows of the rarest class, or row weights"
        )
    return why


def _unfit(name: str, found: Inspection, problems: Sequence[str]) -> str:
    """Why a column is left out."""
    for problem in problems:
        if is_about(problem, name):
            return problem.partition(f"column {name!r}")[2].lstrip(":, ").partition(". ")[0]
    (findings,) = (one.findings for one in found.columns if one.name == name)
    return "; ".join(f"{key}: {FINDINGS[key]}{f' ({detail})' if detail else ''}" for key, detail in findings.items())


def is_about(problem: str, column: str) -> bool:
    """Whether an error message is about this column."""
    return re.search(rf"column {re.escape(repr(column))}[:,]", problem) is not None
