from pathlib import Path

import pytest
import yaml

from pipeline import config
from pipeline import configure as configure_stage
from pipeline.compose import differences
from pipeline.errors import InputError
from pipeline.fit import variants

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


@pytest.mark.parametrize(
    ("group", "choice"),
    [
        (group, choice)
        for group in ("data", "split", "preprocess", "model", "evaluate", "compare", "tracking", "experiment")
        for choice in choices(group)
    ],
)
def test_every_choice_of_every_group_composes_and_is_valid(composed, group, choice):
    raw = yaml.safe_load(composed(f"{group}={choice}", *NEEDED.get(choice, [])))
    checked = config.check(raw)
    for name in checked.variants:
        variants.sampler(checked, name)
        variants.model(checked, name)


@pytest.mark.parametrize("choice", choices("variant"))
def test_every_variant_is_added_by_one_line(composed, choice):
    checked = config.check(yaml.safe_load(composed(f"+variant@variants.added={choice}")))
    assert list(checked.variants)[-1] == "added"
    assert hasattr(variants.sampler(checked, "added"), "fit_resample")


def test_every_sampler_compares_all_of_conf_variant(composed):
    assert sorted(yaml.safe_load(composed("experiment=every_sampler"))["variants"]) == sorted(
        {*choices("variant")} - {"smote_nc"}  # smote is the same where there are categories
    )


def test_the_article_s_preset_sets_its_seeds_integers_and_no_scaling(composed):
    checked = config.check(yaml.safe_load(composed("experiment=article")))
    assert (checked.seed, checked.split.seed, checked.data.integers) == (66, 142, True)
    assert checked.variants["smote"].sampler["random_state"] == 66
    assert (checked.preprocess.impute, checked.preprocess.scale) == (None, False)
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
    assert not [line for line in text.splitlines() if line.strip().endswith("]") and not line.endswith("drop: []")]


@pytest.mark.parametrize(
    ("ours", "theirs", "lines"),
    [
        ({"a": 1}, {"a": 1}, []),
        ({"a": 1}, {"a": 2}, ["a: in params.yaml 1, in conf 2"]),
        ({"a": {"b": [1, 2]}}, {"a": {"b": [2, 1]}}, ["a.b: in params.yaml [1, 2], in conf [2, 1]"]),
        ({"a": {"b": None}}, {"a": {}}, ["a.b: in params.yaml None, not in conf"]),
        ({}, {"a": None}, ["a: not in params.yaml, in conf None"]),
        ({"a": {}}, {"a": 3}, ["a: in params.yaml {}, in conf 3"]),
        (
            {"a": 1, "x": {"y": 2}},
            {"x": {"y": "2"}, "z": 3},
            [
                "x.y: in params.yaml 2, in conf '2'",
                "z: not in params.yaml, in conf 3",
                "a: in params.yaml 1, not in conf",
            ],
        ),
    ],
)
def test_differences_name_each_key_that_is_not_shared(ours, theirs, lines):
    assert differences(ours, theirs) == lines


@pytest.fixture
def beside_conf(project, stage, monkeypatch):
    """A project of its own with conf/, and its configure command."""
    monkeypatch.delenv("DVC_EXP_NAME", raising=False)
    folder = project()
    (folder / "conf").symlink_to(ROOT / "conf")
    return folder, lambda *arguments: stage(configure_stage, *arguments)


def test_check_passes_params_in_step_and_stops_others_with_key_and_mend(beside_conf):
    folder, run = beside_conf
    run("--check")
    params = folder / "params.yaml"
    params.write_text(params.read_text().replace("k_neighbors: 5", "k_neighbors: 3"))
    with pytest.raises(InputError) as caught:
        run("--check")
    assert caught.value.problems == [
        "params.yaml is out of step with conf/: write it anew with `python -m pipeline.configure`, "
        "or run `dvc exp run`, which composes by itself",
        "variants.smote.sampler.k_neighbors: in params.yaml 3, in conf 5",
    ]


def test_check_under_an_experiment_lets_overrides_pass_and_still_checks_them(beside_conf, monkeypatch, composed):
    folder, run = beside_conf
    monkeypatch.setenv("DVC_EXP_NAME", "rusty-nail")
    (folder / "params.yaml").write_text(composed("variants.smote.sampler.k_neighbors=3"))
    run("--check")
    (folder / "params.yaml").write_text(composed("split.test_size=3"))
    with pytest.raises(InputError, match="split.test_size: expected a fraction"):
        run("--check")


def test_configure_writes_what_conf_composes_to(beside_conf, composed):
    folder, run = beside_conf
    run("variants.smote.sampler.k_neighbors=3")
    assert (folder / "params.yaml").read_text() == composed("variants.smote.sampler.k_neighbors=3")
    run()
    assert (folder / "params.yaml").read_text() == (ROOT / "params.yaml").read_text()


@pytest.mark.parametrize(
    ("override", "problem"),
    [
        ("sed=1", "conf: Could not override 'sed'"),
        ("+variant@variants.mine=smoote", "conf: .*smoote"),
        ("split.test_size=3", "params.yaml: split.test_size: expected a fraction"),
        ("data=csv", "params.yaml: data.path must be given"),
        ("split.seed=${nowhere}", "conf: .*nowhere"),
        ("seed=[", "conf: "),
    ],
)
def test_a_bad_override_is_refused_and_params_stay(beside_conf, override, problem):
    folder, run = beside_conf
    before = (folder / "params.yaml").read_text()
    with pytest.raises(InputError, match=problem):
        run(override)
    assert (folder / "params.yaml").read_text() == before


def test_check_without_params_says_what_writes_them(beside_conf):
    folder, run = beside_conf
    (folder / "params.yaml").unlink()
    with pytest.raises(InputError, match="params.yaml: no such file here"):
        run("--check")
