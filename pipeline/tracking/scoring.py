"""Scores raw rows with a trained variant: types, prepares and encodes them, predicts, and decides."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator

from pipeline.errors import InputError, advise, nearest
from pipeline.fit import bounds, encoding
from pipeline.fit.models import scored
from pipeline.formatting import label_text
from pipeline.measure import calibration, isotonic
from pipeline.measure.tasks import of_labels
from pipeline.table import columns
from pipeline.table.classes import labels
from pipeline.table.conversions import ColumnError, as_text, is_number
from pipeline.table.interpretation import interpret
from pipeline.table.origin import origin
from pipeline.table.reading import Missing, Reading

DEFAULT = {"threshold": 0.5}  # rule of decision where no threshold could be chosen


class Scorer(BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """A preprocessor and a model that score raw rows, with the correction of their probabilities and their threshold.

    Parameters
    ----------
    preprocessor
        A fitted one, see `pipeline.fit.preprocessing.preprocess`.
    model
        A fitted scikit-learn classifier; its classes are codes from 0 on.
    declaration
        How each feature was declared, by name, in the order of training; see `pipeline.table.columns.typed`.
    text
        The features that are text in the source of the training rows; in the others a level such as `1` was a number.
    missing
        Marks of missing values, see `pipeline.table.reading.Reading`.
    labels
        The table's labels, by code; of two, code 1 is the positive class.
    rule
        Of two classes, how to decide: rows from `threshold_score` on are predicted positive, which of the training rows
        had a raw probability of at least `threshold`. See `pipeline.measure.task.Task.predicted`.
    correction
        What `pipeline.measure.calibration.platt` or `pipeline.measure.isotonic.isotonic` gives; or `trained` and
        `true`, class proportions by code, as for `pipeline.measure.task.Task.correct`.
    """

    def __init__(
        self,
        preprocessor: Any,
        model: Any,
        *,
        declaration: Mapping[str, Any],
        text: list[str],
        missing: Missing,
        labels: list[Any],
        rule: Mapping[str, float],
        correction: Mapping[str, Any],
    ) -> None:
        self.preprocessor = preprocessor
        self.model = model
        self.declaration = declaration
        self.text = text
        self.missing = missing
        self.labels = labels
        self.rule = rule
        self.correction = correction

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take a stored state, as skops does when it loads a model for MLflow.

        Raises
        ------
        InputError
            Scoring could read or write outside the arrays of the model.
        """
        super().__setstate__(state)
        if found := bounds.fault(self):
            raise InputError(
                f"the model isn't loaded, because it contains {found}. Its file was changed: log the model again with "
                "`rebalance publish`."
            )

    def predict(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Probabilities and decisions for raw rows, as they come in a file or a request.

        Parameters
        ----------
        rows
            Shape (n, p or more), n from 1: the features, in any order; other columns are ignored.

        Returns
        -------
        predictions
            Indexed as `rows`: `probability` of the positive class, corrected; `raw_probability`, the model's own;
            `score`, which ranks rows and is compared with the threshold, see `pipeline.measure.scores`; `decision`, one
            of `labels`. With more than two classes, each class has all three (`probability_A` and so on), and class
            weights decide, see `pipeline.measure.multiclass.decide`.

        Raises
        ------
        InputError
            Lists every problem of the rows.
        """
        X, place = self.typed(rows), origin(rows)
        prepared = encoding.prepare(self.preprocessor, X)
        if prepared.isna().any(axis=None):  # preprocessing fills no missing values
            raise InputError(
                f"column {name!r}, {place.where(np.flatnonzero(X[name].isna()))}: expected a value in every row, as in "
                "training, found a missing value. Fill in these cells."
                for name in X.columns[X.isna().any()]
            )
        raw, score = scored(self.model, encoding.encode(self.preprocessor, prepared))
        task, proportions = of_labels(self.labels, list(map(label_text, self.labels))), None
        if "trained" not in self.correction:
            recalibrate = isotonic.recalibrate if "before" in self.correction else calibration.recalibrate
            corrected = calibration.by_class(recalibrate(raw[:, 1], **self.correction))
        else:
            proportions = np.array(self.correction["trained"])
            corrected = task.correct(raw, trained=proportions, true=np.array(self.correction["true"]))
        predicted = pd.DataFrame(task.columns(raw, score))
        codes = task.predicted(predicted, self.rule, trained=proportions)
        decision = [self.labels[code] for code in codes]
        return pd.DataFrame(
            {**task.output(corrected, raw, task.score(predicted)), "decision": decision}, index=rows.index
        )

    def typed(self, rows: pd.DataFrame) -> pd.DataFrame:
        """The features of raw rows in the order and dtypes of training; these rows themselves decide no dtype.

        Raises
        ------
        InputError
            Lists each column that is missing, or has cells of another kind or numbers out of range.
        """
        features, problems, place = {}, [], origin(rows)
        known = rows[[name for name in self.declaration if name in rows]]
        texts = {name: as_text(column) for name, column in known.items() if not is_number(column)}
        how = Reading(text=self.text, numbers=columns.numbers(self.declaration), missing=self.missing)
        known = interpret(known.assign(**texts), how)
        for name, declared in self.declaration.items():
            if name not in rows:
                others = [str(each) for each in rows if each not in self.declaration]
                there = f"; {nearest(name, others)}" if others else ". Add it."
                problems.append(f"the table has no column {name!r}, which the model needs{there}")
                continue
            try:
                features[name] = columns.typed(known[name], declared)
            except ColumnError as error:
                problems.append(f"{error.at(name, place)} Correct or empty these cells.")
                continue
            if declared == "numeric":
                features[name] = features[name].astype("float64")
            if out_of_range := columns.out_of_range(features[name]):
                problems.append(f"{out_of_range.at(name, place)} {advise(out_of_range.advice)}")
        if problems:
            raise InputError(problems)
        return pd.DataFrame(features)

    def unseen(self, X: pd.DataFrame) -> dict[str, pd.Series]:
        """By column of typed rows, how many cells have each level that no training row had."""
        known = encoding.levels(self.preprocessor)
        counts = {name: X[name][~X[name].isin(levels)].value_counts() for name, levels in known.items()}
        return {name: cells for name, cells in counts.items() if len(cells)}


def scorer(schema: Mapping[str, Any], preprocessor: Any, model: Any, metrics: Mapping[str, Any]) -> Scorer:
    """The scorer of one variant, from the files of the stages.

    It recalibrates probabilities in the way that is better out of fold. Without folds to fit that on, it corrects them
    for the class proportions.

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
        The preprocessor or the model was fitted on another table.
    """
    # A preprocessor that passes all columns through doesn't know their names; then the model does.
    trained = getattr(preprocessor, "feature_names_in_", getattr(model, "feature_names_in_", schema["features"]))
    if list(trained) != schema["features"]:
        raise InputError("the preprocessor or the model was fitted on another table. Run `dvc repro`.")
    tuned, corrections, named = metrics["holdout"]["tuned"], metrics["probabilities"]["corrections"], labels(schema)
    proportions = {key: list(corrections[key].values()) for key in ("trained", "true")}
    return Scorer(
        preprocessor,
        model,
        declaration=schema["declaration"],
        text=schema["text"],
        missing=schema["missing"],
        labels=named,
        rule={key: tuned[key] for key in ("threshold", "threshold_score") if key in tuned} if tuned else DEFAULT,
        correction=corrections.get(corrections["best"], proportions),
    )


def spelled(X: pd.DataFrame, declaration: Mapping[str, Any]) -> pd.DataFrame:
    """Typed rows in the types that MLflow passes to a model unchanged, so that a missing value stays one.

    Whole numbers with missing values are floats, and boolean columns with some are text. Dates that were text are so
    again, in their declared format, since MLflow would read them in another.
    """
    made = {}
    for name, column in X.items():
        kind, form, missing = columns.kind(column), str(declaration[name]), bool(column.isna().any())
        if kind == "date" and form != "date":
            made[name] = column.dt.strftime(form if "%" in form else "%Y-%m-%d %H:%M:%S")
        elif kind == "ordinal" or (kind == "boolean" and missing):
            made[name] = column.astype("str")
        elif kind == "boolean":
            made[name] = column.astype("bool")
        elif kind == "integer":
            made[name] = column.astype("float64" if missing else "int64")
        else:
            made[name] = column
    return pd.DataFrame(made)
