"""`python -m pipeline` makes one run in this process; with --multirun, a sweep over many."""

import os
import signal
import sys
import warnings
from typing import Any, NoReturn

from hydra import main as hydra_main
from hydra.errors import HydraException

from pipeline.compose import CONF
from pipeline.errors import InputError, run
from pipeline.sweep.drive import job


def _leave(number: int, _: Any) -> NoReturn:
    """End as an exception does, so that the sweep says where it stands."""
    sys.exit(128 + number)


def main() -> None:
    """Hand the command line to Hydra."""
    if not CONF.is_dir():
        raise InputError(f"{CONF}: no such folder here: run this from the project's folder")
    if {"-m", "--multirun"} & set(sys.argv) and {"-c", "--cfg"} & set(sys.argv):
        raise InputError("--cfg shows the settings of one run: leave out --multirun")
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _leave)
    # conf/ has settings of its own for Ray under the plugin's name, which is the one to type.
    warnings.filterwarnings("ignore", message=r"\s*'hydra/launcher/ray' is validated against ConfigStore schema")
    os.environ["HYDRA_FULL_ERROR"] = "1"  # Hydra then leaves errors to us, which are shown without a traceback
    try:
        hydra_main(config_path=str(CONF.absolute()), config_name="sweep", version_base=None)(job)()
    except InputError as error:
        raise InputError(problem.replace("-S ", "") for problem in error.problems) from None  # `dvc exp run` takes -S
    except HydraException as error:
        raise InputError(f"{CONF}: {' '.join(str(error).split())}") from None


if __name__ == "__main__":
    run(main)
