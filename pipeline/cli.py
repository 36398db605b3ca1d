"""The `rebalance` command: finds the command that was named, shows its help, or runs it."""

import argparse
import re
import sys
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn

from pipeline.errors import InputError, nearest, refuse_other_folder, run

CONF = Path(__file__).parents[1] / "conf"
WIDTH = 100  # characters of a line of help, at most
ABOUT = """usage: rebalance COMMAND [KEY=VALUE ...]

Should I rebalance my table, how, and what do I gain? `dvc repro` answers this. These commands do the rest.

commands:
{commands}

options:
  --help                        show this list; rebalance COMMAND --help explains a command
  --version                     show the version
  --completion bash|zsh|fish    print a completion script; use it with eval "$(rebalance --completion bash)"
"""
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


class Parser(argparse.ArgumentParser):
    """Parses a command line, and refuses a wrong one as every other wrong input is refused."""

    def error(self, message: str) -> NoReturn:
        """Raise InputError instead of printing the usage."""
        raise InputError(f"{message}. For the command's arguments, see `{self.prog} --help`.")


def main(words: Sequence[str] | None = None) -> None:
    """Run what `words`, or else the command line, asks for, and exit with its status."""
    run(lambda: sys.exit(_run(list(sys.argv[1:] if words is None else words))), plain_overrides=True)


def _run(words: list[str]) -> int:
    if not words:
        _run(["--help"])
        return 2
    name, *rest = words
    if name in COMMANDS and not {"-h", "--help"} & set(rest):
        return _command(name, rest)
    if name in COMMANDS:
        print(help_of(name))  # noqa: T201
    elif name in ("-h", "--help"):
        print(ABOUT.format(commands=_columns({key: each.summary for key, each in COMMANDS.items()})), end="")  # noqa: T201
    elif name == "--version":
        from importlib.metadata import version

        print(version("rebalance"))  # noqa: T201
    elif name in ("--completion", "--complete"):
        from pipeline.tools import completion

        words = completion.complete(" ".join(rest), COMMANDS, conf=CONF) if name == "--complete" else []
        print(completion.script(*rest[:1]) if name == "--completion" else "\n".join([*words, ""]), end="")  # noqa: T201
    else:
        raise InputError(
            f"rebalance has no command {name!r}; {nearest(name, COMMANDS)} For a list, see `rebalance --help`."
        )
    return 0


def _command(name: str, words: list[str]) -> int:
    if "-S" in words:
        raise InputError("`-S` is only for `dvc exp run`. Leave it out here, and give just KEY=VALUE.")
    if any("//" in word for word in words):  # else no library is needed to tell that there is no address
        import_module("pipeline.compose").refuse_secrets(words)
    parser = Parser(prog=f"rebalance {name}", add_help=False, allow_abbrev=False)
    for argument, options in COMMANDS[name].arguments.items():
        parser.add_argument(argument, **options)
    switched, words = _switched(COMMANDS[name].switches, words)
    given = vars(parser.parse_intermixed_args(words)) | switched
    if given.get("file") is None:  # a file may be anywhere
        refuse_other_folder()
        sys.path.append(str(Path.cwd()))  # for extensions/, as `python -m` has it
    return int(import_module(f"pipeline.tools.{name}").run(**given))


def _switched(switches: Sequence[str], words: list[str]) -> tuple[dict[str, bool], list[str]]:
    """What the words KEY=true and KEY=false of these switches say, and the other words."""
    own = [word for word in words if word.partition("=")[0] in switches and "=" in word]
    given = {}
    for key, _, value in (word.partition("=") for word in own):
        if value not in ("true", "false"):
            raise InputError(f"{key}: expected true or false, found {value!r}")
        given[key] = value == "true"
    return given, [word for word in words if word not in own]


def help_of(name: str) -> str:
    """What `rebalance NAME --help` prints."""
    command = COMMANDS[name]
    parts = {
        "settings:": _columns(own_settings(name) | command.settings),
        "example:": "\n".join(f"  rebalance {line}" for line in command.examples),
        "exit status:": _columns({str(status): means for status, means in (command.statuses | ALWAYS).items()}),
    }
    shown = [f"{title}\n{text}" for title, text in parts.items()]
    return "\n\n".join([f"usage: rebalance {name} {command.usage}", textwrap.fill(command.about, WIDTH), *shown])


def own_settings(name: str) -> dict[str, str]:
    """The keys that only this command has, with their defaults, and what conf/NAME.yaml says of them."""
    file = CONF / f"{name}.yaml"
    own = file.read_text(encoding="utf-8").partition(f"\n{name}:\n")[2] if file.is_file() else ""
    found = re.findall(r'^  "?(\w+)"?: (.+?) +# (.+)$', own, flags=re.MULTILINE)
    return {f"{name}.{key}={value.replace(' ', '')}": means for key, value, means in found}


def _columns(lines: dict[str, str]) -> str:
    width = max(map(len, lines)) + 4
    return "\n".join(
        textwrap.fill(means, WIDTH, initial_indent=f"  {word:<{width}}", subsequent_indent=" " * (width + 2))
        for word, means in lines.items()
    )


if __name__ == "__main__":
    main()
