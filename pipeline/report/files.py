"""All that a comparison writes."""

from typing import Any

from pipeline.files import csv_text
from pipeline.judge.comparison import compare
from pipeline.judge.evidence import Evidence
from pipeline.report.answer import leaders
from pipeline.report.embedded import pack
from pipeline.report.explorer import explorer
from pipeline.report.figures.draw import draw, draw_each, tables
from pipeline.report.figures.style import png
from pipeline.report.model_card import model_card
from pipeline.report.page import render
from pipeline.report.tables import flat, markdown, summary


def pages(evidence: Evidence, *, each: bool = False) -> dict[str, Any]:
    """The content of each file that a comparison writes, by its path below the folder of reports.

    Parameters
    ----------
    evidence
        Of the comparison.
    each
        Whether DVC and MLflow show the variants: then there are figures of each one, `plots/` and `dvc/`, too.

    Returns
    -------
    files
        Text, bytes of pictures, and for .json plain data.
    """
    comparison = compare(evidence)
    drawn = {name: png(figure) for name, figure in draw(evidence, comparison).items()}
    return {
        **{f"figures/{name}.png": picture for name, picture in drawn.items()},
        **(_of_variants(evidence, comparison) if each else {}),
        "comparison.json": comparison,
        "verdict.json": comparison["verdict"],
        "comparison.csv": csv_text(flat(comparison)),
        "comparison.md": markdown(comparison),
        "model_card.md": model_card(comparison, command=evidence.command),
        "index.html": render(
            comparison,
            drawn,
            command=evidence.command,
            evidence=pack(evidence),
            decided=explorer(evidence, leaders(comparison)),
        ),
    }


def _of_variants(evidence: Evidence, comparison: dict[str, Any]) -> dict[str, Any]:
    own, points = draw_each(evidence, comparison), tables(evidence, comparison)
    return {
        **{f"figures/{name}.png": png(figure) for name, figure in own.items()},
        **{f"plots/{name}.csv": csv_text(rows) for name, rows in points.items()},
        **{f"dvc/{name}.json": row for name, row in summary(comparison).items()},
    }
