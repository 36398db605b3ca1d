"""Checks the statistics on tables with a known truth.

    python tests/checks [NAME ...] [--tables FOLDER] [--jobs N]

All of them take hours. What each table gave is kept in checks/, so that a stopped check can be resumed;
changed code or settings start again. The exit status is 1 where a check does not hold.
"""

import argparse
import os
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

from tabulate import tabulate

from checks.kept import KEPT
from checks.leaks import check_leaks
from checks.line import Line
from checks.logistic_truth import check_misspecified, check_well_specified
from checks.mirror import check_mirror
from checks.negatives import check_negatives
from checks.noise import check_noise, check_noise_of_models
from checks.planted_gain import check_oracle
from checks.real_tables import TABLES, check_letter_Z, check_mammography, check_thyroid, check_us_crime
from checks.wilson import check_wilson
from pipeline import files
from pipeline.measure.repeats import FEW

# In the order of their cost.
CHECKS: dict[str, Callable[..., Line]] = {
    "wilson": check_wilson,
    "leaks": check_leaks,
    "misspecified": check_misspecified,
    "well_specified": check_well_specified,
    "negatives": check_negatives,
    "us_crime": check_us_crime,
    "mammography": check_mammography,
    "mirror": check_mirror,
    "thyroid": check_thyroid,
    "letter_Z": check_letter_Z,
    "oracle": check_oracle,
    "noise": check_noise,
    "noise_of_models": check_noise_of_models,
    "noise_of_few_repeats": partial(check_noise, repeats=FEW),
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
