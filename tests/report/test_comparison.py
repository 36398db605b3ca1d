import json
import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from pipeline.compare import _forget
from pipeline.judge.comparison import best_possible, compare, corrected
from pipeline.judge.sentences import sentence
from pipeline.measure.tasks import TWO_CLASSES
from pipeline.report import figures as figures_
from pipeline.report import tables, verify


def test_a_sentence_puts_both_thresholds_of_variant_and_baseline_side_by_side(results):
    # At 0.5 BOLD finds both and alerts on .55 and .7 too; from .65 on it has one false alarm.
    # Its average precision: 1 at the first positive, 2/3 at the second, so 5/6; TIMID's is 1.
    assert sentence(TWO_CLASSES, results["smote"], results["none"], "balanced_accuracy") == (
        "At 0.5 it finds 2 of 2 positives with 2 false alarms; the baseline finds 1 with 0 false alarms. "
        "At its own threshold for balanced accuracy, 0.650, it finds 2 with 1 false alarm; "
        "the baseline at its own, 0.300, finds 2 with 0 false alarms. "
        "Its ranking has average precision 0.833, -0.167 against the baseline."
    )


def test_without_the_baseline_a_sentence_is_about_the_variant_alone(results):
    text = sentence(TWO_CLASSES, results["smote"], None, "f_beta")
    assert "baseline" not in text
    assert text.startswith("At 0.5 it finds 2 of 2 positives with 2 false alarms. At its own threshold for f beta")


def test_a_comparison_without_folds_has_no_threshold_and_no_verdict_and_still_compares(evidence):
    none = dict.fromkeys(evidence.out_of_fold)
    made = compare(verify.recompute(replace(evidence, out_of_fold=none, folds=none)))
    assert made["verdict"]["action"] == "invalid"
    assert "No threshold was chosen out of fold, and there is no verdict." in made["verdict"]["caveats"]
    assert made["cost_map"] == []
    assert tables.flat(made)["tuned_recall"].isna().all()
    assert "| – " in tables.markdown(made) or " – |" in tables.markdown(made)


def test_costs_are_beyond_chance_for_all_methods_together(evidence):
    def width(evidence):
        found = [each["variants"]["smote"]["difference"] for each in compare(evidence)["cost_map"]]
        return max(one["high"] - one["low"] for one in found)

    def twice(them):
        return {**them, "again": them["smote"]}

    drawn = evidence.out_of_fold["smote"].assign(probability=np.random.default_rng(0).random(24))
    evidence = replace(evidence, out_of_fold={**evidence.out_of_fold, "smote": drawn})
    among = replace(evidence, **{key: twice(getattr(evidence, key)) for key in ("predictions", "out_of_fold", "folds")})
    among = replace(among, results={**evidence.results, "again": {**evidence.results["smote"], "variant": "again"}})
    # Of t with three degrees of freedom: 97.5 and 98.75 % points.
    wider = pytest.approx(stats.t.ppf(0.9875, 3) / stats.t.ppf(0.975, 3))
    assert width(among) / width(evidence) == wider
    # One that has no result was looked at, too.
    assert width(replace(evidence, failed={"again": "too few rows"})) / width(evidence) == wider


def test_a_row_on_both_sides_forbids_a_verdict(evidence):
    leaky = {name: rows.rename(index={100: 5}) for name, rows in evidence.out_of_fold.items()}
    said = compare(replace(evidence, out_of_fold=leaky))["verdict"]
    assert said["action"] == "invalid"
    assert said["sentence"] == "No verdict: 1 rows stand both among the training rows and among the test rows."


def test_a_leak_is_seen_where_the_first_variant_has_no_folds(evidence):
    leaky = {name: rows.rename(index={100: 5}) for name, rows in evidence.out_of_fold.items()}
    assert replace(evidence, out_of_fold=leaky | {next(iter(leaky)): None}).leaked == 1
    assert replace(evidence, out_of_fold=dict.fromkeys(leaky)).leaked == 0


def test_the_csv_holds_each_cell_of_each_matrix(comparison):
    flat = tables.flat(comparison).set_index("variant")
    assert flat.loc["smote", ["default_tn", "default_fp", "default_fn", "default_tp"]].tolist() == [2, 2, 0, 2]
    assert flat.loc["smote", ["tuned_tn", "tuned_fp", "tuned_fn", "tuned_tp"]].tolist() == [3, 1, 0, 2]
    assert flat.loc["smote", "training_synthetic_positive"] == 6
    assert list(flat.index) == ["none", "smote", "best possible"]


