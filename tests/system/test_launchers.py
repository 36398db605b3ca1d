import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
SWEEP = ("-m", "variant=none,smote", "evaluate.folds=0", "tracking=none")


@pytest.fixture(scope="module")
def basic(sweeps):
    """The results of the sweep as one process makes them."""
    sweeps.make("basic", *SWEEP)
    return sweeps.results("basic")


def jobs_of(folder):
    return sorted(folder.glob("multirun/*/jobs/*.json"))


def composed(*overrides):
    """Hydra's launcher as the command line composes it; `--cfg` and `-m` exclude each other."""
    show = ("--cfg", "hydra", "--package", "hydra.launcher", "--resolve")
    run = subprocess.run(
        [sys.executable, "-m", "pipeline", *overrides, *show],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr
    return yaml.safe_load(run.stdout)


def test_the_launcher_for_slurm_composes_and_takes_a_clusters_settings():
    overrides = ("partition=short", "array_parallelism=50", "timeout_min=30", "cpus_per_task=1")
    launcher = composed("hydra/launcher=submitit_slurm", *(f"hydra.launcher.{override}" for override in overrides))
    assert launcher["_target_"].endswith(".SlurmLauncher")
    assert launcher["partition"] == "short"
    assert (launcher["array_parallelism"], launcher["timeout_min"], launcher["cpus_per_task"]) == (50, 30, 1)
    assert launcher["submitit_folder"] == str(
        ROOT / "multirun/.submitit/%j"
    )  # where the sweep's nodes and this machine meet


@pytest.mark.slow
@pytest.mark.parametrize("launcher", ["joblib", "submitit_local"])
def test_every_launcher_leaves_the_bytes_of_the_basic_one(sweeps, basic, launcher):
    sweeps.make(launcher, *SWEEP, f"hydra/launcher={launcher}")
    assert len(basic) == 4
    assert sweeps.results(launcher) == basic
    # The basic launcher gets all runs in one job, so two jobs say that another one was asked.
    assert [len(jobs_of(sweeps.root / name)) for name in ("basic", launcher)] == [1, 2]
