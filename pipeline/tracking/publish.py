"""Publishes all runs of a reproduction to MLflow; the same results are published only once."""

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from tqdm import tqdm

from pipeline.config import Tracking
from pipeline.tracking.log import recorded
from pipeline.tracking.runs import Published, Run
from pipeline.tracking.store import experiment, locked, open_store, reported, store_file

if TYPE_CHECKING:
    from mlflow import MlflowClient

RESULTS = "results_sha256"  # the tag with the hash of the results that a run publishes
ABANDONED = 3600  # seconds after which an unfinished run on a shared server belongs to a process that died


def publish(tracking: Tracking, parent: Run, children: Sequence[Run], *, results: str) -> Published:
    """Publish `children` under `parent`; if the store has these results already, it stays as it is.

    Parameters
    ----------
    results
        Hash of the results, a tag of each run.

    Raises
    ------
    InputError
        The project doesn't support this kind of address.
    StoreError
        The store can't be used. Runs that were begun are marked as failed, and the next call deletes them.
    """
    client = open_store(tracking)
    with reported(str(tracking.uri)), locked(tracking):
        experiment_id = experiment(client, tracking)
        if parent_id := _complete(client, experiment_id, results):
            return Published(experiment_id, parent_id, new=False)
        ours_alone = store_file(str(tracking.uri)) is not None
        _delete_unfinished(client, experiment_id, results, patience=0 if ours_alone else ABANDONED)
        with recorded(client, experiment_id, _tagged(parent, results), tracking=tracking) as parent_id:
            for child in tqdm(children, desc="publish", unit="run", delay=2, leave=False, disable=None):
                with recorded(client, experiment_id, _tagged(child, results), parent=parent_id, tracking=tracking):
                    pass
        return Published(experiment_id, parent_id, new=True)


def _tagged(run: Run, results: str) -> Run:
    return replace(run, tags={**run.tags, RESULTS: results})


def _complete(client: "MlflowClient", experiment_id: str, results: str) -> str | None:
    """The id of a finished parent run that has these results and still has its files."""
    runs = client.search_runs([experiment_id], f"tags.{RESULTS} = '{results}' and attributes.status = 'FINISHED'")
    parents = [run.info.run_id for run in runs if "mlflow.parentRunId" not in run.data.tags]
    return next((str(run_id) for run_id in parents if client.list_artifacts(run_id)), None)


def _delete_unfinished(client: "MlflowClient", experiment_id: str, results: str, *, patience: float) -> None:
    """Delete what earlier attempts at these results left, and unfinished runs of processes that died.

    Parameters
    ----------
    patience
        Seconds after which an unfinished run of other results counts as abandoned.
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
