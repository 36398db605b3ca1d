"""Random frames, and what must be true of the tables and inspections made of them."""

import re
from datetime import UTC, date, datetime
from decimal import Decimal

import numpy as np
import pandas as pd
from hypothesis import strategies as st

from pipeline.errors import InputError
from pipeline.table import arrow, columns
from pipeline.table.ingest import Table, ingest
from pipeline.tools.inspect_text import facts, lines, page
from pipeline.tools.inspection import inspect

NUMBERS = (
    st.integers(-3, 3),
    st.integers(-(2**70), 2**70),
    st.floats(),
    st.floats(0, 9).map(lambda x: round(x, 1)),
    st.sampled_from([-1, 0, 999, 1e308, np.inf, np.nan]),
)
WORDS = (
    st.sampled_from(["a", "b", " b ", "", "NA", "yes", "no"]),
    st.sampled_from(["1", "2.5", "1e400", "nan", "inf", "-", "1,5", "12 %", "3 €", "0x1f", "١"]),
    st.sampled_from(["2026-01-31", "31.01.2026", "01/02/2026", "0000-00-00", "1600-01-01", "9999-12-31T23:59+14:00"]),
    st.text(max_size=5),
)
OTHERS = (
    st.booleans(),
    st.none(),
    st.just(pd.NaT),
    st.just(pd.NA),
    st.dates(date(1, 1, 1)),
    st.datetimes() | st.datetimes(timezones=st.just(UTC)),
    st.decimals(allow_nan=False),
    st.just(datetime(2026, 1, 31)),
    st.binary(max_size=2),
    st.lists(st.integers(0, 1), max_size=2),
    st.just(Decimal("1.5")),
)
CELLS = st.one_of(
    *NUMBERS, *WORDS, *OTHERS, *(a | st.none() for a in (*NUMBERS, *WORDS)), st.one_of(NUMBERS), st.one_of(WORDS)
)
DTYPES = st.sampled_from([None, "object", "str", "float64", "Int64", "boolean", "category", "datetime64[ns]"])
NAMES = st.sampled_from(["a", "b", "buy", "row_id", "a b", "größe", "{x}", "'", '"', "c", "d", "0"])
KINDS = st.sampled_from([*columns.KINDS, "%d.%m.%Y", ["a", "b"], ["a"], 3, None])


def frozen(values, dtype):
    """A column of these cells, of the type if they can have it."""
    try:
        return pd.Series(values, dtype=dtype)
    except (TypeError, ValueError, LookupError, ArithmeticError, RuntimeWarning):
        return pd.Series(values, dtype="object")


@st.composite
def frames(draw):
    """Tables of any cells, up to ninety rows made of few, and settings that need not suit them."""
    count, times = draw(st.integers(0, 8)), draw(st.sampled_from([1, 1, 5, 11]))
    names = draw(st.lists(NAMES, min_size=1, max_size=4, unique=True))
    made = {}
    for name in names:
        cell = draw(st.sampled_from([*NUMBERS, *WORDS, *OTHERS, CELLS]))
        values = draw(st.lists(cell | st.none() if draw(st.booleans()) else cell, min_size=count, max_size=count))
        made[name] = frozen(values * times, draw(DTYPES))
    if draw(st.booleans()):
        made["buy"] = pd.Series((draw(st.permutations([0, 1] * 4))[:count] or []) * times)
    target = draw(st.sampled_from(["buy", "buy", names[0], "no such"]))
    settings = {
        "positive": draw(st.sampled_from([None, None, 0, 1, "yes"])),
        "drop": draw(st.lists(st.sampled_from(names), max_size=1).filter(lambda drop: target not in drop)),
        "declared": draw(st.just({}) | st.dictionaries(st.sampled_from(names), KINDS, max_size=2)),
    }
    return pd.DataFrame(made), target, settings


def outcome(read, *arguments, **chosen):
    """What comes back and no problems, or none and some."""
    try:
        return read(*arguments, **chosen), []
    except InputError as error:
        return None, error.problems


def check_frame(case):
    """Any frame gives its rows and columns, or is refused."""
    frame, target, chosen = case
    source, problems = outcome(arrow.columns, frame, drop=chosen["drop"])
    if source is not None:
        before = source.copy()
        table, problems = outcome(ingest, source, target=target, **chosen)
        pd.testing.assert_frame_equal(source, before)
        if table is not None:
            check_table(table, source, target, chosen["drop"])
        check_inspection(source, target, chosen)
    assert (source is None or table is None) == bool(problems)
    assert all(problem.strip() and "\n" not in problem for problem in problems)


def check_table(table: Table, source, target, drop):
    """Check that a table has its source's rows, columns and numbers."""
    assert list(table.data.columns) == [*(name for name in source if name not in (target, *drop)), target]
    assert table.data.index.equals(pd.RangeIndex(len(source), name="row_id"))
    assert table.data[target].notna().all()
    assert table.data[target].nunique() > 1
    for name, made in table.data.drop(columns=target).items():
        given = source[name]
        assert made.notna().any()
        assert columns.kind(made) in columns.KINDS
        if pd.api.types.is_numeric_dtype(given) and columns.kind(made) in ("numeric", "integer"):
            np.testing.assert_array_equal(
                made.to_numpy("float64", na_value=np.nan), given.to_numpy("float64", na_value=np.nan)
            )
        assert (made.isna().to_numpy() >= given.isna().to_numpy()).all()


def check_inspection(source, target, chosen):
    """Check that a table can be described, whether or not ingest takes it."""
    found = inspect(source, target=target, **chosen, min_frequency=0.01)
    features = {str(name) for name in source} - {found.target, *chosen["drop"]}
    assert {one.name for one in found.columns} == features
    assert all(facts(found).values())
    assert len(lines(found, [], name="x")) < 60
    html = page(found, [], name="x", step="x", command="x")
    assert html.count('<section class="card">') == len(features)
    assert not re.search(r"<(?:rect|path)[^>]*(?:nan|inf)", html)
