"""All that a comparison is computed from."""

from dataclasses import dataclass
from math import inf
from pathlib import Path
from typing import Any

import pandas as pd

from pipeline import config
from pipeline.config import Config
from pipeline.files import EVALUATE, INGEST, RESAMPLE, SPLIT, digest, read_json, read_table, sha256
from pipeline.fit.code import code
from pipeline.measure.task import Task
from pipeline.measure.tasks import task_of

LOCK = Path("requirements.lock")


@dataclass(frozen=True)
class Evidence:
    """All that a comparison is computed from.

    Attributes
    ----------
    results
        By variant, in the order to show: what `evaluate` wrote as metrics.json.
    predictions
        By variant, of the test rows, or without any of the folds' first repeat: see
        `pipeline.measure.evaluation.assess`.
    out_of_fold
        By variant: see `pipeline.measure.evaluation.Folded.predictions`; None without folds.
    folds
        By variant: see `pipeline.measure.evaluation.by_fold`; None without folds.
    declared
        The settings in force: see `pipeline.judge.comparison.declare`.
    table, classes
        What `ingest` wrote as schema.json, and `split` as classes.json.
    truth
        True probability of the positive class by row_id; None where it is not known.
    components
        By variant: see `pipeline.fit.provenance.components`; empty where they were not kept.
    hashes
        Of `config`, `code` and `lock`.
    failed
        Variants that are asked for and have no result, and why.
    baselines
        See `pipeline.config.baselines`; empty where all variants are methods for one model.
    command
        That makes the page.
    """

    results: dict[str, dict[str, Any]]
    predictions: dict[str, pd.DataFrame]
    out_of_fold: dict[str, pd.DataFrame | None]
    folds: dict[str, pd.DataFrame | None]
    declared: dict[str, Any]
    table: dict[str, Any]
    classes: dict[str, Any]
    truth: pd.Series | None
    components: dict[str, pd.DataFrame]
    hashes: dict[str, str | None]
    failed: dict[str, str]
    baselines: dict[str, str]
    command: str

    @property
    def task(self) -> Task:
        """The task of the table."""
        return task_of(self.table)

    @property
    def thresholds(self) -> dict[str, float | None]:
        """By variant its t*; None where there is none."""
        return {name: (each["holdout"]["tuned"] or {}).get("threshold") for name, each in self.results.items()}

    @property
    def leaked(self) -> int:
        """Rows that stand both among the training rows and among the test rows."""
        if not self.declared["split"]["test_size"]:
            return 0
        tested = next(iter(self.predictions.values()))
        seen = next((rows for rows in self.out_of_fold.values() if rows is not None), None)
        return 0 if seen is None else tested.index.intersection(seen.index).nunique()


def _optional(path: Path) -> pd.DataFrame | None:
    return read_table(path) if path.is_file() else None


def read(params: Config) -> Evidence:
    """What the stages left in data/."""
    known, schema = params.data.simulation is not None, read_json(INGEST / "schema.json")
    return Evidence(
        results={name: read_json(EVALUATE / name / "metrics.json") for name in params.variants},
        predictions={name: read_table(EVALUATE / name / "predictions.parquet") for name in params.variants},
        out_of_fold={name: _optional(EVALUATE / name / "out_of_fold.parquet") for name in params.variants},
        folds={name: _optional(EVALUATE / name / "folds.parquet") for name in params.variants},
        declared=declare(params),
        table=schema,
        classes=read_json(SPLIT / "classes.json"),
        truth=read_table(INGEST / "truth.parquet").probability if known else None,
        components={
            name: read_table(path)
            for name in params.variants
            if (path := RESAMPLE / name / "components.parquet").is_file()
        },
        hashes=hashes(params),
        failed={},  # without all of them the stage does not run
        baselines=config.baselines(params),
        command="dvc repro",
    )


def declare(params: Config) -> dict[str, Any]:
    """The settings in force, as pages and verdict print them; no penalty is "inf", which JSON can have."""
    search = params.model.get("search") or {}
    return {
        **params.evaluate.model_dump(),
        **params.compare.model_dump(),
        "seed": params.seed,
        "split": params.split.model_dump(),
        "preprocess": params.preprocess.model_dump(),
        "search": {name: ["inf" if value == inf else value for value in values] for name, values in search.items()}
        or None,
        "tune_for": params.model["tune_for"] if search else None,
    }


def hashes(params: Config) -> dict[str, str | None]:
    """SHA-256 of the settings that results depend on, of the code and its packages, and of the lock, if it is here."""
    settings = params.model_dump(exclude=config.UNRELATED)
    lock = sha256(LOCK) if LOCK.is_file() else None
    return {"config": digest(settings), "code": code("judge", trusted=params.trusted_packages), "lock": lock}
