"""Whatever a preset has below `hydra`, the app builds nothing of it but its launchers and its sweeper."""

import pytest
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf

from pipeline.errors import InputError
from pipeline.sweep.targets import refuse_targets

CALLS = "_target_: pathlib.Path.touch\n{0}self: {{_target_: pathlib.Path, _args_: [planted]}}"
NODES = {
    "callback": "hydra:\n  callbacks:\n    mine:\n      " + CALLS.format("      "),
    "launcher": "hydra:\n  launcher:\n    " + CALLS.format("    "),
    "inside a launcher": "hydra:\n  launcher:\n    extra:\n    - " + CALLS.format("      "),
    "sweeper": "hydra:\n  sweeper:\n    " + CALLS.format("    "),
    "elsewhere": "hydra:\n  sweep:\n    dir:\n      " + CALLS.format("      "),
    "referred to": "planted:\n  a:\n    " + CALLS.format("    ") + "\nhydra:\n  callbacks: ${planted}",
    "formatter": "hydra:\n  job_logging:\n    formatters:\n      mine: {'()': pathlib.Path}",
    "handler": "hydra:\n  hydra_logging:\n    handlers:\n      mine: {class: pathlib.Path}",
    "stream": "hydra:\n  job_logging:\n    handlers:\n      mine: {class: logging.StreamHandler, stream: ext://os.path}",
    "argument": "hydra:\n  job_logging:\n    handlers:\n      mine: {class: logging.FileHandler, mode: ext://os.path}",
    "without an end": "hydra:\n  callbacks:\n    a:\n      _target_: pathlib.Path\n    b: ${hydra.callbacks}",
}


@pytest.mark.parametrize("node", NODES.values(), ids=NODES)
@pytest.mark.parametrize("sweep", [[], ["-m", "seed=1,2"]], ids=["run", "sweep"])
def test_a_preset_s_own_hydra_node_builds_nothing(own_conf, app, node, sweep):
    (own_conf / "conf/experiment/mine.yaml").write_text(f"# @package _global_\n{node}\n")
    _, err = app(*sweep, "experiment=mine", status=2)
    assert "error: conf: " in err  # Hydra's own types refuse some of them
    assert "hydra." in err
    assert "Traceback" not in err
    assert not (own_conf / "planted").exists()
    assert not (own_conf / "multirun").exists()


@pytest.mark.parametrize(
    "choice",
    [
        "hydra/launcher=basic",
        "hydra/launcher=joblib",
        "hydra/launcher=submitit_local",
        "hydra/launcher=submitit_slurm",
        "hydra/launcher=ray",
        "hydra/job_logging=default",
        "hydra/job_logging=stdout",
        "hydra/hydra_logging=default",
    ],
)
def test_launchers_and_logging_that_come_with_hydra_pass(own_conf, choice):
    with initialize_config_dir(str(own_conf / "conf"), version_base=None):
        refuse_targets(compose("sweep", [choice], return_hydra_config=True).hydra)


def test_a_target_is_named_with_its_place_and_what_may_stand_there():
    with pytest.raises(InputError) as caught:
        refuse_targets(
            OmegaConf.create({"sweeper": {"_target_": "os.system"}, "callbacks": {"a": {"_target_": "b.c"}}})
        )
    assert caught.value.problems == [
        "conf: hydra.sweeper._target_: expected one of hydra_plugins.rebalance_sweeper.Resumable, found 'os.system'. "
        "Leave it out.",
        "conf: hydra.callbacks.a._target_: expected no such key, found 'b.c'. Leave it out.",
    ]
