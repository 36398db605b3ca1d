import importlib.metadata
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from pipeline import cli
from pipeline.errors import InputError
from pipeline.tools import completion

ROOT = Path(__file__).parents[2]
STATUSES = {
    "inspect": [0, 1],
    "use": [0],
    "plan": [0, 30],
    "audit": [0, 1],
    "verdict": [0, 10, 20, 30],
    "predict": [0],
    "verify": [0, 1],
    "publish": [0, 1],
    "doctor": [0, 10],
    "configure": [0],
}


@pytest.fixture
def typed(capsys):
    """Runs `rebalance` with these words in this process; gives exit status, standard output and standard error."""

    def run(*words):
        with pytest.raises(SystemExit) as ended:
            cli.main(list(words))
        return ended.value.code, *capsys.readouterr()

    return run


@pytest.fixture
def given(monkeypatch):
    """What a command's `run` is given in place of running; it ends with status 30."""
    calls = []

    def tool(name):
        return SimpleNamespace(run=lambda **given: calls.append((name, given)) or 30)

    monkeypatch.setattr(cli, "import_module", tool)
    monkeypatch.chdir(ROOT)
    return calls


def test_help_lists_every_command_with_one_line(typed):
    for words in (["--help"], ["-h"]):
        status, out, err = typed(*words)
        assert (status, err) == (0, "")
        for name in STATUSES:
            (line,) = [line for line in out.splitlines() if line.startswith(f"  {name} ")]
            assert line.endswith(cli.COMMANDS[name].summary)
            assert len(line) <= cli.WIDTH
    assert list(cli.COMMANDS) == list(STATUSES)


def test_without_a_command_the_list_is_shown_and_the_status_is_that_of_wrong_input(typed):
    status, out, _ = typed()
    assert (status, out) == (2, typed("--help")[1])


@pytest.mark.parametrize("name", STATUSES)
def test_a_command_s_help_has_its_settings_an_example_and_its_exit_statuses(typed, name):
    status, out, err = typed(name, "--help")
    assert (status, err) == (0, "")
    assert out.startswith(f"usage: rebalance {name} ")
    settings, example, statuses = (
        out.partition("settings:\n")[2].replace("exit status:\n", "example:\n").split("example:\n")
    )
    assert all(f"  {setting} " in settings for setting in cli.COMMANDS[name].settings)
    assert f"  rebalance {name}" in example
    assert [int(line.split()[0]) for line in statuses.splitlines()] == [*STATUSES[name], 2, 130]
    assert max(map(len, out.splitlines())) <= cli.WIDTH


def test_help_shows_a_command_s_own_keys_with_their_defaults_from_conf(typed):
    out = typed("plan", "--help")[1]
    assert "  plan.roc_auc=0.85 " in out
    assert "  plan.tables=12 " in out
    assert "the ROC AUC that you expect of a perfect model" in out
    assert "  audit.null=200 " in typed("audit", "-h")[1]
    assert "shuffled labels" in typed("audit", "-h")[1]


def test_the_version_is_the_package_s(typed):
    assert typed("--version") == (0, f"{importlib.metadata.version('rebalance')}\n", "")


def test_help_is_shown_without_the_libraries_that_take_long_to_import():
    code = (
        "import sys; from pipeline import cli\n"
        "for words in (['--help'], ['plan', '--help'], ['--completion', 'bash'], ['--complete', 'rebalance pl']):\n"
        "    try: cli.main(words)\n"
        "    except SystemExit as ended: assert ended.code == 0\n"
        "print(sorted({'numpy', 'pandas', 'sklearn', 'hydra', 'omegaconf', 'mlflow'} & set(sys.modules)))"
    )
    ended = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert ended.stdout.splitlines()[-1] == "[]"


