import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from pipeline import config
from pipeline.errors import InputError
from pipeline.fit import run
from pipeline.judge.action import judge
from pipeline.tools import audit

CHEAP = (
    "model.search=null",
    "evaluate.repeats=1",
    "~variant@variants.random_under",
    "~variant@variants.random_over",
    "~variant@variants.augmentation",
    "~variant@variants.smote",
)
OWN = ("data=csv", "data.target=buy")


@pytest.fixture
def table():
    """120 visits, 24 of whom buy."""
    rng = np.random.default_rng(3)
    return pd.DataFrame(rng.normal(size=(120, 3)).round(3), columns=["time", "pages", "age"]).assign(
        buy=np.repeat([1, 0], [24, 96])
    )


@pytest.fixture
def own(tmp_path):
    """Overrides of two cheap variants on visits.csv; its whole path, as a process remembers the last table it read."""
    return [*OWN, f"data.path={tmp_path / 'visits.csv'}", *CHEAP]


@pytest.fixture
def params(project, own, table):
    """Settings of two cheap variants, none and class_weight, on the 120 visits, in an empty folder."""
    folder = project(*own)
    (folder / "conf").symlink_to(Path(__file__).parents[2] / "conf")
    table.to_csv(folder / "visits.csv", index=False)
    return config.load()


def highest_f1(folds, *, thresholds, primary, rope, alpha):
    """The criterion that the project warns of: the highest mean F1 at 0.5 wins."""
    best = max(folds, key=lambda name: folds[name]["default_f1"].mean())
    return {"action": "keep" if best == "none" else "rebalance", "variant": best, "sentence": ""}


def test_the_highest_f1_fails_the_audit_loudly_and_the_verdict_passes_it(params, monkeypatch):
    made, whole = {}, audit.over_folds

    def once(table, *how):
        """The same shuffled labels for both criteria, so the same folds."""
        key = table["buy"].to_numpy().tobytes()
        return made[key] if key in made else made.setdefault(key, whole(table, *how))

    monkeypatch.setattr(audit, "over_folds", once)
    said, holds = audit.lines(audit.audit(params, null=10, criterion=highest_f1, jobs=1), alpha=0.05)
    assert not holds
    assert said[1].startswith("methods   class_weight ")
    assert said[-1].startswith("Don't trust the verdict on this table")
    said, holds = audit.lines(audit.audit(params, null=10, jobs=1), alpha=0.05)
    assert len(made) == 10
    assert holds
    assert "Don't trust" not in " ".join(said)


@pytest.mark.parametrize(
    ("named", "total", "holds", "shares", "meaning"),
    [
        # Limits by hand, z = 1.959964: of 0 in n the upper one is z^2 / (n + z^2).
        (0, 73, True, "0.0% (95% interval 0.0% to 5.0%)", "no more often than alpha."),
        (0, 72, True, "0.0% (95% interval 0.0% to 5.1%)", "Raise audit.null."),
        (3, 20, False, "15.0% (95% interval 5.2% to 36.0%)", "more often than alpha."),
    ],
)
def test_counts_are_told_with_wilson_s_interval_against_alpha(named, total, holds, shares, meaning):
    outcomes = [{"number": n, "action": "rebalance" if n < named else "keep", "variant": "smote"} for n in range(total)]
    said, found = audit.lines(outcomes, alpha=0.05)
    assert found == holds
    assert shares in said[-2]
    assert said[-1].endswith(meaning)
    assert ("Don't trust" in said[-1]) == (not holds)


def test_tables_without_a_verdict_are_no_verdicts_that_held():
    none = [{"number": n, "action": "none", "variant": None} for n in range(53)]
    keep = [{"number": n, "action": "keep", "variant": "none"} for n in range(53, 73)]
    said, _ = audit.lines(none + keep, alpha=0.05)
    assert said[0] == "verdicts  keep 20, none 53"
    assert "false     0 of 20 verdicts" in said[1]
    assert said[-1].endswith("Raise audit.null.")
    with pytest.raises(InputError, match="expected verdicts on shuffled labels, found none on 53 tables"):
        audit.lines(none, alpha=0.05)


def test_what_is_done_is_not_made_again(params, monkeypatch):
    made, whole = [], audit.outcome

    def counted(params, number, **how):
        made.append(number)
        return whole(params, number, **how)

    monkeypatch.setattr(audit, "outcome", counted)
    first = audit.audit(params, null=3, jobs=1)
    assert made == [0, 1, 2]
    (folder,) = Path("audit").iterdir()
    assert sorted(path.name for path in folder.iterdir()) == ["0000.json", "0001.json", "0002.json"]
    assert json.loads((folder / "0001.json").read_text()) == first[1]
    (folder / "0001.json").unlink()
    assert audit.audit(params, null=3, jobs=1) == first
    assert made == [0, 1, 2, 1]


def test_an_audit_that_is_stopped_leaves_what_is_done(params, monkeypatch):
    def stop(params, number, **how):
        if number == 2:
            raise KeyboardInterrupt
        return {"number": number, "action": "keep", "variant": "none"}

    monkeypatch.setattr(audit, "outcome", stop)
    with pytest.raises(KeyboardInterrupt):
        audit.audit(params, null=5, jobs=1)
    (folder,) = Path("audit").iterdir()
    assert sorted(path.name for path in folder.iterdir()) == ["0000.json", "0001.json"]


