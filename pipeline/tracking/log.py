"""Writes one run to MLflow: metrics, artifacts, model, dataset."""

import json
import shutil
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pandas as pd

from pipeline.files import TRUSTED_TYPES
from pipeline.fit.code import PARTS, ROOT, sources_of
from pipeline.tracking.runs import LONGEST, Dataset, Model, Run, cut

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import DatasetInput
    from mlflow.entities import Run as Entity

MODEL_PACKAGES = ("numpy", "pandas", "scikit-learn", "scipy", "skops")
SCORING = (*PARTS, "__init__.py", "tracking")  # what a model needs of this package
BATCH = 800  # metrics in one request: MLflow takes 1,000 values
COLUMN_TYPES = {
    "bool": "boolean",
    **dict.fromkeys(("int8", "int16", "int32", "uint8", "uint16"), "integer"),
    **dict.fromkeys(("int64", "uint32"), "long"),
    "float32": "float",
    **dict.fromkeys(("str", "category"), "string"),
    **dict.fromkeys((f"datetime64[{unit}]" for unit in ("s", "ms", "us", "ns")), "datetime"),
}  # MLflow's words; any other number is "double"


def create(client: "MlflowClient", experiment_id: str, run: Run, parent: str | None) -> "Entity":
    """Make a run with its tags."""
    tags = {"mlflow.source.name": "rebalance publish", **run.tags, "mlflow.note.content": run.description}
    if parent:
        tags["mlflow.parentRunId"] = parent
    tags = {name: cut(text, "tag") for name, text in tags.items()}
    return client.create_run(experiment_id, tags=tags, run_name=run.name)


def log(client: "MlflowClient", created: "Entity", run: Run) -> None:
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
        log_artifacts(client, created, run.artifacts)


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


def log_artifacts(client: "MlflowClient", created: "Entity", artifacts: Mapping[str, Path | str]) -> None:
    """Copy files and texts to a run, all in one call."""
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
        for source in (path for part in SCORING for path in sources_of(ROOT / part)):
            target = code / source.relative_to(ROOT)
            target.parent.mkdir(exist_ok=True)
            shutil.copyfile(source, target)
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
