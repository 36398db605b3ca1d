import os
import pickle
import signal
import time
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import pandas as pd
import pytest
from folding import folded
from threadpoolctl import threadpool_info

from pipeline.errors import InputError
from pipeline.fit import chains, parallel


@pytest.fixture
def eager(monkeypatch):
    """Processes are started for any work."""
    monkeypatch.setattr(parallel, "LEAST", 0.0)


def place(number, seconds=0.0):
    time.sleep(seconds)
    return number, os.getpid(), max(library["num_threads"] for library in threadpool_info())


def waiting_for(number, folder):
    """The third task fails at once, the second after it."""
    if number == 1:
        deadline = time.monotonic() + 60
        while not (folder / "2").exists() and time.monotonic() < deadline:
            time.sleep(0.01)
    (folder / str(number)).touch()
    if number:
        raise InputError([f"task {number}", "and more"])


def test_results_come_in_the_order_of_tasks_from_processes_with_one_thread(eager):
    tasks = [(number, 0.3 if number == 1 else 0.0) for number in range(8)]
    numbers, pids, threads = zip(*parallel.each(place, tasks, jobs=2), strict=True)
    assert numbers == tuple(range(8))
    assert pids[0] == os.getpid()
    assert os.getpid() not in pids[1:]
    assert set(threads) == {1}


def test_one_job_and_little_work_stay_in_this_process(eager, monkeypatch):
    tasks = [(number,) for number in range(3)]
    assert {pid for _, pid, _ in parallel.each(place, tasks, jobs=1)} == {os.getpid()}
    assert list(parallel.each(place, [], jobs=2)) == []
    monkeypatch.setattr(parallel, "LEAST", 1.0)
    monkeypatch.setattr(parallel, "_alone", [0.0])
    some = [(number, 0.1) for number in range(5)]
    assert {pid for _, pid, _ in parallel.each(place, some, jobs=2)} == {os.getpid()}
    for _ in range(2):  # what was done alone adds up
        last = list(parallel.each(place, some, jobs=2))
    assert os.getpid() not in {pid for _, pid, _ in last[1:]}


def test_the_first_problem_is_reported_and_not_the_earliest(eager, tmp_path):
    with pytest.raises(InputError) as caught:
        list(parallel.each(waiting_for, [(number, Path(tmp_path)) for number in range(5)], jobs=2))
    assert caught.value.problems == ["task 1", "and more"]


def killed(number):
    """The third task's process ends as one does that the system kills."""
    if number == 2:
        os.kill(os.getpid(), signal.SIGKILL)


def test_a_killed_process_is_an_error_that_says_what_to_do_and_the_next_work_is_done(eager):
    with pytest.raises(InputError, match=r"^one of 2 processes was killed, .* Use fewer: -S machine\.jobs=1\.$"):
        list(parallel.each(killed, [(number,) for number in range(5)], jobs=2))
    assert [number for number, *_ in parallel.each(place, [(number,) for number in range(5)], jobs=2)] == [*range(5)]


class Pair(Exception):
    """An exception that another process can't send, as a class of the user's own may raise it."""

    def __init__(self, one, other):
        super().__init__(one)


def unsendable(number):
    if number == 2:
        raise Pair(1, 2)


def test_an_error_that_is_no_kill_is_not_called_one(eager):
    with pytest.raises(BrokenProcessPool):
        list(parallel.each(unsendable, [(number,) for number in range(5)], jobs=2))


def test_folds_are_the_same_for_any_number_of_jobs(visits, eager):
    grid, shared = [0.1, 1.0, 10.0], chains.Shared()
    alone = folded(visits, repeats=2, grid=grid)
    for prepare in (chains.prepared, shared, shared):
        together = folded(visits, repeats=2, grid=grid, prepare=prepare, jobs=2)
        pd.testing.assert_frame_equal(together.predictions, alone.predictions, check_exact=True)
        pd.testing.assert_frame_equal(together.fits, alone.fits, check_exact=True)


def test_a_process_keeps_what_variants_share_until_it_is_sent_another():
    one, other = chains.Shared(), chains.Shared()
    there = pickle.loads(pickle.dumps(one))
    assert pickle.loads(pickle.dumps(one)) is there
    assert pickle.loads(pickle.dumps(other)) is not there
