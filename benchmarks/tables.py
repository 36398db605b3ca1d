"""Runs inspect and a sweep on every table of a folder, and lists the results.

    python benchmarks/tables.py [FOLDER] [--repeats N] [--jobs N] [--limit SECONDS]

The last column of each table is its target. The sweep uses the settings that inspect proposes, as a user would. Each
table must end in a verdict or a refusal. A traceback, or more than --limit seconds, is a failure, with exit status 1.
Finished runs are not repeated. The list is printed, and written to reports/tables/index.html.
"""

import argparse
import os
import re
import shlex
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock

import pandas as pd
import yaml
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from tabulate import tabulate

from pipeline.errors import InputError, override
from pipeline.files import REPORTS, read_json, write_text
from pipeline.sweep import results
from pipeline.sweep.results import Sweep
from pipeline.table.file import read_table
from pipeline.table.formats import SUFFIXES

ROOT = Path(__file__).parents[1]
PAGE = REPORTS / "tables" / "index.html"
INSPECTED = REPORTS / "inspect.html"
ENDINGS = {
    "proven_better": "rebalance",
    "proven_not_better": "keep the baseline: not better",
    "inconclusive": "keep the baseline: inconclusive",
    "none": "no verdict",
    "refused": "refused",
    "failed": "FAILED",
}
KNOWN = ("data", "data.name", "data.path", "data.target")  # what is given to inspect; all else is its advice
inspecting = Lock()  # inspect has one page, so that tables take turns


@dataclass(frozen=True)
class Row:
    """What a table is, and what it ended in.

    Attributes
    ----------
    name
        Of its file, without suffixes.
    ending
        One of `ENDINGS`.
    words
        The verdict's sentence, the refusal, or the last line of a traceback.
    seconds
        Wall time of inspect and sweep together.
    rows, features, missing
        Counts of its rows, of its columns beside the target, and of their empty cells; None where it cannot be read.
    classes
        Rows by label, the rarest first.
    kinds
        How many features of each kind were used; empty without a run.
    advice
        What inspect proposed beside the file and its target, such as `data.drop=[id]`.
    left_out
        Reasons of the variants that could not take the table, by name.
    before
        Runs that were there already.
    inspected, report
        Pages that were written; None without one.
    """

    name: str
    ending: str
    words: str
    seconds: float
    rows: int | None = None
    features: int | None = None
    missing: int | None = None
    classes: dict[str, int] = field(default_factory=dict)
    kinds: dict[str, int] = field(default_factory=dict)
    advice: tuple[str, ...] = ()
    left_out: dict[str, str] = field(default_factory=dict)
    before: int = 0
    inspected: Path | None = None
    report: Path | None = None

    @property
    def imbalance(self) -> float | None:
        """Rows of the commonest class for each of the rarest."""
        return max(self.classes.values()) / min(self.classes.values()) if self.classes else None

    @property
    def left_out_features(self) -> int:
        """Features that were not used, since inspect proposed to leave them out."""
        return (self.features or 0) - sum(self.kinds.values()) if self.kinds else 0


@dataclass(frozen=True)
class Said:
    """How a command ended."""

    status: int
    out: str
    err: str


def called(command: Sequence[str], *, limit: float) -> Said:
    """What a command prints, and its exit status; that of one which takes longer than `limit` seconds is 124."""
    try:
        done = subprocess.run([sys.executable, *command], capture_output=True, text=True, timeout=limit)
    except subprocess.TimeoutExpired:
        return Said(124, "", f"took more than {limit:g} s")
    return Said(done.returncode, done.stdout, done.stderr)


def ending(said: Said) -> tuple[str, str] | None:
    """What a command that did not end well comes to, and its words; None where it left something to report."""
    refusals = [line.removeprefix("error: ") for line in said.err.splitlines() if line.startswith("error: ")]
    if "Traceback (most recent call last)" in said.err:
        return "failed", said.err.strip().splitlines()[-1]
    if said.status == 2 and refusals:
        return "refused", "; ".join(refusals)
    if said.status not in (0, 1):
        return "failed", (said.err.strip().splitlines() or [f"exit status {said.status}"])[-1]
    return None


