"""Prints the verdict; the exit status is the action."""

import argparse
import sys
from pathlib import Path

from pipeline.errors import InputError, run
from pipeline.files import read_json, say
from pipeline.formatting import digits, signed
from pipeline.judge.verdict import FILE, SCHEMA_VERSION

EXIT = {"keep": 0, "rebalance": 10, "undecided": 20, "invalid": 30}


def main() -> None:
    """Print the verdict; the exit status is the action: 0 keep, 10 rebalance, 20 undecided, 30 no verdict."""
    parser = argparse.ArgumentParser(prog="python -m pipeline.verdict", description=main.__doc__)
    parser.add_argument("file", nargs="?", type=Path, default=FILE, help="a sweep has one in its folder")
    file = parser.parse_args().file
    if not file.is_file() and file.with_name("summary.json").is_file():
        raise InputError(
            f"{file}: this sweep varies more than the variant, and has means instead: for a verdict name one seed, "
            "such as seed=7"
        )
    found = read_json(file)
    if not isinstance(found, dict) or found.get("schema_version") != SCHEMA_VERSION:
        raise InputError(
            f"{file}: expected a verdict of schema version {SCHEMA_VERSION}: make it anew with `dvc repro`"
        )
    say(found["sentence"])
    places = digits(found["declared"]["rope"])
    for method in found["methods"]:
        mean, low, high = (signed(method[key], places) for key in ("mean", "low", "high"))
        say(
            f"{method['call']:<13}{method['variant']:<28}{mean} ({low} to {high})  Holm p {method['p_holm']:.3f}  "
            f"P(worse, equivalent, better) {method['worse']:.2f} {method['equivalent']:.2f} {method['better']:.2f}"
        )
    for caveat in found["caveats"]:
        say(f"- {caveat}")
    sys.exit(EXIT[found["action"]])


if __name__ == "__main__":
    run(main)
