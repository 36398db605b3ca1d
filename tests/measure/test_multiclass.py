import json
from pathlib import Path

import jsonschema
import numpy as np
import pandas as pd
import pytest
from sklearn import metrics

from pipeline import compare as compare_stage
from pipeline import config
from pipeline import evaluate as evaluate_stage
from pipeline import ingest as ingest_stage
from pipeline import preprocess as preprocess_stage
from pipeline import resample as resample_stage
from pipeline import split as split_stage
from pipeline import train as train_stage
from pipeline.errors import InputError
from pipeline.files import EVALUATE, read_json, read_table
from pipeline.fit import chains, folds, models, resampling, run
from pipeline.judge import classwise, verdict
from pipeline.measure import multiclass
from pipeline.measure.calibration import correct_prior, correct_shares
from pipeline.measure.statistics import wilson
from pipeline.report import verify
from pipeline.sweep import summary
from pipeline.tracking.describe import flat_metrics

LABELS = ["bus", "car", "van"]
# Two buses, three cars, one van.
ACTUAL = np.array([0, 0, 1, 1, 1, 2])
TOLD = np.array([[0.6, 0.3, 0.1], [0.3, 0.6, 0.1], [0.2, 0.7, 0.1], [0.1, 0.8, 0.1], [0.2, 0.5, 0.3], [0.1, 0.6, 0.3]])
SHARES = np.array([0.3, 0.6, 0.1])


@pytest.fixture
def judged():
    return multiclass.holdout(ACTUAL, TOLD, labels=LABELS, trained=SHARES, confidence=0.95)


def test_decisions_by_the_likeliest_class_and_by_class_weights():
    assert multiclass.decide(TOLD).tolist() == [0, 1, 1, 1, 1, 1]
    # Over the shares: 2, .5, 1; 1, 1, 1; .67, 1.17, 1; .33, 1.33, 1; .67, .83, 3; .33, 1, 3.
    assert multiclass.decide(TOLD[[0, 2, 3, 4, 5]], SHARES).tolist() == [0, 1, 1, 2, 2]


def test_of_two_classes_class_weights_are_a_threshold_at_the_trained_prevalence():
    p = np.linspace(0.01, 0.99, 99)
    called = multiclass.decide(np.column_stack([1 - p, p]), np.array([0.805, 0.195]))
    assert called.tolist() == (p > 0.195).astype(int).tolist()


def test_metrics_of_a_hand_counted_matrix(judged):
    default = judged["default"]
    assert default["matrix"] == [[1, 1, 0], [0, 3, 0], [0, 1, 0]]
    assert [default["classes"][label]["recall"] for label in LABELS] == [1 / 2, 1.0, 0.0]
    assert [default["classes"][label]["precision"] for label in LABELS] == [1.0, 3 / 5, None]
    assert [default["classes"][label]["f1"] for label in LABELS] == pytest.approx([2 / 3, 3 / 4, 0.0])
    assert default["balanced_accuracy"] == pytest.approx(0.5)
    assert default["macro_f1"] == pytest.approx((2 / 3 + 3 / 4) / 3)
    assert default["accuracy"] == pytest.approx(4 / 6)
    assert default["classes"]["car"]["intervals"]["precision"] == list(wilson(3, 5, confidence=0.95))
    assert default["classes"]["van"]["intervals"]["precision"] is None


def test_rankings_of_one_class_against_the_rest_by_hand(judged):
    # Van: .3 twice and one of them the van, so precision 1/2; of five others one is tied, four below: 4.5 of 5.
    assert judged["classes"]["van"]["average_precision"] == pytest.approx(1 / 2)
    assert judged["classes"]["van"]["roc_auc"] == pytest.approx(4.5 / 5)
    assert judged["classes"]["van"]["predicted_over_observed"] == pytest.approx((1.0 / 6) / (1 / 6))
    assert judged["classes"]["bus"]["support"] == 2


