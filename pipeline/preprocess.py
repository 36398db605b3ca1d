"""Fills holes and scales columns by what the training rows say."""

from typing import Any

import pandas as pd

from pipeline import config
from pipeline.errors import InputError, run
from pipeline.files import PREPROCESS, SPLIT, read_table, say, separate, write_model, write_table


def preprocess(X: pd.DataFrame, *, impute: str | None, scale: bool) -> Any:
    """A `sklearn.pipeline.Pipeline`, fitted on X, whose `transform` gives data frames.

    Parameters
    ----------
    X
        Shape (n, p): features of training rows.
    impute
        Strategy of `SimpleImputer`; None refuses missing values.
    scale
        Whether each column gets mean 0 and standard deviation 1.

    Raises
    ------
    InputError
        A value is missing and `impute` is None.
    """
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import Pipeline
    from sklearn.preprocessing import StandardScaler

    if impute is None:
        refuse_missing(X)
    steps = []
    if impute is not None:
        # A column may be empty in a fold's training rows alone: it then becomes constant, and keeps its place.
        steps.append(("impute", SimpleImputer(strategy=impute, keep_empty_features=True)))
    if scale:
        steps.append(("scale", StandardScaler()))
    return Pipeline(steps or [("identity", "passthrough")]).set_output(transform="pandas").fit(X)


def refuse_missing(X: pd.DataFrame) -> None:
    """Raise InputError for each column of X with a missing value."""
    problems = []
    for name, column in X.items():
        missing = X.index[column.isna()].sort_values()
        if len(missing):
            rows = ", ".join(str(row) for row in missing[:3]) + (" ..." if len(missing) > 3 else "")
            problems.append(
                f"column {name!r}: {len(missing):,} missing (row_id {rows}); preprocess.impute is null and takes none: "
                "use preprocess=standard, or fill them in"
            )
    if problems:
        raise InputError(problems)


def main() -> None:
    """Read, fit on training rows, transform both sides, write."""
    params = config.load()
    sides = {side: separate(read_table(SPLIT / f"{side}.parquet"), params.data.target) for side in ("train", "test")}
    if params.preprocess.impute is None:
        refuse_missing(pd.concat([X for X, _ in sides.values()]))
    fitted = preprocess(sides["train"][0], impute=params.preprocess.impute, scale=params.preprocess.scale)
    for side, (X, y) in sides.items():
        write_table(PREPROCESS / f"{side}.parquet", pd.concat([fitted.transform(X), y], axis=1))
    write_model(PREPROCESS / "preprocessor.skops", fitted)
    settings = ", ".join(f"{key} {value}" for key, value in vars(params.preprocess).items())
    constant = [name for name, values in sides["train"][0].items() if values.nunique() < 2]
    say(settings + (f"; constant in the training rows: {', '.join(constant)}" if constant else ""))


if __name__ == "__main__":
    run(main)
