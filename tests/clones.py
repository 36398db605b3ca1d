"""Checkouts of the working tree in which DVC runs, for the system tests."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from pipeline.files import read_json

ROOT = Path(__file__).parents[1]
IDENTITY = {f"GIT_{who}_{what}": "test@localhost" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}


class Clone:
    """A checkout of the working tree, with its own git history and DVC cache."""

    def __init__(self, path):
        self.path = path
        self.environment = {key: value for key, value in os.environ.items() if not key.startswith(("DVC_", "MLFLOW_"))}
        self.environment |= {
            **IDENTITY,
            "PYTHONPATH": str(path),
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        }
        listed = subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            cwd=ROOT,
            capture_output=True,
            check=True,
        )
        for name in filter(None, listed.stdout.decode().split("\0")):
            if (ROOT / name).is_file():
                (path / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(ROOT / name, path / name)
        for arguments in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "as cloned"]):
            subprocess.run(["git", *arguments], cwd=path, env=self.environment, check=True)

    def write(self, name, text):
        """Write a file."""
        (self.path / name).parent.mkdir(parents=True, exist_ok=True)
        (self.path / name).write_text(text, encoding="utf-8")

    def run(self, *command, status=0):
        """What a command prints, standard error included."""
        done = subprocess.run(
            command,
            cwd=self.path,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert done.returncode == status, done.stdout
        return done.stdout

    def stages(self, *command):
        """The stages that a DVC command ran, after `configure`, which always runs."""
        configure, *ran = re.findall(r"Running stage '(.+)'", self.run(*command))
        assert configure == "configure"
        return ran

    def matrix(self, variant, point="default"):
        judged = read_json(self.path / "reports" / variant / "metrics.json")["holdout"][point]
        return [judged[cell] for cell in ("tn", "fp", "fn", "tp")]
