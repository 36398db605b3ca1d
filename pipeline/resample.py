"""Resamples the training rows with a variant's sampler, and records which rows are original."""

import sys

import pandas as pd

from pipeline import config
from pipeline.errors import InputError, run
from pipeline.files import INGEST, PREPROCESS, RESAMPLE, read_json, read_table, say, write_json, write_table
from pipeline.fit import variants
from pipeline.fit.duration import again, note
from pipeline.fit.encoding import encode, rounded
from pipeline.fit.memory import limit, limited
from pipeline.fit.parallel import threads
from pipeline.fit.provenance import components, count, provenance
from pipeline.fit.resampling import resample
from pipeline.fit.samplers import describe, suit
from pipeline.fit.stored import read_model
from pipeline.measure.tasks import task_of
from pipeline.table.split import separate


def main() -> None:
    """Read, resample, write."""
    params = config.load()
    name, target = config.asked(), params.data.target
    config.variant(params, name)  # which may not be there
    schema = read_json(INGEST / "schema.json")
    task = task_of(schema)
    sampler = variants.sampler(params, name, task.labels)
    X, y = separate(read_table(PREPROCESS / "train.parquet"), target)
    try:
        suited = suit(sampler, X)
        within = limit(params, name)
        with limited(suited, X, y, task.labels, within), threads(params.machine.jobs, suited):
            if wait := note(suited, X, y, again=again(params, name, y)):
                say(f"{name}: {wait}")
                sys.stdout.flush()
            X_resampled, y_resampled = resample(X, y, suited, task.labels, within)
            origin = provenance(X, y, X_resampled, y_resampled, getattr(suited, "sample_indices_", None))
            fitted = read_model(PREPROCESS / "preprocessor.skops")
            encoded = encode(fitted, X_resampled)
            table = pd.concat([encoded.reset_index(drop=True), y_resampled.reset_index(drop=True), origin], axis=1)
    except InputError as error:
        leave = f"leave it out with {config.left_out(params, name)}"
        raise InputError(f"variants.{name}: {str(error).rstrip('.')}, or {leave}.") from None
    write_table(RESAMPLE / name / "train.parquet", table)
    if task.kind == "binary":
        drawn = components(encode(fitted, X), encoded, y_resampled, origin.synthetic.to_numpy())
        write_table(RESAMPLE / name / "components.parquet", drawn)
    counts = count(y_resampled, origin, task.names)
    write_json(RESAMPLE / name / "classes.json", counts)
    kinds = {**counts["rows"], "synthetic": origin.synthetic.sum()}
    made = ", ".join(f"{number:,} {kind}" for kind, number in kinds.items())
    say(f"{params.data.name}, {name}: {len(y):,} rows in, {len(table):,} out: {made}")
    notes = [describe(sampler, suited, X)]
    if origin.synthetic.any() and (whole := rounded(fitted)):
        notes.append(f"synthetic values rounded to integers: {', '.join(whole)}")
    if said := "; ".join(filter(None, notes)):
        say(f"{params.data.name}, {name}: {said}")


if __name__ == "__main__":
    run(main)
