"""The smallest difference that a table can show, told before anything is trained on its labels."""

import argparse
import io
import sys
from contextlib import redirect_stderr
from dataclasses import dataclass, replace
from math import ceil, sqrt
from typing import Any

import numpy as np
import pandas as pd
from tqdm import tqdm

from pipeline import config, folds, preprocess, run, verdict
from pipeline.audit import over_folds, refuse_no_family, training_labels
from pipeline.classes import rarest, several
from pipeline.config import Config, Plan
from pipeline.configure import asked
from pipeline.errors import InputError
from pipeline.errors import run as run_command
from pipeline.files import say
from pipeline.statistics import fold_ratio, minimum_detectable
from pipeline.words import digits, number

ENOUGH = 50  # rows of the rarer class that a simulated table trains on, if it can: width then follows the law
AIM = 2  # times the ROPE: the smallest difference to aim at
STEEPEST = 1000.0  # log odds a standard deviation of the score: steps, for all that rows can tell
RARE = 0.01  # share of the rows below which levels become one, so that ids of people are not thousands of columns


@dataclass(frozen=True)
class Expected:
    """What a table can show.

    Attributes
    ----------
    rows
        Of the table.
    kind
        The rarer class: positive or negative.
    rare, training_rare
        Its rows in the table, and among these the training rows.
    folds, repeats
        Of the verdict; folds below 2 are none.
    simulated_rows
        Of each simulated table.
    errors
        Shape (tables,) by remedy: standard errors of its difference from `none`, in the primary metric's unit, for a
        table of as many rows of that class and as many repeats as are configured. Empty without folds.
    family
        Number of remedies.
    rope, alpha
        As declared.
    """

    rows: int
    kind: str
    rare: int
    training_rare: int
    folds: int
    repeats: int
    simulated_rows: int
    errors: dict[str, np.ndarray]
    family: int
    rope: float
    alpha: float

    @property
    def df(self) -> int:
        """Degrees of freedom of the verdict's test."""
        return self.folds * self.repeats - 1

    @property
    def half_widths(self) -> np.ndarray:
        """Of a remedy's interval with coverage 1 - alpha, shape (tables,): means over the remedies."""
        from scipy.special import stdtrit

        return np.asarray(float(stdtrit(self.df, 1 - self.alpha / 2)) * np.mean(list(self.errors.values()), axis=0))

    @property
    def half_width(self) -> float:
        """The mean of `half_widths`."""
        return float(self.half_widths.mean())

    @property
    def doubt(self) -> float:
        """Two standard errors of `half_width`, for simulated tables being few."""
        return float(2 * self.half_widths.std(ddof=1) / sqrt(self.half_widths.size))

    @property
    def smallest(self) -> float:
        """The smallest difference that is found BETTER with the verdict's power, at Holm's first step."""
        return self._detectable(self.rope)

    @property
    def needed(self) -> int | None:
        """Rows of the rarer class that make `smallest` AIM times the ROPE; None without a ROPE.

        Errors shrink with the root of these rows.
        """
        if self.rope == 0:
            return None
        if self.smallest <= AIM * self.rope:
            return self.rare
        # There, significance asks for more than the ROPE does, as t[1 - alpha/2] is above t[power].
        return ceil(self.rare * (self._detectable(0.0) / (AIM * self.rope)) ** 2)

    def _detectable(self, rope: float) -> float:
        error = float(np.mean(list(self.errors.values())))
        return minimum_detectable(error, self.df, alpha=self.alpha / self.family, power=verdict.POWER, rope=rope)


def truth(score: np.ndarray, *, prevalence: float, roc_auc: float) -> np.ndarray:
    """The logistic probabilities of a score whose mean is `prevalence` and whose own ROC AUC is `roc_auc`.

    Parameters
    ----------
    score
        Shape (n,): mean 0, standard deviation 1.
    prevalence
        In (0, 1).
    roc_auc
        Probability that a positive drawn by these probabilities has a higher score than a negative, ties by halves; in
        (0.5, 1).

    Raises
    ------
    InputError
        No slope gives it: too many rows have the same score.
    """
    from scipy.optimize import brentq
    from scipy.special import expit

    _, group = np.unique(score, return_inverse=True)

    def probability(slope: float) -> np.ndarray:
        far = slope * float(np.abs(score).max()) + 50
        return np.asarray(
            expit(slope * score + brentq(lambda shift: expit(slope * score + shift).mean() - prevalence, -far, far))
        )

    def above(slope: float) -> float:
        p = probability(slope)
        positive, negative = np.bincount(group, p), np.bincount(group, 1 - p)
        return float((positive * (np.cumsum(negative) - negative / 2)).sum() / (positive.sum() * negative.sum()))

    if (most := above(STEEPEST)) < roc_auc:
        raise InputError(
            f"plan.roc_auc: expected at most {most:.2f}, which is all that features of so few values can have, "
            f"found {roc_auc:g}"
        )
    return probability(brentq(lambda slope: above(slope) - roc_auc, 0.0, STEEPEST, xtol=1e-6))


