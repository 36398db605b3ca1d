"""Leaks: rows that may choose nothing are garbled, and what must not change is compared."""

import io
import sys
import tempfile
from collections.abc import Callable
from contextlib import redirect_stdout
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from imblearn.over_sampling import SMOTE
from scipy.special import expit

from checks.declared import ROOT, settings
from checks.line import Line
from pipeline import compose, config, files
from pipeline import evaluate as evaluate_stage
from pipeline import ingest as ingest_stage
from pipeline import preprocess as preprocess_stage
from pipeline import resample as resample_stage
from pipeline import split as split_stage
from pipeline import train as train_stage
from pipeline.fit import chains, folds, preprocessing, splits, tuning
from pipeline.measure import evaluation, scores, thresholds
from pipeline.measure.tasks import TWO_CLASSES
from pipeline.table import mountain_shop, split, weights

TEST_SIDE = {"test.parquet", "predictions.parquet", "metrics.json", "confusion_matrix.json"}
TEST_SIDE |= {"classification_report.json"}
SMALL = (
    "data.simulation.rows=200",
    "data.simulation.prevalence=0.2",
    "evaluate.folds=2",
    "evaluate.repeats=1",
    "variants.smote.sampler.k_neighbors=3",
    *(f"~variant@variants.{name}" for name in ("random_under", "random_over", "augmentation", "class_weight")),
)


def garbage(shape: tuple[int, ...]) -> np.ndarray:
    """Values far from any that a table has."""
    return np.random.default_rng(9).normal(1e6, 1e5, shape)


def of_test_rows(leak: str | None = None) -> set[str]:
    """What changes on the training side when the hold-out's test rows are garbled; a leak is planted before."""
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        composed = compose.compose(list(SMALL))
        patch.chdir(folder)
        files.write_text(config.PARAMS, composed)
        honest = split.split
        if leak is not None:
            HOLDOUT_LEAKS[leak](patch)
        with redirect_stdout(io.StringIO()):
            clean, garbled = (_reproduced(patch, honest, garbled=each) for each in (False, True))
    return {name for name in clean.keys() | garbled.keys() if clean.get(name) != garbled.get(name)}


def _reproduced(patch: pytest.MonkeyPatch, honest: Callable, *, garbled: bool) -> dict[str, Any]:
    """The bytes of each file that test rows may not change, and each tuned threshold, after every stage has run."""
    params = config.load()

    def stage(module: Any, *arguments: str) -> None:
        patch.setattr(sys, "argv", [module.__name__, *arguments])
        module.main()

    stage(ingest_stage)
    if garbled:
        # Features before the split, to see what is done before it; labels after it, as they choose its rows.
        whole = files.read_table(files.INGEST / "table.parquet").astype(float)
        how = {"test_size": params.split.test_size, "seed": params.split.seed, "labels": TWO_CLASSES.labels}
        test = honest(whole, target="buy", **how)[1]
        whole.loc[test.index, mountain_shop.COLUMNS] = garbage((len(test), len(mountain_shop.COLUMNS)))
        files.write_table(files.INGEST / "table.parquet", whole.astype({"buy": "int8"}))
    stage(split_stage)
    if garbled:
        rows = files.read_table(files.SPLIT / "test.parquet")
        files.write_table(files.SPLIT / "test.parquet", rows.assign(buy=1 - rows.buy))
    stage(preprocess_stage)
    for module in (resample_stage, train_stage, evaluate_stage):
        for name in params.variants:
            stage(module, name)
    counted = files.SPLIT / "classes.json"  # of both sides, and of test rows that repeat a training row
    made = [path for path in Path("data").rglob("*") if path.is_file() and "ingest" not in path.parts]
    kept: dict[str, Any] = {
        str(path): path.read_bytes() for path in made if path.name not in TEST_SIDE and path != counted
    }
    kept["classes of the training rows"] = files.read_json(counted)["train"]
    for path in Path("reports").rglob("metrics.json"):
        kept[f"threshold of {path.parent.name}"] = files.read_json(path)["holdout"]["tuned"]["threshold"]
    return kept


