"""Watches a sweep's files: shows progress and failures, and publishes finished runs."""

import sys
import threading
from collections.abc import Callable
from functools import partial
from typing import Any

from tqdm import tqdm

from pipeline.sweep.publish import Publisher
from pipeline.sweep.results import Sweep
from pipeline.tracking.runs import Published
from pipeline.tracking.store import StoreError

POLL = 0.2  # seconds between two looks at the files


class Watch(threading.Thread):
    """Follows a sweep in a thread of its own.

    Attributes
    ----------
    unpublished
        Why nothing is published any more; None while all is well.
    published
        Where the sweep is in MLflow; None as long as nothing is published.
    """

    def __init__(self, sweep: Sweep) -> None:
        super().__init__(daemon=True)
        self._sweep, self._ended = sweep, threading.Event()
        self._waiting = [planned for planned in sweep.runs if not planned.finished]
        self._failed: set[str] = set()
        self._publisher: Publisher | None = None
        self.unpublished: str | None = "tracking is off" if sweep.tracking.uri is None else None
        self.published: Published | None = None

    def run(self) -> None:
        """Follow the sweep until `end` is called."""
        skipped = len(self._sweep.runs) - len(self._waiting)
        quiet = 0.2 if sys.stderr.isatty() else 30
        with tqdm(
            total=len(self._sweep.runs), initial=skipped, desc="sweep", unit="run", mininterval=quiet, file=sys.stderr
        ) as line:
            line.set_postfix(failed=0, skipped=skipped)
            while True:
                last = self._ended.is_set()
                self._look(line, skipped)
                if last:
                    return
                self._ended.wait(POLL)

    def _look(self, line: Any, skipped: int) -> None:
        for key, reason in self._sweep.failures().items():
            if key not in self._failed:
                self._failed.add(key)
                name = next(planned.name for planned in self._sweep.runs if planned.id == key)
                line.write(f"failed: {name}: {reason}", file=sys.stderr)
                line.set_postfix(failed=len(self._failed), skipped=skipped)
        done = [planned for planned in self._waiting if planned.finished]
        self._waiting = [planned for planned in self._waiting if planned not in done]
        line.update(len(done))
        for planned in done:
            self._publish(partial(Publisher.add, planned=planned))

    def _publish(self, step: Callable[[Publisher], None]) -> None:
        if self.unpublished is not None:
            return
        try:
            if self._publisher is None:
                self._publisher = Publisher(self._sweep)
                self.published = self._publisher.published
            step(self._publisher)
        except StoreError as error:
            self.unpublished = str(error)

    def end(self, *, interrupted: bool, report: Callable[[], None]) -> None:
        """Look once more, let `report` write the sweep's pages, and publish these and the runs that are missing."""
        self._ended.set()
        self.join()
        report()
        self._publish(partial(Publisher.close, interrupted=interrupted))
