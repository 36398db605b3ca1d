"""Whatever came first in a clone, the next table runs: DVC's lock of the clone names files that no cache has."""

import os
import re
import signal
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import pytest
from clones import Clone

from pipeline.files import read_json

pytestmark = pytest.mark.slow

PRESET = """\
# @package _global_
defaults:
  - override /data: csv
  - override /tracking: none
  - override /variant@variants.random_under: null
  - override /variant@variants.augmentation: null
  - override /variant@variants.smote: null
  - override /variant@variants.class_weight: null
data:
  name: mine
  path: mine.csv
  target: bought
  drop: ["Größe [cm]"]
evaluate:
  folds: 2
  repeats: 1
"""
OWN = ["dvc", "exp", "run", "-S", "experiment=mine"]
SHOP = ["dvc", "exp", "run", "-S", "tracking=none", "-S", "evaluate.folds=2", "-S", "evaluate.repeats=1"]


@pytest.fixture
def clone(tmp_path):
    """A fresh clone with a table of the user's own, and its preset."""
    clone = Clone(tmp_path / "clone")
    random, bought = np.random.default_rng(0), np.arange(200) % 8 == 3
    columns = {"Größe [cm]": bought * 9.0, "time": random.normal(size=200) + bought, "bought": bought.astype(int)}
    pd.DataFrame(columns).to_csv(clone.path / "mine.csv", index=False)
    clone.write("conf/experiment/mine.yaml", PRESET)
    return clone


def back(clone):
    """The way back in docs/configuration.md; what the cache doesn't have can't be put back."""
    clone.run("git", "restore", ".")
    subprocess.run(["dvc", "checkout"], cwd=clone.path, env=clone.environment, capture_output=True, check=False)


def answer(clone):
    verdict = read_json(clone.path / "reports/verdict.json")
    return verdict["table"]["name"], verdict["declared"]["primary"]


def leave_and_come_back(clone):
    back(clone)
    clone.run(*OWN, "-S", "compare=roc_auc")
    assert answer(clone) == ("mine", "roc_auc")
    back(clone)
    clone.run(*OWN)
    assert answer(clone) == ("mine", "average_precision")


def test_one_s_own_table_first(clone):
    clone.run(*OWN)
    assert answer(clone) == ("mine", "average_precision")
    leave_and_come_back(clone)


def test_the_shop_first(clone):
    clone.run(*SHOP)
    assert answer(clone)[0] == "mountain_shop"
    clone.run(*OWN)
    leave_and_come_back(clone)
    back(clone)
    clone.run(*SHOP, "-S", "compare=roc_auc")
    assert answer(clone) == ("mountain_shop", "roc_auc")


def test_after_a_run_that_was_refused(clone):
    said = clone.run(*OWN, "-S", "data.target=bougth", status=255)
    assert "mine.csv: the table has no column 'bougth'; did you mean 'bought'" in said
    clone.run(*OWN)
    leave_and_come_back(clone)


def test_after_a_run_that_was_interrupted(clone):
    process = subprocess.Popen(
        OWN,
        cwd=clone.path,
        env=clone.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    while process.poll() is None and not any((clone.path / "data/resample").glob("*/train.parquet")):
        time.sleep(0.1)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does; DVC alone ignores it while a stage runs
    process.communicate(timeout=300)
    assert process.returncode != 0
    clone.run(*OWN)
    leave_and_come_back(clone)


def test_a_preset_in_use_and_back_again(clone):
    command = [sys.executable, "-m", "pipeline.cli"]
    clone.run(*command, "use", "mine")
    clone.run("dvc", "repro")
    assert answer(clone) == ("mine", "average_precision")
    ran = re.findall(r"Running stage '(.+)'", clone.run("dvc", "exp", "run", "-S", "compare=roc_auc"))
    # C is chosen for the primary metric, so that models are trained again; what comes before them is not.
    assert {stage.partition("@")[0] for stage in ran} == {"configure", "train", "evaluate", "compare", "track"}
    assert answer(clone) == ("mine", "roc_auc")
    back(clone)
    clone.run(*command, "use", "mine")
    clone.run("dvc", "repro")
    assert answer(clone) == ("mine", "average_precision")
    assert clone.run(*command, "use", "mountain_shop").startswith("mountain_shop: ")
    assert not clone.run("git", "status", "--short", "conf/config.yaml", "params.yaml")
