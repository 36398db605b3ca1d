"""The predictions in a page, from which its numbers can be recomputed."""

import base64
import json
import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from pipeline.judge.evidence import Evidence
from pipeline.measure.evaluation import fits_of

LARGEST = 10_000_000  # bytes of evidence that a page carries
KEPT = ("declared", "table", "classes", "hashes", "failed", "baselines", "command")  # unchanged
RECOMPUTED = ("holdout", "guarantee", "probabilities")  # of metrics.json: they follow from the predictions


def pack(evidence: Evidence) -> str | None:
    """The predictions, and what doesn't follow from them, as JSON text; None where it would exceed `LARGEST` bytes."""
    # Without test rows, predictions are those of the folds, and follow from them.
    tested = evidence.predictions if evidence.declared["split"]["test_size"] else {}
    first = next(iter(tested.values()), None)
    seen = next(iter(evidence.out_of_fold.values()))
    frames = [*tested.values(), *evidence.out_of_fold.values()]
    cells = sum(len(rows) * len(_predicted(rows)) for rows in frames if rows is not None)
    if cells * 8 > LARGEST:  # before compressing, which takes long and gains little
        return None
    truth = None
    if evidence.truth is not None:
        indices = [rows.index.unique() for rows in (first, seen) if rows is not None]
        known = indices[0].append(indices[1:])
        truth = _columns(evidence.truth[known].rename("probability").rename_axis("row_id").reset_index())
    content = {
        "variants": {
            name: {
                "metrics": _without_what_follows(result),
                "test": None if (rows := tested.get(name)) is None else _columns(rows[_predicted(rows)]),
                "out_of_fold": None
                if (rows := evidence.out_of_fold[name]) is None
                else _columns(rows[_predicted(rows)]),
                "fits": None if (rows := evidence.folds[name]) is None else _columns(fits_of(rows)),
            }
            for name, result in evidence.results.items()
        },
        "test": _shared(first),
        "out_of_fold": _shared(seen),
        "truth": truth,
        "components": {name: _columns(rows) for name, rows in evidence.components.items()},
        **{key: getattr(evidence, key) for key in KEPT},
    }
    # A page is HTML: "</script>" in a column's name must not end the block.
    text = json.dumps(content, ensure_ascii=True, allow_nan=False).replace("<", "\\u003c")
    return text if len(text) <= LARGEST else None


def unpack(text: str) -> Evidence:
    """The evidence that `pack` wrote, without what follows from it.

    These are metrics in `results` and `folds`, and all `predictions` where no rows were held out for testing.

    Raises
    ------
    ValueError, KeyError, TypeError, zlib.error
        The text is not what `pack` wrote.
    """
    content = json.loads(text)
    test, seen = (
        None if content[key] is None else _frame(content[key]).set_index("row_id") for key in ("test", "out_of_fold")
    )
    variants = content["variants"]
    truth = None if content["truth"] is None else _frame(content["truth"]).set_index("row_id").probability
    return Evidence(
        results={name: kept["metrics"] for name, kept in variants.items()},
        predictions={} if test is None else {name: test.assign(**_arrays(v["test"])) for name, v in variants.items()},
        out_of_fold={
            name: None if seen is None else seen.assign(**_arrays(kept["out_of_fold"]))
            for name, kept in variants.items()
        },
        folds={name: None if seen is None else _frame(kept["fits"]) for name, kept in variants.items()},
        truth=truth,
        components={name: _frame(rows) for name, rows in content["components"].items()},
        **{key: content[key] for key in KEPT},
    )


def _without_what_follows(result: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in result.items() if key not in RECOMPUTED}


def _shared(rows: pd.DataFrame | None) -> dict[str, Any] | None:
    """The columns that are the same for all variants."""
    return None if rows is None else _columns(rows.drop(columns=_predicted(rows)).rename_axis("row_id").reset_index())


def _predicted(rows: pd.DataFrame | None) -> list[str]:
    """The columns of probabilities and scores: one each, or one a class where there are more than two."""
    return [] if rows is None else [name for name in rows if name.startswith(("probability", "score"))]


def _columns(rows: pd.DataFrame) -> dict[str, Any]:
    return {str(name): _array(column.to_numpy()) for name, column in rows.items()}


def _array(values: np.ndarray) -> list[str]:
    data = np.ascontiguousarray(values)
    little = data.astype(data.dtype.newbyteorder("<"))
    return [little.dtype.str, base64.b64encode(zlib.compress(little.tobytes(), 9)).decode()]


def _values(kept: list[str]) -> np.ndarray:
    kind = np.dtype(kept[0])
    if kind.hasobject:
        raise ValueError(f"expected numbers, got {kept[0]}")
    return np.frombuffer(zlib.decompress(base64.b64decode(kept[1], validate=True)), dtype=kind).astype(
        kind.newbyteorder("=")
    )


def _arrays(kept: dict[str, list[str]]) -> dict[str, np.ndarray]:
    return {name: _values(values) for name, values in kept.items()}


def _frame(kept: dict[str, list[str]]) -> pd.DataFrame:
    return pd.DataFrame(_arrays(kept))
