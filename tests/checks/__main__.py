"""Runs the checks: python tests/checks."""

import sys
from pathlib import Path

sys.path[0] = str(Path(__file__).parents[1])  # where `checks` is found, here and in worker processes

from checks.command import main  # noqa: E402

main()
