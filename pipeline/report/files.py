"""All files that a comparison writes."""

from typing import Any

import pandas as pd

from pipeline.judge.comparison import compare, corrected
from pipeline.judge.evidence import Evidence
from pipeline.measure.metrics import BEST
from pipeline.report import class_tables
from pipeline.report import tables as binary_tables
from pipeline.report.embedded import pack
from pipeline.report.figures import draw, draw_classes, png, tables, tables_of_classes
from pipeline.report.page import render, render_classes


def pages(evidence: Evidence) -> dict[str, Any]:
    """All that a comparison writes: the content of each file, by its path below the folder of reports.

    Returns
    -------
    files
        Text, bytes of pictures, and for .json plain data.
    """
    comparison, predictions, embedded = compare(evidence), dict(evidence.predictions), pack(evidence)
    if evidence.task.kind == "multiclass":
        drawn = {name: png(figure) for name, figure in draw_classes(comparison).items()}
        page = render_classes(comparison, drawn, command=evidence.command, evidence=embedded)
        flat, text = binary_tables.flat(comparison), class_tables.markdown(comparison)
        return contents(comparison, drawn, tables_of_classes(comparison, predictions), flat, text, page)
    if evidence.truth is not None:
        predictions[BEST] = next(iter(predictions.values())).assign(probability=evidence.truth)
    figures = draw(comparison, predictions, corrected(evidence), evidence.components)
    drawn = {name: png(figure) for name, figure in figures.items()}
    points = tables(comparison, predictions)
    page = render(comparison, drawn, command=evidence.command, evidence=embedded)
    return contents(comparison, drawn, points, binary_tables.flat(comparison), binary_tables.markdown(comparison), page)


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
