import pytest

from pipeline.compare import _forget
from pipeline.report import tables


def test_the_csv_holds_each_cell_of_each_matrix(comparison):
    flat = tables.flat(comparison).set_index("variant")
    assert flat.loc["smote", ["default_tn", "default_fp", "default_fn", "default_tp"]].tolist() == [2, 2, 0, 2]
    assert flat.loc["smote", ["tuned_tn", "tuned_fp", "tuned_fn", "tuned_tp"]].tolist() == [3, 1, 0, 2]
    assert flat.loc["smote", "training_synthetic_positive"] == 6
    assert list(flat.index) == ["none", "smote", "best possible"]


def test_the_terminal_table_shows_the_matrices_at_both_thresholds(comparison):
    _, smote, _ = (line for line in tables.markdown(comparison).splitlines() if line.startswith("| smote"))
    assert [cell.strip() for cell in smote.strip("|").split("|")] == [
        "smote", "1.000", "0.500", "0.667", "2/2/0/2", "0.650", "1.000", "0.667", "0.800", "3/1/0/2",
    ]  # fmt: skip


def test_the_terminal_shows_the_verdict_and_its_evidence(comparison):
    text = tables.markdown(comparison)
    assert f"**{comparison['verdict']['sentence']}**" in text
    method = next(line for line in text.splitlines() if line.startswith("| smote"))
    # 5/6 in each fold, against 1.
    cells = [cell.strip() for cell in method.strip("|").split("|")]
    assert cells[:4] == ["smote", "WORSE", "0.833", "-0.167"]
    # Standard deviation .0816, times sqrt(1/4 + 6/6), times 3.18 of Student's t with 3 degrees of freedom: .29.
    assert cells[-1] == "40% (11% to 69%)"


def test_the_share_of_synthetic_rows_near_another_class_is_in_the_csv_and_in_the_sentence(comparison):
    flat = tables.flat(comparison).set_index("variant")
    assert flat.loc["smote", "near_others_synthetic"] == pytest.approx(0.4)
    assert flat.loc["smote", "near_others_real"] == pytest.approx(0.25)
    assert flat.loc["none"].filter(like="near_others").isna().all()
    text = tables.markdown(comparison)
    said = "40% of smote's synthetic rows (11% to 69%) are nearest to a held-out row of another class; of real rows of"
    assert f"{said} the same class, 25% are." in text
    assert "none's synthetic" not in text
    comparison["variants"][1]["near_others"] = None
    assert "another class" not in tables.markdown(comparison).partition("Decisions")[0]


def test_the_terminal_table_of_rankings_has_each_figure_in_its_column(comparison):
    rows = [line for line in tables.markdown(comparison).splitlines() if line.startswith("| smote")]
    free = comparison["variants"][1]["holdout"]["threshold_free"]
    expected = [
        free[key] for key in ("average_precision", "roc_auc", "log_loss", "brier", "brier_skill", "calibration_ratio")
    ]
    # BOLD: the positives stand first and third of six, so AP (1 + 2/3) / 2 and AUC 7/8.
    assert expected[:2] == [pytest.approx(5 / 6), 7 / 8]
    assert [float(cell) for cell in rows[2].strip("|").split("|")[1:]] == pytest.approx(expected, abs=0.006)


def test_folders_of_variants_no_longer_compared_are_forgotten(tmp_path):
    for name in ("none", "old", "figures"):
        (tmp_path / name).mkdir()
    (tmp_path / "index.html").touch()
    _forget(tmp_path, keep=["none", "figures"])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["figures", "index.html", "none"]


def test_what_dvc_shows_of_each_variant_is_the_verdict_on_it(comparison):
    (smote,) = comparison["verdict"]["methods"]
    none, method = (tables.summary(comparison)[name] for name in ("none", "smote"))
    assert none == {
        "verdict": f"keep, {comparison['verdict']['evidence']}",
        "average_precision": 1.0,
        "recall": 1.0,
        "precision": 1.0,
    }
    assert method == {
        "verdict": "WORSE",
        "average_precision": 0.833,
        "gain": -0.167,
        "low": round(smote["low"], 3),
        "high": round(smote["high"], 3),
        "recall": 1.0,
        "precision": 0.667,
    }
    smote["call"], comparison["verdict"]["variant"] = "BETTER", "smote"
    comparison["verdict"] |= {"action": "rebalance", "evidence": "proven_better"}
    found = tables.summary(comparison)
    assert found["smote"]["verdict"] == "rebalance, proven_better"
    assert "verdict" not in found["none"]
    comparison["verdict"] |= {"action": "none", "evidence": None, "variant": None, "reference": None, "methods": []}
    comparison["variants"][1]["holdout"]["tuned"] = None  # then at 0.5
    assert tables.summary(comparison) == {
        "none": {"verdict": "none", "recall": 1.0, "precision": 1.0},
        "smote": {"verdict": "none", "recall": 1.0, "precision": 0.5},
    }
