"""Whoever reads the output of a stage or a command sees which table it is about."""

import pytest

from pipeline import compare, evaluate, ingest, preprocess, resample, split, track, train
from pipeline.tools import configure, predict, verdict, verify

OVERRIDES = ["data.name=visits-2", "data.simulation.rows=300", "evaluate.repeats=1", "tracking=none"]
OVERRIDES += [f"~variant@variants.{name}" for name in ("random_under", "augmentation", "smote", "class_weight")]
STAGES = [
    (ingest, ()),
    (split, ()),
    (preprocess, ()),
    *((module, (name,)) for module in (resample, train, evaluate) for name in ("none", "random_over")),
    (compare, ()),
    (track, ()),
]


@pytest.fixture
def printed(own_conf, stage, capsys):
    """What each stage and command prints."""
    found = {}

    def keep(name):
        found[name] = capsys.readouterr().out.splitlines()

    configure.run(OVERRIDES)
    keep("configure")
    for module, arguments in STAGES:
        stage(module, *arguments)
        keep(" ".join([module.__name__, *arguments]))
    verdict.run()
    keep("verdict")
    verify.run()
    keep("verify")
    (own_conf / "new.csv").write_text("time_on_page,pages_viewed,interest_ski,interest_climb\n1,2,0,1\n")
    predict.run(["data.path=new.csv", "variant=none"])
    keep("predict")
    return found


def test_the_first_line_of_every_stage_and_command_names_the_table(printed):
    assert len(printed) == len(STAGES) + 4
    for name, lines in printed.items():
        assert lines[0].startswith(("visits-2: ", "visits-2, none: ", "visits-2, random_over: ")), name
