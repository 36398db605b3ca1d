"""The settings that conf/ declares."""

from pathlib import Path
from typing import Any

from pipeline import config
from pipeline.config import Config

ROOT = Path(__file__).parents[2]


def settings(*, repeats: int | None = None, **model: Any) -> Config:
    """Everything as conf/ has it, but for the repeats of the folds and for these keys of the model's node."""
    raw = config.read(ROOT / "params.yaml")
    counts = {} if repeats is None else {"repeats": repeats}
    changed = {"model": {**raw["model"], **model}, "evaluate": {**raw["evaluate"], **counts}}
    return config.check({**raw, **changed})
