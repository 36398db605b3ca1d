"""A comparison of several models: its page and its table for the terminal."""

import re
import shlex
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from tabulate import tabulate

from pipeline.formatting import digits, number, signed
from pipeline.judge.models import words
from pipeline.judge.primary import REFERENCE, is_loss
from pipeline.report.answer import gains, parted
from pipeline.report.page import render_models

SAID = {"keep": "keep it as it is", "rebalance": "rebalance with {}", "none": "no verdict"}


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
        "table": table,
        "command": command,
        "headline": headline,
        "explained": explained,
        "next": _next(decision, command, compared, refused),
        "gains": gains({"methods": [_named(pair) for pair in decision["pairs"]], "declared": decision["declared"]}),
        "models": [{**model, "said": _said(model, decision)} for model in decision["models"]],
        "others": [pair for pair in decision["pairs"] if pair["model"] == pair["variant"]],
        "reference": words((decision["models"][0]["model"], REFERENCE)),
        "variants": _variants(decision),
        "cells": _cells(decision),
    }
    return {"models.json": dict(decision), "models.md": _markdown(decision), "index.html": render_models(shown)}


def _named(pair: Mapping[str, Any]) -> dict[str, Any]:
    """A pair by a short name."""
    alone = pair["variant"] in (REFERENCE, pair["model"])
    return {**pair, "variant": pair["model"] if alone else f"{pair['model']} + {pair['variant']}"}


def _cells(decision: Mapping[str, Any]) -> dict[tuple[str, str], dict[str, Any]]:
    """The numbers of each pair; the reference has no `call`."""
    reference = [{**decision["reference"], "call": None}] if decision["reference"] else []
    return {(pair["model"], pair["variant"]): pair for pair in (*reference, *decision["pairs"])}


def _variants(decision: Mapping[str, Any]) -> list[str]:
    names = dict.fromkeys(name for model, name in _cells(decision) if model != name)
    return sorted(names, key=lambda name: name != REFERENCE)


def _said(model: Mapping[str, Any], decision: Mapping[str, Any]) -> str:
    """What the verdict on a model's methods is, in short; a dash without methods."""
    if not any(of == model["model"] and name != REFERENCE for of, name in _cells(decision)):
        return number(None)
    evidence = {"proven_not_better": " (proven)", "inconclusive": " (inconclusive)"}.get(model["evidence"], "")
    return SAID[model["action"]].format(model["variant"]) + evidence


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
    declared, cells, variants = decision["declared"], _cells(decision), _variants(decision)
    places, rows = digits(declared["rope"]), []
    for model in decision["models"]:
        pairs = [cells.get((model["model"], name)) for name in variants]
        rows.append([model["model"], *(_cell(pair, places) for pair in pairs), _said(model, decision)])
    for pair in decision["pairs"]:
        if pair["model"] == pair["variant"]:
            rows.append([pair["model"], _cell(pair, places), *[number(None)] * len(variants)])
    headers = ["model", *variants, "what methods do for it, judged alone"]
    align = ("left", *["right"] * len(variants), "left")
    drawn = tabulate(rows, headers, tablefmt="pipe", disable_numparse=True, colalign=align)
    change = "reduction" if is_loss(declared) else "gain"
    reference = words((decision["models"][0]["model"], REFERENCE))
    metric = declared["metric"].capitalize()
    about = f"{metric}, mean over the folds; in brackets the bounds of the {change} compared with {reference}."
    caveats = ["Caveats:", "", *(f"- {each}" for each in decision["caveats"]), ""] if decision["caveats"] else []
    return "\n".join([decision["sentence"], "", about, "", drawn, "", *caveats])


def _cell(pair: Mapping[str, Any] | None, places: int) -> str:
    if pair is None:
        return number(None)
    mean = number(pair["mean_primary"], places)
    if pair["call"] is None:
        return mean
    return f"{mean} [{signed(pair['low'], places)}, {signed(pair['high'], places)}] {pair['call']}"