def test_the_terminal_table_shows_the_matrices_at_both_thresholds(comparison):
    _, smote, _ = (line for line in tables.markdown(comparison).splitlines() if line.startswith("| smote"))
    assert [cell.strip() for cell in smote.strip("|").split("|")] == [
        "smote", "1.000", "0.500", "2/2/0/2", "0.650", "1.000", "0.667", "3/1/0/2",
    ]  # fmt: skip


def test_the_terminal_shows_the_verdict_and_its_evidence(comparison):
    text = tables.markdown(comparison)
    assert f"**{comparison['verdict']['sentence']}**" in text
    method = next(line for line in text.splitlines() if line.startswith("| smote"))
    # 5/6 in each fold, against 1.
    assert [cell.strip() for cell in method.strip("|").split("|")][:4] == ["smote", "WORSE", "0.833", "-0.167"]


def test_the_comparison_is_plain_json(comparison):
    assert json.loads(json.dumps(comparison, allow_nan=False)) == comparison


def test_the_best_possible_rule_decides_at_the_prevalence_for_balanced_accuracy(evidence):
    # Expected positives of the training rows: .1 + .2 + .3 + .8 = 1.4 of 4, a prevalence of .35. A row above it gains
    # more expected recall than it costs expected specificity (Elkan 2001), so .8 is called positive and .3 is not.
    truth = pd.Series([0.1, 0.2, 0.3, 0.8, 0.75, 0.9], name="probability")
    test = pd.DataFrame({"y": [1, 0], "probability": 0.5}, index=[4, 5])
    seen = pd.DataFrame({"y": 0, "probability": 0.5}, index=[0, 1, 2, 3])
    known = replace(evidence, truth=truth, predictions={"none": test}, out_of_fold={"none": seen})
    best = best_possible(known)
    assert best["tuned"]["threshold"] == 0.8
    assert [best["tuned"][cell] for cell in ("tn", "fp", "fn", "tp")] == [0, 1, 1, 0]
    # Each row once, however often it was held out.
    assert best_possible(replace(known, out_of_fold={"none": pd.concat([seen, seen.iloc[:1]])})) == best
    assert best_possible(replace(known, out_of_fold={"none": None}))["tuned"] is None


def test_folders_of_variants_no_longer_compared_are_forgotten(tmp_path):
    for name in ("none", "old", "figures"):
        (tmp_path / name).mkdir()
    (tmp_path / "index.html").touch()
    _forget(tmp_path, keep=["none", "figures"])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["figures", "index.html", "none"]


def test_figures_are_the_same_bytes_twice(evidence, comparison, predictions):
    forms = corrected(evidence)
    first, second = (
        {
            name: figures_.png(figure)
            for name, figure in figures_.draw(comparison, predictions, forms, evidence.components).items()
        }
        for _ in range(2)
    )
    assert first == second
    assert set(first) == {
        "differences",
        "class_counts",
        "confusion_matrices",
        "precision_recall",
        "roc",
        "reliability",
        "cost_map",
        "decision_curve",
        "components",
        "none/confusion_matrix",
        "smote/confusion_matrix",
    }
    assert all(re.match(rb"\x89PNG", data) and b"Software" not in data for data in first.values())


def test_operating_points_lie_on_the_drawn_curves(predictions):
    # BOLD at 0.5 has recall 1 and precision 1/2; at .65, 1 and 2/3: both are corners or lie on the edge at recall 1.
    points = figures_.precision_recall_points(predictions["smote"])
    assert (1.0, 2 / 3) in set(zip(points.recall, points.precision, strict=True))
    curve = figures_.roc_points(predictions["smote"])
    assert (0.25, 1.0) in set(zip(curve.false_positive_rate, curve.true_positive_rate, strict=True))


def test_a_long_curve_is_thinned_and_keeps_its_ends():
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 20_000)
    points = figures_.roc_points(pd.DataFrame({"y": y, "probability": rng.random(20_000)}))
    assert len(points) == figures_.MOST_POINTS
    assert points.iloc[0].tolist() == [0.0, 0.0]
    assert points.iloc[-1].tolist() == [1.0, 1.0]


def test_plot_tables_hold_every_variant_and_matrix_cell(comparison, predictions):
    tables = figures_.tables(comparison, predictions)
    assert set(tables["roc"].variant) == set(tables["precision_recall"].variant) == {"none", "smote", "best possible"}
    cells = tables["confusion_matrix"].query("variant == 'smote' and threshold == 'at t*'")
    assert cells.set_index(["actual", "called"]).rows.to_dict() == {(0, 0): 3, (0, 1): 1, (1, 0): 0, (1, 1): 2}


def test_synthetic_rows_are_hatched_on_the_class_that_has_them():
    figure = figures_.class_counts(
        {
            "smote": {"negative": 8, "positive": 8, "synthetic_negative": 0, "synthetic_positive": 6},
            "cluster_centroids": {"negative": 2, "positive": 2, "synthetic_negative": 2, "synthetic_positive": 0},
        },
        ["no", "yes"],
    )
    shown = [axis for axis in figure.axes if axis.get_visible()]
    assert [[bar.get_height() for bar in axis.patches if bar.get_hatch()] for axis in shown] == [[0, 6], [2, 0]]


