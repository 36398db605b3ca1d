"""Reads svmlight files, a sparse text format."""

import io
import re

import pandas as pd

from pipeline.errors import InputError, broken

LARGEST = 200_000_000  # cells of a dense table
SVMLIGHT_LINE = re.compile(rb"[+-]?[\d.]+(?:[eE][+-]?\d+)?(?:\s+\d+:[+-]?[\d.]+(?:[eE][+-]?\d+)?)*\s*(?:#.*)?")


def svmlight(data: bytes) -> pd.DataFrame:
    """The dense table in an svmlight file: features `f0`, `f1`, ..., then `target`.

    Raises
    ------
    InputError
        The file isn't in this format, or its dense table would be too large.
    """
    from sklearn.datasets import load_svmlight_file

    try:
        features, target = load_svmlight_file(io.BytesIO(data))
    except (ValueError, TypeError, LookupError, OverflowError, MemoryError) as error:
        for number, line in enumerate(data.splitlines(), 1):
            plain = line.partition(b"#")[0].strip()
            if plain and not SVMLIGHT_LINE.fullmatch(plain):
                raise InputError(
                    f"line {number}: expected a class and INDEX:VALUE pairs, "
                    f"found {plain[:60].decode(errors='replace')!r}. Correct this line."
                ) from None
        raise broken("an svmlight file", error) from None
    count, width = features.shape
    if count == 0:
        raise InputError("expected rows, found none. Copy the file again.")
    if count * width > LARGEST:
        raise InputError(
            f"expected a table of at most {LARGEST:,} cells, found {count:,} rows by {width:,} features. "
            "Select fewer features."
        )
    table = pd.DataFrame(features.toarray(), columns=[f"f{place}" for place in range(width)])
    labels = pd.Series(target, name="target")
    whole = bool((labels == labels.round()).all() and (labels.abs() < 2**53).all())
    return pd.concat([table, labels.astype("int64") if whole else labels], axis=1)
