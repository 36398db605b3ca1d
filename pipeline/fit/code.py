"""The hash of the code and packages that a run's numbers depend on."""

import hashlib
from importlib.metadata import version
from pathlib import Path

from pipeline.files import digest

ROOT = Path(__file__).parents[1]
# What the numbers of a run depend on besides its settings and its table: these files, layers and packages.
PARTS = ("config", "errors.py", "files.py", "formatting.py", "table", "measure", "fit")
PACKAGES = ("imbalanced-learn", "numpy", "pandas", "scikit-learn", "scipy")


def code(*also: str) -> str:
    """SHA-256 over the code and packages that a run's numbers depend on, and the parts of `pipeline/` in `also`."""
    sources = {
        path.relative_to(ROOT).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for part in (*PARTS, *also)
        for path in sources_of(ROOT / part)
    }
    return digest([sources, [version(package) for package in PACKAGES]])


def sources_of(part: Path) -> list[Path]:
    """The Python files of a layer, or the file itself; without what Python caches beside them."""
    return sorted(part.rglob("*.py")) if part.is_dir() else [part]
