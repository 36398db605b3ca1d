import numpy as np
import pandas as pd
import pytest
from scipy import stats

from pipeline.judge.action import judge
from pipeline.judge.models import across, words
from pipeline.measure.tasks import TWO_CLASSES

DECLARED = {"primary": "average_precision", "rope": 0.01, "alpha": 0.05}
LINE, TREES = "line", "trees"


def folds(mean, *, noise, seed, column="average_precision"):
    grid = [(repeat, fold) for repeat in range(10) for fold in range(5)]
    wobble = np.random.default_rng(seed).normal(0, noise, len(grid))
    rows = pd.DataFrame(grid, columns=["repeat", "fold"]).assign(rows=20, training_rows=80)
    return rows.assign(**{column: mean + 0.05 * np.sin(np.arange(len(grid))) + wobble})


def decided(declared=DECLARED, failed=(), noise=0.004, **means):
    """The decision on pairs whose mean is given, as trees_smote=.7; `none` is the baseline."""
    column = "recalibrated_log_loss" if declared["primary"] == "log_loss" else "average_precision"
    seen = {tuple(name.split("_", 1)): mean for name, mean in means.items()}
    seen = {pair: folds(mean, noise=noise, seed=seed, column=column) for seed, (pair, mean) in enumerate(seen.items())}
    thresholds = {pair: place / 10 for place, pair in enumerate(seen, start=1)}
    verdicts = {}
    for model in dict.fromkeys(model for model, _ in seen):
        own = {name: rows for (of, name), rows in seen.items() if of == model}
        at = {name: thresholds[model, name] for name in own}
        verdicts[model] = judge(own, thresholds=at, **declared)
    how = {"thresholds": thresholds, "declared": declared, "task": TWO_CLASSES, "failed": dict(failed)}
    return across(seen, verdicts, **how), seen


def test_the_best_model_is_used_without_a_method_that_does_not_beat_it():
    said, _ = decided(line_none=0.6, line_smote=0.6, trees_none=0.8, trees_smote=0.803)
    assert (said["action"], said["model"], said["variant"], said["threshold"]) == ("use", TREES, "none", 0.3)
    assert said["evidence"] == "proven_better"
    assert [pair["call"] for pair in said["pairs"]] == ["EQUIVALENT", "BETTER", "BETTER"]
    assert said["sentence"].startswith(
        "Use trees without resampling, threshold 0.300: compared with line without resampling, it raises average "
        "precision by 0.2"
    )
    assert "with 95% confidence, adjusted for 3 pairs). No method is shown to help either model." in (said["sentence"])


def test_a_method_is_used_where_it_beats_its_model_alone():
    said, _ = decided(line_none=0.6, line_smote=0.6, trees_none=0.7, trees_smote=0.8)
    assert (said["model"], said["variant"]) == (TREES, "smote")
    assert said["sentence"].startswith("Use trees with smote, threshold 0.400: ")
    assert said["sentence"].endswith(
        "Compared with the same model without resampling, a method is shown to help trees (smote). No method is shown "
        "to help another model."
    )
    assert [each["action"] for each in said["models"]] == ["keep", "rebalance"]


def test_equally_good_models_are_used_in_the_order_given():
    said, _ = decided(line_none=0.6, line_smote=0.8, trees_none=0.6, trees_smote=0.801)
    assert (said["model"], said["variant"]) == ("line", "smote")
    assert "a method is shown to help line (smote) and trees (smote)." in said["sentence"]


def test_of_equally_good_methods_the_simplest_is_used():
    simple, _ = decided(line_none=0.6, line_smote=0.8, trees_none=0.6, trees_class_weight=0.8)
    assert (simple["model"], simple["variant"]) == (TREES, "class_weight")


