"""Fits the model on the resampled training rows, with a tuned C."""

import pandas as pd

from pipeline import config
from pipeline.config import Split
from pipeline.errors import InputError, run
from pipeline.files import INGEST, RESAMPLE, SPLIT, TRAIN, read_json, read_table, say, write_json
from pipeline.fit import chains, sample_weights, tuning
from pipeline.fit.chains import Chain
from pipeline.fit.models import describe, train, unconverged_advice
from pipeline.fit.stored import write_model
from pipeline.measure.tasks import task_of
from pipeline.table import weights
from pipeline.table.grouping import together
from pipeline.table.split import separate


def _tuned(
    chain: Chain, roles: pd.DataFrame, *, target: str, how: Split, seed: int
) -> tuple[float | None, dict[float, float] | None]:
    """See `pipeline.fit.tuning.tune`. The rows that it needs are gone before others are read."""
    if chain.grid is None:
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
        C, values = _tuned(chain, roles, target=target, how=params.split, seed=params.seed)
        resampled = read_table(RESAMPLE / name / "train.parquet")
        X, y = separate(resampled.drop(columns=["row_id", "synthetic"]), target)
        weight = (
            sample_weights.by_class(y, weights.of(roles)) if chain.negatives else weights.of(roles, resampled.row_id)
        )
        fitted, converged = train(X, y, tuning.with_C(chain.model, C), weight, negatives=chain.negatives)
    except InputError as error:
        raise InputError(f"variants.{name}: {error}") from None
    summary = describe(fitted, converged, y, values, chain, weight)
    write_model(TRAIN / name / "model.skops", fitted)
    write_json(TRAIN / name / "coefficients.json", summary)
    warning = "" if converged else f": NOT CONVERGED. {unconverged_advice(scaled=params.preprocess.scale)}"
    chosen = ""
    if C is not None and chain.criterion is not None:
        metric = chain.criterion.metric.replace("_", " ")
        chosen = f", C={C:g} tuned for {metric} over {', '.join(f'{c:g}' for c in chain.grid or ())}"
    fit = f"{summary['model']}{chosen}, {summary['iterations']} iterations{warning}"
    say(f"{params.data.name}, {name}: {fit}")


if __name__ == "__main__":
    run(main)
