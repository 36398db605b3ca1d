"""Tests whether you can trust the verdict on a table: how often it recommends a method on shuffled labels."""

import io
import sys
from collections import Counter
from collections.abc import Sequence
from contextlib import redirect_stderr
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pandas as pd
from tqdm import tqdm

from pipeline.config import UNRELATED, Audit, Config
from pipeline.errors import InputError
from pipeline.files import digest, read_json, say, write_json
from pipeline.fit import code, parallel
from pipeline.fit.run import table as table_of
from pipeline.fit.sample_weights import by_class
from pipeline.judge import primary
from pipeline.judge.action import judge
from pipeline.measure.proportions import wilson
from pipeline.measure.tasks import task_of
from pipeline.table import read
from pipeline.tools.labels import over_folds, refuse_no_family, too_few
from pipeline.tools.settings import settings_of

ROOT = Path("audit")
NAMED = 16  # hexadecimal digits of a hash that name a folder
CONFIDENCE = 0.95  # of the interval of how often a method is recommended


class Criterion(Protocol):
    """What chooses a variant from the folds, as `pipeline.judge.action.judge` does."""

    def __call__(
        self,
        folds: dict[str, pd.DataFrame | None],
        *,
        thresholds: dict[str, float | None],
        primary: str,
        rope: float,
        alpha: float,
    ) -> dict[str, Any]:
        """At least `action`, which is "rebalance" where a method is recommended, `variant` and `sentence`."""


def shuffled(table: pd.DataFrame, *, target: str, seed: int, number: int) -> pd.DataFrame:
    """The table with its labels in another order, which `seed` and `number` determine.

    Parameters
    ----------
    table
        Shape (n, p + 1): features and target.
    """
    rng = np.random.default_rng(np.random.SeedSequence((seed, number)))
    return table.assign(**{target: rng.permutation(table[target].to_numpy())})


def outcome(params: Config, number: int, *, criterion: Criterion, sha256: str) -> dict[str, Any]:
    """What the criterion chooses on the table of `params` with shuffled labels.

    Parameters
    ----------
    params
        With its table, which each process reads once.
    number
        Of the shuffle.
    criterion
        See `Criterion`.
    sha256
        Of the table.

    Returns
    -------
    outcome
        `number`, `action` and `variant`.

    Raises
    ------
    InputError
        A sampler or the model cannot take the rows, or the table is not the one of this hash.
    """
    quiet = io.StringIO()  # the folds' own progress lines would mix, as several processes run at once
    with redirect_stderr(quiet):
        table, _, schema, roles = table_of(params.data)
        if schema["sha256"] != sha256:
            raise InputError(f"{params.data.path}: the table has changed since the audit started. Run the audit again.")
        mixed = shuffled(table, target=params.data.target, seed=params.seed, number=number)
        if "negatives" in schema:  # the weight is the class's, not the row's
            roles = roles.assign(weight=by_class(mixed[params.data.target], roles.weight.to_numpy()))
        try:
            found, thresholds = over_folds(mixed, params, roles, task_of(schema))
        except InputError as error:
            raise InputError(f"shuffled table {number}: {error}") from None
    sys.stderr.write(quiet.getvalue())
    chosen = criterion(found, thresholds=thresholds, **params.compare.model_dump())
    return {"number": number, "action": chosen["action"], "variant": chosen["variant"]}


def folder(params: Config, sha256: str, criterion: Criterion) -> Path:
    """The folder of the outcomes, named by a hash of everything that they depend on."""
    depends = params.model_dump(exclude=UNRELATED)
    called = [getattr(criterion, name, "") for name in ("__module__", "__qualname__")]
    hashed = code.code("judge", "tools/audit.py", trusted=params.trusted_packages)
    return ROOT / digest([depends, sha256, hashed, called])[:NAMED]


