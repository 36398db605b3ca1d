from pathlib import Path

import pytest
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf

from pipeline import config
from pipeline.sweep.composing import Composer, of_run

CONF = Path(__file__).parents[2] / "conf"


@pytest.mark.parametrize(
    "overrides",
    [
        ["variant=smote", "variant.sampler.k_neighbors=3", "seed=7"],
        ["variant=class_weight", "model.C=0.5", "data.drop=[interest_ski]", "+model.tol=0.001"],
        ["evaluate=f_beta", "evaluate.beta=2", "preprocess=none", "data.positive=0"],
        ["experiment=article", "variant=smote", "data.path='a file.csv'", "tracking=none"],
        ["data=csv", "data.path=x.csv", 'data.target="größe"', "split.test_size=0.4"],
    ],
)
def test_composing_each_choice_of_groups_once_gives_what_hydra_composes(loader, overrides):
    composer = Composer(*loader)
    composer([*overrides[:1], "seed=99"])
    composer(["seed=98"])
    ours, name = composer(overrides)
    with initialize_config_dir(str(CONF), version_base=None):
        theirs = compose("sweep", overrides=overrides, return_hydra_config=True)
    assert name == theirs.hydra.runtime.choices["variant"]
    assert OmegaConf.to_container(ours, resolve=True) == OmegaConf.to_container(of_run(theirs), resolve=True)


@pytest.mark.parametrize("file", sorted(path.relative_to(CONF) for path in CONF.glob("*/*.yaml")), ids=str)
def test_every_file_in_conf_composes_in_a_sweep(loader, file):
    given = {
        "data/csv": ["data.path=x.csv", "data.target=y"],
        "data/url": ["data.url=https://h/x.csv", "data.target=y"],
        "data/openml": ["data.openml.id=310", "data.target=y"],
        "data/imbalanced": ["data.imbalanced=oil"],
        "data/sql": ["data.sql.url=sqlite:///x.db", "data.sql.query='select y from t order by y'", "data.target=y"],
        "evaluate/expected_cost": ["evaluate.false_negative_cost=9"],
        "compare/expected_cost": ["evaluate=expected_cost", "evaluate.false_negative_cost=9"],
        "compare/f_beta": ["evaluate=f_beta"],
        "split/grouped": ["data.group=who"],
        "split/temporal": ["data.time=day"],
    }.get(str(file.with_suffix("")), [])
    composed, name = Composer(*loader)([f"{file.parts[0]}={file.stem}", *given])
    raw = OmegaConf.to_container(composed, resolve=True)
    raw["variants"] = {name: raw.pop("variant")}
    assert list(config.check(raw).variants) == [file.stem if file.parts[0] == "variant" else "none"]
