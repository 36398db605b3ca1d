"""All files that a comparison writes."""

from typing import Any

import pandas as pd

from pipeline.judge import classwise
from pipeline.judge.comparison import compare, mended
from pipeline.judge.evidence import Evidence
from pipeline.measure.metrics import BEST
from pipeline.report import class_tables
from pipeline.report.embedded import pack
from pipeline.report.figures import draw, draw_classes, png, tables, tables_of_classes
from pipeline.report.page import render, render_classes
from pipeline.report.tables import flat, markdown
from pipeline.table.classes import several


def pages(evidence: Evidence) -> dict[str, Any]:
    """All that a comparison writes: the content of each file, by its path below the folder of reports.

    Returns
    -------
    files
        Text, bytes of pictures, and for .json plain data.
    """
    if several(evidence.table):
        return class_pages(evidence)
    comparison, predictions = compare(evidence), dict(evidence.predictions)
    if evidence.truth is not None:
        predictions[BEST] = next(iter(predictions.values())).assign(probability=evidence.truth)
    figures = draw(comparison, predictions, mended(evidence), evidence.components)
    drawn = {name: png(figure) for name, figure in figures.items()}
    points = tables(comparison, predictions)
    page = render(comparison, drawn, command=evidence.command, evidence=pack(evidence))
    return contents(comparison, drawn, points, flat(comparison), markdown(comparison), page)


def contents(
    comparison: dict[str, Any],
    drawn: dict[str, bytes],
    points: dict[str, pd.DataFrame],
    figures: pd.DataFrame,
    text: str,
    page: str,
) -> dict[str, Any]:
    """What `pages` gives, of its parts: pictures, points of curves, a row for each variant, Markdown, and HTML."""
    return {
        **{f"figures/{name}.png": picture for name, picture in drawn.items()},
        **{f"plots/{name}.csv": rows.to_csv(index=False, lineterminator="\n") for name, rows in points.items()},
        "comparison.json": comparison,
        "verdict.json": comparison["verdict"],
        "comparison.csv": figures.to_csv(index=False, lineterminator="\n"),
        "comparison.md": text,
        "index.html": page,
    }


def class_pages(evidence: Evidence) -> dict[str, Any]:
    """All that a comparison writes: the content of each file, by its path below the folder of reports.

    Returns
    -------
    files
        Text, bytes of pictures, and for .json plain data.
    """
    comparison = classwise.compare(evidence)
    drawn = {name: png(figure) for name, figure in draw_classes(comparison).items()}
    points = tables_of_classes(comparison, dict(evidence.predictions))
    page = render_classes(comparison, drawn, command=evidence.command, evidence=pack(evidence))
    return contents(comparison, drawn, points, class_tables.flat(comparison), class_tables.markdown(comparison), page)
