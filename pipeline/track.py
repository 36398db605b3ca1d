"""Publishes the results to MLflow: a parent run per reproduction, a child per variant; the same results once."""

import argparse
import os
import signal
import sys
from typing import NoReturn

from pipeline import config
from pipeline.errors import InputError, run
from pipeline.files import say, write_json
from pipeline.sweep.publish import publish_sweeps
from pipeline.tracking.reproduction import DONE, publish_results
from pipeline.tracking.server import serve
from pipeline.tracking.store import StoreError, store_file


def _leave(number: int, _: object) -> NoReturn:
    """End as an exception does, so that runs are marked as failed and the server is not left behind."""
    sys.exit(128 + number)


def main() -> None:
    """Read, publish, and with --ui open MLflow's server."""
    parser = argparse.ArgumentParser(prog="python -m pipeline.track", description=__doc__)
    parser.add_argument("--ui", action="store_true", help="then serve MLflow on this machine")
    parser.add_argument("--port", type=int, default=5000, help="of that server; default 5000")
    arguments = parser.parse_args()
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _leave)
    params = config.load()
    tracking = params.tracking
    swept = publish_sweeps() if "DVC_STAGE" not in os.environ else 0
    if tracking.uri is None:
        say("tracking is off, since tracking.uri is null: results are in reports/ alone")
        write_json(DONE, {"results_sha256": None})
        return
    try:
        address = publish_results(params)
    except StoreError as error:
        say(str(error))
        return
    except InputError as error:
        if not swept:
            raise
        say(str(error))  # who only sweeps has no results of `dvc repro`
        address = "#/experiments"
    if store_file(tracking.uri) is None:
        say(f"{tracking.uri.rstrip('/')}/{address}")
    elif arguments.ui:
        serve(tracking, port=arguments.port, address=address)
    else:
        say("`python -m pipeline.track --ui` shows them")


if __name__ == "__main__":
    run(main)
