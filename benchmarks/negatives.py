"""Times a table of very many rows, read whole by a script, and by ours with ten negatives for each positive.

    python benchmarks/negatives.py [--rows N]

The table is a folder of Parquet files with 30 columns of numbers and 1% positive rows. The script reads all of it,
splits, scales, and fits a logistic regression. Ours does the same with the rows that it keeps; then six variants, C
tuned, over as many folds as `evaluate.repeats=auto` gives. Each is a command in its own process, including imports, one
after the other. Memory is that of the largest process. Average precision is on the test rows, by weight.
"""

import argparse
import shutil
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
from scripts import ROOT, VARIANTS, run

from pipeline import files

PART = 500_000  # rows of a file
COLUMNS = 30

BARE = """
import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

table = pd.read_parquet("table")
X, X_test, y, y_test = train_test_split(
    table.drop(columns="y"), table.y, test_size=0.3, stratify=table.y, random_state=42
)
del table
scaler = StandardScaler().fit(X)
model = LogisticRegression().fit(scaler.transform(X), y)
print(average_precision_score(y_test, model.predict_proba(scaler.transform(X_test))[:, 1]))
"""

# Runs a command, and prints the memory of its largest process in GB.
WATCHED = """
import resource, subprocess, sys
subprocess.run([sys.executable, *sys.argv[1:]], check=True)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1e6)
"""


def write(folder: Path, rows: int) -> None:
    """A table whose class depends on the first two columns."""
    folder.mkdir()
    for number, first in enumerate(range(0, rows, PART)):
        random, size = np.random.default_rng(number), min(PART, rows - first)
        X = random.normal(size=(size, COLUMNS))
        y = random.random(size) < 1 / (1 + np.exp(5.2 - X[:, 0] - X[:, 1] / 2))
        part = pd.DataFrame(X, columns=[f"x{place}" for place in range(COLUMNS)]).assign(y=y.astype(int))
        part.to_parquet(folder / f"{number:04}.parquet")


def main() -> None:
    """Time all of them, and print a line each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=10_000_000)
    rows = parser.parse_args().rows
    table = ["data=csv", "data.path=table", "data.files='*.parquet'", "data.target=y", "data.negatives_per_positive=10"]
    plain = ["evaluate.folds=0", "model.search=null", "machine.jobs=1"]
    cases = {
        "the script, all rows": ["-c", BARE],
        "ours, a hold-out run": ["-m", "pipeline", *table, "tracking=none", "variant=none", *plain],
        "ours, six variants": ["-m", "pipeline", "-m", *table, "tracking=none", f"variant={','.join(VARIANTS)}"],
    }
    print(f"{f'{rows:,} rows':24}{'seconds':>9}{'CPU seconds':>13}{'GB':>7}{'average precision':>19}")
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        shutil.copytree(ROOT / "conf", work / "conf")
        write(work / "table", rows)
        for case, command in cases.items():
            wall, cpu, printed = run(work, "-c", WATCHED, *command)
            words = printed.split()
            made = sorted(work.glob("multirun/runs/*/metrics.json"))
            each = [files.read_json(path) for path in made]
            found = [one["holdout"]["threshold_free"]["average_precision"] for one in each if one["variant"] == "none"]
            precision = found[0] if found else float(words[-2])
            print(f"{case:24}{wall:9.1f}{cpu:13.1f}{float(words[-1]):7.2f}{precision:19.4f}", flush=True)


if __name__ == "__main__":
    main()
