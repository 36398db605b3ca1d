"""Prints the verdict."""

import json
from collections.abc import Mapping
from pathlib import Path
from textwrap import wrap
from typing import Any

from tabulate import tabulate

from pipeline.errors import InputError
from pipeline.files import read_json, say
from pipeline.formatting import counted, digits, signed
from pipeline.judge.headline import bounds
from pipeline.judge.primary import metric_words
from pipeline.judge.settle import settling
from pipeline.judge.verdict import FILE, SCHEMA_VERSION
from pipeline.measure.tasks import of_labels
from pipeline.report.pairs import short

WIDTH = 110  # characters of a line
# By evidence; without a verdict there is none.
EXIT = {"proven_not_better": 0, "proven_better": 10, "inconclusive": 20, None: 30}


def run(file: Path | None = None, *, strict: bool = True) -> int:
    """Print a verdict, and give its exit status: 0 keep, 10 rebalance or use, 20 keep if inconclusive, 30 none.

    Parameters
    ----------
    file
        The verdict; None is that of the last reproduction.
    strict
        Whether inconclusive evidence has a status of its own; else it is 0, as the action is to keep.

    Raises
    ------
    InputError
        The file is no verdict of this version.
    """
    file = FILE if file is None else file
    if not file.is_file() and file.with_name("summary.json").is_file():
        raise InputError(
            f"{file}: this sweep varies more than the variant, so it has a summary but no verdict. For a verdict, "
            "sweep over variants at one seed, such as seed=7."
        )
    found = read_json(file) if file == FILE else _named(file)
    if not isinstance(found, dict) or found.get("schema_version") != SCHEMA_VERSION:
        raise InputError(
            f"{file}: expected a verdict of schema version {SCHEMA_VERSION}. To update it, run `dvc repro`."
        )
    for line in lines(found):
        say(line)
    return 0 if found["action"] == "keep" and not strict else EXIT[found["evidence"]]


def _named(file: Path) -> Any:
    """The content of a JSON file that the user named."""
    if not file.is_file():
        raise InputError(f"{file}: no such file. Correct the path, or leave it out to print {FILE}.")
    try:
        return json.loads(file.read_bytes())
    except ValueError:
        raise InputError(f"{file}: expected a verdict in JSON. Correct the path.") from None


def lines(found: Mapping[str, Any]) -> list[str]:
    """The lines of a printed verdict: what to do and why in at most ten, then a row for each method."""
    table, rows, caveats = found["table"], sum(found["table"]["classes"].values()), len(found["caveats"])
    said = [f"{table['name']}: {counted(rows, 'row')}, target {table['target']!r}", *wrap(found["sentence"], WIDTH)]
    said += wrap(found["tradeoff"] or "", WIDTH)
    if found["to_settle"]:
        said += wrap(f"To settle it: {settling(found['to_settle'][0])}", WIDTH)
    if found["action"] != "none":
        said.append("To score new rows: rebalance predict data.path=NEW.csv")
    if caveats:
        said.append(f"{counted(caveats, 'caveat')} in the report: read {'it' if caveats == 1 else 'them'} first.")
    if judged := [each for each in found["models"] or () if each["action"] != "none"]:
        said += ["", *(f"{each['model']}, its methods judged alone: {short(each)}" for each in judged)]
    if found["methods"]:
        classes = list(table["classes"])
        metric = metric_words(found["declared"]["primary"], of_labels(table.get("labels", classes), classes))
        ends = bounds(found["declared"], len(found["methods"]))
        said += ["", f"Gain in {metric} over the baseline, with {ends}:", methods(found)]
    return said


def methods(found: Mapping[str, Any]) -> str:
    """The methods with their results, a row each."""
    declared, rows = found["declared"], []
    places = digits(declared["rope"])
    for method in found["methods"]:
        mean, low, high = (signed(method[key], places) for key in ("mean", "low", "high"))
        chances = [f"{method[key]:.2f}" for key in ("worse", "equivalent", "better")]
        gain = f"{mean} ({low} to {high})"
        rows.append([method["variant"], method["call"], gain, f"{method['p_better_holm']:.3f}", *chances])
    headers = ["method", "result", "gain", "p (Holm)", "P(worse)", "P(equivalent)", "P(better)"]
    return tabulate(rows, headers, tablefmt="plain", disable_numparse=True, stralign="left")
