"""Publishes runs to MLflow: into a store that is made once, and so that no run is left half written or doubled."""

import fcntl
import json
import logging
import os
import shutil
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from http.client import HTTPException
from importlib.metadata import version
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import quote, urlencode

import pandas as pd
from tqdm import tqdm

from pipeline.config import Tracking
from pipeline.errors import InputError
from pipeline.files import TRUSTED_TYPES, say

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import DatasetInput
    from mlflow.entities import Run as Entity

RESULTS = "results_sha256"  # the tag that says which results a run publishes
KEY = "key_sha256"  # the tag that tells the runs of a sweep, and the sweep itself, from others
MODEL_PACKAGES = ("numpy", "pandas", "scikit-learn", "scipy", "skops")
SCORING = (
    "__init__",
    "calibration",
    "classes",
    "columns",
    "encoding",
    "errors",
    "multiclass",
    "scoring",
    "statistics",
)  # what a model needs of this package
ABANDONED = 3600  # seconds after which an unfinished run on a shared server belongs to a process that died
LONGEST = {
    "key": 250,
    "param": 6000,
    "tag": 8000,
    "digest": 12,
}  # characters: MLflow's limits; of digests, what its page has room for
BATCH = 800  # metrics in one request: MLflow takes 1,000 values
COLUMN_TYPES = {
    "bool": "boolean",
    **dict.fromkeys(("int8", "int16", "int32", "uint8", "uint16"), "integer"),
    **dict.fromkeys(("int64", "uint32"), "long"),
    "float32": "float",
    **dict.fromkeys(("str", "category"), "string"),
    **dict.fromkeys((f"datetime64[{unit}]" for unit in ("s", "ms", "us", "ns")), "datetime"),
}  # MLflow's words; any other number is "double"


class StoreError(Exception):
    """The MLflow store cannot be used now: one line that says which, why, and what to do."""

    def __init__(self, uri: str, reason: object) -> None:
        line = next(iter(str(reason).strip().splitlines()), "") or type(reason).__name__
        super().__init__(
            f"MLflow at {uri}: {line[:300].rstrip('. ')}. The results are complete without it; "
            "`python -m pipeline.track` publishes them later"
        )


@dataclass(frozen=True)
class Model:
    """A `pipeline.scoring.Scorer`, and a few raw rows of features to show what it takes."""

    scorer: Any
    example: pd.DataFrame


@dataclass(frozen=True)
class Dataset:
    """The table that a run is about: its name, SHA-256, source, number of rows, and the type of each column."""

    name: str
    sha256: str
    source: str
    rows: int
    columns: Mapping[str, str]


@dataclass(frozen=True)
class Run:
    """What one MLflow run says.

    Attributes
    ----------
    name, description
        For people; the description is Markdown.
    tags, params
        Text by name; what is too long for MLflow is cut.
    metrics
        Finite numbers by legal name, see `metric_name`.
    series
        Finite numbers of successive steps by legal name; None where a step has none.
    artifacts
        Place in the run, as "folder/file", and what stands there: the path of a file, or text.
    model, dataset
        None where there is none.
    """

    name: str
    description: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    params: Mapping[str, str] = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)
    series: Mapping[str, Sequence[float | None]] = field(default_factory=dict)
    artifacts: Mapping[str, Path | str] = field(default_factory=dict)
    model: Model | None = None
    dataset: Dataset | None = None


@dataclass(frozen=True)
class Published:
    """Where the runs are, and whether they are new there."""

    experiment_id: str
    parent_id: str
    new: bool


def page(published: Published, *, metric: str) -> str:
    """The part after the server's address of the page with charts that compare the runs, highest `metric` first.

    MLflow opens for chats without `workflowType`, and folds children away below their parent, charts and all, unless
    runs are sorted by a metric.
    """
    children = f"tags.mlflow.parentRunId='{published.parent_id}'"
    query = {
        "workflowType": "machine_learning",
        "compareRunsMode": "CHART",
        "searchFilter": children,
        "orderByKey": f"metrics.`{metric}`",
        "orderByAsc": "false",
    }
    return f"#/experiments/{published.experiment_id}/runs?{urlencode(query)}"


