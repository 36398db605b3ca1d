import os

import pytest

from pipeline import config
from pipeline.errors import InputError
from pipeline.files import read_json, write_json
from pipeline.sweep import results

OFF = config.Tracking(uri=None, artifacts=None, experiment="x", timeout=3)


def test_a_finished_run_is_not_written_again(folder):
    run = results.Planned("a" * 64, "none", "none", "none", {}, {}, "0" * 64)
    results.save(run, {"metrics.json": {"first": True}})
    results.save(run, {"metrics.json": {"first": False}})
    assert read_json(run.folder / "metrics.json") == {"first": True}
    assert [path.name for path in results.RUNS.iterdir()] == [run.folder.name]


FILES = {"metrics.json": {"first": True}, "confusion_matrix.json": [[1, 2], [3, 4]]}


def emptied(folder):
    for path in folder.iterdir():
        path.unlink()


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (emptied, "sha256.json can't be read"),
        (lambda folder: (folder / "sha256.json").write_text("{"), "sha256.json can't be read"),
        (lambda folder: (folder / "sha256.json").write_text("[]"), "sha256.json isn't as written"),
        (lambda folder: (folder / "metrics.json").write_text('{"first"'), "metrics.json is not as written"),
        (lambda folder: (folder / "metrics.json").unlink(), "metrics.json is not as written"),
        (lambda folder: (folder / "more.json").touch(), "more.json is not as written"),
    ],
)
def test_a_damaged_run_is_set_aside_and_made_again(folder, damage, said):
    run = results.Planned("a" * 64, "none · seed 1", "none", "none", {}, {}, "0" * 64)
    results.save(run, FILES)
    assert results.set_aside([run]) == []
    damage(run.folder)
    left = sorted(path.name for path in run.folder.iterdir())
    (line,) = results.set_aside([run])
    assert line.startswith(f"damaged  none · seed 1: {said}; moved to multirun/damaged/{'a' * 16}-")
    assert line.endswith(", and run again")
    (moved,) = results.DAMAGED.iterdir()
    assert sorted(path.name for path in moved.iterdir()) == left
    assert not run.finished
    results.save(run, FILES)
    assert run.finished
    assert results.set_aside([run]) == []


def test_what_killed_processes_left_is_deleted_when_it_is_old(folder):
    old, new = (results.RUNS / f"{results.PARTIAL}{name}" for name in ("old", "new"))
    for path in (old, new):
        path.mkdir(parents=True)
    os.utime(old, (1, 1))
    results.tidy()
    assert (old.exists(), new.exists()) == (False, True)


def test_a_sweep_runs_in_one_process_at_a_time(folder):
    sweep = results.Sweep("a", "c", {}, OFF, {}, [])
    with (
        results.locked(sweep),
        pytest.raises(InputError, match="another process is running this sweep"),
        results.locked(sweep),
    ):
        pass


def test_sweeps_are_read_back_but_those_of_other_versions_are_left_alone(folder):
    run = results.Planned("a" * 64, "none · seed 1", "none", "none", {"seed": "1"}, {"seed": 1}, "0" * 64)
    ours, other = (results.Sweep(name, "c", {"seed": ["1"]}, OFF, {}, [run]) for name in ("ours", "other"))
    for sweep in (ours, other):
        sweep.write()
    content = read_json(other.folder / "sweep.json")
    write_json(other.folder / "sweep.json", {**content, "schema_version": 1})
    assert results.sweeps() == [ours]
