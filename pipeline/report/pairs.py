"""The table of models and methods: each pair's metric, and what the methods do for each model."""

from collections.abc import Mapping
from typing import Any

from tabulate import tabulate

from pipeline.formatting import digits, number, signed
from pipeline.judge.models import words
from pipeline.judge.primary import REFERENCE, is_loss
from pipeline.report import answer

SAID = {"keep": "keep it as it is", "rebalance": "rebalance with {}", "none": "no verdict"}
HELPED = "do methods help this model?"  # title of the last column


def decided(comparison: Mapping[str, Any]) -> dict[str, Any] | None:
    """The decision on models that a comparison shows; None with one model, or where there is no decision.

    Parameters
    ----------
    comparison
        As `pipeline.judge.comparison.compare` returns it.
    """
    decision: dict[str, Any] | None = comparison["models"]
    return decision if decision and decision["pairs"] else None


def table(decision: Mapping[str, Any]) -> dict[str, Any]:
    """What the template pairs.html shows of a decision.

    Parameters
    ----------
    decision
        See `pipeline.judge.models.across`.
    """
    return {
        "declared": decision["declared"],
        "models": [{**model, "said": _said(model, decision)} for model in decision["models"]],
        "others": [pair for pair in decision["pairs"] if pair["model"] == pair["variant"]],
        "reference": _reference(decision),
        "methods": _methods(decision),
        "cells": _cells(decision),
        "helped": HELPED,
    }


def _said(model: Mapping[str, Any], decision: Mapping[str, Any]) -> str:
    """What the verdict on a model's methods is, in short; a dash without methods."""
    if not any(of == model["model"] and name != REFERENCE for of, name in _cells(decision)):
        return number(None)
    return short(model)


def gains(decision: Mapping[str, Any]) -> dict[str, Any] | None:
    """Where to draw each pair's gain, by a short name: see `pipeline.report.answer.gains`."""
    named = []
    for pair in decision["pairs"]:
        alone = pair["variant"] in (REFERENCE, pair["model"])
        named.append({**pair, "variant": pair["model"] if alone else f"{pair['model']} + {pair['variant']}"})
    return answer.gains({"methods": named, "declared": decision["declared"]})


def short(verdict: Mapping[str, Any]) -> str:
    """A verdict on the methods for one model in a few words."""
    evidence = {"proven_not_better": " (proven)", "inconclusive": " (inconclusive)"}.get(verdict["evidence"], "")
    return SAID[verdict["action"]].format(verdict["variant"]) + evidence


def markdown(decision: Mapping[str, Any]) -> list[str]:
    """The table as lines of Markdown, below what it shows."""
    declared, cells, methods = decision["declared"], _cells(decision), _methods(decision)
    places, rows = digits(declared["rope"]), []
    for model in decision["models"]:
        pairs = [cells.get((model["model"], name)) for name in methods]
        rows.append([model["model"], *(_cell(pair, places) for pair in pairs), _said(model, decision)])
    for pair in decision["pairs"]:
        if pair["model"] == pair["variant"]:
            rows.append([pair["model"], _cell(pair, places), *[number(None)] * len(methods)])
    align = ("left", *["right"] * len(methods), "left")
    drawn = tabulate(rows, ["model", *methods, HELPED], tablefmt="pipe", disable_numparse=True, colalign=align)
    change, metric = "reduction" if is_loss(declared) else "gain", declared["metric"].capitalize()
    about = f"{metric}, mean over the folds; in brackets the bounds of the {change} compared with "
    return [f"{about}{_reference(decision)}.", "", drawn, ""]


def _reference(decision: Mapping[str, Any]) -> str:
    return words((decision["models"][0]["model"], REFERENCE))


def _cells(decision: Mapping[str, Any]) -> dict[tuple[str, str], dict[str, Any]]:
    """The numbers of each pair; the reference has no `call`."""
    reference = [{**decision["reference"], "call": None}] if decision["reference"] else []
    return {(pair["model"], pair["variant"]): pair for pair in (*reference, *decision["pairs"])}


def _methods(decision: Mapping[str, Any]) -> list[str]:
    """The titles of the columns: without resampling first."""
    names = dict.fromkeys(name for model, name in _cells(decision) if model != name)
    return sorted(names, key=lambda name: name != REFERENCE)


def _cell(pair: Mapping[str, Any] | None, places: int) -> str:
    if pair is None:
        return number(None)
    mean = number(pair["mean_primary"], places)
    if pair["call"] is None:
        return mean
    return f"{mean} [{signed(pair['low'], places)}, {signed(pair['high'], places)}] {pair['call']}"
