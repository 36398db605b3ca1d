"""Interprets the cells of a table: marks of missing values, and numbers in another notation."""

from collections.abc import Iterable, Mapping, Sequence

import pandas as pd

from pipeline.errors import InputError, advise, set_param
from pipeline.formatting import label_text
from pipeline.table.cells import code_note, like_codes, strip
from pipeline.table.notation import Doubt, interpreted
from pipeline.table.origin import Origin, noted, origin
from pipeline.table.reading import Missing, Reading

ALL = "*"  # stands for all columns among the names of `data.missing`


class UnclearWords(InputError):
    """Words among numbers or dates may stand for missing values.

    Attributes
    ----------
    missing
        The `data.missing` that declares them all.
    """

    def __init__(self, problems: str | Iterable[str], missing: Missing = None) -> None:
        super().__init__(problems)
        self.missing = missing


def interpret(table: pd.DataFrame, how: Reading) -> pd.DataFrame:
    """The table with missing values in place of their marks, and numbers in place of text that holds numbers.

    Parameters
    ----------
    table
        Shape (n, p): text without white space around it, numbers, booleans or categories.
    how
        What the settings say about it.

    Raises
    ------
    UnclearWords, InputError
        The meaning of a column is in doubt; all such columns are listed.
    """
    place = origin(table)
    doubts: dict[str, Doubt] = {}
    notes: list[str] = []
    made: dict[str, pd.Series] = {}
    for name, column in table.items():
        if name in how.drop:
            continue
        if name in how.labels and isinstance(column.dtype, pd.CategoricalDtype):
            column = strip(column.astype("str"))
        made[str(name)] = column = _without_marks(column, _marks(how.missing, str(name)))
        as_it_is = name in how.text or name in how.labels or name in place.text
        if as_it_is or not isinstance(column.dtype, pd.StringDtype):
            continue
        found = interpreted(column, place.decimal, known=name in how.numbers)
        if isinstance(found, Doubt):
            doubts[str(name)] = found
        elif found is not None:
            made[str(name)] = found.values
            notes += [f"column {name!r}: {found.note}"] if found.note else []
            if pd.api.types.is_numeric_dtype(found.values) and like_codes(column).any():
                notes.append(code_note(str(name), column))
    if doubts:
        raise _error(doubts, how, place)
    return noted(table.assign(**made), notes) if made else table


def _error(doubts: Mapping[str, Doubt], how: Reading, place: Origin) -> InputError:
    """The error about columns in doubt; the settings in its messages settle all of them at once."""
    left_out = [*(how.drop if isinstance(how.drop, Sequence) else ()), *doubts]
    leave_out = f"leave the column out with {set_param('data.drop', left_out)}"
    words = {name: doubt.words for name, doubt in doubts.items() if doubt.words}
    if isinstance(how.missing, Mapping):
        missing: Missing = {**how.missing, **words}
    else:
        missing = list(dict.fromkeys([*(how.missing or ()), *(word for each in words.values() for word in each)]))
    mean = f"if this marks a missing value, declare it with {set_param('data.missing', missing)}"
    levels = {name: set_param("data.columns", {name: "categorical"}) for name in doubts}
    problems = [
        f"column {name!r}, {place.unit} {place.of(doubt.row)}: {doubt.message}. "
        + advise(
            doubt.advice,
            *(
                (mean, f"if these are levels, declare the column categorical with {levels[name]}")
                if doubt.words
                else ()
            ),
            leave_out,
        )
        for name, doubt in doubts.items()
    ]
    return UnclearWords(problems, missing) if words else InputError(problems)


def _marks(missing: Missing, name: str) -> set[str]:
    if isinstance(missing, Mapping):
        return {label_text(mark) for key in (ALL, name) for mark in missing.get(key, ())}
    return {label_text(mark) for mark in missing or ()}


def _without_marks(column: pd.Series, marks: set[str]) -> pd.Series:
    """The column with missing values in place of the marks, which are text, or numbers in a column of numbers."""
    if not marks:
        return column
    if isinstance(column.dtype, pd.CategoricalDtype):
        return column.cat.remove_categories([level for level in column.cat.categories if level in marks])
    if isinstance(column.dtype, pd.StringDtype):
        return column.mask(column.isin([*marks, *(f"'{mark}'" for mark in marks)]))
    if pd.api.types.is_bool_dtype(column.dtype):
        return column
    numbers = pd.to_numeric(pd.Series(sorted(marks), dtype="str"), errors="coerce").dropna()
    return column.mask(column.isin(numbers)) if column.isin(numbers).any() else column
