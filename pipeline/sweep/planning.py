"""Plans the runs of a sweep, and checks all of them before the first one starts."""

from collections.abc import Sequence
from pathlib import Path

from hydra.core.config_loader import ConfigLoader
from hydra.core.override_parser.overrides_parser import OverridesParser
from omegaconf import DictConfig, OmegaConf
from tqdm import tqdm

from pipeline import config
from pipeline.compose import no_environment
from pipeline.errors import InputError
from pipeline.files import CONF, digest
from pipeline.fit import chains, code, run
from pipeline.fit.code import versions
from pipeline.fit.variants import refuse_unbuildable
from pipeline.measure.tasks import task_of
from pipeline.sweep.composing import Composer
from pipeline.sweep.results import Planned

SEED = "seed"  # the last part of keys that set the randomness


def plan(composed: DictConfig, name: str, *, axes: dict[str, str], code: str) -> Planned:
    """The run with these settings.

    Parameters
    ----------
    composed
        See `pipeline.sweep.composing.of_run`.
    name
        Of the variant.
    axes
        The keys that the sweep varies, and their values in this run.
    code
        See `pipeline.fit.code.code`.

    Raises
    ------
    InputError
        The settings or the table can't be used.
    """
    with no_environment():
        raw = OmegaConf.to_container(composed, resolve=True)
    assert isinstance(raw, dict)
    raw["variants"] = {name: raw.pop("variant")}
    params = config.check(raw, path=CONF, give="python -m pipeline")
    leave = config.left_out(params, name)
    try:
        refuse_unbuildable(params)
    except InputError as error:
        raise InputError(
            problem.replace(f"{config.PARAMS}: ", f"{CONF}: ")
            .replace(f"leave out the variant: {leave}.", f"leave {name} out of variant= with it.")
            .replace(f"Leave out {name}: {leave}.", f"Leave {name} out of variant=.")
            .replace(f"variants.{name}.", "variant.")
            for problem in error.problems
        ) from None
    schema = run.table(params.data)[2]
    try:
        chain = chains.chain(params, name, task_of(schema))  # refuses settings that don't suit these classes
    except InputError as error:
        raise InputError(p.replace(f"variants.{name}.", "variant.") for p in error.problems) from None
    settings = params.model_dump() | {"machine": {"jobs": 1, "memory": 1.0}}  # whatever `drive` gives each run
    depends = {key: value for key, value in settings.items() if key not in {"compare", *config.UNRELATED}}
    depends["tuned_by"] = chain.criterion and chain.criterion.name  # all that a run depends on of `compare`
    return Planned(
        id=digest([depends, schema["sha256"], code, versions(params.trusted_packages)]),
        name=label(name, axes),
        configuration=label(name, {key: value for key, value in axes.items() if not _sets_rows_or_seeds(key)}),
        variant=name,
        axes=axes,
        settings=settings,
        data_sha256=schema["sha256"],
    )


def _sets_rows_or_seeds(key: str) -> bool:
    """Whether a key decides the table or the randomness, and not how rows are treated."""
    return key.rpartition(".")[2] == SEED or key.partition(".")[0] == "data"


def label(variant: str, axes: dict[str, str]) -> str:
    """The name of a run, such as "smote · C=0.1 · seed 3"."""
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


def expanded(arguments: list[str], loader: ConfigLoader) -> tuple[list[list[str]], list[str]]:
    """The overrides of each run of a sweep with these arguments, and the keys that vary."""
    from hydra._internal.core_plugins.basic_sweeper import BasicSweeper

    overrides = OverridesParser.create(config_loader=loader).parse_overrides(arguments)
    (runs,) = BasicSweeper.split_arguments(overrides, None)
    return runs, [override.get_key_element() for override in overrides if override.is_sweep_override()]


def planned_runs(arguments: list[str], master: DictConfig, loader: ConfigLoader) -> list[Planned]:
    """All runs of a sweep, checked.

    Raises
    ------
    InputError
        Lists every problem of every run.
    """
    composer, hashed = Composer(loader, master), code.code()
    runs, varied = expanded(arguments, loader)
    for key in varied:
        if key.partition(".")[0] in {"compare", "sweep", *config.UNRELATED}:
            raise InputError(f"{key} can't vary in a sweep, because all its runs share it. Run one sweep per value.")
    planned: dict[str, Planned] = {}
    problems: dict[str, None] = {}
    for overrides in tqdm(runs, desc="plan", unit="run", delay=2, leave=False, disable=None):
        values = dict(override.split("=", 1) for override in overrides)
        try:
            one = plan(*composer(overrides), axes={key: values[key] for key in varied}, code=hashed)
        except InputError as error:
            problems |= dict.fromkeys(error.problems)
            continue
        planned.setdefault(one.id, one)
    if problems:
        raise InputError(problems)
    return list(planned.values())


def batches(runs: Sequence[Planned], size: int) -> list[list[Planned]]:
    """The runs in batches of at most `size`; runs on the same rows are neighbors."""
    by_rows: dict[str, list[Planned]] = {}
    for planned in runs:
        same = digest([planned.settings[key] for key in ("data", "split", "preprocess")])
        by_rows.setdefault(same, []).append(planned)
    # Within them, variants with the same seed, since these share their folds.
    groups = (sorted(group, key=lambda each: each.settings["seed"]) for group in by_rows.values())
    ordered = [planned for group in groups for planned in group]
    return [ordered[first : first + size] for first in range(0, len(ordered), size)]
