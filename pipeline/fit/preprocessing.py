"""Fills missing values, scales numbers and encodes categories, fitted on the training rows."""

from typing import Any

import numpy as np
import pandas as pd

from pipeline.config import Preprocess
from pipeline.errors import InputError, set_param
from pipeline.fit.encoding import NAMELESS, Numbers, Whole, by_column, named, refused_rows
from pipeline.fit.steps import Steps
from pipeline.formatting import counted, steps_of
from pipeline.table import columns

CHECKED = 1000  # rows on which it is seen whether rounding leaves whole numbers as they are


def preprocess(X: pd.DataFrame, y: pd.Series, steps: Steps, *, holes: bool = True) -> tuple[Any, pd.DataFrame]:
    """A `sklearn.pipeline.Pipeline` fitted on X, whose steps `prepare` and `encode` give data frames; and X, prepared.

    A sampler stands between them: prepared numbers are float64 and prepared categories text, so that it can tell them
    apart. Encoding rounds what it put between whole numbers, and makes numbers of categories; other numbers pass. An
    encoder that looks at classes is fitted before the sampler, to original rows alone, and X has what it learned of
    other rows than each row's own, as its `fit_transform` gives it.

    Parameters
    ----------
    X, y
        Shapes (n, p) and (n,): features of training rows, in the dtypes that `pipeline.table.columns.typed` gives, and
        their codes.
    steps
        Copies of them are fitted.
    holes
        Whether numbers can be missing in X or in rows that come later. If not, the pipeline need not fill them.

    Raises
    ------
    InputError
        A value is missing and nothing fills it, a column is categorical and nothing encodes it, two columns would have
        one name, or a step can't take X.
    """
    from sklearn.pipeline import Pipeline
    from sklearn.preprocessing import FunctionTransformer

    if steps.impute is None:
        refuse_missing(X)
    if steps.encode is None:
        refuse_categorical(X)
    categories = columns.categorical(X)
    figures = X.drop(columns=categories)  # no copy
    filled, levels, encoder = _numbers(figures, steps, holes=holes), _levels(steps), _ready(steps.encode)
    if steps.supervised:
        levels = Pipeline([*([("levels", levels)] if steps.impute is not None else []), ("encode", encoder)])
    prepared, rows = _fit(filled, figures.columns.tolist(), levels, categories, X, y)
    rounded: Any = FunctionTransformer()  # whose default is the identity
    if not figures.columns.empty:
        filler, made = prepared, rows
        if categories:  # beside which numbers come first
            filler = prepared.named_transformers_["numbers"]
            made = rows.iloc[:, prepared.output_indices_["numbers"]]
        for each in (filled, filler):
            _store_median(each)
        rounded = _whole(figures, filler, made) or rounded
    text = [] if steps.supervised else categories
    encoded, _ = _fit(rounded, rows.columns.drop(text).tolist(), encoder, text, rows, y)
    return Pipeline([("prepare", prepared), ("encode", encoded)]), by_column(rows)


def _ready(step: Any) -> Any:
    """A copy whose table has all columns, by names of ours; None stays None."""
    from sklearn.base import clone

    if step is None:
        return None
    # A column may be empty in a fold's training rows alone: it then becomes constant, and keeps its place.
    ours = {"keep_empty_features": True, "sparse_output": False, "feature_name_combiner": named}
    paths = {path: path.rpartition("__")[2] for path in step.get_params()}
    return clone(step).set_params(**{path: ours[name] for path, name in paths.items() if name in ours})


def _numbers(X: pd.DataFrame, steps: Steps, *, holes: bool) -> Any:
    """What fills and scales columns of numbers, unfitted."""
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import Pipeline

    made: list[tuple[str, Any]] = []
    if any(columns.kind(column) != "numeric" for _, column in X.items()):
        made.append(("numbers", Numbers(tuple(dict.fromkeys(steps.date_parts)))))
    filler, scaler = _ready(steps.impute), _ready(steps.scale)
    if type(filler) is SimpleImputer:
        # Filling makes float64 of integers, too; where nothing else does, it stays.
        if not holes and (scaler is not None or (X.dtypes == "float64").all()):
            filler = None
        elif filler.strategy == "median":
            filler.set_params(strategy=median)
        if filler is not None and not X.isna().any(axis=None):
            filler.set_params(add_indicator=False)  # there is nothing to mark
    made += [("impute", filler)] if filler is not None else []
    made += [("scale", scaler)] if scaler is not None else []
    return Pipeline(made or [("identity", "passthrough")])


