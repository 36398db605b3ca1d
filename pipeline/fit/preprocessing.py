"""Fills missing values, scales numbers and encodes categories, fitted on the training rows."""

from typing import Any

import numpy as np
import pandas as pd

from pipeline.config import Preprocess
from pipeline.errors import InputError, set_param
from pipeline.fit.encoding import Numbers, Whole, by_column, named
from pipeline.formatting import counted
from pipeline.table import columns


def preprocess(
    X: pd.DataFrame,
    *,
    impute: str | None,
    scale: bool,
    missing_indicator: bool = False,
    encode: str | None = None,
    min_frequency: float | None = None,
    holes: bool = True,
) -> tuple[Any, pd.DataFrame]:
    """A `sklearn.pipeline.Pipeline` fitted on X, whose steps `prepare` and `encode` give data frames; and X, prepared.

    A sampler stands between them: prepared numbers are float64 and prepared categories text, so that it can tell them
    apart. Encoding rounds what it put between whole numbers, and makes 0 and 1 of categories; other numbers pass.

    Parameters
    ----------
    X
        Shape (n, p): features of training rows, in the dtypes that `pipeline.table.columns.typed` gives.
    impute
        Strategy of `SimpleImputer` for numbers, where a hole in a categorical column is a level of its own, `missing`;
        None refuses missing values.
    scale
        Whether each column of numbers gets mean 0 and standard deviation 1.
    missing_indicator
        Whether each column of numbers with a hole in X gets a column that says where.
    encode
        `onehot`; None refuses categorical columns.
    min_frequency
        Share of X's rows, in (0, 1): levels with fewer become one, `rare`, and unseen levels with them. None keeps all.
    holes
        Whether numbers can be missing in X or in rows that come later. If not, the pipeline need not fill them.

    Raises
    ------
    InputError
        A value is missing and `impute` is None, a column is categorical and `encode` is None, or two columns would
        have one name.
    """
    from sklearn.pipeline import Pipeline
    from sklearn.preprocessing import FunctionTransformer, OneHotEncoder

    if impute is None:
        refuse_missing(X)
    if encode is None:
        refuse_categorical(X)
    categories = columns.categorical(X)
    figures = X.drop(columns=categories)  # no copy
    numbers = figures.columns.tolist()
    # Filling makes float64 of integers, too; where nothing else does, it stays.
    filling = impute if holes or not (scale or (figures.dtypes == "float64").all()) else None
    filled = _numbers(figures, impute=filling, scale=scale, missing_indicator=missing_indicator)
    prepared, rows = _fit(filled, numbers, _levels(impute), categories, X)
    made = rows.columns.drop(categories).tolist()  # numbers, and indicators of holes
    filler = prepared.named_transformers_["numbers"] if numbers and categories else prepared
    for steps in (filled, filler) if numbers and filling == "median" else ():
        steps.set_params(impute__strategy=filling)  # as which `median` is stored: in what was fitted, and in its model
    units = _units(figures, made, filler) if numbers else {}
    rounded = Whole(units) if units else FunctionTransformer()  # whose default is the identity
    onehot = OneHotEncoder(
        drop="if_binary",
        handle_unknown="infrequent_if_exist",
        min_frequency=min_frequency,
        sparse_output=False,
        feature_name_combiner=named,
    )
    encoded, _ = _fit(rounded, made, onehot, categories, rows)
    return Pipeline([("prepare", prepared), ("encode", encoded)]), by_column(rows)


def _numbers(X: pd.DataFrame, *, impute: str | None, scale: bool, missing_indicator: bool) -> Any:
    """What fills and scales columns of numbers, fitted on X."""
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import Pipeline
    from sklearn.preprocessing import StandardScaler

    steps: list[tuple[str, Any]] = []
    if any(columns.kind(column) != "numeric" for _, column in X.items()):
        steps.append(("numbers", Numbers()))
    if impute is not None:
        # A column may be empty in a fold's training rows alone: it then becomes constant, and keeps its place.
        mark = missing_indicator and bool(X.isna().any(axis=None))
        strategy = median if impute == "median" else impute
        filler = SimpleImputer(strategy=strategy, keep_empty_features=True, add_indicator=mark)
        steps.append(("impute", filler))
    if scale:
        steps.append(("scale", StandardScaler()))
    return Pipeline(steps or [("identity", "passthrough")])


