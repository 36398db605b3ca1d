"""The smallest difference that a table can show, told before anything is trained on its labels."""

import argparse
import sys
from dataclasses import dataclass, replace
from math import ceil, sqrt

import numpy as np
from tqdm import tqdm

from pipeline import config
from pipeline.config import Config, Plan
from pipeline.errors import InputError
from pipeline.errors import run as run_command
from pipeline.files import say
from pipeline.fit import run, splits
from pipeline.formatting import digits, number
from pipeline.judge import primary, verdict
from pipeline.measure.statistics import minimum_detectable
from pipeline.measure.tasks import task_of
from pipeline.table.classes import rarest
from pipeline.tools.labels import refuse_no_family, training_labels
from pipeline.tools.settings import asked
from pipeline.tools.simulate import size, variances
from pipeline.tools.verdict import EXIT

AIM = 2  # times the ROPE: the smallest difference to aim at


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
    if (task := task_of(schema)).kind != "binary":
        raise InputError(
            f"data.target: the plan simulates two classes, found {task.classes}: plan one class against the rest with "
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
    known, _ = training_labels(params, table, roles, task)
    kind, rare = ("positive", positives) if 2 * positives <= total else ("negative", total - positives)
    inside, number = rarest(known, task.classes), splits.count(known, task.classes, most=params.evaluate.folds)
    family = [name for name in params.variants if name != primary.REFERENCE]
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
    asked_of = replace(params, variants={name: params.variants[name] for name in (primary.REFERENCE, *shown)})
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
        least = 2 * splits.LEAST
        return [
            *said,
            f"No verdict is possible: two folds of {splits.LEAST} rows of the rarer class need {least} for training: "
            f"{ceil(least / (1 - params.split.test_size)):,} in the table, at split.test_size="
            f"{params.split.test_size:g}.",
        ]
    truths = f"{keys.tables} tables with your features, {', '.join(e.errors)} against {primary.REFERENCE}"
    part = f", {e.simulated_rows:,} rows of each" if e.simulated_rows < e.rows else ""
    said += [
        f"folds      {e.folds} x {e.repeats}, {e.training_rare / e.folds:.0f} {e.kind}s in each test fold",
        f"declared   {primary.WORDS[declared.primary]}, ROPE {e.rope:g}, alpha {e.alpha:g}, remedies {e.family}",
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
    sys.exit(0 if expected.errors else EXIT["invalid"])


if __name__ == "__main__":
    run_command(main)