def test_all_metrics_are_scikit_learn_s():
    rng = np.random.default_rng(0)
    probability = rng.dirichlet([1, 2, 3, 1], size=300)
    y = np.array([rng.choice(4, p=row) for row in probability])
    judged = multiclass.holdout(y, probability, labels=list("abcd"), trained=np.full(4, 0.25), confidence=0.95)
    called, free = probability.argmax(axis=1), judged["threshold_free"]
    assert judged["default"] == judged["tuned"]  # equal shares
    assert judged["default"]["matrix"] == metrics.confusion_matrix(y, called).tolist()
    assert judged["default"]["balanced_accuracy"] == pytest.approx(metrics.balanced_accuracy_score(y, called))
    assert judged["default"]["macro_f1"] == pytest.approx(metrics.f1_score(y, called, average="macro"))
    one_hot = np.eye(4)[y]
    assert free["average_precision"] == pytest.approx(metrics.average_precision_score(one_hot, probability))
    assert free["roc_auc"] == pytest.approx(metrics.roc_auc_score(y, probability, multi_class="ovr"))
    assert free["log_loss"] == pytest.approx(metrics.log_loss(y, probability))
    assert free["brier"] == pytest.approx(((one_hot - probability) ** 2).sum(axis=1).mean())
    own = metrics.precision_recall_fscore_support(y, called)
    assert [judged["default"]["classes"][label]["precision"] for label in "abcd"] == pytest.approx(own[0].tolist())


def test_without_a_class_macro_averages_are_not_defined():
    free = multiclass.holdout(ACTUAL[:5], TOLD[:5], labels=LABELS, trained=SHARES, confidence=0.95)
    assert free["threshold_free"]["average_precision"] is None
    assert free["default"]["balanced_accuracy"] is None
    assert free["classes"]["van"]["average_precision"] is None


def test_the_correction_of_shares_is_the_binary_one_for_two_classes():
    p = np.linspace(0, 1, 101)
    both = correct_shares(np.column_stack([1 - p, p]), trained=np.array([0.5, 0.5]), true=np.array([0.93, 0.07]))
    assert both[:, 1] == pytest.approx(correct_prior(p, trained=0.5, true=0.07), abs=1e-12)
    assert both.sum(axis=1) == pytest.approx(np.ones(101), abs=1e-12)


def test_the_correction_of_shares_by_hand_and_undone():
    # .5, .3, .2 trained on thirds; true .6, .3, .1: .30, .09, .02 over .41.
    p, thirds, true = np.array([[0.5, 0.3, 0.2]]), np.full(3, 1 / 3), np.array([0.6, 0.3, 0.1])
    corrected = correct_shares(p, trained=thirds, true=true)
    assert corrected[0] == pytest.approx([0.30 / 0.41, 0.09 / 0.41, 0.02 / 0.41])
    assert correct_shares(corrected, trained=true, true=thirds) == pytest.approx(p)
    with pytest.raises(ValueError, match="between 0 and 1"):
        correct_shares(p, trained=np.array([0.5, 0.5, 0.0]), true=true)


def test_trained_shares_count_rows_and_weights():
    from sklearn.linear_model import LogisticRegression

    y = pd.Series([0, 0, 0, 1, 1, 2])
    assert models.trained_shares(LogisticRegression(), y, 3).tolist() == pytest.approx([1 / 2, 1 / 3, 1 / 6])
    balanced = LogisticRegression(class_weight="balanced")
    assert models.trained_shares(balanced, y, 3).tolist() == pytest.approx([1 / 3] * 3)
    weighted = LogisticRegression(class_weight={2: 4.0})
    assert models.trained_shares(weighted, y, 3).tolist() == pytest.approx([3 / 9, 2 / 9, 4 / 9])


def test_too_few_rows_for_smote_name_the_class_and_the_ways_out():
    from imblearn.over_sampling import SMOTE

    X = pd.DataFrame({"size": np.arange(24, dtype=float)})
    y = pd.Series([0] * 16 + [1] * 5 + [2] * 3)
    with pytest.raises(InputError) as caught:
        resampling.resample(X, y, SMOTE(random_state=0), LABELS)
    assert str(caught.value) == (
        "SMOTE needs 6 rows of each class it raises; training class 'van' has 3: lower its k_neighbors or n_neighbors "
        "to 2, merge it with another class or leave it out with data.classes, or use random_over"
    )
    resampling.resample(X, y, SMOTE(random_state=0, k_neighbors=2), LABELS)


