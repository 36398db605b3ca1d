"""Whether the verdict is to be trusted on a table: how often it names a remedy where the labels say nothing."""

import argparse
import io
import sys
from collections import Counter
from collections.abc import Sequence
from contextlib import redirect_stderr
from dataclasses import asdict
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pandas as pd
from tqdm import tqdm

from pipeline import config
from pipeline.config import Config
from pipeline.errors import InputError
from pipeline.errors import run as run_command
from pipeline.files import digest, read_json, say, write_json
from pipeline.fit import chains, code, run, splits
from pipeline.judge import primary, verdict
from pipeline.measure.statistics import wilson
from pipeline.measure.tasks import task_of
from pipeline.table import read
from pipeline.table.classes import rarest
from pipeline.tools.labels import over_folds, refuse_no_family, training_labels
from pipeline.tools.settings import asked

ROOT = Path("audit")
NAMED = 16  # hexadecimal digits of a hash that name a folder
CONFIDENCE = 0.95  # of the interval of how often a remedy is named


class Criterion(Protocol):
    """What says of the folds which variant to take, as `pipeline.judge.verdict.judge` does."""

    def __call__(
        self,
        folds: dict[str, pd.DataFrame | None],
        *,
        thresholds: dict[str, float | None],
        primary: str,
        rope: float,
        alpha: float,
    ) -> dict[str, Any]:
        """At least `action`, which is "rebalance" where a remedy is named, `variant` and `sentence`."""


def shuffled(table: pd.DataFrame, *, target: str, seed: int, number: int) -> pd.DataFrame:
    """The table with its labels in an order that comes from `seed` and `number` alone: as many of each, on other rows.

    Parameters
    ----------
    table
        Shape (n, p + 1): features and target.
    """
    rng = np.random.default_rng(np.random.SeedSequence((seed, number)))
    return table.assign(**{target: rng.permutation(table[target].to_numpy())})


