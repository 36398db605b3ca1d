"""What inspect proposes for a table: the settings to run it with, and the reason for each."""

import re
from collections.abc import Sequence
from math import ceil

from pipeline.compose import from_no_preset
from pipeline.config import Config, Data
from pipeline.errors import override, uninterpolated
from pipeline.fit import sample_weights, splits, variants
from pipeline.tools.inspect_column import FINDINGS
from pipeline.tools.inspect_text import facts
from pipeline.tools.inspection import Inspection


def settings(given: Sequence[str], data: Data, *, target: str | None, leave_out: Sequence[str]) -> list[str]:
    """The overrides with which variants are compared on this table.

    Parameters
    ----------
    given
        Hydra overrides as given to `inspect`.
    data
        Settings that replace those in `given`: the columns to drop, and the SHA-256.
    target
        The target column; None where it isn't known.
    leave_out
        Variants that can't be used on this table.
    """
    own = ("data.target", "data.drop", "data.sha256")
    words = [word for word in from_no_preset(given) if word.lstrip("+").partition("=")[0] not in own]
    if data.sha256 is not None:
        words.append(override("data.sha256", data.sha256))
    if data.simulation is None:
        words.append(override("data.target", target or "COLUMN"))
    if data.drop:
        words.append(override("data.drop", data.drop))
    return [*words, *(f"~variant@variants.{name}" for name in leave_out)]


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
    if proposed.sha256 != given.sha256:
        why["data", "sha256"] = "of the table as it was inspected"
    for name in leave_out:
        why[(f"variant@variants.{name}",)] = "can't be used here: too few rows of the rarest class, or row weights"
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
