"""benchmarks/tables.py, with the commands that it calls replaced by what they would say."""

import json
import sys
from pathlib import Path

import pytest

from benchmarks import tables
from pipeline.sweep import results

SENTENCE = "Keep the model as it is, and move its threshold from 0.5 to 0.110. smote isn't shown to rank better."
VERDICT = {"evidence": "inconclusive", "sentence": SENTENCE}
LOOKED = (
    "visits.csv: 4 rows, 2 features\n\nto run it:\n  dvc exp run -S data=csv -S data.path=visits.csv -S data.target=buy"
)


@pytest.fixture
def visits(tmp_path, monkeypatch):
    """Four visits, one with a purchase and one with an empty cell, in a file in the current folder."""
    monkeypatch.chdir(tmp_path)
    Path("visits.csv").write_text("time,shop,buy\n1.5,north,0\n2.5,,0\n0.5,south,0\n9.5,north,1\n", encoding="utf-8")
    return Path("visits.csv")


@pytest.fixture
def commands(monkeypatch):
    """Answers inspect and the sweep with what is given, and keeps what was asked."""
    asked = []

    def answer(*said):
        answers = iter(said)
        inspect = tables.INSPECTED

        def call(command, *, limit):
            asked.append(command)
            if "inspect" in command:
                inspect.parent.mkdir(exist_ok=True)
                inspect.write_text("")
            return next(answers)

        monkeypatch.setattr(tables, "called", call)
        tables.PAGE.parent.mkdir(parents=True, exist_ok=True)
        return asked

    return answer


COMMAND = (
    "python -m pipeline -m variant=none,smote data=csv data.path=visits.csv data.target=buy data.name=visits "
    "tracking=none evaluate.repeats=1"
)


def leave_sweep(*, verdict, made=("none", "smote"), command=COMMAND, reason=None, trace=""):
    """What a sweep over none and smote leaves; with a reason, smote has failed."""
    folder = Path("multirun/visits-1")
    (folder / "failed").mkdir(parents=True)
    runs = [
        {
            "id": f"{name}0000000000000000",
            "name": name,
            "configuration": name,
            "variant": name,
            "axes": {},
            "settings": {},
        }
        for name in ("none", "smote")
    ]
    sweep = {"schema_version": results.SCHEMA_VERSION, "name": "visits-1", "command": command, "axes": {}, "commit": {}}
    tracking = {"uri": None, "artifacts": None, "experiment": "visits", "timeout": 3}
    sweep |= {"runs": [{**run, "data_sha256": "0"} for run in runs], "tracking": tracking}
    (folder / "sweep.json").write_text(json.dumps(sweep))
    (folder / "verdict.json").write_text(json.dumps(verdict))
    (folder / "index.html").write_text("")
    if reason:
        said = {"id": "smote0000000000000000", "reason": reason, "trace": trace}
        (folder / "failed/smote.json").write_text(json.dumps(said))
    for name in made:
        if name == "smote" and reason:
            continue
        (planned,) = (results.Planned(**each, data_sha256="0") for each in runs if each["name"] == name)
        results.save(planned, {"run.json": {"table": {"columns": {"time": "numeric", "shop": "categorical"}}}})


def put_through(path):
    return tables.table(path, variants=["none", "smote"], settings=["evaluate.repeats=1"], limit=60)


SWEPT = tables.Said(0, "runs     2 of 2 finished (1 earlier)\n", "")
SMOTE_FAILED = tables.Said(1, "runs     1 of 2 finished, 1 failed\n", "")


def test_a_table_ends_in_its_sweep_s_verdict(visits, commands):
    asked = commands(tables.Said(0, LOOKED, ""), SWEPT)
    leave_sweep(verdict=VERDICT)
    row = put_through(visits)
    assert (row.name, row.rows, row.features, row.missing) == ("visits", 4, 2, 1)
    assert (row.classes, row.imbalance) == ({"1": 1, "0": 3}, 3.0)
    assert (row.kinds, row.left_out_features) == ({"numeric": 1, "categorical": 1}, 0)
    assert (row.ending, row.words, row.left_out, row.before) == ("inconclusive", SENTENCE, {}, 1)
    assert row.report == Path("multirun/visits-1/index.html")
    assert row.inspected.is_file()
    assert asked == [
        ["-m", "pipeline.cli", "inspect", "data=csv", "data.path=visits.csv", "data.target=buy"],
        COMMAND.split()[1:],
    ]


