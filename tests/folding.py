"""The chain of the tests of folds, and its folds of 60 visits."""

from imblearn import FunctionSampler
from preparing import STANDARD
from sklearn.linear_model import LogisticRegression

from pipeline.fit import chains, folds
from pipeline.fit.chains import prepared
from pipeline.measure.primary import PRIOR_CORRECTED, Criterion
from pipeline.measure.tasks import TWO_CLASSES
from pipeline.table import weights

ONES = weights.ones(60)
LOG_LOSS = Criterion(PRIOR_CORRECTED, "log_loss", -1)


def chained(sampler=None, model=None, preprocessing=STANDARD, grid=None, criterion=LOG_LOSS, task=TWO_CLASSES):
    sampler, model = sampler or FunctionSampler(), model or LogisticRegression()
    search = [{"C": C} for C in grid or ()]
    return chains.Chain(preprocessing, sampler, model, search, criterion if grid else None, task)


def folded(visits, *, number=3, repeats=1, seed=42, groups=None, times=None, prepare=prepared, jobs=1, **parts):
    how = {"folds": number, "repeats": repeats, "seed": seed, "groups": groups, "times": times, "weight": ONES}
    return folds.out_of_fold(visits, target="buy", chain=chained(**parts), prepare=prepare, jobs=jobs, **how)
