import shutil
import signal
import socket
import sys
from contextlib import chdir
from functools import cache
from pathlib import Path

import pipeline  # noqa: F401  before numpy loads: it sets the number of BLAS threads

# isort: split
import numpy as np
import pytest
import yaml
from hydra.core.global_hydra import GlobalHydra
from hypothesis import settings
from untraced import untrace_hydra
from visitors import comparison, evidence, page, pages, predictions, results, said  # noqa: F401  of several layers

from pipeline import __main__ as hydra_app
from pipeline import compose as compose_
from pipeline import config, errors
from pipeline.measure import metrics
from pipeline.measure.statistics import ratio
from pipeline.tracking.store import open_store

ROOT = Path(__file__).parents[1]

settings.register_profile("fuzz", max_examples=10_000)  # pytest --hypothesis-profile=fuzz
settings.register_profile("quick", max_examples=25)  # of `make test`

untrace_hydra()

# A shell ignores Ctrl-C for what it starts in the background, and so would every command that the tests interrupt.
signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items):
    """The slowest files first, so that no process waits long for the last one."""
    items.sort(key=lambda item: "tests/system/" not in item.nodeid)


@pytest.fixture(autouse=True)
def no_code_of_loaded_models():
    """Takes from sys.path the parts of `pipeline` that MLflow puts there with a model: processes would import them."""
    sys.path[:] = [each for each in sys.path if Path(each) == ROOT or not Path(each, "pipeline").is_dir()]


@pytest.fixture
def shared():
    """The folder of real tables beside the project."""
    folder = ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("no shared/data beside the project")
    return folder


@pytest.fixture(scope="session")
def composed():
    """The text of params.yaml for Hydra overrides."""

    @cache
    def compose(*overrides):
        with chdir(ROOT):
            return compose_.compose(list(overrides))

    return compose


@pytest.fixture
def raw():
    """The committed settings, as plain data."""
    return yaml.safe_load((ROOT / "params.yaml").read_text())


@pytest.fixture
def project(tmp_path, monkeypatch, composed):
    """Goes to an empty folder whose params.yaml has these overrides."""
    monkeypatch.chdir(tmp_path)

    def begin(*overrides):
        Path("params.yaml").write_text(composed(*overrides), encoding="utf-8")
        return tmp_path

    return begin


@pytest.fixture
def own_conf(tmp_path, monkeypatch):
    """Goes to an empty folder with a copy of conf/."""
    shutil.copytree(ROOT / "conf", tmp_path / "conf")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def stage(monkeypatch):
    """Runs a stage's main in this process, in the current folder."""

    def run(module, *arguments):
        monkeypatch.setattr(sys, "argv", [module.__name__, *arguments])
        module.main()

    return run


@pytest.fixture
def app(monkeypatch, capsys):
    """Runs `python -m pipeline` in this process, in the current folder; what it prints on both channels."""

    def run(*arguments, status=0):
        capsys.readouterr()
        monkeypatch.setattr(sys, "argv", ["pipeline", *arguments])
        monkeypatch.setenv("HYDRA_FULL_ERROR", "0")  # to be restored: the command sets it
        handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)}
        try:
            errors.run(hydra_app.main)
            ended = 0
        except SystemExit as end:
            ended = end.code
        finally:
            GlobalHydra.instance().clear()
            for number, handler in handlers.items():
                signal.signal(number, handler)
        out, err = capsys.readouterr()
        assert ended == status, out + err
        return out, err

    return run


@pytest.fixture(scope="session")
def store(tmp_path_factory):
    """The file of an empty MLflow store, made once, since that takes seconds: copy it."""
    file = tmp_path_factory.mktemp("store") / "mlflow.db"
    open_store(config.Tracking(uri=f"sqlite:///{file}", artifacts=None, experiment="x", timeout=3))
    return file


@pytest.fixture(scope="session")
def free_port():
    """Gives ports on loopback that nobody listens on."""

    def find():
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            return probe.getsockname()[1]

    return find


@pytest.fixture
def another_metric(monkeypatch):
    """Adds one metric of decisions and one of probabilities, as an entry each in the registry would."""

    def wrong(matrix):
        return ratio(int(matrix.sum() - np.diag(matrix).sum()), int(matrix.sum()))

    def squares(y, probability, weight):
        each = probability**2 if probability.ndim == 1 else (probability**2).sum(axis=1)
        return float(np.average(each, weights=weight))

    decisions = metrics.Metric(
        "error_rate",
        "error rate",
        "decisions",
        binary=lambda tn, fp, fn, tp: ratio(fp + fn, tn + fp + fn + tp),
        multiclass=wrong,
        trials=(("fp", "fn"), ("tn", "fp", "fn", "tp")),
    )
    probabilities = metrics.Metric("sharpness", "sharpness", "probabilities", binary=squares, multiclass=squares)
    before = metrics.METRICS
    for name, module in list(sys.modules.items()):  # wherever it is looked up
        if name.startswith("pipeline.") and getattr(module, "METRICS", None) is before:
            monkeypatch.setattr(module, "METRICS", (*before, decisions, probabilities))
