"""Times the baseline and SMOTE over 5 folds of tables that grow, compared with a simple loop and with `cross_validate`.

    python benchmarks/growth.py [--rows N ...]

C is fixed, so that all of them fit as many models. The loop is that of benchmarks/folds.py. `cross_validate` is
scikit-learn's, over imbalanced-learn's pipeline of scaler, sampler and model. Ours is a sweep that writes its report.
Each is a command in its own process on one core, including imports and reading a CSV file, one after the other. The
growth exponent is the slope of the logarithm of CPU seconds over that of rows, between the last two tables.

It writes what it found to benchmarks/results.json, and the picture in docs/images/.
"""

import argparse
import os
import platform
import shutil
import tempfile
from importlib.metadata import version
from math import log
from pathlib import Path
from typing import Any

from folds import LOOP, simulate
from scripts import ROOT, SAMPLERS, run

from pipeline import files

RESULTS = ROOT / "benchmarks" / "results.json"
PICTURE = ROOT / "docs" / "images" / "growth.png"
LIBRARIES = ("scikit-learn", "imbalanced-learn", "numpy", "pandas")
NAMES = ("none", "smote")
CASES = ("the bare loop", "cross_validate", "a sweep")

CROSS = (
    SAMPLERS
    + """
import sys
import pandas as pd
from imblearn.pipeline import make_pipeline
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_validate, train_test_split
from sklearn.preprocessing import StandardScaler

table = pd.read_csv(sys.argv[1])
X, X_test, y, y_test = train_test_split(
    table.iloc[:, :-1], table.iloc[:, -1], test_size=0.3, stratify=table.iloc[:, -1], random_state=42
)
METRICS = ["average_precision", "roc_auc", "neg_log_loss", "neg_brier_score", "f1"]
for name in sys.argv[2].split(","):
    chain = make_pipeline(StandardScaler(), samplers(42)[name], LogisticRegression())
    cross_validate(chain, X, y, cv=StratifiedKFold(5, shuffle=True, random_state=42), scoring=METRICS)
"""
)


def measured(rows: int) -> list[dict[str, Any]]:
    """Of each case: seconds and CPU seconds on a table of so many rows."""
    with tempfile.TemporaryDirectory() as name:
        work, asked = Path(name), ",".join(NAMES)
        shutil.copytree(ROOT / "conf", work / "conf")
        simulate(work / "table.csv", rows)
        sweep = ["-m", "pipeline", "-m", f"variant={asked}", "data=csv", "data.path=table.csv", "data.target=target"]
        commands = (
            ["-c", LOOP, "table.csv", asked, "1", "1.0"],
            ["-c", CROSS, "table.csv", asked],
            [*sweep, "tracking=none", "evaluate.repeats=1", "model.search=null", "machine.jobs=1"],
        )
        found = []
        for case, command in zip(CASES, commands, strict=True):
            wall, cpu, _ = run(work, *command)
            found.append({"case": case, "rows": rows, "seconds": round(wall, 1), "cpu_seconds": round(cpu, 1)})
            ratio = cpu / found[0]["cpu_seconds"]
            print(f"{case:16}{rows:>12,}{wall:9.1f}{cpu:13.1f}{ratio:7.2f}", flush=True)
        return found


def exponents(found: list[dict[str, Any]]) -> dict[str, float]:
    """By case: how CPU seconds grow with rows between the last two tables, 1 being in proportion."""
    slopes = {}
    for case in CASES:
        *_, (rows, before), (more, after) = (
            (each["rows"], each["cpu_seconds"]) for each in found if each["case"] == case
        )
        slopes[case] = round(log(after / before) / log(more / rows), 2)
    return slopes


def draw(found: list[dict[str, Any]]) -> None:
    """The picture: CPU seconds over rows, a line a case."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 3.5), layout="constrained")
    axis = figure.subplots()
    for case in CASES:
        mine = [each for each in found if each["case"] == case]
        axis.loglog([each["rows"] for each in mine], [each["cpu_seconds"] for each in mine], marker="o", label=case)
    axis.xaxis.set_major_formatter("{x:,.0f}")
    seen = axis.get_ylim()
    axis.set_yticks([digit * 10**power for power in range(4) for digit in (1, 2, 5)], minor=False)
    axis.set_ylim(seen)
    axis.yaxis.set_major_formatter("{x:,.0f}")
    axis.yaxis.set_minor_formatter("")
    axis.set(xlabel="rows", ylabel="CPU seconds", title="The baseline and SMOTE over 5 folds")
    axis.legend()
    figure.savefig(PICTURE, dpi=110, metadata={"Software": None})


def main() -> None:
    """Time all of them on each table, print a line each, and keep the results."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, nargs="+", default=[1_000, 100_000, 1_000_000], help="two or more sizes")
    arguments = parser.parse_args()
    print(f"{'':16}{'rows':>12}{'seconds':>9}{'CPU seconds':>13}{'ratio':>7}")
    found = [each for rows in arguments.rows for each in measured(rows)]
    slopes = exponents(found)
    for case, slope in slopes.items():
        print(f"{case}: CPU seconds grow as rows to the power {slope:.2f}")
    machine = {"cores": os.cpu_count(), "machine": platform.machine(), "python": platform.python_version()}
    versions = {name: version(name) for name in LIBRARIES}
    files.write_json(RESULTS, {"machine": {**machine, **versions}, "growth": found, "exponents": slopes})
    draw(found)
    print(f"written to {RESULTS.relative_to(ROOT)} and {PICTURE.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
