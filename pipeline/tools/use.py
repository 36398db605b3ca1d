"""Makes a preset the default of every command."""

from omegaconf import OmegaConf

from pipeline.compose import IN_USE, NO_PRESET, compose, in_use
from pipeline.config import check
from pipeline.errors import InputError, nearest, override
from pipeline.files import CONF, PARAMS, say, write_text
from pipeline.fit.variants import refuse_unbuildable
from pipeline.tools import preset

CONFIG = CONF / "config.yaml"


def run(name: str | None = None) -> int:
    """Make the preset `name` the default, or say which one is; `mountain_shop` is the simulated shop, without a preset.

    Raises
    ------
    InputError
        There is no such preset, or its settings can't be used; nothing is written.
    """
    if name is None:
        found = in_use()
        say(f"{found or preset.SHOP}: every command uses the settings in {preset.path_of(found) if found else CONFIG}")
        return 0
    choice = NO_PRESET if name == preset.SHOP else name
    if choice != NO_PRESET and not (file := preset.path_of(name)).is_file():
        known = sorted(path.stem for path in file.parent.glob("*.yaml") if path.stem != NO_PRESET)
        raise InputError(
            f"{file}: no such preset; {nearest(name, [*known, preset.SHOP])} To write it, run `rebalance inspect "
            f"data=csv data.path=FILE data.target=COLUMN save={name}`."
        )
    before = CONFIG.read_text(encoding="utf-8")
    after, lines = IN_USE.subn(rf"\g<1>{preset.scalar(choice)}", before)
    if lines != 1:
        raise InputError(f"{CONFIG}: expected one line `  - experiment: NAME` among the defaults, found {lines}.")
    text = compose([override("experiment", choice)])
    params = check(OmegaConf.to_container(OmegaConf.create(text)), give=f"rebalance use {name}")
    refuse_unbuildable(params)
    write_text(PARAMS, text)
    write_text(CONFIG, after)
    data = params.data
    say(f"{data.name}: every command uses this table now: {data.path}, target {data.target!r}")
    back = f". To go back: `rebalance use {preset.SHOP}`" if choice != NO_PRESET else ""
    say(f"To run it: `dvc repro`{back}")
    return 0
