"""A comparison of several models: its page and its table for the terminal."""

import re
import shlex
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from pipeline.report import pairs
from pipeline.report.answer import parted
from pipeline.report.page import render_models


def pages(
    decision: Mapping[str, Any],
    *,
    table: str,
    command: str,
    compared: Collection[str],
    refused: Mapping[str, Sequence[str]],
) -> dict[str, Any]:
    """The files of a comparison of models, beside those of each model.

    Parameters
    ----------
    decision
        See `pipeline.judge.models.across`.
    table
        Name of the table.
    command
        That makes the page.
    compared
        Names of the variants that `dvc exp run` compares by itself.
    refused
        Of these, the ones that a model can't take, by model.
    """
    headline, explained = parted(decision["sentence"])
    shown = {
        "decision": decision,
        "pairs": pairs.table(decision),
        "table": table,
        "command": command,
        "headline": headline,
        "explained": explained,
        "next": _next(decision, command, compared, refused),
        "gains": pairs.gains(decision),
    }
    return {"models.json": dict(decision), "models.md": _markdown(decision), "index.html": render_models(shown)}


def _next(
    decision: Mapping[str, Any], command: str, compared: Collection[str], refused: Mapping[str, Sequence[str]]
) -> list[tuple[str, str]]:
    """What to do, and the command for it."""
    if decision["action"] == "none":
        return [("Fix this, and run it again:", command)]
    asked = [word for word in shlex.split(command)[3:] if not word.startswith("-")]
    kept = [word for word in asked if re.match(r"[+~]*(model=|variant[=.])", word) is None]
    model, name = decision["model"], decision["variant"]
    if model == name:  # which takes the place of any model
        model = decision["reference"]["model"]
    added = [] if name in compared else [f"+variant@variants.{name}={name}"]
    left_out = [f"~variant@variants.{each}" for each in refused.get(model, ())]
    settings = [f"model={model}", *kept, *added, *left_out]
    train = shlex.join(["dvc", "exp", "run", *(word for each in settings for word in ("-S", each))])
    predict = f"rebalance predict variant={name} data.path=NEW.csv"
    return [("Train it:", train), ("Then score new rows:", predict)]


def _markdown(decision: Mapping[str, Any]) -> str:
    caveats = ["Caveats:", "", *(f"- {each}" for each in decision["caveats"]), ""] if decision["caveats"] else []
    return "\n".join([decision["sentence"], "", *pairs.markdown(decision), *caveats])
