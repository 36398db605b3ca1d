"""Publishes to MLflow by hand: results that a server missed while it was down, and every sweep."""

from pipeline import config
from pipeline.errors import InputError, exit_on_signals
from pipeline.files import say
from pipeline.sweep.publish import publish_sweeps
from pipeline.tracking.reproduction import address, publish_results
from pipeline.tracking.server import serve, where
from pipeline.tracking.store import StoreError, store_file


def run(*, ui: bool = False, port: int = 5000) -> int:
    """Publish the results and the sweeps, and give 0, or 1 where the store can't be reached.

    Parameters
    ----------
    ui
        Whether to serve MLflow's pages then, until Ctrl-C.
    port
        Of that server.

    Raises
    ------
    InputError
        There is nothing to publish, or the port is taken.
    """
    exit_on_signals()  # so that runs are marked as failed and the server doesn't stay behind
    params = config.load()
    tracking, swept = params.tracking, publish_sweeps()
    if tracking.uri is None:
        say(f"{params.data.name}: tracking is off (tracking.uri is null). The results are only in reports/")
        return 0
    try:
        page = address(publish_results(params))
    except StoreError as error:
        say(f"{params.data.name}: {error}")
        return 1
    except InputError as error:
        if not swept:
            raise
        say(f"{params.data.name}: {error}")  # someone who only sweeps has no results of `dvc repro`
        page = "#/experiments"
    if ui and store_file(tracking.uri) is not None:
        serve(tracking, port=port, address=page)
    else:
        say(f"{params.data.name}: {where(tracking, page)}")
    return 0
