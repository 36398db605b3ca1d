"""`python -m pipeline`, called in this process."""

import pytest

from pipeline.sweep import results


def test_one_run_needs_no_sweep_and_writes_its_report(folder, app):
    out, _ = app("variant=smote", "seed=5", "data.simulation.rows=300", "evaluate.folds=0", "tracking=none")
    assert "| smote " in out
    (page,) = folder.glob("multirun/*/index.html")
    assert "python -m pipeline variant=smote seed=5" in page.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["-m", "variant=smot,none"], ["smot"]),
        (["variant=smote", "seed=-1"], ["conf: seed: expected a whole number"]),
        (["data=csv"], ["conf: data.path is missing. Set it with `python -m pipeline data.path="]),
        (["-m", "data=csv", "data.path=no.csv", "data.target=y", "seed=1,2"], ["no.csv"]),
        (["sed=1"], ["sed"]),
        (["-m", "seed=1,2", "--cfg", "job"], ["Leave out --multirun"]),
        (["variant=smote", "variants.smote.sampler.k_neighbors=3"], ["Set it with variant=NAME and variant.KEY=VALUE"]),
        (["model.search=null", "model.C=-1"], ["conf: model: The 'C' parameter"]),
        (
            ["-m", "model.C=0.1,1"],
            ["conf: model.C: expected 1.0, because model.search chooses C for each variant", "found 0.1"],
        ),
        (
            ["model.C=0.1"],
            ["conf: model.C: expected 1.0, because model.search chooses C", "To set it, add model.search=null."],
        ),
        (["-m", "variants.smote.sampler.k_neighbors=3,4"], ["Set it with variant=NAME and variant.KEY=VALUE"]),
        (["-m", "seed=1,2", "hydra/launcher=ray"], ["hydra/launcher: ", "`make test-ray`"]),
    ],
)
def test_a_command_that_cannot_work_is_refused_on_one_screen(folder, app, arguments, words):
    _, err = app(*arguments, status=2)
    assert "Traceback" not in err
    assert len(err.splitlines()) <= 20
    assert all(word in err for word in words)
    assert not results.RUNS.exists()