def test_what_inspect_proposes_is_what_is_run(visits, commands):
    proposed = LOOKED + """ -S 'data.drop=[id,"visit day"]' -S 'data.columns={shop: categorical}'\n"""
    asked = commands(tables.Said(0, proposed, ""), SWEPT)
    told = """ data.target=buy 'data.drop=[id,"visit day"]' 'data.columns={shop: categorical}'"""
    leave_sweep(verdict=VERDICT, command=COMMAND.replace(" data.target=buy", told))
    row = put_through(visits)
    assert row.advice == ('data.drop=[id,"visit day"]', "data.columns={shop: categorical}")
    assert f"Inspect proposed {' '.join(row.advice)}." in tables.text([row])
    assert asked[1][-5:] == [*row.advice, "data.name=visits", "tracking=none", "evaluate.repeats=1"]


def test_an_inspection_that_proposes_nothing_has_failed(visits, commands):
    commands(tables.Said(0, "visits.csv: 4 rows, 2 features\n", ""))
    row = put_through(visits)
    assert (row.ending, row.words) == ("failed", "inspect ended without a command line to run")


def test_a_refusal_is_an_ending_with_its_words(visits, commands):
    refusal = "error: visits.csv: target 'buy': expected two classes, found 3\n"
    commands(tables.Said(0, LOOKED, ""), tables.Said(2, "", refusal))
    row = put_through(visits)
    assert (row.ending, row.words) == ("refused", "visits.csv: target 'buy': expected two classes, found 3")
    assert row.report is None
    assert row.classes == {"1": 1, "0": 3}


def test_a_file_that_is_no_table_is_refused(tmp_path):
    (tmp_path / "empty.csv").write_bytes(b"")
    row = put_through(tmp_path / "empty.csv")
    assert (row.ending, row.rows, row.imbalance) == ("refused", None, None)
    assert "empty.csv" in row.words


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (tables.Said(1, "", "Traceback (most recent call last):\n  ...\nKeyError: 'buy'\n"), "KeyError: 'buy'"),
        (tables.Said(-9, "", ""), "exit status -9"),
        (tables.Said(2, "", "usage: python -m pipeline\n"), "usage: python -m pipeline"),
        (tables.Said(124, "", "took more than 60 s"), "took more than 60 s"),
    ],
)
def test_what_is_neither_a_verdict_nor_a_refusal_has_failed(visits, commands, said, words):
    commands(tables.Said(0, LOOKED, ""), said)
    row = put_through(visits)
    assert (row.ending, row.words) == ("failed", words)


def test_a_variant_that_cannot_take_the_table_is_told_beside_the_verdict(visits, commands):
    commands(tables.Said(0, LOOKED, ""), SMOTE_FAILED)
    leave_sweep(verdict=VERDICT, reason="SMOTE needs 6 rows")
    row = put_through(visits)
    assert (row.ending, row.left_out) == ("inconclusive", {"smote": "SMOTE needs 6 rows"})
    for shown in (tables.render([row], repeats=1, command=""), tables.text([row])):
        assert "smote could not take it: SMOTE needs 6 rows" in shown


def test_a_traceback_in_one_run_is_a_failure(visits, commands):
    commands(tables.Said(0, LOOKED, ""), SMOTE_FAILED)
    leave_sweep(verdict=VERDICT, reason="KeyError: 'buy'", trace="Traceback ...")
    row = put_through(visits)
    assert (row.ending, row.words) == ("failed", "KeyError: 'buy'")


def test_runs_that_were_not_made_are_a_failure(visits, commands):
    commands(
        tables.Said(0, LOOKED, ""),
        tables.Said(1, "runs     1 of 2 finished, 1 not started (to continue, run the same command again)\n", ""),
    )
    leave_sweep(verdict=VERDICT, made=["none"])
    row = put_through(visits)
    assert (row.ending, row.words) == ("failed", "1 of 2 runs were not made")


def test_a_command_that_hangs_is_ended():
    said = tables.called(["-c", "import time; time.sleep(60)"], limit=0.2)
    assert said == tables.Said(124, "", "took more than 0.2 s")


@pytest.mark.parametrize(("second", "status"), [(tables.Said(2, "", "error: no\n"), 0), (tables.Said(70, "", ""), 1)])
def test_the_exit_status_is_1_where_a_table_fails(visits, commands, monkeypatch, capsys, second, status):
    commands(tables.Said(0, LOOKED, ""), second)
    Path("params.yaml").write_text("variants: {none: {}, smote: {}}\n")
    Path("notes.md").write_text("no table")
    monkeypatch.setattr(sys, "argv", ["tables.py", "."])
    assert tables.main() == status
    shown = capsys.readouterr().out
    assert f"[1/1] visits: {'FAILED' if status else 'refused'}" in shown
    assert "1 : 3.0" in shown
    assert "1 : 3.0" in tables.PAGE.read_text(encoding="utf-8")


def test_a_folder_without_tables_is_left_out(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["tables.py", str(tmp_path / "nowhere")])
    assert tables.main() == 0
    assert capsys.readouterr().out == f"{tmp_path / 'nowhere'}: no tables here: left out\n"
