"""The configuration, typed: every key has a type and a range, and no default hides in code."""

import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf
from pathlib import Path
from typing import Any, TypeVar

from omegaconf import OmegaConf
from omegaconf.errors import ConfigKeyError, MissingMandatoryValue, OmegaConfBaseException
from yaml import YAMLError

from pipeline.errors import InputError, nearest
from pipeline.formatting import label_text

PARAMS = Path("params.yaml")
Own = TypeVar("Own")
# What t* may be best for, and the settings that belong to each and to no other.
OBJECTIVES = {
    "balanced_accuracy": (),
    "f_beta": ("beta",),
    "expected_cost": ("false_negative_cost", "false_positive_cost"),
    "recall_at_precision": ("precision_floor",),
    "alert_budget": ("alerts",),
}
# What a better model moves: ranking, mended probabilities, and decisions at each variant's own threshold.
PRIMARY = ("average_precision", "roc_auc", "log_loss", "brier", "expected_cost", "f_beta")
AT_OWN_THRESHOLD = ("expected_cost", "f_beta")  # need the objective of the same name
RESERVED_NAMES = ("figures", "plots", "tables")  # folders of reports/ that are not variants
SPLITS = ("rows", "group", "time")
IMPUTATIONS = ("median", "mean", "most_frequent")
ENCODINGS = ("onehot",)
DEFAULT_C = 1.0  # scikit-learn's, which stands in the settings where C is chosen


@dataclass
class Simulation:
    """A simulated table: its size, its share of positives, and its seed."""

    rows: int
    prevalence: float
    seed: int


@dataclass
class OpenML:
    """A table of OpenML, by its number, or by its name and, unless it is the active one, its version."""

    id: int | None
    name: str | None
    version: int | None


@dataclass
class SQL:
    """A database's address, with `$NAME` where a password stands, and a SELECT with ORDER BY."""

    url: str
    query: str


@dataclass
class Data:
    """Where the table comes from, and what its columns mean."""

    name: str
    path: str
    target: str
    positive: Any
    classes: dict[Any, Any] | None
    drop: list[str]
    group: str | None
    time: str | None
    weight: str | None
    columns: dict[str, Any] | None
    integers: bool
    sheet: str | None
    simulation: Simulation | None
    url: str | None
    openml: OpenML | None
    imbalanced: str | None
    sql: SQL | None
    sha256: str | None


@dataclass
class Split:
    """The hold-out, and what folds must keep together."""

    test_size: float
    seed: int
    by: str
    group_duplicates: bool


@dataclass
class Preprocess:
    """What is fitted on training rows before sampler and model see them."""

    impute: str | None
    missing_indicator: bool
    scale: bool
    encode: str | None
    min_frequency: float | None


@dataclass
class Variant:
    """One way of treating the imbalance: a sampler, and arguments it overrides on the model."""

    sampler: dict[str, Any]
    model: dict[str, Any]


@dataclass
class Evaluate:
    """How the tuned threshold is chosen, and how sure the intervals are."""

    objective: str
    beta: float | None
    false_negative_cost: float | None
    false_positive_cost: float | None
    precision_floor: float | None
    alerts: float | None
    folds: int
    repeats: int
    confidence: float


@dataclass
class Compare:
    """What a remedy must be better in, and by how much, to be called better; declared before anything runs."""

    primary: str
    rope: float
    alpha: float


@dataclass
class Tracking:
    """Which MLflow store the results are published to."""

    uri: str | None
    artifacts: str | None
    experiment: str
    timeout: float


@dataclass
class Config:
    """All of `params.yaml`."""

    seed: int
    trusted_packages: list[str]
    data: Data
    split: Split
    preprocess: Preprocess
    model: dict[str, Any]
    evaluate: Evaluate
    compare: Compare
    tracking: Tracking
    variants: dict[str, Variant]


@dataclass
class Audit:
    """How often `pipeline.tools.audit` tries the verdict where there is nothing to find."""

    null: int


@dataclass
class Plan:
    """The tables that `pipeline.plan` simulates."""

    roc_auc: float
    tables: int
    rows: int
    remedies: list[str]


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
            f"{path}: no such file here: run this from the project's folder, or `python -m pipeline.configure` first"
        )
    try:
        return OmegaConf.to_container(OmegaConf.load(path))
    except (YAMLError, OSError) as error:  # OmegaConf's label_text for a bare scalar is OSError
        raise InputError(f"{path}: expected YAML: {' '.join(str(error).split())}") from None


