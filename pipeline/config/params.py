"""All settings of `params.yaml`, read and checked."""

import re
import sys
from collections.abc import Iterator, Mapping
from itertools import product
from pathlib import Path
from typing import Annotated, Any, TypeVar

from omegaconf import OmegaConf
from pydantic import AfterValidator, ValidationError
from yaml import YAMLError

from pipeline.config.groups import (
    AT_OWN_THRESHOLD,
    REPLACE,
    Compare,
    Evaluate,
    Machine,
    Model,
    Preprocess,
    Split,
    Tracking,
    Variant,
)
from pipeline.config.refusals import MISSING, must_be_given, problems
from pipeline.config.secrets import problems as with_secrets
from pipeline.config.table import NAME, Data
from pipeline.config.values import Conflict, Seed, Settings, refuse
from pipeline.errors import InputError, nearest
from pipeline.files import PARAMS

UNRELATED = {"machine", "tracking"}  # groups that no result depends on
RESERVED_NAMES = ("dvc", "figures", "plots", "tables")  # folders of reports/ that are not variants
Kind = TypeVar("Kind", bound=Settings)


def _named(variants: dict[str, Variant]) -> dict[str, Variant]:
    """Check the names of the variants, which become folders and words on command lines."""
    refuse(_bad_names(variants))
    return variants


def _bad_names(variants: Mapping[str, Variant]) -> Iterator[Conflict]:
    if not variants:
        yield Conflict("", "at least one variant", {})
    for name in variants:
        if not (name.isascii() and name.replace("_", "").replace("-", "").isalnum()):
            yield Conflict("", "names of letters, digits, _ and -", name)
        elif not re.fullmatch(NAME, name):
            yield Conflict("", "names of at most 64 letters, digits, _ and -", name)
        if name in RESERVED_NAMES:
            yield Conflict("", f"names other than {', '.join(RESERVED_NAMES)}", name)


class Config(Settings):
    """All of `params.yaml`."""

    seed: Seed
    trusted_packages: list[str]
    data: Data
    split: Split
    preprocess: Preprocess
    model: Model
    evaluate: Evaluate
    compare: Compare
    tracking: Tracking
    machine: Machine
    variants: Annotated[dict[str, Variant], AfterValidator(_named)]

    def conflicts(self) -> Iterator[Conflict]:
        """Choices of one group that ask for another group's."""
        for role, choice in (("group", "grouped"), ("time", "temporal")):
            column, asked = getattr(self.data, role), self.split.by == role
            if asked and column is None:
                yield Conflict(f"data.{role}", f"the name of a column, because split={choice} needs it", None)
            if column is not None and not asked:
                advice = f"Add split={choice}, or leave out data.{role}"
                yield Conflict(f"data.{role}", f"null without split={choice}", column, advice)
        if self.split.test_size == 0 and self.evaluate.folds == 0:
            advice = "Set evaluate.folds=5, because without test rows the folds judge every variant"
            yield Conflict("evaluate.folds", "2 or more with split.test_size=0", 0, advice)
        if self.evaluate.guarantee and (why := self._dependent()):
            yield Conflict("evaluate.guarantee", f"false with {why}", True, "Add evaluate.guarantee=false")
        primary = self.compare.primary
        if primary in AT_OWN_THRESHOLD and primary != self.evaluate.objective:
            advice = f"Add evaluate={primary}, which tunes each variant's threshold for it"
            expected = f"another metric with evaluate.objective={self.evaluate.objective}"
            yield Conflict("compare.primary", expected, primary, advice)

        yield from self._baseline_conflicts()

    def _baseline_conflicts(self) -> Iterator[Conflict]:
        """Baselines that are missing, or of another model than the method's own."""
        for name, method in self.variants.items():
            if (other := method.baseline) is None:
                continue
            own, baseline = method.model, self.variants.get(other)
            key, found = f"variants.{name}.baseline", other
            if baseline is None or other == name:
                others = ", ".join(each for each in self.variants if each != name)
                yield Conflict(key, f"another variant, one of {others}, or null", found)
            elif baseline.baseline is not None:
                advice = f"Name {other}'s own, {baseline.baseline}"
                yield Conflict(key, "a variant without a baseline of its own", found, advice)
            elif not (baseline.model.get(REPLACE) and own.get(REPLACE)):
                common = other if own.get(REPLACE) else name
                words = f"null, because {common} has the common model, whose baseline is none"
                advice = f"Or give {common} a model of its own, with model._replace_: true"
                yield Conflict(key, words, found, advice)
            elif baseline.model.get("_target_") != own.get("_target_"):
                words = f"a variant with the same model, {own.get('_target_')}"
                yield Conflict(key, words, found, f"{other} has {baseline.model.get('_target_')}")

    def _dependent(self) -> str:
        """The setting by which rows are not independent and equal, as counts of successes need; empty without one."""
        for key in ("weight", "negatives_per_positive"):
            if getattr(self.data, key) is not None:
                return f"data.{key}, because the guarantee counts rows"
        if self.split.by == "time":
            return "split.by=time, because new rows are later than those that the guarantee counts"
        if self.split.by == "group":
            return "split.by=group, because rows of a group are not independent"
        return (
            "split.group_duplicates=true, because duplicates are not independent" if self.split.group_duplicates else ""
        )


