"""Checks, on tables whose truth is known, that the statistics keep what they promise.

    python tests/checks.py [NAME ...] [--tables FOLDER] [--jobs N]

All of them take hours. What each table gave is kept in checks/, so that a check that was stopped goes on where it was;
changed code or settings begin anew. The exit status is 1 where a check does not hold.
"""

import argparse
import hashlib
import io
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass, replace
from functools import cache
from math import log
from pathlib import Path
from typing import Any

import pipeline  # noqa: F401  before numpy loads: it sets the number of BLAS threads

# isort: split
import numpy as np
import pandas as pd
import pytest
from imblearn.over_sampling import SMOTE
from joblib import Parallel, delayed
from scipy.special import expit
from scipy.stats import binom
from sklearn.base import BaseEstimator
from tabulate import tabulate
from tqdm import tqdm

from pipeline import compose, config, files
from pipeline import evaluate as evaluate_stage
from pipeline import ingest as ingest_stage
from pipeline import preprocess as preprocess_stage
from pipeline import resample as resample_stage
from pipeline import split as split_stage
from pipeline import train as train_stage
from pipeline.config import Config
from pipeline.files import digest
from pipeline.fit import chains as chains_
from pipeline.fit import code as code_
from pipeline.fit import folds, models, preprocessing, provenance, resampling, run, splits, tuning
from pipeline.judge import caveats
from pipeline.judge.action import judge
from pipeline.judge.primary import COLUMNS
from pipeline.measure import evaluation, thresholds
from pipeline.measure.metrics import average_precision, roc_auc
from pipeline.measure.statistics import correlated, wilson
from pipeline.measure.tasks import TWO_CLASSES, task_of
from pipeline.table import mountain_shop, split, weights

ROOT = Path(__file__).parents[1]
KEPT = ROOT / "checks"
TABLES = ROOT.parent / "shared" / "data"
RANKING = {"average_precision": average_precision, "roc_auc": roc_auc}


@dataclass(frozen=True)
class Line:
    """What a check must give, what it gave, and whether that will do: None where nothing could be asked of it."""

    check: str
    must: str
    found: str
    holds: bool | None


def settings(*, repeats: int | None = None, **model: Any) -> Config:
    """Everything as conf/ has it, but for the repeats of the folds and for these keys of the model's node."""
    raw = config.read(ROOT / "params.yaml")
    counts = {} if repeats is None else {"repeats": repeats}
    changed = {"model": {**raw["model"], **model}, "evaluate": {**raw["evaluate"], **counts}}
    return config.check({**raw, **changed})


# What a table gave is kept.


def outcomes(
    make: Callable[..., dict[str, Any]], cases: Iterable[Any], *, folder: Path | None = None, jobs: int = 1, **how: Any
) -> dict[Any, dict[str, Any]]:
    """`make(case, **how)` by case; what lies below `folder` is not made again."""
    cases = list(cases)
    key = digest([code(), {name: str(value) for name, value in how.items()}])[:12]
    kept = folder and folder / f"{make.__name__}-{key}"
    missing = [case for case in cases if not (kept and (kept / f"{case}.json").is_file())]
    each = Parallel(n_jobs=jobs, return_as="generator_unordered")(
        delayed(_outcome)(make, case, kept, how) for case in missing
    )
    there, total = len(cases) - len(missing), len(cases)
    made = dict(tqdm(each, desc=make.__name__, initial=there, total=total, delay=2, mininterval=5, leave=False))
    return {case: made[case] if case in made else files.read_json(kept / f"{case}.json") for case in cases}


def _outcome(make: Callable[..., dict[str, Any]], case: Any, kept: Path | None, how: dict[str, Any]) -> Any:
    begin = time.perf_counter()
    found = make(case, **how)
    if kept is not None:
        files.write_json(kept / f"{case}.json", {**found, "seconds": round(time.perf_counter() - begin, 1)})
    return case, found


@cache
def code() -> str:
    """What outcomes depend on besides their settings: the modules and packages of a run, and this file."""
    return digest([code_.code(), hashlib.sha256(Path(__file__).read_bytes()).hexdigest()])


