"""The settings for reading a file."""

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass

Missing = Iterable[str] | Mapping[str, Iterable[str]] | None


@dataclass(frozen=True)
class Reading:
    """How a file is read.

    Attributes
    ----------
    drop
        Columns that won't be used, whatever they hold.
    text
        Columns whose cells stay as they are written, even where all look like numbers.
    numbers
        Columns known to hold numbers, however few cells show in which notation.
    labels
        Columns whose cells are names, such as the target's: no units or words for missing values are looked for.
    missing
        Marks of missing values: of all columns; or by column, where `*` stands for all.
    header
        Whether the file has one.
    names
        Of the columns of a file without a header; None is x1, x2 and so on.
    skip_rows
        Lines or rows above the header.
    sheet
        Of an Excel workbook; None where it has only one.
    """

    drop: Container[str] = ()
    text: Container[str] = ()
    numbers: Container[str] = ()
    labels: Container[str] = ()
    missing: Missing = None
    header: bool = True
    names: Sequence[str] | None = None
    skip_rows: int = 0
    sheet: str | None = None


AS_IT_IS = Reading()
