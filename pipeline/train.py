"""Fits the model on resampled training rows."""

import warnings
from typing import Any

import pandas as pd

from pipeline import config
from pipeline.errors import InputError, run
from pipeline.files import RESAMPLE, TRAIN, read_table, say, separate, write_json, write_model


def train(X: pd.DataFrame, y: pd.Series, model: Any) -> tuple[Any, bool]:
    """The model, fitted, and whether it converged.

    Parameters
    ----------
    X
        Shape (m, p): features of resampled training rows.
    y
        Shape (m,): 0 and 1.
    model
        A scikit-learn classifier; it is fitted.

    Raises
    ------
    InputError
        The model refuses its arguments or these rows.
    """
    from sklearn.exceptions import ConvergenceWarning

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", ConvergenceWarning)
        try:
            model.fit(X, y)
        except ValueError as error:
            raise InputError(f"{type(model).__name__}: {' '.join(str(error).split())}") from error
    converged = True
    for warning in caught:
        if issubclass(warning.category, ConvergenceWarning):
            converged = False
        else:
            warnings.warn_explicit(warning.message, warning.category, warning.filename, warning.lineno)
    return model, converged


def describe(model: Any, converged: bool, y: pd.Series) -> dict[str, Any]:
    """What a person wants to know of a model fitted on y; null where this model has no such thing.

    `trained_prevalence` is the positives' share of the rows' total weight, by count and the model's `class_weight`.
    """
    linear = hasattr(model, "coef_") and hasattr(model, "intercept_")
    weight = model.get_params().get("class_weight")
    share = float((y == 1).mean())
    if weight == "balanced":
        share = 0.5
    elif weight:
        one, zero = (share * weight.get(1, 1.0), (1 - share) * weight.get(0, 1.0))
        share = one / (one + zero)
    return {
        "model": type(model).__name__,
        "trained_prevalence": share,
        "converged": converged,
        "iterations": int(model.n_iter_.max()) if hasattr(model, "n_iter_") and hasattr(model.n_iter_, "max") else None,
        "intercept": float(model.intercept_[0]) if linear else None,
        "coefficients": dict(zip(model.feature_names_in_, model.coef_[0].tolist(), strict=True)) if linear else None,
    }


def main() -> None:
    """Read, fit, write."""
    params = config.load()
    name, target = config.asked(), params.data.target
    model = config.model(params, name)
    X, y = separate(read_table(RESAMPLE / name / "train.parquet").drop(columns=["row_id", "synthetic"]), target)
    try:
        fitted, converged = train(X, y, model)
    except InputError as error:
        raise InputError(f"variants.{name}: {error}") from None
    summary = describe(fitted, converged, y)
    write_model(TRAIN / name / "model.skops", fitted)
    write_json(TRAIN / name / "coefficients.json", summary)
    warning = "" if converged else ": NOT CONVERGED, raise model.max_iter or scale the features"
    say(f"{name}: {summary['model']}, {summary['iterations']} iterations{warning}")


if __name__ == "__main__":
    run(main)
