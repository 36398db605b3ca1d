"""Scores raw rows with what was trained: types them as the training rows were, prepares, encodes, predicts, decides."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator

from pipeline.errors import InputError, advise, nearest
from pipeline.fit import encoding
from pipeline.formatting import label_text
from pipeline.measure import calibration
from pipeline.measure.tasks import of_labels
from pipeline.table import columns
from pipeline.table.classes import labels
from pipeline.table.conversions import ColumnError, lines

DEFAULT = 0.5  # threshold where none could be chosen


class Scorer(BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """A fitted chain, with what makes its probabilities mean what they say, and its threshold.

    Parameters
    ----------
    preprocessor
        What `pipeline.fit.preprocessing.preprocess` gave.
    model
        A fitted scikit-learn classifier of codes, 0 and 1 or more.
    declaration
        By name, in the order of training, what `pipeline.table.columns.typed` is told of each feature.
    text
        Features that are text in the source of the training rows; in others a level such as `1` was a number.
    labels
        The table's own, by their codes; of two, 1 is the positive one.
    threshold
        t*: rows whose raw probability is at least this are called positive. None is `DEFAULT`; more than two classes
        have none.
    correction
        `slope` and `intercept`, as for `pipeline.measure.calibration.recalibrate`; or `trained` and `true`, class
        proportions by code, as for `pipeline.measure.task.Task.correct`.
    """

    def __init__(
        self,
        preprocessor: Any,
        model: Any,
        *,
        declaration: Mapping[str, Any],
        text: list[str],
        labels: list[Any],
        threshold: float | None,
        correction: Mapping[str, Any],
    ) -> None:
        self.preprocessor = preprocessor
        self.model = model
        self.declaration = declaration
        self.text = text
        self.labels = labels
        self.threshold = threshold
        self.correction = correction

    def predict(self, rows: pd.DataFrame) -> pd.DataFrame:
        """What the chain says of raw rows, as a file or a request has them.

        Parameters
        ----------
        rows
            Shape (n, p or more), n from 1: the features in any order; other columns are not looked at.

        Returns
        -------
        predictions
            Indexed as `rows`: `probability` of the positive class, corrected; `raw_probability`, as the model gives
            it; `decision`, one of `labels`, by the raw one. More than two classes have both for each, `probability_A`
            and so on, and the decision is by class weights (see `pipeline.measure.multiclass.decide`).

        Raises
        ------
        InputError
            With every problem of the rows that was found.
        """
        X = self.typed(rows)
        prepared = encoding.prepare(self.preprocessor, X)
        if prepared.isna().any(axis=None):  # preprocessing fills no missing values
            raise InputError(
                f"column {name!r}, {lines(np.flatnonzero(X[name].isna()))}: expected a value in every row, as in "
                "training, found none. Fill in these cells."
                for name in X.columns[X.isna().any()]
            )
        raw = self.model.predict_proba(encoding.encode(self.preprocessor, prepared))
        task, proportions = of_labels(self.labels, list(map(label_text, self.labels))), None
        if "slope" in self.correction:
            corrected = calibration.by_class(calibration.recalibrate(raw[:, 1], **self.correction))
        else:
            proportions = np.array(self.correction["trained"])
            corrected = task.correct(raw, trained=proportions, true=np.array(self.correction["true"]))
        rule = {"threshold": DEFAULT if self.threshold is None else self.threshold}
        codes = task.predicted(pd.DataFrame(task.columns(raw)), rule, trained=proportions)
        decision = [self.labels[code] for code in codes]
        return pd.DataFrame({**task.output(corrected, raw), "decision": decision}, index=rows.index)

    def typed(self, rows: pd.DataFrame) -> pd.DataFrame:
        """The features of raw rows, in the order and the dtypes of training: nothing is guessed from these rows.

        Raises
        ------
        InputError
            With each column that is missing, or has cells of another kind or beyond what numbers can do.
        """
        features, problems = {}, []
        for name, declared in self.declaration.items():
            if name not in rows:
                others = [str(each) for each in rows if each not in self.declaration]
                there = f"; {nearest(name, others)}" if others else "."
                problems.append(f"column {name!r}, which the model was trained with, is not there{there}")
                continue
            column = rows[name] if name in self.text else _numbers(rows[name])
            try:
                features[name] = columns.typed(column, declared)
            except ColumnError as error:
                problems.append(f"{error.at(name)} Correct or empty these cells.")
                continue
            if declared == "numeric":
                features[name] = features[name].astype("float64")
            if out_of_range := columns.out_of_range(features[name]):
                problems.append(f"{out_of_range.at(name)} {advise(out_of_range.advice)}")
        if problems:
            raise InputError(problems)
        return pd.DataFrame(features)

    def unseen(self, X: pd.DataFrame) -> dict[str, pd.Series]:
        """By column of typed rows, how many cells hold each level that training rows don't have."""
        known = encoding.levels(self.preprocessor)
        counts = {name: X[name][~X[name].isin(levels)].value_counts() for name, levels in known.items()}
        return {name: cells for name, cells in counts.items() if len(cells)}


def _numbers(column: pd.Series) -> pd.Series:
    """Text as the numbers that it spells, as a file's reader gives them, if every cell is one."""
    if not (column.dtype == object or isinstance(column.dtype, pd.StringDtype)):
        return column
    numbers = pd.to_numeric(column, errors="coerce")
    return column if (numbers.isna() & column.notna()).any() else numbers


def scorer(schema: Mapping[str, Any], preprocessor: Any, model: Any, metrics: Mapping[str, Any]) -> Scorer:
    """The scorer of one variant, from what the stages wrote.

    Probabilities get Platt's correction, which assumes nothing of the model and is what a verdict on log loss or Brier
    score judges; without folds to fit it, that for the shares of the classes.

    Parameters
    ----------
    schema
        See `pipeline.table.read.load`.
    preprocessor, model
        Fitted.
    metrics
        See `pipeline.measure.evaluation.gather`.

    Raises
    ------
    InputError
        The parts are of different tables.
    """
    # What passes all columns through has no names of its own, and the model then has these.
    trained = getattr(preprocessor, "feature_names_in_", getattr(model, "feature_names_in_", schema["features"]))
    if list(trained) != schema["features"]:
        raise InputError("expected a preprocessor and a model of this table, found another's: run `dvc repro`")
    tuned, corrections, named = metrics["holdout"]["tuned"], metrics["probabilities"]["corrections"], labels(schema)
    proportions = {key: list(corrections[key].values()) for key in ("trained", "true")}
    return Scorer(
        preprocessor,
        model,
        declaration=schema["declaration"],
        text=schema["text"],
        labels=named,
        threshold=(tuned or {}).get("threshold"),
        correction=corrections["platt"] or proportions,
    )


def spelled(X: pd.DataFrame, declaration: Mapping[str, Any]) -> pd.DataFrame:
    """Typed rows as a file has them: what only pandas has as floats and text, dates in the format that was declared."""
    made = {}
    for name, column in X.items():
        kind = columns.kind(column)
        if kind == "date":
            form = str(declaration[name])
            made[name] = column.dt.strftime(form if "%" in form else "%Y-%m-%d %H:%M:%S")
        elif kind == "ordinal":
            made[name] = column.astype("str")
        else:
            made[name] = column.astype("float64") if str(column.dtype) in ("Int64", "boolean") else column
    return pd.DataFrame(made)
