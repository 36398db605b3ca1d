"""Renders a comparison, or a summary of many runs, as one self-contained page."""

import hashlib
from base64 import b64encode
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from pipeline.formatting import digits, number, signed, threshold
from pipeline.judge.primary import is_loss
from pipeline.table import weights

# What a picture shows, for those who do not see it; and below it, what to look for.
FIGURES = {
    "differences": (
        "Forest plot: for each method a dot and its interval, over a shaded band around 0. The table above has the "
        "numbers.",
        "Each method's gain against the baseline over the folds. A line right of the band is a better model, one "
        "within it the same model, and one that is longer than the band leaves it open.",
    ),
    "class_counts": (
        "Bars of the class counts in the whole table, training rows, test rows, and after each resampling, with the "
        "counts on them.",
        "What the model sees of each class. Weights leave the rows as they are.",
    ),
    "confusion_matrices": (
        "Confusion matrices of every variant, at threshold 0.5 above and at its tuned threshold below. The table above "
        "has the counts.",
        "Rows are what is, columns what it was called; shade is the share of the row.",
    ),
    "precision_recall": (
        "Precision over recall on the test rows, a line for each variant, with a dot at 0.5 and a diamond at t*.",
        "Where the dots of all variants lie along one curve, rebalancing moved the threshold and no more.",
    ),
    "roc": (
        "Receiver operating characteristic on the test rows, a line for each variant, with a dot at 0.5 and a diamond "
        "at t*.",
        "The same with false alarms among the negatives, which looks better the rarer the positives are.",
    ),
    "reliability": (
        "Observed over predicted shares of positives in ten bins of test rows: a panel for the probabilities as they "
        "are, and one for each correction. The table above sums them up.",
        "On the diagonal a probability means what it says; right of it positives are overstated.",
    ),
    "cost_map": (
        "Cost of each variant against the baseline's, over what a miss costs in false alarms, with a strip that "
        "names the cheapest. The list above says where it changes.",
        "Each variant at the threshold that is cheapest for it on other rows.",
    ),
    "decision_curve": (
        "Net benefit of each variant over the probability from which one would act, with acting on all rows and on "
        "none.",
        "Above both grey lines a model is worth using; probabilities are corrected by the shares.",
    ),
    "components": (
        "Training rows and synthetic rows in the two leading principal components of the training rows, a panel for "
        "each variant.",
        "Where synthetic rows lie among those of the other class, the model learns from rows that nobody has seen.",
    ),
}
FIGURES_OF_CLASSES = {
    "differences": FIGURES["differences"],
    "class_counts": FIGURES["class_counts"],
    "confusion_matrices": (
        "Confusion matrices of every variant, calling the likeliest class above, and by class weights below. The table "
        "above has recall and precision of each class.",
        FIGURES["confusion_matrices"][1],
    ),
}
DOTS = 100  # of a picture an inch at its own size; they are drawn finer, for screens that can show it
DRAWN = 160


def render(comparison: dict[str, Any], figures: dict[str, bytes], *, command: str, evidence: str | None) -> str:
    """The page of a comparison as HTML, with nothing loaded from elsewhere.

    Parameters
    ----------
    comparison
        As `pipeline.judge.comparison.compare` returns it.
    figures
        PNG bytes, by the names in `FIGURES`; others are left out.
    command
        That makes the page.
    evidence
        What `pipeline.report.embedded.pack` gives, for `rebalance verify`; None where it is too large.
    """
    pictures = {name: _picture(figures[name], *texts) for name, texts in FIGURES.items() if name in figures}
    told = {"pictures": pictures, "command": command, "weighted": weights.sentence(comparison["table"])}
    return _page("report.html", **comparison, **told, **_carried(evidence))


def render_classes(comparison: dict[str, Any], figures: dict[str, bytes], *, command: str, evidence: str | None) -> str:
    """The page of a comparison with more than two classes, in the same way.

    Parameters
    ----------
    comparison
        As `pipeline.judge.classwise.compare` returns it.
    figures
        PNG bytes, by the names in `FIGURES_OF_CLASSES`; others are left out.
    command, evidence
        As for `render`.
    """
    pictures = {name: _picture(figures[name], *texts) for name, texts in FIGURES_OF_CLASSES.items() if name in figures}
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
        As `pipeline.sweep.summary.summarise` returns it.
    figures
        PNG bytes by the name of the table.
    """
    text, caption = "Each run on {} as a dot, a row for each way.", "The bar is the mean of the runs."
    pictures = {name: _picture(data, text.format(name), caption) for name, data in figures.items()}
    return _page("summary.html", **summary, pictures=pictures)


def render_inspection(found: dict[str, Any]) -> str:
    """The page of a table that was looked at, in the same way; `found` is what `inspect_text.page` gives."""
    return _page("inspect.html", **found)


def _page(template: str, **content: Any) -> str:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["figure"] = number
    environment.filters["signed"] = signed
    environment.filters["threshold"] = threshold
    environment.filters["digits"] = digits
    environment.tests["loss"] = is_loss
    environment.filters["plain"] = _plain
    environment.filters["shown"] = weights.shown
    environment.filters["unbroken"] = _unbroken
    return environment.get_template(template).render(**content)


def _picture(data: bytes, text: str, caption: str) -> dict[str, Any]:
    """A PNG within the page, with its size in CSS pixels, so that letters are as large in all of them."""
    width, height = (round(int.from_bytes(data[at : at + 4]) * DOTS / DRAWN) for at in (16, 20))
    source = f"data:image/png;base64,{b64encode(data).decode()}"
    return {"source": source, "width": width, "height": height, "text": text, "caption": caption}


def _unbroken(text: str) -> str:
    """No line ends between a number and its %."""
    return text.replace(" %", "\N{NO-BREAK SPACE}%")


def _plain(value: float | str | None) -> str:
    return "–" if value is None else value if isinstance(value, str) else f"{value:g}"
