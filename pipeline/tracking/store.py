"""The MLflow store: connecting to it, creating it once, and locking it."""

import fcntl
import logging
import os
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPException
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from pipeline.config import Tracking
from pipeline.files import say

if TYPE_CHECKING:
    from mlflow import MlflowClient


LATER = "Your results are complete. To publish them later, run `rebalance publish`."


class StoreError(Exception):
    """The MLflow store can't be used now: the message has one line with the address, the reason, and what to do.

    Parameters
    ----------
    uri
        Of the store.
    reason
        Of which the first line is shown.
    then
        What isn't lost, and what to do.
    """

    def __init__(self, uri: str, reason: object, then: str = LATER) -> None:
        self._uri, self._reason = uri, reason
        line = next(iter(str(reason).strip().splitlines()), "") or type(reason).__name__
        super().__init__(f"MLflow at {uri}: {line[:300].rstrip('. ')}. {then}")

    def instead(self, then: str) -> "StoreError":
        """The same error with another `then`."""
        return StoreError(self._uri, self._reason, then)


def store_file(uri: str) -> Path | None:
    """The SQLite file that `tracking.uri` names, relative to the current folder; None for a server."""
    scheme, _, path = uri.partition(":///")
    return Path(path) if scheme == "sqlite" else None


def unreachable(uri: str, timeout: float) -> str | None:
    """Why no MLflow server answers at `uri` within `timeout` seconds; None if one does."""
    try:
        with urllib.request.urlopen(f"{uri.rstrip('/')}/health", timeout=timeout) as answer:
            if answer.read(16).strip() == b"OK":
                return None
        return "the server there isn't MLflow"
    except urllib.error.HTTPError as error:
        return f"the server there isn't MLflow: it answers {error.code} {error.reason}"
    except urllib.error.URLError as error:
        reason = error.reason
        return (
            f"no answer within {timeout:g} s"
            if isinstance(reason, TimeoutError)
            else f"no server there ({getattr(reason, 'strerror', None) or reason})"
        )
    except TimeoutError:
        return f"no answer within {timeout:g} s"
    except (OSError, ValueError, HTTPException) as error:
        return f"the server there isn't MLflow ({type(error).__name__})"


@contextmanager
def locked(tracking: Tracking) -> Iterator[None]:
    """Hold the lock that lets one process at a time create this store or publish to it; it ends with the process."""
    file = store_file(str(tracking.uri)) or Path("mlflow.db")
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.with_name(f"{file.name}.lock").open("a") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"{tracking.uri}: waiting for another process that is publishing")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def open_store(tracking: Tracking) -> "MlflowClient":
    """A client of the store at `tracking.uri`; a local store is created if it doesn't exist.

    Raises
    ------
    StoreError
        No MLflow server answers, or the file isn't an MLflow store.
    """
    uri = str(tracking.uri)
    file = store_file(uri)
    if file is None:
        if reason := unreachable(uri, tracking.timeout):
            raise StoreError(uri, reason)
        _quiet_mlflow(tracking.timeout)
        return _client(uri)
    _quiet_mlflow(tracking.timeout)
    with reported(uri):
        if not _has_content(file):
            with locked(tracking):
                if not _has_content(file):
                    _create(file)
        with file.open("rb") as handle:
            if handle.read(16) != b"SQLite format 3\0":
                raise StoreError(uri, "this file isn't an SQLite database. Move or delete it")
        client = _client(_sqlite(file))
        client.search_experiments(max_results=1)
    return client


def _has_content(file: Path) -> bool:
    return file.is_file() and file.stat().st_size > 0


def _sqlite(file: Path) -> str:
    # Absolute, since MLflow names its own lock, in the machine's temporary folder, after the address.
    return f"sqlite:///{file.resolve()}"


def _client(uri: str) -> "MlflowClient":
    from mlflow import MlflowClient

    return MlflowClient(tracking_uri=uri, registry_uri=uri)


def _create(file: Path) -> None:
    """Create the store under another name and move it to its place, so that a killed process leaves no half of it."""
    say(f"{file}: creating the MLflow store (a few seconds, only once)")
    fresh = file.with_name(f"{file.name}.new")
    for stale in (file, fresh):
        for suffix in ("-journal", "-wal", "-shm"):
            # SQLite would apply what a deleted store left behind to the new one.
            stale.with_name(stale.name + suffix).unlink(missing_ok=True)
    fresh.unlink(missing_ok=True)
    _client(_sqlite(fresh)).search_experiments(max_results=1)
    fresh.replace(file)


def _quiet_mlflow(timeout: float) -> None:
    """Import MLflow with telemetry, retries, progress bars, links and log lines off."""
    os.environ.update(
        DO_NOT_TRACK="true",
        MLFLOW_DISABLE_TELEMETRY="true",
        MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR="false",
        MLFLOW_HTTP_REQUEST_MAX_RETRIES="0",
        # The server has answered /health in time; its first request may take longer.
        MLFLOW_HTTP_REQUEST_TIMEOUT=str(ceil(5 * timeout)),
        MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT="true",
    )
    import mlflow  # noqa: F401

    for name in ("mlflow", "alembic"):
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)


@contextmanager
def reported(uri: str) -> Iterator[None]:
    """Turn errors of MLflow, its database or the disk into a `StoreError`."""
    from alembic.util import CommandError
    from mlflow.exceptions import MlflowException
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield
    except (MlflowException, SQLAlchemyError, CommandError, OSError) as error:
        raise StoreError(uri, error) from error


def experiment(client: "MlflowClient", tracking: Tracking) -> str:
    """The id of the experiment `tracking.experiment`, which is created or restored if need be."""
    from mlflow.exceptions import MlflowException

    name, location = tracking.experiment, None
    found = client.get_experiment_by_name(name)
    if found is None:
        if store_file(str(tracking.uri)) is not None:
            root = tracking.artifacts or "mlruns"
            location = f"{root if '://' in root else Path(root).resolve().as_uri()}/{quote(name, safe='')}"
        try:
            return str(client.create_experiment(name, artifact_location=location))
        except MlflowException:
            found = client.get_experiment_by_name(name)  # another process was faster
            if found is None:
                raise
    if found.lifecycle_stage == "deleted":
        client.restore_experiment(found.experiment_id)
    return str(found.experiment_id)
