"""Describes an inspection, for the terminal and the page."""

import textwrap
from collections.abc import Mapping, Sequence

from pipeline.formatting import cell, counted, floor_percent, label_text, listed, percent_of
from pipeline.measure.single_column import CLASSES
from pipeline.report.page import render_inspection
from pipeline.table import columns
from pipeline.tools.inspect_column import FINDINGS, Column
from pipeline.tools.inspect_outlook import Outlook
from pipeline.tools.inspection import Inspection

NAMES = 6  # on a line
COLUMNS = 12  # in the terminal
ERRORS = 6  # in the terminal
CARDS = 300  # columns on the page
WIDTH = 112  # characters of a line in the terminal
UNUSABLE = "unusable"  # the kind of a column that has none

SERIOUS = ("leak", "id")
# What the proposed command does about classes, by the setting.
CHANGES = {
    "classes": "merges classes or leaves some out, to get a verdict; check that these are the right ones",
    "positive": "compares one class with all others, to get a verdict; check that this is the class you want",
}


def should_drop(one: Column) -> bool:
    """Whether the proposed command leaves this column out."""
    return one.kind is None or not {"leak", "id", "empty", "constant"}.isdisjoint(one.findings)


def findings(found: Inspection) -> dict[str, list[str]]:
    """The columns with each finding, and its details, by the keys of `FINDINGS`."""
    by_key = {key: [(c.name, c.findings[key]) for c in found.columns if key in c.findings] for key in FINDINGS}
    return {
        key: [f"{name!r} ({detail})" if detail else repr(name) for name, detail in named]
        for key, named in by_key.items()
        if named
    }


def facts(found: Inspection) -> dict[str, str]:
    """A line each on target, imbalance, features, missing values and duplicates."""
    lines = {"target": _target(found)}
    if 2 <= len(found.classes) <= CLASSES:
        lines["imbalance"] = _imbalance(found)
    kinds: dict[str, list[str]] = {}
    for one in found.columns:
        kinds.setdefault(one.kind or UNUSABLE, []).append(one.name)
    features = "; ".join(
        f"{len(kinds[kind]):,} {kind}{f' ({listed(kinds[kind], NAMES)})' if len(kinds) > 1 else ''}"
        for kind in (*columns.KINDS, UNUSABLE)
        if kind in kinds
    )
    duplicates = "none"
    if found.repeated:
        verb = "repeats" if found.repeated == 1 else "repeat"
        duplicates = f"{found.repeated:,} of {found.rows:,} rows {verb} the features of an earlier row"
    if found.conflicting:
        duplicates += f"; {counted(found.conflicting, 'row')} have the same features as a row of another class"
    return {**lines, "features": features or "none", "missing": _missing(found), "duplicates": duplicates}


def _target(found: Inspection) -> str:
    if found.target is None:
        return "unknown, and no column looks like a target; choose a column below with data.target=COLUMN"
    total = sum(count for _, count in found.classes)
    shown = [f"{_label(label)} ({counted(count, 'row')}, {100 * count / total:.3g}%)" for label, count in found.classes]
    classes = listed(shown, NAMES)
    if len(found.classes) > CLASSES:
        some = ", ".join(cell(label) for label, _ in found.classes[:3])
        classes = f"{len(found.classes):,} different values, such as {some}; too many for classes"
    return f"{'probably ' if found.guessed else ''}{found.target!r}: {classes}"


def _label(label: object) -> str:
    """A label: text in quotes, 1.0 as 1."""
    return label_text(label) if isinstance(label, float) else repr(label)


def _imbalance(found: Inspection) -> str:
    counts = [count for _, count in found.classes]
    times = counts[0] / counts[-1]
    ratio = f"{times:,.0f} to 1" if times >= 100 else f"{times:.3g} to 1"
    if len(counts) == 2:
        return f"{ratio}; the positive class is {_label(found.positive)}"
    return f"{ratio}; {len(counts)} classes, and the rarest has {counted(dict(found.classes)[found.positive], 'row')}"


def _missing(found: Inspection) -> str:
    incomplete = sorted((c for c in found.columns if c.missing), key=lambda c: -c.missing)
    if not incomplete:
        return "none"
    cells, missing = found.rows * len(found.columns), sum(c.missing for c in incomplete)
    worst = listed([f"{c.name!r} ({percent_of(c.missing, found.rows)})" for c in incomplete], NAMES)
    return f"{missing:,} of {cells:,} cells, in {counted(len(incomplete), 'column')}: {worst}"