def outcome(params: Config, number: int, *, criterion: Criterion, sha256: str) -> dict[str, Any]:
    """What the criterion says of the table of `params` with labels shuffled.

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
    quiet = io.StringIO()  # the folds' own progress lines, of several processes at once
    with redirect_stderr(quiet):
        table, _, schema, roles = run.table(params.data)
        if schema["sha256"] != sha256:
            raise InputError(f"{params.data.path}: the table has changed since the audit began: run it again")
        try:
            found, thresholds = over_folds(
                shuffled(table, target=params.data.target, seed=params.seed, number=number),
                params,
                roles,
                task_of(schema),
            )
        except InputError as error:
            raise InputError(f"labels shuffled, number {number}: {error}") from None
    sys.stderr.write(quiet.getvalue())
    said = criterion(found, thresholds=thresholds, **asdict(params.compare))
    return {"number": number, "action": said["action"], "variant": said["variant"]}


def folder(params: Config, sha256: str, criterion: Criterion) -> Path:
    """Where outcomes are: named by a hash of all that they depend on."""
    depends = {key: value for key, value in asdict(params).items() if key != "tracking"}
    called = [getattr(criterion, name, "") for name in ("__module__", "__qualname__")]
    return ROOT / digest([depends, sha256, code.code("judge", "tools/audit.py"), called])[:NAMED]


def audit(
    params: Config, *, null: int, criterion: Criterion = verdict.judge, processes: int = -1
) -> list[dict[str, Any]]:
    """The outcomes of a criterion on tables with shuffled labels; those that are there already are not made again.

    Parameters
    ----------
    params
        With its table.
    null
        Number of shuffled tables.
    criterion
        See `Criterion`.
    processes
        At once; -1 is one a core.

    Returns
    -------
    outcomes
        `null` of them, see `outcome`.

    Raises
    ------
    InputError
        There can be no verdict on this table, or a sampler or model cannot take it.
    """
    from sklearn.utils.parallel import Parallel, delayed

    table, _, schema, roles = run.table(params.data)
    refuse_no_family(params)
    task = task_of(schema)
    chains.chain(params, primary.REFERENCE, task)  # refuses what a table with these classes cannot have
    known, times = training_labels(params, table, roles, task)
    if splits.count(known, task.classes, most=params.evaluate.folds, times=times) < 2:
        least = (2 if times is None else 3) * splits.LEAST
        raise InputError(
            f"{params.data.name}: expected {least} rows of the rarest class or more among the training rows, found "
            f"{rarest(known, task.classes)}"
            + ("" if times is None else ", or more at one time than two folds along time can part")
            + ": there is no verdict to audit"
        )
    there = folder(params, schema["sha256"], criterion)
    paths = {number: there / f"{number:04}.json" for number in range(null)}
    missing = [number for number, path in paths.items() if not path.is_file()]
    job = delayed(outcome)
    # An outcome at a time, written as it comes: whatever stops this, what is done stays.
    made = Parallel(n_jobs=processes, batch_size=1, pre_dispatch="n_jobs", return_as="generator_unordered")(
        job(params, number, criterion=criterion, sha256=schema["sha256"]) for number in missing
    )
    with tqdm(total=null, initial=null - len(missing), desc="audit", unit="table", file=sys.stderr) as line:
        for each in made:
            write_json(paths[each["number"]], each)
            line.update()
    return [read_json(path) for path in paths.values()]


def lines(outcomes: Sequence[dict[str, Any]], *, alpha: float) -> tuple[list[str], bool]:
    """What to print of the outcomes, and whether the verdict holds its alpha, as far as they can tell.

    Raises
    ------
    InputError
        There was no verdict on any of the tables.
    """
    # Where no verdict was possible, none could be false.
    judged = [each for each in outcomes if each["action"] != "invalid"]
    if not judged:
        raise InputError(
            f"expected verdicts on shuffled labels, found none on any of {len(outcomes):,} tables: in each a fold "
            "would have lacked a class. Use fewer evaluate.folds, or a split whose folds hold both classes"
        )
    total, named = len(judged), [each["variant"] for each in judged if each["action"] == "rebalance"]
    interval = wilson(len(named), total, confidence=CONFIDENCE)
    assert interval is not None
    low, high = interval
    actions = Counter(each["action"] for each in outcomes)
    holds = low <= alpha
    if not holds:
        meaning = (
            "The verdict is not to be trusted on this table: where labels say nothing, it names a remedy more often "
            "than alpha allows."
        )
    elif high <= alpha:
        meaning = (
            "On this table's features, where labels say nothing, the verdict names a remedy no more often than alpha "
            "allows."
        )
    else:
        meaning = (
            "Nothing speaks against the verdict on this table; so few shuffled tables cannot show that it holds its "
            "alpha: raise audit.null."
        )
    return [
        "verdicts  " + ", ".join(f"{action} {number:,}" for action, number in sorted(actions.items())),
        *(["named     " + ", ".join(f"{name} {n:,}" for name, n in Counter(named).most_common())] if named else []),
        f"false     {len(named):,} of {total:,} verdicts on shuffled labels named a remedy BETTER: "
        f"{len(named) / total:.1%} ({CONFIDENCE:.0%} interval {low:.1%} to {high:.1%}), where alpha is {alpha:.1%}",
        meaning,
    ], holds


def main() -> None:
    """Shuffle the table's labels, judge, count; exit status 0 if the verdict holds its alpha, 1 if it does not."""
    parser = argparse.ArgumentParser(
        prog="python -m pipeline.audit",
        description=f"{__doc__} What is done is kept in {ROOT}/: the same command goes on where it was stopped.",
    )
    parser.add_argument(
        "overrides",
        nargs="*",
        metavar="key=value",
        help=f"audit.null=200, and Hydra overrides; without those, {config.PARAMS} holds",
    )
    params, keys = asked(config.Audit, parser.parse_args().overrides)
    schema = run.table(params.data)[2]
    say(
        f"table     {params.data.name}: {sum(schema['classes'].values()):,} rows, "
        f"{read.classes_in_words(schema)}; {', '.join(params.variants)}"
    )
    declared = params.compare
    words = primary.metric_words(declared.primary, task_of(schema))
    say(f"declared  {words}, ROPE {declared.rope:g}, alpha {declared.alpha:g}")
    sys.stdout.flush()
    said, holds = lines(audit(params, null=keys.null), alpha=declared.alpha)
    for line in said:
        say(line)
    sys.exit(0 if holds else 1)


if __name__ == "__main__":
    run_command(main)
