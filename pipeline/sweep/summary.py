"""Sums up many runs: what each way of treating the imbalance did over seeds, table by table."""

from pathlib import Path
from typing import Any

import pandas as pd
from tabulate import tabulate

from pipeline.formatting import number, signed
from pipeline.judge.primary import REFERENCE
from pipeline.report.tables import row
from pipeline.sweep.results import Planned, Sweep

SCHEMA_VERSION = 1
# Shown of each way: what a threshold moves, then what only a better model moves; name in runs.csv, and in words.
DECISIONS = {
    "default_recall": "recall at 0.5",
    "default_precision": "precision at 0.5",
    "tuned_recall": "recall at t*",
    "tuned_precision": "precision at t*",
}
RANKING = {
    "average_precision": "average precision",
    "roc_auc": "ROC AUC",
    "log_loss": "log loss",
    "calibration_ratio": "calibration ratio",
}
# Of more than two classes, in place of the decisions.
MACRO = {
    "default_balanced_accuracy": "macro recall",
    "tuned_balanced_accuracy": "macro recall by class weights",
}
CAVEAT = (
    "Gain over none is of average precision, run by run. Runs on the same table share its rows: "
    "their spread shows how much one split can mislead, and is no test of which way is better."
)


def frame(runs: list[Planned], results: dict[str, dict[str, Any]]) -> pd.DataFrame:
    """One row a finished run: its id, name, table, variant and seed, what was varied, and its figures.

    Parameters
    ----------
    runs
        Of a sweep, in order.
    results
        Content of metrics.json, by id.
    """
    names = {(run.settings["data"]["name"], run.data_sha256) for run in runs}
    twice = {name for name, _ in names if sum(name == other for other, _ in names) > 1}
    return pd.DataFrame(
        [
            {
                "id": run.id,
                "run": run.name,
                "way": run.way,
                "data": _table(run, by_hash=run.settings["data"]["name"] in twice),
                "data_sha256": run.data_sha256,
                "seed": run.settings["seed"],
                **{f"swept.{key}": value for key, value in run.axes.items()},
                **row(run.variant, results[run.id]["training"], results[run.id]["holdout"]),
            }
            for run in runs
            if run.id in results
        ]
    ).convert_dtypes()


def _table(run: Planned, *, by_hash: bool) -> str:
    """What to call the table of a run: tables of one name are told apart by their file and hash."""
    data = run.settings["data"]
    weighted = f", weighted by {data['weight']}" if data["weight"] else ""
    if not by_hash:
        return f"{data['name']}{weighted}"
    return f"{Path(data['path']).stem if data['simulation'] is None else data['name']} {run.data_sha256[:8]}{weighted}"


def summarise(sweep: Sweep, runs: pd.DataFrame, failures: dict[str, str]) -> dict[str, Any]:
    """Mean, lowest and highest figure of each way over its runs.

    Parameters
    ----------
    sweep
        Whose runs they are.
    runs
        See `frame`.
    failures
        Reasons by id.

    Returns
    -------
    summary
        `schema_version`, `command`, `axes`, `runs`, `tables`, `caveat`, and `failed`. Each way has `figures`, of which
        `average_precision_gain` is what it has above `none` with the same seeds and settings; None without one.
    """
    tables = []
    for name, block in runs.groupby("data", sort=False):
        gains = _gains(block, list(sweep.axes))
        ways = []
        for way, rows in block.groupby("way", sort=False):
            figures = {key: spread(rows[key]) if key in rows else None for key in (*decisions(block), *RANKING)}
            ways.append(
                {
                    "way": way,
                    "variant": rows.variant.iloc[0],
                    "runs": len(rows),
                    "figures": {**figures, "average_precision_gain": spread(gains[rows.index])},
                }
            )
        tables.append({"table": name, "sha256": block.data_sha256.iloc[0], "ways": ways})
    names = {run.id: run.name for run in sweep.runs}
    return {
        "schema_version": SCHEMA_VERSION,
        "command": sweep.command,
        "axes": sweep.axes,
        "runs": {"finished": len(runs), "failed": len(failures), "asked": len(sweep.runs)},
        "tables": tables,
        "caveat": CAVEAT,
        "failed": [{"run": names[key], "reason": reason} for key, reason in failures.items()],
    }


def decisions(rows: pd.DataFrame) -> dict[str, str]:
    """The figures of decisions to show of the runs on a table, and what to call them."""
    several = "default_macro_f1" in rows and rows.default_macro_f1.notna().any()
    return MACRO if several else DECISIONS


def _gains(block: pd.DataFrame, axes: list[str]) -> pd.Series:
    """Average precision above the `none` run that shares everything else that was varied."""
    reference = block[block.variant == REFERENCE]
    shared = [f"swept.{axis}" for axis in axes if axis not in ("variant", "data", "data.path")]
    if shared:
        keys = block[shared].fillna("").apply(tuple, axis=1)
        base = reference.average_precision.groupby(keys[reference.index]).first()
        return block.average_precision - keys.map(base)
    return block.average_precision - (reference.average_precision.iloc[0] if len(reference) else pd.NA)


def spread(values: pd.Series) -> dict[str, float] | None:
    """Mean, lowest and highest of the values that are defined, and how many are; None when none is."""
    known = values.dropna().astype(float)
    if known.empty:
        return None
    return {"mean": float(known.mean()), "low": float(known.min()), "high": float(known.max()), "defined": len(known)}


def markdown(summary: dict[str, Any]) -> str:
    """A table for each data set: means over runs."""
    lines = []
    for block in summary["tables"]:
        lines += [f"# {block['table']}: means over runs", ""]
        told = MACRO if "default_balanced_accuracy" in block["ways"][0]["figures"] else DECISIONS
        rows = [
            [
                way["way"],
                str(way["runs"]),
                *(_mean(way["figures"][key], way["runs"]) for key in (*told, *RANKING)),
                _gain(way),
            ]
            for way in block["ways"]
        ]
        headers = ["way", "runs", *told.values(), *RANKING.values(), "gain over none"]
        align = ("left", *["right"] * (len(headers) - 1))
        lines += [tabulate(rows, headers, tablefmt="pipe", disable_numparse=True, colalign=align), ""]
    lines += [f"- failed: **{failed['run']}**: {failed['reason']}" for failed in summary["failed"]]
    lines += ["", summary["caveat"], ""] if summary["failed"] else [summary["caveat"], ""]
    return "\n".join(lines)


def _mean(figure: dict[str, float] | None, runs: int) -> str:
    if figure is None:
        return number(None)
    some = "" if figure["defined"] == runs else f" ({figure['defined']:.0f} of {runs})"
    return number(figure["mean"]) + some


def _gain(way: dict[str, Any]) -> str:
    gain = way["figures"]["average_precision_gain"]
    return signed(None if gain is None or way["variant"] == REFERENCE else gain["mean"])