def lines(
    found: Inspection, problems: Sequence[str], *, name: str, no_verdict: str | None = None, notes: Sequence[str] = ()
) -> list[str]:
    """What the terminal shows: one screen.

    Parameters
    ----------
    found
        The inspection.
    problems
        The errors that stop a run on this table.
    name
        Name of the table.
    no_verdict
        Why a run ends without a verdict; None if it has one.
    notes
        How values in the file were interpreted.
    """
    shown = [f"{name}: {counted(found.rows, 'row')}, {counted(len(found.columns), 'feature')}"]
    shown += [_wrapped(label, text) for label, text in facts(found).items()]
    if found.guessed:
        summaries = [f"{c.name!r}: {c.kind or UNUSABLE}, {c.summary}" for c in found.columns[:COLUMNS]]
        shown += ["", *(_wrapped("columns" if not place else "", text) for place, text in enumerate(summaries))]
        rest = len(found.columns) - COLUMNS
        shown += [_wrapped("", f"and {rest:,} more on the page")] if rest > 0 else []
    shown += [_wrapped("" if place else "notes", note) for place, note in enumerate(notes)]
    by_key = findings(found)
    shown += [""] if by_key else []
    for key, named in by_key.items():
        shown.append(_wrapped(f"! {key}" if key in SERIOUS else f"  {key}", FINDINGS[key]))
        rest = len(named) - NAMES
        shown.append(_wrapped("", "; ".join(named[:NAMES]) + (f"; and {rest:,} more" if rest > 0 else "")))
    if problems:
        shown += ["", "with these settings, a run would stop with:"]
        shown += [f"error: {problem}" for problem in problems[:ERRORS]]
        rest = len(problems) - ERRORS
        shown += [f"error: and {rest:,} more on the page"] if rest > 0 else []
    if no_verdict:
        shown += ["", "with these settings, a run would end without a verdict:", no_verdict]
    return shown


def _wrapped(label: str, text: str) -> str:
    return textwrap.fill(text, WIDTH, initial_indent=f"{label:<12}", subsequent_indent=" " * 12, break_long_words=False)


def next_step(*, drops: bool, declares: bool, changes: str | None, outlook: Outlook) -> str:
    """What to do with the proposed command.

    Parameters
    ----------
    drops
        Whether it leaves out columns.
    declares
        Whether it declares what stands for missing values.
    changes
        The key of `inspect_outlook.changes` that it sets; None if it sets none.
    outlook
        What it comes to.
    """
    step = "run this command"
    if outlook.problems:
        step = "fix the errors above, then run this command"
    elif outlook.no_verdict:
        step = "solve the problem above, or run this command for results without a verdict"
    does = ["leaves out ids, leaks, and unusable, empty or constant columns"] if drops else []
    does += ["declares words as missing values; check that this is what they mean"] if declares else []
    does += [CHANGES[changes]] if changes else []
    return ". It ".join([step, ", and ".join(does)]) if does else step


def page(
    found: Inspection,
    problems: Sequence[str],
    *,
    name: str,
    step: str,
    command: str,
    options: Mapping[str, str] | None = None,
    no_verdict: str | None = None,
) -> str:
    """The page as HTML: everything that was found, and a histogram of each column, those with findings first.

    Parameters
    ----------
    found, problems, name, no_verdict
        As `lines` takes them.
    step
        See `next_step`.
    command
        The command line to run next.
    options
        What else to type, by its purpose.
    """
    ordered = sorted(found.columns, key=lambda c: list(FINDINGS).index(next(iter(c.findings))) if c.findings else 99)
    return render_inspection(
        {
            "name": name,
            "size": f"{counted(found.rows, 'row')}, {counted(len(found.columns), 'feature')}",
            "facts": facts(found),
            "findings": {key: (FINDINGS[key], named) for key, named in findings(found).items()},
            "serious": SERIOUS,
            "problems": problems,
            "no_verdict": no_verdict,
            "shown_class": None if len(found.classes) > CLASSES else found.positive,
            "target": found.target,
            "columns": [
                {
                    "name": one.name,
                    "kind": one.kind or UNUSABLE,
                    "facts": _card(one, found.rows),
                    "findings": [f"{key}: {detail}" if detail else key for key, detail in one.findings.items()],
                    "bars": one.bars,
                }
                for one in ordered[:CARDS]
            ],
            "left_out": max(len(ordered) - CARDS, 0),
            "step": step,
            "command": command,
            "options": options or {},
        }
    )


def _card(one: Column, rows: int) -> str:
    missing = f"{percent_of(one.missing, rows)} missing" if one.missing else ""
    auc = f"ROC AUC {floor_percent(one.auc)} on its own" if one.auc is not None else ""
    return "; ".join(word for word in (one.summary, counted(one.distinct, "distinct value"), missing, auc) if word)
