"""A sampler of one's own, through DVC and in a sweep: one changed line makes results again, and nothing else does."""

import re
import sys
from pathlib import Path

import pytest
from clones import Clone

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
SAMPLER, VARIANT = (
    re.search(rf"```{kind}\n(.*?)```", (ROOT / "extensions/README.md").read_text(encoding="utf-8"), re.DOTALL)[1]
    for kind in ("python", "yaml")
)
PRESET = """\
# @package _global_
defaults:
  - /variant@variants.repeat: repeat
  - override /variant@variants.random_under: null
  - override /variant@variants.random_over: null
  - override /variant@variants.augmentation: null
  - override /variant@variants.smote: null
  - override /variant@variants.class_weight: null
  - override /tracking: none
evaluate:
  folds: 0
"""


@pytest.fixture(scope="module")
def clone(tmp_path_factory):
    """A clone that compares the README's sampler with the baseline."""
    clone = Clone(tmp_path_factory.mktemp("elsewhere") / "clone")
    clone.write("extensions/repeat.py", SAMPLER)
    clone.write("conf/variant/repeat.yaml", VARIANT)
    clone.write("conf/experiment/repeated.yaml", PRESET)
    clone.run(sys.executable, "-m", "pipeline.cli", "use", "repeated")
    return clone


def test_dvc_runs_the_stages_that_build_again_after_one_line_and_not_for_a_cache(clone):
    built = ["resample@repeat", "train@repeat", "evaluate@repeat"]
    assert clone.stages("dvc", "repro", "evaluate@repeat")[-3:] == built
    clone.write("extensions/__pycache__/repeat.cpython-311.pyc", "cache")
    assert clone.stages("dvc", "repro", "evaluate@repeat") == []
    clone.write("extensions/repeat.py", SAMPLER.replace("self.times)]", "self.times + 1)]"))
    assert clone.stages("dvc", "repro", "evaluate@repeat") == ["preprocess", *built]
    clone.write("extensions/repeat.py", SAMPLER)


def test_a_sweep_makes_its_runs_again_after_one_line_and_not_without(clone):
    sweep = [sys.executable, "-m", "pipeline", "-m", "variant=repeat,none", "evaluate.folds=0"]
    counts = []
    for text in (SAMPLER, SAMPLER, SAMPLER.replace("self.times)]", "self.times + 1)]"), SAMPLER):
        clone.write("extensions/repeat.py", text)
        counts.append(re.search(r"mountain_shop: 2 runs, (\d) of them to do", clone.run(*sweep))[1])
    assert counts == ["2", "0", "2", "0"]
