"""Reads an MLflow store as it lies on disk."""

import time


def stored(folder):
    """All active runs of the store in `folder`, by name, oldest first; and the client."""
    from mlflow import MlflowClient

    # Through another path to the same file: MLflow keeps one connection a path, even to a file that is deleted.
    link = folder / f"seen{time.monotonic_ns()}.db"
    link.hardlink_to(folder / "mlflow.db")
    client = MlflowClient(f"sqlite:///{link}")
    ids = [found.experiment_id for found in client.search_experiments()]
    return [run for run in reversed(client.search_runs(ids))], client