def draw(probability: np.ndarray, positives: int, rng: np.random.Generator) -> np.ndarray:
    """Labels drawn by their probabilities, given that `positives` of them are 1; shape (n,), int8.

    Parameters
    ----------
    probability
        Shape (n,), of sum `positives`: so that about one draw in sqrt(2 pi positives) has as many, at the rarest.
    """
    while True:
        labels = rng.random(probability.size) < probability
        if labels.sum() == positives:
            return labels.astype(np.int8)


def simulate(
    features: pd.DataFrame, *, target: str, positives: int, roc_auc: float, rng: np.random.Generator
) -> pd.DataFrame:
    """These features, with labels drawn from a logistic truth in a random direction.

    Parameters
    ----------
    features
        Shape (n, p), holes allowed.
    target
        Name of the column of labels.
    positives
        Exact number of labels 1.
    roc_auc
        See `truth`.
    rng
        Of direction and labels.

    Raises
    ------
    InputError
        The features cannot have this ROC AUC.
    """
    fitted = preprocess.preprocess(features, impute="median", scale=True, encode="onehot", min_frequency=RARE)
    scaled = fitted.transform(features).to_numpy(dtype=float)
    score = scaled @ rng.normal(size=scaled.shape[1])
    if score.std() == 0:
        raise InputError("features: expected one that varies, found none")
    score = (score - score.mean()) / score.std()
    probability = truth(score, prevalence=positives / len(score), roc_auc=roc_auc)
    return features.assign(**{target: draw(probability, positives, rng)})


def size(rows: int, rare: int, *, most: int, test_size: float, number: int) -> int:
    """Rows of a simulated table: `most`, or as many as keep ENOUGH of the rarer class for training, or all.

    Parameters
    ----------
    rows, rare
        Of the table, and of its rarer class.
    most
        Rows.
    test_size
        Share of the rows that is held out.
    number
        Of folds.
    """
    enough = max(ENOUGH, folds.LEAST * number) / (1 - test_size)
    return min(rows, max(most, ceil(enough * rows / rare)))


def variances(params: Config, number: int, *, rows: int, positives: int, roc_auc: float) -> dict[str, Any]:
    """By remedy, the variance of its differences from `none` over the folds of a simulated table, once repeated.

    Parameters
    ----------
    params
        With its table, whose labels have no part in this, and the variants to simulate.
    number
        Of the table: its seed, with that of `params`.
    rows, positives
        Of the simulated table.
    roc_auc
        See `truth`.

    Returns
    -------
    variances
        And below `test_over_train` the test rows of a fold over its training rows.
    """
    target, column = params.data.target, verdict.COLUMNS[params.compare.primary][0]
    features = run.table(params.data)[0].drop(columns=target)
    rng = np.random.default_rng(np.random.SeedSequence((params.seed, number)))
    if rows < len(features):
        features = features.iloc[np.sort(rng.choice(len(features), size=rows, replace=False))]
    table = simulate(features, target=target, positives=positives, roc_auc=roc_auc, rng=rng)
    quiet = io.StringIO()  # the folds' own progress lines, of several processes at once
    with redirect_stderr(quiet):
        once = replace(params, evaluate=replace(params.evaluate, repeats=1))
        found, _ = over_folds(table, once, pd.DataFrame(index=table.index))
    sys.stderr.write(quiet.getvalue())
    rows_of = {name: each for name, each in found.items() if each is not None}
    none = rows_of.pop(verdict.REFERENCE)
    differences = {name: (each[column] - none[column]).to_numpy(dtype=float) for name, each in rows_of.items()}
    return {name: float(d.var(ddof=1)) for name, d in differences.items()} | {"test_over_train": fold_ratio(none)}


