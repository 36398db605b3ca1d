"""Fits the model on the resampled training rows, with the arguments that are best for them."""

from typing import Any

import pandas as pd

from pipeline import config
from pipeline.config import Split
from pipeline.errors import InputError, run
from pipeline.files import INGEST, RESAMPLE, SPLIT, TRAIN, read_json, read_table, say, write_json
from pipeline.fit import chains, sample_weights, tuning
from pipeline.fit.chains import Chain
from pipeline.fit.models import describe, train, unconverged_advice
from pipeline.fit.stored import write_model
from pipeline.formatting import arguments
from pipeline.measure.tasks import task_of
from pipeline.table import weights
from pipeline.table.grouping import together
from pipeline.table.split import separate


def _tuned(
    chain: Chain, roles: pd.DataFrame, *, target: str, how: Split, seed: int
) -> tuple[dict[str, Any] | None, list[float | None] | None]:
    """See `pipeline.fit.tuning.tune`. The rows that it needs are gone before others are read."""
    if not chain.search:
        return None, None
    X, y = separate(read_table(SPLIT / "train.parquet"), target)
    rows = together(X, roles, how)
    return tuning.tune(X, y, chain, where=(seed,), weight=weights.of(roles, X.index), **rows)


def main() -> None:
    """Read, fit, write."""
    params = config.load()
    name, target = config.asked(), params.data.target
    task = task_of(read_json(INGEST / "schema.json"))
    chain = chains.chain(params, name, task)
    roles = read_table(INGEST / "roles.parquet")
    try:
        best, values = _tuned(chain, roles, target=target, how=params.split, seed=params.seed)
        resampled = read_table(RESAMPLE / name / "train.parquet")
        X, y = separate(resampled.drop(columns=["row_id", "synthetic"]), target)
        given = (
            sample_weights.by_class(y, weights.of(roles)) if chain.negatives else weights.of(roles, resampled.row_id)
        )
        weight = sample_weights.times(chain.class_weight, y, given)
        ready = chain.model.set_params(**(best or {}))
        fitted, converged = train(X, y, ready, weight, negatives=chain.negatives)
    except InputError as error:
        raise InputError(f"variants.{name}: {error}") from None
    summary = describe(fitted, converged, y, values, chain, weight)
    write_model(TRAIN / name / "model.skops", fitted)
    write_json(TRAIN / name / "coefficients.json", summary)
    warning = "" if converged else f": NOT CONVERGED. {unconverged_advice(scaled=params.preprocess.scale is not None)}"
    chosen, iterations = "", ""
    if best is not None and chain.criterion is not None:
        chosen = f", {arguments(best)}, the best of {len(chain.search)} for {chain.criterion.metric.replace('_', ' ')}"
    if summary["iterations"] is not None:
        iterations = f", {summary['iterations']} iterations"
    fit = f"{summary['model']}{chosen}{iterations}{warning}"
    say(f"{params.data.name}, {name}: {fit}")


if __name__ == "__main__":
    run(main)