def proposed(out: str) -> list[str]:
    """What the last command line that inspect prints says of the data, word by word; empty without one."""
    lines = [line for line in out.splitlines() if "data.path=" in line]
    return [word for word in shlex.split(lines[-1]) if re.match(r"data[.=]", word)] if lines else []


def left_by(command: Sequence[str]) -> Sweep:
    """The sweep that this command made; of more, by other code, the newest."""
    typed = shlex.join(["python", *command])
    there = [sweep for sweep in results.sweeps() if sweep.command == typed]
    return max(there, key=lambda sweep: (sweep.folder / "sweep.json").stat().st_mtime)


def swept(sweep: Sweep) -> tuple[str, str, dict[str, int], dict[str, str]]:
    """Ending, words, kinds of the features, and left-out variants, from what a sweep wrote."""
    names = {run.id: run.name for run in sweep.runs}
    failed = [read_json(path) for path in sorted((sweep.folder / "failed").glob("*.json"))]
    left_out = {names[one["id"]]: one["reason"] for one in failed}
    finished = [run for run in sweep.runs if run.finished]
    kinds: dict[str, int] = {}
    if finished:
        kinds = dict(Counter(read_json(finished[0].folder / "run.json")["table"]["columns"].values()))
    if crashed := [one["reason"] for one in failed if one["trace"]]:
        return "failed", crashed[0], kinds, left_out
    if cut_off := len(sweep.runs) - len(finished) - len(failed):
        return "failed", f"{cut_off} of {len(sweep.runs)} runs were not made", kinds, left_out
    if not finished:
        return "refused", "; ".join(dict.fromkeys(left_out.values())), kinds, left_out
    verdict = read_json(sweep.folder / "verdict.json")
    return verdict["evidence"] or "none", verdict["sentence"], kinds, left_out


def shape(path: Path) -> tuple[str, pd.DataFrame, dict[str, int]]:
    """The target's name, the features, and rows by class, the rarest first."""
    table = read_table(path)
    target = table.columns[-1]
    counts = table[target].value_counts(ascending=True)
    return str(target), table.drop(columns=target), {str(label): int(rows) for label, rows in counts.items()}


def table(path: Path, *, variants: Sequence[str], settings: Sequence[str], limit: float) -> Row:
    """Inspect and sweep one table."""
    name, began = path.name.partition(".")[0], time.perf_counter()
    found: dict = {}

    def row(how: str, words: str) -> Row:
        return Row(name, how, words, time.perf_counter() - began, **found)

    try:
        target, features, found["classes"] = shape(path)
    except InputError as error:
        return row("refused", str(error))
    found |= {"rows": len(features), "features": features.shape[1], "missing": int(features.isna().sum().sum())}
    given = ["data=csv", override("data.path", str(path)), override("data.target", target)]
    with inspecting:
        said = called(["-m", "pipeline.cli", "inspect", *given], limit=limit)
        if bad := ending(said):
            return row(*bad)
        found["inspected"] = INSPECTED.replace(PAGE.parent / f"{name}.html")
    data = [word for word in proposed(said.out) if not word.startswith("data.name=")]
    if not data:
        return row("failed", "inspect ended without a command line to run")
    found["advice"] = tuple(word for word in data if word.partition("=")[0] not in KNOWN)
    named = re.sub("[^A-Za-z0-9_-]", "_", name)[:64]
    command = ["-m", "pipeline", "-m", f"variant={','.join(variants)}", *data, f"data.name={named}"]
    command += ["tracking=none", *settings]
    said = called(command, limit=limit)
    if bad := ending(said):
        return row(*bad)
    sweep = left_by(command)
    how, words, found["kinds"], found["left_out"] = swept(sweep)
    if before := re.search(r"finished \(([\d,]+) earlier\)", said.out):
        found["before"] = int(before[1].replace(",", ""))
    if (report := sweep.folder / "index.html").is_file():
        found["report"] = report
    return row(how, words)


