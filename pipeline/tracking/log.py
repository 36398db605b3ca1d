"""Writes one run to MLflow: tags, settings, metrics, files, data set, model."""

import json
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.config import Tracking
from pipeline.tracking import model
from pipeline.tracking.runs import LONGEST, Dataset, Run, column_type, cut
from pipeline.tracking.store import store_file, unreachable

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import DatasetInput
    from mlflow.entities import Run as Entity

BATCH = 800  # metrics in one request: MLflow accepts 1,000 values


@contextmanager
def recorded(
    client: "MlflowClient", experiment_id: str, run: Run, *, tracking: Tracking, parent: str | None = None
) -> Iterator[str]:
    """The id of a new MLflow run with the content of `run`; it ends finished, or failed if the block raises."""
    created = create(client, experiment_id, run, parent)
    run_id = str(created.info.run_id)
    try:
        log(client, created, run)
        yield run_id
    except BaseException:
        _mark_failed(client, run_id, tracking)
        raise
    client.set_terminated(run_id)


def _mark_failed(client: "MlflowClient", run_id: str, tracking: Tracking) -> None:
    """Mark a run as failed, unless its server is down: then the next publication deletes it."""
    uri = str(tracking.uri)
    if store_file(uri) is None and unreachable(uri, tracking.timeout):
        return
    with suppress(Exception):  # the first error is the one to report
        client.set_terminated(run_id, "FAILED")


def create(client: "MlflowClient", experiment_id: str, run: Run, parent: str | None) -> "Entity":
    """Create a run with its tags."""
    tags = {"mlflow.source.name": "rebalance publish", **run.tags, "mlflow.note.content": run.description}
    if parent:
        tags["mlflow.parentRunId"] = parent
    tags = {name: cut(text, "tag") for name, text in tags.items()}
    return client.create_run(experiment_id, tags=tags, run_name=run.name)


def log(client: "MlflowClient", created: "Entity", run: Run) -> None:
    """Write everything but the tags; settings and metrics in as few requests as possible."""
    from mlflow.entities import Metric, Param

    experiment_id, run_id = created.info.experiment_id, created.info.run_id
    params = {cut(name, "key"): cut(text, "param") for name, text in run.params.items()}
    model_id = model.log(client, experiment_id, run_id, run.name, run.model) if run.model else None
    now = int(1000 * time.time())
    metrics = [Metric(name, value, now, 0, model_id=model_id) for name, value in run.metrics.items()]
    metrics += [
        Metric(name, value, now, step)
        for name, values in run.series.items()
        for step, value in enumerate(values)
        if value is not None
    ]
    for first in range(0, max(len(metrics), 1), BATCH):
        client.log_batch(
            run_id,
            metrics=metrics[first : first + BATCH],
            params=[Param(name, text) for name, text in params.items()] if first == 0 else [],
        )
    if run.dataset:
        client.log_inputs(run_id, [_dataset_input(run.dataset)])
    if run.artifacts:
        log_artifacts(client, created, run.artifacts)


def _dataset_input(dataset: Dataset) -> "DatasetInput":
    from mlflow.entities import Dataset as DatasetEntity
    from mlflow.entities import DatasetInput, InputTag

    columns = [{"type": column_type(dtype), "name": name, "required": True} for name, dtype in dataset.columns.items()]
    entity = DatasetEntity(
        name=dataset.name[:500],
        digest=dataset.sha256[: LONGEST["digest"]],
        source_type="local",
        source=json.dumps({"uri": dataset.source}),
        schema=json.dumps({"mlflow_colspec": columns}),
        profile=json.dumps({"num_rows": dataset.rows, "num_elements": dataset.rows * len(columns)}),
    )
    return DatasetInput(entity, [InputTag("mlflow.data.context", "training and evaluation")])


def log_artifacts(client: "MlflowClient", created: "Entity", artifacts: Mapping[str, Path | str]) -> None:
    """Copy files and texts to a run in one request."""
    from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

    with tempfile.TemporaryDirectory() as folder:
        for place, content in artifacts.items():
            target = Path(folder, place)
            target.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(content, Path):
                shutil.copyfile(content, target)
            else:
                target.write_text(content, encoding="utf-8")
        # The client's own log_artifacts would ask the store for the run again.
        repository: Any = get_artifact_repository(created.info.artifact_uri, tracking_uri=client.tracking_uri)
        repository.log_artifacts(folder)
