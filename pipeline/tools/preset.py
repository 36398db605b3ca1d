"""Presets, one file in conf/experiment/ per table: written from overrides, with a reason beside each setting."""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from omegaconf import OmegaConf

from pipeline.compose import NO_PRESET, unresolved
from pipeline.config.table import NAME
from pipeline.errors import InputError, set_param
from pipeline.files import CONF, write_text

FOLDER = CONF / "experiment"
SHOP = "mountain_shop"  # the name under which `rebalance use` goes back to no preset
Keys = tuple[str, ...]  # the path of a setting


def path_of(name: str) -> Path:
    """The file of the preset with this name.

    Raises
    ------
    InputError
        A preset can't have this name.
    """
    if not re.fullmatch(NAME, name) or name in (SHOP, NO_PRESET, "null"):
        raise InputError(
            f"{name!r} can't be the name of a preset: expected 1 to 64 letters, digits, _ and -, and neither {SHOP} "
            f"nor {NO_PRESET}, which are reserved. Choose another name."
        )
    return FOLDER / f"{name}.yaml"


def write(file: Path, overrides: Sequence[str], *, about: str, reasons: Mapping[Keys, str], target: str | None) -> None:
    """Write a preset, see `text`, unless it's there as it is.

    Raises
    ------
    InputError
        There is another file of this name, or no `target`.
    """
    if target is None:
        raise InputError(f"save={file.stem}: the target is unknown. Add data.target=COLUMN.")
    content = text(file.stem, overrides, about=about, reasons=reasons)
    if file.is_file() and file.read_text(encoding="utf-8") != content:
        raise InputError(
            f"{file} exists already, with different settings. Remove it first, or choose another name with save=NAME."
        )
    write_text(file, content)


def text(name: str, overrides: Sequence[str], *, about: str, reasons: Mapping[Keys, str]) -> str:
    """The preset with which `experiment=NAME` composes what these overrides compose.

    Parameters
    ----------
    name
        Of the preset, and of the table unless the overrides give one.
    overrides
        Hydra's.
    about
        One line on the table.
    reasons
        A comment for each setting, by its keys; for an item of a list, the item is the last of them.
    """
    (base, usual), (mine, chosen) = (unresolved(each) for each in ([f"experiment={NO_PRESET}"], overrides))
    for choices in (usual, chosen):  # what a preset in use chose, this one chooses itself
        choices.pop("experiment", None)
    added = {group: choice for group, choice in chosen.items() if group not in usual}
    changed = {group: chosen.get(group) for group in usual if usual[group] != chosen.get(group)}
    groups = [f"+{group}={choice}" for group, choice in added.items()]
    groups += [f"~{group}" if choice is None else f"{group}={choice}" for group, choice in changed.items()]
    base = unresolved([f"experiment={NO_PRESET}", *groups])[0]
    ours, theirs = OmegaConf.to_container(mine), OmegaConf.to_container(base)
    assert isinstance(ours, dict)
    if ours["data"]["name"] == theirs["data"]["name"]:  # type: ignore[index,call-overload]
        ours["data"]["name"] = name
    for key in ("classes", "columns", "missing"):  # YAML, unlike Hydra's grammar, has quotes for keys
        if isinstance(pairs := ours["data"][key], list) and all(isinstance(each, list) for each in pairs):
            ours["data"][key] = {OmegaConf.create([each])[0]: kind for each, kind in pairs}
    lines = [
        "# @package _global_",
        f"# rebalance use {name}    makes these settings the default of every command",
        f"# dvc exp run {set_param('experiment', name)}    runs them once",
        f"# Written by `rebalance inspect ... save={name}`. {_comment(about)}",
    ]
    if groups:
        lines.append("defaults:")
        lines += [f"  - /{group}: {choice}" for group, choice in added.items()]
        for group, choice in changed.items():  # Hydra wants them last
            lines.append(f"  - override /{group}: {'null' if choice is None else choice}{_reason((group,), reasons)}")
    return "\n".join([*lines, "", *_lines(_own(ours, theirs), (), reasons)]) + "\n"


def _own(ours: Any, theirs: Any) -> dict[str, Any]:
    """The keys of nested mappings whose value differs from `theirs`."""
    found = {}
    for key, value in ours.items():
        other = theirs.get(key, None)
        if isinstance(value, Mapping) and isinstance(other, Mapping):
            if inner := _own(value, other):
                found[key] = inner
        elif key not in theirs or value != other:
            found[key] = value
    return found


def _lines(settings: Mapping[Any, Any], at: Keys, reasons: Mapping[Keys, str]) -> Iterator[str]:
    """The lines of a mapping, with a comment beside each value that has a reason."""
    indent = "  " * len(at)
    for key, value in settings.items():
        where, reason = (*at, str(key)), _reason((*at, str(key)), reasons)
        if isinstance(value, Mapping) and value:
            yield f"{indent}{scalar(key)}:{reason}"
            yield from _lines(value, where, reasons)
        elif isinstance(value, list) and value and any((*where, str(each)) in reasons for each in value):
            yield f"{indent}{scalar(key)}:{reason}"
            yield from (f"{indent}  - {scalar(each)}{_reason((*where, str(each)), reasons)}" for each in value)
        else:
            yield f"{indent}{scalar(key)}: {_flow(value)}{reason}"


def _flow(value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(_flow, value))}]"
    return "{}" if isinstance(value, Mapping) else scalar(value)


def scalar(value: Any) -> str:
    """A scalar as YAML; text that YAML or OmegaConf could take for anything else stands in quotes."""
    plain = isinstance(value, str) and re.fullmatch(r"[A-Za-z_./][A-Za-z0-9_./-]*", value)
    if not isinstance(value, str) or (plain and yaml.safe_load(value) == value):
        return yaml.safe_dump(value, width=float("inf")).removesuffix("...\n").strip()
    return yaml.safe_dump(value, default_style='"', allow_unicode=True, width=float("inf")).strip()


def _reason(where: Keys, reasons: Mapping[Keys, str]) -> str:
    return f"  # {_comment(reasons[where])}" if where in reasons else ""


def _comment(text: str) -> str:
    """Text on one line, of signs that YAML takes."""
    return "".join(sign if sign.isprintable() else "?" for sign in " ".join(text.split()))