def median(values: np.ndarray) -> float:
    """The median of the values that a column has, shape (n,); 0 where there are none.

    It is what `SimpleImputer` finds with the strategy "median", which takes many times as long: it sorts all values,
    with a mask.
    """
    return float(np.median(values)) if len(values) else 0.0


def _store_median(numbers: Any) -> None:
    """Let what fills numbers by `median` be stored as scikit-learn's, which it equals."""
    filler = numbers.named_steps.get("impute")
    if getattr(filler, "strategy", None) is median:
        filler.set_params(strategy="median")


def _levels(steps: Steps) -> Any:
    """What fills columns of categories, unfitted."""
    from sklearn.impute import SimpleImputer
    from sklearn.preprocessing import FunctionTransformer

    if steps.impute is None:
        return FunctionTransformer()
    return SimpleImputer(strategy="constant", fill_value="missing", keep_empty_features=True)


def _whole(X: pd.DataFrame, fitted: Any, rows: pd.DataFrame) -> Whole | None:
    """What rounds the columns of whole numbers; None without any, or if their scale has no way back.

    Parameters
    ----------
    X
        Shape (n, p): columns of numbers.
    fitted
        What fills and scales them.
    rows
        Shape (n, q): what it makes of them.
    """
    from sklearn.frozen import FrozenEstimator

    scaler = fitted.named_steps.get("scale")
    before = rows.columns if scaler is None else getattr(scaler, "feature_names_in_", ())
    if list(before) != rows.columns.tolist() or not (scaler is None or hasattr(scaler, "inverse_transform")):
        return None
    known = fitted.named_steps.get("numbers")
    units: dict[str, list[Any]] = {**_bounds(X), **(known.bounds() if known is not None else {})}
    units |= {name: [0, 1] for name in before if name not in X and name not in units}  # indicators of holes
    if not units or not set(units) <= set(rows.columns):
        return None
    frozen = None if scaler is None else FrozenEstimator(scaler)  # which a ColumnTransformer copies as it is
    rounding, few = Whole(units, frozen).fit(rows), rows.head(CHECKED)
    done = rounding.transform(few)
    if X.isna().any(axis=None):
        _widen(units, rounding.in_own_unit(rows))
    same = [(done[name] == few[name])[X[name].head(CHECKED).notna()].all() for name in units if name in X]
    return rounding if all(same) else None


def _widen(units: dict[str, list[Any]], rows: pd.DataFrame) -> None:
    """Let bounds reach as far as rows do: what fills holes may lie beyond, such as -1 among 0 and 1."""
    for name, (low, high) in units.items():
        whole = np.rint(rows[name])
        units[name] = [
            None if low is None else min(low, int(whole.min())),
            None if high is None else max(high, int(whole.max())),
        ]


def _bounds(X: pd.DataFrame) -> dict[str, list[Any]]:
    """The lowest and the highest whole number of each column that has no others."""
    bounds: dict[str, list[Any]] = {}
    for name, column in X.items():
        kind = columns.kind(column)
        if kind == "integer":
            bounds[str(name)] = [None, None]
        elif kind in ("boolean", "ordinal"):
            bounds[str(name)] = [0, 1 if kind == "boolean" else len(column.cat.categories) - 1]
    return bounds


def _fit(
    of_numbers: Any, numbers: list[str], of_categories: Any, categories: list[str], X: pd.DataFrame, y: pd.Series
) -> Any:
    """Both, side by side and fitted on their columns of X, and the rows that they make."""
    from sklearn.compose import ColumnTransformer

    both = of_categories if categories else of_numbers
    if numbers and categories:
        parts = [("numbers", of_numbers, numbers), ("categories", of_categories, categories)]
        both = ColumnTransformer(parts, verbose_feature_names_out=False)
    with refused_rows():
        rows = both.set_output(transform="pandas").fit_transform(X, y)
    if rows.columns.astype(str).str.startswith("tmp_col_name").any():  # a ColumnTransformer's own
        raise InputError(f"preprocess: a step doesn't name the columns that it makes. {NAMELESS}.")
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
    said = [steps_of(settings.model_dump())]
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
