"""The hash of the code and packages that the numbers of a run depend on."""

import hashlib
from importlib.metadata import version
from pathlib import Path

from pipeline.files import digest

ROOT = Path(__file__).parents[1]
# These files, layers and packages, besides its settings and its table, decide the numbers of a run.
PARTS = ("config", "errors.py", "files.py", "formatting.py", "table", "measure", "fit")
PACKAGES = ("imbalanced-learn", "numpy", "pandas", "scikit-learn", "scipy")


def code(*also: str) -> str:
    """SHA-256 of the code and packages that the numbers of a run depend on, and of the parts of pipeline/ in `also`."""
    sources = {
        path.relative_to(ROOT).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for part in (*PARTS, *also)
        for path in sources_of(ROOT / part)
    }
    return digest([sources, [version(package) for package in PACKAGES]])


def sources_of(part: Path) -> list[Path]:
    """The Python files of a layer, or the file itself; nothing that Python caches beside them."""
    return sorted(part.rglob("*.py")) if part.is_dir() else [part]