def count(value: int | None) -> str:
    """A count with its thousands apart."""
    return "–" if value is None else f"{value:,}"


def counted(rows: Sequence[Row]) -> str:
    """How many tables there are, and how many of each ending."""
    counts = Counter(row.ending for row in rows)
    each = ", ".join(f"{counts[key]} {words}" for key, words in ENDINGS.items() if counts[key])
    return f"{len(rows)} table{'s' if len(rows) != 1 else ''}: {each}"


def text(rows: Sequence[Row]) -> str:
    """A table for the terminal, and what each verdict or refusal says."""
    headers = ["table", "rows", "features", "empty cells", "classes", "rarest", "imbalance", "ending", "seconds"]
    lines = [
        [
            row.name,
            *map(count, (row.rows, row.features, row.missing)),
            str(len(row.classes) or "–"),
            count(min(row.classes.values(), default=None)),
            "–" if row.imbalance is None else f"1 : {row.imbalance:.1f}",
            ENDINGS[row.ending],
            f"{row.seconds:.0f}",
        ]
        for row in rows
    ]
    align = ("left", *["right"] * 6, "left", "right")
    shown = tabulate(lines, headers, tablefmt="simple", disable_numparse=True, colalign=align)
    words = []
    for row in rows:
        more = [f"Inspect proposed {' '.join(row.advice)}."] if row.advice else []
        more += [f"{variant} could not take it: {reason}." for variant, reason in row.left_out.items()]
        words.append(" ".join([f"{row.name}: {row.words}", *more]))
    return "\n\n".join([shown, *words, counted(rows)])


def render(rows: Sequence[Row], *, repeats: int | None, command: str) -> str:
    """The same as one page; `repeats` of the folds, None where conf/ says."""
    environment = Environment(
        loader=FileSystemLoader([Path(__file__).parent, ROOT / "pipeline/report/templates"]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["link"] = lambda path: os.path.relpath(path, PAGE.parent)
    environment.filters["count"] = count
    return environment.get_template("tables.html").render(
        rows=rows, endings=ENDINGS, heading=counted(rows), repeats=repeats, command=command
    )


def main() -> int:
    """Put all tables through, a line for each as it ends."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path, default=Path("../shared/data"))
    parser.add_argument("--repeats", type=int, help="of the folds; default that of conf/")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="tables at once; default one a core")
    parser.add_argument("--limit", type=float, default=1800, help="seconds for a command; default 1800")
    arguments = parser.parse_args()
    files = arguments.folder.glob("*")
    paths = [path for path in files if any(path.name.partition(".")[2].startswith(end[1:]) for end in SUFFIXES)]
    if not paths:
        print(f"{arguments.folder}: no tables here: left out")
        return 0
    settings = [] if arguments.repeats is None else [f"evaluate.repeats={arguments.repeats}"]
    how = {"variants": list(yaml.safe_load(Path("params.yaml").read_text())["variants"]), "settings": settings}
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    rows = []
    with ThreadPoolExecutor(arguments.jobs) as pool:
        largest = sorted(paths, key=lambda path: -path.stat().st_size)
        pending = [pool.submit(table, path, limit=arguments.limit, **how) for path in largest]
        for done in as_completed(pending):
            rows.append(row := done.result())
            before = f", {row.before} runs there before" if row.before else ""
            ended = f"{row.name}: {ENDINGS[row.ending]}, {row.seconds:.0f} s{before}"
            print(f"[{len(rows)}/{len(paths)}] {ended}", flush=True)
    rows.sort(key=lambda row: row.name.lower())
    write_text(PAGE, render(rows, repeats=arguments.repeats, command=shlex.join(["python", *sys.argv])))
    print(f"\n{text(rows)}\npage     {PAGE}")
    return int(any(row.ending == "failed" for row in rows))


if __name__ == "__main__":
    sys.exit(main())
