import runpy
import shlex
import subprocess
import sys
import warnings

import pytest

from pipeline.errors import InputError, nearest, run


def test_nearest_gives_close_words_else_those_to_choose_from():
    assert nearest("bying", ["buying", "price", "time"]) == "did you mean 'buying'?"
    assert nearest("q", ["buying", "price"]) == "choose from 'buying', 'price'."
    assert nearest("q", [str(n) for n in range(100, 130)]).count("'") == 2 * 12


def test_bad_input_ends_with_status_2_and_one_line_a_problem(capsys):
    def main():
        raise InputError(["first", "second"])

    with pytest.raises(SystemExit) as caught:
        run(main)
    assert caught.value.code == 2
    assert capsys.readouterr() == ("", "error: first\nerror: second\n")


def test_more_problems_than_a_screen_holds_are_counted(capsys):
    def main():
        raise InputError(f"problem {n}" for n in range(50))

    with pytest.raises(SystemExit):
        run(main)
    lines = capsys.readouterr().err.splitlines()
    assert lines[19:] == ["error: problem 19", "error: and 30 more"]


def test_an_interrupt_ends_with_status_130():
    def main():
        raise KeyboardInterrupt

    with pytest.raises(SystemExit) as caught:
        run(main)
    assert caught.value.code == 130


def test_a_bug_is_not_hidden():
    with pytest.raises(ZeroDivisionError):
        run(lambda: 1 / 0)


@pytest.fixture
def command(project, monkeypatch, capsys):
    """Runs `python -m MODULE` in this process, in a folder with these overrides; gives status, output and files."""

    def execute(overrides, *arguments, files=None):
        folder = project(*overrides)
        for name, content in (files or {}).items():
            (folder / name).write_text(content)
        module, *others = arguments
        monkeypatch.setattr(sys, "argv", [f"{module.removeprefix('pipeline.')}.py", *others])
        status = 0
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", ".*found in sys.modules", RuntimeWarning)
            try:
                runpy.run_module(module, run_name="__main__")
            except SystemExit as end:
                status = end.code
        written = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
        return status, capsys.readouterr(), written - {"params.yaml", *(files or {})}

    return execute


CSV = ["data=csv", "data.path=visits.csv", "data.target=buy"]


@pytest.mark.parametrize(
    ("overrides", "arguments", "files", "line"),
    [
        (
            CSV,
            ["pipeline.ingest"],
            {"visits.csv": "time,buys\n1,0\n2,1\n"},
            "error: visits.csv: the table has no column 'buy'; did you mean 'buys'?",
        ),
        (CSV, ["pipeline.ingest"], {}, "error: visits.csv: no such file"),
        (
            CSV,
            ["pipeline.ingest"],
            {"params.yaml": "seed: [1\n"},
            "error: params.yaml: expected valid YAML (",
        ),
        (
            [],
            ["pipeline.resample", "smoote"],
            {},
            "error: params.yaml: there is no variant 'smoote'; did you mean 'smote'?",
        ),
        (
            [],
            ["pipeline.train"],
            {},
            "error: expected the name of one variant. Run `python -m pipeline.train VARIANT`.",
        ),
        ([], ["pipeline.split"], {}, "error: data/ingest/table.parquet: no such file. An earlier stage writes it"),
    ],
    ids=["missing target", "missing file", "broken YAML", "unknown variant", "no variant", "no earlier stage"],
)
def test_a_stage_with_bad_input_ends_with_status_2_one_line_and_no_file(command, overrides, arguments, files, line):
    status, shown, written = command(overrides, *arguments, files=files)
    assert status == 2
    assert shown.err.startswith(line)
    assert len(shown.err.splitlines()) == 1
    assert shown.out == ""
    assert written == set()


def test_a_stage_with_good_input_ends_with_status_0(command):
    status, shown, written = command(CSV, "pipeline.ingest", files={"visits.csv": "time,buy\n1,0\n2,1\n3,0\n"})
    assert (status, shown.err) == (0, "")
    assert written == {f"data/ingest/{name}" for name in ("roles.parquet", "schema.json", "table.parquet")}


def test_a_reader_that_goes_away_is_no_error():
    script = "from pipeline import errors\nerrors.run(lambda: [print('x' * 100) for _ in range(100_000)])"
    command = f"{sys.executable} -c {shlex.quote(script)} | head -1; echo ${{PIPESTATUS[0]}}"
    ended = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True)
    assert ended.stdout.splitlines() == ["x" * 100, "141"]
    assert ended.stderr == ""
