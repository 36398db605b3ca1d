import os
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pipeline  # noqa: F401  before numpy loads: it sets the number of BLAS threads

# isort: split
import numpy as np
import pandas as pd
import pytest

from pipeline import compare, configure, verdict
from pipeline.evaluate import mended
from pipeline.metrics import holdout

ROOT = Path(__file__).parents[1]

# A shell ignores Ctrl-C for what it starts in the background, and so would every command that the tests interrupt.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def shared():
    """The folder of real tables beside the project."""
    folder = ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("no shared/data beside the project")
    return folder


@pytest.fixture
def composed(monkeypatch):
    """The text of params.yaml for Hydra overrides."""

    def compose(*overrides):
        with monkeypatch.context() as patch:
            patch.chdir(ROOT)
            return configure.compose(list(overrides))

    return compose


@pytest.fixture
def project(tmp_path, monkeypatch, composed):
    """Goes to an empty folder whose params.yaml has these overrides."""
    monkeypatch.chdir(tmp_path)

    def begin(*overrides):
        Path("params.yaml").write_text(composed(*overrides), encoding="utf-8")
        return tmp_path

    return begin


@pytest.fixture
def stage(monkeypatch):
    """Runs a stage's main in this process, in the current folder."""

    def run(module, *arguments):
        monkeypatch.setattr(sys, "argv", [module.__name__, *arguments])
        module.main()

    return run


# Six visitors, two of whom buy. The plain model ranks them rightly and is timid; the other one alerts on four.
ACTUAL = np.array([0, 0, 0, 0, 1, 1])
TIMID = np.array([0.05, 0.1, 0.15, 0.2, 0.3, 0.6])
BOLD = np.array([0.3, 0.4, 0.55, 0.7, 0.65, 0.9])


def result(variant, probability, *, tuned, converged=True, synthetic=0):
    return {
        "variant": variant,
        "holdout": holdout(ACTUAL, probability, tuned=tuned, confidence=0.95),
        "training": {
            "negative": 8,
            "positive": 8,
            "synthetic_negative": 0,
            "synthetic_positive": synthetic,
            "originals_kept": 10,
            "folds": 2,
            "repeats": 1,
            "folds_converged": 2,
        },
        "model": {
            "model": "LogisticRegression",
            "converged": converged,
            "iterations": 7,
            "trained_prevalence": 0.5,
            "intercept": 0.0,
            "coefficients": {},
        },
        "probabilities": mended(ACTUAL, probability, None, trained=0.5, true=1 / 3),
    }


@pytest.fixture
def results():
    return {"none": result("none", TIMID, tuned=0.3), "smote": result("smote", BOLD, tuned=0.65, synthetic=6)}


TABLE = {
    "name": "visits",
    "target": "buy",
    "positive": 1,
    "negative": 0,
    "features": ["time"],
    "classes": {"negative": 12, "positive": 4},
    "sha256": "0" * 64,
}


@pytest.fixture
def said(results):
    """A verdict on the six visitors, from two folds in two repeats."""
    folds = pd.DataFrame({"repeat": [0, 0, 1, 1], "fold": [0, 1, 0, 1], "average_precision": [0.5, 0.6, 0.7, 0.6]})
    folds = folds.assign(rows=6, training_rows=6)
    worse = folds.assign(average_precision=[0.5, 0.5, 0.5, 0.5])
    return verdict.verdict(
        {"none": folds, "smote": worse},
        thresholds={"none": 0.3, "smote": 0.65},
        table=TABLE,
        primary="average_precision",
        rope=0.01,
        alpha=0.05,
    )


@pytest.fixture
def comparison(results, said):
    return compare.compare(
        results,
        table=TABLE,
        said=said,
        intervals={name: {"average_precision": [0.5, 0.9], "roc_auc": None} for name in results},
        classes={"train": {"negative": 8, "positive": 2}, "test": {"negative": 4, "positive": 2}},
        declared={
            "objective": "balanced_accuracy",
            "beta": None,
            "confidence": 0.95,
            "folds": 5,
            "repeats": 1,
            "primary": "average_precision",
            "rope": 0.01,
            "alpha": 0.05,
            "seed": 1,
            "preprocess": {"impute": "median", "scale": True},
        },
        best=holdout(ACTUAL, TIMID, tuned=0.3, confidence=0.95),
    )


@pytest.fixture
def predictions():
    rows = {"none": TIMID, "smote": BOLD, "best possible": TIMID}
    return {name: pd.DataFrame({"y": ACTUAL, "probability": probability}) for name, probability in rows.items()}


class Sweeps:
    """Starts sweeps from the command line, each in a folder of its own below `root`, and reads what they leave."""

    def __init__(self, root):
        self.root, self._begun = root, []

    def begin(self, name, *arguments):
        """The process of `python -m pipeline` with these arguments, in the folder `name`."""
        folder = self.root / name
        folder.mkdir(exist_ok=True)
        if not (folder / "conf").exists():
            (folder / "conf").symlink_to(ROOT / "conf")
        process = subprocess.Popen(
            [sys.executable, "-m", "pipeline", *arguments],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self._begun.append(process)
        return process

    def make(self, name, *arguments):
        """What a process that must end well says."""
        process = self.begin(name, *arguments)
        out, _ = process.communicate(timeout=600)
        assert process.returncode == 0, out
        return out

    def results(self, name):
        """The bytes of each run's metrics and predictions, by their place."""
        runs = self.root / name / "multirun/runs"
        return {
            str(path.relative_to(runs)): path.read_bytes()
            for kind in ("metrics.json", "predictions.parquet")
            for path in runs.glob(f"[!.]*/{kind}")
        }

    def end(self):
        """End what is still running, with its workers."""
        for process in self._begun:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.communicate()


@pytest.fixture(scope="module")
def sweeps(tmp_path_factory):
    made = Sweeps(tmp_path_factory.mktemp("sweeps"))
    yield made
    made.end()


@pytest.fixture(scope="session")
def free_port():
    """Gives ports on loopback that nobody listens on."""

    def find():
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            return probe.getsockname()[1]

    return find
