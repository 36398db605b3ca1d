"""Errors of bad input: a short message and exit status 2 instead of a traceback."""

import ctypes
import os
import re
import shlex
import signal
import sys
from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, NoReturn, Self, TypeAlias

MORE_ROOM = "Select fewer rows or columns, or use a machine with more memory."
MOST_SHOWN = 20  # problems
WORDS = ("true", "false", "null", "nan", "inf")  # that Hydra takes for values other than text
# Keys of a mapping that Hydra's grammar takes as they are.
PLAIN_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*(?: [A-Za-z0-9_.-]+)*|0|[1-9][0-9]*")
Value: TypeAlias = "str | float | None | Iterable[Value] | Mapping[str, Value]"


class InputError(ValueError):
    """The user's input can't be used: what is wrong, where, and what to do, one message a problem."""

    def __init__(self, problems: str | Iterable[str]) -> None:
        self.problems = [problems] if isinstance(problems, str) else list(problems)
        super().__init__("\n".join(self.problems))

    def within(self, where: object) -> Self:
        """Begin each problem with `where`, and give the error."""
        self.problems = [f"{where}: {problem}" for problem in self.problems]
        self.args = ("\n".join(self.problems),)
        return self


def nearest(word: str, words: Iterable[str]) -> str:
    """`did you mean 'a', 'b'?` for the words closest to `word`; where none is close, the words to choose from."""
    known = [str(w) for w in words]
    close = get_close_matches(word, known, n=3, cutoff=0.5)
    shown = ", ".join(repr(w) for w in (close or known)[:12])
    return f"did you mean {shown}?" if close else f"choose from {shown}."


def set_param(key: str, value: Value) -> str:
    """The `-S key=value` of `dvc exp run` that sets a key, quoted for the shell; see `override`."""
    return f"-S {shlex.quote(override(key, value))}"


def override(key: str, value: Value) -> str:
    """The `key=value` that Hydra reads as this value, whatever text it holds.

    Names and labels are text, so that `12`, `null` and `${seed}` are what they look like. Hydra's grammar has no
    quotes for the keys of a mapping: where a key needs them, the mapping is written as a list of pairs, which
    settings take too.
    """
    return f"{key}={_written(value)}"


def _written(value: Value) -> str:
    """A value as Hydra's grammar reads it back."""
    if value is None:
        return "null"
    if isinstance(value, str):
        return _quoted(value)
    if not isinstance(value, Iterable):  # a number, or true and false
        return str(value).lower()
    if not isinstance(value, Mapping):
        return f"[{','.join(map(_written, value))}]"
    if all(PLAIN_KEY.fullmatch(key) and key.lower() not in WORDS for key in value):
        return "{" + ", ".join(f"{key}: {_written(each)}" for key, each in value.items()) + "}"
    return _written([[key, each] for key, each in value.items()])


def advise(*options: str) -> str:
    """A sentence that offers these options, without the empty ones: "Correct the cells, or leave the column out."""
    text = ", or ".join(option for option in options if option)
    return f"{text[:1].upper()}{text[1:]}."


def uninterpolated(text: str) -> str:
    """The text as OmegaConf reads it back: its `${` begins no reference to another setting."""
    return re.sub(r"(\\*)\$\{", lambda found: found[1] * 2 + r"\${", text)


def _quoted(name: str) -> str:
    if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_.-]*", name) and name.lower() not in WORDS:
        return name
    text = uninterpolated(name)
    return '"' + re.sub(r'(\\*)("|$)', lambda found: found[1] * 2 + ("\\" if found[2] else "") + found[2], text) + '"'


def refuse_other_folder() -> None:
    """Raise InputError unless the current folder is the project's."""
    if not Path("conf/config.yaml").is_file():
        raise InputError(
            f"{Path.cwd()} isn't the folder of a rebalance project, because conf/config.yaml is missing. Change to the "
            "project's folder and run this again."
        )


def exit_on_signals() -> None:
    """Make SIGTERM and SIGHUP end this process as an exception does, so that nothing is left half done."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _exit)


def _exit(number: int, _: Any) -> NoReturn:
    sys.exit(128 + number)


def run(main: Callable[[], None], *, plain_overrides: bool = False) -> None:
    """Call a command's `main`. Exit status: 2 on bad input, 130 when interrupted, 141 when the reader has gone.

    Parameters
    ----------
    main
        Takes nothing: it reads `sys.argv` and `params.yaml`.
    plain_overrides
        Whether the command takes `key=value`, unlike `dvc exp run`, which takes the `-S key=value` of our messages.
    """
    _end_with_parent()
    try:
        main()
    except InputError as error:
        problems = [each.replace("-S ", "") if plain_overrides else each for each in error.problems]
        shown = problems[:MOST_SHOWN]
        more = len(problems) - len(shown)
        for problem in shown:
            print(f"error: {problem}", file=sys.stderr)  # noqa: T201
        if more:
            print(f"error: and {more} more", file=sys.stderr)  # noqa: T201
        sys.exit(2)
    except MemoryError as error:
        said = " ".join(str(error).split())
        print(f"error: memory ran out{f' ({said})' if said else ''}. {MORE_ROOM}", file=sys.stderr)  # noqa: T201
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        # The reader, such as `head`, has gone. What is left in the buffer must not raise when Python ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(141)


def _end_with_parent() -> None:
    """Ask Linux to end this stage when `dvc repro` is killed, so that the next one is the only writer."""
    if sys.platform == "linux" and os.environ.get("DVC_STAGE"):
        pr_set_pdeathsig = 1
        ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGTERM)


def broken(what: str, error: BaseException) -> InputError:
    """The error for a damaged file; `what` names its kind, such as "a gzip file"."""
    reason = (str(error).strip().splitlines() or [type(error).__name__])[0][:160]
    return InputError(f"expected {what}, found a damaged one ({reason}). Copy the file again.")