def test_the_terminal_table_of_rankings_has_each_figure_in_its_column(comparison):
    rows = [line for line in tables.markdown(comparison).splitlines() if line.startswith("| smote")]
    free = comparison["variants"][1]["holdout"]["threshold_free"]
    expected = [free[key] for key in ("average_precision", "roc_auc", "log_loss", "brier_skill", "calibration_ratio")]
    # BOLD: the positives stand first and third of six, so AP (1 + 2/3) / 2 and AUC 7/8.
    assert expected[:2] == [pytest.approx(5 / 6), 7 / 8]
    assert [float(cell) for cell in rows[2].strip("|").split("|")[1:]] == pytest.approx(expected, abs=0.006)


def drawn(axis, marker):
    """Where an axis has this marker, without the legend's."""
    return [tuple(line.get_xydata()[0]) for line in axis.lines if line.get_marker() == marker and len(line.get_xdata())]


def test_operating_points_are_marked_where_the_matrices_say(comparison, predictions):
    judged = {v["variant"]: v["holdout"] for v in comparison["variants"]}
    judged["best possible"] = comparison["best_possible"]
    # TIMID at 0.5: recall 1/2, precision 1; at .3: 1, 1. BOLD at 0.5: recall 1, precision 1/2; at .65: 1, 2/3.
    axis = figures_.precision_recall(judged, predictions).axes[0]
    assert drawn(axis, "o") == [(0.5, 1.0), (1.0, 0.5), (0.5, 1.0)]
    assert drawn(axis, "D") == [(1.0, 1.0), (1.0, pytest.approx(2 / 3)), (1.0, 1.0)]
    # Average precision is the area under steps that keep the precision of the higher recall.
    assert {line.get_drawstyle() for line in axis.lines if len(line.get_xdata()) > 2} == {"steps-post"}
    axis = figures_.roc(judged, predictions).axes[0]
    assert drawn(axis, "o") == [(0.0, 0.5), (0.5, 1.0), (0.0, 0.5)]
    assert drawn(axis, "D") == [(0.0, 1.0), (0.25, 1.0), (0.0, 1.0)]


def test_legends_name_each_variant_with_its_figure(comparison, predictions):
    judged = {v["variant"]: v["holdout"] for v in comparison["variants"]}
    judged["best possible"] = comparison["best_possible"]
    for figure, figures in (
        (figures_.precision_recall(judged, predictions), ["none, AP 1.000", "smote, AP 0.833"]),
        (figures_.roc(judged, predictions), ["none, AUC 1.000", "smote, AUC 0.875"]),
    ):
        labels = [text.get_text() for text in figure.legends[0].get_texts()]
        assert labels[:2] == figures
        assert labels[-2:] == ["at 0.5", "at t*"]


def test_the_drawn_matrix_has_actual_classes_as_rows(results):
    axis = figures_.confusion_matrices({"smote": results["smote"]["holdout"]}, ["no", "yes"]).axes[1]
    # At .65: tn 3, fp 1, fn 0, tp 2; columns are what the row is called.
    cells = {text.get_position(): text.get_text() for text in axis.texts}
    assert cells == {(0, 0): "3\n75%", (1, 0): "1\n25%", (0, 1): "0\n0%", (1, 1): "2\n100%"}
    assert axis.images[0].get_array().tolist() == [[0.75, 0.25], [0.0, 1.0]]
    assert (axis.get_ylabel(), axis.get_xlabel()) == ("is", "called")


def test_bars_carry_their_counts_and_hatches_end_at_the_top():
    counts = {"smote": {"negative": 8, "positive": 7, "synthetic_negative": 0, "synthetic_positive": 5}}
    axis = figures_.class_counts(counts, ["no", "yes"]).axes[0]
    assert [(text.xy, text.get_text()) for text in axis.texts] == [((0, 8), "8"), ((1, 7), "7")]
    assert [(bar.get_y(), bar.get_height()) for bar in axis.patches if bar.get_hatch()] == [(8, 0), (2, 5)]


def test_a_matplotlibrc_of_the_user_changes_no_byte(evidence, comparison, predictions):
    import matplotlib

    ours = figures_.png(figures_.draw(comparison, predictions, corrected(evidence), {})["roc"])
    with matplotlib.rc_context({"axes.facecolor": "red", "font.size": 20, "lines.linewidth": 9}):
        assert figures_.png(figures_.draw(comparison, predictions, corrected(evidence), {})["roc"]) == ours