def folded(table: pd.DataFrame, target: str, chains: dict[str, chains_.Chain], params: Config, seed: int) -> dict:
    """What `judged` needs of each chain's folds, as plain data by column."""
    found, how = {}, {"settings": params.evaluate, "seed": seed, "weight": weights.ones(len(table))}
    how["prepare"] = chains_.Shared()
    for name, chain in chains.items():
        made = folds.refit(table, target=target, chain=chain, **how)
        assert made is not None
        rows = evaluation.by_fold(chain.task, made, params.evaluate)
        columns = ["repeat", "fold", "rows", "training_rows", *(COLUMNS[metric][0] for metric in RANKING)]
        found[name] = {column: rows[column].tolist() for column in columns}
    return found


def judged(made: dict[str, Any], *, primary: str = "average_precision") -> dict[str, Any]:
    """The verdict on what `folded` made, with the default region and error."""
    tables = {name: pd.DataFrame(rows) for name, rows in made.items() if isinstance(rows, dict)}
    declared = settings().compare
    return judge(
        tables,
        thresholds=dict.fromkeys(tables),
        primary=primary,
        rope=declared.rope,
        alpha=declared.alpha,
    )


def table(X: np.ndarray, y: np.ndarray) -> pd.DataFrame:
    """Features x0, x1, ... and the target y."""
    named = pd.DataFrame(X, columns=[f"x{column}" for column in range(X.shape[1])])
    return named.assign(y=y.astype("int8")).rename_axis("row_id")


# Noise: no method can help where there is nothing to learn.

NOISE_LIMIT = 0.08  # of the tables: at a true error of .05 more than 16 of 200 has probability .01


def noise(seed: int, *, params: Config) -> dict[str, Any]:
    """The folds of every variant on 600 rows, 60 of them positive: labels permuted, or, for odd seeds, pure noise."""
    rng = np.random.default_rng(seed)
    y = rng.permutation(np.repeat([0, 1], [540, 60]))
    if seed % 2:
        X = rng.normal(size=(600, 5))
    else:
        visits, _ = mountain_shop.simulate(rows=600, prevalence=0.1, seed=seed)
        X = visits[mountain_shop.COLUMNS].to_numpy(dtype=float)
    chains = {name: chains_.chain(params, name, TWO_CLASSES) for name in params.variants}
    return folded(table(X, y), "y", chains, params, seed)


def check_noise(number: int = 200, **how: Any) -> Line:
    """Few verdicts on noise name a method."""
    made = outcomes(noise, range(number), params=settings(), **how)
    named = Counter(judged(found)["variant"] for found in made.values())
    methods = {name: times for name, times in named.items() if name != "none"}
    total, most = sum(methods.values()), int(NOISE_LIMIT * number)
    which = f" ({', '.join(f'{name} {times}' for name, times in methods.items())})" if methods else ""
    must = f"at most {most} verdicts name a method"
    return Line(f"noise, {number} tables", must, f"{total}{which}", total <= most)


# Mirror null: each learner sees one of two halves of the features that can be exchanged, so that neither is better.

MIRROR = (0.02, 0.09)  # share of rejections at alpha .05


