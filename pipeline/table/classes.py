"""Merges and encodes the classes of a target, and refuses targets that can't be classified."""

import re
from collections.abc import Iterable, Mapping, Sequence
from math import nan
from typing import Any

import numpy as np
import pandas as pd

from pipeline import formatting
from pipeline.errors import InputError, nearest, set_param
from pipeline.formatting import label_text, plain
from pipeline.table.marks import MARKS

REST = "the rest"  # the negative class where several classes form it
MANY = 20  # different numbers; with more, and rare ones among them, a target is a quantity
FEW = 5  # rows; a number with fewer is rare
SEPARATORS = (";", ",", "|", "/", "+", "&")
WHOLE = r"-?(?:0|[1-9][0-9]{0,17})(?:\.0+)?"  # as labels: 01 isn't 1
ROUTE = "merge it with another class or leave it out with data.classes"


def labels(schema: Mapping[str, Any]) -> list[Any]:
    """The labels by code; of two classes, code 1 is the positive one.

    Parameters
    ----------
    schema
        The content of schema.json.
    """
    return schema.get("labels") or [schema["negative"], schema["positive"]]


def names(schema: Mapping[str, Any]) -> list[str]:
    """The names of the classes in files, by code: `negative` and `positive`, or all labels where there are more."""
    return list(schema["classes"])


def rarest(y: pd.Series | np.ndarray, classes: int) -> int:
    """Rows of the rarest class, which is usually the positive one."""
    return int(np.bincount(y, minlength=classes).min())


def advice(classes: int) -> str:
    """What to do about a class with too few rows."""
    return ROUTE if classes > 2 else "collect more rows of it"


def merged(column: pd.Series, mapping: Mapping[Any, Any]) -> pd.Series:
    """The labels after `data.classes`, which maps a label to another one, or to None to leave out its rows.

    A mark of a missing value, such as NA, that is no label stands for rows without one.

    Parameters
    ----------
    column
        Shape (n,): labels.
    mapping
        By label, as text or as in the table.

    Raises
    ------
    InputError
        The mapping has labels that the table doesn't have.
    """
    words = column.map(label_text, na_action="ignore")
    there = {label_text(label): label for label in map(plain, column.dropna().unique())}
    asked = {label_text(label): to for label, to in mapping.items()}
    if column.hasnans:
        none = [label for label in asked if label not in there and label.lower() in (*MARKS, "")]
        words, there = words.fillna(none[0]) if none else words, {**dict.fromkeys(none, nan), **there}
    if unknown := [label for label in asked if label not in there]:
        raise InputError(
            f"data.classes: the target has no class {label!r}; {unquoted(label, there) or nearest(label, there)}"
            for label in unknown
        )
    # The new label may be one of the table, whether given as text or as a number.
    becomes = {label: None if to is None else there.get(label_text(to), to) for label, to in asked.items()}
    kept = ~words.isin([label for label, to in becomes.items() if to is None])
    values = [becomes.get(text, plain(label)) for text, label in zip(words[kept], column[kept], strict=True)]
    return _of_one_type(pd.Series(values, index=column.index[kept], name=column.name, dtype=object))


def name_of_missing(labels: pd.Series) -> str:
    """What `data.classes` calls rows without a label; see `merged`."""
    return next(name for name in ("NA", "") if name not in set(labels))


def _of_one_type(mapped: pd.Series) -> pd.Series:
    """Labels as whole numbers if all are, else as words if some are."""
    if len(mapped) and all(re.fullmatch(WHOLE, str(label)) for label in mapped.unique()):
        return pd.to_numeric(mapped).astype("int64")
    if mapped.map(type).nunique() > 1:  # a new word among numbers
        return mapped.map(label_text, na_action="ignore").astype("str")
    return mapped.infer_objects()


def unquoted(label: Any, there: Iterable[Any]) -> str | None:
    """What to do about a label that YAML took for true or false, since it stood without quotes; None for others.

    Parameters
    ----------
    label
        As the settings have it.
    there
        The labels of the table.
    """
    truth = {"True": ("yes", "y", "on", "true"), "False": ("no", "n", "off", "false")}.get(label_text(label), ())
    meant = [str(each) for each in there if str(each).lower() in truth]
    if not meant:
        return None
    return f"YAML reads {meant[0]} without quotes as {label_text(label).lower()}. Write it in quotes: '{meant[0]}'."


