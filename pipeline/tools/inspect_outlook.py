"""Whether a run on an inspected table would end in a verdict, and which change of the classes would help."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from math import ceil
from typing import Any

import pandas as pd

from pipeline.config import Config, Data
from pipeline.errors import InputError
from pipeline.fit import sample_weights, splits, variants
from pipeline.formatting import label_text, plain
from pipeline.measure.repeats import repetitions
from pipeline.measure.single_column import CLASSES
from pipeline.measure.task import Task
from pipeline.measure.tasks import of_labels
from pipeline.table import ingest
from pipeline.table.classes import rarest
from pipeline.table.target import corrected, merged_labels, stripped
from pipeline.tools.inspection import classes_of
from pipeline.tools.labels import refuse_no_family, too_few, training_labels

PLENTY = 200  # rows of the rarest class; with more, every fold has enough for any sampler's neighbors
MERGED = ("other", "rest", "merged")  # the first that is free names the class that several rare ones form


@dataclass(frozen=True)
class Outlook:
    """What a run would come to.

    Attributes
    ----------
    problems
        The errors that it would stop with.
    no_verdict
        Why it would end without a verdict; None if it would have one.
    leave_out
        Variants that can't be used on the table.
    rare
        Rows of the rarest class; None where that isn't known.
    """

    problems: list[str] = field(default_factory=list)
    no_verdict: str | None = None
    leave_out: list[str] = field(default_factory=list)
    rare: int | None = None

    @property
    def good(self) -> bool:
        """Whether the run would end in a verdict."""
        return not self.problems and self.no_verdict is None


def outlook(source: pd.DataFrame, params: Config, data: Data) -> Outlook:
    """What a run would come to on this table, without those variants that can't be used on it.

    Parameters
    ----------
    source
        As read from its source.
    params, data
        The settings, and those of the table, which replace theirs.
    """
    if not data.target:
        return Outlook()
    asked, leave_out = params.model_copy(update={"data": data}), list[str]()
    try:
        table = ingest.accept(source, data)
        labels = table.labels or [table.negative, table.positive]
        task = of_labels(labels, list(map(label_text, labels)))
        leave_out = unusable_variants(asked, table, task)
        kept = {name: each for name, each in params.variants.items() if name not in leave_out}
        asked = asked.model_copy(update={"variants": kept})
        short = too_few(asked, table.data, table.roles, task)
        rare = rarest(table.data[data.target], task.classes)
        return Outlook([], _no_family(asked) or short, leave_out, rare)
    except InputError as error:
        return Outlook(error.problems, None, leave_out)


def _no_family(params: Config) -> str | None:
    """Why there is nothing to compare, or nothing to compare by; None where there is."""
    try:
        refuse_no_family(params)
    except InputError as error:
        return f"{error}."
    return None


def _classes(source: pd.DataFrame, data: Data) -> pd.Series:
    return classes_of(source[data.target], data.positive, data.classes)


def unusable_variants(params: Config, table: ingest.Table, task: Task) -> list[str]:
    """The variants whose sampler needs more rows of the rarest class, or can't use weights.

    Raises
    ------
    InputError
        The table can't be split, or a sampler can't be built.
    """
    samplers = {name: variants.sampler(params, name) for name in params.variants}
    least = _fewest(params, table, task)
    return [
        name
        for name, sampler in samplers.items()
        if (params.data.weight is not None and not sample_weights.keeps_rows(sampler))
        or (isinstance(k := getattr(sampler, "k_neighbors", None), int) and least <= k)
    ]


def _fewest(params: Config, table: ingest.Table, task: Task) -> int:
    """The rows of the rarest class that a model is trained on, in the fold with the fewest."""
    known, blocks = training_labels(params, table.data, table.roles, task)
    least = rarest(known, task.classes)
    number = splits.asked(known, task.classes, params.evaluate, blocks["times"])
    if number < 2 or least > PLENTY:
        return least
    if blocks["groups"] is None and blocks["times"] is None:  # stratified folds hold the same numbers in every repeat
        return least - ceil(least / number)
    repeats = repetitions(params.evaluate.repeats, rows=len(known), rare=least, folds=number)
    folds = splits.splits(known, folds=number, repeats=repeats, seed=params.seed, **blocks)
    return min(rarest(known.iloc[fit], task.classes) for _, _, fit, _ in folds)


def changes(source: pd.DataFrame, params: Config, data: Data) -> Iterator[tuple[str, Any]]:
    """The settings of classes with which a run ends in a verdict, the best first: a key, and its value.

    `classes`: spellings of one class become one, and marks of missing values none; or where some classes have too few
    rows, the rarest become one, as few of them as can. After them `positive`, also for settings that are for two
    classes: the rarest class with enough rows, against the rest.

    Parameters
    ----------
    source, params, data
        As `outlook` takes them.
    """
    asked = data.classes or {}
    spelled = corrected(merged_labels(stripped(source[data.target]), asked)[0], asked)
    if spelled != asked and outlook(source, params, data.model_copy(update={"classes": spelled})).good:
        yield "classes", spelled
    counts = _classes(source, data).value_counts(ascending=True)
    if data.positive is not None or not 3 <= len(counts) <= CLASSES or _no_family(params) or _measured(counts.index):
        return
    needed = 2 * splits.LEAST / (1 - params.split.test_size)
    short = int((counts < needed).sum())
    becomes = [
        dict.fromkeys(map(label_text, counts.index[:number]))
        for number in range(max(2, short), len(counts) if short else 0)
        if counts.iloc[:number].sum() >= needed
    ]
    tried: list[tuple[str, Any]] = [("classes", _merged(source, data, each)) for each in becomes if each]
    tried += [("positive", plain(label)) for label in counts.index[counts >= needed]]
    yield from (each for each in tried if outlook(source, params, data.model_copy(update=dict([each]))).good)


def _measured(labels: pd.Index) -> bool:
    """Whether labels are numbers with decimals, which no class is."""
    return any(isinstance(label, float) and not label.is_integer() for label in map(plain, labels))


def _merged(source: pd.DataFrame, data: Data, becomes: Mapping[str, str | None]) -> dict[str, str | None]:
    """What each label of the source becomes, where classes after `data.classes` become others, or None a new one."""
    labels, asked = stripped(source[data.target]), data.classes or {}
    after = {label_text(label) for label in merged_labels(labels, asked)[0].dropna().unique()}
    name = next(word for word in MERGED if word not in after)
    found = dict[str, str | None]()
    for label in map(label_text, labels.value_counts(ascending=True).index):
        to = asked.get(label, label)
        if to is not None and (text := label_text(to)) in becomes:
            to = becomes[text] or name
        if to is None or label_text(to) != label:
            found[label] = to
    return found
