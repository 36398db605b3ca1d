import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from reproductions import made, reproduced  # noqa: F401  fixtures that tests/tracking shares

ROOT = Path(__file__).parents[2]


def pytest_collection_modifyitems(items):
    """What fits for minutes in this process would take twice as long with coverage, which the layers' tests reach."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker("no_cover")


class Sweeps:
    """Starts sweeps from the command line, each in a folder of its own below `root`, and reads their results."""

    def __init__(self, root):
        self.root, self._begun = root, []

    def begin(self, name, *arguments):
        """The process of `python -m pipeline` with these arguments, in the folder `name`."""
        folder = self.root / name
        folder.mkdir(exist_ok=True)
        if not (folder / "conf").exists():
            (folder / "conf").symlink_to(ROOT / "conf")
        process = subprocess.Popen(
            [sys.executable, "-m", "pipeline", *arguments],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self._begun.append(process)
        return process

    def make(self, name, *arguments):
        """What a process that must end well has printed."""
        process = self.begin(name, *arguments)
        out, _ = process.communicate(timeout=600)
        assert process.returncode == 0, out
        return out

    def results(self, name):
        """The bytes of each run's metrics and predictions, by their place."""
        runs = self.root / name / "multirun/runs"
        return {
            str(path.relative_to(runs)): path.read_bytes()
            for kind in ("metrics.json", "predictions.parquet")
            for path in runs.glob(f"[!.]*/{kind}")
        }

    def end(self):
        """End what is still running, with its workers."""
        for process in self._begun:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.communicate()


@pytest.fixture(scope="module")
def sweeps(tmp_path_factory):
    started = Sweeps(tmp_path_factory.mktemp("sweeps"))
    yield started
    started.end()