def test_all_pairs_are_one_family_for_holm():
    said, seen = decided(line_none=0.6, line_smote=0.61, trees_none=0.612, trees_smote=0.615)
    reference = seen[LINE, "none"].average_precision
    p = []
    for pair in said["pairs"]:
        d = (seen[pair["model"], pair["variant"]].average_precision - reference).to_numpy()
        t = d.mean() / np.sqrt(d.var(ddof=1) * (1 / 50 + 1 / 4))  # Nadeau & Bengio 2003
        p.append(stats.t.sf(t, 49))
        assert pair["mean"] == pytest.approx(d.mean())
        assert pair["mean_primary"] == pytest.approx(reference.mean() + d.mean())
    ordered = np.sort(p)
    holm = np.minimum(np.maximum.accumulate(ordered * [3, 2, 1]), 1)[np.argsort(np.argsort(p))]
    assert [pair["p_better_holm"] for pair in said["pairs"]] == pytest.approx(holm)


def test_without_a_better_pair_the_first_model_is_kept_with_what_that_may_cost():
    said, _ = decided(noise=0.05, line_none=0.6, line_smote=0.58, trees_none=0.605)
    assert (said["action"], said["model"], said["variant"], said["evidence"]) == (
        "keep",
        LINE,
        "none",
        "inconclusive",
    )
    upper = max(pair["high"] for pair in said["pairs"])
    assert said["price"]["upper"] == pytest.approx(upper)
    assert said["sentence"].startswith(
        "Keep line without resampling, threshold 0.100. None of the 2 other pairs is shown to rank better. By keeping "
        f"line without resampling you lose at most {upper:.3f} average precision, with 95% confidence (expected loss "
    )
    assert said["sentence"].endswith("this is settled. No method is shown to help line.")  # trees have no method


def test_pairs_that_are_shown_not_to_be_better_are_proven():
    said, _ = decided(line_none=0.6, trees_none=0.4, trees_smote=0.4)
    assert (said["action"], said["evidence"]) == ("keep", "proven_not_better")
    assert (
        "All of the 2 other pairs are shown not to rank better by more than 0.01 average precision." in said["sentence"]
    )
    one, _ = decided(line_none=0.6, trees_none=0.4)
    assert one["sentence"] == (
        "Keep line without resampling, threshold 0.100. trees without resampling is shown not to rank better by more "
        "than 0.01 average precision."
    )


def test_less_of_a_loss_is_better():
    said, _ = decided({**DECLARED, "primary": "log_loss"}, line_none=0.6, trees_none=0.3)
    assert (said["action"], said["model"]) == ("use", TREES)
    (pair,) = said["pairs"]
    assert pair["mean"] > 0
    assert pair["mean_primary"] < said["reference"]["mean_primary"]
    assert "it lowers recalibrated log loss by 0.30" in said["sentence"]


def test_without_all_results_there_is_no_decision():
    said, _ = decided(line_none=0.6, trees_none=0.8, failed={"trees with smote": "out of memory"})
    assert (said["action"], said["model"], said["pairs"]) == ("none", None, [])
    assert said["sentence"].startswith("No decision: trees with smote has no result: out of memory.")
    missing, _ = decided(line_smote=0.6, trees_none=0.8)
    assert missing["sentence"].startswith("No decision: the baseline, variant 'none', is missing.")


def test_caveats_name_the_model_that_they_are_about():
    seen = {("line", "none"): folds(0.6, noise=0.004, seed=1), ("trees", "none"): folds(0.6, noise=0.004, seed=2)}
    of = {"action": "none", "evidence": None, "variant": None, "sentence": ""}
    verdicts = {"line": {**of, "caveats": ["Own.", "All."]}, "trees": {**of, "caveats": ["All."]}}
    how = {"thresholds": dict.fromkeys(seen), "declared": DECLARED, "task": TWO_CLASSES, "failed": {}}
    assert across(seen, verdicts, **how)["caveats"] == ["All.", "line: Own."]


def test_a_pair_in_words():
    assert words(("easy", "easy")) == "easy"
    assert (words(("a", "none")), words(("a", "smote"))) == ("a without resampling", "a with smote")
