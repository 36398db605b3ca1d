import ast
from pathlib import Path

import pytest
import yaml

from pipeline.config import Config

ROOT = Path(__file__).parents[1]
STAGES = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]


def imported(path):
    """The project's modules that a file imports, also inside functions."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module == "pipeline":
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("pipeline."):
            found.add(node.module.split(".")[1])
        elif isinstance(node, ast.Import):
            found |= {alias.name.split(".")[1] for alias in node.names if alias.name.startswith("pipeline.")}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name}: a relative import"
    return found


def reached(name):
    """`name` and all project modules that it imports, over any number of steps."""
    seen, ahead = set(), {name}
    while ahead:
        module = ahead.pop()
        seen.add(module)
        ahead |= imported(ROOT / "pipeline" / f"{module}.py") - seen
    return seen


def parts(name):
    return STAGES[name].get("do", STAGES[name])


def test_stage_module_command_and_folder_share_one_word():
    assert list(STAGES) == [
        "configure",
        "ingest",
        "split",
        "preprocess",
        "resample",
        "train",
        "evaluate",
        "compare",
        "track",
    ]
    for name in STAGES:
        command = parts(name)["cmd"].split()
        assert command[:3] == ["python", "-m", f"pipeline.{name}"]
        assert command[3:] == (["--check"] if name == "configure" else ["${key}"] if "foreach" in STAGES[name] else [])


@pytest.mark.parametrize("name", ["ingest", "split", "preprocess", "resample", "train", "evaluate"])
def test_a_stage_writes_its_own_folder(name):
    assert parts(name)["outs"] == [f"data/{name}" + ("/${key}" if "foreach" in STAGES[name] else "")]


@pytest.mark.parametrize("name", STAGES)
def test_stage_modules_do_not_import_each_other(name):
    assert not imported(ROOT / "pipeline" / f"{name}.py") & set(STAGES) - {name}


@pytest.mark.parametrize("name", STAGES)
def test_a_stage_depends_on_exactly_the_modules_it_imports(name):
    listed = {dependency for dependency in parts(name)["deps"] if dependency.startswith("pipeline/")}
    assert {path for path in listed if path.endswith(".py")} == {f"pipeline/{module}.py" for module in reached(name)}
    assert all((ROOT / path).is_file() for path in listed)


def settings_read(name):
    """The top-level keys of params.yaml that a stage's main reads."""
    (main,) = [node for node in ast.parse((ROOT / "pipeline" / f"{name}.py").read_text()).body if is_main(node)]
    found = set()
    for node in ast.walk(main):
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) in ("params", "config.load()"):
            found.add(node.attr)
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("config.sampler", "config.model"):
            found |= {"variants", "trusted_packages"} | (
                {"model"} if ast.unparse(node.func) == "config.model" else set()
            )
        if (
            isinstance(node, ast.Call) and ast.unparse(node.func) == "read"
        ):  # compare prints the settings, and their hash
            found |= set(Config.__dataclass_fields__) - {"tracking"}
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "folds.chain":
            found |= {"variants", "trusted_packages", "model", "preprocess"}
    return found


def is_main(node):
    return isinstance(node, ast.FunctionDef) and node.name == "main"


@pytest.mark.parametrize("name", ["ingest", "split", "preprocess", "resample", "train", "evaluate", "compare"])
def test_a_stage_reruns_when_a_setting_that_it_reads_changes(name):
    assert {key.split(".")[0] for key in parts(name)["params"]} == settings_read(name)


def test_only_tracking_imports_mlflow_and_only_plots_matplotlib():
    for package, home in (("mlflow", "tracking.py"), ("matplotlib", "plots.py")):
        users = set()
        for path in (ROOT / "pipeline").glob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
                names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
                users |= {path.name for name in names if name.split(".")[0] == package}
        assert users == {home}
