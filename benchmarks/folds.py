"""Times a sweep of 6 variants over 5 x 10 folds, C tuned in each, compared with a simple loop over as many fits.

    python benchmarks/folds.py [--table FILE] [--rows N] [--repeats N]

The loop reads, splits, scales, resamples, fits each C cold on three inner folds, fits, and computes the metrics, and
nothing else. Each is a command in its own process, including imports, one after the other. CPU seconds are those of all
its processes. Without --table, a simulated table is used; a table's last column is its target, 1 the rare class.
"""

import argparse
import shutil
import tempfile
from pathlib import Path

from scripts import ROOT, SAMPLERS, VARIANTS, run

LOOP = (
    SAMPLERS
    + """
import sys
import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import (average_precision_score, brier_score_loss, confusion_matrix, f1_score, log_loss,
                             roc_auc_score)
from sklearn.model_selection import RepeatedStratifiedKFold, StratifiedKFold, train_test_split
from sklearn.preprocessing import StandardScaler

table = pd.read_csv(sys.argv[1])
X, y = table.iloc[:, :-1].to_numpy(dtype=float), table.iloc[:, -1].to_numpy()
X, X_test, y, y_test = train_test_split(X, y, test_size=0.3, stratify=y, random_state=42)
names, repeats, GRID = sys.argv[2].split(","), int(sys.argv[3]), [float(C) for C in sys.argv[4].split(",")]
SAMPLERS = samplers(42)

def fitted(name, X, y, Cs):
    scaler = StandardScaler().fit(X)
    rows, known = scaler.transform(X), y
    if SAMPLERS[name]:
        rows, known = SAMPLERS[name].fit_resample(rows, known)
    weight = "balanced" if name == "class_weight" else None
    return [(scaler, LogisticRegression(C=C, class_weight=weight).fit(rows, known)) for C in Cs]

def probabilities(scaler, model, X):
    return model.predict_proba(scaler.transform(X))[:, 1]

def tuned(name, X, y):
    if len(GRID) == 1:
        return fitted(name, X, y, GRID)[0]
    losses = np.zeros(len(GRID))
    for fit, held in StratifiedKFold(3, shuffle=True, random_state=42).split(X, y):
        for place, each in enumerate(fitted(name, X[fit], y[fit], GRID)):
            losses[place] += log_loss(y[held], probabilities(*each, X[held]))
    return fitted(name, X, y, [GRID[losses.argmin()]])[0]

def judged(each, X, y):
    p = probabilities(*each, X)
    ranks = [score(y, p) for score in (average_precision_score, roc_auc_score, log_loss, brier_score_loss)]
    return [*ranks, f1_score(y, p >= 0.5), confusion_matrix(y, p >= 0.5)]

for name in names:
    judged(tuned(name, X, y), X_test, y_test)
    folds = RepeatedStratifiedKFold(n_splits=5, n_repeats=repeats, random_state=42)
    for fit, held in folds.split(X, y):
        judged(tuned(name, X[fit], y[fit]), X[held], y[held])
"""
)


GRID = "0.0001,0.001,0.01,0.1,1.0,10.0,100.0"  # of the loop: that of conf/


def simulate(path: Path, rows: int) -> None:
    """A table with six features and 3% positives."""
    import numpy as np
    import pandas as pd

    random = np.random.default_rng(42)
    features = random.normal(size=(rows, 6))
    score = features @ [1.0, 0.7, 0.5, 0.3, 0.1, 0.0] + 1.5 * random.normal(size=rows)
    table = pd.DataFrame(features.round(6), columns=list("abcdef"))
    table.assign(target=(score > np.quantile(score, 0.97)).astype(int)).to_csv(path, index=False)


def main() -> None:
    """Time all of them, print a line each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--table", type=Path, help="a CSV file; default a simulated one")
    parser.add_argument("--rows", type=int, default=10_000, help="of the simulated table")
    parser.add_argument("--repeats", type=int, default=10, help="of the folds")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        shutil.copytree(ROOT / "conf", work / "conf")
        if arguments.table is None:
            simulate(work / "table.csv", arguments.rows)
        else:
            shutil.copy(arguments.table, work / "table.csv")
        target = (work / "table.csv").read_text().partition("\n")[0].rpartition(",")[2]
        sweep = ["-m", "pipeline", "-m", f"variant={','.join(VARIANTS)}", "data=csv", "data.path=table.csv"]
        sweep += [f"data.target={target}", "tracking=none", f"evaluate.repeats={arguments.repeats}"]
        cases = {
            "the bare loop": ["-c", LOOP, "table.csv", ",".join(VARIANTS), str(arguments.repeats), GRID],
            "a sweep, machine.jobs=1": [*sweep, "machine.jobs=1"],
            "a sweep, all cores": sweep,
        }
        print(f"{'':28}{'seconds':>9}{'ratio':>7}{'CPU seconds':>13}{'ratio':>7}")
        bare: tuple[float, float] | None = None
        for case, command in cases.items():
            shutil.rmtree(work / "multirun", ignore_errors=True)
            wall, cpu, _ = run(work, *command)
            bare = bare or (wall, cpu)
            print(f"{case:28}{wall:9.1f}{wall / bare[0]:7.2f}{cpu:13.1f}{cpu / bare[1]:7.2f}", flush=True)


if __name__ == "__main__":
    main()
