"""Measures how much a method's difference from the baseline varies between folds: what evaluate.repeats=auto rests on.

    python benchmarks/repeats.py [FOLDER] [--tables NAME ...]

Each table's last column is its target, of two classes. The default variants are refitted in five folds of the training
rows. The standard deviation of a difference shrinks with the root of the rows of the rarest class in a test fold. So it
is printed times that root, divided by the metric's ROPE: by table the mean over the methods, then quantiles over the
tables.
"""

import argparse
import os
from bisect import bisect_left
from math import sqrt
from pathlib import Path

import pipeline  # noqa: F401  before numpy loads: it sets the number of BLAS threads

# isort: split
import numpy as np
import pandas as pd
import yaml
from tabulate import tabulate
from tuning import ROOT, TABLES, settings_of

from pipeline.fit import run
from pipeline.judge.primary import REFERENCE
from pipeline.measure.primary import COLUMNS
from pipeline.measure.repeats import ALPHA, MOST, repetitions
from pipeline.measure.statistics import inflation, reach
from pipeline.measure.tasks import task_of
from pipeline.tools.labels import over_folds

# The primary metrics, by the settings with which folds have them.
METRICS = {
    ("evaluate=balanced_accuracy",): ("average_precision", "roc_auc", "log_loss", "brier"),
    ("evaluate=f_beta", "compare=f_beta"): ("f_beta",),
}


def spreads(file: Path, more: tuple[str, ...], metrics: tuple[str, ...]) -> dict[str, float]:
    """By metric: standard deviation of a difference in ROPEs, times the root of a fold's rows of the rarest class."""
    params = settings_of(file, "evaluate.repeats=1", *more)
    table, _, schema, roles = run.table(params.data)
    found, _ = over_folds(table, params, roles, task_of(schema))
    rows = {name: each for name, each in found.items() if each is not None}
    training, _ = run.sides(params.data, params.split)
    rare = np.bincount(training[params.data.target]).min() / len(rows[REFERENCE])
    ropes = {name: yaml.safe_load((ROOT / "conf" / "compare" / f"{name}.yaml").read_text())["rope"] for name in metrics}
    columns = {name: COLUMNS[name][0] for name in metrics}
    return {
        name: float(
            np.mean(
                [(rows[method][column] - rows[REFERENCE][column]).std(ddof=1) for method in rows if method != REFERENCE]
            )
            * np.sqrt(rare)
            / ropes[name]
        )
        for name, column in columns.items()
    }


def main() -> None:
    """Measure every table, and print a line each, then the quantiles."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?", default=ROOT.parent / "shared" / "data")
    parser.add_argument("--tables", nargs="+", default=TABLES, help="names of files, without suffixes")
    arguments = parser.parse_args()
    folder, found = arguments.folder.absolute(), {}
    os.chdir(ROOT)  # conf/ is there
    for name in arguments.tables:
        (file,) = folder.glob(f"{name}.csv*")
        found[name] = {key: value for how in METRICS.items() for key, value in spreads(file, *how).items()}
        print(f"{name}: done", flush=True)
    table = pd.DataFrame(found).T
    shown = pd.concat([table, table.quantile([0.25, 0.5, 0.75]).rename("{:.0%} of tables are below".format)])
    print("\nstandard deviation of a difference between folds, in ROPEs, times the root of a fold's rarest rows\n")
    print(tabulate(shown.round(1), headers="keys", tablefmt="github"))
    rule()


def rule() -> None:
    """Print how far bounds are after fewer repeats, and the counts from which `auto` takes fewer, with 5 folds."""

    def distance(repeats: int) -> float:
        return reach(sqrt(inflation(5 * repeats, 1 / 4)), 5 * repeats - 1, alpha=ALPHA)

    print("\nrepeats   bounds, in those after 10   rows of the rarest class from which auto takes no more")
    for repeats in range(1, MOST):
        least = bisect_left(range(10**6), -repeats, lo=10, key=lambda rare: -automatic(rare))
        print(f"{repeats:<10}{distance(repeats) / distance(MOST):<28.2f}{least:,}")


def automatic(rare: int) -> int:
    """The repeats that `auto` takes of five folds with so many rows of the rarest class."""
    return repetitions("auto", rows=0, rare=rare, folds=5)


if __name__ == "__main__":
    main()
