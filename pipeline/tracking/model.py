"""The scoring model in MLflow's format: a skops file, which runs no code when read, and the code it needs."""

import shutil
import tempfile
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pandas as pd

from pipeline.files import EXTENSIONS
from pipeline.fit.code import ROOT, sources_of
from pipeline.fit.stored import TRUSTED_TYPES, own_types
from pipeline.tracking.runs import Model, column_type

if TYPE_CHECKING:
    from mlflow import MlflowClient

EXAMPLE_ROWS = 5
PACKAGES = ("numpy", "pandas", "scikit-learn", "scipy", "skops")
# The parts of pipeline/ that a model carries: with them it scores where this project isn't installed.
CODE = (
    "__init__.py",
    "errors.py",
    "formatting.py",
    "table",
    "measure",
    "fit/__init__.py",
    "fit/bounds.py",
    "fit/encoding.py",
    "fit/linear_svm.py",
    "fit/models.py",
    "fit/trees.py",
    "tracking/__init__.py",
    "tracking/scoring.py",
)


def save(model: Model, path: Path, **about: Any) -> None:
    """Write a model in MLflow's format.

    Parameters
    ----------
    path
        Of a folder that doesn't exist yet.
    about
        Further fields of MLflow's description of the model.
    """
    import mlflow.sklearn
    import skops.io
    from mlflow.models import Model as Description

    example = model.rows.head(EXAMPLE_ROWS).reset_index(drop=True)
    data = skops.io.dumps(model.scorer)
    own, packages = own_types(data), (*PACKAGES, *(["imbalanced-learn"] if b'"imblearn.' in data else []))
    sources = {Path("pipeline", path.relative_to(ROOT)): path for part in CODE for path in sources_of(ROOT / part)}
    if own:
        sources |= {path: path for path in sources_of(EXTENSIONS)}
    with tempfile.TemporaryDirectory() as folder:
        for name, source in sources.items():
            Path(folder, name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, Path(folder, name))
        mlflow.sklearn.save_model(
            model.scorer,
            str(path),
            code_paths=sorted({str(Path(folder, name.parts[0])) for name in sources}),
            mlflow_model=Description(**about),
            serialization_format="skops",
            signature=_signature(model.rows, model.scorer.predict(example)),
            input_example=example,
            pip_requirements=[f"{package}=={version(package)}" for package in packages],
            skops_trusted_types=[*TRUSTED_TYPES, *own],
        )


def log(client: "MlflowClient", experiment_id: str, run_id: str, name: str, model: Model) -> str:
    """Log the model of a run, as `VARIANT-KIND`, and return the model's id."""
    from mlflow.entities import LoggedModelOutput

    logged = client.create_logged_model(
        experiment_id, name=f"{name}-{model.kind}", source_run_id=run_id, model_type=model.kind
    )
    client.log_outputs(run_id, [LoggedModelOutput(logged.model_id, step=0)])
    status: Literal["READY", "FAILED"] = "FAILED"
    try:
        with tempfile.TemporaryDirectory() as folder:
            path, model_id = Path(folder, "model"), str(logged.model_id)
            ids = {"model_uuid": model_id, "model_id": model_id, "run_id": run_id}
            save(model, path, artifact_path=logged.artifact_location, **ids)
            client.log_model_artifacts(model_id, str(path))
        status = "READY"
    finally:
        with suppress(*(() if status == "READY" else (Exception,))):
            client.finalize_logged_model(logged.model_id, status)
    return str(logged.model_id)


def _signature(rows: pd.DataFrame, scored: pd.DataFrame) -> Any:
    """Names and types of the features and of what the model returns."""
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, DataType, Schema, TensorSpec

    def typed(table: pd.DataFrame) -> Schema:
        columns: list[ColSpec | TensorSpec] = [
            ColSpec(DataType[column_type(dtype)], str(name)) for name, dtype in table.dtypes.items()
        ]
        return Schema(columns)

    return ModelSignature(typed(rows), typed(scored))
