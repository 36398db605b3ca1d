"""Scores a new table with a trained variant: recalibrated probabilities, and decisions at its threshold."""

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from pipeline.errors import InputError, advise, nearest
from pipeline.files import (
    EVALUATE,
    INGEST,
    PREPROCESS,
    TRAIN,
    csv_text,
    read_json,
    say,
    sha256,
    write_json,
    write_text,
)
from pipeline.fit.stored import read_model
from pipeline.judge import verdict
from pipeline.measure import guarantee
from pipeline.table import columns, file
from pipeline.table.reading import Reading
from pipeline.tracking.scoring import DEFAULT, Scorer, scorer

PREDICT = Path("data/predict")
WRITTEN = PREDICT / "written.json"  # the SHA-256 of each file that was written, by its path
KEYS = ("variant", "data.path", "to", "overwrite")
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
    if folder.parent != TRAIN or not folder.is_dir():  # a name with .. would lead elsewhere
        there = sorted(path.name for path in TRAIN.glob("*") if path.is_dir())
        raise InputError(
            f"variant={name}: this variant isn't trained; {nearest(name, there)} Name one of these, or train it with "
            "`dvc repro`."
            if there
            else f"{TRAIN}: there is no trained model. Run `dvc repro` first."
        )
    return scorer(
        schema,
        read_model(PREPROCESS / "preprocessor.skops"),
        read_model(folder / "model.skops"),
        read_json(EVALUATE / name / "metrics.json"),
    )


def recommended(schema: dict[str, Any]) -> str:
    """The variant that the verdict on this table recommends.

    Raises
    ------
    InputError
        There is no verdict, it recommends none, or it is about another table.
    """
    fix = "choose a variant with variant=NAME"
    found = read_json(verdict.FILE)
    if found["variant"] is None:
        raise InputError(f"{verdict.FILE}: {found['sentence'].rstrip('.')}. {advise(fix)}")
    if found["table"]["sha256"] != schema["sha256"]:
        raise InputError(
            f"{verdict.FILE}: this verdict is for a different table than {INGEST}. {advise('run `dvc repro`', fix)}"
        )
    return str(found["variant"])


def read(path: Path, schema: dict[str, Any]) -> pd.DataFrame:
    """The rows of a file, its features read as those of training were, from row_id 0."""
    try:
        how = Reading(
            drop=Except(schema["features"]),
            text=schema["text"],
            numbers=columns.numbers(schema["columns"]),
            missing=schema["missing"],
        )
        rows = file.read_table(path, how)
    except InputError as error:  # a feature cannot be left out here
        raise InputError(
            re.sub(r", or leave the column out with .*\.$", ".", problem) for problem in error.problems
        ) from None
    return rows.rename_axis("row_id")


def _corrected(correction: Mapping[str, Any]) -> str:
    """What was done to probabilities, by a scorer's correction."""
    if "trained" in correction:
        return "prior-corrected"
    way = "an isotonic curve" if "before" in correction else "Platt's method"
    return f"recalibrated with {way}, fitted out of fold"


def describe(rows: pd.DataFrame, scored: pd.DataFrame, chain: Scorer) -> list[str]:
    """How the rows were scored, and what is unusual in them, a line each.

    Parameters
    ----------
    rows
        Raw.
    scored
        What `chain` made of them.
    """
    lines = [
        f"{len(rows):,} rows: {_decided(scored, chain)}",
        "probability is " + _corrected(chain.correction) + "; raw_probability is the model's own",
    ]
    if extra := [str(name) for name in rows if name not in chain.declaration]:
        lines.append(f"columns not used: {_some(extra)}")
    X = chain.typed(rows)
    if missing := [f"{name} ({cells:,})" for name, cells in X.isna().sum().items() if cells]:
        lines.append(f"missing values, filled in as in training: {_some(missing)}")
    for name, cells in chain.unseen(X).items():
        levels = _some([f"{level!r} ({times:,})" for level, times in cells.items()])
        lines.append(f"{name}: levels not seen in training, treated as `rare` or as no level: {levels}")
    return lines


