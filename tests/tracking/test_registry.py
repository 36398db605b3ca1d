"""The recommended model in MLflow's registry."""

import json
from pathlib import Path

import pytest
from reproductions import set_tracking
from stores import stored

from pipeline import config
from pipeline.errors import InputError
from pipeline.tools import publish as by_hand
from pipeline.tracking import registry, reproduction
from pipeline.tracking.store import StoreError

SETTLE = [
    {"kind": "repeats", "sentence": "Repeat the folds 10 times instead of 1.", "setting": "evaluate.repeats=10"},
    {"kind": "positives", "sentence": "Collect more positives: about 80 instead of 20.", "setting": None},
]


@pytest.fixture
def judged(reproduced):
    """Writes a verdict on the results in the current folder."""

    def write(evidence, variant="none", results="[]", **changed):
        action = "rebalance" if evidence == "proven_better" else "keep"
        found = {
            "action": action,
            "evidence": evidence,
            "variant": variant,
            "leading": None,
            "methods": [],
            "sentence": "Whatever.",
            "table": {"sha256": "0" * 64},
            "to_settle": SETTLE if evidence == "inconclusive" else [],
            **changed,
        }
        Path("reports/verdict.json").write_text(json.dumps(found))
        Path("reports/comparison.json").write_text(f'{{"variants": {results}}}\n')  # other results where it differs

    return write


def versions():
    """The versions of the model "shop" by number, and which is the champion."""
    _, client = stored(Path())
    found = client.get_registered_model("shop")
    numbers = client.search_model_versions("name = 'shop'")
    return {str(each.version): each for each in numbers}, found.aliases.get("champion")


def said(capsys):
    """The lines on the model."""
    lines = [line.removeprefix("mountain_shop: ") for line in capsys.readouterr().out.splitlines()]
    return [line for line in lines if "version" in line]


def test_a_proven_model_becomes_the_champion(judged, capsys):
    import mlflow

    judged("proven_better", "smote")
    assert by_hand.run(register="register=shop") == 0
    assert said(capsys) == [
        "registered: smote is version 1 of shop (models:/shop/1)",
        "models:/shop@champion is version 1: proven_better",
    ]
    found, champion = versions()
    assert (list(found), str(champion)) == (["1"], "1")
    assert found["1"].description == Path("reports/model_card.md").read_text()
    assert found["1"].tags == {
        "verdict.action": "rebalance",
        "verdict.evidence": "proven_better",
        "verdict.variant": "smote",
        "data_sha256": "0" * 64,
    }
    runs, client = stored(Path())
    (smote,) = [run for run in runs if run.info.run_name == "smote"]
    assert found["1"].run_id == smote.info.run_id
    uri, now = client._tracking_client.tracking_uri, mlflow.get_tracking_uri()
    try:
        mlflow.set_tracking_uri(uri)
        loaded = mlflow.sklearn.load_model("models:/shop@champion")
    finally:
        mlflow.set_tracking_uri(now)
    assert type(loaded).__name__ == "Scorer"


def test_a_result_is_registered_once(judged, capsys):
    judged("proven_not_better")
    assert [by_hand.run(register="register=shop") for _ in range(2)] == [0, 0]
    assert said(capsys)[2:] == [
        "already registered: none is version 1 of shop (models:/shop/1)",
        "models:/shop@champion is version 1: proven_not_better",
    ]
    assert list(versions()[0]) == ["1"]


def test_an_unproven_model_leaves_the_champion_where_it_is(judged, capsys):
    judged("inconclusive")
    assert by_hand.run(register="register=shop") == 0
    settle = (
        "What would settle it: Repeat the folds 10 times instead of 1. Set evaluate.repeats=10. Collect more "
        "positives: about 80 instead of 20."
    )
    why = "doesn't become the champion, because the evidence is inconclusive."
    assert said(capsys)[1] == f"version 1 {why} shop has no champion yet. {settle}"
    assert versions()[1] is None
    judged("proven_better", "smote", results="[1]")
    by_hand.run(register="register=shop")
    judged("inconclusive", results="[2]")
    capsys.readouterr()
    by_hand.run(register="register=shop")
    assert said(capsys)[1] == f"version 3 {why} The champion is still version 2. {settle}"
    found, champion = versions()
    assert (set(found), str(champion)) == ({"1", "2", "3"}, "2")
    judged("proven_not_better", results="[3]")
    by_hand.run(register="register=shop")
    assert said(capsys)[1] == "models:/shop@champion is version 4, instead of version 2: proven_not_better"


def test_without_a_verdict_there_is_nothing_to_register(judged):
    judged(None, variant=None, sentence="Every variant failed.")
    with pytest.raises(InputError, match=r"there is no model to register, because there is no verdict: Every variant"):
        by_hand.run(register="register=shop")
    assert len(stored(Path())[0]) == 3  # the results are published


@pytest.mark.parametrize("name", ["", "a/b", "a:1", "..", "it's", "x" * 251])
def test_names_that_mlflow_refuses_are_refused_first(judged, name):
    judged("inconclusive")
    with pytest.raises(InputError, match="expected the name of a model"):
        by_hand.run(register=f"register={name}")
    assert stored(Path())[0] == []


def test_another_word_is_refused(judged):
    with pytest.raises(InputError, match="expected register=NAME, found 'registr=shop'"):
        by_hand.run(register="registr=shop")


def test_with_tracking_off_a_model_can_t_be_registered(judged):
    judged("inconclusive")
    set_tracking("uri", "null")
    with pytest.raises(InputError, match="tracking is off .*choose tracking=local or tracking=server"):
        by_hand.run(register="register=shop")


def test_a_registry_that_fails_costs_one_line_and_no_result(judged, capsys, monkeypatch):
    from mlflow.exceptions import MlflowException

    def unsupported(*_, **__):
        raise MlflowException("Model registry functionality is unavailable\nsecond line")

    judged("proven_better", "smote")
    with monkeypatch.context() as patch:
        patch.setattr("mlflow.MlflowClient.create_registered_model", unsupported)
        assert by_hand.run(register="register=shop") == 1
    assert capsys.readouterr().out.splitlines()[-1] == (
        "mountain_shop: MLflow at sqlite:///mlflow.db: Model registry functionality is unavailable. The results are "
        "published, but no model is registered. To do that later, run `rebalance publish register=shop`."
    )
    assert len(stored(Path())[0]) == 3
    assert by_hand.run(register="register=shop") == 0
    assert str(versions()[1]) == "1"


def test_a_run_that_was_deleted_is_reported(judged):
    judged("proven_better", "smote")
    params = config.load()
    published = reproduction.publish_results(params)
    runs, client = stored(Path())
    client.delete_run(next(run.info.run_id for run in runs if run.info.run_name == "smote"))
    verdict = json.loads(Path("reports/verdict.json").read_text())
    with pytest.raises(StoreError, match="the run of variant 'smote' or its model was deleted there"):
        registry.register(params.tracking, published, "shop", verdict=verdict, card="")


def test_a_sweep_s_model_is_refused_with_the_reason(project, monkeypatch):
    project()
    monkeypatch.setattr(by_hand, "publish_sweeps", lambda: 1)
    with pytest.raises(InputError) as caught:
        by_hand.run(register="register=shop")
    assert caught.value.problems[-1].startswith("A sweep has no models: its runs keep metrics only. Run `dvc repro`")
