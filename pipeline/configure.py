"""Checks, before any other stage runs, that params.yaml matches conf/, and that every setting can be used."""

import os
import re
from importlib.metadata import version

from pipeline.errors import run
from pipeline.files import CONF, CONFIGURE, PARAMS, digest, read_json, write_json, write_text
from pipeline.fit.code import code, versions

PASSED = CONFIGURE / "passed.txt"  # what other stages wait for; its content never changes, so that none reruns for it
LAST = CONFIGURE / "last.json"  # what passed last: while it holds, there is nothing to check
CHECKS = ("compose.py", "tools/configure.py", "configure.py")  # code of the check, besides that of a run


def depends() -> str:
    """Hash of what the check reads: conf/, params.yaml, the environment and code.

    Who asks is no part of it, so that `dvc repro` goes on with what `dvc exp run` has composed and checked.
    """
    files = [*sorted(path for path in CONF.rglob("*") if path.is_file()), *([PARAMS] if PARAMS.is_file() else [])]
    names = {name for path in files for name in re.findall(rb"oc\.env:\s*(\w+)", path.read_bytes())}
    values = {name.decode(): os.environ.get(name.decode()) for name in names}
    composing = [version(package) for package in ("hydra-core", "omegaconf", "pydantic")]
    return digest([values, composing, code(*CHECKS)], files)


def main() -> None:
    """Check, unless the last check still holds."""
    now, last = depends(), read_json(LAST) if LAST.is_file() else {}
    if last.get("depends") != now or versions(last["trusted"]) != last["versions"]:
        from pipeline.tools.configure import checked_params  # imports everything that settings may name

        trusted = checked_params().trusted_packages
        write_json(LAST, {"depends": now, "trusted": trusted, "versions": versions(trusted)})
    write_text(PASSED, f"{PARAMS} can be used\n")


if __name__ == "__main__":
    run(main)
