"""An inspection in words, for the terminal and the page."""

import textwrap
from collections.abc import Sequence

from pipeline.formatting import cell, floor_percent, percent_of
from pipeline.report.page import render_inspection
from pipeline.table import columns
from pipeline.tools.inspect_column import FINDINGS, Column
from pipeline.tools.inspection import Inspection
from pipeline.tools.suspects import CLASSES

KNOWN_AFTER = 0.995  # from here the ready command leaves it out
SHOWN = 6  # names on a line
LINES = 12  # columns in the terminal
TOLD = 6  # refusals in the terminal
CARDS = 300  # columns drawn on the page
WIDTH = 112  # letters of a line in the terminal

LOUD = ("leak", "id")


def useless(one: Column) -> bool:
    """Whether a column is best left out before anything else is known of it."""
    told = (one.alone or 0) >= KNOWN_AFTER
    return one.kind is None or told or not {"id", "empty", "constant"}.isdisjoint(one.findings)


def findings(found: Inspection) -> dict[str, list[str]]:
    """The columns of which there is something to say, with the details, by the keys of `FINDINGS`."""
    told = {key: [(c.name, c.findings[key]) for c in found.columns if key in c.findings] for key in FINDINGS}
    return {
        key: [f"{name!r} ({detail})" if detail else repr(name) for name, detail in columns]
        for key, columns in told.items()
        if columns
    }


def facts(found: Inspection) -> dict[str, str]:
    """Target, features, holes and duplicates in a line each."""
    total = sum(count for _, count in found.classes)
    said = {"target": "not known, and no column looks like one: choose among those below with data.target=NAME"}
    if found.target is not None:
        shown = [f"{label!r} ({count:,}, {100 * count / total:.3g} %)" for label, count in found.classes[:SHOWN]]
        more = len(found.classes) - len(shown)
        classes = f"{', '.join(shown)}{f' and {more:,} more' if more else ''}"
        if len(found.classes) > CLASSES:
            some = ", ".join(cell(label) for label, _ in found.classes[:3])
            classes = f"{len(found.classes):,} different values, such as {some}: too many for classes"
        said["target"] = f"{found.target!r}: {classes}"
        if found.guessed:
            said["target"] = f"not known; likely {said['target']}"
    if 2 <= len(found.classes) <= CLASSES:
        counts = [count for _, count in found.classes]
        rarest = dict(found.classes)[found.positive]
        said["imbalance"] = f"{counts[0] / counts[-1]:.3g} to 1; " + (
            f"{found.positive!r} is the positive class"
            if len(counts) == 2
            else f"{len(counts)} classes, the rarest of {_count(rarest, 'row')}"
        )
    kinds: dict[str, list[str]] = {}
    for one in found.columns:
        kinds.setdefault(one.kind or "unclear", []).append(one.name)
    said["features"] = "; ".join(
        f"{len(kinds[kind]):,} {kind}{f' ({_some(kinds[kind])})' if len(kinds) > 1 else ''}"
        for kind in (*columns.KINDS, "unclear")
        if kind in kinds
    )
    said["features"] = said["features"] or "none"
    holes = sorted((c for c in found.columns if c.missing), key=lambda c: -c.missing)
    cells = found.rows * len(found.columns)
    said["missing"] = "none"
    if holes:
        worst = ", ".join(f"{c.name!r} {percent_of(c.missing, found.rows)}" for c in holes[:SHOWN])
        empty = f"{sum(c.missing for c in holes):,} of {cells:,} cells, in {_count(len(holes), 'column')}"
        said["missing"] = f"{empty}: {worst}{' …' if len(holes) > SHOWN else ''}"
    said["duplicates"] = "none"
    if found.repeated:
        said["duplicates"] = f"{found.repeated:,} of {found.rows:,} rows repeat another's features" + (
            f"; {found.conflicting:,} have the features of a row of another class" if found.conflicting else ""
        )
    return said


def _some(names: Sequence[str]) -> str:
    rest = len(names) - SHOWN
    return ", ".join(names[:SHOWN]) + (f" and {rest:,} more" if rest > 0 else "")


def lines(found: Inspection, refused: Sequence[str], *, name: str) -> list[str]:
    """What the terminal shows of the table `name`: one screen; `refused` is what ingest says."""
    said = [f"{name}: {_count(found.rows, 'row')}, {_count(len(found.columns), 'feature')}"]
    said += [_wrapped(label, text) for label, text in facts(found).items()]
    if found.guessed:
        shown = [f"{c.name!r}: {c.kind or 'unclear'}, {c.summary}" for c in found.columns[:LINES]]
        said += ["", *(_wrapped("columns" if not place else "", text) for place, text in enumerate(shown))]
        rest = len(found.columns) - LINES
        said += [_wrapped("", f"and {rest:,} more, on the page")] if rest > 0 else []
    told = findings(found)
    said += [""] if told else []
    for key, named in told.items():
        said.append(_wrapped(f"! {key}" if key in LOUD else f"  {key}", FINDINGS[key]))
        rest = len(named) - SHOWN
        said.append(_wrapped("", "; ".join(named[:SHOWN]) + (f"; and {rest:,} more" if rest > 0 else "")))
    if refused:
        said += ["", "a run would stop with"]
        said += [f"error: {problem}" for problem in refused[:TOLD]]
        rest = len(refused) - TOLD
        said += [f"error: and {rest:,} more, on the page"] if rest > 0 else []
    return said


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'s' * (number != 1)}"


def _wrapped(label: str, text: str) -> str:
    return textwrap.fill(text, WIDTH, initial_indent=f"{label:<12}", subsequent_indent=" " * 12, break_long_words=False)


def page(found: Inspection, refused: Sequence[str], *, name: str, command: str) -> str:
    """The page as HTML: all that was found, and each column with its bars, those with findings first."""
    ordered = sorted(found.columns, key=lambda c: list(FINDINGS).index(next(iter(c.findings))) if c.findings else 99)
    return render_inspection(
        {
            "name": name,
            "size": f"{_count(found.rows, 'row')}, {_count(len(found.columns), 'feature')}",
            "facts": facts(found),
            "findings": {key: (FINDINGS[key], named) for key, named in findings(found).items()},
            "loud": LOUD,
            "refused": refused,
            "shown_class": None if len(found.classes) > CLASSES else found.positive,
            "target": found.target,
            "columns": [
                {
                    "name": one.name,
                    "kind": one.kind or "unclear",
                    "facts": _card(one, found.rows),
                    "findings": [f"{key}: {detail}" if detail else key for key, detail in one.findings.items()],
                    "bars": one.bars,
                }
                for one in ordered[:CARDS]
            ],
            "left_out": max(len(ordered) - CARDS, 0),
            "command": command,
        }
    )


def _card(one: Column, rows: int) -> str:
    holes = f"{percent_of(one.missing, rows)} missing" if one.missing else ""
    alone = f"alone: ROC AUC {floor_percent(one.alone)}" if one.alone is not None else ""
    return "; ".join(word for word in (one.summary, f"{one.distinct:,} different", holes, alone) if word)
