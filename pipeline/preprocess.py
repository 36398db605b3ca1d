"""Fills missing values, scales numbers and encodes categories, fitted on the training rows."""

import pandas as pd

from pipeline import config
from pipeline.errors import run
from pipeline.files import PREPROCESS, SPLIT, read_table, say, write_table
from pipeline.fit.encoding import encode_unseen
from pipeline.fit.preprocessing import describe, preprocess, refuse_missing
from pipeline.fit.steps import steps
from pipeline.fit.stored import write_model
from pipeline.table.split import separate


def main() -> None:
    """Read, fit on training rows, transform both sides, write."""
    params = config.load()

    def rows_of(side: str) -> tuple[pd.DataFrame, pd.Series]:
        return separate(read_table(SPLIT / f"{side}.parquet"), params.data.target)

    if params.preprocess.impute is None:
        refuse_missing(pd.concat([rows_of(side)[0] for side in ("train", "test")]))
    X, y = rows_of("train")
    fitted, rows = preprocess(X, y, steps(params.preprocess, params.trusted_packages))
    # The sampler gets training rows before they are encoded, and what is resampled is encoded then.
    write_table(PREPROCESS / "train.parquet", pd.concat([rows, y], axis=1))
    X_test, y_test = rows_of("test")  # now, since fitting takes much memory
    encoded = encode_unseen(fitted, X_test, X)
    write_table(PREPROCESS / "test.parquet", pd.concat([encoded, y_test], axis=1))
    write_model(PREPROCESS / "preprocessor.skops", fitted)
    say(f"{params.data.name}: {'; '.join(describe(params.preprocess, X, rows, encoded))}")


if __name__ == "__main__":
    run(main)
