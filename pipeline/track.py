"""Publishes the results to MLflow, once: a parent run for the reproduction, and a child run for each variant."""

from pipeline import config
from pipeline.errors import exit_on_signals, run
from pipeline.files import say, write_json
from pipeline.tracking.reproduction import DONE, address, publish_results
from pipeline.tracking.server import where
from pipeline.tracking.store import StoreError


def main() -> None:
    """Read, publish, say where."""
    exit_on_signals()  # so that runs are marked as failed
    params = config.load()
    if params.tracking.uri is None:
        say(f"{params.data.name}: tracking is off (tracking.uri is null). The results are only in reports/")
        write_json(DONE, {"results_sha256": None})
        return
    try:
        published = publish_results(params)
    except StoreError as error:
        say(f"{params.data.name}: {error}")
    else:
        say(f"{params.data.name}: {where(params.tracking, address(published))}")


if __name__ == "__main__":
    run(main)
