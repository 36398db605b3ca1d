"""The chain of the tests of folds, and its folds of 60 visits."""

from imblearn import FunctionSampler
from sklearn.linear_model import LogisticRegression

from pipeline.fit import chains, folds
from pipeline.measure.tasks import TWO_CLASSES
from pipeline.table import weights

ONES = weights.ones(60)
STANDARD = {"impute": "median", "scale": True}


def chained(sampler=None, model=None, preprocessing=STANDARD, grid=None):
    return chains.Chain(preprocessing, sampler or FunctionSampler(), model or LogisticRegression(), grid, TWO_CLASSES)


def folded(visits, *, number=3, repeats=1, seed=42, groups=None, times=None, **parts):
    how = {"folds": number, "repeats": repeats, "seed": seed, "groups": groups, "times": times, "weight": ONES}
    return folds.out_of_fold(visits, target="buy", chain=chained(**parts), **how)
