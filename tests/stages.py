"""Runs the stages in this process, in the current folder, where fixtures of a module can't use the fixture `stage`."""

import sys

import pytest

from pipeline import evaluate, ingest, preprocess, resample, split, train

ONCE = (ingest, split, preprocess)
EACH = (resample, train, evaluate)


def reproduce(variants, *after):
    """Runs the stages up to `evaluate` for these variants, and then those `after`."""
    runs = [*((stage, ()) for stage in ONCE), *((stage, (name,)) for name in variants for stage in EACH)]
    with pytest.MonkeyPatch.context() as patch:
        for stage, arguments in [*runs, *((stage, ()) for stage in after)]:
            patch.setattr(sys, "argv", [stage.__name__, *arguments])
            stage.main()
