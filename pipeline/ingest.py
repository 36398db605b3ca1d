"""Reads or simulates the table, refuses one that can't be used, and writes typed features and an encoded target."""

from pipeline import config
from pipeline.errors import run
from pipeline.files import INGEST, say, write_json, write_table
from pipeline.table import weights
from pipeline.table.read import classes_in_words, kinds_in_words, load


def main() -> None:
    """Read, check, write."""
    data = config.load().data
    table, truth, schema, roles = load(data)
    write_table(INGEST / "table.parquet", table)
    write_table(INGEST / "roles.parquet", roles)
    (INGEST / "truth.parquet").unlink(missing_ok=True)
    if truth is not None:
        write_table(INGEST / "truth.parquet", truth.to_frame())  # in a file of its own, so that no fit can use it
    write_json(INGEST / "schema.json", schema)
    say(f"{data.name}: {len(table):,} rows, {classes_in_words(schema)}")
    if data.classes:
        changed = ", ".join(
            f"{old} {'left out' if new is None else f'becomes {new}'}" for old, new in data.classes.items()
        )
        say(f"{data.name}: data.classes: {changed}")
    for note in schema["notes"]:
        say(f"{data.name}: {note}")
    if kinds := kinds_in_words(schema["columns"]):
        say(f"{data.name}: {kinds}")
    if data.weight is not None:
        weight = weights.of(roles)
        total, effective = (weights.shown(each) for each in (float(weight.sum()), weights.effective(weight)))
        say(f"{data.name}: weighted by {data.weight}, total weight {total:,}, effective sample size {effective:,}")


if __name__ == "__main__":
    run(main)
