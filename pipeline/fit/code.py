"""The hash of the code and packages that a run's results depend on."""

from collections.abc import Iterable
from importlib.metadata import packages_distributions, version
from pathlib import Path

from pipeline.files import EXTENSIONS, digest, sha256

ROOT = Path(__file__).parents[1]
# These files, layers and packages, besides its settings and its table, decide the numbers of a run.
PARTS = ("config", "errors.py", "files.py", "formatting.py", "table", "measure", "fit")
PACKAGES = ("imbalanced-learn", "numpy", "pandas", "scikit-learn", "scipy")
COVERED = ("sklearn", "imblearn", "pipeline", "extensions")  # trusted packages whose code is in the hash in any case


def code(*also: str, trusted: Iterable[str] = ()) -> str:
    """SHA-256 of the code and packages that the numbers of a run depend on.

    Parameters
    ----------
    also
        Parts of pipeline/ that count besides `PARTS`.
    trusted
        Packages that may build samplers and models, see `versions`.
    """
    parts = {path.relative_to(ROOT).as_posix(): path for part in (*PARTS, *also) for path in sources_of(ROOT / part)}
    own = {path.as_posix(): path for path in sorted(EXTENSIONS.rglob("*.py"))}
    sources = {name: sha256(path) for name, path in {**parts, **own}.items()}
    return digest([sources, [version(package) for package in PACKAGES], versions(trusted)])


def versions(trusted: Iterable[str]) -> dict[str, str]:
    """The versions of the distributions that trusted packages belong to, but for those that `code` covers."""
    if not (others := set(trusted) - set(COVERED)):
        return {}  # looking takes a second
    there = packages_distributions()
    return {name: version(name) for package in sorted(others) for name in sorted(set(there.get(package, ())))}


def sources_of(part: Path) -> list[Path]:
    """The Python files of a layer, or the file itself; nothing that Python caches beside them."""
    return sorted(part.rglob("*.py")) if part.is_dir() else [part]
