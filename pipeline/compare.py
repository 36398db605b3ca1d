"""Compares the variants, decides the verdict, and writes the report."""

import shutil
from pathlib import Path

from pipeline import config
from pipeline.errors import run
from pipeline.files import EVALUATE, REPORTS, RESAMPLE, TRAIN, say, write
from pipeline.judge.evidence import read
from pipeline.report.files import pages


def _forget(folder: Path, *, keep: list[str]) -> None:
    """Delete the folders of variants that are compared no longer, as a fresh clone would not have them."""
    for path in folder.iterdir() if folder.is_dir() else ():
        if path.is_dir() and path.name not in keep:
            shutil.rmtree(path)


def main() -> None:
    """Read, lay side by side, draw, write."""
    params = config.load()
    for folder in (RESAMPLE, TRAIN, EVALUATE, REPORTS):
        _forget(folder, keep=[*params.variants, *config.RESERVED_NAMES])
    files = pages(read(params), each=True)
    for name, content in files.items():
        write(REPORTS / name, content)
    say(f"{params.data.name}: {files['verdict.json']['sentence']}")
    say(f"{params.data.name}: compared {', '.join(params.variants)}")


if __name__ == "__main__":
    run(main)