def store_file(uri: str) -> Path | None:
    """The SQLite file that `uri` names, relative to the current folder; None for a server.

    Raises
    ------
    InputError
        It is neither.
    """
    if uri.startswith(("http://", "https://")):
        return None
    scheme, found, path = uri.partition(":///")
    if not (found and scheme == "sqlite" and path) or path == ":memory:":
        raise InputError(f"tracking.uri: expected sqlite:///FILE, http://HOST:PORT, https://HOST or null, found {uri}")
    return Path(path)


def unreachable(uri: str, timeout: float) -> str | None:
    """Why no MLflow server answers at `uri` within `timeout` seconds; None when one does."""
    try:
        with urllib.request.urlopen(f"{uri.rstrip('/')}/health", timeout=timeout) as answer:
            if answer.read(16).strip() == b"OK":
                return None
        return "expected an MLflow server, found something else that answers there"
    except urllib.error.HTTPError as error:
        return f"expected an MLflow server, found something that answers {error.code} {error.reason}"
    except urllib.error.URLError as error:
        reason = error.reason
        return (
            f"no answer within {timeout:g} s"
            if isinstance(reason, TimeoutError)
            else f"no server there ({getattr(reason, 'strerror', None) or reason})"
        )
    except TimeoutError:
        return f"no answer within {timeout:g} s"
    except (OSError, ValueError, HTTPException) as error:
        return f"expected an MLflow server, found something else that answers there ({type(error).__name__})"


@contextmanager
def locked(tracking: Tracking) -> Iterator[None]:
    """Hold the lock that lets one process at a time make or publish to this store; the system frees it at death."""
    file = store_file(str(tracking.uri)) or Path("mlflow.db")
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.with_name(f"{file.name}.lock").open("a") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"{tracking.uri}: waiting for another process that uses it")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def open_store(tracking: Tracking) -> "MlflowClient":
    """A client of the store in `tracking.uri`; a local one is made if it is not there.

    Raises
    ------
    InputError
        The address is of no kind that this project knows.
    StoreError
        No MLflow server answers, or the file is no MLflow store.
    """
    uri = str(tracking.uri)
    file = store_file(uri)
    if file is None:
        if reason := unreachable(uri, tracking.timeout):
            raise StoreError(uri, reason)
        _quiet_mlflow(tracking.timeout)
        return _client(uri)
    _quiet_mlflow(tracking.timeout)
    with _reported(uri):
        if not _has_content(file):
            with locked(tracking):
                if not _has_content(file):
                    _make(file)
        with file.open("rb") as handle:
            if handle.read(16) != b"SQLite format 3\0":
                raise StoreError(uri, "expected an SQLite database, found another file: move it away")
        client = _client(_sqlite(file))
        client.search_experiments(max_results=1)
    return client


def _has_content(file: Path) -> bool:
    return file.is_file() and file.stat().st_size > 0


def _sqlite(file: Path) -> str:
    # Absolute: MLflow's own lock in the temporary folder is named after the address, for all users of a machine.
    return f"sqlite:///{file.resolve()}"


def _client(uri: str) -> "MlflowClient":
    from mlflow import MlflowClient

    return MlflowClient(tracking_uri=uri, registry_uri=uri)


def _make(file: Path) -> None:
    """Make the store beside its place and move it there, so that no death on the way leaves half a schema."""
    say(f"{file}: making the MLflow store, once; this takes some seconds")
    fresh = file.with_name(f"{file.name}.new")
    for stale in (file, fresh):
        for suffix in ("-journal", "-wal", "-shm"):
            # SQLite would replay what a deleted store left behind into the new one.
            stale.with_name(stale.name + suffix).unlink(missing_ok=True)
    fresh.unlink(missing_ok=True)
    _client(_sqlite(fresh)).search_experiments(max_results=1)
    fresh.replace(file)


def _quiet_mlflow(timeout: float) -> None:
    """Import MLflow with telemetry, retries, progress bars, links and log lines off."""
    os.environ.update(
        DO_NOT_TRACK="true",
        MLFLOW_DISABLE_TELEMETRY="true",
        MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR="false",
        MLFLOW_HTTP_REQUEST_MAX_RETRIES="0",
        # It has answered before; its first request may take longer than that answer.
        MLFLOW_HTTP_REQUEST_TIMEOUT=str(ceil(5 * timeout)),
        MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT="true",
    )
    import mlflow  # noqa: F401

    for name in ("mlflow", "alembic"):
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)


