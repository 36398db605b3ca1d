"""Sets test rows aside, with the table's class shares on both sides."""

from pipeline import config
from pipeline.errors import run
from pipeline.files import INGEST, SPLIT, read_json, read_table, say, write_json, write_table
from pipeline.table import classes
from pipeline.table.grouping import together
from pipeline.table.split import count, split


def main() -> None:
    """Read, split, write."""
    params = config.load()
    target = params.data.target
    table, how = read_table(INGEST / "table.parquet"), params.split
    labels, roles = classes.several(read_json(INGEST / "schema.json")), read_table(INGEST / "roles.parquet")
    rows = together(table.drop(columns=target), roles, how)
    train, test = split(table, target=target, test_size=how.test_size, seed=how.seed, labels=labels, **rows)
    write_table(SPLIT / "train.parquet", train)
    write_table(SPLIT / "test.parquet", test)
    counts = count(train, test, target=target, labels=labels, roles=roles)
    write_json(SPLIT / "classes.json", counts)
    there = counts["test"] if labels else {"of them positive": counts["test"]["positive"]}
    said = ", ".join(f"{number:,} {kind}" for kind, number in there.items())
    say(f"{len(train):,} training rows, {len(test):,} test rows{':' if labels else ','} {said}")


if __name__ == "__main__":
    run(main)