def check(raw: Any, *, path: Path = PARAMS, give: str = "dvc exp run -S") -> Config:
    """The configuration in the mapping `raw`; `path` is what errors call it, and `give` takes a missing key."""
    if not isinstance(raw, Mapping):
        raise InputError(f"{path}: expected keys and values, found {type(raw).__name__}")
    config = _typed(OmegaConf.structured(Config), raw, path=path, give=give)
    assert isinstance(config, Config)
    if config.data.classes is not None:  # as text, in which sweeps keep them
        config.data.classes = {label_text(label): to for label, to in config.data.classes.items()}
    _refuse(_out_of_range(config), path=path)
    return config


def own(kind: type[Own], raw: Any, *, command: str, path: Path) -> Own:
    """The keys below `command` in `raw`, which are those of `kind`, checked; `path` is what errors call their file."""
    schema = OmegaConf.create({command: OmegaConf.structured(kind)})
    keys = _typed(schema, {command: raw}, path=path, give=f"python -m pipeline.{command}")[command]
    assert isinstance(keys, kind)
    _refuse([(f"{command}.{key}", expected, found) for key, expected, found in _own_out_of_range(keys)], path=path)
    return keys


def _typed(schema: Any, raw: Mapping[str, Any], *, path: Path, give: str) -> Any:
    try:
        return OmegaConf.to_object(OmegaConf.merge(schema, raw))
    except MissingMandatoryValue as error:
        key = _missing_key(raw) or str(error.full_key)
        raise InputError(f"{path}: {key} must be given: {give} {key}=...") from None
    except ConfigKeyError as error:
        raise InputError(f"{path}: {error.full_key} is not a key; {nearest(str(error.key), _keys(error))}") from None
    except OmegaConfBaseException as error:
        reason = str(error).splitlines()[0]
        raise InputError(f"{path}: {error.full_key}: {reason}") from None


def _refuse(problems: Sequence[tuple[str, str, Any]], *, path: Path) -> None:
    if problems:
        raise InputError(f"{path}: {key}: expected {expected}, found {found!r}" for key, expected, found in problems)


def _own_out_of_range(keys: Any) -> list[tuple[str, str, Any]]:
    rules: list[tuple[bool, str, str, Any]] = []
    if isinstance(keys, Audit):
        rules = [(keys.null >= 1, "null", "a whole number from 1", keys.null)]
    if isinstance(keys, Plan):
        rules = [
            (0.5 < keys.roc_auc < 1, "roc_auc", "a fraction between 0.5 and 1", keys.roc_auc),
            (keys.tables >= 2, "tables", "a whole number from 2", keys.tables),
            (keys.rows >= 100, "rows", "a whole number from 100", keys.rows),
        ]
    return [(key, expected, found) for holds, key, expected, found in rules if not holds]


def restore(settings: Mapping[str, Any]) -> Config:
    """The configuration that `dataclasses.asdict` turned into `settings`; it was checked before that."""
    data = dict(settings["data"])
    for key, kind in (("simulation", Simulation), ("openml", OpenML), ("sql", SQL)):
        data[key] = kind(**data[key]) if data[key] else None
    return Config(
        **{
            **settings,
            "data": Data(**data),
            "split": Split(**settings["split"]),
            "preprocess": Preprocess(**settings["preprocess"]),
            "evaluate": Evaluate(**settings["evaluate"]),
            "compare": Compare(**settings["compare"]),
            "tracking": Tracking(**settings["tracking"]),
            "variants": {name: Variant(**node) for name, node in settings["variants"].items()},
        }
    )


def _missing_key(raw: Any, prefix: str = "") -> str | None:
    if isinstance(raw, Mapping):
        for key, value in raw.items():
            if found := _missing_key(value, f"{prefix}{key}."):
                return found
    return prefix[:-1] if raw == "???" else None


def _keys(error: OmegaConfBaseException) -> list[str]:
    return list(getattr(error.object_type, "__dataclass_fields__", {}))


