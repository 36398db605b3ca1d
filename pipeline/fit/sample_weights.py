"""Which samplers and models can use row weights, and the weights of resampled rows."""

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
import pandas as pd

from pipeline.errors import InputError
from pipeline.fit.resampling import identity
from pipeline.table import weights


def keeps_rows(sampler: Any) -> bool:
    """Whether each row that the sampler gives is one that it got: repeated or left out, never made up."""
    from imblearn import FunctionSampler
    from imblearn.over_sampling import RandomOverSampler
    from imblearn.under_sampling import ClusterCentroids
    from imblearn.under_sampling.base import BaseCleaningSampler, BaseUnderSampler

    if isinstance(sampler, FunctionSampler):
        return identity(sampler)
    if isinstance(sampler, RandomOverSampler):
        return sampler.shrinkage is None
    return isinstance(sampler, BaseUnderSampler | BaseCleaningSampler) and not isinstance(sampler, ClusterCentroids)


def by_class(y: np.ndarray | pd.Series, weight: np.ndarray) -> np.ndarray:
    """The weights of any rows of two classes, made up or not, where the negatives are a sample of all.

    Parameters
    ----------
    y
        Shape (m,): their codes.
    weight
        Shape (n,), with rows of both classes: see `pipeline.table.negatives.weight`, which gives negatives the highest.
    """
    return np.where(np.asarray(y) == 1, 1.0, weight.max()) if weights.declared(weight) else weights.ones(len(y))


def carried(weight: np.ndarray, sampler: Any, y: pd.Series, *, negatives: bool, class_weight: Any = None) -> np.ndarray:
    """The weights of the rows that a sampler returned, each that of its original, times that of its class.

    Parameters
    ----------
    weight
        Shape (n,): of the rows that the sampler was given.
    sampler
        Fitted.
    y
        Shape (m,): the codes of the rows that it returned.
    negatives
        Whether the negatives are a sample: new rows then have the weight of their class.
    class_weight
        See `pipeline.fit.variants.row_weights`.

    Raises
    ------
    InputError
        The sampler makes up rows.
    """
    if not weights.declared(weight):
        own = weights.ones(len(y))
    elif negatives:
        own = by_class(y, weight)
    elif not keeps_rows(sampler):
        raise InputError(f"{type(sampler).__name__} creates new rows, which have no data.weight. Use another sampler.")
    else:  # imblearn's identity, a FunctionSampler, has no indices
        own = weight[sampler.sample_indices_] if hasattr(sampler, "sample_indices_") else weight
    return times(class_weight, y, own)


def times(class_weight: Any, y: pd.Series, weight: np.ndarray) -> np.ndarray:
    """The weights of rows times those of their classes, by scikit-learn's meaning of `class_weight`; shape (m,)."""
    if class_weight is None:
        return weight
    from sklearn.utils.class_weight import compute_class_weight

    codes = np.unique(y)
    given = compute_class_weight(class_weight, classes=codes, y=y, sample_weight=weights.for_library(weight))
    return np.asarray(weight * given[np.searchsorted(codes, y)], dtype=np.float64)


def problems(
    samplers: Mapping[str, Any], models: Mapping[str, Any], *, leave: Mapping[str, str], own: Collection[str]
) -> list[str]:
    """Why variants cannot go by weights, in words; empty where all can.

    Parameters
    ----------
    samplers, models
        By variant, unfitted.
    leave, own
        By variant the argument that leaves it out, and the variants with a model of their own.
    """
    from sklearn.utils.validation import has_fit_parameter

    found = []
    if made_up := [name for name, sampler in samplers.items() if not keeps_rows(sampler)]:
        others = " ".join(leave[name] for name in made_up)
        found.append(
            f"data.weight: expected samplers that only repeat or drop rows, found {', '.join(made_up)}. New rows have "
            f"no weight. Use random_over, random_under or class_weight, and leave out the others with {others}."
        )
    deaf = {
        name: type(model).__name__ for name, model in models.items() if not has_fit_parameter(model, "sample_weight")
    }
    expected = "data.weight: expected a model that accepts sample_weight, found "
    return found + [f"{expected}{fix}" for fix in _fixes(deaf, "Choose another.", leave=leave, own=own)]


def _fixes(unfit: Mapping[str, str], otherwise: str, *, leave: Mapping[str, str], own: Collection[str]) -> list[str]:
    """Which models of variants can't be used, and what to do: leave out variants with their own, and `otherwise`."""
    common = dict.fromkeys(model for name, model in unfit.items() if name not in own)
    fixes = [f"{model}. {otherwise}" for model in common]
    return fixes + [f"{model}. Leave out {name}: {leave[name]}." for name, model in unfit.items() if name in own]


def without_intercept(models: Mapping[str, Any], *, leave: Mapping[str, str], own: Collection[str]) -> list[str]:
    """Why variants' models can't be fitted on a sample of the negatives, in words; empty where all can.

    Parameters
    ----------
    models
        By variant, unfitted.
    leave, own
        See `problems`.
    """
    from sklearn.linear_model import LogisticRegression

    unfit = {
        name: f"{type(each).__name__}{' without one' * isinstance(each, LogisticRegression)}"
        for name, each in models.items()
        if not (isinstance(each, LogisticRegression) and each.fit_intercept)
    }
    expected = "data.negatives_per_positive: expected LogisticRegression with an intercept, found "
    otherwise = "Choose another model, or set data.negatives_per_positive=null."
    return [f"{expected}{fix}" for fix in _fixes(unfit, otherwise, leave=leave, own=own)]
