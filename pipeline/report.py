"""Renders a comparison, or a summary of many runs, as one self-contained page."""

import hashlib
from base64 import b64encode
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from pipeline.verdict import metric_words

FIGURES_OF_CLASSES = {
    "differences": "Each remedy's gain against the plain model over the folds, with its interval, over the band that "
    "counts as none.",
    "class_counts": "Bars of the class counts in the whole table, training rows, test rows, and after each resampling.",
    "confusion_matrices": "Confusion matrices of every variant, called the likeliest class and by class weights.",
}
FIGURES = {
    "differences": "Each remedy's gain against the plain model over the folds, with its interval, over the band that "
    "counts as none.",
    "class_counts": "Bars of the class counts in the whole table, training rows, test rows, and after each resampling.",
    "confusion_matrices": "Confusion matrices of every variant at threshold 0.5 and at its tuned threshold.",
    "precision_recall": "Precision over recall for every variant, with operating points.",
    "roc": "Receiver operating characteristic of every variant, with operating points.",
    "reliability": "Observed over predicted shares of positives among test rows, as they are and corrected.",
    "cost_map": "Cost of each variant at its own threshold, over what a miss costs in false alarms.",
    "decision_curve": "Net benefit over the probability from which one would act, with acting on all and on none.",
    "components": "Training rows and synthetic rows in the two leading components of the training rows.",
}


def render(comparison: dict[str, Any], figures: dict[str, bytes], *, command: str, evidence: str | None) -> str:
    """The page of a comparison as HTML, with nothing loaded from elsewhere.

    Parameters
    ----------
    comparison
        As `pipeline.compare.compare` returns it.
    figures
        PNG bytes, by the names in `FIGURES`; others are left out.
    command
        That makes the page.
    evidence
        What `pipeline.evidence.pack` gives, for `python -m pipeline.verify`; None where it is too large.
    """
    pictures = {name: _picture(figures[name], text) for name, text in FIGURES.items() if name in figures}
    return _page("report.html", **comparison, pictures=pictures, command=command, **_carried(evidence))


def render_classes(comparison: dict[str, Any], figures: dict[str, bytes], *, command: str, evidence: str | None) -> str:
    """The page of a comparison with more than two classes, in the same way.

    Parameters
    ----------
    comparison
        As `pipeline.classwise.compare` returns it.
    figures
        PNG bytes, by the names in `FIGURES_OF_CLASSES`; others are left out.
    command, evidence
        As for `render`.
    """
    pictures = {name: _picture(figures[name], text) for name, text in FIGURES_OF_CLASSES.items() if name in figures}
    return _page("classwise.html", **comparison, pictures=pictures, command=command, **_carried(evidence))


def _carried(evidence: str | None) -> dict[str, Any]:
    """The evidence as a page has it, and its seal."""
    if evidence is None:
        return {"evidence": None, "seal": None}
    # JSON without "<"
    return {"evidence": Markup(evidence), "seal": hashlib.sha256(evidence.encode()).hexdigest()}


def render_summary(summary: dict[str, Any], figures: dict[str, bytes]) -> str:
    """The page of a sweep over several tables, splits or seeds, in the same way.

    Parameters
    ----------
    summary
        As `pipeline.summary.summarise` returns it.
    figures
        PNG bytes by the name of the table.
    """
    pictures = {name: _picture(data, f"Each run on {name} as a dot, by its way.") for name, data in figures.items()}
    return _page("summary.html", **summary, pictures=pictures)


def _page(template: str, **content: Any) -> str:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["figure"] = _figure
    environment.filters["signed"] = _signed
    environment.filters["plain"] = _plain
    environment.filters["primary"] = metric_words
    return environment.get_template(template).render(**content)


def _picture(data: bytes, text: str) -> dict[str, str]:
    return {"source": f"data:image/png;base64,{b64encode(data).decode()}", "text": text}


def _signed(value: float | None, digits: int = 3) -> str:
    return "–" if value is None else f"{round(value, digits) + 0.0:+.{digits}f}"  # no -0.000


def _plain(value: float | str | None) -> str:
    return "–" if value is None else value if isinstance(value, str) else f"{value:g}"


def _figure(value: float | None, digits: int = 3) -> str:
    return "–" if value is None else f"{value:.{digits}f}"
