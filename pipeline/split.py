"""Sets test rows aside, with the table's class shares on both sides."""

import pandas as pd

from pipeline import config
from pipeline.errors import InputError, run
from pipeline.files import INGEST, SPLIT, read_table, say, write_json, write_table


def split(table: pd.DataFrame, *, target: str, test_size: float, seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Training rows and test rows: a stratified split, every row in one of the two.

    Parameters
    ----------
    table
        Shape (n, p + 1), features and target.
    target
        Name of the column to stratify by.
    test_size
        Fraction of the rows, in (0, 1).
    seed
        `random_state` of `sklearn.model_selection.train_test_split`.

    Raises
    ------
    InputError
        A class has too few rows to stand on both sides.
    """
    from sklearn.model_selection import train_test_split

    counts = table[target].value_counts()
    try:
        train, test = train_test_split(table, test_size=test_size, stratify=table[target], random_state=seed)
        enough = train[target].nunique() == test[target].nunique() == len(counts)
    except ValueError:  # scikit-learn's, in words that name neither class nor setting
        enough = False
    if not enough:
        label = counts.idxmin()
        raise InputError(
            f"class {label} of {target!r} has {counts[label]} of {len(table):,} rows: at split.test_size={test_size} "
            "training and test rows cannot both have one: "
            "collect more rows of it, or move split.test_size towards 0.5"
        )
    return train, test


def count(train: pd.DataFrame, test: pd.DataFrame, *, target: str) -> dict[str, dict[str, int]]:
    """Rows of each class on both sides, and how many rows repeat the features of another.

    `duplicates` has the test rows that repeat a training row, `crossing`, and how many rows `repeated` an earlier one.
    """
    sides = {"train": train, "test": test}
    seen = {side: pd.util.hash_pandas_object(rows.drop(columns=target), index=False) for side, rows in sides.items()}
    repeated = pd.concat(seen.values()).duplicated()
    return {
        **{
            side: {"negative": int((rows[target] == 0).sum()), "positive": int((rows[target] == 1).sum())}
            for side, rows in sides.items()
        },
        "duplicates": {
            "crossing": int(seen["test"].isin(set(seen["train"])).sum()),
            "repeated": int(repeated.sum()),
        },
    }


def main() -> None:
    """Read, split, write."""
    params = config.load()
    target = params.data.target
    train, test = split(
        read_table(INGEST / "table.parquet"), target=target, test_size=params.split.test_size, seed=params.split.seed
    )
    write_table(SPLIT / "train.parquet", train)
    write_table(SPLIT / "test.parquet", test)
    counts = count(train, test, target=target)
    write_json(SPLIT / "classes.json", counts)
    say(f"{len(train):,} training rows, {len(test):,} test rows, {counts['test']['positive']:,} of them positive")


if __name__ == "__main__":
    run(main)