@contextmanager
def _reported(uri: str) -> Iterator[None]:
    """Turn what MLflow, its database or the disk raise into a `StoreError`."""
    from alembic.util import CommandError
    from mlflow.exceptions import MlflowException
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield
    except (MlflowException, SQLAlchemyError, CommandError, OSError) as error:
        raise StoreError(uri, error) from error


def experiment(client: "MlflowClient", tracking: Tracking) -> str:
    """The id of the experiment `tracking.experiment`, made or brought back if need be."""
    from mlflow.exceptions import MlflowException

    name, location = tracking.experiment, None
    found = client.get_experiment_by_name(name)
    if found is None:
        if store_file(str(tracking.uri)) is not None:
            root = tracking.artifacts or "mlruns"
            location = f"{root if '://' in root else Path(root).resolve().as_uri()}/{quote(name, safe='')}"
        try:
            return str(client.create_experiment(name, artifact_location=location))
        except MlflowException:
            found = client.get_experiment_by_name(name)  # another process was faster
            if found is None:
                raise
    if found.lifecycle_stage == "deleted":
        client.restore_experiment(found.experiment_id)
    return str(found.experiment_id)


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
    with _reported(str(tracking.uri)), locked(tracking):
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
                self._entity = _create(
                    self._client, self._experiment, replace(parent, tags={**parent.tags, KEY: key}), None
                )
                _log(self._client, self._entity, parent)
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
                _log_artifacts(self._client, self._entity, artifacts)
            self._client.set_terminated(self._parent, status)

    @contextmanager
    def _exclusive(self) -> Iterator[None]:
        with _reported(self._uri), locked(self._tracking):
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
    created = _create(client, experiment_id, run, parent)
    run_id = str(created.info.run_id)
    try:
        _log(client, created, run)
        yield run_id
    except BaseException:
        _give_up(client, run_id, tracking)
        raise
    client.set_terminated(run_id)


def _create(client: "MlflowClient", experiment_id: str, run: Run, parent: str | None) -> "Entity":
    """Make a run with its tags."""
    tags = {"mlflow.source.name": "python -m pipeline.track", **run.tags, "mlflow.note.content": run.description}
    if parent:
        tags["mlflow.parentRunId"] = parent
    tags = {name: cut(text, "tag") for name, text in tags.items()}
    return client.create_run(experiment_id, tags=tags, run_name=run.name)


def _log(client: "MlflowClient", created: "Entity", run: Run) -> None:
    """Write what `run` says beside its tags, all numbers and settings in one batch."""
    from mlflow.entities import Metric, Param

    experiment_id, run_id = created.info.experiment_id, created.info.run_id
    params = {cut(name, "key"): cut(text, "param") for name, text in run.params.items()}
    model_id = _log_model(client, experiment_id, run_id, run.name, run.model) if run.model else None
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
        _log_artifacts(client, created, run.artifacts)


def _give_up(client: "MlflowClient", run_id: str, tracking: Tracking) -> None:
    """Mark a run as failed, unless its server is gone: then the next publication deletes it."""
    uri = str(tracking.uri)
    if store_file(uri) is None and unreachable(uri, tracking.timeout):
        return
    with suppress(Exception):  # what went wrong first is what to report
        client.set_terminated(run_id, "FAILED")


def _dataset_input(dataset: Dataset) -> "DatasetInput":
    from mlflow.entities import Dataset as DatasetEntity
    from mlflow.entities import DatasetInput, InputTag

    columns = [
        {"type": COLUMN_TYPES.get(kind, "double"), "name": name, "required": True}
        for name, kind in dataset.columns.items()
    ]
    entity = DatasetEntity(
        name=dataset.name[:500],
        digest=dataset.sha256[: LONGEST["digest"]],
        source_type="local",
        source=json.dumps({"uri": dataset.source}),
        schema=json.dumps({"mlflow_colspec": columns}),
        profile=json.dumps({"num_rows": dataset.rows, "num_elements": dataset.rows * len(columns)}),
    )
    return DatasetInput(entity, [InputTag("mlflow.data.context", "training and evaluation")])


