"""Compares the two rules that choose C, model.tune_for=primary and model.tune_for=log_loss, on real tables.

    python benchmarks/tuning.py [FOLDER] [--tables NAME ...] [--repeats N] [--settings KEY=VALUE ...]

Each table's last column is its target. The baseline and three methods are refitted in folds of the training rows, as
for a verdict, once with each rule. It prints the primary metric over these folds, each method's gap to the baseline,
what thresholds and recalibrated probabilities are worth (which scores of all folds choose, so that they suffer where C
differs between folds), the CPU seconds, and then how much better one rule is than the other.
"""

import argparse
import os
import time
from pathlib import Path

import pipeline  # noqa: F401  before numpy loads: it sets the number of BLAS threads

# isort: split
import pandas as pd
import yaml
from tabulate import tabulate

from pipeline import config
from pipeline.compose import compose
from pipeline.fit import run
from pipeline.judge.primary import REFERENCE, metric_words
from pipeline.measure.primary import COLUMNS
from pipeline.measure.tasks import TWO_CLASSES, task_of
from pipeline.table.file import read_table
from pipeline.tools.labels import over_folds

ROOT = Path(__file__).parents[1]
RULES = ("log_loss", "primary")
VARIANTS = (REFERENCE, "class_weight", "random_over", "smote")
ALSO = {
    "tuned_balanced_accuracy": ("balanced accuracy at t*", 1),
    "recalibrated_log_loss": ("log loss, recalibrated", -1),
}
TABLES = ("sales_data", "ecoli_imU", "oil", "us_crime", "bank_small", "abalone_19", "ann_thyroid", "mammography")


def settings_of(file: Path, *more: str) -> config.Config:
    """The default settings for a table, whose last column is its target, but for `more`."""
    target = read_table(file).columns[-1]
    return config.check(yaml.safe_load(compose(["data=csv", f"data.path={file}", f"data.target={target}", *more])))


def settings(file: Path, rule: str, repeats: int, more: list[str]) -> config.Config:
    """The default settings for a table, with one rule and these variants."""
    params = settings_of(file, f"model.tune_for={rule}", f"evaluate.repeats={repeats}", *more)
    return params.model_copy(update={"variants": {name: params.variants[name] for name in VARIANTS}})


def measured(params: config.Config) -> tuple[pd.DataFrame, float]:
    """Means over the folds, a row a variant and a column a metric, the primary one first; and the CPU seconds."""
    table, _, schema, roles = run.table(params.data)
    began = time.process_time()
    found, _ = over_folds(table, params, roles, task_of(schema))
    seconds = time.process_time() - began
    columns = [COLUMNS[params.compare.primary][0], *ALSO]
    return pd.DataFrame({name: rows[columns].mean() for name, rows in found.items() if rows is not None}).T, seconds


def main() -> None:
    """Measure every table with both rules, print a line each, then the difference between the rules."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?", default=ROOT.parent / "shared" / "data")
    parser.add_argument("--tables", nargs="+", default=TABLES, help="names of files, without suffixes")
    parser.add_argument("--repeats", type=int, default=2, help="times to repeat the folds")
    parser.add_argument("--settings", nargs="+", default=[], help="for all runs, such as compare=roc_auc")
    arguments = parser.parse_args()
    folder = arguments.folder.absolute()
    os.chdir(ROOT)  # conf/ is there
    shown, means = [], {}
    for name in arguments.tables:
        (file,) = folder.glob(f"{name}.csv*")
        for rule in RULES:
            params = settings(file, rule, arguments.repeats, arguments.settings)
            found, seconds = measured(params)
            means[name, rule] = found
            first = found.iloc[:, 0]
            gaps = {
                f"{method} (gap)": f"{first[method]:.3f} ({first[method] - first[REFERENCE]:+.3f})"
                for method in VARIANTS[1:]
            }
            also = {words: f"{found[column].mean():.3f}" for column, (words, _) in ALSO.items()}
            row = {"table": name, "C by": rule, "baseline": f"{first[REFERENCE]:.3f}", **gaps, **also}
            shown.append({**row, "CPU s": f"{seconds:.0f}"})
            print(f"{name}, {rule}: {seconds:.0f} s", flush=True)
    declared = params.compare.primary
    print(f"\n{metric_words(declared, TWO_CLASSES)}, mean over the folds; the last metrics also over the variants\n")
    print(tabulate(shown, headers="keys", tablefmt="github", disable_numparse=True))
    signs = {COLUMNS[declared][0]: (metric_words(declared, TWO_CLASSES), COLUMNS[declared][1]), **ALSO}
    for column, (words, sign) in signs.items():
        by_rule = pd.DataFrame({key: each[column] for key, each in means.items()}).T.rename_axis(["table", "rule"])
        gained = sign * (by_rule.xs("primary", level="rule") - by_rule.xs("log_loss", level="rule"))
        print(f"\n{words}: {sentence(gained)}")


def sentence(gained: pd.DataFrame) -> str:
    """How much better the rule `primary` is; `gained` has a row a table and a column a variant."""
    by_table = gained.mean(axis=1)
    error = by_table.std(ddof=1) / len(by_table) ** 0.5
    return (
        f"model.tune_for=primary gains {by_table.mean():+.4f} on average over {len(by_table)} tables and "
        f"{len(gained.columns)} variants (standard error over tables {error:.4f}); by table from "
        f"{by_table.min():+.4f} ({by_table.idxmin()}) to {by_table.max():+.4f} ({by_table.idxmax()}); it is better in "
        f"{(gained > 0).sum().sum()} and worse in {(gained < 0).sum().sum()} of {gained.size} cases. By variant: "
        + ", ".join(f"{name} {value:+.4f}" for name, value in gained.mean().items())
        + "."
    )


if __name__ == "__main__":
    main()
