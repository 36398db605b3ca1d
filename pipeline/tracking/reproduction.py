"""The MLflow runs of a reproduction, the results of `dvc repro`: a parent, and a child for each variant."""

import os
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
from omegaconf import OmegaConf

from pipeline import config
from pipeline.config import Config
from pipeline.errors import InputError
from pipeline.files import (
    EVALUATE,
    INGEST,
    PREPROCESS,
    REPORTS,
    SPLIT,
    TRACK,
    TRAIN,
    csv_text,
    digest,
    read_json,
    read_table,
    say,
    write_json,
)
from pipeline.fit.stored import read_model
from pipeline.measure.task import Task
from pipeline.measure.tasks import task_of
from pipeline.table.split import separate, tested
from pipeline.tracking import verdict
from pipeline.tracking.describe import facts_of, git_tags, metrics_of, settings
from pipeline.tracking.publish import publish
from pipeline.tracking.runs import PAGES, Dataset, Model, Published, Run, page
from pipeline.tracking.scoring import scorer, spelled

FIGURES = REPORTS / "figures"
SORTED_BY = "test/average_precision"
LOCK = Path("dvc.lock")
DONE = TRACK / "results.json"  # a fresh clone doesn't have it, so that `dvc repro` publishes again there


def sentence(name: str, params: Config, task: Task, holdout: dict[str, Any]) -> str:
    """A short description of a variant and its results."""
    chosen = config.variant(params, name)
    sampler = chosen.sampler["_target_"].rpartition(".")[2]
    model = ", ".join([params.model["_target_"].rpartition(".")[2], *(f"{k}={v}" for k, v in chosen.model.items())])
    made = f"{model} without resampling" if sampler == "FunctionSampler" else f"{sampler}, then {model}"
    made += f", on {params.data.name}"
    weighted = f", weighted by {params.data.weight}" if params.data.weight else ""
    precision = holdout["threshold_free"]["average_precision"]
    ranking = "" if precision is None else f" {task.title('average_precision').capitalize()} {precision:.3f}."
    rows = f"{holdout['rows']:,} {tested(params.split.test_size)}"
    return f"{made}{weighted}. On {rows} it {task.summary(holdout)}.{ranking}"


def child_files(name: str) -> dict[str, Path]:
    """The files of a variant's run, by name; figures first."""
    drawn = {"confusion_matrix.png", *(path.name for path in FIGURES.glob(f"{name}/*.png"))}
    return {
        **{figure: FIGURES / name / figure for figure in sorted(drawn)},
        "confusion_matrix.json": EVALUATE / name / "confusion_matrix.json",
        "classification_report.json": EVALUATE / name / "classification_report.json",
        "metrics.json": EVALUATE / name / "metrics.json",
        "class_counts.png": FIGURES / "class_counts.png",
    }


def parent_files() -> dict[str, Path]:
    """The files of a reproduction's run, by name."""
    return {
        **{name: REPORTS / name for name in PAGES},
        **{f"figures/{path.name}": path for path in sorted(FIGURES.glob("*.*"))},
    }


def refuse_missing(variants: Iterable[str]) -> None:
    """Raise InputError if a result that is to be published is missing."""
    needed = [INGEST / "schema.json", INGEST / "table.parquet", SPLIT / "train.parquet"]
    needed += [PREPROCESS / "preprocessor.skops", *parent_files().values()]
    for name in variants:
        needed += [*child_files(name).values(), EVALUATE / name / "predictions.parquet", TRAIN / name / "model.skops"]
    missing = [path for path in needed if not path.is_file()]
    if missing:
        others = f" and {len(missing) - 1} more files don't" if len(missing) > 1 else " doesn't"
        raise InputError(f"{missing[0]}{others} exist. Run `dvc repro` first.")


def changed(lock: Mapping[Any, Any], now: Mapping[Any, Any]) -> list[str]:
    """Keys whose values `now` differ from those in `lock`, DVC's record of what the results were made with."""
    keys = []
    for stage, entry in lock.get("stages", {}).items():
        _, _, name = stage.partition("@")
        if stage == "track" or (name and name not in now["variants"]):
            continue
        for key, then in entry.get("params", {}).get(str(config.PARAMS), {}).items():
            value: Any = now
            for part in key.split("."):
                value = value.get(part) if isinstance(value, Mapping) else None
            if value != then:
                keys.append(key)
    return list(dict.fromkeys(keys))