def median(values: np.ndarray) -> float:
    """The median of the values that a column has, shape (n,); 0 where there are none.

    It is what `SimpleImputer` finds with the strategy "median", which takes many times as long: it sorts all values,
    with a mask.
    """
    return float(np.median(values)) if len(values) else 0.0


def _levels(impute: str | None) -> Any:
    """What fills columns of categories."""
    from sklearn.impute import SimpleImputer
    from sklearn.preprocessing import FunctionTransformer

    if impute is None:
        return FunctionTransformer()
    return SimpleImputer(strategy="constant", fill_value="missing", keep_empty_features=True)


def _units(X: pd.DataFrame, made: list[str], fitted: Any) -> dict[str, list[Any]]:
    """Mean, standard deviation, lowest and highest of each column in `made` that holds whole numbers alone."""
    scaler = fitted.named_steps.get("scale")
    ranges: dict[str, list[Any]] = {name: [0, 1] for name in made[X.shape[1] :]}
    for name, column in X.items():
        kind = columns.kind(column)
        if kind == "integer":
            ranges[str(name)] = [None, None]
        elif kind in ("boolean", "ordinal"):
            ranges[str(name)] = [0, 1 if kind == "boolean" else len(column.cat.categories) - 1]
    means, sds = (scaler.mean_, scaler.scale_) if scaler else ([0.0] * len(made), [1.0] * len(made))
    places = {name: made.index(name) for name in ranges}
    return {name: [float(means[place]), float(sds[place]), *ranges[name]] for name, place in places.items()}


def _fit(of_numbers: Any, numbers: list[str], of_categories: Any, categories: list[str], X: pd.DataFrame) -> Any:
    """Both, side by side and fitted on their columns of X, and the rows that they make."""
    from sklearn.compose import ColumnTransformer

    both = of_categories if categories else of_numbers
    if numbers and categories:
        parts = [("numbers", of_numbers, numbers), ("categories", of_categories, categories)]
        both = ColumnTransformer(parts, verbose_feature_names_out=False)
    try:
        rows = both.set_output(transform="pandas").fit_transform(X)
    except ValueError as error:  # scikit-learn's, when a category's level makes the name of another column
        raise InputError(f"preprocess: {' '.join(str(error).split()).rstrip('.')}. Rename a column.") from None
    if twins := sorted(set(rows.columns[rows.columns.duplicated()])):
        raise InputError(f"column {twins[0]!r}: preprocessing creates a column of the same name. Rename this one.")
    return both, rows


def refuse_categorical(X: pd.DataFrame) -> None:
    """Raise InputError if columns of X are categorical."""
    if names := columns.categorical(X):
        raise InputError(
            "expected only numbers, because preprocess.encode is null, found categories in "
            f"{', '.join(map(repr, names))}. Use preprocess=auto, or leave them out with "
            f"{set_param('data.drop', names)}."
        )


def refuse_missing(X: pd.DataFrame) -> None:
    """Raise InputError for each column of X with a missing value."""
    problems = []
    for name, column in X.items():
        missing = X.index[column.isna()].sort_values()
        if len(missing):
            rows = ", ".join(str(row) for row in missing[:3]) + (" ..." if len(missing) > 3 else "")
            problems.append(
                f"column {name!r}: expected no missing values, because preprocess.impute is null, found "
                f"{len(missing):,} (row_id {rows}). Use preprocess=auto, or fill them in."
            )
    if problems:
        raise InputError(problems)


def describe(settings: Preprocess, X: pd.DataFrame, rows: pd.DataFrame, encoded: pd.DataFrame) -> list[str]:
    """What was set, and what it made of the training rows X.

    Parameters
    ----------
    settings
        Of `preprocess`.
    X, rows
        Training rows before and after `prepare`.
    encoded
        Any encoded rows.
    """
    said = [", ".join(f"{key} {value}" for key, value in settings.model_dump().items())]
    if names := columns.categorical(rows):
        said.append(
            f"{counted(len(names), 'categorical column')} encoded as "
            f"{counted(encoded.shape[1] - rows.shape[1] + len(names), 'column')} of 0 and 1"
        )
    if holes := [name for name, values in X.items() if values.isna().any()]:
        said.append(f"missing values in the training rows: {', '.join(map(str, holes))}")
    if constant := [name for name, values in X.items() if _constant(values.dropna())]:
        said.append(f"constant in the training rows: {', '.join(map(str, constant))}")
    return said


def _constant(values: pd.Series) -> bool:
    """Whether no value differs from the first."""
    return values.empty or bool((values == values.iloc[0]).all())
