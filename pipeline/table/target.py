"""Checks the target column, and finds its positive class."""

import re
import unicodedata
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from pipeline.errors import InputError, set_param
from pipeline.formatting import label_text
from pipeline.table import classes
from pipeline.table.conversions import BOOLEANS
from pipeline.table.marks import NO_CLASS
from pipeline.table.notation import NUMBER
from pipeline.table.origin import origin

RESERVED = ("row_id", "synthetic")
SHORT = {"y": "yes", "n": "no", "t": "true", "f": "false"}


def merged_labels(labels: pd.Series, merge: Mapping[Any, Any]) -> tuple[pd.Series, list[str]]:
    """Labels after `data.classes`, and what is wrong with it."""
    try:
        return classes.merged(labels, merge) if merge else labels, []
    except InputError as error:
        return labels, error.problems


def stripped(labels: pd.Series) -> pd.Series:
    """Labels without spaces around them; empty ones are missing."""
    if isinstance(labels.dtype, pd.BooleanDtype):  # which compares to missing, and not to false
        return labels.astype(object).mask(labels.isna())
    if pd.api.types.is_numeric_dtype(labels) or isinstance(labels.dtype, pd.CategoricalDtype):
        return labels
    bare = labels.map(lambda label: label.strip() if isinstance(label, str) else label, na_action="ignore")
    return bare.mask(bare == "")


def rarest_label(counts: pd.Series) -> Any:
    """The label with the fewest rows; the largest label where several are as rare, so 1 of 0 and 1."""
    return max(counts.index[counts == counts.min()])


def label_of(positive: Any, labels: pd.Index) -> Any:
    """The label among `labels` that `positive` names; None if there is none."""
    return next((label for label in labels if label == positive or str(label) == str(positive)), None)


def doubtful(labels: pd.Series, merge: Mapping[Any, Any]) -> tuple[list[list[str]], list[str]]:
    """Labels that may be one class in several spellings, the most frequent first, and labels that may be no class.

    Parameters
    ----------
    labels
        After `data.classes`.
    merge
        `data.classes`: what it names, as a label or as what a label becomes, is meant as it is.
    """
    meant = {label_text(label) for label in (*merge, *merge.values()) if label is not None}
    counts = labels.value_counts()
    words = [label for label in counts.index if isinstance(label, str) and label not in meant]
    names = {word: _name(word) for word in words}
    if len(counts) > 2 and len(words) == len(counts) and all(name in BOOLEANS for name in names.values()):
        names = {word: str(BOOLEANS[name]) for word, name in names.items()}
    spellings: dict[str, list[str]] = {}
    for word, name in names.items():
        spellings.setdefault(name, []).append(word)
    marks = [word for word in words if word.lower() in NO_CLASS] if len(counts) > 2 else []
    numbers = sum(isinstance(label, str) and re.fullmatch(NUMBER, label) is not None for label in counts.index)
    others = [label for label in counts.index if not re.search(r"\d", str(label))]
    if len(others) == 1 and numbers == len(counts) - 1 >= 2:  # a word among numbers
        marks = [word for word in others if word in words]
    return [group for group in spellings.values() if len(group) > 1], marks


def _name(word: str) -> str:
    """What spellings of one class have in common: no upper case, nor signs between letters or at the end."""
    text = unicodedata.normalize("NFKC", word).casefold().rstrip(".")
    text = re.sub(r"(?<=[^\W\d_])[\s_-]+(?=[^\W\d_])", "", " ".join(text.split()))
    return SHORT.get(text, text)


def corrected(labels: pd.Series, merge: Mapping[Any, Any]) -> dict[Any, Any]:
    """The `data.classes` that merges spellings of one class, and leaves out what is no class."""
    several, marks = doubtful(labels, merge)
    spelled = {word: group[0] for group in several for word in group[1:]}
    left_out = [*marks, *([classes.name_of_missing(labels)] if labels.isna().any() else [])]
    return {**{label_text(label): to for label, to in merge.items()}, **spelled, **dict.fromkeys(left_out)}


def look_alikes(labels: pd.Series, merge: Mapping[Any, Any]) -> list[str]:
    """An error message for each kind of `doubtful` labels, with the setting that corrects them all."""
    several, marks = doubtful(labels, merge)
    if not (several or marks):
        return []
    counts, column, problems = labels.value_counts(), f"target {labels.name!r}", []
    fix = set_param("data.classes", corrected(labels, merge))
    if several:
        found = "; ".join(", ".join(f"{word!r} ({counts[word]:,})" for word in group) for group in several)
        problems.append(
            f"{column}: expected one spelling per class, found {found}. Merge them with {fix}. If they are different "
            "classes, map each to itself in data.classes."
        )
    if marks:
        found = ", ".join(f"{word!r} ({counts[word]:,})" for word in marks)
        problems.append(
            f"{column}: expected a class in every row, found {found}, which usually marks a missing value. Leave out "
            f"these rows with {fix}. If it is a class, map it to itself in data.classes."
        )
    return problems


def target_problems(labels: pd.Series, positive: Any, merge: Mapping[Any, Any]) -> list[str]:
    """Why these labels can't be a target; empty where they can."""
    column, place = f"target {labels.name!r}", origin(labels)
    if labels.name in RESERVED:
        return [f"{column}: this name is reserved. Rename the column in the file."]
    missing = np.flatnonzero(labels.isna())
    if missing.size:
        return [
            f"{column}, {place.where(missing)}: expected a class in every row, found a missing value. Fill in these "
            f"cells, or leave out their rows with {set_param('data.classes', corrected(labels, merge))}."
        ]
    if pd.api.types.is_float_dtype(labels) and (infinite := np.flatnonzero(np.isinf(labels))).size:
        return [f"{column}, {place.where(infinite)}: expected a class in every row, found inf. Correct these cells."]
    counts = labels.value_counts()
    if len(counts) < 2:
        found = f"one: {classes.listed(counts)}" if len(counts) else "none"
        return [f"{column}: expected two or more classes, found {found}. Check data.target and data.classes."]
    if several := classes.problems(counts, positive=positive) if len(counts) > 2 else []:
        return [f"{column}: {problem}" for problem in several]
    if positive is not None and label_of(positive, counts.index) is None:
        how = classes.unquoted(positive, counts.index) or f"choose from {classes.listed(counts)}."
        return [f"{column}: data.positive is {positive!r}, but the target has no such class; {how}"]
    return []
