"""Formats numbers and lists for people, on a page and in a terminal."""

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from math import floor, log10
from typing import Any

DIGITS = 3  # decimals of a figure, at least
SHORT = 1e-6  # below it an exponent is read faster than zeros
SIZES = ((1e9, "GB"), (1e6, "MB"), (1e3, "kB"))
ISO = "ISO8601"  # a format of dates, as pandas calls it


def digits(scale: float) -> int:
    """Decimals that show two significant digits of `scale`, and `DIGITS` at least; so many for 0, too."""
    return DIGITS if scale == 0 else max(DIGITS, 1 - floor(round(log10(abs(scale)), 9)))


def threshold(value: float | None) -> str:
    """A probability to decide by, told apart from 0 and from 1 however near it is; a dash where there is none."""
    if value is None or not 0 < value < 1:
        return number(value)
    if min(value, 1 - value) < SHORT:
        return f"{value:.2g}" if value < 0.5 else f"1 - {1 - value:.2g}"
    return number(value, digits(min(value, 1 - value)))


def number(value: float | None, digits: int = DIGITS) -> str:
    """A figure; a dash where it is not defined."""
    return "–" if value is None else f"{value:.{digits}f}"


def signed(value: float | None, digits: int = DIGITS) -> str:
    """A difference with its sign; what rounds to zero has none."""
    if value is None:
        return number(None)
    rounded = round(value, digits)
    return f"{rounded:+.{digits}f}" if rounded else f"{0:.{digits}f}"


def counted(count: int, noun: str) -> str:
    """A count with its noun: "1 test row", "1,200 test rows"."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def arguments(given: Mapping[str, Any]) -> str:
    """Arguments of a model with their values: "C=0.1", "learning_rate=0.1, max_leaf_nodes=7"."""
    return ", ".join(
        f"{name}={value:g}" if isinstance(value, float) else f"{name}={value}" for name, value in given.items()
    )


def call_of(node: Mapping[str, Any]) -> str:
    """A constructor call: "SimpleImputer(strategy=median)"."""
    given = {name: value for name, value in node.items() if name != "_target_"}
    return f"{str(node.get('_target_')).rpartition('.')[2]}({arguments(given)})"


def steps_of(preprocess: Mapping[str, Any]) -> str:
    """The settings of preprocessing: "impute by SimpleImputer(strategy=median), scale by StandardScaler()"."""
    said = [f"{name} by {call_of(node)}" for name, node in preprocess.items() if isinstance(node, Mapping)]
    if parts := preprocess.get("date_parts"):
        said.append(f"{', '.join(parts)} of dates")
    return ", ".join(said) or "no preprocessing"


def size(count: float) -> str:
    """A number of bytes: "640 kB", "1.5 MB", "2,300 GB"."""
    scale, unit = next(((scale, unit) for scale, unit in SIZES if count >= scale), SIZES[-1])
    amount = count / scale
    return f"{amount:,.{0 if amount >= 99.5 else 1}f}".removesuffix(".0") + f" {unit}"


def floor_percent(share: float) -> str:
    """Two decimals, or three above .99, and 1 only where it is 1."""
    digits = 3 if share >= 0.99 else 2
    return "1" if share == 1 else f"{floor(share * 10**digits + 1e-9) / 10**digits:.{digits}f}"


def share_of(count: int, total: int) -> str:
    """A count of rows, and as a percentage of all: "12 rows, 3%"."""
    return f"{counted(count, 'row')}, {percent_of(count, total)}"


def percent_of(count: int, total: int) -> str:
    """A count as a percentage, two significant digits below ten."""
    share = 100 * count / total
    return f"{share:.0f}%" if share >= 9.95 else f"{share:.2g}%"


def listed(words: Iterable[object], most: int = 6) -> str:
    """The first words, and how many more there are: "a, b and 3 more"."""
    shown = list(map(str, words))
    rest = f" and {len(shown) - most:,} more" if len(shown) > most else ""
    return ", ".join(shown[:most]) + rest


def joined(words: Iterable[str]) -> str:
    """Words as a sentence lists them: "a", "a and b", "a, b and c"."""
    *most, last = words
    return f"{', '.join(most)} and {last}" if most else last


def places(unit: str, numbers: Sequence[int], most: int = 3) -> str:
    """Numbered lines or rows of a file: "line 3", or "lines 3, 6, 7 and 2 more"."""
    return f"{unit}{'s' * (len(numbers) != 1)} {listed(numbers, most)}"


def cell(value: Any) -> str:
    """A value as it is shown: text in quotes."""
    if isinstance(value, str):
        return repr(value if len(value) <= 24 else f"{value[:24]}…")
    return str(plain(value))


def label_text(label: Any) -> str:
    """A label or level as text, as people type it: 1.0 is `1`, as it was before a hole made its column floating."""
    return str(int(label)) if isinstance(label, float) and label.is_integer() else str(label).strip()


def name_text(name: Any) -> str:
    """A column's name as it is compared: without spaces around it, and é in one spelling of the two Unicode has."""
    return unicodedata.normalize("NFC", str(name)).strip()


def plain(label: Any) -> Any:
    """A numpy scalar as Python's own, which JSON has."""
    return label.item() if hasattr(label, "item") else label
