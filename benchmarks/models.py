"""Compares three models with and without rebalancing on every table of a folder, and their times.

    python benchmarks/models.py [FOLDER] [--tables NAME ...] [--repeats N] [--models NAME ...] [--variants NAME ...]

The last column of each table is its target; other settings are those that inspect proposes. Each model's runs are timed
by themselves. Then a sweep over all of them, which finds them done, makes the decision. Finished runs are not repeated,
and then have no time.
"""

import argparse
import os
import time
from pathlib import Path

from tables import called, proposed
from tabulate import tabulate

from pipeline.errors import override
from pipeline.files import read_json
from pipeline.formatting import digits, number, signed
from pipeline.judge.models import words
from pipeline.judge.primary import REFERENCE
from pipeline.table.file import read_table

ROOT = Path(__file__).parents[1]
MODELS = ("logistic_regression", "random_forest", "hist_gradient_boosting")
VARIANTS = ("none", "random_under", "smote", "class_weight")
LIMIT = 7200.0  # seconds of one command


def settings_of(file: Path) -> list[str]:
    """What inspect proposes for a table, whose last column is its target."""
    target = str(read_table(file).columns[-1])
    given = [override("data.path", str(file)), override("data.target", target), "data=csv"]
    return proposed(called(["-m", "pipeline.cli", "inspect", *given], limit=LIMIT).out) or given


def swept(models: str, variants: str, settings: list[str]) -> tuple[Path | None, float]:
    """The folder of a sweep, and its seconds."""
    asked = ["-m", "pipeline", "-m", f"model={models}", f"variant={variants}", *settings]
    began = time.perf_counter()
    said = called(asked, limit=LIMIT)
    seconds = time.perf_counter() - began
    reports = [line.split()[1] for line in said.out.splitlines() if line.startswith("report ")]
    if not reports:
        print(said.err.strip().splitlines()[-1:], flush=True)
    return (Path(reports[0]).parent if reports else None), seconds


def row(name: str, decision: dict, seconds: dict[str, float]) -> dict[str, str]:
    """A table's line: each model's metric, its methods' best gain over it, and the decision."""
    places = digits(decision["declared"]["rope"])
    means = {(pair["model"], pair["variant"]): pair["mean_primary"] for pair in decision["pairs"]}
    if decision["reference"]:
        means[decision["reference"]["model"], REFERENCE] = decision["reference"]["mean_primary"]
    cells = {}
    for said in decision["models"]:
        own = {variant: mean for (model, variant), mean in means.items() if model == said["model"]}
        alone = own.pop(REFERENCE, None)
        best = max(own, key=own.__getitem__, default=None)
        gain = "" if best is None or alone is None else f", {best} {signed(own[best] - alone, places)}"
        call = {"rebalance": f" **{said['variant']} better**"}.get(said["action"], "")
        cells[said["model"]] = f"{number(alone, places)}{gain}{call}"
    first = next(iter(seconds.values()))
    ratios = " / ".join(f"{each / first:.1f}" for each in seconds.values())
    pair = "none" if decision["action"] == "none" else words((decision["model"], decision["variant"]))
    return {"table": name, **cells, "decision": f"{decision['action']}: {pair}", "time": ratios}


def main() -> None:
    """Measure every table, print a line as each is done, then the whole table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?", default=ROOT.parent / "shared" / "data")
    parser.add_argument("--tables", nargs="+", help="names of files, without suffixes; all without it")
    parser.add_argument("--repeats", default="2", help="times to repeat the folds, or auto")
    parser.add_argument("--models", nargs="+", default=MODELS)
    parser.add_argument("--variants", nargs="+", default=VARIANTS)
    asked = parser.parse_args()
    folder = asked.folder.absolute()
    os.chdir(ROOT)
    files = {path.name.partition(".")[0]: path for path in sorted(folder.glob("*.csv*"))}
    shown, variants = [], ",".join(asked.variants)
    for name in asked.tables or files:
        settings = [*settings_of(files[name]), "tracking=none", f"evaluate.repeats={asked.repeats}"]
        seconds = {model: swept(model, variants, settings)[1] for model in asked.models}
        made, _ = swept(",".join(asked.models), variants, settings)
        if made is None:
            continue
        shown.append(row(name, read_json(made / "models.json"), seconds))
        print(
            f"{name}: {shown[-1]['decision']} ({', '.join(f'{each:.0f} s' for each in seconds.values())})", flush=True
        )
    print(f"\nTime is that of each model's runs, divided by {asked.models[0]}'s.\n")
    print(tabulate(shown, headers="keys", tablefmt="github", disable_numparse=True))


if __name__ == "__main__":
    main()
