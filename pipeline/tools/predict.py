"""Scores a new table with a trained variant: corrected probabilities, and decisions at its threshold."""

import argparse
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pandas as pd

from pipeline.errors import InputError, nearest, run
from pipeline.files import EVALUATE, INGEST, PREPROCESS, TRAIN, read_json, read_model, say, write_text
from pipeline.judge import verdict
from pipeline.table import file
from pipeline.tracking.scoring import DEFAULT, Scorer, scorer

PREDICT = Path("data/predict")
KEYS = ("variant", "data.path", "to")
SHOWN = 6  # columns, or levels of one, named in a line


class Except:
    """All names but these."""

    def __init__(self, names: Iterable[str]) -> None:
        self._names = frozenset(names)

    def __contains__(self, name: object) -> bool:
        return name not in self._names


def load(name: str, schema: dict[str, Any]) -> Scorer:
    """What scores rows as variant `name` does, from what the stages wrote.

    Raises
    ------
    InputError
        There is none of that name, or it cannot be used.
    """
    folder = TRAIN / name
    if not folder.is_dir():
        there = sorted(path.name for path in TRAIN.glob("*") if path.is_dir())
        raise InputError(
            f"variant={name}: is not trained here; {nearest(name, there)}: choose one of these, or run `dvc repro`"
            if there
            else f"{TRAIN}: no model here: run `dvc repro` first"
        )
    return scorer(
        schema,
        read_model(PREPROCESS / "preprocessor.skops"),
        read_model(folder / "model.skops"),
        read_json(EVALUATE / name / "metrics.json"),
    )


def recommended(schema: dict[str, Any]) -> str:
    """The variant that the verdict on this table names.

    Raises
    ------
    InputError
        There is no verdict, it names none, or it is about another table.
    """
    mend = "name a variant with variant=NAME"
    found = read_json(verdict.FILE)
    if found["variant"] is None:
        raise InputError(f"{verdict.FILE}: {found['sentence'].rstrip('.')}: {mend}")
    if found["table"]["sha256"] != schema["sha256"]:
        raise InputError(f"{verdict.FILE}: the verdict is on another table than {INGEST}: run `dvc repro`, or {mend}")
    return str(found["variant"])


def read(path: Path, schema: dict[str, Any]) -> pd.DataFrame:
    """The rows of a file, its features read as those of training were, from row_id 0."""
    try:
        rows = file.read_table(path, drop=Except(schema["features"]), text=schema["text"])
    except InputError as error:  # a feature cannot be left out here
        raise InputError(problem.partition(", or leave the column out")[0] for problem in error.problems) from None
    return rows.rename_axis("row_id")


def describe(rows: pd.DataFrame, scored: pd.DataFrame, chain: Scorer) -> list[str]:
    """What was made of the rows, and what is odd in them, a line each.

    Parameters
    ----------
    rows
        Raw.
    scored
        What `chain` made of them.
    """
    said = [
        f"{len(rows):,} rows, {_decided(scored, chain)}",
        "probability is the raw one corrected "
        + ("by Platt's line, fitted out of fold" if "slope" in chain.correction else "for the shares of the classes"),
    ]
    if extra := [str(name) for name in rows if name not in chain.declaration]:
        said.append(f"columns not used: {_some(extra)}")
    X = chain.typed(rows)
    if holes := [f"{name} ({cells:,})" for name, cells in X.isna().sum().items() if cells]:
        said.append(f"holes, filled as in training: {_some(holes)}")
    for name, cells in chain.unseen(X).items():
        levels = _some([f"{level!r} ({times:,})" for level, times in cells.items()])
        said.append(f"{name}: levels that no training row has, which count as rare or as none: {levels}")
    return said


def _decided(scored: pd.DataFrame, chain: Scorer) -> str:
    """How many rows were called what, and by which rule."""
    if len(chain.labels) > 2:
        counts = scored["decision"].value_counts()
        called = ", ".join(f"{counts.get(label, 0):,} called {label!r}" for label in chain.labels)
        return f"{called}, by class weights"
    positive = chain.labels[1]
    at = f"{DEFAULT}: there is no t*" if chain.threshold is None else f"t* = {chain.threshold:.6g} or more"
    return f"{(scored['decision'] == positive).sum():,} called {positive!r}, at a raw probability of {at}"


def _some(words: list[str]) -> str:
    return ", ".join(words[:SHOWN]) + (f" and {len(words) - SHOWN:,} more" if len(words) > SHOWN else "")


def asked(words: list[str]) -> dict[str, str]:
    """The values of `KEYS` among KEY=VALUE words.

    Raises
    ------
    InputError
        A word is none of these, or data.path is not among them.
    """
    given: dict[str, str] = {}
    for word in words:
        key, equals, value = word.partition("=")
        if not (equals and value) or key not in KEYS:
            raise InputError(f"expected {', '.join(f'{known}=...' for known in KEYS)}, found {word!r}")
        given[key] = value
    if "data.path" not in given:
        raise InputError("expected the table to score, found none: python -m pipeline.predict data.path=FILE")
    return given


def main() -> None:
    """Read, score, write."""
    parser = argparse.ArgumentParser(prog="python -m pipeline.predict", description=__doc__)
    parser.add_argument(
        "words",
        nargs="*",
        metavar="key=value",
        help=f"data.path=FILE, the table; variant=NAME, else the verdict's; to=FILE.csv, else {PREDICT}/NAME.csv",
    )
    given = asked(parser.parse_args().words)
    schema, path = read_json(INGEST / "schema.json"), Path(given["data.path"])
    name = given.get("variant") or recommended(schema)
    out = Path(given.get("to", PREDICT / f"{name}.csv"))
    if out.suffix != ".csv" or out.resolve() == path.resolve():
        raise InputError(f"to={out}: expected a file of another name that ends in .csv")
    chain = load(name, schema)
    rows = read(path, schema)
    try:
        scored = chain.predict(rows)
    except InputError as error:
        raise InputError(f"{path}: {problem}" for problem in error.problems) from None
    write_text(out, scored.to_csv(lineterminator="\n"))
    for line in describe(rows, scored, chain):
        say(f"{name}: {line}")
    say(str(out))


if __name__ == "__main__":
    run(main)
