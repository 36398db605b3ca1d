"""The commands of `rebalance`, in words, and what each takes."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

HYDRA = "Any setting of conf/, as a Hydra override such as seed=7 or data=csv. "
LAID_DOWN = "Without any, the settings in params.yaml are used."


@dataclass(frozen=True)
class Command:
    """What a command does, in words, and what it takes.

    Attributes
    ----------
    summary
        One line, for the list of commands.
    usage
        What may follow the command's name.
    about
        What it reads, does and writes.
    settings
        Name and meaning of each setting; the keys below the command's own name in conf/ come first.
    examples
        Command lines, without `rebalance`.
    statuses
        Exit statuses, and what each means.
    arguments
        For argparse: names, and options of each.
    switches
        Keys of its own that are true or false, and not in conf/.
    """

    summary: str
    usage: str
    about: str
    settings: dict[str, str]
    examples: tuple[str, ...]
    statuses: dict[int, str]
    arguments: dict[str, dict[str, Any]]
    switches: tuple[str, ...] = ()


OVERRIDES: dict[str, dict[str, Any]] = {"overrides": {"nargs": "*", "metavar": "KEY=VALUE"}}
COMMANDS = {
    "inspect": Command(
        "Look at a table before you train: column types, problems, leaks",
        "[KEY=VALUE ...]",
        "Reports what each column contains, which problems would stop a run, whether a run would end in a verdict, and "
        "which columns look too good to be true. Then it prints the command that runs the pipeline on this table. It "
        "trains no model. Charts of every column are written to reports/inspect.html.",
        {
            "KEY=VALUE": HYDRA + "Your table: data=csv data.path=FILE data.target=COLUMN.",
            "save=NAME": "Also write these settings, and those that inspect proposes, to conf/experiment/NAME.yaml, "
            "each with its reason. `rebalance use NAME` makes them the default.",
        },
        (
            "inspect data=csv data.path=visits.csv data.target=buy",
            "inspect data=csv data.path=visits.csv data.target=buy save=visits",
        ),
        {
            0: "the printed command will end in a verdict",
            1: "a run would be refused, or end without a verdict; the report shows what to change",
        },
        OVERRIDES,
    ),
    "use": Command(
        "Make a preset the default of every command",
        "[NAME]",
        "Writes the name of a preset in conf/experiment/ into conf/config.yaml, and composes params.yaml. From then "
        "on, `dvc repro`, `dvc exp run`, sweeps and all commands use its table. A command that names another table "
        "with data=..., or another preset with experiment=..., ignores it.",
        {
            "NAME": "A preset, such as one written by `rebalance inspect ... save=NAME`. mountain_shop goes back to "
            "the simulated shop. Without NAME, the command shows which preset is in use."
        },
        ("use visits", "use mountain_shop"),
        {0: "the preset is in use"},
        {"name": {"nargs": "?", "metavar": "NAME"}},
    ),
    "plan": Command(
        "Estimate the minimum detectable difference before you train",
        "[KEY=VALUE ...]",
        "Simulates tables with your features and your class counts, and measures how much the results of a method "
        "vary. From that, it computes the minimum detectable difference (80% power) and how many rows of the rarer "
        "class you need. Of your labels, it uses only the counts, so planning reveals nothing about the results.",
        {"KEY=VALUE": HYDRA + LAID_DOWN},
        ("plan", "plan data=csv data.path=visits.csv data.target=buy plan.roc_auc=0.7"),
        {0: "the plan is printed", 30: "no verdict is possible: the rarer class has too few rows"},
        OVERRIDES,
    ),
    "audit": Command(
        "Count how often the verdict recommends a method on shuffled labels",
        "[KEY=VALUE ...]",
        "Shuffles your labels many times, and compares all variants on each table. With shuffled labels, no method "
        "can be better, so the verdict should recommend one no more often than alpha. Results are kept in audit/. To "
        "continue after a stop, run the same command again.",
        {"KEY=VALUE": HYDRA + LAID_DOWN},
        ("audit audit.null=73",),
        {
            0: "no evidence that the verdict recommends a method more often than alpha",
            1: "the verdict recommends a method more often than alpha: don't trust it on this table",
        },
        OVERRIDES,
    ),
    "verdict": Command(
        "Print the verdict; the exit status is the recommended action",
        "[FILE] [strict=false]",
        "Prints the verdict of the last `dvc repro`, with a line for each method, what would settle it, and the "
        "caveats.",
        {
            "FILE": "Another verdict, such as a sweep's. Default: reports/verdict.json.",
            "strict=false": "Exit status 0 for every verdict to keep the baseline, also where the evidence is "
            "inconclusive.",
        },
        ("verdict", "verdict multirun/visits-1a2b3c4d/verdict.json", "verdict strict=false"),
        {
            0: "keep the baseline: the methods are shown not to be better",
            10: "rebalance: a method is shown to be better",
            20: "keep the baseline: the evidence is inconclusive (0 with strict=false)",
            30: "no verdict is possible",
        },
        {"file": {"nargs": "?", "type": Path, "metavar": "FILE"}},
        switches=("strict",),
    ),
    "predict": Command(
        "Score a new table with a trained variant",
        "data.path=FILE [variant=NAME] [to=FILE.csv] [overwrite=true]",
        "Reads the new table in the same way as the training table, and writes a CSV file with one line for each row: "
        "row_id, probability (recalibrated), raw_probability (the model's own), decision (at the tuned threshold).",
        {
            "data.path=FILE": "The table to score. It must have the training table's feature columns, in any order.",
            "variant=NAME": "The variant to score with. Default: the one that the verdict recommends.",
            "to=FILE.csv": "The file to write. Default: data/predict/NAME.csv.",
            "overwrite=true": "Replace that file, whatever it is. Default: only an earlier output.",
        },
        ("predict data.path=new.csv", "predict data.path=new.csv variant=smote to=scores.csv"),
        {0: "the predictions are written"},
        OVERRIDES,
    ),
    "verify": Command(
        "Recompute every number in a report from the predictions in it",
        "[FILE]",
        "Recomputes every number and every figure in a report, and compares them with those on the page.",
        {"FILE": "Another report, such as a sweep's. Default: reports/index.html."},
        ("verify", "verify multirun/visits-1a2b3c4d/index.html"),
        {0: "everything agrees", 1: "something differs: the report or the code was changed"},
        {"file": {"nargs": "?", "type": Path, "metavar": "FILE"}},
    ),
    "publish": Command(
        "Publish results and sweeps to MLflow, and register the model",
        "[register=NAME] [--ui] [--port PORT]",
        "Publishes the results of `dvc repro`, and every sweep in multirun/, to the MLflow store in params.yaml "
        "(tracking.uri). What the store already has is not published or registered again.",
        {
            "register=NAME": "Also register the recommended model as a version of NAME in MLflow's model registry, "
            "with its model card. With proven evidence it gets the alias champion; without, the champion stays as it "
            "was, and the command prints what would settle it. Sweeps keep no models, so theirs can't be registered.",
            "--ui": "Then serve MLflow on this machine until you press Ctrl-C.",
            "--port PORT": "Port of that server. Default: 5000.",
        },
        ("publish --ui", "publish register=visits"),
        {0: "the store has what it should, or tracking is off", 1: "the store or its registry can't be used now"},
        {"register": {"nargs": "?"}, "--ui": {"action": "store_true"}, "--port": {"type": int, "default": 5000}},
    ),
    "doctor": Command(
        "Repair what a kill or a damaged disk left behind",
        "[--cache]",
        "Looks whether DVC can read dvc.lock and its list of files in use, and restores or deletes what a kill left "
        "incomplete. `make repro` does this by itself after a failure.",
        {"--cache": "Also compare each file in DVC's cache with its hash, and delete damaged ones with their outputs."},
        ("doctor", "doctor --cache"),
        {0: "nothing is damaged", 10: "repaired: run `dvc repro` again"},
        {"--cache": {"action": "store_true"}},
    ),
    "configure": Command(
        "Write params.yaml from conf/ and your overrides",
        "[KEY=VALUE ...]",
        "Composes conf/ and your overrides into params.yaml, which `dvc repro` reads. Settings that can't work are "
        "refused. `dvc exp run -S KEY=VALUE` does the same, and then runs the pipeline.",
        {"KEY=VALUE": HYDRA},
        ("configure variants.smote.sampler.k_neighbors=3",),
        {0: "params.yaml is written"},
        OVERRIDES,
    ),
}
ALWAYS = {2: "bad input; the message shows what is wrong and what to do", 130: "stopped with Ctrl-C"}
