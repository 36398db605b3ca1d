"""Bad input ends a command with one screen of plain words and exit status 2, never with a traceback."""

import ctypes
import os
import re
import shlex
import signal
import sys
from collections.abc import Callable, Iterable
from difflib import get_close_matches
from pathlib import Path
from typing import Any, NoReturn

SCREEN = 20  # problems shown at once


class InputError(ValueError):
    """What the user gave cannot be used: the message says where, what was expected, what was found, and the mend."""

    def __init__(self, problems: str | Iterable[str]) -> None:
        self.problems = [problems] if isinstance(problems, str) else list(problems)
        super().__init__("\n".join(self.problems))


def nearest(word: str, words: Iterable[str]) -> str:
    """`; nearest: 'a', 'b'`, or what there is to choose from."""
    known = [str(w) for w in words]
    close = get_close_matches(word, known, n=3, cutoff=0.5)
    shown = ", ".join(repr(w) for w in (close or known)[:12])
    return f"{'nearest' if close else 'there is'}: {shown}"


def given(key: str, value: str | Iterable[str]) -> str:
    """What to type after `dvc exp run` to set a key to a name or to names, quoted where Hydra or a shell asks."""
    listed = value if isinstance(value, str) else list(value)
    written = _word(listed) if isinstance(listed, str) else f"[{','.join(map(_word, listed))}]"
    return f"-S {shlex.quote(f'{key}={written}')}"


def _word(name: str) -> str:
    """A name as Hydra's grammar reads it back."""
    plain = re.fullmatch(r"[A-Za-z_][A-Za-z0-9_.-]*", name)
    if plain and name.lower() not in ("true", "false", "null", "nan", "inf"):
        return name
    return '"' + re.sub(r'(\\*)("|$)', lambda found: found[1] * 2 + ("\\" if found[2] else "") + found[2], name) + '"'


def refuse_other_folder() -> None:
    """Raise InputError unless the current folder is the project's."""
    if not Path("conf/config.yaml").is_file():
        raise InputError(
            f"{Path.cwd()} isn't the folder of a rebalance project: conf/config.yaml isn't here. Change to the "
            "project's folder and run this again"
        )


def exit_on_signals() -> None:
    """Make SIGTERM and SIGHUP end this process as an exception does, so that nothing is left half done."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _exit)


def _exit(number: int, _: Any) -> NoReturn:
    sys.exit(128 + number)


def run(main: Callable[[], None], *, plain_overrides: bool = False) -> None:
    """Call a command's `main`; exit status 2 on bad input, 130 when interrupted, 141 when not read to the end.

    Parameters
    ----------
    main
        Takes nothing: it reads `sys.argv` and `params.yaml`.
    plain_overrides
        Whether the command takes `key=value` where `dvc exp run`, for which messages are written, takes
        `-S key=value`.
    """
    _end_with_parent()
    try:
        main()
    except InputError as error:
        problems = [each.replace("-S ", "") if plain_overrides else each for each in error.problems]
        shown = problems[:SCREEN]
        more = len(problems) - len(shown)
        for problem in shown:
            print(f"error: {problem}", file=sys.stderr)  # noqa: T201
        if more:
            print(f"error: and {more} more", file=sys.stderr)  # noqa: T201
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        # Who read has gone, as `head` does; what is left in the buffer must not raise when Python ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(141)


def _end_with_parent() -> None:
    """Ask Linux for SIGTERM when the parent dies: a killed `dvc repro` must not leave a second writer."""
    if sys.platform == "linux" and os.environ.get("DVC_STAGE"):
        pr_set_pdeathsig = 1
        ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGTERM)


def broken(what: str, error: BaseException) -> InputError:
    """A refusal of a file that cannot be read as what it should be."""
    reason = (str(error).strip().splitlines() or [type(error).__name__])[0][:160]
    return InputError(f"expected {what}, found a broken one ({reason}): copy it again")