@pytest.mark.parametrize("change", ["settings", "table", "criterion"])
def test_outcomes_of_other_settings_tables_and_criteria_are_kept_apart(params, change):
    before = audit.folder(params, "0" * 64, judge)
    if change == "settings":
        params = params.model_copy(update={"compare": params.compare.model_copy(update={"rope": 0.02})})
    sha256 = "1" * 64 if change == "table" else "0" * 64
    assert audit.folder(params, sha256, highest_f1 if change == "criterion" else judge) != before


def test_where_results_are_published_keeps_no_outcomes_apart(params):
    before = audit.folder(params, "0" * 64, judge)
    params = params.model_copy(update={"tracking": params.tracking.model_copy(update={"uri": None})})
    assert audit.folder(params, "0" * 64, judge) == before


def test_shuffled_labels_keep_their_counts_and_leave_their_rows(table):
    first, second = (audit.shuffled(table, target="buy", seed=42, number=number) for number in (0, 1))
    for shuffled in (first, second):
        assert shuffled["buy"].sum() == 24
        assert list(shuffled.columns) == list(table.columns)
        pd.testing.assert_frame_equal(shuffled.drop(columns="buy"), table.drop(columns="buy"))
    assert not first["buy"].equals(second["buy"])
    assert not first["buy"].equals(table["buy"])
    # Of the 24, 4.8 are expected to be where they were.
    assert 0 < (first["buy"] * table["buy"]).sum() < 12
    assert first["buy"].equals(audit.shuffled(table, target="buy", seed=42, number=0)["buy"])
    assert not first["buy"].equals(audit.shuffled(table, target="buy", seed=43, number=0)["buy"])


def test_true_labels_reach_no_fold(params, monkeypatch):
    seen = []
    monkeypatch.setattr(audit, "over_folds", lambda table, params, roles, *_: seen.append(table["buy"]) or ({}, {}))
    audit.audit(params, null=4, criterion=lambda folds, **how: {"action": "keep", "variant": "none"}, jobs=1)
    table = run.table(params.data)[0]
    for number, labels in enumerate(seen):
        assert labels.equals(audit.shuffled(table, target="buy", seed=42, number=number)["buy"])
    assert len(seen) == 4
    assert not any(labels.equals(table["buy"]) for labels in seen)


@pytest.mark.parametrize(
    ("overrides", "problem"),
    [
        (["~variant@variants.none"], "variants: the baseline, 'none', is missing. Methods are compared with it."),
        (["~variant@variants.class_weight"], "variants: expected a method besides 'none', found none"),
        (["evaluate.folds=0"], "evaluate.folds: expected 2 or more"),
        (
            ["split.test_size=0.7"],
            "csv: A verdict needs 10 training rows of each class. Class 1 has 24 rows, 7 of them for training",
        ),
    ],
)
def test_where_no_verdict_is_possible_there_is_nothing_to_audit(params, composed, own, overrides, problem):
    bad = config.check(yaml.safe_load(composed(*own, *overrides)))
    with pytest.raises(InputError) as caught:
        audit.audit(bad, null=1, jobs=1)
    assert caught.value.problems[0].startswith(problem)


@pytest.mark.parametrize(("found", "status"), [("keep", 0), ("rebalance", 1)])
def test_the_command_exits_with_what_it_found(params, monkeypatch, capsys, found, status):
    monkeypatch.setattr(
        audit,
        "audit",
        lambda params, null, jobs: [{"number": n, "action": found, "variant": "none"} for n in range(null)],
    )
    assert audit.run(["audit.null=80"]) == status
    out = capsys.readouterr().out
    assert "table     csv: 120 rows, 96 buy = 0, 24 buy = 1; none, class_weight\n" in out
    assert "declared  average precision, ROPE 0.01, alpha 0.05\n" in out
    assert " of 80 verdicts on shuffled labels recommend a method: " in out


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["audit.null=0"], "conf/audit.yaml: audit.null: expected a whole number of at least 1, found 0"),
        (["audit.null=many"], "conf/audit.yaml: audit.null: expected a whole number of at least 1, found 'many'"),
        (["+audit.nul=2"], "conf/audit.yaml: audit.nul is not a setting; did you mean 'null'?"),
        (["data=csv"], "conf/audit.yaml: data.path is missing. Set it with `rebalance audit data.path=...`."),
    ],
)
def test_the_command_refuses_what_it_cannot_use(params, arguments, problem):
    with pytest.raises(InputError) as caught:
        audit.run(arguments)
    assert caught.value.problems[0].startswith(problem)


def test_the_command_s_other_overrides_compose_conf_anew_and_without_them_params_yaml_holds(params, monkeypatch):
    given = []
    monkeypatch.setattr(
        audit, "audit", lambda params, null, jobs: given.append(params) or [{"action": "keep", "variant": "none"}]
    )
    for arguments in (["audit.null=1"], ["audit.null=1", "seed=7"]):
        audit.run(arguments)
    assert [(each.data.name, each.seed, len(each.variants)) for each in given] == [
        ("csv", 42, 2),
        ("mountain_shop", 7, 6),
    ]
