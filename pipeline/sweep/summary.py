"""Summarizes many runs: the results of each configuration over seeds, table by table."""

from pathlib import Path
from typing import Any

import pandas as pd
from tabulate import tabulate

from pipeline.formatting import number, signed
from pipeline.judge.primary import REFERENCE
from pipeline.report.tables import row
from pipeline.sweep.results import Planned, Sweep

SCHEMA_VERSION = 2
# The figures to show, by column of runs.csv: a threshold moves the first four, only a better model the others.
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
# In place of the decisions for more than two classes.
MACRO = {
    "default_balanced_accuracy": "macro recall",
    "tuned_balanced_accuracy": "macro recall with class weights",
}
CAVEAT = (
    "The gain over the baseline is in average precision: each run is compared with the baseline of the same seed and "
    "settings. Runs on the same table share its rows, so their range shows how much results depend on one split. "
    "It doesn't test which configuration is better."
)


def frame(runs: list[Planned], results: dict[str, dict[str, Any]]) -> pd.DataFrame:
    """One row for each finished run: id, name, table, variant, seed, the keys that vary, and the figures.

    Parameters
    ----------
    runs
        All runs of a sweep.
    results
        The content of metrics.json of the finished ones, by id.
    """
    names = {(run.settings["data"]["name"], run.data_sha256) for run in runs}
    twice = {name for name, _ in names if sum(name == other for other, _ in names) > 1}
    return pd.DataFrame(
        [
            {
                "id": run.id,
                "run": run.name,
                "configuration": run.configuration,
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
    """The name of a run's table, with its file and hash where several tables have the same name."""
    data = run.settings["data"]
    weighted = f", weighted by {data['weight']}" if data["weight"] else ""
    if data["negatives_per_positive"]:
        weighted = f", {data['negatives_per_positive']:g} negatives per positive"
    if not by_hash:
        return f"{data['name']}{weighted}"
    return f"{Path(data['path']).stem if data['simulation'] is None else data['name']} {run.data_sha256[:8]}{weighted}"


def summarize(sweep: Sweep, runs: pd.DataFrame, failures: dict[str, str]) -> dict[str, Any]:
    """The mean, lowest and highest figures of each configuration over its runs.

    Parameters
    ----------
    sweep
        The sweep of the runs.
    runs
        See `frame`.
    failures
        Reasons by id.

    Returns
    -------
    summary
        `schema_version`, `command`, `axes`, `runs`, `tables`, `caveat`, and `failed`. Each configuration has `figures`;
        `average_precision_gain` among them is the gain over the baseline with the same seeds and settings, None
        without one.
    """
    tables = []
    for name, block in runs.groupby("data", sort=False):
        gains = _gains(block, list(sweep.axes))
        configurations = []
        for configuration, rows in block.groupby("configuration", sort=False):
            figures = {key: spread(rows[key]) if key in rows else None for key in (*decisions(block), *RANKING)}
            configurations.append(
                {
                    "configuration": configuration,
                    "variant": rows.variant.iloc[0],
                    "runs": len(rows),
                    "figures": {**figures, "average_precision_gain": spread(gains[rows.index])},
                }
            )
        tables.append({"table": name, "sha256": block.data_sha256.iloc[0], "configurations": configurations})
    names = {run.id: run.name for run in sweep.runs}
    return {
        "schema_version": SCHEMA_VERSION,
        "command": sweep.command,
        "axes": sweep.axes,
        "runs": {"finished": len(runs), "failed": len(failures), "planned": len(sweep.runs)},
        "tables": tables,
        "caveat": CAVEAT,
        "failed": [{"run": names[key], "reason": reason} for key, reason in failures.items()],
    }


def decisions(rows: pd.DataFrame) -> dict[str, str]:
    """The figures of decisions to show for the runs on a table, and their titles."""
    several = "default_macro_f1" in rows and rows.default_macro_f1.notna().any()
    return MACRO if several else DECISIONS


def _gains(block: pd.DataFrame, axes: list[str]) -> pd.Series:
    """Average precision minus that of the baseline run with the same values of all other keys."""
    baseline = block[block.variant == REFERENCE]
    shared = [f"swept.{axis}" for axis in axes if axis not in ("variant", "data", "data.path")]
    if shared:
        keys = block[shared].fillna("").apply(tuple, axis=1)
        found = baseline.average_precision.groupby(keys[baseline.index]).first()
        return block.average_precision - keys.map(found)
    return block.average_precision - (baseline.average_precision.iloc[0] if len(baseline) else pd.NA)


def spread(values: pd.Series) -> dict[str, float] | None:
    """Mean, lowest and highest of the defined values, and their number; None if no value is defined."""
    known = values.dropna().astype(float)
    if known.empty:
        return None
    return {"mean": float(known.mean()), "low": float(known.min()), "high": float(known.max()), "defined": len(known)}


def markdown(summary: dict[str, Any]) -> str:
    """A Markdown table of means over runs for each data set."""
    lines = []
    for block in summary["tables"]:
        lines += [f"# {block['table']}: means over runs", ""]
        figures = block["configurations"][0]["figures"]
        titles = {**(MACRO if "default_balanced_accuracy" in figures else DECISIONS), **RANKING}
        rows = [
            [
                each["configuration"],
                str(each["runs"]),
                *(_mean(each["figures"][key], each["runs"]) for key in titles),
                _gain(each),
            ]
            for each in block["configurations"]
        ]
        headers = ["configuration", "runs", *titles.values(), "gain over baseline"]
        align = ("left", *["right"] * (len(headers) - 1))
        lines += [tabulate(rows, headers, tablefmt="pipe", disable_numparse=True, colalign=align), ""]
    lines += [f"- failed: **{failed['run']}**: {failed['reason']}" for failed in summary["failed"]]
    lines += ["", summary["caveat"], ""] if summary["failed"] else [summary["caveat"], ""]
    return "\n".join(lines)


def _mean(figure: dict[str, float] | None, runs: int) -> str:
    if figure is None:
        return number(None)
    of_runs = "" if figure["defined"] == runs else f" ({figure['defined']:.0f} of {runs} runs)"
    return number(figure["mean"]) + of_runs


def _gain(configuration: dict[str, Any]) -> str:
    gain = configuration["figures"]["average_precision_gain"]
    return signed(None if gain is None or configuration["variant"] == REFERENCE else gain["mean"])
