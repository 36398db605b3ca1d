"""Completions of a `rebalance` command line for the shell."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from pipeline.errors import InputError, nearest

# Each asks `rebalance --complete` with what stands before the cursor. Where nothing comes back, shells complete files.
SCRIPTS = {
    "bash": """\
_rebalance() {
    local line=${COMP_LINE:0:COMP_POINT} last=${COMP_WORDS[COMP_CWORD]} head IFS=$'\\n'
    [[ $last == [=:@] ]] && last=
    head=${line##* } head=${head%"$last"}  # bash replaces only what follows the last = : or @
    COMPREPLY=($(rebalance --complete "$line" 2>/dev/null))
    COMPREPLY=("${COMPREPLY[@]#"$head"}")
    [[ ${COMPREPLY[0]} == *[=./] ]] && compopt -o nospace
}
complete -o default -F _rebalance rebalance
""",
    "zsh": """\
#compdef rebalance
_rebalance() {
    local -a found open
    found=(${(f)"$(rebalance --complete "${(j: :)words[1,CURRENT]}" 2>/dev/null)"})
    open=(${(M)found:#*[=./]}) found=(${found:#*[=./]})
    (( $#open )) && compadd -Q -S '' -a open
    (( $#found )) && compadd -Q -a found
    (( $#open + $#found )) || { compset -P '*='; _files }
}
(( $+functions[compdef] )) || { autoload -Uz compinit && compinit }
compdef _rebalance rebalance
""",
    "fish": """\
complete -c rebalance -a '(rebalance --complete (commandline -cp) 2>/dev/null)'
""",
}


def script(shell: str = "") -> str:
    """What `shell` is to evaluate for `rebalance` to be completed.

    Raises
    ------
    InputError
        There is no script for it.
    """
    if shell not in SCRIPTS:
        raise InputError(f"--completion: expected a shell, found {shell!r}; {nearest(shell, SCRIPTS)}")
    return SCRIPTS[shell]


class Command(Protocol):
    """What completion asks of a command, see `pipeline.tools.commands.Command`."""

    @property
    def arguments(self) -> Mapping[str, Any]:
        """Names of its arguments; `overrides` where it takes Hydra's."""

    @property
    def switches(self) -> Sequence[str]:
        """Keys of its own that are true or false."""


def complete(line: str, commands: Mapping[str, Command], *, conf: Path) -> list[str]:
    """What the last word of a command line may become; where nothing does, shells complete files.

    Parameters
    ----------
    line
        All that is typed before the cursor; a space at its end begins a new word.
    commands
        By name.
    conf
        The folder of settings.
    """
    _, *words, word = line.split(" ")
    words = [each for each in words if each]
    if not words:
        return [name for name in [*commands, "--help", "--version", "--completion"] if name.startswith(word)]
    if words == ["--completion"]:
        return [shell for shell in SCRIPTS if shell.startswith(word)]
    if words[0] not in commands:
        return []
    command = commands[words[0]]
    if word.startswith("-"):
        options = [name for name in command.arguments if name.startswith("-")]
        return [option for option in [*options, "--help"] if option.startswith(word)]
    if words[0] == "use":
        names = [path.stem for path in sorted((conf / "experiment").glob("*.yaml")) if path.stem != "none"]
        return [name for name in [*names, "mountain_shop"] if name.startswith(word) and len(words) == 1]
    if words[0] == "predict":
        return scoring(word, trained=Path("data/train"))
    if "overrides" in command.arguments:
        return overrides(words[0], words[1:], word, conf=conf)
    switched = [f"{key}={value}" for key in command.switches for value in ("true", "false")]
    return [option for option in switched if word and option.startswith(word)]


def overrides(command: str, words: Sequence[str], word: str, *, conf: Path) -> list[str]:
    """What `word` may become as an override, after the overrides `words`: what Hydra suggests, and more.

    Parameters
    ----------
    conf
        The folder that is composed; conf/COMMAND.yaml if it is there, else conf/config.yaml.
    """
    from hydra import initialize_config_dir
    from hydra.core.global_hydra import GlobalHydra
    from hydra.errors import HydraException
    from hydra.plugins.completion_plugin import DefaultCompletionPlugin
    from hydra.types import RunMode
    from omegaconf import OmegaConf

    name = command if (conf / f"{command}.yaml").is_file() else "config"
    with initialize_config_dir(str(conf.absolute()), version_base=None):
        loader = GlobalHydra.instance().config_loader()
        hydra = DefaultCompletionPlugin(loader)
        found, whole = hydra._query_config_groups(word, name, list(words))
        try:
            composed = loader.load_configuration(name, list(words), RunMode.RUN)
        except HydraException:  # one of the words is wrong
            composed = OmegaConf.create({"variants": {}})
    if word.startswith("~"):  # Hydra doesn't know how a variant is left out
        found = [f"~variant@variants.{variant}" for variant in composed.variants]
    elif not whole:
        keys = hydra._get_matches(composed, word)
        # Hydra would go on into a list, which is set as a whole.
        found += [f"{key[:-1]}=" if OmegaConf.is_list(OmegaConf.select(composed, key[:-1])) else key for key in keys]
    own = {each for each in found if each.startswith(word) and each != word}
    return sorted(each for each in own if not each.lstrip("+~").startswith("hydra"))


def scoring(word: str, *, trained: Path) -> list[str]:
    """What `word` may become as a setting of `rebalance predict`; `trained` has a folder for each variant."""
    known = [f"variant={folder.name}" for folder in sorted(trained.glob("*/"))]
    keys = known if word.startswith("variant=") else ["data.path=", "overwrite=", "to=", "variant="]
    return [each for each in keys if each.startswith(word) and each != word]
