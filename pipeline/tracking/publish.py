"""Publishes runs to MLflow, so that none is half written or doubled."""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tqdm import tqdm

from pipeline.config import Tracking
from pipeline.tracking.log import create, log, log_artifacts
from pipeline.tracking.runs import Published, Run, cut
from pipeline.tracking.store import experiment, locked, open_store, reported, store_file, unreachable

if TYPE_CHECKING:
    from mlflow import MlflowClient

RESULTS = "results_sha256"  # the tag that says which results a run publishes
KEY = "key_sha256"  # the tag that tells the runs of a sweep, and the sweep itself, from others
ABANDONED = 3600  # seconds after which an unfinished run on a shared server belongs to a process that died


def publish(tracking: Tracking, parent: Run, children: Sequence[Run], *, results: str) -> Published:
    """Publish `children` under `parent`, once: the same results a second time add nothing.

    Parameters
    ----------
    results
        Hash of the results; tags each run, and tells whether they are there already.

    Raises
    ------
    InputError
        The address is of no kind that this project knows.
    StoreError
        The store cannot be used; runs that were begun are marked as failed, and the next call deletes them.
    """
    client = open_store(tracking)
    with reported(str(tracking.uri)), locked(tracking):
        experiment_id = experiment(client, tracking)
        if parent_id := _complete(client, experiment_id, results):
            return Published(experiment_id, parent_id, new=False)
        alone = store_file(str(tracking.uri)) is not None
        _delete_unfinished(client, experiment_id, results, patience=0 if alone else ABANDONED)
        with recorded(client, experiment_id, _tagged(parent, results), tracking=tracking) as parent_id:
            for child in tqdm(children, desc="publish", unit="run", delay=2, leave=False, disable=None):
                with recorded(client, experiment_id, _tagged(child, results), parent=parent_id, tracking=tracking):
                    pass
        return Published(experiment_id, parent_id, new=True)


class Publication:
    """A parent run that children join one by one, over several attempts if need be, none of them twice.

    Parameters
    ----------
    tracking
        The store.
    parent
        The parent run as it is before its children are there.
    key
        Tells this parent from others in the store: the same key later goes on with the same parent.

    Raises
    ------
    InputError
        The address is of no kind that this project knows.
    StoreError
        The store cannot be used; the other methods raise it too.

    Attributes
    ----------
    published
        Where the parent is.
    finished
        Whether it was finished before.
    """

    def __init__(self, tracking: Tracking, parent: Run, *, key: str) -> None:
        self._tracking, self._uri = tracking, str(tracking.uri)
        self._client = open_store(tracking)
        with self._exclusive():
            self._experiment = experiment(self._client, tracking)
            own = f"tags.{KEY} = '{key}'"
            found = [run for run in self._search(own) if "mlflow.parentRunId" not in run.data.tags]
            # The sweep was finished with all its runs and pages, and none of it can have changed since.
            self.finished = bool(found) and found[0].info.status == "FINISHED"
            if found:
                self._entity = found[0]
            else:
                self._entity = create(
                    self._client, self._experiment, replace(parent, tags={**parent.tags, KEY: key}), None
                )
                log(self._client, self._entity, parent)
            self._parent = str(self._entity.info.run_id)
            self.published = Published(self._experiment, self._parent, new=not found)
            self._there = self._finished_children()
        self._open = False

    def __contains__(self, key: str) -> bool:
        return key in self._there

    def add(self, child: Run, *, key: str) -> None:
        """Publish `child` unless a child with this key is there."""
        if key in self:
            return
        with self._exclusive():
            self._begin()
            tagged = replace(child, tags={**child.tags, KEY: key})
            with recorded(self._client, self._experiment, tagged, parent=self._parent, tracking=self._tracking):
                pass
        self._there.add(key)

    def close(self, *, description: str, artifacts: Mapping[str, Path | str], status: str) -> None:
        """Finish the parent: what it shows, and whether it is `FINISHED`, `FAILED` or `KILLED`."""
        with self._exclusive():
            self._client.set_tag(self._parent, "mlflow.note.content", cut(description, "tag"))
            if artifacts:
                log_artifacts(self._client, self._entity, artifacts)
            self._client.set_terminated(self._parent, status)

    @contextmanager
    def _exclusive(self) -> Iterator[None]:
        with reported(self._uri), locked(self._tracking):
            yield

    def _begin(self) -> None:
        """Show the parent as running while children join a finished one."""
        if not self._open:
            self._client.update_run(self._parent, status="RUNNING")
            self._open = True

    def _search(self, condition: str) -> list[Any]:
        answer = self._client.search_runs([self._experiment], condition, max_results=1000)
        found = list(answer)
        while answer.token:
            answer = self._client.search_runs([self._experiment], condition, max_results=1000, page_token=answer.token)
            found += answer
        return found

    def _finished_children(self) -> set[str]:
        """Keys of the children that are there whole; what a killed process left half written is deleted."""
        there = set()
        for run in self._search(f"tags.mlflow.parentRunId = '{self._parent}'"):
            key = run.data.tags.get(KEY)
            if run.info.status == "FINISHED" and key not in there:
                there.add(key)
                continue
            if run.info.status == "RUNNING":
                self._client.set_terminated(run.info.run_id, "KILLED")
            self._client.delete_run(run.info.run_id)
        return there


def _tagged(run: Run, results: str) -> Run:
    return replace(run, tags={**run.tags, RESULTS: results})


def _complete(client: "MlflowClient", experiment_id: str, results: str) -> str | None:
    """The id of a finished parent run that has these results and still its artifacts."""
    runs = client.search_runs([experiment_id], f"tags.{RESULTS} = '{results}' and attributes.status = 'FINISHED'")
    parents = [run.info.run_id for run in runs if "mlflow.parentRunId" not in run.data.tags]
    return next((str(run_id) for run_id in parents if client.list_artifacts(run_id)), None)


def _delete_unfinished(client: "MlflowClient", experiment_id: str, results: str, *, patience: float) -> None:
    """Delete what attempts at these results left, and any run whose process is dead.

    Parameters
    ----------
    patience
        Seconds after which an unfinished run of other results counts as dead.
    """
    before = int(1000 * (time.time() - patience))
    for condition in (
        f"tags.{RESULTS} = '{results}'",
        f"tags.{RESULTS} LIKE '%' and attributes.status = 'RUNNING' and attributes.start_time <= {before}",
    ):
        for run in client.search_runs([experiment_id], condition):
            if run.info.status == "RUNNING":
                client.set_terminated(run.info.run_id, "KILLED")
            for model in client.search_logged_models([experiment_id], f"source_run_id = '{run.info.run_id}'"):
                client.delete_logged_model(model.model_id)
            client.delete_run(run.info.run_id)


@contextmanager
def recorded(
    client: "MlflowClient", experiment_id: str, run: Run, *, tracking: Tracking, parent: str | None = None
) -> Iterator[str]:
    """The id of a run that says `run`; it is finished when the block ends well, and failed when it does not."""
    created = create(client, experiment_id, run, parent)
    run_id = str(created.info.run_id)
    try:
        log(client, created, run)
        yield run_id
    except BaseException:
        _give_up(client, run_id, tracking)
        raise
    client.set_terminated(run_id)


def _give_up(client: "MlflowClient", run_id: str, tracking: Tracking) -> None:
    """Mark a run as failed, unless its server is gone: then the next publication deletes it."""
    uri = str(tracking.uri)
    if store_file(uri) is None and unreachable(uri, tracking.timeout):
        return
    with suppress(Exception):  # what went wrong first is what to report
        client.set_terminated(run_id, "FAILED")
