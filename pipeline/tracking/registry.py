"""Registers the recommended model of a reproduction in MLflow's model registry; proven ones become the champion."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pipeline.config import Tracking
from pipeline.errors import InputError
from pipeline.judge.settle import settling
from pipeline.tracking import verdict as figures
from pipeline.tracking.runs import LONGEST, Published, cut
from pipeline.tracking.store import StoreError, locked, open_store, reported

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import LoggedModel
    from mlflow.entities.model_registry import ModelVersion

CHAMPION = "champion"  # the alias of the version to use
PROVEN = ("proven_better", "proven_not_better")


@dataclass(frozen=True)
class Registered:
    """Where a model is in the registry.

    Attributes
    ----------
    name, version
        Of the registered model.
    new
        Whether this version was made now.
    former
        The version that was the champion before; None where there was none.
    champion
        The version that is the champion now; None where there is none.
    """

    name: str
    version: str
    new: bool
    former: str | None
    champion: str | None


def refuse_name(name: str) -> None:
    """Raise InputError if MLflow can't have a model of this name."""
    if not re.fullmatch(r"\w[\w. -]*", name) or len(name) > LONGEST["key"]:
        raise InputError(
            f"register={name}: expected the name of a model: letters, digits, spaces and _ . -, at most "
            f"{LONGEST['key']} characters. Choose another name."
        )


def refuse_unrecommended(verdict: Mapping[str, Any]) -> None:
    """Raise InputError if the verdict recommends no model."""
    if verdict["variant"] is None:
        raise InputError(
            f"there is no model to register, because there is no verdict: {verdict['sentence'].rstrip('.')}. Without "
            "register=NAME, `rebalance publish` publishes the results."
        )


def register(
    tracking: Tracking, published: Published, name: str, *, verdict: Mapping[str, Any], card: str
) -> Registered:
    """Register the model that the verdict recommends, once; if the evidence is proven, it becomes the champion.

    Parameters
    ----------
    published
        Where the results are in the store.
    name
        Of the registered model, which is created if it doesn't exist; see `refuse_name`.
    verdict
        Recommends a variant.
    card
        Of the model: the description of the version.

    Raises
    ------
    StoreError
        The registry can't be used. The runs are published nevertheless.
    """
    uri = str(tracking.uri)
    try:
        client = open_store(tracking)
        with reported(uri), locked(tracking):
            model = _logged(client, uri, published, verdict["variant"])
            former, versions = _champion(client, name), client.search_model_versions(f"name = '{name}'")
            there = next((each for each in versions if each.run_id == model.source_run_id), None)
            version = there or _create(client, name, model, verdict=verdict, card=card)
            number = str(version.version)
            if verdict["evidence"] in PROVEN and former != number:
                client.set_registered_model_alias(name, CHAMPION, number)
            return Registered(name, number, new=there is None, former=former, champion=_champion(client, name))
    except StoreError as error:
        raise error.instead(
            f"The results are published, but no model is registered. To do that later, run `rebalance publish "
            f"register={name}`."
        ) from error


def _logged(client: "MlflowClient", uri: str, published: Published, variant: str) -> "LoggedModel":
    """The model of a variant's run."""
    where = [published.experiment_id]
    children = client.search_runs(where, f"tags.mlflow.parentRunId = '{published.parent_id}'")
    ids = [run.info.run_id for run in children if run.info.run_name == variant]
    for model in client.search_logged_models(where, f"source_run_id = '{ids[0]}'") if ids else ():
        return model
    raise StoreError(
        uri, f"the run of variant {variant!r} or its model was deleted there. Delete the run above it, too"
    )


def _champion(client: "MlflowClient", name: str) -> str | None:
    """The version that has the alias."""
    found = client.search_registered_models(f"name = '{name}'")
    return str(found[0].aliases[CHAMPION]) if found and CHAMPION in found[0].aliases else None


def _create(
    client: "MlflowClient", name: str, model: "LoggedModel", *, verdict: Mapping[str, Any], card: str
) -> "ModelVersion":
    if not client.search_registered_models(f"name = '{name}'"):
        client.create_registered_model(name)
    return client.create_model_version(
        name,
        model.artifact_location,  # models:/ID would be looked up in MLflow's default store
        run_id=model.source_run_id,
        model_id=model.model_id,
        description=cut(card, "description"),
        tags={**figures.tags(verdict), "data_sha256": verdict["table"]["sha256"]},
    )


def lines(registered: Registered, verdict: Mapping[str, Any]) -> list[str]:
    """What was registered, whether it's the champion, and if not why and what would settle it; a line each."""
    name, version, former = registered.name, registered.version, registered.former
    what = "registered" if registered.new else "already registered"
    said = [f"{what}: {verdict['variant']} is version {version} of {name} (models:/{name}/{version})"]
    if verdict["evidence"] in PROVEN:
        before = f", instead of version {former}" if former not in (None, version) else ""
        return [*said, f"models:/{name}@{CHAMPION} is version {version}{before}: {verdict['evidence']}"]
    if registered.champion == version:
        stays = f"It has the alias {CHAMPION} from outside `rebalance`, and keeps it."
    elif registered.champion:
        stays = f"The {CHAMPION} is still version {registered.champion}."
    else:
        stays = f"{name} has no {CHAMPION} yet."
    options = " ".join(settling(option) for option in verdict["to_settle"])
    settle = f" What would settle it: {options}" if options else ""
    return [
        *said,
        f"version {version} doesn't become the {CHAMPION}, because the evidence is inconclusive. {stays}{settle}",
    ]
