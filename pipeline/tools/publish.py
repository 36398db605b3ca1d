"""Publishes to MLflow by hand: what a server missed while it was down, every sweep, and the recommended model."""

from pipeline import config
from pipeline.config import Config
from pipeline.errors import InputError, exit_on_signals
from pipeline.files import REPORTS, read_json, say
from pipeline.judge import verdict
from pipeline.sweep.publish import publish_sweeps
from pipeline.tracking import registry
from pipeline.tracking.reproduction import address, publish_results
from pipeline.tracking.runs import Published
from pipeline.tracking.server import serve, where
from pipeline.tracking.store import StoreError, store_file

CARD = REPORTS / "model_card.md"
SWEPT = "A sweep has no models: its runs keep metrics only. Run `dvc repro` with the settings of the run to register."


def run(*, register: str | None = None, ui: bool = False, port: int = 5000) -> int:
    """Publish the results and the sweeps, and give 0, or 1 where the store can't be reached.

    Parameters
    ----------
    register
        `register=NAME` registers the recommended model under this name, too.
    ui
        Whether to serve MLflow's pages then, until Ctrl-C.
    port
        Of that server.

    Raises
    ------
    InputError
        There is nothing to publish or to register, or the port is taken.
    """
    exit_on_signals()  # so that runs are marked as failed and the server doesn't stay behind
    name = _name(register)
    params = config.load()
    tracking, swept = params.tracking, publish_sweeps()
    if tracking.uri is None:
        said = f"{params.data.name}: tracking is off (tracking.uri is null). The results are only in reports/"
        if name:
            raise InputError(f"{said}. To register a model, choose tracking=local or tracking=server.")
        say(said)
        return 0
    page = "#/experiments"
    try:
        published = publish_results(params)
        page = address(published)
        if name:
            _register(params, published, name)
    except StoreError as error:
        say(f"{params.data.name}: {error}")
        return 1
    except InputError as error:
        if name or not swept:
            raise InputError([*error.problems, *([SWEPT] if name and swept else [])]) from None
        say(f"{params.data.name}: {error}")  # someone who only sweeps has no results of `dvc repro`
    if ui and store_file(tracking.uri) is not None:
        serve(tracking, port=port, address=page)
    else:
        say(f"{params.data.name}: {where(tracking, page)}")
    return 0


def _name(word: str | None) -> str | None:
    """The name in `register=NAME`; None without it."""
    if word is None:
        return None
    key, _, name = word.partition("=")
    if key != "register":
        raise InputError(f"expected register=NAME, found {word!r}. Correct or remove it.")
    registry.refuse_name(name)
    return name


def _register(params: Config, published: Published, name: str) -> None:
    found = read_json(verdict.FILE)
    registry.refuse_unrecommended(found)
    card = CARD.read_text(encoding="utf-8")
    registered = registry.register(params.tracking, published, name, verdict=found, card=card)
    for line in registry.lines(registered, found):
        say(f"{params.data.name}: {line}")
