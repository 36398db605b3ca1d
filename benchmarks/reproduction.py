"""Times `dvc repro` from scratch, compared with one script that does the same work, and with empty processes.

    python benchmarks/reproduction.py [--rounds N]

Each round runs all of them in turn, so that a slow machine affects all alike. Medians and ratios are printed.
Creating the MLflow store and the folds are timed separately.
"""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import yaml
from scripts import ROOT, SAMPLERS

BIN = Path(sys.executable).parent
ENVIRONMENT = {**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}

# The same work as the hold-out part of the pipeline, as one would write it down: no folds, no files between, no report.
PLAIN = (
    SAMPLERS
    + """
import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, brier_score_loss, confusion_matrix, log_loss, roc_auc_score
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

table = pd.read_parquet("data/ingest/table.parquet")
X, y = table.drop(columns="buy"), table["buy"]
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.3, stratify=y, random_state=42)
scaler = StandardScaler().set_output(transform="pandas").fit(X_train)
X_train, X_test = scaler.transform(X_train), scaler.transform(X_test)
for name, sampler in samplers(42).items():
    rows = sampler.fit_resample(X_train, y_train) if sampler else (X_train, y_train)
    model = LogisticRegression(class_weight="balanced" if name == "class_weight" else None).fit(*rows)
    p = model.predict_proba(X_test)[:, 1]
    scores = [score(y_test, p) for score in (average_precision_score, roc_auc_score, log_loss, brier_score_loss)]
    print(name, confusion_matrix(y_test, p >= 0.5).ravel(), scores)
"""
)

# What each stage imports, and nothing else of it.
IMPORTS = {
    "configure": "import hydra, omegaconf",
    "ingest": "import omegaconf, pandas, pyarrow, scipy.stats",
    "split": "import omegaconf, pandas, pyarrow, sklearn.model_selection",
    "preprocess": "import omegaconf, pandas, pyarrow, sklearn.preprocessing, sklearn.impute, skops.io",
    "resample": "import omegaconf, pandas, pyarrow, imblearn.over_sampling, imblearn.under_sampling",
    "train": "import omegaconf, pandas, pyarrow, sklearn.linear_model, skops.io",
    "evaluate": "import omegaconf, pandas, pyarrow, sklearn.linear_model, sklearn.metrics, sklearn.model_selection, "
    "imblearn.over_sampling, imblearn.under_sampling, skops.io, tqdm",
    "compare": "import omegaconf, pandas, pyarrow, sklearn.metrics, matplotlib.figure, jinja2, tabulate",
    "track": "import omegaconf, pandas, pyarrow, sklearn.pipeline, skops.io, mlflow, mlflow.sklearn",
}


def seconds(command: list[str], folder: Path) -> float:
    """Wall time of a command that must succeed."""
    start = time.perf_counter()
    subprocess.run(command, cwd=folder, env=ENVIRONMENT, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def output(command: list[str], folder: Path) -> str:
    """What a command that must succeed prints."""
    return subprocess.run(command, cwd=folder, env=ENVIRONMENT, check=True, stdout=subprocess.PIPE, text=True).stdout


def bare(folder: Path, stages: list[str]) -> float:
    """As many processes as the pipeline has stages, each importing what its stage imports."""
    prefix = "import pipeline; "  # which settles the number of BLAS threads, as in a stage
    return sum(seconds([sys.executable, "-c", prefix + IMPORTS[stage.partition("@")[0]]], folder) for stage in stages)


def show(name: str, values: list[float], against: list[float] | None = None) -> None:
    """A line with the median, the range, and the median of the ratios pair by pair."""
    line = f"{name:<44} {statistics.median(values):7.2f} s  ({min(values):.2f} to {max(values):.2f})"
    if against:
        ratio = statistics.median(a / b for a, b in zip(values, against, strict=True))
        line += f"  {ratio:.2f} times the bare processes"
    print(line, flush=True)


def main() -> None:
    """Clone the working tree, warm up, and take turns."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    rounds = parser.parse_args().rounds
    variants = list(yaml.safe_load((ROOT / "params.yaml").read_text())["variants"])
    each = [f"{stage}@{variant}" for stage in ("resample", "train", "evaluate") for variant in variants]
    stages = ["configure", "ingest", "split", "preprocess", *each, "compare", "track"]
    with tempfile.TemporaryDirectory() as temporary:
        folder, empty = Path(temporary) / "clone", Path(temporary) / "empty.db"
        subprocess.run(["git", "clone", "-q", str(ROOT), str(folder)], check=True)
        store = seconds([sys.executable, "-c", STORE], folder)
        shutil.copy(folder / "mlflow.db", empty)
        times: dict[str, list[float]] = {key: [] for key in ("repro", "folds", "bare", "plain", "noop", "status")}
        for number in range(rounds):
            print(f"round {number + 1} of {rounds}", file=sys.stderr, flush=True)
            for made in ("data", "mlruns", ".dvc/cache", ".dvc/tmp"):
                shutil.rmtree(folder / made, ignore_errors=True)
            shutil.copy(empty, folder / "mlflow.db")
            (folder / "dvc.lock").unlink()  # else DVC skips what changed nothing
            times["repro"].append(seconds(["dvc", "repro", "-q"], folder))
            times["folds"].append(float(output([sys.executable, "-c", FOLDS], folder)))
            times["bare"].append(bare(folder, stages))
            times["plain"].append(seconds([sys.executable, "-c", PLAIN], folder))
            times["noop"].append(seconds(["dvc", "repro", "-q"], folder))
            times["status"].append(seconds(["dvc", "status", "-q"], folder))
    print(f"{len(stages)} stages, median of {rounds} rounds (least to most), {os.cpu_count()} cores")
    show("bare processes with the stages' imports", times["bare"])
    show("dvc repro from nothing, MLflow store there", times["repro"], times["bare"])
    show("  of which folds", times["folds"])
    without = [repro - folds for repro, folds in zip(times["repro"], times["folds"], strict=True)]
    show("  without folds", without, times["bare"])
    print(f"{'making the MLflow store, once':<44} {store:7.2f} s")
    show("one plain script, hold-out only", times["plain"], times["bare"])
    show("dvc repro with nothing to do", times["noop"])
    show("dvc status", times["status"])
    over = statistics.median(a - b for a, b in zip(times["noop"], times["status"], strict=True))
    print(f"{'  nothing to do, over status':<44} {over:7.2f} s")


STORE = """
from pipeline import config
from pipeline.tracking.store import open_store

open_store(config.load().tracking)
"""

# The folds of every variant, timed by themselves: imports and reading are not counted.
FOLDS = """
import time

from pipeline import config
from pipeline.files import INGEST, SPLIT, read_json, read_table
from pipeline.fit import chains, folds
from pipeline.measure.tasks import task_of
from pipeline.table import weights

params = config.load()
training, task = read_table(SPLIT / "train.parquet"), task_of(read_json(INGEST / "schema.json"))
each = [chains.chain(params, name, task) for name in params.variants]
how = {"settings": params.evaluate, "seed": params.seed, "weight": weights.ones(len(training))}
start = time.perf_counter()
for chain in each:
    folds.refit(training, target=params.data.target, chain=chain, **how)
print(time.perf_counter() - start)
"""

if __name__ == "__main__":
    main()
