"""Which files of the project import which, read from their text."""

import ast
from pathlib import Path

PIPELINE = Path(__file__).parents[1] / "pipeline"


def imported(path):
    """The project's modules that a file imports when it runs, also inside functions, as paths below pipeline/."""
    found = set()
    tree = ast.parse(path.read_text())
    for node in tree.body:
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            node.body = []
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name}: a relative import"
            names = [f"{node.module}.{alias.name}" for alias in node.names] + [node.module]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        else:
            continue
        for name in names:
            if name.startswith("pipeline."):
                place = PIPELINE.joinpath(*name.split(".")[1:])
                found |= {file for file in (place.with_suffix(".py"), place / "__init__.py") if file.is_file()}
    return found


def reached(*names):
    """All files of the project that these import, over any number of steps, and themselves."""
    seen, ahead = set(), {PIPELINE / name for name in names}
    while ahead:
        path = ahead.pop()
        seen.add(path)
        ahead |= imported(path) - seen
    return seen


def layers(paths):
    """The layers and top-level files of pipeline/ that these files belong to."""
    return {path.relative_to(PIPELINE).parts[0] for path in paths}