def halves(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Features, shape (600, 8), whose columns 0 to 3 and 4 to 7 mean the same, and labels, about 10 % positive."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(600, 8))
    return X, (rng.random(600) < expit(-3.1 + X @ np.tile([0.8, -0.6, 0.4, 0.0], 2))).astype(int)


def mirror(seed: int, *, params: Config) -> dict[str, Any]:
    """By metric, p of the difference between two logistic regressions, one a half, by both t-tests."""
    X, y = halves(seed)
    chain = chains_.chain(params, "none", TWO_CLASSES)
    scores: dict[str, list[np.ndarray]] = {metric: [] for metric in RANKING}
    how = {"folds": 5, "repeats": params.evaluate.repeats, "seed": seed, "weight": weights.ones(len(y))}
    for columns in (slice(0, 4), slice(4, 8)):
        seen = folds.out_of_fold(table(X[:, columns], y), target="y", chain=chain, **how).predictions
        for metric, score in RANKING.items():
            each = [
                score(rows.y.to_numpy(), rows.probability.to_numpy(), weights.of(rows))
                for _, rows in seen.groupby(["repeat", "fold"])
            ]
            scores[metric].append(np.array(each))
    return {metric: _p(one - other) for metric, (one, other) in scores.items()}


def mirror_of_means(seed: int) -> dict[str, Any]:
    """As `mirror`, with the difference of the class means as direction: quick."""
    X, y = halves(seed)
    differences = []
    for _, _, fit, held in splits.splits(pd.Series(y), folds=5, repeats=10, seed=seed):
        direction = X[fit][y[fit] == 1].mean(axis=0) - X[fit][y[fit] == 0].mean(axis=0)
        scores = (X[held, half] @ direction[half] for half in (slice(0, 4), slice(4, 8)))
        # ROC AUC as Mann and Whitney count it; no two scores are equal.
        one, other = ((score[y[held] == 1, None] > score[y[held] == 0]).mean() for score in scores)
        differences.append(one - other)
    return {"roc_auc": _p(np.array(differences))}


def _p(differences: np.ndarray) -> dict[str, float]:
    corrected, plain = (correlated(differences, test_over_train=q, rope=0.0, alpha=0.05).p for q in (1 / 4, 0.0))
    return {"corrected": corrected, "plain": plain}


def rejections(made: Iterable[dict[str, Any]], metric: str, test: str = "corrected") -> float:
    """The share of tables whose p-value is below .05."""
    return float(np.mean([found[metric][test] < 0.05 for found in made]))


def check_mirror(number: int = 200, **how: Any) -> Line:
    """The corrected t-test rejects about as often as it says where neither of two learners is better."""
    made = list(outcomes(mirror, range(number), params=settings(tune=False), **how).values())
    shares = {metric: rejections(made, metric) for metric in RANKING}
    plain = " and ".join(f"{rejections(made, metric, 'plain'):.1%}" for metric in RANKING)
    found = ", ".join(f"{metric} {share:.1%}" for metric, share in shares.items())
    low, high = MIRROR
    return Line(
        f"mirror null, {number} tables",
        f"rejects in {low:.0%} to {high:.0%}, on either metric",
        f"{found} (without the correction {plain})",
        all(low <= share <= high for share in shares.values()),
    )


# Planted gain: more genuine positives make a better model of so few rows.

SHIFT = np.full(250, 2.5 / np.sqrt(250))  # of the positives' mean, two and a half standard deviations in all
SPREAD = {"grid": [0.01, 0.1]}  # such small coefficients want a strong penalty


class Oracle(BaseEstimator):
    """A sampler that adds positives drawn from the truth."""

    def __init__(self, positives=600, random_state=None):
        self.positives = positives
        self.random_state = random_state

    def fit_resample(self, X, y):
        drawn = np.random.default_rng(self.random_state).normal(SHIFT, 1, (self.positives, SHIFT.size))
        more = pd.Series(1, range(self.positives), dtype=y.dtype, name=y.name)
        return pd.concat([X, pd.DataFrame(drawn, columns=X.columns)]), pd.concat([y, more])


def oracle(seed: int, *, params: Config) -> dict[str, Any]:
    """The folds without a sampler and with the oracle: 600 rows, 60 of them positive, 250 features."""
    rng = np.random.default_rng(seed)
    y = rng.permutation(np.repeat([0, 1], [540, 60]))
    X = rng.normal(size=(600, SHIFT.size)) + np.outer(y, SHIFT)
    baseline = replace(chains_.chain(params, "none", TWO_CLASSES), preprocessing={"impute": None, "scale": False})
    both = {"none": baseline, "oracle": replace(baseline, sampler=Oracle(random_state=0))}
    return folded(table(X, y), "y", both, params, seed)


def check_oracle(number: int = 50, *, params: Config | None = None, **how: Any) -> Line:
    """A gain that is there is found."""
    made = outcomes(oracle, range(number), params=params or settings(**SPREAD), **how)
    tests = [judged(found)["methods"][0] for found in made.values()]
    share = float(np.mean([test["call"] == "BETTER" for test in tests]))
    gain = float(np.mean([test["mean"] for test in tests]))
    found = f"{share:.0%}, average precision {gain:+.3f} on average"
    return Line(f"planted gain, {number} tables", "BETTER in at least 80 %", found, share >= 0.8)


# Well-specified truth: resampling and weights move the intercept by log r, and nothing else; SMOTE moves slopes too.

UNPENALISED = {"tune": False, "C": float("inf")}
SLOPES = np.array([1.0, -0.7, 0.4, 0.0])
LIFTED = ("random_over", "class_weight")


def logistic(seed: int, *, rows: int = 20_000, curve: Sequence[float] = (0.0, 0.0)) -> pd.DataFrame:
    """Rows of a logistic truth, about 5 % positive; `curve` has what the model leaves out: x0's square, and x0 x1."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(rows, SLOPES.size))
    logit = X @ SLOPES + curve[0] * X[:, 0] ** 2 + curve[1] * X[:, 0] * X[:, 1]
    return table(X, (rng.random(rows) < expit(logit - (4.85 if any(curve) else 3.7))).astype(int))


def unpenalised(seed: int, *, params: Config, **truth: Any) -> dict[str, Any]:
    """The content of metrics.json of `none`, `LIFTED` and `smote`, as one split of the table makes them."""
    sides = split.split(logistic(seed, **truth), target="y", test_size=0.3, seed=seed, labels=TWO_CLASSES.labels)
    (X, y), (X_test, y_test) = (split.separate(rows, "y") for rows in sides)
    true, found = weights.proportions(y, weights.ones(len(y))), {}
    for name in ("none", *LIFTED, "smote"):
        chain = chains_.chain(params, name, TWO_CLASSES)
        X_resampled, y_resampled = resampling.resample(X, y, tuning.reseeded(chain.sampler, seed), TWO_CLASSES.labels)
        origin = provenance.provenance(X, y, X_resampled, y_resampled)
        weight = weights.ones(len(y_resampled))
        model, converged = models.train(X_resampled, y_resampled, chain.model, weight)
        fitted = models.describe(model, converged, y_resampled, None, TWO_CLASSES, weight)
        predictions = models.predict(model, X_test, y_test, TWO_CLASSES, weights.ones(len(y_test)))
        how = {"trained": fitted["trained_proportions"], "true": true, "settings": params.evaluate}
        assessed = evaluation.assess(TWO_CLASSES, predictions, None, **how)
        counts = provenance.count(y_resampled, origin, TWO_CLASSES.names)
        found[name] = evaluation.gather(name, assessed, classes=counts, fitted=fitted, folded=None)
    return {"results": found, "log_r": log((1 - y.mean()) / y.mean())}


def shifts(made: Iterable[dict[str, Any]], name: str) -> tuple[float, np.ndarray, float]:
    """Means over tables against none: of the intercept beyond log r, of each slope, and of the calibration ratio."""
    intercepts, slopes, ratios = [], [], []
    for found in made:
        ours, baseline = (found["results"][each]["model"] for each in (name, "none"))
        intercepts.append(ours["intercept"]["positive"] - baseline["intercept"]["positive"] - found["log_r"])
        after, before = (list(each["coefficients"]["positive"].values()) for each in (ours, baseline))
        slopes.append(np.subtract(after, before))
        ratios.append(found["results"][name]["probabilities"]["prior_corrected"]["calibration_ratio"])
    return float(np.mean(intercepts)), np.mean(slopes, axis=0), float(np.mean(ratios))


def check_well_specified(number: int = 20, *, rows: int = 20_000, **how: Any) -> Line:
    """Where the model is right, rebalancing moves the intercept by log r and leaves the slopes, but for SMOTE."""
    made = list(outcomes(unpenalised, range(number), params=settings(**UNPENALISED), rows=rows, **how).values())
    found, holds = [], True
    for name in LIFTED:
        intercept, slopes, ratio = shifts(made, name)
        worst = float(np.abs(slopes).max())
        found.append(f"{name}: intercept {intercept:+.3f}, slopes {worst:.3f}, ratio {ratio:.3f}")
        holds &= abs(intercept) <= 0.05 and worst <= 0.03 and 0.95 <= ratio <= 1.05
    worst = float(np.abs(shifts(made, "smote")[1]).max())
    return Line(
        f"well-specified truth, means of {number} tables",
        "intercept beyond log r within .05, slopes within .03 (absolute; features have sd 1), "
        "calibration ratio after correction .95 to 1.05; smote's slopes beyond .03",
        "; ".join([*found, f"smote: slopes {worst:.3f}"]),
        bool(holds and worst > 0.03),
    )


def warned(found: dict[str, Any]) -> set[str]:
    """The variants of which a caveat says that the formula does not hold."""
    said = caveats.misspecified(found["results"])
    return {name for name in found["results"] if any(name in each for each in said)}


def check_misspecified(number: int = 5, **how: Any) -> Line:
    """Where the model is wrong, the comparison says that the correction does not hold."""
    # Corrected, the balanced model predicts .79 of the positives; with the interaction turned round it would be .94,
    # which the caveat passes over. 60,000 rows, so that chance is no part of it.
    truth = {"rows": 60_000, "curve": (0.5, -0.8)}
    made = outcomes(unpenalised, range(number), params=settings(**UNPENALISED), **truth, **how)
    raised = [warned(found) for found in made.values()]
    times = sum(set(LIFTED) <= names for names in raised)
    ratios = ", ".join(f"{name} {shifts(made.values(), name)[2]:.2f}" for name in ("none", *LIFTED, "smote"))
    return Line(
        f"a square and an interaction left out, {number} tables",
        f"the caveat names {' and '.join(LIFTED)} on each, and never none",
        f"{times} of {number}, none {sum('none' in names for names in raised)}; calibration ratios {ratios}",
        times == number and not any("none" in names for names in raised),
    )


# Real tables.


def real(case: str, *, params: Config, tables: Path) -> dict[str, Any]:
    """The folds of one variant on a real table's training rows; `case` is the table, a blank, the variant."""
    name, variant = case.split()
    (path,) = tables.glob(f"{name}.csv*")
    data = params.data.model_copy(update={"name": name, "path": str(path), "target": "target", "simulation": None})
    training, _ = run.sides(data, params.split)
    chain = chains_.chain(params, variant, task_of(run.table(data)[2]))
    return folded(training, "target", {variant: chain}, params, params.seed)


def of_table(name: str, params: Config, tables: Path, **how: Any) -> dict[str, Any]:
    """The folds of every variant on a real table."""
    cases = [f"{name} {variant}" for variant in params.variants]
    made = outcomes(real, cases, params=params, tables=tables, **how)
    return {variant: made[f"{name} {variant}"][variant] for variant in params.variants}


def calls(said: dict[str, Any]) -> str:
    """Each method's difference and call, in words."""
    each = [f"{test['variant']} {test['mean']:+.3f} {test['call']}" for test in said["methods"]]
    return f"none {said['reference']:.3f}; " + ", ".join(each)


def check_thyroid(*, tables: Path = TABLES, **how: Any) -> Line:
    """The table where rebalancing is known to help says so."""
    check, must = "ann_thyroid, ROC AUC", "a method is BETTER"
    if not tables.is_dir():
        return Line(check, must, "skipped: no shared/data beside the project", None)
    said = judged(of_table("ann_thyroid", settings(), tables, **how), primary="roc_auc")
    return Line(check, must, calls(said), any(test["call"] == "BETTER" for test in said["methods"]))


def check_mammography(*, tables: Path = TABLES, **how: Any) -> Line:
    """SMOTE's known loss of average precision on mammography, .62 to .53, is seen and called."""
    must = "smote is WORSE, by .04 to .14 (known: .62 to .53)"
    line, said = _of_known_table("mammography", must, tables, settings(), **how)
    smote = next((test for test in said["methods"] if test["variant"] == "smote"), None)
    return line if smote is None else replace(line, holds=smote["call"] == "WORSE" and -0.14 <= smote["mean"] <= -0.04)


def check_us_crime(*, tables: Path = TABLES, **how: Any) -> Line:
    """The calls on us_crime, of which nothing is known for sure."""
    return _unknown("us_crime", tables, **how)


def check_letter_Z(*, tables: Path = TABLES, **how: Any) -> Line:
    """The calls on letter_Z, of which nothing is known for sure."""
    return _unknown("letter_Z", tables, **how)


def _unknown(name: str, tables: Path, **how: Any) -> Line:
    """That no method makes a better logistic regression is the rule, which a table may break."""
    line, said = _of_known_table(name, "told, not demanded: no method is BETTER", tables, settings(repeats=2), **how)
    better = [test["variant"] for test in said["methods"] if test["call"] == "BETTER"]
    words = f"breaks the rule: {', '.join(better)}" if better else "follows the rule"
    return replace(line, found=f"{line.found}; {words}") if said["methods"] else line


def _of_known_table(name: str, must: str, tables: Path, params: Config, **how: Any) -> tuple[Line, dict[str, Any]]:
    check = f"{name}, average precision, {params.evaluate.repeats} repeats"
    if not tables.is_dir():
        return Line(check, must, "skipped: no shared/data beside the project", None), {"methods": []}
    said = judged(of_table(name, params, tables, **how))
    return Line(check, must, calls(said), None), said


# Leaks: rows that may choose nothing are garbled, and what must not change is compared.

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
    patch.setattr(preprocess_stage, "preprocess", lambda X, **how: honest(pd.concat([X, _test_rows()[0]]), **how))


def _threshold_on_test_rows(patch: pytest.MonkeyPatch) -> None:
    honest = thresholds.choose

    def leaky(y: np.ndarray, probability: np.ndarray, rule: Any, **how: Any) -> float:
        X, actual = _test_rows()
        how["weight"] = weights.ones(len(actual))
        return honest(actual.to_numpy(), expit(X.time_on_page.to_numpy() / 1e6), rule, **how)

    patch.setattr(thresholds, "choose", leaky)


def _C_on_test_rows(patch: pytest.MonkeyPatch) -> None:
    honest = tuning.tune

    def leaky(X: pd.DataFrame, y: pd.Series, chain: chains_.Chain, **how: Any) -> Any:
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
    chain = replace(chains_.chain(params, "random_over", TWO_CLASSES), grid=np.logspace(-2, 2, 17).tolist())
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
            first.append({"C": made.fits.C[0], "converged": made.fits.converged[0], "probability": said})
            clean = clean or made
    assert clean is not None
    predictions = clean.predictions.copy()
    predictions.loc[predictions.fold == 0, "probability"] = expit(garbage((len(held),)) / 1e6)
    predictions.loc[predictions.fold == 0, "y"] = 1 - predictions.y[predictions.fold == 0]
    for found, made in zip(first, (clean, replace(clean, predictions=predictions)), strict=True):
        with pytest.MonkeyPatch.context() as patch:
            if leak == JUDGING:
                FOLD_LEAKS[leak](patch, made.predictions)
            found["threshold"] = evaluation.by_fold(TWO_CLASSES, made, params.evaluate).threshold[0]
    return {key for key in first[0] if first[0][key] != first[1][key]}


def _scaler_on_held_rows(patch: pytest.MonkeyPatch, X: pd.DataFrame, y: pd.Series) -> None:
    honest = chains_.preprocess
    patch.setattr(chains_, "preprocess", lambda _, **how: honest(X, **how))


def _sampler_before_folds(patch: pytest.MonkeyPatch, X: pd.DataFrame, y: pd.Series) -> None:
    honest = folds.resample
    patch.setattr(folds, "resample", lambda _, __, sampler, *labels: honest(X, y, sampler, *labels))


def _C_on_held_rows(patch: pytest.MonkeyPatch, X: pd.DataFrame, y: pd.Series) -> None:
    honest = tuning.tune

    def leaky(fit: pd.DataFrame, _: pd.Series, chain: chains_.Chain, **how: Any) -> Any:
        how["weight"] = weights.ones(len(X) - len(fit))
        return honest(X.drop(fit.index), y.drop(fit.index), chain, **how)

    patch.setattr(folds, "tune", leaky)


def _threshold_on_held_rows(patch: pytest.MonkeyPatch, seen: pd.DataFrame) -> None:
    honest = thresholds.choose
    whole, weight = (seen.y.to_numpy(), seen.probability.to_numpy()), weights.of(seen)
    patch.setattr(thresholds, "choose", lambda y, probability, rule, **how: honest(*whole, rule, weight=weight))


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


# Wilson.


def least_coverage(interval: Callable[[int, int], tuple[float, float]], trials: int) -> tuple[float, float]:
    """The least coverage of a binomial interval for proportions in [.05, .95], and where: counted exactly."""
    limits = np.array([interval(successes, trials) for successes in range(trials + 1)])
    # Coverage jumps at a limit and bends little between two: both sides of each, and a grid.
    ends = limits[(limits > 0.05) & (limits < 0.95)]
    proportions = np.sort(np.concatenate([np.linspace(0.05, 0.95, 901), ends - 1e-9, ends + 1e-9]))
    chances = binom.pmf(np.arange(trials + 1)[:, None], trials, proportions)
    inside = (limits[:, :1] <= proportions) & (proportions <= limits[:, 1:])
    coverage = (chances * inside).sum(axis=0)
    return float(coverage.min()), float(proportions[coverage.argmin()])


def wald(successes: int, trials: int) -> tuple[float, float]:
    """The textbook's interval, which covers too little."""
    p = successes / trials
    half = 1.959964 * (p * (1 - p) / trials) ** 0.5
    return p - half, p + half


def check_wilson(**how: Any) -> Line:
    """Wilson's interval covers about what it says."""
    least, where = least_coverage(lambda successes, trials: wilson(successes, trials, confidence=0.95), 15)
    textbook, _ = least_coverage(wald, 15)
    found = f"{least:.4f} at p = {where:.3f} (the textbook's {textbook:.2f})"
    return Line("Wilson at n = 15, p in [.05, .95]", "covers at least .91", found, least >= 0.91)


# In the order of their cost.
CHECKS: dict[str, Callable[..., Line]] = {
    "wilson": check_wilson,
    "leaks": check_leaks,
    "misspecified": check_misspecified,
    "well_specified": check_well_specified,
    "us_crime": check_us_crime,
    "mammography": check_mammography,
    "mirror": check_mirror,
    "thyroid": check_thyroid,
    "letter_Z": check_letter_Z,
    "oracle": check_oracle,
    "noise": check_noise,
}
OF_TABLES = ("thyroid", "mammography", "us_crime", "letter_Z")


def main() -> None:
    """Make the checks that are asked for, print a line each; exit status 1 where one does not hold."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(CHECKS)}; all without one")
    parser.add_argument("--tables", type=Path, default=TABLES, help="folder of real tables")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    arguments = parser.parse_args()
    unknown = set(arguments.names) - CHECKS.keys()
    if unknown:
        parser.error(f"no check is called {', '.join(sorted(unknown))}; there are {', '.join(CHECKS)}")
    lines = []
    for name in arguments.names or CHECKS:
        of_tables = {"tables": arguments.tables} if name in OF_TABLES else {}
        lines.append(CHECKS[name](folder=KEPT, jobs=arguments.jobs, **of_tables))
    words = {True: "holds", False: "DOES NOT HOLD", None: ""}
    rows = [[line.check, line.must, line.found, words[line.holds]] for line in lines]
    files.say(tabulate(rows, ["check", "must give", "found", ""], tablefmt="pipe"))
    sys.exit(int(any(line.holds is False for line in lines)))


if __name__ == "__main__":
    import checks  # by this name worker processes find what they are to call

    checks.main()