def _decided(scored: pd.DataFrame, chain: Scorer) -> str:
    """How many rows are predicted as what, and by which rule."""
    if len(chain.labels) > 2:
        counts = scored["decision"].value_counts()
        predicted = ", ".join(f"{counts.get(label, 0):,} predicted {label!r}" for label in chain.labels)
        return f"{predicted}, with class weights"
    positive, decided = chain.labels[1], scored["decision"]
    limit = f"{chain.rule['threshold']:.6g}" + (", since no threshold was tuned" if chain.rule == DEFAULT else "")
    return f"{(decided == positive).sum():,} predicted {positive!r}, where raw_probability is at least {limit}"


def _some(words: list[str]) -> str:
    return ", ".join(words[:SHOWN]) + (f" and {len(words) - SHOWN:,} more" if len(words) > SHOWN else "")


def settings(overrides: Sequence[str]) -> dict[str, str]:
    """The values of `KEYS` among `key=value` words.

    Raises
    ------
    InputError
        A word is none of these, or data.path is not among them.
    """
    given: dict[str, str] = {}
    for word in overrides:
        key, _, value = word.partition("=")
        if not value or key not in KEYS:
            raise InputError(
                f"expected {', '.join(f'{known}=...' for known in KEYS)}, found {word!r}. Correct or remove it."
            )
        given[key] = value
    if given.get("overwrite", "true") not in ("true", "false"):
        raise InputError(f"overwrite: expected true or false, found {given['overwrite']!r}.")
    if "data.path" not in given:
        raise InputError("expected a table to score, found none. Give one: `rebalance predict data.path=FILE`.")
    return given


def refuse_overwriting(out: Path) -> None:
    """Raise InputError if there is a file that `run` hasn't written, or one that was changed since."""
    if out.is_file() and _written().get(str(out.resolve())) != sha256(out):
        raise InputError(
            f"to={out}: expected a new file, or an earlier output of `rebalance predict`, found another file. Choose "
            "another file, or replace this one with overwrite=true."
        )


def _written() -> dict[str, str]:
    """The SHA-256 of each file that was written; of none if the list is damaged."""
    try:
        return dict(read_json(WRITTEN))
    except (InputError, TypeError, ValueError):
        return {}


def run(overrides: Sequence[str]) -> int:
    """Score the rows of a table, write them, say how they were scored, and give 0.

    Parameters
    ----------
    overrides
        Words `key=value`, of `KEYS`: the table, the variant (else the verdict's), the file to write, and whether it may
        replace another file.

    Raises
    ------
    InputError
        Nothing is trained here, or the table can't be scored.
    """
    given = settings(overrides)
    schema, path = read_json(INGEST / "schema.json"), Path(given["data.path"])
    name = given.get("variant") or recommended(schema)
    out = Path(given.get("to", PREDICT / f"{name}.csv"))
    if out.suffix != ".csv" or out.is_dir() or out.resolve() == path.resolve():
        raise InputError(f"to={out}: expected a file that ends in .csv, and not the table itself. Choose another file.")
    if "to" in given and given.get("overwrite") != "true":
        refuse_overwriting(out)
    chain = load(name, schema)
    rows = read(path, schema)
    try:
        scored = chain.predict(rows)
    except InputError as error:
        raise InputError(f"{path}: {problem}" for problem in error.problems) from None
    try:
        write_text(out, csv_text(scored, index=True))
    except OSError as error:
        raise InputError(f"to={out}: the file can't be written ({error.strerror}). Choose another file.") from None
    write_json(WRITTEN, {**_written(), str(out.resolve()): sha256(out)})
    held = read_json(EVALUATE / name / "metrics.json").get("guarantee")
    for line in [*describe(rows, scored, chain), *([guarantee.sentence(held)] if held else [])]:
        say(f"{schema['name']}, {name}: {line}")
    say(str(out))
    return 0