def test_python_can_run_the_module():
    ended = subprocess.run([sys.executable, "-m", "pipeline.cli", "plna"], cwd=ROOT, capture_output=True, text=True)
    assert (ended.returncode, ended.stdout) == (2, "")
    problem = "rebalance has no command 'plna'; did you mean 'plan'? For a list, see `rebalance --help`."
    assert ended.stderr == f"error: {problem}\n"


@pytest.mark.parametrize(
    ("words", "asked"),
    [
        (["plan"], {"overrides": []}),
        (
            ["audit", "audit.null=3", "data=csv", "~variant@variants.smote"],
            {"overrides": ["audit.null=3", "data=csv", "~variant@variants.smote"]},
        ),
        (["predict", "data.path=a b.csv"], {"overrides": ["data.path=a b.csv"]}),
        (["verdict"], {"file": None}),
        (["verdict", "strict=false"], {"file": None, "strict": False}),
        (["verdict", "strict=true", "a/verdict.json"], {"file": Path("a/verdict.json"), "strict": True}),
        (["verify", "a/index.html"], {"file": Path("a/index.html")}),
        (["use"], {"name": None}),
        (["use", "churn"], {"name": "churn"}),
        (["publish"], {"register": None, "ui": False, "port": 5000}),
        (["publish", "--port", "5001", "--ui"], {"register": None, "ui": True, "port": 5001}),
        (["publish", "register=shop", "--ui"], {"register": "register=shop", "ui": True, "port": 5000}),
    ],
)
def test_a_command_is_given_what_was_typed_and_its_status_is_the_exit_status(typed, given, words, asked):
    assert typed(*words)[0] == 30
    assert given == [(f"pipeline.tools.{words[0]}", asked)]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["plna"], "rebalance has no command 'plna'; did you mean 'plan'? For a list, see `rebalance --help`."),
        (["--verson"], "rebalance has no command '--verson'"),
        (["evaluate"], "rebalance has no command 'evaluate'"),
        (
            ["publish", "--prt", "1"],
            "unrecognized arguments: --prt. For the command's arguments, see `rebalance publish --help`.",
        ),
        (
            ["publish", "--port", "x"],
            "argument --port: invalid int value: 'x'. For the command's arguments, see `rebalance",
        ),
        (["plan", "-S", "seed=7"], "`-S` is only for `dvc exp run`. Leave it out here, and give just KEY=VALUE."),
        (
            ["verdict", "a", "b"],
            "unrecognized arguments: b. For the command's arguments, see `rebalance verdict --help`.",
        ),
        (["verdict", "strict=no"], "strict: expected true or false, found 'no'"),
        (["--completion", "tcsh"], "--completion: expected a shell, found 'tcsh'; did you mean 'zsh', 'fish', 'bash'?"),
        (["--completion"], "--completion: expected a shell, found ''; choose from 'bash', 'zsh', 'fish'."),
    ],
)
def test_what_cannot_be_run_is_refused_on_one_line(typed, given, words, message):
    status, out, err = typed(*words)
    assert (status, out) == (2, "")
    (line,) = err.splitlines()
    assert line.startswith(f"error: {message}")
    assert given == []


@pytest.mark.parametrize(
    "words", [["plan"], ["inspect", "data=csv"], ["verdict"], ["verify"], ["publish"], ["configure"]]
)
def test_outside_a_project_a_command_says_so(typed, given, tmp_path, monkeypatch, words):
    monkeypatch.chdir(tmp_path)
    status, _, err = typed(*words)
    assert (status, given) == (2, [])
    assert err.startswith(
        f"error: {tmp_path} isn't the folder of a rebalance project, because conf/config.yaml is missing"
    )