def _out_of_range(config: Config) -> list[tuple[str, str, Any]]:
    """Each key whose value its type allows and its meaning does not: key, expected, found."""
    data, simulation, evaluate = config.data, config.data.simulation, config.evaluate
    roles = [name for name in (data.group, data.time, data.weight) if name]
    seed = "a whole number from 0 to 4294967295"
    rules: list[tuple[bool, str, str, Any]] = [
        (0 <= config.seed < 2**32, "seed", seed, config.seed),
        (0 <= config.split.seed < 2**32, "split.seed", seed, config.split.seed),
        (config.split.by in SPLITS, "split.by", f"one of {', '.join(SPLITS)}", config.split.by),
        *(
            (
                (getattr(data, role) is not None) == (config.split.by == role),
                f"data.{role}",
                f"a column, since split={choice} goes by it"
                if config.split.by == role
                else f"null without split={choice}, so that what belongs together is not torn apart",
                getattr(data, role),
            )
            for role, choice in (("group", "grouped"), ("time", "temporal"))
        ),
        (
            not config.split.group_duplicates or config.split.by == "rows",
            "split.group_duplicates",
            "false, since split.by says what stays together",
            config.split.group_duplicates,
        ),
        (
            len({data.target, *roles}) == 1 + len(roles) and not set(roles) & set(data.drop),
            "data.group, data.time, data.weight",
            "different columns that are neither the target nor left out",
            roles,
        ),
        (0 < config.split.test_size < 1, "split.test_size", "a fraction between 0 and 1", config.split.test_size),
        (
            config.preprocess.impute in (None, *IMPUTATIONS),
            "preprocess.impute",
            f"one of {', '.join(IMPUTATIONS)}, or null",
            config.preprocess.impute,
        ),
        (
            config.preprocess.encode in (None, *ENCODINGS),
            "preprocess.encode",
            f"{', '.join(ENCODINGS)}, or null",
            config.preprocess.encode,
        ),
        (
            config.preprocess.min_frequency is None
            or (config.preprocess.encode is not None and 0 < config.preprocess.min_frequency < 1),
            "preprocess.min_frequency",
            "a fraction between 0 and 1 or null, and null without preprocess.encode",
            config.preprocess.min_frequency,
        ),
        (
            config.preprocess.impute is not None or not config.preprocess.missing_indicator,
            "preprocess.missing_indicator",
            "false, since preprocess.impute is null and takes no holes",
            config.preprocess.missing_indicator,
        ),
        *_objective_rules(evaluate),
        (evaluate.folds == 0 or evaluate.folds >= 2, "evaluate.folds", "a whole number from 2, or 0", evaluate.folds),
        (evaluate.repeats >= 1, "evaluate.repeats", "a whole number from 1", evaluate.repeats),
        (
            config.compare.primary in PRIMARY,
            "compare.primary",
            f"one of {', '.join(PRIMARY)}; what moves with the threshold, or with the share of the classes in "
            "training, cannot tell a better model",
            config.compare.primary,
        ),
        (
            config.compare.primary not in AT_OWN_THRESHOLD or config.compare.primary == evaluate.objective,
            "compare.primary",
            f"evaluate={config.compare.primary} beside it, so that each variant is judged at the threshold made for it",
            config.compare.primary,
        ),
        *_model_rules(config.model),
        (0 <= config.compare.rope < 1, "compare.rope", "a difference from 0 to below 1", config.compare.rope),
        (0 < config.compare.alpha < 0.5, "compare.alpha", "an error between 0 and 0.5", config.compare.alpha),
        (0 < evaluate.confidence < 1, "evaluate.confidence", "a fraction between 0 and 1", evaluate.confidence),
        (config.tracking.timeout > 0, "tracking.timeout", "seconds above 0", config.tracking.timeout),
        (len(config.variants) > 0, "variants", "at least one variant", {}),
        (data.target not in data.drop, "data.drop", "columns other than data.target", data.target),
        (
            simulation is None or data.classes is None,
            "data.classes",
            "null, since a simulated table has two classes",
            data.classes,
        ),
        *_source_rules(data),
    ]
    for name in config.variants:
        plain = name.replace("_", "").replace("-", "").isalnum() and name.isascii()
        rules.append((plain, "variants", "names of letters, digits, _ and -", name))
        rules.append((name not in RESERVED_NAMES, "variants", f"names other than {', '.join(RESERVED_NAMES)}", name))
    if simulation is not None:
        rules += [
            (simulation.rows >= 2, "data.simulation.rows", "a whole number from 2", simulation.rows),
            (
                simulation.rows < 2 or 0 < round(simulation.rows * simulation.prevalence) < simulation.rows,
                "data.simulation.prevalence",
                f"a fraction that leaves each class some of {simulation.rows:,} rows",
                simulation.prevalence,
            ),
            (0 <= simulation.seed < 2**32, "data.simulation.seed", seed, simulation.seed),
        ]
    return [(key, expected, found) for holds, key, expected, found in rules if not holds]


