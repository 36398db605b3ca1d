"""What an MLflow run holds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pandas as pd

LONGEST = {
    "key": 250,
    "param": 6000,
    "tag": 8000,
    "description": 5000,
    "digest": 12,
}  # characters: MLflow's limits; for a digest, what its page has room for
# What a comparison writes beside its figures, see `pipeline.report.files.pages`.
PAGES = (
    "index.html",
    "comparison.md",
    "model_card.md",
    "comparison.csv",
    "comparison.json",
    "verdict.json",
)
COLUMN_TYPES = {
    **dict.fromkeys(("bool", "boolean"), "boolean"),
    **dict.fromkeys(("int8", "int16", "int32", "uint8", "uint16"), "integer"),
    **dict.fromkeys(("int64", "Int64", "uint32"), "long"),
    "float32": "float",
    **dict.fromkeys(("str", "category"), "string"),
    **dict.fromkeys((f"datetime64[{unit}]" for unit in ("s", "ms", "us", "ns")), "datetime"),
}  # by dtype, as MLflow calls them


@dataclass(frozen=True)
class Model:
    """A model to log.

    Attributes
    ----------
    scorer
        A `pipeline.tracking.scoring.Scorer`.
    rows
        The features of the training rows, raw: the types of these columns are the model's signature, and the first rows
        its example.
    """

    scorer: Any
    rows: pd.DataFrame

    @property
    def kind(self) -> str:
        """The class of the fitted model."""
        return type(self.scorer.model).__name__


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
    """What one MLflow run holds.

    Attributes
    ----------
    name, description
        For people; the description is Markdown.
    tags, params
        Text by name; text that is too long for MLflow is cut.
    metrics
        Finite numbers by legal name, see `metric_name`.
    series
        Finite numbers of successive steps by legal name; None where a step has none.
    artifacts
        By place in the run, such as "folder/file": the path of a file, or its text.
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
    """Where the runs are in the store, and whether they are new there."""

    experiment_id: str
    parent_id: str
    new: bool


def page(published: Published, *, metric: str) -> str:
    """The path, after the server's address, of the page whose charts compare the runs, highest `metric` first.

    Without `workflowType`, MLflow opens its pages for chats. Unless runs are sorted by a metric, it hides child runs
    and their charts below the parent.
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


def column_type(dtype: object) -> str:
    """MLflow's name for the type of a column."""
    return COLUMN_TYPES.get(str(dtype), "double")


def metric_name(*parts: str) -> str:
    """A metric name that MLflow accepts: letters, digits and `_ - . /`, the parts joined by `/`."""
    legal = ("".join(c if c.isalnum() or c in "_-." else "_" for c in part).strip(".") or "_" for part in parts)
    return "/".join(legal)[: LONGEST["key"]].rstrip("/.")


def cut(text: str, kind: str) -> str:
    """`text`, shortened to what MLflow accepts and then ending in "..."."""
    longest = LONGEST[kind]
    return text if len(text) <= longest else f"{text[: longest - 3]}..."
