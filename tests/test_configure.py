import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from omegaconf import OmegaConf

from pipeline import config
from pipeline import configure as stage
from pipeline.compose import differences
from pipeline.errors import InputError
from pipeline.fit import variants
from pipeline.tools import configure as by_hand

ROOT = Path(__file__).parents[1]
NEEDED = {
    "csv": ["data.path=visits.csv", "data.target=buy"],
    "expected_cost": ["evaluate=expected_cost", "evaluate.false_negative_cost=19"],
    "f_beta": ["evaluate=f_beta"],
    "url": ["data.url=https://h/visits.csv", "data.target=buy"],
    "openml": ["data.openml.id=310", "data.target=buy"],
    "imbalanced": ["data.imbalanced=oil"],
    "sql": ["data.sql.url=sqlite:///visits.db", "data.sql.query='select a, buy from t order by a'", "data.target=buy"],
    "grouped": ["data.group=who"],
    "temporal": ["data.time=day"],
}


def choices(group):
    return sorted(path.stem for path in (ROOT / "conf" / group).glob("*.yaml"))


def test_committed_params_are_what_conf_composes_to(composed):
    assert (ROOT / "params.yaml").read_text(encoding="utf-8") == composed()


GROUPS = ("data", "split", "preprocess", "model", "evaluate", "compare", "tracking")


def chosen(base, group, choice):
    """Settings with a file of conf/ in place of the group's default, and what it needs besides, as Hydra has them."""
    settings = OmegaConf.create({**base, group: OmegaConf.load(ROOT / "conf" / group / f"{choice}.yaml")})
    for needed in NEEDED.get(choice, []):
        key, _, value = needed.partition("=")
        if key in GROUPS:
            settings[key] = OmegaConf.load(ROOT / "conf" / key / f"{value}.yaml")
        else:
            OmegaConf.update(settings, key, value.strip("'"))
    return OmegaConf.to_container(settings, resolve=True)


def test_a_choice_is_its_file_in_place_of_the_default(raw, composed):
    files = {"split": "grouped", "preprocess": "none", "evaluate": "f_beta", "compare": "f_beta", "tracking": "server"}
    for group, choice in files.items():
        raw = chosen(raw, group, choice)
    overrides = [f"{group}={choice}" for group, choice in files.items()]
    assert yaml.safe_load(composed(*overrides, *NEEDED["grouped"])) == raw


@pytest.mark.parametrize(("group", "choice"), [(group, choice) for group in GROUPS for choice in choices(group)])
def test_every_choice_of_every_group_is_valid(raw, group, choice):
    if choice == "k_nearest_neighbors":  # which can't be weighted
        del raw["variants"]["class_weight"]
    variants.refuse_unbuildable(config.check(chosen(raw, group, choice)))


@pytest.mark.parametrize("preset", choices("experiment"))
def test_every_preset_composes_and_is_valid(composed, preset):
    variants.refuse_unbuildable(config.check(yaml.safe_load(composed(f"experiment={preset}"))))


def test_every_variant_is_added_by_one_line(composed):
    added = [f"+variant@variants.my_{choice}={choice}" for choice in choices("variant")]
    checked = config.check(yaml.safe_load(composed(*added)))
    assert list(checked.variants)[6:] == [f"my_{choice}" for choice in choices("variant")]
    for choice in choices("variant"):
        assert hasattr(variants.sampler(checked, f"my_{choice}"), "fit_resample")


def test_every_sampler_compares_all_of_conf_variant(composed):
    assert sorted(yaml.safe_load(composed("experiment=every_sampler"))["variants"]) == sorted(
        # smote is the same as smote_nc where there are categories, and ensembles are models of their own
        {*choices("variant")} - {"smote_nc", "balanced_bagging", "balanced_random_forest", "easy_ensemble", "rus_boost"}
    )


def test_the_article_s_preset_sets_its_seeds_integers_and_no_scaling(composed):
    checked = config.check(yaml.safe_load(composed("experiment=article")))
    assert (checked.seed, checked.split.seed, checked.data.integers) == (66, 142, True)
    assert checked.variants["smote"].sampler["random_state"] == 66
    assert (checked.preprocess.impute, checked.preprocess.scale) == (None, None)
    assert len(checked.data.sha256) == 64


def test_one_seed_reaches_split_model_and_samplers(composed):
    raw = yaml.safe_load(composed("seed=7"))
    assert (raw["split"]["seed"], raw["model"]["random_state"]) == (7, 7)
    assert raw["variants"]["smote"]["sampler"]["random_state"] == 7
    assert raw["data"]["simulation"]["seed"] == 42  # its own: the same table