def _source_rules(data: Data) -> list[tuple[bool, str, str, Any]]:
    """What holds for the keys that say where the table comes from."""
    there = {key for key in ("simulation", "url", "openml", "imbalanced", "sql") if getattr(data, key) is not None}
    made = "this table is simulated" if "simulation" in there else "this table is fetched"
    sha256 = data.sha256
    rules: list[tuple[bool, str, str, Any]] = [
        (
            len(there) <= 1,
            "data",
            "one of data.simulation, data.url, data.openml, data.imbalanced and data.sql",
            ", ".join(sorted(there)),
        ),
        (
            not there - {"url"} or data.path.endswith(".yaml"),
            "data.path",
            f"no file, since {made}; for a file: -S data=csv -S data.path=FILE -S data.target=COLUMN",
            data.path,
        ),
        (
            sha256 is None or (len(sha256) == 64 and set(sha256) <= set("0123456789abcdef")),
            "data.sha256",
            "64 hexadecimal digits in small letters, or null",
            sha256,
        ),
    ]
    if (openml := data.openml) is not None:
        rules += [
            (
                (openml.id is None) != (openml.name is None),
                "data.openml",
                "an id, or else a name: -S data.openml.id=310",
                {"id": openml.id, "name": openml.name},
            ),
            (
                openml.version is None or openml.id is None,
                "data.openml.version",
                "null, since an id is of one version",
                openml.version,
            ),
        ]
    if data.sql is not None:
        rules.append(
            (
                not (shown := _with_password(data.sql.url)),
                "data.sql.url",
                "the name of an environment variable where the password stands, since params.yaml is committed: "
                f"{shown.replace('***', '$PASSWORD') if shown else ''}",
                shown,
            )
        )
    return rules


def _with_password(url: str) -> str | None:
    """The address of a database without the password it has, as `***`; None if it has none, or `$NAME` for one."""
    before_host = r"^([^/?#]+://[^:/?#]*:)(?!\$[A-Za-z_]\w*@|\d+(?:[/?#]|$)).+(?=@)"
    option = r"(?i)([?&;][a-z_]*(?:pass|passwd|password|pwd|token|secret)=)(?!\$[A-Za-z_]\w*(?:[&;]|$))[^&;]+"
    hidden = re.sub(option, r"\1***", re.sub(before_host, r"\1***", url))
    return None if hidden == url else hidden


def _objective_rules(evaluate: Evaluate) -> list[tuple[bool, str, str, Any]]:
    """What holds for the objective and the settings that belong to one objective each."""
    known = evaluate.objective in OBJECTIVES
    rules: list[tuple[bool, str, str, Any]] = [
        (known, "evaluate.objective", f"one of {', '.join(OBJECTIVES)}", evaluate.objective)
    ]
    for objective, keys in OBJECTIVES.items() if known else ():
        for key in keys:
            value, where = getattr(evaluate, key), f"evaluate.{key}"
            if objective != evaluate.objective:
                rules.append((value is None, where, f"null without evaluate={objective}", value))
            elif key in ("precision_floor", "alerts"):
                meant = f"a fraction between 0 and 1, since evaluate.objective is {objective}"
                rules.append((value is not None and 0 < value < 1, where, meant, value))
            else:
                meant = f"a number above 0, since evaluate.objective is {objective}"
                rules.append((value is not None and 0 < value < inf, where, meant, value))
    return rules


def _model_rules(node: Mapping[str, Any]) -> list[tuple[bool, str, str, Any]]:
    """What holds for the two keys of the model's node that are not arguments of its class."""
    tune, grid = node.get("tune"), node.get("grid")
    values = grid if isinstance(grid, list) else []
    sound = all(isinstance(C, int | float) and not isinstance(C, bool) and 0 < C <= inf for C in values)
    return [
        (isinstance(tune, bool), "model.tune", "true or false: whether C is chosen for each variant", tune),
        (
            tune is not True or (len(values) >= 2 and sound and len(set(values)) == len(values)),
            "model.grid",
            "two or more different values of C above 0, since model.tune is true",
            grid,
        ),
        (
            tune is not True or node.get("C", DEFAULT_C) == DEFAULT_C,
            "model.C",
            f"{DEFAULT_C} unless model.tune=false: C is chosen for each variant, since one C penalises resampled rows "
            "otherwise than the table's own",
            node.get("C"),
        ),
    ]


def grid(config: Config) -> list[float] | None:
    """Values of C to choose from; None where C stays as it is."""
    return [float(C) for C in config.model["grid"]] if config.model["tune"] else None


def rule(evaluate: Evaluate) -> dict[str, Any]:
    """What `pipeline.measure.thresholds.choose` goes by."""
    return {"objective": evaluate.objective} | {
        key: getattr(evaluate, key) for keys in OBJECTIVES.values() for key in keys
    }


def asked() -> str:
    """The variant that the command line names.

    Raises
    ------
    InputError
        It names none, or more than one.
    """
    if len(sys.argv) != 2:
        raise InputError(f"expected the name of one variant: python -m pipeline.{Path(sys.argv[0]).stem} VARIANT")
    return sys.argv[1]


def variant(config: Config, name: str) -> Variant:
    """The variant called `name`.

    Raises
    ------
    InputError
        There is none of that name; the message lists those there are.
    """
    if name not in config.variants:
        raise InputError(f"{PARAMS}: variants.{name} is not there; {nearest(name, config.variants)}")
    return config.variants[name]
