"""Times a sweep of 6 variants x 50 seeds, hold-out only, compared with a simple loop and a loop that calls MLflow.

    python benchmarks/sweep.py [--table sales_data.csv] [--seeds N] [--naive N]

Each is a command in its own process, including imports, and in its own folder, one after the other. Creating the
MLflow store is never counted. Without --table, a simulated table of the same shape is used. The loop that calls MLflow
is slow, so it has fewer runs, and its time per run leaves out imports.
"""

import argparse
import json
import shutil
import tempfile
from pathlib import Path

from scripts import ROOT, SAMPLERS, VARIANTS, run

# What is to be done, and nothing else; `log` is what the plain MLflow loop adds to a run.
LOOP = (
    SAMPLERS
    + """
import json, sys, time
import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import (average_precision_score, brier_score_loss, confusion_matrix, log_loss, roc_auc_score,
                             f1_score)
from sklearn.model_selection import train_test_split

table, seeds = pd.read_csv(sys.argv[1]), int(sys.argv[2])
naive = sys.argv[3:] == ["naive"]
X, y = table.drop(columns="buy").astype(float), table["buy"]
if naive:
    import matplotlib
    matplotlib.use("agg")
    import mlflow
    from sklearn.metrics import ConfusionMatrixDisplay
    mlflow.set_tracking_uri("sqlite:///mlflow.db")
    mlflow.set_experiment("naive")

def judge(name, sampler, X_train, y_train, X_test, y_test):
    rows = sampler.fit_resample(X_train, y_train) if sampler else (X_train, y_train)
    model = LogisticRegression(class_weight="balanced" if name == "class_weight" else None).fit(*rows)
    p = model.predict_proba(X_test)[:, 1]
    scores = {score.__name__: score(y_test, p) for score in
              (average_precision_score, roc_auc_score, log_loss, brier_score_loss)}
    scores["f1_score"] = f1_score(y_test, p >= 0.5)
    return model, confusion_matrix(y_test, p >= 0.5), scores

began = time.perf_counter()
runs = 0
for seed in range(seeds):
    X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.3, stratify=y, random_state=seed)
    for name, sampler in samplers(seed).items():
        model, matrix, scores = judge(name, sampler, X_train, y_train, X_test, y_test)
        if naive:
            with mlflow.start_run(run_name=f"{name} {seed}"):
                mlflow.log_params({"variant": name, "seed": seed, "C": 1.0})
                mlflow.log_metrics(scores)
                mlflow.log_figure(ConfusionMatrixDisplay(matrix).plot().figure_, "confusion_matrix.png")
                matplotlib.pyplot.close("all")
                mlflow.sklearn.log_model(model, name="model")
        runs += 1
print(json.dumps([runs, time.perf_counter() - began]))
"""
)

# A table of the same shape as the article's.
SIMULATE = """
from pipeline.table.mountain_shop import simulate
simulate(rows=1000, prevalence=0.05, seed=42)[0].to_csv("table.csv", index=False)
"""

# Makes the store and imports once, so that the first one to be timed does not pay for all.
WARM = """
from pipeline.config import Tracking
from pipeline.tracking.store import open_store
open_store(Tracking(uri="sqlite:///mlflow.db", artifacts=None, experiment="x", timeout=3))
"""


def prepare(work: Path, table: Path | None) -> None:
    """Put the settings, the table and an empty MLflow store into the folder where the commands run."""
    shutil.copytree(ROOT / "conf", work / "conf")
    if table is None:
        run(work, "-c", SIMULATE)
    else:
        shutil.copy(table, work / "table.csv")
    run(work, "-c", WARM)
    shutil.copy(work / "mlflow.db", work / "empty.db")


def main() -> None:
    """Time all of them, print one line each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--table", type=Path, help="a CSV file with the target `buy`; default a simulated one")
    parser.add_argument("--seeds", type=int, default=50)
    parser.add_argument("--naive", type=int, default=2, help="seeds of the plain MLflow loop")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        prepare(work, arguments.table)
        base = [
            "data=csv",
            "data.path=table.csv",
            "data.target=buy",
            "preprocess=none",
            "model.search=null",
        ]

        def sweep(seeds: int, *more: str) -> float:
            """Wall seconds of a sweep over all variants and so many seeds."""
            asked = [f"variant={','.join(VARIANTS)}", f"seed=range(0,{seeds})"]
            seconds, _, said = run(work, "-m", "pipeline", "-m", *asked, *base, *more)
            runs = len(VARIANTS) * seeds
            assert f"{runs:,} of {runs:,} finished" in said, said
            return seconds

        def anew() -> None:
            shutil.rmtree(work / "multirun", ignore_errors=True)
            shutil.copy(work / "empty.db", work / "mlflow.db")

        two = ["hydra/launcher=joblib", "hydra.launcher.n_jobs=2"]
        runs = len(VARIANTS) * arguments.seeds
        bare, _, _ = run(work, "-c", LOOP, "table.csv", str(arguments.seeds))
        shown = [("(a) the bare loop", bare, runs)]
        cases = {
            "(b) a sweep, MLflow off": ["tracking=none"],
            "(c) a sweep, MLflow on": [],
            "(c) on two cores": two,
        }
        for case, more in cases.items():
            anew()
            shown.append((case, sweep(arguments.seeds, "evaluate.folds=0", *more), runs))
        shown.append(("(c) again, with nothing to do", sweep(arguments.seeds, "evaluate.folds=0"), runs))
        _, _, said = run(work, "-c", LOOP, "table.csv", str(arguments.naive), "naive")
        few, seconds = json.loads(said.splitlines()[-1])
        shown.append(("(d) the loop with plain MLflow", seconds, few))
        report(shown)


def report(shown: list[tuple[str, float, int]]) -> None:
    """Print a line a case, each beside the first."""
    _, bare, runs = shown[0]
    print(f"{'':32}{'runs':>6}{'seconds':>10}{'ms a run':>10}{'above (a)':>11}{'ratio':>8}")
    for case, seconds, number in shown:
        each, base = 1000 * seconds / number, 1000 * bare / runs
        print(f"{case:32}{number:6}{seconds:10.1f}{each:10.1f}{each - base:11.1f}{each / base:8.2f}", flush=True)


if __name__ == "__main__":
    main()
