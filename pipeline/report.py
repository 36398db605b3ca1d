"""Renders a comparison, or a summary of many runs, as one self-contained page."""

from base64 import b64encode
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

FIGURES = {
    "differences": "Each remedy's difference from the plain model over the folds, with its interval.",
    "class_counts": "Bars of the class counts in the whole table, training rows, test rows, and after each resampling.",
    "confusion_matrices": "Confusion matrices of every variant at threshold 0.5 and at its tuned threshold.",
    "precision_recall": "Precision over recall for every variant, with operating points.",
    "roc": "Receiver operating characteristic of every variant, with operating points.",
}


def render(comparison: dict[str, Any], figures: dict[str, bytes], *, command: str) -> str:
    """The page of a comparison as HTML, with nothing loaded from elsewhere.

    Parameters
    ----------
    comparison
        As `pipeline.compare.compare` returns it.
    figures
        PNG bytes, by the names in `FIGURES`; others are left out.
    command
        That makes the page.
    """
    pictures = {name: _picture(figures[name], text) for name, text in FIGURES.items() if name in figures}
    return _page("report.html", **comparison, pictures=pictures, command=command)


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
    return environment.get_template(template).render(**content)


def _picture(data: bytes, text: str) -> dict[str, str]:
    return {"source": f"data:image/png;base64,{b64encode(data).decode()}", "text": text}


def _figure(value: float | None, digits: int = 3) -> str:
    return "–" if value is None else f"{value:.{digits}f}"