def refuse_changed() -> None:
    """Raise InputError if params.yaml has changed since the results were made."""
    if not LOCK.is_file() or "DVC_STAGE" in os.environ:  # inside `dvc repro` it can't have
        return
    lock, now = (OmegaConf.to_container(OmegaConf.load(path)) for path in (LOCK, config.PARAMS))
    assert isinstance(lock, dict)
    assert isinstance(now, dict)
    if keys := changed(lock, now):
        raise InputError(
            f"{config.PARAMS}: these settings changed after the results were made: {', '.join(keys)}. Run `dvc repro` "
            "first."
        )


def variant_run(
    name: str,
    params: Config,
    *,
    schema: Mapping[str, Any],
    preprocessor: Any,
    rows: pd.DataFrame,
    dataset: Dataset,
    judged: Mapping[str, Any],
) -> Run:
    """The MLflow run of one variant, from the files of the stages, raw rows to train on, and the verdict."""
    metrics, own, task = read_json(EVALUATE / name / "metrics.json"), settings(params, name), task_of(schema)
    folds = read_table(path) if (path := EVALUATE / name / "folds.parquet").is_file() else None
    # Without the sampler, which is for training rows only.
    chain = scorer(schema, preprocessor, read_model(TRAIN / name / "model.skops"), metrics)
    predictions = csv_text(read_table(EVALUATE / name / "predictions.parquet"), index=True)
    tags, gained = verdict.of_variant(judged, name)
    return Run(
        name,
        f"{sentence(name, params, task, metrics['holdout'])} {verdict.sentence_of(judged, name)}".strip(),
        tags={"kind": "variant", "data_sha256": dataset.sha256, "params_sha256": digest(own), **tags},
        params={**own, **facts_of(metrics), "call": tags.get("call", "none")},
        metrics={**gained, **verdict.fold_means(folds, task, params.compare.primary), **metrics_of(metrics)},
        artifacts={**child_files(name), "predictions.csv": predictions},
        model=Model(chain, rows),
        dataset=dataset,
    )


def gather(params: Config) -> tuple[Run, list[Run], str]:
    """The run of this reproduction, the runs of its variants, and the hash of the results.

    Raises
    ------
    InputError
        Results are missing.
    """
    refuse_missing(params.variants)
    schema, table = read_json(INGEST / "schema.json"), read_table(INGEST / "table.parquet")
    preprocessor = read_model(PREPROCESS / "preprocessor.skops")
    training = separate(read_table(SPLIT / "train.parquet"), params.data.target)[0]
    rows = spelled(training, schema["declaration"])
    dataset = Dataset(
        name=params.data.name,
        sha256=schema["sha256"],
        source=params.data.path,
        rows=len(table),
        columns={str(column): str(kind) for column, kind in table.dtypes.items()},
    )
    found = read_json(REPORTS / "verdict.json")
    children = [
        variant_run(name, params, schema=schema, preprocessor=preprocessor, rows=rows, dataset=dataset, judged=found)
        for name in params.variants
    ]
    everything = {name: settings(params, name) for name in params.variants}
    judged = [EVALUATE / name / file for name in params.variants for file in ("metrics.json", "predictions.parquet")]
    results = digest(everything, [REPORTS / "comparison.json", *judged])
    parent = Run(
        f"{params.data.name} {results[:8]}",
        (REPORTS / "comparison.md").read_text(encoding="utf-8"),
        tags={
            "kind": "reproduction",
            "data_sha256": schema["sha256"],
            "params_sha256": digest(everything),
            **verdict.tags(found),
        },
        metrics=verdict.metrics(found),
        params={**settings(params), "variants": " ".join(params.variants)},
        artifacts=parent_files(),
        dataset=dataset,
    )
    return parent, children, results


def publish_results(params: Config) -> Published:
    """Publish the results of `dvc repro`, once.

    Raises
    ------
    InputError
        Results are missing, or were made with other settings.
    StoreError
        The store can't be used.
    """
    refuse_changed()
    parent, children, results = gather(params)
    write_json(DONE, {"results_sha256": results})
    git = git_tags()
    parent, *children = (replace(r, tags={**r.tags, **git}) for r in (parent, *children))
    published = publish(params.tracking, parent, children, results=results)
    what = "published {} runs to {}" if published.new else "{} runs were already in {}"
    say(f"{params.tracking.experiment}: {what.format(len(children), params.tracking.uri)}")
    return published


def address(published: Published) -> str:
    """The path of the page that compares the variants, see `page`."""
    return page(published, metric=SORTED_BY)
