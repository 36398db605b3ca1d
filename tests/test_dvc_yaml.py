import ast
from pathlib import Path

import pytest
import yaml
from altered import changed
from imports import PIPELINE, imported, layers, reached

from pipeline.config import UNRELATED, Config
from pipeline.measure.primary import criterion

ROOT = Path(__file__).parents[1]
STAGES = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]


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
        assert command[3:] == (["${key}"] if "foreach" in STAGES[name] else [])


@pytest.mark.parametrize("name", ["ingest", "split", "preprocess", "resample", "train", "evaluate"])
def test_a_stage_writes_its_own_folder(name):
    outs = [out for out in parts(name)["outs"] if isinstance(out, str)]  # a dictionary is kept in git
    assert outs == [f"data/{name}" + ("/${key}" if "foreach" in STAGES[name] else "")]


def test_every_stage_waits_for_configure_which_always_runs():
    configure = STAGES["configure"]
    assert configure["always_changed"]
    assert "deps" not in configure
    assert set(configure["outs"]) < set(parts("ingest")["deps"])
    for name in list(STAGES)[2:]:
        assert any(str(dependency).startswith(("data/", "reports/")) for dependency in parts(name)["deps"])
    for name in STAGES:  # whose command has a name that only `configure` has checked
        assert "${key}" not in parts(name)["cmd"] or set(configure["outs"]) < set(parts(name)["deps"])


@pytest.mark.parametrize("name", STAGES)
def test_a_stage_depends_on_whole_folders_of_data(name):
    outs = {str(out) for stage in map(parts, STAGES) for out in stage["outs"]}
    for dependency in parts(name).get("deps", []):
        if dependency.startswith("data/"):
            assert dependency in outs or any(out.startswith(f"{dependency}/") for out in outs), dependency


@pytest.mark.parametrize("path", sorted(PIPELINE.rglob("*.py")), ids=lambda path: str(path.relative_to(PIPELINE)))
def test_nothing_imports_a_stage(path):
    assert not imported(path) & {PIPELINE / f"{name}.py" for name in STAGES}


@pytest.mark.parametrize("name", [name for name in STAGES if name != "configure"])  # which always runs
def test_a_stage_depends_on_exactly_the_layers_it_imports(name):
    listed = {dependency for dependency in parts(name)["deps"] if dependency.startswith("pipeline/")}
    assert listed == {f"pipeline/{layer}" for layer in layers(reached(f"{name}.py"))}


def settings_read(name):
    """The top-level keys of params.yaml that a stage's main reads."""
    (main,) = [node for node in ast.parse((ROOT / "pipeline" / f"{name}.py").read_text()).body if is_main(node)]
    found = set()
    for node in ast.walk(main):
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) in ("params", "config.load()"):
            found.add(node.attr)
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("variants.sampler", "variants.model"):
            found |= {"variants", "trusted_packages"} | (
                {"model"} if ast.unparse(node.func) == "variants.model" else set()
            )
        if (
            isinstance(node, ast.Call) and ast.unparse(node.func) == "read"
        ):  # compare prints the settings, and their hash
            found |= set(Config.model_fields) - UNRELATED
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "chains.chain":
            found |= {"variants", "trusted_packages", "model", "preprocess", "compare", "evaluate"}
    return found


def is_main(node):
    return isinstance(node, ast.FunctionDef) and node.name == "main"


@pytest.mark.parametrize("name", ["ingest", "split", "preprocess", "resample", "train", "evaluate", "compare"])
def test_a_stage_reruns_when_a_setting_that_it_reads_changes(name):
    assert {key.split(".")[0] for key in parts(name)["params"]} == settings_read(name) - UNRELATED


def test_train_and_evaluate_rerun_when_what_c_is_chosen_for_changes_and_for_nothing_else_of_these_groups(composed):
    changes = {
        "compare.primary": "roc_auc",
        "compare.rope": 0.5,
        "compare.alpha": 0.1,
        "evaluate.beta": 2.0,
        "evaluate.false_negative_cost": 7.0,
        "evaluate.false_positive_cost": 7.0,
        "evaluate.folds": 3,
        "evaluate.repeats": 2,
        "evaluate.confidence": 0.9,
    }
    costs, rule = ("evaluate=expected_cost", "evaluate.false_negative_cost=9"), "model.tune_for=primary"
    reading = set()
    for choices in ((), ("evaluate=f_beta", "compare=f_beta"), (*costs, "compare=expected_cost")):
        raw = yaml.safe_load(composed(*choices, rule))
        before = criterion(Config.model_validate(raw), "none")
        for key, value in changes.items():
            group, _, name = key.partition(".")
            if raw[group][name] is not None:  # else a setting of another objective
                after = criterion(Config.model_validate(changed(raw, key, value)), "none")
                reading |= {key} if after != before else set()
    objectives = (("evaluate=f_beta",), ("evaluate=recall_at_precision",), costs)
    assert {
        repr(criterion(Config.model_validate(yaml.safe_load(composed(*each, rule))), "none")) for each in objectives
    } == {repr(criterion(Config.model_validate(yaml.safe_load(composed(rule))), "none"))}
    of_groups = {key for key in parts("train")["params"] if key.startswith(("compare", "evaluate"))}
    assert of_groups == reading
    of_groups = {key for key in parts("evaluate")["params"] if key.startswith(("compare", "evaluate"))}
    assert of_groups == {"compare.primary", "evaluate"}


@pytest.mark.parametrize("name", [name for name in STAGES if name not in ("configure", "track")])
def test_a_stage_that_builds_samplers_and_models_or_hashes_code_depends_on_extensions(name):
    assert ("extensions" in parts(name)["deps"]) == ("trusted_packages" in settings_read(name))


def test_only_tracking_imports_mlflow_and_only_figures_matplotlib():
    for package, home in (("mlflow", "tracking"), ("matplotlib", "report")):
        users = set()
        for path in PIPELINE.rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
                names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
                users |= {path.relative_to(PIPELINE).parts[0] for name in names if name.split(".")[0] == package}
        assert users == {home}
