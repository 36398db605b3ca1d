"""The tests of all methods against the baseline, adjusted for being several: calls, bounds, and the evidence."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Generic, TypeVar

import numpy as np
import pandas as pd

from pipeline.measure.primary import COLUMNS
from pipeline.measure.statistics import CorrelatedTest, correlated, expected_gain, fold_ratio, holm, reach, steps

Name = TypeVar("Name", bound=Hashable)

CALLS = ("BETTER", "WORSE", "EQUIVALENT", "NOT BETTER", "INCONCLUSIVE")


@dataclass(frozen=True)
class Method:
    """What the folds show of a method.

    Attributes
    ----------
    test
        Of method minus baseline, higher being better; its `low` and `high` are for this method alone.
    p_better_holm, p_holm
        Holm-adjusted p-values: one-sided, on which BETTER rests, and two-sided, on which WORSE rests.
    call
        See `call`.
    low, high
        One-sided bounds of the gain, adjusted for all methods: see `judged`.
    regret
        Expected regret of keeping the baseline, see `pipeline.measure.statistics.expected_gain`.
    """

    test: CorrelatedTest
    p_better_holm: float
    p_holm: float
    call: str
    low: float
    high: float
    regret: float | None


@dataclass(frozen=True)
class Family(Generic[Name]):
    """What is compared over the folds, by name: higher values are better, for losses too.

    Attributes
    ----------
    values
        Of the primary metric, one a fold, with the sign by which higher is better.
    how
        `test_over_train`, `rope` and `alpha`.
    methods
        All but the reference, tested against it.
    """

    values: dict[Name, np.ndarray]
    how: dict[str, float]
    methods: dict[Name, Method]

    def test(self, name: Name, other: Name, **changed: float) -> CorrelatedTest:
        """The test of one against another."""
        return correlated(self.values[name] - self.values[other], **{**self.how, **changed})

    def described(self, name: Name, *, sign: int) -> dict[str, Any]:
        """One of the methods as plain data, bounds adjusted for all; `sign` gives the metric back its own."""
        method = self.methods[name]
        return {
            "call": method.call,
            "mean_primary": sign * float(self.values[name].mean()),
            **asdict(method.test),
            **{key: getattr(method, key) for key in ("p_better_holm", "p_holm", "low", "high", "regret")},
        }

    def unbeaten(self, order: Sequence[Name]) -> Name:
        """The first that no other in this order beats."""
        limits = {key: self.how[key] for key in ("rope", "alpha")}
        for name in order:
            against = [self.test(other, name) for other in order if other != name]
            if not any(call(test, test.p_better, test.p, **limits) == "BETTER" for test in against):
                return name
        return max(order, key=lambda name: float(self.values[name].mean()))  # each is beaten by one: a circle


def family_of(
    folds: Mapping[Name, pd.DataFrame], reference: Name, *, primary: str, rope: float, alpha: float
) -> Family[Name]:
    """All tests against the reference, adjusted for each other; parameters as for `pipeline.judge.action.judge`."""
    column, sign = COLUMNS[primary]
    values = {name: sign * rows[column].to_numpy(dtype=float) for name, rows in folds.items()}
    how = {"test_over_train": fold_ratio(folds[reference]), "rope": rope, "alpha": alpha}
    family = Family(values, how, {})
    tests = {name: family.test(name, reference) for name in folds if name != reference}
    return replace(family, methods=judged(tests, rope=rope, alpha=alpha))


def judged(tests: Mapping[Name, CorrelatedTest], *, rope: float, alpha: float) -> dict[Name, Method]:
    """Each method with its call and its bounds, adjusted for all of them.

    Each end of `low` to `high` is a one-sided bound with error `alpha`, adjusted as the claim that it supports. The
    lower end is that of Holm's step: above 0 exactly where Holm rejects that the method is no better. Below the largest
    upper end lie the gains of all methods together. That needs no adjustment, as only the bound of the truly best
    method may err: all are below `rope` exactly where the evidence is proven not better. The upper end of a method that
    is significantly worse is that of Holm's two-sided step, which then is below 0.

    Parameters
    ----------
    tests
        By method, with the same `rope`.
    rope, alpha
        See `call`.

    References
    ----------
    Holm 1979, Scandinavian Journal of Statistics 6, 65-70; for the upper ends Berger 1982, Technometrics 24, 295-300.
    """
    family = list(tests.values())
    one_sided, two_sided = [test.p_better for test in family], [test.p for test in family]
    adjusted = zip(
        family, holm(one_sided), holm(two_sided), steps(one_sided, alpha=alpha), steps(two_sided, alpha=alpha),
        strict=True,
    )  # fmt: skip
    found = []
    for test, p_better, p, left, left_two_sided in adjusted:
        error, df = test.standard_error, test.df
        at_step = test.mean + reach(error, df, alpha=alpha / (2 * left_two_sided))
        found.append(
            Method(
                test=test,
                p_better_holm=p_better,
                p_holm=p,
                call=call(test, p_better, p, rope=rope, alpha=alpha),
                low=test.mean - reach(error, df, alpha=alpha / left),
                high=at_step if at_step < 0 else test.mean + reach(error, df, alpha=alpha),
                regret=expected_gain(test),
            )
        )
    return dict(zip(tests, found, strict=True))


def call(test: CorrelatedTest, p_better: float, p: float, *, rope: float, alpha: float) -> str:
    """The result of a method, the first of `CALLS` that holds.

    Parameters
    ----------
    test
        Of method minus none, with the same `rope`.
    p_better, p
        Its one-sided and its two-sided p-value, adjusted for the family.
    rope
        Half-width of the region of practical equivalence, which holds its borders: an estimate of exactly `rope` is
        not beyond it.
    alpha
        In (0, 1). BETTER and WORSE need a p below it; EQUIVALENT needs a probability of equivalence above 1 - alpha,
        and NOT BETTER a probability of being better below alpha. All are strict.
    """
    if p_better < alpha and test.mean > rope:
        return "BETTER"
    if p < alpha and test.mean < -rope:
        return "WORSE"
    if test.equivalent > 1 - alpha:
        return "EQUIVALENT"
    return "NOT BETTER" if test.better < alpha else "INCONCLUSIVE"


def evidence(methods: Mapping[Name, Method], *, alpha: float) -> str:
    """The grade of the evidence: `proven_better`, `proven_not_better` or `inconclusive`.

    Proven better is that a method is BETTER; proven not better, that for each method the probability of a gain above
    the region of practical equivalence is below `alpha`.
    """
    if any(method.call == "BETTER" for method in methods.values()):
        return "proven_better"
    if all(method.test.better < alpha for method in methods.values()):
        return "proven_not_better"
    return "inconclusive"
