"""Six visitors, two of whom buy, judged by two models, and all that follows: an example that several layers share."""

from copy import deepcopy
from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd
import pytest
from cuts import at

from pipeline.config import Evaluate
from pipeline.judge.comparison import compare
from pipeline.judge.evidence import Evidence
from pipeline.measure.evaluation import assess
from pipeline.measure.tasks import TWO_CLASSES
from pipeline.report import files, verify

# Six visitors, two of whom buy. The baseline ranks them rightly and is timid; the other one alerts on four.
ACTUAL = np.array([0, 0, 0, 0, 1, 1])
TIMID = np.array([0.05, 0.1, 0.15, 0.2, 0.3, 0.6])
BOLD = np.array([0.3, 0.4, 0.55, 0.7, 0.65, 0.9])
TRAINED = {"negative": 0.5, "positive": 0.5}


def result(variant, probability, *, tuned, converged=True, synthetic=0):
    rows, settings = pd.DataFrame({"y": ACTUAL, "probability": probability}), of_evaluate()
    return {
        "variant": variant,
        **assess(TWO_CLASSES, rows, None, trained=TRAINED, true=np.array([2 / 3, 1 / 3]), settings=settings),
        "holdout": TWO_CLASSES.holdout(rows, tuned=tuned, trained=np.array([0.5, 0.5]), confidence=0.95),
        "training": {
            "rows": {"negative": 8, "positive": 8},
            "synthetic": {"negative": 0, "positive": synthetic},
            "originals_kept": 10,
            "folds": 2,
            "repeats": 2,
            "folds_converged": 4,
        },
        "model": {
            "model": "LogisticRegression",
            "best_params": {"C": 1.0},
            "tuning": {
                "metric": "average_precision",
                "params": [{"C": 0.01}, {"C": 0.1}, {"C": 1.0}, {"C": 10.0}],
                "values": [0.5, 0.6, 0.7, 0.6],
            },
            "converged": converged,
            "iterations": 7,
            "trained_proportions": TRAINED,
            "intercept": {"positive": 0.0},
            "coefficients": {"positive": {}},
        },
    }


def of_evaluate(**changed):
    """The settings of `evaluate` that are declared, but for those that are changed."""
    return Evaluate(**{key: DECLARED[key] for key in Evaluate.model_fields} | changed)


@cache
def _results():
    return {"none": result("none", TIMID, tuned=at(0.3)), "smote": result("smote", BOLD, tuned=at(0.65), synthetic=6)}


TABLE = {
    "name": "visits",
    "target": "buy",
    "positive": 1,
    "negative": 0,
    "features": ["time"],
    "classes": {"negative": 12, "positive": 4},
    "sha256": "0" * 64,
}


DECLARED = {
    "objective": "balanced_accuracy",
    "beta": None,
    "false_negative_cost": None,
    "false_positive_cost": None,
    "precision_floor": None,
    "recall_floor": None,
    "alerts": None,
    "guarantee": False,
    "confidence": 0.95,
    "folds": 5,
    "repeats": 2,
    "shuffle": True,
    "primary": "average_precision",
    "rope": 0.01,
    "alpha": 0.05,
    "seed": 1,
    "split": {"by": "rows", "test_size": 0.3, "seed": 1, "group_duplicates": False},
    "preprocess": {
        "impute": {"_target_": "sklearn.impute.SimpleImputer", "strategy": "median"},
        "scale": {"_target_": "sklearn.preprocessing.StandardScaler"},
    },
    "search": {"C": [0.01, 0.1, 1.0, 10.0]},
    "tune_for": "primary",
}
PLACES = pd.DataFrame(
    {
        "first": np.float32([0, 1, 2, 2.5]),
        "second": np.float32([1, 0, 1, 0.5]),
        "positive": [False, False, True, True],
        "synthetic": [False, False, False, True],
    }
)
# Each fold holds the six visitors' likes once.
FITS = pd.DataFrame(
    {
        "repeat": [0, 0, 1, 1],
        "fold": [0, 1, 0, 1],
        "training_rows": 6,
        "training_rows_0": 4,
        "training_rows_1": 2,
        "param_C": [0.1, 1.0, 1.0, 1.0],
        "converged": True,
        "trained_proportion_0": 0.5,
        "trained_proportion_1": 0.5,
        "synthetic_near_others": np.nan,
        "real_near_others": np.nan,
    }
)
SYNTHETIC = FITS.assign(synthetic_near_others=[0.4, 0.5, 0.3, 0.4], real_near_others=[0.2, 0.3, 0.3, 0.2])


@cache
def _evidence():
    """Six visitors judged, twelve others in two folds, twice; and what follows from that."""
    results, seen = _results(), {}
    for name, probability in (("none", TIMID), ("smote", BOLD)):
        rows = pd.DataFrame({"repeat": np.repeat([0, 1], 12), "fold": np.tile(np.repeat([0, 1], 6), 2)})
        seen[name] = rows.assign(y=np.tile(ACTUAL, 4), probability=np.tile(probability, 4))
        seen[name].index = pd.Index(np.tile(np.arange(100, 112), 2), name="row_id")
    kept = ("variant", "training", "model")
    probabilities = {"none": TIMID, "smote": BOLD}
    index = pd.RangeIndex(6, name="row_id")
    return verify.recompute(
        Evidence(
            results={name: {key: result[key] for key in kept} for name, result in results.items()},
            predictions={
                name: pd.DataFrame({"y": ACTUAL, "probability": p}, index=index) for name, p in probabilities.items()
            },
            out_of_fold=seen,
            folds={"none": FITS, "smote": SYNTHETIC},
            declared=DECLARED,
            table=TABLE,
            classes={
                "train": {"negative": 8, "positive": 4},
                "test": {"negative": 4, "positive": 2},
                "duplicates": {"crossing": 0, "repeated": 0},
            },
            truth=pd.Series(np.tile(TIMID, 3), index=[*range(6), *range(100, 112)], name="probability"),
            components=dict.fromkeys(results, PLACES),
            hashes={"config": "c" * 64, "code": "d" * 64, "lock": None},
            failed={},
            baselines={},
            command="dvc repro",
        )
    )


@cache
def _comparison():
    return compare(_evidence())


def evidence_of_visitors():
    """A copy, as tests may change what they get."""
    return deepcopy(_evidence())


@pytest.fixture
def results():
    return deepcopy(_results())


@pytest.fixture
def evidence():
    return evidence_of_visitors()


def with_recall_floor(floor):
    """The evidence of visitors where t* has the highest precision under a floor of recall, with its guarantee."""
    changes = {"objective": "precision_at_recall", "recall_floor": floor, "guarantee": True}
    evidence = evidence_of_visitors()
    return verify.recompute(replace(evidence, declared={**evidence.declared, **changes}))


@pytest.fixture
def comparison():
    return deepcopy(_comparison())


@pytest.fixture(scope="session")
def pages():
    """All files that the comparison writes; made once."""
    return files.pages(evidence_of_visitors())


@pytest.fixture
def page(pages):
    return pages["index.html"]


@pytest.fixture
def said(comparison):
    return comparison["verdict"]


@pytest.fixture
def predictions():
    rows = {"none": TIMID, "smote": BOLD, "best possible": TIMID}
    return {name: pd.DataFrame({"y": ACTUAL, "probability": probability}) for name, probability in rows.items()}