def plan(params: Config, keys: Plan, *, processes: int = -1) -> Expected:
    """What the table of `params` can show, from its features, and its numbers of rows and positives alone.

    The standard error is Nadeau & Bengio's for the repeats that are configured, of a variance seen in one repeat: at
    equal cost, more tables tell more than more repeats, as tables differ. Folds of one repeat vary as those of ten do.

    Parameters
    ----------
    params
        With its table.
    keys
        See conf/plan.yaml.
    processes
        At once; -1 is one a core.

    Raises
    ------
    InputError
        There is no remedy, or the table, a sampler or the model cannot be used.

    References
    ----------
    `scale`, by which standard deviations of few normal values are too small on average: Holtzman 1950, The American
    Journal of Psychology 63, 615-617.
    """
    from scipy.special import gammaln
    from sklearn.utils.parallel import Parallel, delayed

    refuse_no_family(params)
    table, _, schema, roles = run.table(params.data)
    if labels := several(schema):
        raise InputError(
            f"data.target: the plan simulates two classes, found {len(labels)}: plan one class against the rest with "
            "data.positive=CLASS, the rarest being the one a macro average hangs on most"
        )
    if params.split.by != "rows":
        raise InputError(
            f"split.by: the plan takes each row for itself, found {params.split.by}: plan with split=stratified, and "
            "read its figures as the best case"
        )
    if params.data.weight is not None:
        drop = ",".join([*params.data.drop, params.data.weight])
        raise InputError(
            f"data.weight: the plan takes all rows alike, found {params.data.weight}: plan with data.weight=null "
            f"'data.drop=[{drop}]', and read its figures as the best case"
        )
    total, positives = len(table), int(schema["classes"]["positive"])
    known, _ = training_labels(params, table, roles)
    kind, rare = ("positive", positives) if 2 * positives <= total else ("negative", total - positives)
    inside, number = rarest(known, None), folds.count(known, None, most=params.evaluate.folds)
    family = [name for name in params.variants if name != verdict.REFERENCE]
    rows = size(total, rare, most=keys.rows, test_size=params.split.test_size, number=number)
    expected = Expected(
        rows=total,
        kind=kind,
        rare=rare,
        training_rare=inside,
        folds=number,
        repeats=params.evaluate.repeats,
        simulated_rows=rows,
        errors={},
        family=len(family),
        rope=params.compare.rope,
        alpha=params.compare.alpha,
    )
    if number < 2:
        return expected
    shown = [name for name in family if name in keys.remedies] or family[:2]
    asked_of = replace(params, variants={name: params.variants[name] for name in (verdict.REFERENCE, *shown)})
    drawn = round(rare * rows / total)
    how = {"rows": rows, "positives": drawn if kind == "positive" else rows - drawn, "roc_auc": keys.roc_auc}
    made = Parallel(n_jobs=processes, batch_size=1, pre_dispatch="n_jobs", return_as="generator")(
        delayed(variances)(asked_of, each, **how) for each in range(keys.tables)
    )
    seen = list(tqdm(made, total=keys.tables, desc="plan", unit="table", file=sys.stderr))
    scale = np.sqrt(2 / (number - 1)) * np.exp(gammaln(number / 2) - gammaln((number - 1) / 2))
    folded, share = 1 / (number * params.evaluate.repeats), drawn / rare
    errors = {
        name: np.sqrt([each[name] * (folded + each["test_over_train"]) * share for each in seen]) / scale
        for name in shown
    }
    return replace(expected, errors=errors)


def lines(expected: Expected, params: Config, keys: Plan) -> list[str]:
    """What to print of a plan."""
    e, declared, places = expected, params.compare, digits(params.compare.rope)
    said = [
        f"table      {params.data.name}: {e.rows:,} rows, {e.rare:,} {e.kind}, "
        f"{e.training_rare:,} of these for training",
    ]
    if not e.errors:
        least = 2 * folds.LEAST
        return [
            *said,
            f"No verdict is possible: two folds of {folds.LEAST} rows of the rarer class need {least} for training: "
            f"{ceil(least / (1 - params.split.test_size)):,} in the table, at split.test_size="
            f"{params.split.test_size:g}.",
        ]
    truths = f"{keys.tables} tables with your features, {', '.join(e.errors)} against {verdict.REFERENCE}"
    part = f", {e.simulated_rows:,} rows of each" if e.simulated_rows < e.rows else ""
    said += [
        f"folds      {e.folds} x {e.repeats}, {e.training_rare / e.folds:.0f} {e.kind}s in each test fold",
        f"declared   {verdict.WORDS[declared.primary]}, ROPE {e.rope:g}, alpha {e.alpha:g}, remedies {e.family}",
        f"simulated  {truths}{part}; labels drawn, logistic, true ROC AUC {keys.roc_auc:g}",
        f"interval   of a remedy's difference, {100 * (1 - e.alpha):g} %: give or take {number(e.half_width, places)}; "
        f"{keys.tables} tables tell this figure to {number(e.doubt, places)} or so",
        f"smallest   {number(e.smallest, places)} is the smallest true difference found BETTER "
        f"{100 * verdict.POWER:g} % of the time",
    ]
    if e.needed is None:
        return [*said, f"needed     no number of {e.kind}s is enough for a ROPE of 0"]
    if e.needed == e.rare:
        return [*said, f"needed     no more {e.kind}s: {AIM} x the ROPE can be shown"]
    return [
        *said,
        f"needed     {e.needed:,} {e.kind}s, {e.needed - e.rare:,} more, to show {AIM} x the ROPE, "
        f"{AIM * e.rope:g}: widths shrink with the root of the {e.kind}s",
    ]


def main() -> None:
    """Simulate, and print what this table can show; exit status 0, or 30 where no verdict is possible."""
    parser = argparse.ArgumentParser(
        prog="python -m pipeline.plan",
        description=f"{__doc__} Of the labels only their numbers count.",
    )
    parser.add_argument(
        "overrides",
        nargs="*",
        metavar="key=value",
        help=f"plan.roc_auc=0.7, and Hydra overrides; without those, {config.PARAMS} holds",
    )
    params, keys = asked(Plan, parser.parse_args().overrides)
    expected = plan(params, keys)
    for line in lines(expected, params, keys):
        say(line)
    sys.exit(0 if expected.errors else verdict.EXIT["invalid"])


if __name__ == "__main__":
    run_command(main)