def _test_rows() -> tuple[pd.DataFrame, pd.Series]:
    return split.separate(files.read_table(files.SPLIT / "test.parquet"), "buy")


def _sampler_before_split(patch: pytest.MonkeyPatch) -> None:
    honest = split.split

    def leaky(rows: pd.DataFrame, *, target: str, **how: Any) -> Any:
        X, y = SMOTE(k_neighbors=3, random_state=0).fit_resample(*split.separate(rows, target))
        return honest(pd.concat([X, y], axis=1).rename_axis(rows.index.name), target=target, **how)

    patch.setattr(split_stage, "split", leaky)


def _scaler_on_all_rows(patch: pytest.MonkeyPatch) -> None:
    honest = preprocessing.preprocess

    def leaky(X: pd.DataFrame, y: pd.Series, steps: Any) -> tuple[Any, pd.DataFrame]:
        fitted, rows = honest(pd.concat([X, _test_rows()[0]]), y, steps)
        return fitted, rows.loc[X.index]

    patch.setattr(preprocess_stage, "preprocess", leaky)


def _threshold_on_test_rows(patch: pytest.MonkeyPatch) -> None:
    honest = thresholds.choose

    def leaky(y: np.ndarray, score: np.ndarray, rule: Any, **how: Any) -> float:
        X, actual = _test_rows()
        how["weight"] = weights.ones(len(actual))
        return honest(actual.to_numpy(), X.time_on_page.to_numpy() / 1e6, rule, **how)

    patch.setattr(thresholds, "choose", leaky)


def _C_on_test_rows(patch: pytest.MonkeyPatch) -> None:
    honest = tuning.tune

    def leaky(X: pd.DataFrame, y: pd.Series, chain: chains.Chain, **how: Any) -> Any:
        more, labels = _test_rows()
        how["weight"] = weights.ones(len(y) + len(labels))
        return honest(pd.concat([X, more]), pd.concat([y, labels]), chain, **how)

    patch.setattr(tuning, "tune", leaky)


HOLDOUT_LEAKS = {
    "sampler before the split": _sampler_before_split,
    "scaler on all rows": _scaler_on_all_rows,
    "threshold on test rows": _threshold_on_test_rows,
    "C on test rows": _C_on_test_rows,
}


def of_held_rows(leak: str | None = None) -> set[str]:
    """What changes of the first fold when rows it holds out are garbled: a leak is planted before.

    Half of them are garbled in the table, where C and the other half's probabilities must stay; all of them, labels
    too, in what the models said, where the threshold must stay.
    """
    params = settings(repeats=1)
    whole, _ = mountain_shop.simulate(rows=200, prevalence=0.2, seed=3)
    whole = whole.astype(float).astype({"buy": "int8"}).rename_axis("row_id")
    # A fine grid, as C is all that the table of fits tells of its choice.
    chain = replace(chains.chain(params, "random_over", TWO_CLASSES), search=[{"C": C} for C in np.logspace(-2, 2, 17)])
    _, _, _, held = next(splits.splits(whole.buy, folds=2, repeats=1, seed=1))
    spoilt, untouched = whole.copy(), held[1::2]
    # Turned round, so that what these rows say contradicts the rest: a C that heeds them must be smaller.
    spoilt.iloc[held[::2], :-1] *= -1
    first, clean = [], None
    with pytest.MonkeyPatch.context() as patch:
        for rows in (whole, spoilt):
            with patch.context() as planted:
                if leak in FOLD_LEAKS and leak != JUDGING:
                    FOLD_LEAKS[leak](planted, *split.separate(rows, "buy"))
                how = {"folds": 2, "repeats": 1, "seed": 1, "weight": weights.ones(len(rows))}
                made = folds.out_of_fold(rows, target="buy", chain=chain, **how)
            said = made.predictions.probability.loc[whole.index[untouched]].tolist()
            first.append({"C": made.fits.param_C[0], "converged": made.fits.converged[0], "probability": said})
            clean = clean or made
    assert clean is not None
    predictions = clean.predictions.copy()
    garbled = -garbage((len(held),)) / 1e6  # low scores of rows that are mostly positive now
    predictions.loc[predictions.fold == 0, "probability"] = expit(garbled)
    predictions.loc[predictions.fold == 0, "score"] = garbled
    predictions.loc[predictions.fold == 0, "y"] = 1 - predictions.y[predictions.fold == 0]
    for found, made in zip(first, (clean, replace(clean, predictions=predictions)), strict=True):
        with pytest.MonkeyPatch.context() as patch:
            if leak == JUDGING:
                FOLD_LEAKS[leak](patch, made.predictions)
            found["threshold"] = evaluation.by_fold(TWO_CLASSES, made, params.evaluate).threshold[0]
    return {key for key in first[0] if first[0][key] != first[1][key]}