def test_a_report_or_a_verdict_may_be_anywhere(typed, given, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert typed("verify", "index.html")[0] == 30
    assert typed("verdict", "verdict.json")[0] == 30


def test_messages_written_for_dvc_name_overrides_as_these_commands_take_them(typed, monkeypatch):
    def refuse(overrides):
        raise InputError("no such file: give it with -S data=csv -S data.path=FILE")

    monkeypatch.setattr(cli, "import_module", lambda name: SimpleNamespace(run=refuse))
    monkeypatch.chdir(ROOT)
    assert typed("plan") == (2, "", "error: no such file: give it with data=csv data.path=FILE\n")


def completed(line):
    return completion.complete(f"rebalance {line}", cli.COMMANDS, conf=cli.CONF)


def test_commands_options_and_shells_are_completed():
    assert completed("ver") == ["verdict", "verify"]
    assert completed("") == [*STATUSES, "--help", "--version", "--completion"]
    assert completed("--completion ") == ["bash", "zsh", "fish"]
    assert completed("publish --") == ["--ui", "--port", "--help"]
    assert completed("plan --") == ["--help"]
    assert completed("verdict str") == ["strict=true", "strict=false"]
    assert completed("verdict ") == completed("publish ") == completed("verify rep") == completed("nothing ") == []


def test_groups_options_and_keys_are_completed_as_hydra_knows_them():
    assert {"data=", "data.", "model=", "seed=", "plan."} <= set(completed("plan "))
    assert "plan." not in completed("audit ")
    assert completed("plan data=c") == ["data=csv"]
    assert {path.stem for path in (ROOT / "conf/evaluate").glob("*.yaml")} == {
        each.partition("=")[2] for each in completed("configure seed=1 evaluate=")
    }
    assert completed("plan plan.ro") == ["plan.roc_auc=", "plan.rows="]
    assert completed("audit audit.") == ["audit.null="]
    assert completed("inspect data=csv data.dr") == ["data.drop="]  # a list is set as a whole
    assert completed("plan ~variant@variants.sm") == ["~variant@variants.smote"]
    assert completed("plan seed=nope data=nope split=gr") == ["split=grouped"]
    assert not [each for each in completed("plan ") if each.startswith("hydra")]


def test_use_completes_the_presets_and_the_simulated_shop():
    assert completed("use ") == ["article", "every_sampler", "models", "train_in_data", "mountain_shop"]
    assert completed("use ar") == ["article"]
    assert completed("use article ") == []


def test_predict_completes_its_own_words(tmp_path, monkeypatch):
    for name in ("none", "smote"):
        (tmp_path / "data/train" / name).mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    assert completed("predict ") == ["data.path=", "overwrite=", "to=", "variant="]
    assert completed("predict data.path=a variant=") == ["variant=none", "variant=smote"]
    assert completed("predict variant=none") == []


def in_bash(line):
    """What bash would offer at the end of a line, by the script that `--completion bash` prints."""
    test = f"""
    rebalance() {{ {sys.executable} -m pipeline.cli "$@"; }}
    compopt() {{ :; }}
    {completion.script("bash")}
    COMP_LINE={line!r} COMP_POINT={len(line)}
    words=$(sed 's/[=:@]/ & /g' <<< "$COMP_LINE")
    COMP_WORDS=($words) COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))
    [[ $COMP_LINE == *" " ]] && COMP_WORDS+=("") && COMP_CWORD=$((COMP_CWORD + 1))
    _rebalance
    printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    return subprocess.run(["bash", "-c", test], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("rebalance ver", ["verdict", "verify"]),
        # bash takes the text after = and @ for a word of its own.
        ("rebalance plan data=c", ["csv"]),
        ("rebalance plan split=", ["grouped", "stratified", "temporal"]),
        ("rebalance plan ~variant@variants.s", ["variants.smote"]),
        ("rebalance audit seed=1 audit.nu", ["audit.null="]),
    ],
)
def test_bash_is_offered_what_follows_its_last_word_break(line, offered):
    assert in_bash(line) == offered


def test_every_shell_has_a_script_that_asks_for_what_may_follow(typed):
    for shell in ("bash", "zsh", "fish"):
        status, out, _ = typed("--completion", shell)
        assert status == 0
        assert "rebalance --complete " in out
