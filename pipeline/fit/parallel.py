"""Does independent tasks on several cores, in joblib's processes."""

import os
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

from pipeline.errors import InputError, set_param

LEAST = 8.0  # seconds of work that are worth starting processes, which take two to four to import libraries
POLL = 0.5  # seconds between looks at whether the parent is alive
Made = TypeVar("Made")
_alone = [0.0]  # seconds of work that this process did itself, although others could have shared it


def each(function: Callable[..., Made], tasks: Sequence[tuple[Any, ...]], *, jobs: int) -> Iterator[Made]:
    """What a function makes of each task, in their order, each as soon as it and those before it are there.

    The first is done in this process, which shows how long one takes: the others go to processes if they, or they and
    those of earlier calls, are worth starting some. Arrays of a megabyte and more are shared. Nothing that is made
    depends on where it is made.

    Parameters
    ----------
    function
        On the top level of a module, so that another process can import it.
    tasks
        The function's arguments, the same objects where they are equal.
    jobs
        Tasks at once, from 1; -1 is one a core.

    Raises
    ------
    InputError
        Of the first task in order that raises one; or a process was killed.
    """
    from joblib import Parallel, delayed, effective_n_jobs, parallel_config
    from joblib.externals.loky.process_executor import TerminatedWorkerError

    if not tasks:
        return
    began = time.perf_counter()
    first = function(*tasks[0])
    others, at_once = tasks[1:], min(effective_n_jobs(jobs), len(tasks) - 1)
    _alone[0] += (time.perf_counter() - began) * len(others)
    yield first
    if at_once < 2 or _alone[0] < LEAST:
        yield from (function(*task) for task in others)
        return
    # loky says this when it replaces a process whose memory has grown; nothing is lost.
    warnings.filterwarnings("ignore", "A worker stopped while some jobs were given to the executor", UserWarning)
    there = delayed(_there)
    with parallel_config(backend="loky", inner_max_num_threads=1):
        made = Parallel(n_jobs=at_once, batch_size=1, pre_dispatch="2 * n_jobs", return_as="generator")(
            there(os.getpid(), function, task) for task in others
        )
        try:
            for result in made:
                if isinstance(result, InputError):
                    made.close()  # ends the tasks that are still at work
                    raise result
                yield result
        except TerminatedWorkerError:
            raise InputError(
                f"one of {at_once} processes was killed, probably because memory ran out. Each works on a task of its "
                f"own, and needs the memory for it. Use fewer: {set_param('machine.jobs', at_once - 1)}."
            ) from None


@contextmanager
def threads(jobs: int, sampler: Any) -> Iterator[None]:
    """A context in which a sampler's neighbor searches use so many cores; -1 is all.

    Each row's neighbors are found on their own, so that results are the same. A sampler with an estimator gets one
    core: where threads add up the trees of a forest, last bits depend on which ends first.
    """
    from joblib import parallel_config

    with parallel_config("threading", n_jobs=1 if hasattr(sampler, "estimator") else jobs):
        yield


def _there(parent: int, function: Callable[..., Made], task: tuple[Any, ...]) -> Made | InputError:
    """The task's result, in a process that ends with its parent. An InputError is given: raised, it would overtake."""
    if not any(thread.name == _end_with.__name__ for thread in threading.enumerate()):
        threading.Thread(target=_end_with, name=_end_with.__name__, args=(parent,), daemon=True).start()
    try:
        return function(*task)
    except InputError as error:
        return error


def _end_with(parent: int) -> None:
    """End this process soon after its parent, which, if killed, can't say so."""
    while os.getppid() == parent:
        time.sleep(POLL)
    os._exit(1)
