"""The `rebalance` command: finds the command that was named, shows its help, or runs it."""

import argparse
import re
import sys
import textwrap
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import NoReturn

from pipeline.errors import InputError, nearest, refuse_other_folder, run
from pipeline.tools.commands import ALWAYS, COMMANDS

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
    elif name == "--completion":
        from pipeline.tools import completion

        print(completion.script(*rest[:1]), end="")  # noqa: T201
    elif name == "--complete":
        from pipeline.tools import completion

        print("\n".join(completion.complete(" ".join(rest), COMMANDS, conf=CONF)))  # noqa: T201
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
