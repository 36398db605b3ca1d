"""What would settle an inconclusive verdict: options that would, if the gains stay as estimated, with figures."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import sqrt
from typing import Any

from pipeline.formatting import digits, number
from pipeline.judge.family import evidence, judged
from pipeline.judge.headline import beyond
from pipeline.measure.repeats import MOST
from pipeline.measure.statistics import CorrelatedTest, all_rows_shrinking, inflation, reach, rows_needed, student

HOPELESS = 1000  # times the rows: more than anyone would collect


@dataclass(frozen=True)
class Basis:
    """What a verdict rests on.

    Attributes
    ----------
    tests
        By method, against the baseline.
    rope, alpha
        As declared.
    rare
        Rows of the rarest class in the table.
    noun
        What to call one of them: "positive", "negative" or "row of class X".
    folds, repeats
        Of each repeat, and how many.
    repeatable
        Whether folds can be shuffled again; along time they can't.
    test_over_train
        See `pipeline.measure.statistics.fold_ratio`.
    test_size
        Share of the rows that is held out for testing.
    """

    tests: Mapping[str, CorrelatedTest]
    rope: float
    alpha: float
    rare: int
    noun: str
    folds: int
    repeats: int
    repeatable: bool
    test_over_train: float
    test_size: float

    def evidence(self, *, shrinking: float = 1.0, df: int | None = None) -> str:
        """The evidence if all standard errors were multiplied by `shrinking`, with `df`, and gains as estimated."""
        how = {"rope": self.rope, "alpha": self.alpha}
        tests = {
            name: student(test.mean, test.standard_error * shrinking, test.df if df is None else df, **how)
            for name, test in self.tests.items()
        }
        return evidence(judged(tests, **how), alpha=self.alpha)


def to_settle(basis: Basis) -> list[dict[str, Any]]:
    """The options that would settle the verdict if gains stay as estimated, the cheapest first; none if it is settled.

    Returns
    -------
    options
        Each with its `kind`, a `sentence`, and the `setting` that makes it, None where there is none.
    """
    if basis.evidence() != "inconclusive":
        return []
    return [option for offer in (_repeats, _all_rows, _fewer_methods, _positives) for option in offer(basis)]


def settling(option: Mapping[str, Any]) -> str:
    """An option that would settle the verdict, with its setting."""
    return f"{option['sentence']} Set {option['setting']}." if option["setting"] else str(option["sentence"])


def _repeats(basis: Basis) -> Iterator[dict[str, Any]]:
    if not basis.repeatable or basis.repeats >= MOST:
        return
    folds = {repeats: basis.folds * repeats for repeats in (basis.repeats, MOST)}
    before, after = (inflation(number, basis.test_over_train) for number in folds.values())
    shrinking = sqrt(after / before)
    if basis.evidence(shrinking=shrinking, df=folds[MOST] - 1) != "inconclusive":
        yield {
            "kind": "repeats",
            "sentence": f"Repeat the folds {MOST} times instead of {basis.repeats}: standard errors fall by "
            f"{1 - shrinking:.0%}.",
            "setting": f"evaluate.repeats={MOST}",
        }


def _all_rows(basis: Basis) -> Iterator[dict[str, Any]]:
    shrinking = all_rows_shrinking(basis.test_size)
    if basis.test_size and basis.evidence(shrinking=shrinking) != "inconclusive":
        yield {
            "kind": "all_rows",
            "sentence": f"Let the folds use all rows, with none held out for testing: standard errors fall by about "
            f"{1 - shrinking:.0%}.",
            "setting": "split.test_size=0",
        }


def _fewer_methods(basis: Basis) -> Iterator[dict[str, Any]]:
    name = min(basis.tests, key=lambda each: basis.tests[each].p_better)
    if len(basis.tests) == 1:
        return
    alone = judged({name: basis.tests[name]}, rope=basis.rope, alpha=basis.alpha)[name]
    least = number(alone.low, digits(basis.rope))
    if alone.call == "BETTER":
        yield {
            "kind": "fewer_methods",
            "sentence": f"Test {name} alone: not adjusted for {len(basis.tests)} methods, its gain would be "
            f"significant (at least {least}). That counts only on new rows, because these rows suggested it.",
            "setting": None,
        }


def _positives(basis: Basis) -> Iterator[dict[str, Any]]:
    name, shrinking = _wanted(basis)
    shows = f"{name} is better" if name else f"no method is better{beyond(basis.rope)}"
    if shrinking:
        wanted = rows_needed(basis.rare, shrinking=shrinking)
        about = f"about {float(f'{wanted:.2g}'):,.0f} instead of {basis.rare:,}"
        text = f"Collect more {_plural(basis.noun)}: {about} would show that {shows}, if gains stay as estimated."
        if wanted > HOPELESS * basis.rare:
            text = (
                f"No realistic number of {_plural(basis.noun)} would show that {shows}, because the estimated gain is "
                f"so close to the ROPE: it takes {about}."
            )
    else:
        text = f"No number of {_plural(basis.noun)} settles this: the largest gain is exactly the ROPE, {basis.rope:g}."
    yield {"kind": "positives", "sentence": text, "setting": None}


def _wanted(basis: Basis) -> tuple[str | None, float]:
    """By how much standard errors must shrink: to show that this method is better, or with None that no method is.

    The estimates point to one of them. The factor is 0 where no error is small enough.
    """
    better = {
        name: test.mean / reach(test.standard_error, test.df, alpha=basis.alpha / len(basis.tests))
        for name, test in basis.tests.items()
        if test.mean > basis.rope
    }
    if better:
        name = max(better, key=lambda each: better[each])
        return name, better[name]
    return None, min(
        (basis.rope - test.mean) / reach(test.standard_error, test.df, alpha=basis.alpha)
        for test in basis.tests.values()
        if test.better >= basis.alpha
    )


def _plural(noun: str) -> str:
    return noun.replace("row", "rows", 1) if noun.startswith("row") else f"{noun}s"
