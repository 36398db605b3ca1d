"""A parent run in MLflow whose child runs are published one by one, never twice, in as many attempts as needed."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from pipeline.config import Tracking
from pipeline.tracking.log import create, log, recorded
from pipeline.tracking.runs import Published, Run, cut
from pipeline.tracking.store import experiment, locked, open_store, reported

KEY = "key_sha256"  # the tag that identifies a sweep, or one of its runs


class Publication:
    """The parent run of a sweep.

    Parameters
    ----------
    tracking
        The store.
    parent
        The parent run before its children are there.
    key
        Identifies this parent in the store: a later publication with the same key continues it.

    Raises
    ------
    InputError
        The project doesn't support this kind of address.
    StoreError
        The store can't be used. The other methods raise it too.

    Attributes
    ----------
    published
        Where the parent is.
    finished
        Whether an earlier attempt finished it, with all its runs and pages; none of these can have changed since.
    """

    def __init__(self, tracking: Tracking, parent: Run, *, key: str) -> None:
        self._tracking, self._uri = tracking, str(tracking.uri)
        self._client = open_store(tracking)
        with self._exclusive():
            self._experiment = experiment(self._client, tracking)
            found = [run for run in self._search(f"tags.{KEY} = '{key}'") if "mlflow.parentRunId" not in run.data.tags]
            self.finished = bool(found) and found[0].info.status == "FINISHED"
            if found:
                self._entity = found[0]
            else:
                tagged = replace(parent, tags={**parent.tags, KEY: key})
                self._entity = create(self._client, self._experiment, tagged, None)
                log(self._client, self._entity, parent)
            self._parent = str(self._entity.info.run_id)
            self.published = Published(self._experiment, self._parent, new=not found)
            self._children = self._finished_children()
        self._running = False

    def __contains__(self, key: str) -> bool:
        return key in self._children

    def add(self, child: Run, *, key: str) -> None:
        """Publish `child` unless a child with this key is there."""
        if key in self:
            return
        with self._exclusive():
            if not self._running:
                self._client.update_run(self._parent, status="RUNNING")
                self._running = True
            tagged = replace(child, tags={**child.tags, KEY: key})
            with recorded(self._client, self._experiment, tagged, parent=self._parent, tracking=self._tracking):
                pass
        self._children.add(key)

    def close(self, parent: Run, *, status: str) -> None:
        """Give the parent what it has in the end, and end it as `FINISHED`, `FAILED` or `KILLED`."""
        with self._exclusive():
            for name, text in {**parent.tags, "mlflow.note.content": parent.description}.items():
                self._client.set_tag(self._parent, name, cut(text, "tag"))
            log(self._client, self._entity, parent)
            self._client.set_terminated(self._parent, status)

    @contextmanager
    def _exclusive(self) -> Iterator[None]:
        with reported(self._uri), locked(self._tracking):
            yield

    def _search(self, condition: str) -> list[Any]:
        answer = self._client.search_runs([self._experiment], condition, max_results=1000)
        found = list(answer)
        while answer.token:
            answer = self._client.search_runs([self._experiment], condition, max_results=1000, page_token=answer.token)
            found += answer
        return found

    def _finished_children(self) -> set[str]:
        """Keys of the finished children; what a killed process left half written is deleted."""
        finished = set()
        for run in self._search(f"tags.mlflow.parentRunId = '{self._parent}'"):
            key = run.data.tags.get(KEY)
            if run.info.status == "FINISHED" and key not in finished:
                finished.add(key)
                continue
            if run.info.status == "RUNNING":
                self._client.set_terminated(run.info.run_id, "KILLED")
            self._client.delete_run(run.info.run_id)
        return finished
