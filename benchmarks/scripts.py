"""What the scripts to compare with have in common, and how a command is timed."""

import os
import resource
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
ENVIRONMENT = {
    **os.environ,
    "PYTHONPATH": str(ROOT),
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "DO_NOT_TRACK": "true",
    "MLFLOW_DISABLE_TELEMETRY": "true",
}
VARIANTS = ("none", "random_under", "random_over", "augmentation", "smote", "class_weight")

# The samplers of these variants, as one would write them down; None leaves the rows as they are.
SAMPLERS = """
from imblearn.over_sampling import SMOTE, RandomOverSampler
from imblearn.under_sampling import RandomUnderSampler

def samplers(seed):
    return {
        "none": None,
        "random_under": RandomUnderSampler(random_state=seed),
        "random_over": RandomOverSampler(random_state=seed),
        "augmentation": RandomOverSampler(shrinkage=1.0, random_state=seed),
        "smote": SMOTE(random_state=seed),
        "class_weight": None,
    }
"""


def run(folder: Path, *command: str) -> tuple[float, float, str]:
    """Wall seconds and CPU seconds, also of its processes, of a Python command that must succeed; what it printed."""
    began, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run([sys.executable, *command], cwd=folder, env=ENVIRONMENT, capture_output=True, text=True)
    seconds, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        sys.exit(done.stdout + done.stderr)
    return seconds, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, done.stdout