def load(path: Path = PARAMS) -> Config:
    """The configuration in `path`, checked.

    Raises
    ------
    InputError
        A key is unknown, missing, of the wrong type or out of its range.
    """
    return check(read(path), path=path)


def read(path: Path) -> Any:
    """The content of a YAML file, as it stands."""
    if not path.is_file():
        raise InputError(
            f"{path}: no such file. Change to the project's folder, or write the file with `rebalance configure`."
        )
    try:
        return OmegaConf.to_container(OmegaConf.load(path))
    except (YAMLError, OSError) as error:  # OmegaConf raises OSError for a bare scalar
        raise InputError(f"{path}: expected valid YAML ({' '.join(str(error).split())}). Correct the file.") from None


def check(raw: Any, *, path: Path = PARAMS, give: str = "dvc exp run -S") -> Config:
    """The configuration in the mapping `raw`; `path` is what errors call it, and `give` takes a missing key.

    Raises
    ------
    InputError
        With all problems at once.
    """
    return checked(Config, raw, path=path, give=give)


def checked(kind: type[Kind], raw: Any, *, path: Path, give: str, under: str = "") -> Kind:
    """The settings of `kind` in the mapping `raw`, whose key is `under`; see `check`."""
    if not isinstance(raw, Mapping):
        raise InputError(f"{path}: expected keys and values, found {type(raw).__name__}. Correct the file.")
    lines: list[str] = []
    settings = None
    try:
        settings = kind.model_validate(_given(raw))
    except ValidationError as error:
        lines = problems(error, kind, give=give, under=under)
    refused = {line.partition(":")[0] for line in lines}  # which show no secret, either
    lines += [line for key, line in with_secrets(raw, under) if key not in refused]
    missing = (must_be_given(f"{under}.{key}" if under else key, give) for key in _missing(raw))
    lines = list(dict.fromkeys([*lines, *missing]))
    if lines or settings is None:
        raise InputError(f"{path}: {line}" for line in lines)
    return settings


def _given(raw: Any) -> Any:
    """Nested mappings without the keys whose value must be given."""
    if not isinstance(raw, Mapping):
        return raw
    return {key: _given(value) for key, value in raw.items() if value != MISSING}


def _missing(raw: Any, prefix: str = "") -> Iterator[str]:
    """Keys whose value must be given, in nested mappings."""
    if isinstance(raw, Mapping):
        for key, value in raw.items():
            yield from _missing(value, f"{prefix}{key}.")
    elif raw == MISSING:
        yield prefix[:-1]


def model_of(config: Config, name: str) -> dict[str, Any]:
    """The constructor call of variant `name`'s model, with `search` and `tune_for`.

    It is the common model's with the variant's keys over it, or the variant's alone if it has `_replace_`.
    """
    changed = dict(variant(config, name).model)
    return {"search": None, **changed} if changed.pop(REPLACE, False) else {**config.model, **changed}


def left_out(config: Config, name: str) -> str:
    """The argument of `dvc exp run` that leaves out a variant; a preset may give one with its own model in parts."""
    whole = variant(config, name).model.get(REPLACE)
    return f"-S '~variants.{name}'" if whole else f"-S '~variant@variants.{name}'"


def baselines(config: Config) -> dict[str, str]:
    """By variant of another model than the common one: the variant without resampling of that model, maybe itself."""
    named = {each.baseline for each in config.variants.values()}
    of = {name: name if name in named else each.baseline for name, each in config.variants.items()}
    return {name: baseline for name, baseline in of.items() if baseline is not None}


def candidates(config: Config, name: str) -> list[dict[str, Any]]:
    """Every combination of the values in the `search` of a variant's model, in their order; none without one."""
    search = model_of(config, name).get("search") or {}
    return [dict(zip(search, values, strict=True)) for values in product(*search.values())] if search else []


def asked() -> str:
    """The variant that the command line names.

    Raises
    ------
    InputError
        It names none, or more than one.
    """
    if len(sys.argv) != 2:
        raise InputError(
            f"expected the name of one variant. Run `python -m pipeline.{Path(sys.argv[0]).stem} VARIANT`."
        )
    return sys.argv[1]


def variant(config: Config, name: str) -> Variant:
    """The variant called `name`.

    Raises
    ------
    InputError
        There is none of that name; the message lists those there are.
    """
    if name not in config.variants:
        raise InputError(f"{PARAMS}: there is no variant {name!r}; {nearest(name, config.variants)}")
    return config.variants[name]