@pytest.fixture
def vehicles(tmp_path):
    """A table of three classes that overlap: 120 cars, 50 buses, 30 vans."""
    rng = np.random.default_rng(1)
    kind = np.repeat(["car", "bus", "van"], [120, 50, 30])
    centre = pd.Series(kind).map({"car": 0.0, "bus": 1.5, "van": -1.5}).to_numpy()
    table = pd.DataFrame({"length": centre + rng.normal(size=200), "weight": rng.normal(size=200) - centre / 2})
    path = tmp_path / "vehicles.csv"
    table.assign(kind=kind).sample(frac=1, random_state=0).to_csv(path, index=False)
    return path


SETTINGS = ["data=csv", "data.name=vehicles", "data.target=kind", "evaluate.folds=2", "evaluate.repeats=2"]


@pytest.fixture
def made(project, stage, vehicles):
    """The stages' results on the vehicles, and their settings."""
    raise_two = "+variants.smote.sampler.sampling_strategy={van: 60, bus: 60}"
    only = [f"~variant@variants.{name}" for name in ("random_under", "random_over", "augmentation")]
    project(f"data.path={vehicles}", *SETTINGS, raise_two, *only)
    params = config.load()
    for module in (ingest_stage, split_stage, preprocess_stage):
        stage(module)
    for name in params.variants:
        for module in (resample_stage, train_stage, evaluate_stage):
            stage(module, name)
    stage(compare_stage)
    return params


def test_stages_process_page_and_verdict_agree_on_several_classes(made, stage, capsys):
    for name in made.variants:
        ours, folder = run.run(made, name), EVALUATE / name
        assert ours.metrics == read_json(folder / "metrics.json")
        assert ours.predictions.equals(read_table(folder / "predictions.parquet"))
        assert ours.out_of_fold.equals(read_table(folder / "out_of_fold.parquet"))
        assert ours.folds.equals(read_table(folder / "folds.parquet"))
        by_rows = read_json(folder / "classification_report.json")["default"]
        assert by_rows["van"]["recall"] == ours.metrics["holdout"]["default"]["classes"]["van"]["recall"]
    # A strategy by label: 84 cars stay, 35 buses and 21 vans become 60.
    assert read_json(EVALUATE / "smote/metrics.json")["training"]["rows"] == {"bus": 60, "car": 84, "van": 60}

    schema = json.loads((Path(verdict.__file__).parent / "verdict.schema.json").read_text(encoding="utf-8"))
    said = read_json(Path("reports/verdict.json"))
    jsonschema.validate(said, schema)
    assert said["action"] in ("keep", "rebalance", "undecided")
    assert "macro average precision" in said["sentence"]
    assert said["table"]["labels"] == ["bus", "car", "van"]
    none = read_table(EVALUATE / "none/folds.parquet")
    assert said["reference"] == pytest.approx(none.average_precision.mean())

    page = Path("reports/index.html").read_text(encoding="utf-8")
    assert verify.verify(page, None) == []
    cell = page.index('<th scope="row">van</th><td>none</td>')
    changed = page[:cell] + page[cell:].replace("<td>9</td>", "<td>8</td>", 1)
    (line,) = verify.verify(changed, None)
    assert line.startswith("'Class by class, on the test rows', row van, column 3: the page says '8'")


def test_a_fold_s_row_follows_from_its_predictions(made):
    seen, folds = (read_table(EVALUATE / f"class_weight/{name}.parquet") for name in ("out_of_fold", "folds"))
    row = folds.iloc[-1]
    held = seen[(seen["repeat"] == row["repeat"]) & (seen.fold == row.fold)]
    y, probability = held.y.to_numpy(), multiclass.probabilities(held)
    assert [row[f"trained_share_{code}"] for code in range(3)] == pytest.approx([1 / 3] * 3)
    true = np.array([row[f"training_rows_{code}"] for code in range(3)])
    corrected = correct_shares(probability, trained=np.full(3, 1 / 3), true=true / true.sum())
    assert row.recalibrated_log_loss == pytest.approx(metrics.log_loss(y, corrected))
    assert row.recalibrated_brier < row.brier
    ranked = [metrics.average_precision_score(y == code, probability[:, code]) for code in range(3)]
    assert row.average_precision == pytest.approx(np.mean(ranked))
    assert row.average_precision_2 == pytest.approx(ranked[2])