def _log_artifacts(client: "MlflowClient", created: "Entity", artifacts: Mapping[str, Path | str]) -> None:
    from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

    with tempfile.TemporaryDirectory() as folder:
        for place, content in artifacts.items():
            target = Path(folder, place)
            target.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(content, Path):
                shutil.copyfile(content, target)
            else:
                target.write_text(content, encoding="utf-8")
        # The client's own log_artifacts would ask the store for the run once more.
        repository: Any = get_artifact_repository(created.info.artifact_uri, tracking_uri=client.tracking_uri)
        repository.log_artifacts(folder)


def save_model(model: Model, path: Path, **about: Any) -> None:
    """Write a model in MLflow's form: as skops, which executes nothing when read, and the modules that it needs.

    Parameters
    ----------
    path
        Of a folder that is not there yet.
    about
        What MLflow's description of a model holds beside that.
    """
    import mlflow.sklearn
    from mlflow.models import Model as Description

    with tempfile.TemporaryDirectory() as folder:
        code = Path(folder, "pipeline")
        code.mkdir()
        for module in SCORING:
            shutil.copyfile(Path(__file__).with_name(f"{module}.py"), code / f"{module}.py")
        mlflow.sklearn.save_model(
            model.scorer,
            str(path),
            code_paths=[str(code)],
            mlflow_model=Description(**about),
            serialization_format="skops",
            signature=_signature(model.example, model.scorer.predict(model.example)),
            input_example=model.example,
            pip_requirements=[f"{package}=={version(package)}" for package in MODEL_PACKAGES],
            skops_trusted_types=list(TRUSTED_TYPES),
        )


def _log_model(client: "MlflowClient", experiment_id: str, run_id: str, name: str, model: Model) -> str:
    """Log a model of the run; the model's id."""
    from mlflow.entities import LoggedModelOutput

    logged = client.create_logged_model(
        experiment_id, name=name, source_run_id=run_id, model_type=type(model.scorer.model).__name__
    )
    client.log_outputs(run_id, [LoggedModelOutput(logged.model_id, step=0)])
    status: Literal["READY", "FAILED"] = "FAILED"
    try:
        with tempfile.TemporaryDirectory() as folder:
            path, model_id = Path(folder, "model"), str(logged.model_id)
            save_model(
                model,
                path,
                artifact_path=logged.artifact_location,
                model_uuid=model_id,
                model_id=model_id,
                run_id=run_id,
            )
            client.log_model_artifacts(model_id, str(path))
        status = "READY"
    finally:
        with suppress(*(() if status == "READY" else (Exception,))):
            client.finalize_logged_model(logged.model_id, status)
    return str(logged.model_id)


def _signature(example: pd.DataFrame, scored: pd.DataFrame) -> Any:
    """Features in, of any type, since the model says itself what it cannot take; what it says of them out.

    A number's type would refuse files: what MLflow reads as whole numbers is to it not safely a double.
    """
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, DataType, Schema, TensorSpec
    from mlflow.types.schema import AnyType

    anything = AnyType()  # type: ignore[no-untyped-call]
    inputs: list[ColSpec | TensorSpec] = [ColSpec(anything, str(name)) for name in example]
    outputs: list[ColSpec | TensorSpec] = [
        ColSpec(DataType[COLUMN_TYPES.get(str(kind), "double")], str(name)) for name, kind in scored.dtypes.items()
    ]
    return ModelSignature(Schema(inputs), Schema(outputs))


def metric_name(*parts: str) -> str:
    """A legal MLflow name for a metric: letters, digits and `_ - . /`, the parts joined by `/`."""
    legal = ("".join(c if c.isalnum() or c in "_-." else "_" for c in part).strip(".") or "_" for part in parts)
    return "/".join(legal)[: LONGEST["key"]].rstrip("/.")


def cut(text: str, kind: str) -> str:
    """`text`, or as much of it as MLflow takes, ending in "..."."""
    longest = LONGEST[kind]
    return text if len(text) <= longest else f"{text[: longest - 3]}..."
