"""Renders the comparison as one self-contained page."""

from base64 import b64encode
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

FIGURES = {
    "class_counts": "Bars of the class counts in the whole table, training rows, test rows, and after each resampling.",
    "confusion_matrices": "Confusion matrices of every variant at threshold 0.5 and at its tuned threshold.",
    "precision_recall": "Precision over recall for every variant, with operating points.",
    "roc": "Receiver operating characteristic of every variant, with operating points.",
}


def render(comparison: dict[str, Any], figures: dict[str, bytes]) -> str:
    """The page as HTML, with nothing loaded from elsewhere.

    Parameters
    ----------
    comparison
        As `pipeline.compare.compare` returns it.
    figures
        PNG bytes, by the names in `FIGURES`; others are left out.
    """
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["figure"] = _figure
    pictures = {
        name: {"source": f"data:image/png;base64,{b64encode(figures[name]).decode()}", "text": text}
        for name, text in FIGURES.items()
    }
    return environment.get_template("report.html").render(**comparison, pictures=pictures)


def _figure(value: float | None, digits: int = 3) -> str:
    return "–" if value is None else f"{value:.{digits}f}"