def encoded(column: pd.Series) -> tuple[pd.Series, list[Any]]:
    """The code of each row's label, from 0 in sorted order, and the labels by code."""
    found = [plain(label) for label in column.unique()]
    if all(isinstance(label, float) and label.is_integer() for label in found):
        column, found = column.astype("int64"), [int(label) for label in found]
    try:
        order = sorted(found)
    except TypeError:  # words among numbers
        column, order = column.map(label_text), sorted({label_text(label) for label in found})
    if not all(isinstance(label, str | int | float) for label in order):  # dates, which JSON doesn't have
        column, order = column.map(label_text), [label_text(label) for label in order]
    codes = column.map({label: code for code, label in enumerate(order)})
    return codes.astype("int8" if len(order) < 128 else "int16"), order


def listed(counts: pd.Series) -> str:
    """The first labels, with their rows."""
    return formatting.listed(f"{plain(label)!r} ({count:,})" for label, count in counts.items())


def problems(counts: pd.Series, *, positive: Any) -> list[str]:
    """Why these can't be the classes of a classifier; empty where they can.

    Parameters
    ----------
    counts
        Rows by label, of more than two labels.
    positive
        Label of one class against the rest; None keeps the classes apart.
    """
    if compound := _compounds(counts.index):
        return [
            f"expected one class per row, found cells with several, such as {compound!r}. Multi-label targets "
            "aren't supported. Make one table per label, or make such a cell a class of its own with "
            f"{set_param('data.classes', {compound: 'both'})}."
        ]
    if positive is not None:
        return []
    numbers = pd.api.types.is_numeric_dtype(counts.index) and not pd.api.types.is_bool_dtype(counts.index)
    if numbers and (counts.index.to_numpy(dtype=float) % 1 != 0).any():
        first = ", ".join(f"{value:g}" for value in counts.index[:3])
        return [
            f"expected classes, found {len(counts):,} different numbers with decimals, such as {first}. A continuous "
            "target needs regression. To classify, bin it first."
        ]
    if numbers and len(counts) > MANY and counts.min() < FEW:
        return [
            f"expected classes, found {len(counts):,} different numbers, some in fewer than {FEW} rows: "
            f"{listed(counts)}. A quantity needs regression. To classify, bin it first, or merge values "
            "with data.classes."
        ]
    if single := [plain(label) for label in counts.index[counts == 1]]:
        return [
            f"expected at least two rows of each class, one for training and one for testing, found one row of "
            f"{formatting.listed(map(repr, single))}. Merge such a class into another with "
            f"{set_param('data.classes', {label_text(single[0]): 'OTHER'})}, or leave it out with null instead of "
            "OTHER."
        ]
    return []


def _compounds(found: pd.Index) -> str | None:
    """A label that lists other labels; None if there is none."""
    words = {str(label) for label in found if isinstance(label, str)}
    for separator in SEPARATORS:
        for text in sorted(words):
            parts = [part.strip() for part in text.split(separator)]
            if len(parts) > 1 and all(part in words for part in parts):
                return text
    return None


def by_code(asked: Any, named: Sequence[Any], *, where: str) -> Any:
    """A `sampling_strategy` or `class_weight` with codes in place of labels; unchanged where it has no labels.

    Parameters
    ----------
    asked
        A mapping by label, or a list of labels, or anything else.
    named
        The table's labels by code.
    where
        The setting's key, for errors.

    Raises
    ------
    InputError
        It has labels that the table doesn't have.
    """
    if not isinstance(asked, Mapping | list):
        return asked
    codes = {label_text(label): code for code, label in enumerate(named)}
    if unknown := [label_text(label) for label in asked if label_text(label) not in codes]:
        raise InputError(
            f"{where}: expected labels of the table, found {label!r}; {nearest(label, codes)}" for label in unknown
        )
    if isinstance(asked, list):
        return [codes[label_text(label)] for label in asked]
    return {codes[label_text(label)]: value for label, value in asked.items()}
