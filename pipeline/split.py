"""Splits the table into training and test rows, with the same class proportions in both."""

from pipeline import config
from pipeline.errors import run
from pipeline.files import INGEST, SPLIT, read_json, read_table, say, write_json, write_table
from pipeline.measure.single_column import noted
from pipeline.table import classes
from pipeline.table.grouping import together
from pipeline.table.split import count, split


def main() -> None:
    """Read, split, write."""
    params = config.load()
    target = params.data.target
    table, how = read_table(INGEST / "table.parquet"), params.split
    schema, roles = read_json(INGEST / "schema.json"), read_table(INGEST / "roles.parquet")
    labels, names = classes.labels(schema), classes.names(schema)
    rows = together(table.drop(columns=target), roles, how)
    train, test = split(table, target=target, test_size=how.test_size, seed=how.seed, labels=labels, **rows)
    write_table(SPLIT / "train.parquet", train)
    write_table(SPLIT / "test.parquet", test)
    counts = {**count(train, test, target=target, names=names, roles=roles), **noted(train, target)}
    write_json(SPLIT / "classes.json", counts)
    shown = ", ".join(f"{number:,} {name}" for name, number in counts["test" if len(test) else "train"].items())
    held = f"{len(test):,} test rows" if len(test) else "no test rows, so that the folds judge all rows"
    say(f"{params.data.name}: {len(train):,} training rows, {held}: {shown}")


if __name__ == "__main__":
    run(main)