def _scaler_on_held_rows(patch: pytest.MonkeyPatch, X: pd.DataFrame, y: pd.Series) -> None:
    honest = chains.preprocess

    def leaky(training: pd.DataFrame, _: pd.Series, steps: Any, **how: Any) -> tuple[Any, pd.DataFrame]:
        fitted, rows = honest(X, y, steps, **how)
        return fitted, rows.loc[training.index]

    patch.setattr(chains, "preprocess", leaky)


def _sampler_before_folds(patch: pytest.MonkeyPatch, X: pd.DataFrame, y: pd.Series) -> None:
    honest = folds.resample
    patch.setattr(folds, "resample", lambda _, __, sampler, *labels: honest(X, y, sampler, *labels))
    patch.setattr(folds.neighbors, "near_others", lambda *_: {})  # which would ask for the rows' places in the fold


def _C_on_held_rows(patch: pytest.MonkeyPatch, X: pd.DataFrame, y: pd.Series) -> None:
    honest = tuning.tune

    def leaky(fit: pd.DataFrame, _: pd.Series, chain: chains.Chain, **how: Any) -> Any:
        how["weight"] = weights.ones(len(X) - len(fit))
        return honest(X.drop(fit.index), y.drop(fit.index), chain, **how)

    patch.setattr(folds, "tune", leaky)


def _threshold_on_held_rows(patch: pytest.MonkeyPatch, seen: pd.DataFrame) -> None:
    honest = thresholds.choose
    whole, weight = (seen.y.to_numpy(), scores.of(seen)), weights.of(seen)
    patch.setattr(thresholds, "choose", lambda y, score, rule, **how: honest(*whole, rule, weight=weight))


FOLD_LEAKS = {
    "sampler before the folds": _sampler_before_folds,
    "scaler on held rows": _scaler_on_held_rows,
    "C on held rows": _C_on_held_rows,
    "threshold on held rows": _threshold_on_held_rows,
}
JUDGING = "threshold on held rows"  # planted where folds are judged, not where they are fitted


def check_leaks(**how: Any) -> Line:
    """Each planted leak changes what garbled rows may not change, and without one nothing changes."""
    caught = [leak for leak in HOLDOUT_LEAKS if of_test_rows(leak)]
    caught += [leak for leak in FOLD_LEAKS if of_held_rows(leak)]
    planted = [*HOLDOUT_LEAKS, *FOLD_LEAKS]
    missed = [leak for leak in planted if leak not in caught]
    silent = not (of_test_rows() | of_held_rows())
    found = f"{len(caught)} of {len(planted)}" + (f", missed {', '.join(missed)}" if missed else "")
    found += "; without a leak nothing changes" if silent else "; without a leak something changes"
    return Line("planted leaks, garbled rows", "each is caught", found, silent and not missed)