def test_c_is_chosen_by_the_corrected_log_loss_of_all_classes(made):
    losses = read_json(Path("data/train/class_weight/coefficients.json"))["tuning"]["log_loss"]
    # Whatever C, weights of the classes must not make the corrected loss as large as their own shift does.
    assert max(losses) < np.log(3)


def test_a_rarest_class_too_small_for_folds_gives_no_verdict_and_a_way_out(project, stage, vehicles, tmp_path):
    rows = pd.read_csv(vehicles)
    few = pd.concat([rows[rows.kind != "van"], rows[rows.kind == "van"].head(9)])
    few.to_csv(tmp_path / "few.csv", index=False)
    only = [f"~variant@variants.{name}" for name in ("random_under", "random_over", "augmentation", "smote")]
    project(f"data.path={tmp_path / 'few.csv'}", *SETTINGS, *only)
    for module in (ingest_stage, split_stage, preprocess_stage):
        stage(module)
    for name in ("none", "class_weight"):
        for module in (resample_stage, train_stage, evaluate_stage):
            stage(module, name)
    stage(compare_stage)
    said = read_json(Path("reports/verdict.json"))
    assert said["action"] == "invalid"
    assert "merge it with another class or leave it out with data.classes" in said["sentence"]
    page = Path("reports/index.html").read_text(encoding="utf-8")
    assert verify.verify(page, None) == []


def test_groups_that_hold_all_of_a_class_are_refused_by_its_name():
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"size": rng.normal(size=60), "kind": np.repeat([0, 1, 2], [30, 20, 10])})
    groups = pd.Series(np.where(table.kind == 2, 99, np.arange(60)))
    from imblearn import FunctionSampler
    from sklearn.linear_model import LogisticRegression

    chain = chains.Chain({"impute": None, "scale": True}, FunctionSampler(), LogisticRegression(), None, LABELS)
    with pytest.raises(InputError, match="class 'van' is not among the training rows"):
        folds.out_of_fold(table, target="kind", chain=chain, folds=2, repeats=1, seed=0, groups=groups)


def test_the_same_decisions_of_a_remedy_that_is_the_plain_model_by_class_weights():
    rng = np.random.default_rng(0)
    probability = rng.dirichlet([1, 2, 3], size=40)
    y = np.tile(np.arange(3), 14)[:40]
    rows = pd.DataFrame({"repeat": 0, "fold": np.repeat([0, 1], 20), "y": y})
    told = [f"probability_{code}" for code in range(3)]
    shares = np.array([0.2, 0.3, 0.5])
    weighed = probability / shares / (probability / shares).sum(axis=1, keepdims=True)
    plain, remedy = (rows.assign(**dict(zip(told, p.T, strict=True))) for p in (probability, weighed))
    counts = {f"training_rows_{code}": share * 20 for code, share in enumerate(shares)}

    def fits(trained):
        each = {"repeat": [0, 0], "fold": [0, 1], "training_rows": 20, **counts}
        return pd.DataFrame({**each, **{f"trained_share_{code}": share for code, share in enumerate(trained)}})

    pairs = [
        (seen, multiclass.by_fold(seen, fits(trained))) for seen, trained in ((plain, shares), (remedy, [1 / 3] * 3))
    ]
    found = classwise.equivalence("weights", *pairs, alpha=0.05)
    assert found["same_decisions"] == 1.0
    assert found["gain"] == {"mean": 0.0, "low": 0.0, "high": 0.0}


def test_classes_of_one_legal_name_keep_their_metrics_apart():
    nested = {"classes": {"a<b": {"f1": 0.25}, "a>b": {"f1": 0.5}}, "matrix": [[1, 2], [3, 4]]}
    assert flat_metrics(nested) == {"classes/a_b/f1": 0.25, "classes/a_b_2/f1": 0.5}


def test_a_sweep_is_summed_up_by_macro_recall_where_there_are_several_classes():
    several = pd.DataFrame({"default_macro_f1": [0.5], "default_balanced_accuracy": [0.6]})
    assert list(summary.decisions(several)) == ["default_balanced_accuracy", "tuned_balanced_accuracy"]
    two = pd.DataFrame({"default_balanced_accuracy": [0.6]})
    assert summary.decisions(two) == summary.DECISIONS
