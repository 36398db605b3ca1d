"""Recomputes every number in a report."""

import html
import re
from pathlib import Path

from pipeline import config
from pipeline.errors import InputError
from pipeline.files import say
from pipeline.judge import evidence
from pipeline.report.verify import BLOCK, PAGE, SEAL, SHOWN, verify


def run(file: Path | None = None) -> int:
    """Recompute the numbers of a report, say which differ, and give 0 if none does, else 1.

    Raises
    ------
    InputError
        The file is no report, or can't be read.
    """
    file = PAGE if file is None else file
    if not file.is_file():
        raise InputError(f"{file}: no such file. To get {PAGE}, run `dvc repro` or `dvc pull`.")
    try:
        page = file.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise InputError(f"{file}: expected UTF-8 text. The file was changed, or isn't a report.") from None
    own = file.resolve() == PAGE.resolve()  # what data/ holds belongs to no other page
    bare = BLOCK.search(page) is None and SEAL.search(page) is None
    kept = evidence.read(config.load()) if own and bare else None
    try:
        found = verify(page, kept)
    except InputError as error:
        raise InputError(f"{file}: {problem}" for problem in error.problems) from None
    title = re.search(r"<title>(.*?)</title>", page)
    say(html.unescape(title[1]) if title else str(file))
    for line in found[:SHOWN]:
        say(f"differs  {line}")
    if len(found) > SHOWN:
        say(f"differs  and {len(found) - SHOWN:,} more")
    if found:
        say(f"{file}: the page doesn't agree with its predictions")
        return 1
    say(f"{file}: every number and every figure agrees with the predictions")
    return 0
