"""Plans the runs that Hydra overrides span, and checks them before the first one starts."""

from collections.abc import Sequence
from pathlib import Path

from hydra.core.config_loader import ConfigLoader
from hydra.core.override_parser.overrides_parser import OverridesParser
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException
from tqdm import tqdm

from pipeline import config
from pipeline.errors import InputError
from pipeline.files import CONF, digest
from pipeline.fit import chains, code, run
from pipeline.fit.variants import refuse_unbuildable
from pipeline.measure.tasks import task_of
from pipeline.sweep.composing import Composer, one_line
from pipeline.sweep.results import Planned

SEED = "seed"  # the last word of keys that are luck, and no way of treating anything


def plan(composed: DictConfig, name: str, *, axes: dict[str, str], code: str) -> Planned:
    """The run that a composed configuration asks for.

    Parameters
    ----------
    composed
        See `own`.
    name
        Of the variant.
    axes
        Keys that the sweep varies, and their values in this run.
    code
        See `pipeline.fit.code.code`.

    Raises
    ------
    InputError
        The configuration or the table cannot be used.
    """
    try:
        raw = OmegaConf.to_container(composed, resolve=True)
    except OmegaConfBaseException as error:
        raise InputError(f"{CONF}: {one_line(error)}") from None
    assert isinstance(raw, dict)
    raw["variants"] = {name: raw.pop("variant")}
    params = config.check(raw, path=CONF, give="python -m pipeline")
    try:
        refuse_unbuildable(params)
    except InputError as error:
        raise InputError(
            problem.replace(f"{config.PARAMS}: ", f"{CONF}: ").replace(f"variants.{name}.", "variant.")
            for problem in error.problems
        ) from None
    schema = run.table(params.data)[2]
    try:
        chains.chain(params, name, task_of(schema))  # refuses what a table with these classes cannot have
    except InputError as error:
        raise InputError(p.replace(f"variants.{name}.", "variant.") for p in error.problems) from None
    settings = params.model_dump()
    depends = {key: value for key, value in settings.items() if key not in ("compare", "tracking")}
    return Planned(
        id=digest([depends, schema["sha256"], code]),
        name=label(name, axes),
        way=label(name, {key: value for key, value in axes.items() if not _tells_no_way(key)}),
        variant=name,
        axes=axes,
        settings=settings,
        data_sha256=schema["sha256"],
    )


def _tells_no_way(key: str) -> bool:
    """Whether a key says which rows there are and what luck they have, and not how they are treated."""
    return key.rpartition(".")[2] == SEED or key.partition(".")[0] == "data"


def label(variant: str, axes: dict[str, str]) -> str:
    """What to call a run: "smote · C=0.1 · seed 3"."""
    last = [key.rpartition(".")[2] for key in axes]
    words = [variant]
    for key, value in axes.items():
        short = key.rpartition(".")[2]
        short = short if last.count(short) == 1 else key
        if key == "data":
            words.append(value)
        elif key == "data.path":
            words.append(Path(value).name)
        elif short == SEED:
            words.append(f"{short} {value}")
        elif key != "variant":
            words.append(f"{short}={value}")
    return " · ".join(words)


def spanned(arguments: list[str], loader: ConfigLoader) -> tuple[list[list[str]], list[str]]:
    """The overrides of each run that the arguments of a sweep span, and the keys that they vary."""
    from hydra._internal.core_plugins.basic_sweeper import BasicSweeper

    overrides = OverridesParser.create(config_loader=loader).parse_overrides(arguments)
    (runs,) = BasicSweeper.split_arguments(overrides, None)
    return runs, [override.get_key_element() for override in overrides if override.is_sweep_override()]


def planned_runs(arguments: list[str], master: DictConfig, loader: ConfigLoader) -> list[Planned]:
    """All runs of a sweep, checked, before any is made.

    Raises
    ------
    InputError
        With every problem of every run.
    """
    composer, now = Composer(loader, master), code.code()
    runs, varied = spanned(arguments, loader)
    for key in varied:
        if key.partition(".")[0] in ("compare", "sweep", "tracking"):
            raise InputError(f"{key}: no run depends on it, so it cannot vary: make a sweep for each value")
    planned: dict[str, Planned] = {}
    problems: dict[str, None] = {}
    for overrides in tqdm(runs, desc="plan", unit="run", delay=2, leave=False, disable=None):
        values = dict(override.split("=", 1) for override in overrides)
        try:
            one = plan(*composer(overrides), axes={key: values[key] for key in varied}, code=now)
        except InputError as error:
            problems |= dict.fromkeys(error.problems)
            continue
        planned.setdefault(one.id, one)
    if problems:
        raise InputError(problems)
    return list(planned.values())


def together(runs: Sequence[Planned], size: int) -> list[list[Planned]]:
    """Runs in batches of at most `size`, those on the same rows next to each other."""
    rows: dict[str, list[Planned]] = {}
    for planned in runs:
        same = digest([planned.settings[key] for key in ("data", "split", "preprocess")])
        rows.setdefault(same, []).append(planned)
    # One seed's variants share their folds besides.
    ordered = [planned for group in rows.values() for planned in sorted(group, key=lambda each: each.settings["seed"])]
    return [ordered[first : first + size] for first in range(0, len(ordered), size)]
