"""Random files, and what must be true of whatever is read from them."""

import csv
import gzip
import io

import numpy as np
import pandas as pd
from hypothesis import strategies as st
from table_files import ARFF, READ, VISITS, feather, packed, parquet, zstandard

from pipeline.errors import InputError
from pipeline.table import formats

TEXT = (
    VISITS.encode(),
    VISITS.replace(",", ";").replace(".", ",").encode(),
    VISITS.encode("utf-16"),
    b'a\tb\tc\n"x\ny"\t1\t2\n\n"p""q"\t3\t4\n',
    "größe|é\n1|ü\n".encode("cp1252"),
)
BINARY = (
    ("v.csv.zst", zstandard(VISITS.encode() * 1000)),
    ("v.zip", packed({"v.csv": VISITS})),
    ("v.parquet", parquet(READ)),
    ("v.feather", feather(READ)),
    ("v.csv.gz", gzip.compress(VISITS.encode(), mtime=0)),
    ("v.arff", ARFF.encode()),
    ("v.svmlight", b"1 1:0.5 3:2\n-1 2:1\n"),
)
EDIT = st.tuples(
    st.floats(0, 1), st.integers(0, 6), st.binary(max_size=3) | st.text(",;\t|\"'\r\n 1.-x%@{:", max_size=4)
)


def edited(data, edits):
    """Bytes of which some are taken out and others put in, each at a place from 0, the beginning, to 1, the end."""
    for place, out, into in edits:
        at = int(place * len(data))
        data = data[:at] + (into if isinstance(into, bytes) else into.encode()) + data[at + out :]
    return data


ANY_TEXT = st.binary(max_size=80) | st.builds(edited, st.sampled_from(TEXT), st.lists(EDIT, max_size=5))
ANY_OTHER = {
    "seed": st.sampled_from(BINARY),
    "edits": st.lists(EDIT, max_size=4),
    "cut": st.floats(0, 1) | st.just(1.0),
}
CELL = st.none() | st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=5).map(lambda t: f"x{t}x")
ANY_WRITTEN = {
    "rows": st.lists(st.tuples(CELL, st.integers(-9, 9), st.floats(-1e9, 1e9)), min_size=1, max_size=8),
    "delimiter": st.sampled_from(",;\t|"),
    "pack": st.sampled_from([bytes, gzip.compress, zstandard, lambda data: packed({"v.csv": data})]),
    "encoding": st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
}


def outcome(data, name):
    """A table and no problems, or none and some."""
    try:
        return formats.read(data, name), []
    except InputError as error:
        return None, error.problems


def shapes(data):
    """Rows and columns that Python's own reader finds, with each delimiter and encoding."""
    found = set()
    for encoding in ("utf-8-sig", "utf-16", "cp1252"):
        for delimiter in ",;\t|":
            try:
                lines = io.StringIO(data.decode(encoding), newline="")
                records = list(csv.reader(lines, delimiter=delimiter, skipinitialspace=True))
            except (UnicodeDecodeError, csv.Error):
                continue
            widths = [len(row) for row in records if len(row) > 1 or "".join(row).strip(" \t")]
            if len(set(widths)) == 1:
                found.add((len(widths) - 1, widths[0]))
    return found


def check_text(data):
    """Any text gives its rows and columns, or is refused."""
    table, problems = outcome(data, "v.csv")
    assert all("\n" not in problem for problem in problems)
    assert table is None or table.shape in shapes(data)


def check_other(seed, edits, cut):
    """Any other file gives a table, or is refused."""
    name, data = seed
    data = edited(data, edits)
    table, problems = outcome(data[: int(len(data) * cut)], name)
    assert all("\n" not in problem for problem in problems)
    if table is not None:
        assert len(table) > 0
        assert all(pd.api.types.is_numeric_dtype(t) or isinstance(t, pd.StringDtype) for t in table.dtypes)


def check_written(rows, delimiter, pack, encoding):
    """A written table reads back."""
    table = pd.DataFrame(rows, columns=["some text", "n", "x"]).astype({"some text": "str"})
    text = table.to_csv(index=False, sep=delimiter, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\n")
    back = formats.read(pack(text.encode(encoding)), "v.csv")
    table["some text"] = table["some text"].str.replace("\r(?!\n)", "\n", regex=True)  # line ends of old Macs
    np.testing.assert_allclose(back.x, table.x, rtol=1e-15)  # pandas' own precision
    if table["some text"].isna().all():
        table, back = table.drop(columns="some text"), back.drop(columns="some text")
    pd.testing.assert_frame_equal(back.drop(columns="x"), table.drop(columns="x"))