def test_what_is_composed_is_written_in_block_lists_without_references(composed):
    text = composed("experiment=every_sampler")
    assert "${" not in text
    assert "???" not in text
    assert not [line for line in text.splitlines() if line.strip().endswith("]") and not line.endswith(": []")]


@pytest.mark.parametrize(
    ("ours", "theirs", "lines"),
    [
        ({"a": 1}, {"a": 1}, []),
        ({"a": 1}, {"a": 2}, ["a: 1 in params.yaml, 2 in conf"]),
        ({"a": {"b": [1, 2]}}, {"a": {"b": [2, 1]}}, ["a.b: [1, 2] in params.yaml, [2, 1] in conf"]),
        ({"a": {"b": None}}, {"a": {}}, ["a.b: None in params.yaml, missing in conf"]),
        ({}, {"a": None}, ["a: missing in params.yaml, None in conf"]),
        ({"a": {}}, {"a": 3}, ["a: {} in params.yaml, 3 in conf"]),
        (
            {"a": 1, "x": {"y": 2}},
            {"x": {"y": "2"}, "z": 3},
            [
                "x.y: 2 in params.yaml, '2' in conf",
                "z: missing in params.yaml, 3 in conf",
                "a: 1 in params.yaml, missing in conf",
            ],
        ),
    ],
)
def test_differences_name_each_key_that_is_not_shared(ours, theirs, lines):
    assert differences(ours, theirs) == lines


@pytest.fixture
def beside_conf(project, monkeypatch):
    """A folder with conf/ and the params.yaml that it composes to."""
    monkeypatch.delenv("DVC_EXP_NAME", raising=False)
    folder = project()
    shutil.copytree(ROOT / "conf", folder / "conf")
    return folder


def test_configure_writes_what_conf_composes_to(beside_conf, composed):
    assert by_hand.run(["variants.smote.sampler.k_neighbors=3"]) == 0
    assert (beside_conf / "params.yaml").read_text() == composed("variants.smote.sampler.k_neighbors=3")
    by_hand.run([])
    assert (beside_conf / "params.yaml").read_text() == (ROOT / "params.yaml").read_text()


@pytest.mark.parametrize(
    ("override", "problem"),
    [
        ("sed=1", "sed is not a setting in conf/; did you mean 'seed'?"),
        ("+variant@variants.mine=smoote", "variant has no choice 'smoote'; did you mean 'smote'"),
        ("split.test_size=3", "params.yaml: split.test_size: expected a number from 0 to below 1"),
        ("data=csv", "params.yaml: data.path is missing. Set it with `rebalance configure data.path=...`."),
        ("split.seed=${nowhere}", "conf: .*nowhere"),
        ("seed=[", "Hydra can't read this. Close all brackets"),
        ("~variant@variants.smte", "no such choice to leave out; did you mean 'variant@variants.smote'"),
        ("model.l1=1", r"model.l1 is not a setting in conf/; .* To add an argument, write \+model.l1="),
        ("model.max_iter=-1", "params.yaml: model.*max_iter"),
        ("model.tune=false", "model.tune is not a setting in conf/; to use the model's arguments .* model.search=null"),
        ("+model.C=1", r"model.C is in conf/ already. Write model.C=... without \+, or \+\+model.C=... where only"),
    ],
)
def test_a_bad_override_is_refused_and_params_stay(beside_conf, override, problem):
    before = (beside_conf / "params.yaml").read_text()
    with pytest.raises(InputError, match=problem):
        by_hand.run([override])
    assert (beside_conf / "params.yaml").read_text() == before


def test_settings_that_agree_with_conf_pass_and_others_stop_with_key_and_command(beside_conf):
    stage.main()
    params = beside_conf / "params.yaml"
    params.write_text(params.read_text().replace("k_neighbors: 5", "k_neighbors: 3"))
    with pytest.raises(InputError) as caught:
        stage.main()
    assert caught.value.problems == [
        "params.yaml differs from conf/. Update it with `rebalance configure`, or use `dvc exp run`, which updates it "
        "first. Differences:",
        "variants.smote.sampler.k_neighbors: 3 in params.yaml, 5 in conf",
    ]


