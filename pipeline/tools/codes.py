"""Finds numbers that are codes, ids with several rows each, and levels spelled in several ways."""

import re
from collections.abc import Iterable
from math import gcd
from typing import Any

import numpy as np
import pandas as pd

from pipeline.formatting import cell, counted, listed
from pipeline.table.conversions import plausible

CODES = {
    *("code", "codes", "zip", "zipcode", "postcode", "postal", "fips", "sic", "naics", "icd"),
    *("state", "county", "country", "province", "district", "region", "city", "town", "zone", "site"),
    *("type", "kind", "category", "sector", "branch", "store", "shop", "department", "dept", "division"),
    *("channel", "cluster", "segment", "brand", "color", "colour", "race", "ethnicity", "religion"),
    *("occupation", "job", "profession", "nationality", "language", "gender", "sex"),
}
MAYBE_CODES = {"area", "group", "product", "model", "plan", "class", "status", "method"}  # or a size, or an order
QUANTITIES = {
    *("count", "num", "number", "n", "total", "sum", "mean", "average", "avg", "median", "min", "max", "rate", "ratio"),
    *(
        "share",
        "percent",
        "pct",
        "price",
        "amount",
        "cost",
        "fee",
        "income",
        "salary",
        "balance",
        "value",
        "population",
    ),
    *("size", "length", "width", "height", "weight", "age", "year", "years", "month", "months", "week", "weeks", "day"),
    *(
        "mpg",
        "days",
        "hour",
        "hours",
        "minutes",
        "seconds",
        "time",
        "duration",
        "score",
        "rating",
        "rank",
        "level",
        "distance",
    ),
}
IDS = {"id", "uid", "uuid", "guid"}
PEOPLE = {
    *("customer", "client", "patient", "subject", "user", "member", "account", "household", "person", "employee"),
    *("student", "device", "machine", "vehicle", "card"),
}
FEWEST_GROUPS = 20
FEWEST_UNNAMED = 50  # groups, where the name doesn't say that they are some
LARGEST_GROUP = 50  # rows of a customer, on average; more than that is a category
MANY = 8  # values, of which the frequencies can show an order
ROUND = 0.4  # fraction of the values that are multiples of five; of codes one in five is
SAMPLE = 20  # values that show whether a column has dates
TOKEN = r"(?=.*\d)[\w.@/-]+"  # text without a space and with a digit, such as C-1024
LETTER = r"[^\W\d_]"  # without any, 6/100 and 2.3.1 are fractions and versions


def words(name: Any) -> list[str]:
    """The words in a name: `customerId` and `customer_id` alike."""
    return [word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", str(name))]


def codes(typed: pd.Series, kind: str | None) -> str | None:
    """Why a column of numbers looks like codes without an order; None if it doesn't.

    Its name says so, or its values do: they have gaps of all sizes, and a value is no more like its neighbors in
    frequency than others are, which counts, ages and measurements are.
    """
    cells = typed.dropna()
    if kind not in ("numeric", "integer") or not (cells % 1 == 0).all() or (cells < 0).any():
        return None
    counts = cells.astype("float64").value_counts().sort_index()
    if not 3 <= len(counts) <= len(cells) / 2:
        return None
    said = words(typed.name)
    if QUANTITIES & set(said):
        return None
    if not (
        CODES & set(said)
        or any(word.endswith("code") for word in said)
        or (IDS & set(said) and len(cells) > LARGEST_GROUP * len(counts))
        or (MAYBE_CODES & set(said) and (_scattered(counts) or _unordered(counts)))
        or (_scattered(counts) and _unordered(counts))
    ):
        return None
    return f"{len(counts):,} different values, such as {', '.join(f'{value:.0f}' for value in counts.index[:3])}"


def _scattered(counts: pd.Series) -> bool:
    """Whether more whole numbers are missing between the values than are there, though not for being less round."""
    values = counts.index.to_numpy(dtype="float64")
    if values[-1] > 2**53:
        return False
    step = gcd(*(int(gap) for gap in np.diff(values)))
    missing = (values[-1] - values[0]) / step + 1 - len(values)
    round_ones = gcd(*map(int, values)) >= 5 if len(values) < MANY else (values % 5 == 0).mean() > ROUND
    return bool(missing > len(values) and not round_ones)


def _unordered(counts: pd.Series) -> bool:
    """Whether frequencies jump from a value to the next, and each value is frequent.

    By the rank version of von Neumann's ratio, which is 2 on average where the order says nothing, and near 0 where
    frequencies rise and fall smoothly (Bartels 1982, JASA 77, 40-46). Of few values it shows nothing: there, large
    numbers count, each of them frequent.
    """
    if len(counts) < MANY:
        return bool(counts.min() >= max(5, 0.01 * counts.sum()) and counts.index[0] >= 100)
    if counts.median() < 10:
        return False
    ranks = counts.rank().to_numpy()
    spread = float(((ranks - ranks.mean()) ** 2).sum())
    return spread > 0 and float((np.diff(ranks) ** 2).sum()) / spread > 1.3


def groups(values: pd.Series, typed: pd.Series, kind: str | None) -> str | None:
    """Why values look like customers, or the like, with several rows each; None if they don't."""
    distinct, rows = int(values.nunique()), len(values)
    if values.isna().any() or not FEWEST_GROUPS <= distinct < rows <= LARGEST_GROUP * distinct:
        return None
    text = kind in (None, "categorical")
    numbers = kind in ("numeric", "integer") and bool((typed % 1 == 0).all())
    said = words(values.name)
    named = bool(IDS & set(said)) or (bool(said) and said[-1] in PEOPLE)
    if not (text or numbers) or not (named or (not CODES & set(said) and _many(values, typed, distinct, text=text))):
        return None
    return f"{counted(distinct, 'value')} such as {cell(values.iloc[0])}, {rows / distinct:.2g} rows each on average"


def _many(values: pd.Series, typed: pd.Series, distinct: int, *, text: bool) -> bool:
    """Whether there are so many values, and none much more frequent than others, that each may be a customer."""
    rows = len(values)
    most = int(values.value_counts().iloc[0])
    if not max(FEWEST_UNNAMED, rows / 20) <= distinct <= rows / 1.5 or most > 10 * rows / distinct:
        return False
    if text:
        ids = typed.str.fullmatch(TOKEN).all() and typed.str.contains(LETTER).any()
        return bool(ids) and not plausible(typed.unique()[:SAMPLE])  # dates are none
    numbers = np.sort(typed.to_numpy(dtype="float64"))
    even = (numbers - numbers[0]) / max(numbers[-1] - numbers[0], 1)
    return float(np.abs(even - np.linspace(0, 1, rows)).max()) < 0.05  # measurements pile up


def spellings(levels: Iterable[Any]) -> str | None:
    """Levels of text that differ only in upper and lower case or in spaces; None if there are none."""
    alike: dict[str, list[str]] = {}
    for level in levels:
        if isinstance(level, str):
            alike.setdefault(plainly(level), []).append(level)
    found = [" and ".join(map(repr, sorted(each))) for each in alike.values() if len(each) > 1]
    return listed(found, 3) if found else None


def plainly(text: str) -> str:
    """The text without upper case and without spaces too many."""
    return " ".join(text.casefold().split())
