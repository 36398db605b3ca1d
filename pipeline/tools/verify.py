"""Recomputes every number of a report."""

import argparse
import sys
from pathlib import Path

from pipeline import config
from pipeline.errors import InputError, run
from pipeline.files import say
from pipeline.judge import evidence
from pipeline.report.verify import BLOCK, PAGE, SEAL, SHOWN, verify


def main() -> None:
    """Compute every number of a report again; exit status 0 if all agree, 1 if any differs."""
    parser = argparse.ArgumentParser(prog="python -m pipeline.verify", description=main.__doc__)
    parser.add_argument("file", nargs="?", type=Path, default=PAGE)
    file = parser.parse_args().file
    if not file.is_file():
        raise InputError(f"{file}: no such file: `dvc repro` makes {PAGE}, or `dvc pull` brings it")
    try:
        page = file.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise InputError(f"{file}: expected a page in UTF-8: it was changed since it was made") from None
    own = file.resolve() == PAGE.resolve()  # no other page is about what data/ holds
    bare = BLOCK.search(page) is None and SEAL.search(page) is None
    kept = evidence.read(config.load()) if own and bare else None
    try:
        found = verify(page, kept)
    except InputError as error:
        raise InputError(f"{file}: {problem}" for problem in error.problems) from None
    for line in found[:SHOWN]:
        say(f"differs  {line}")
    if len(found) > SHOWN:
        say(f"differs  and {len(found) - SHOWN:,} more")
    if found:
        say(f"{file}: not what its predictions give")
        sys.exit(1)
    say(f"{file}: every number and picture follows from the predictions")


if __name__ == "__main__":
    run(main)