def audit(params: Config, *, null: int, criterion: Criterion = judge, jobs: int = -1) -> list[dict[str, Any]]:
    """The outcomes of a criterion on tables with shuffled labels; those that are there already are not made again.

    Parameters
    ----------
    params
        With its table.
    null
        Number of shuffled tables.
    criterion
        See `Criterion`.
    jobs
        Tables at once; -1 is one a core.

    Returns
    -------
    outcomes
        `null` of them, see `outcome`.

    Raises
    ------
    InputError
        There can be no verdict on this table, or a sampler or model cannot take it.
    """
    schema = auditable(params)
    there = folder(params, schema["sha256"], criterion)
    paths = {number: there / f"{number:04}.json" for number in range(null)}
    missing = [number for number, path in paths.items() if not path.is_file()]
    job = partial(_keep, params, criterion=criterion, sha256=schema["sha256"])
    made = parallel.each(job, [(number, paths[number].absolute()) for number in missing], jobs=jobs)
    with tqdm(total=null, initial=null - len(missing), desc="audit", unit="table", file=sys.stderr) as progress:
        for _ in made:
            progress.update()
    return [read_json(path) for path in paths.values()]


def _keep(params: Config, number: int, path: Path, *, criterion: Criterion, sha256: str) -> None:
    """Write an outcome as soon as it is there: whatever stops the others, finished work stays."""
    write_json(path, outcome(params, number, criterion=criterion, sha256=sha256))


def auditable(params: Config) -> dict[str, Any]:
    """The schema of the table of `params`, on which a verdict is possible.

    Raises
    ------
    InputError
        No verdict is possible.
    """
    table, _, schema, roles = table_of(params.data)
    refuse_no_family(params)
    if short := too_few(params, table, roles, task_of(schema)):
        raise InputError(f"{params.data.name}: {short}")
    return schema


def lines(outcomes: Sequence[dict[str, Any]], *, alpha: float) -> tuple[list[str], bool]:
    """What to print of the outcomes, and whether the verdict keeps to its alpha, as far as they can show.

    Raises
    ------
    InputError
        There was no verdict on any of the tables.
    """
    # A table without a verdict has no false one.
    judged = [each for each in outcomes if each["action"] != "none"]
    if not judged:
        raise InputError(
            f"expected verdicts on shuffled labels, found none on {len(outcomes):,} tables, because in each, a class "
            "is missing in a fold. Lower evaluate.folds, or use a split whose folds have all classes."
        )
    total, chosen = len(judged), [each["variant"] for each in judged if each["action"] == "rebalance"]
    interval = wilson(len(chosen), total, confidence=CONFIDENCE)
    assert interval is not None
    low, high = interval
    actions = Counter(each["action"] for each in outcomes)
    if low > alpha:
        meaning = "Don't trust the verdict on this table: on shuffled labels, it recommends a method more often than"
    elif high <= alpha:
        meaning = "The verdict is sound on this table: on shuffled labels, it recommends a method no more often than"
    else:
        meaning = "No problem so far, but these tables are too few to show that false positives stay within"
    return [
        "verdicts  " + ", ".join(f"{action} {number:,}" for action, number in sorted(actions.items())),
        *(["methods   " + ", ".join(f"{name} {n:,}" for name, n in Counter(chosen).most_common())] if chosen else []),
        f"false     {len(chosen):,} of {total:,} verdicts on shuffled labels recommend a method: "
        f"{len(chosen) / total:.1%} ({CONFIDENCE:.0%} interval {low:.1%} to {high:.1%}); alpha is {alpha:.1%}",
        f"{meaning} alpha." + (" Raise audit.null." if low <= alpha < high else ""),
    ], low <= alpha


def run(overrides: Sequence[str]) -> int:
    """Shuffle the labels, compare, count; 0 if the verdict keeps to its alpha, as far as can be shown, else 1.

    Raises
    ------
    InputError
        The settings or the table can't be used.
    """
    params, keys = settings_of(Audit, overrides)
    schema, declared = table_of(params.data)[2], params.compare
    say(
        f"table     {params.data.name}: {sum(schema['classes'].values()):,} rows, "
        f"{read.classes_in_words(schema)}; {', '.join(params.variants)}"
    )
    declared = params.compare
    words = primary.metric_words(declared.primary, task_of(schema))
    say(f"declared  {words}, ROPE {declared.rope:g}, alpha {declared.alpha:g}")
    sys.stdout.flush()
    printed, sound = lines(audit(params, null=keys.null, jobs=params.machine.jobs), alpha=declared.alpha)
    for line in printed:
        say(line)
    return 0 if sound else 1
