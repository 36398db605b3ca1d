"""Recomputes every number of a report from the predictions in it."""

import hashlib
import re
import zlib
from dataclasses import dataclass, replace
from html.parser import HTMLParser

from pipeline.config import Evaluate
from pipeline.errors import InputError
from pipeline.files import REPORTS
from pipeline.judge.evidence import Evidence
from pipeline.measure.evaluation import Folded, assess, by_fold, first_repeat, fits_of
from pipeline.report import files
from pipeline.report.embedded import unpack
from pipeline.table import weights

PAGE = REPORTS / "index.html"
BLOCK = re.compile(r'<script type="application/json" id="evidence">(.*?)</script>', re.DOTALL)
SEAL = re.compile(r"sha256 <code>([0-9a-f]{64})</code>\): <code>rebalance verify")
SHOWN = 12  # differences listed
SECTIONS = {"h1", "h2", "h3", "caption"}
VOID = {"meta", "img", "br"}


@dataclass(frozen=True)
class Piece:
    """A piece of a page that a reader sees: where it is, and its text."""

    where: str
    text: str


def recompute(evidence: Evidence) -> Evidence:
    """The same evidence, with all that follows from its predictions recomputed: metrics, folds, corrections."""
    task, true = evidence.task, weights.training(evidence.classes)
    settings = Evaluate(**{key: evidence.declared[key] for key in Evaluate.model_fields})
    results, predictions, folds = {}, {}, {}
    for name, kept in evidence.results.items():
        seen, fitted = evidence.out_of_fold[name], evidence.folds[name]
        folded = None if seen is None or fitted is None else Folded(seen, fits_of(fitted))
        trained = kept["model"]["trained_proportions"]
        held_out = bool(evidence.declared["split"]["test_size"])
        rows = evidence.predictions[name] if held_out else first_repeat(task, folded, settings)
        results[name] = {**kept, **assess(task, rows, folded, trained=trained, true=true, settings=settings)}
        predictions[name] = rows
        folds[name] = None if folded is None else by_fold(task, folded, settings)
    return replace(evidence, results=results, predictions=predictions, folds=folds)


class _Reader(HTMLParser):
    """Collects what a page shows, each piece with its section, row and column."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[Piece] = []
        self._open: list[str] = []
        self._section = self._row = "head"
        self._column = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag not in VOID:
            self._open.append(tag)
        if tag == "tr":
            self._row, self._column = "", 0
        if tag in ("td", "th"):
            self._column += 1
        if tag == "img":
            picture = hashlib.sha256((given.get("src") or "").encode()).hexdigest()[:12]
            self.pieces.append(Piece(f"picture '{(given.get('alt') or '')[:60]}'", f"picture {picture}"))

    def handle_endtag(self, tag: str) -> None:
        if tag in self._open:
            while self._open.pop() != tag:
                pass

    def handle_data(self, data: str) -> None:
        text = " ".join(data.split())
        if not text or "script" in self._open:
            return
        if not SECTIONS.isdisjoint(self._open):
            self._section, self._row, self._column = text, "", 0
        cell = "td" in self._open or "th" in self._open
        if cell and self._column == 1 and not self._row:
            self._row = text
        place = f"'{self._section}'" + (f", row {self._row}, column {self._column}" if cell else "")
        self.pieces.append(Piece(place, text))


def pieces(page: str) -> list[Piece]:
    """What a page shows, in order."""
    reader = _Reader()
    reader.feed(page)
    reader.close()
    return reader.pieces


def differences(page: str, again: str) -> list[str]:
    """A line for each piece in which `page` differs from the page that was computed `again`."""
    if page == again:
        return []
    theirs, ours = pieces(page), pieces(again)
    lines = [
        f"{there.where}: the page has {there.text[:80]!r}, its predictions give {here.text[:80]!r}"
        for there, here in zip(theirs, ours, strict=False)
        if there != here
    ]
    if len(theirs) != len(ours):
        lines.append(f"expected {len(ours):,} pieces of text and pictures, found {len(theirs):,}")
    if not lines:
        first = next(
            (
                n
                for n, pair in enumerate(zip(page.splitlines(), again.splitlines(), strict=False), 1)
                if pair[0] != pair[1]
            ),
            min(page.count("\n"), again.count("\n")) + 1,
        )
        lines.append(f"line {first} of the file differs, but nothing visible changed")
    return lines


def verify(page: str, kept: Evidence | None) -> list[str]:
    """A line for each piece of the page that doesn't follow from its predictions.

    Parameters
    ----------
    page
        The HTML of a comparison.
    kept
        What the stages left, for a page without predictions.

    Raises
    ------
    InputError
        The page has no predictions, and `kept` is None.
    """
    block, seal = BLOCK.search(page), SEAL.search(page)
    if block is None:
        if kept is None or seal is not None:
            raise InputError("expected a report with its predictions in it, as `dvc repro` writes it, found none")
        evidence = kept
    else:
        try:
            evidence = unpack(block[1])
        except (ValueError, KeyError, TypeError, AttributeError, zlib.error) as error:
            return [f"the predictions in the page were changed: they can't be read ({type(error).__name__})"]
    found = []
    if block is not None and (seal is None or hashlib.sha256(block[1].encode()).hexdigest() != seal[1]):
        found.append("the predictions in the page were changed: their sha256 differs")
    try:
        again = files.pages(recompute(evidence))["index.html"]
    except (ValueError, KeyError, TypeError, ArithmeticError, IndexError) as error:
        return [*found, f"the numbers can't be computed from the predictions ({type(error).__name__}: {error})"]
    return found + differences(page, again)