@pytest.mark.parametrize(
    ("override", "problem"),
    [
        ("split.test_size=3", "split.test_size: expected a number from 0 to below 1"),
        ("evaluate=expected_cost", "evaluate.false_negative_cost is missing. Set it with `dvc exp run -S"),
        ("variants.smote.sampler.k_neighbors=-1", "variants.smote.sampler: .*k_neighbors"),
        ("tracking.uri=mlruns", "tracking.uri: expected sqlite:///FILE"),
    ],
)
def test_an_experiment_s_settings_may_differ_from_conf_and_are_checked(
    beside_conf, monkeypatch, composed, override, problem
):
    monkeypatch.setenv("DVC_EXP_NAME", "rusty-nail")
    (beside_conf / "params.yaml").write_text(composed("variants.smote.sampler.k_neighbors=3"))
    stage.main()
    (beside_conf / "params.yaml").write_text(composed(override))
    for _ in range(2):  # what was refused once is refused again
        with pytest.raises(InputError, match=f"params.yaml: {problem}"):
            stage.main()


@pytest.mark.parametrize("edited", ["params.yaml", "conf/config.yaml"])
def test_what_an_experiment_composed_goes_on_until_it_or_conf_is_edited(beside_conf, monkeypatch, composed, edited):
    (beside_conf / "params.yaml").write_text(composed("variants.smote.sampler.k_neighbors=3"))
    with pytest.raises(InputError, match="params.yaml differs from conf/"):
        stage.main()
    monkeypatch.setenv("DVC_EXP_NAME", "rusty-nail")
    stage.main()
    monkeypatch.delenv("DVC_EXP_NAME")
    stage.main()
    file = beside_conf / edited
    file.write_text(file.read_text().replace("seed: 42", "seed: 43"))
    with pytest.raises(InputError, match="params.yaml differs from conf/"):
        stage.main()


def test_a_check_without_params_says_what_writes_them(beside_conf):
    (beside_conf / "params.yaml").unlink()
    with pytest.raises(InputError, match="params.yaml: no such file. .*rebalance configure"):
        stage.main()


def test_the_stage_leaves_the_same_file_whatever_passes(beside_conf, monkeypatch, composed):
    stage.main()
    first = stage.PASSED.read_bytes()
    monkeypatch.setenv("DVC_EXP_NAME", "rusty-nail")
    (beside_conf / "params.yaml").write_text(composed("seed=7"))
    stage.main()
    assert stage.PASSED.read_bytes() == first


@pytest.fixture
def checks(beside_conf, monkeypatch):
    """An item for each time that settings are checked in full; none is composed or built."""
    made = []

    def checked():
        made.append(1)
        return config.load()

    monkeypatch.setattr(by_hand, "checked_params", checked)
    return made


def test_what_passed_is_not_checked_again(checks):
    stage.main()
    stage.PASSED.unlink()  # as DVC does before it runs a stage
    stage.main()
    assert stage.PASSED.is_file()
    assert len(checks) == 1


@pytest.mark.parametrize("change", ["params", "conf", "environment", "code", "package"])
def test_the_check_is_made_anew_when_something_it_reads_changes(checks, monkeypatch, change):
    conf, params = Path("conf/config.yaml"), Path("params.yaml")
    conf.write_text(conf.read_text().replace("seed: 42", "seed: ${oc.decode:${oc.env:SHOP_SEED,42}}"))
    monkeypatch.delenv("SHOP_SEED", raising=False)
    stage.main()
    if change == "params":
        params.write_text(f"# by hand\n{params.read_text()}")
    elif change == "conf":
        conf.write_text(f"# by hand\n{conf.read_text()}")
    elif change == "environment":
        monkeypatch.setenv("SHOP_SEED", "42")
    elif change == "code":
        monkeypatch.setattr(stage, "code", lambda *parts: "changed")
    else:
        monkeypatch.setattr(stage, "version", lambda package: "99")
    stage.main()
    assert len(checks) == 2


def test_a_package_is_checked_once_a_version(checks, monkeypatch):
    params = Path("params.yaml")
    params.write_text(params.read_text().replace("- extensions\n", "- extensions\n- pytest\n"))
    for version in ("8.0", "8.0", "8.1"):
        monkeypatch.setattr(stage, "versions", lambda trusted, found=version: {"pytest": found})
        stage.main()
    assert len(checks) == 2


def test_a_changed_extension_is_checked_again(checks, beside_conf):
    (beside_conf / "extensions").mkdir()
    for text in ("a = 1", "a = 1", "a = 2"):
        (beside_conf / "extensions/mine.py").write_text(text)
        stage.main()
    assert len(checks) == 2


def test_a_second_check_imports_no_library(beside_conf):
    stage.main()
    line = (
        f"import sys; sys.path.insert(0, {str(ROOT)!r}); from pipeline import configure; configure.main(); "
        "print(*{name.partition('.')[0] for name in sys.modules})"
    )
    found = subprocess.run([sys.executable, "-c", line], capture_output=True, text=True, check=True).stdout.split()
    assert not {"numpy", "pandas", "sklearn", "imblearn", "hydra", "omegaconf", "pydantic"} & set(found)
