"""`python -m pipeline` trains and evaluates one variant in this process; with --multirun it sweeps over many."""

import os
import sys
import warnings
from contextlib import nullcontext

from hydra import main as hydra_main
from hydra.errors import HydraException

from pipeline.compose import explained, from_no_preset, no_environment, refuse_secrets, respelled
from pipeline.errors import InputError, exit_on_signals, refuse_other_folder, run
from pipeline.files import CONF
from pipeline.sweep.drive import job
from pipeline.sweep.targets import guarded


def main() -> None:
    """Hand the command line to Hydra."""
    refuse_other_folder()
    refuse_secrets(sys.argv[1:])
    sweeps = not {"-m", "--multirun"}.isdisjoint(sys.argv)
    if sweeps and {"-c", "--cfg"} & set(sys.argv):
        raise InputError("--cfg shows the settings of a single run. Leave out --multirun.")
    sys.argv[1:] = from_no_preset(sys.argv[1:])
    words = [word for word in sys.argv[1:] if "=" in word and not word.startswith("-")]
    exit_on_signals()  # so that a sweep says how far it got
    # conf/ has settings of its own for Ray under the plugin's name, which is the one to type.
    warnings.filterwarnings("ignore", message=r"\s*'hydra/launcher/ray' is validated against ConfigStore schema")
    os.environ["HYDRA_FULL_ERROR"] = "1"  # Hydra then leaves errors to us, which are shown without a traceback
    # What is shown reads no variable. Otherwise Hydra's own settings, such as Ray's, may.
    reading = no_environment() if {"-c", "--cfg"} & {word.partition("=")[0] for word in sys.argv} else nullcontext()
    try:
        with guarded(), reading:
            hydra_main(config_path=str(CONF.absolute()), config_name="sweep", version_base=None)(job)()
    except HydraException as error:
        spelled = respelled(words, sweep=sweeps)
        raise InputError(spelled or explained(error, "sweep", words)) from None


if __name__ == "__main__":
    run(main, plain_overrides=True)
