from pathlib import Path

import pytest
from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra._internal.utils import create_automatic_config_search_path
from hydra.types import RunMode

from pipeline.sweep import composing, planning

ROOT = Path(__file__).parents[2]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Goes to a folder where sweeps can run."""
    (tmp_path / "conf").symlink_to(ROOT / "conf")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(scope="session")
def loader():
    """Hydra's loader of conf/, and the configuration of a sweep."""
    search = create_automatic_config_search_path(None, None, str(ROOT / "conf"))
    made = ConfigLoaderImpl(config_search_path=search)
    return made, made.load_configuration("sweep", overrides=[], run_mode=RunMode.MULTIRUN)


@pytest.fixture(scope="session")
def composer(loader):
    """What has been composed once is so for all tests."""
    return composing.Composer(*loader)


@pytest.fixture
def planned(loader, composer, monkeypatch):
    """Plans the runs of a sweep with these overrides."""
    monkeypatch.setattr(planning, "Composer", lambda *_: composer)

    def plan(*overrides):
        return planning.planned_runs(list(overrides), loader[1], loader[0])

    return plan
