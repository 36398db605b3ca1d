"""How well a single column predicts the classes, whether it has them in it, and whether it is far ahead of others."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from pipeline.measure.statistics import auc_lower
from pipeline.table import columns

FEWEST = 5  # rows of a class that an AUC needs
CLASSES = 20  # most classes that a target may have
HEAD = 1000  # rows that show of most measurements that there are more values than that
CONFIDENCE = 0.95  # of the interval of an AUC
PREDICTIVE = 0.95  # lower limit of the AUC from which a column predicts a class almost alone
CERTAIN = 0.99  # lower limit from which a perfect separation isn't sampling noise; about 100 rows of a rare class
DOMINANT = 0.8  # ROC AUC of a single column that may be too good to be true, if no other comes close:
AHEAD = 1.5  # it is at least so many times as far from 0.5 as the next one's


@dataclass(frozen=True)
class Ranking:
    """What ranking rows by one column shows about the classes.

    Attributes
    ----------
    auc, low
        ROC AUC, in [0.5, 1], of the class with the highest lower limit against the rest, and this limit.
    label
        That class.
    leaks
        Whether the column has all classes in it: it is the target under other names, or it separates all classes
        without an error, and each of them has so many rows that the lower limit is `CERTAIN`. A single class is not
        enough, since a good sensor can separate one from the others. Nor are measurements, which a good sensor can
        separate: the classes must be farther apart than any of them is wide, or all but one have a single value.
    """

    auc: float
    low: float
    label: object
    leaks: bool

    @property
    def predictive(self) -> bool:
        """Whether the column predicts a class almost alone."""
        return self.leaks or self.low >= PREDICTIVE


def rank(typed: pd.Series, labels: pd.Series) -> Ranking | None:
    """How well one column predicts the classes; None where it can't be computed.

    Numbers, dates, booleans and ordered levels rank by their value; other levels by the class's frequency among rows of
    that level in other folds. Missing values rank by being missing.

    Parameters
    ----------
    typed
        Shape (n,), from `pipeline.table.columns.typed`.
    labels
        Shape (n,): the classes. Rows without one don't count.
    """
    labeled = labels.notna().to_numpy()
    typed, labels = typed[labeled], labels[labeled]
    counts = labels.value_counts()
    classes = [label for label, count in counts.items() if FEWEST <= count <= len(labels) - FEWEST]
    if not 2 <= len(counts) <= CLASSES or not classes:
        return None
    classes = classes[-1:] if len(counts) == 2 else classes
    found = [(*_best(typed, (labels == label).to_numpy()), label) for label in classes]
    low, auc, label = max(found, key=lambda each: each[:2])
    if not low:
        return None
    return Ranking(auc, low, label, leaks=_leaks(typed, labels, counts))


def dominant(rankings: Mapping[str, Ranking]) -> tuple[str, str] | None:
    """The column that predicts the class far better than all others, and the next best one; None if there is none."""
    ranked = sorted(rankings, key=lambda name: -rankings[name].auc)
    if len(ranked) < 2 or rankings[ranked[0]].predictive:
        return None
    first, second = (rankings[name].auc for name in ranked[:2])
    return (ranked[0], ranked[1]) if first >= DOMINANT and first - 0.5 >= AHEAD * (second - 0.5) else None


def noted(training: pd.DataFrame, target: str) -> dict[str, dict[str, float]]:
    """`suspects`: ROC AUC by name of the columns that predict a class almost alone, or far better than all others.

    Empty where there are none.

    Parameters
    ----------
    training
        Shape (n, p + 1): training rows, with features as `pipeline.table.columns.typed` gives them.
    target
        Name of the column with the classes.
    """
    rankings = {
        str(name): ranking
        for name, column in training.drop(columns=target).items()
        if (ranking := rank(column, training[target])) is not None
    }
    names = [name for name, ranking in rankings.items() if ranking.predictive]
    if ahead := dominant(rankings):
        names.append(ahead[0])
    return {"suspects": {name: round(rankings[name].auc, 4) for name in names}} if names else {}


def _best(typed: pd.Series, truth: np.ndarray) -> tuple[float, float]:
    """The highest lower limit of an AUC of one class against the rest, and the AUC; zeros where there is none."""
    missing = typed.isna().to_numpy()
    scores = [(truth, missing.astype(float))] if missing.any() else []
    if columns.kind(typed) == "categorical":
        scores.append((truth, _out_of_fold(typed, truth)))
    else:
        scores.append((truth[~missing], _values(typed)[~missing]))
    found = [(0.0, 0.0)]
    for one, score in scores:
        positives = int(one.sum())
        if FEWEST <= positives <= len(one) - FEWEST and np.isfinite(score).all():
            area = _area(score[one], score[~one])
            auc = max(area, 1 - area)
            found.append((auc_lower(auc, positives, len(one) - positives, confidence=CONFIDENCE), auc))
    return max(found)


def _area(positive: np.ndarray, negative: np.ndarray) -> float:
    """ROC AUC: how often a positive is above a negative, where ties count half (Mann & Whitney).

    scikit-learn's function gives the same but for rounding, and takes several times as long.
    """
    ordered = np.sort(negative)
    below, upto = (np.searchsorted(ordered, positive, side).sum() for side in ("left", "right"))
    return float((below + upto) / (2 * len(positive) * len(negative)))


def _values(typed: pd.Series) -> np.ndarray:
    """Values that rank as the cells do; missing ones are NaN."""
    if columns.kind(typed) == "ordinal":
        typed = typed.cat.codes.where(typed.notna())
    elif columns.kind(typed) == "date":
        typed = typed.astype("datetime64[s]").astype("int64").where(typed.notna())
    values: np.ndarray = typed.to_numpy(dtype="float64", na_value=np.nan)
    return values


def _out_of_fold(levels: pd.Series, truth: np.ndarray) -> np.ndarray:
    """The frequency of a class among rows of the same level in other folds, shrunk towards its overall frequency."""
    from sklearn.model_selection import StratifiedKFold
    from sklearn.preprocessing import TargetEncoder

    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    shown = levels.astype(object).where(levels.notna(), "").to_numpy().reshape(-1, 1)
    frequencies: np.ndarray = TargetEncoder(target_type="binary", cv=folds).fit_transform(shown, truth)[:, 0]
    return frequencies


def _leaks(typed: pd.Series, labels: pd.Series, counts: pd.Series) -> bool:
    """See `Ranking.leaks`."""
    classes, ordered = pd.factorize(labels)[0], columns.kind(typed) != "categorical"
    # Measurements of classes that overlap don't leak. That is seen at a glance, before values are told apart.
    if ordered and typed.iloc[:HEAD].nunique() > CLASSES and _ranges(typed, classes) is None:
        return False
    cells = pd.factorize(typed, use_na_sentinel=False)[0]
    levels = int(cells.max()) + 1
    of_level = np.empty(levels, dtype=classes.dtype)
    of_level[cells] = classes
    if (of_level[cells] != classes).any():  # a value that two classes have
        return False
    if levels == len(counts):
        return len(labels) - int(counts.iloc[0]) >= FEWEST
    rare = int(counts.iloc[-1])
    if auc_lower(1.0, rare, len(labels) - rare, confidence=CONFIDENCE) < CERTAIN:
        return False
    if not ordered or levels <= CLASSES:
        return levels <= max(CLASSES, len(labels) / (2 * FEWEST))
    if (ranges := _ranges(typed, classes)) is None:
        return False
    low, high = ranges
    wide = np.subtract(high, low, out=np.zeros_like(low), where=low < high)
    apart = bool((low[1:] - high[:-1] > wide.max()).all())
    return columns.kind(typed) == "date" or apart or int((wide == 0).sum()) >= len(counts) - 1


def _ranges(typed: pd.Series, classes: np.ndarray) -> np.ndarray | None:
    """The lowest and the highest value of each class, shape (2, classes), in order; None where classes overlap."""
    values = np.nan_to_num(_values(typed), nan=np.inf)
    each = [values[classes == code] for code in range(int(classes.max()) + 1)]
    low, high = ranges = np.transpose(sorted((own.min(), own.max()) for own in each))
    return None if (low[1:] <= high[:-1]).any() else np.asarray(ranges)
