import json
from contextlib import chdir
from pathlib import Path

import jsonschema
import numpy as np
import pandas as pd
import pytest
from sklearn import metrics
from stages import reproduce

from pipeline import compare, config
from pipeline.errors import InputError
from pipeline.files import EVALUATE, INGEST, read_json, read_table
from pipeline.fit import chains, folds, models, resampling, run
from pipeline.judge import verdict
from pipeline.measure.calibration import correct_proportions
from pipeline.measure.multiclass import Multiclass
from pipeline.measure.tasks import task_of
from pipeline.report import verify
from pipeline.table.weights import ones

LABELS = ["bus", "car", "van"]


def test_trained_proportions_count_rows_and_weights():
    from sklearn.linear_model import LogisticRegression

    y = pd.Series([0, 0, 0, 1, 1, 2])
    for weights_of_classes, expected in (
        (None, [1 / 2, 1 / 3, 1 / 6]),
        ("balanced", [1 / 3] * 3),
        ({2: 4.0}, [3 / 9, 2 / 9, 4 / 9]),
    ):
        model = LogisticRegression(class_weight=weights_of_classes)
        assert models.trained_proportions(model, y, ones(6), 3).tolist() == pytest.approx(expected)


def test_too_few_rows_for_smote_name_the_class_and_the_ways_out():
    from imblearn.over_sampling import SMOTE

    X = pd.DataFrame({"size": np.arange(24, dtype=float)})
    y = pd.Series([0] * 16 + [1] * 5 + [2] * 3)
    with pytest.raises(InputError) as caught:
        resampling.resample(X, y, SMOTE(random_state=0), LABELS)
    assert str(caught.value) == (
        "SMOTE needs 6 rows of each class that it oversamples, but class 'van' has 3 training rows. Lower k_neighbors "
        "or n_neighbors to 2, or merge it with another class or leave it out with data.classes, or use random_over."
    )
    resampling.resample(X, y, SMOTE(random_state=0, k_neighbors=2), LABELS)


@pytest.fixture(scope="module")
def vehicles(tmp_path_factory):
    """A table of three classes that overlap: 120 cars, 50 buses, 30 vans."""
    rng = np.random.default_rng(1)
    kind = np.repeat(["car", "bus", "van"], [120, 50, 30])
    centre = pd.Series(kind).map({"car": 0.0, "bus": 1.5, "van": -1.5}).to_numpy()
    table = pd.DataFrame({"length": centre + rng.normal(size=200), "weight": rng.normal(size=200) - centre / 2})
    path = tmp_path_factory.mktemp("vehicles") / "vehicles.csv"
    table.assign(kind=kind).sample(frac=1, random_state=0).to_csv(path, index=False)
    return path


SETTINGS = ["data=csv", "data.name=vehicles", "data.target=kind", "evaluate.folds=2", "evaluate.repeats=2"]


@pytest.fixture(scope="module")
def reproduced(composed, vehicles, tmp_path_factory):
    """A folder with the stages' results on the vehicles; tests leave it as it is."""
    raise_two = "+variants.smote.sampler.sampling_strategy={van: 60, bus: 60}"
    only = [f"~variant@variants.{name}" for name in ("random_under", "random_over", "augmentation")]
    text, folder = composed(f"data.path={vehicles}", *SETTINGS, raise_two, *only), tmp_path_factory.mktemp("reproduced")
    with chdir(folder):
        Path("params.yaml").write_text(text, encoding="utf-8")
        reproduce(config.load().variants, compare)
    return folder


@pytest.fixture
def made(reproduced, monkeypatch):
    """Goes to the folder with the results, and gives their settings."""
    monkeypatch.chdir(reproduced)
    return config.load()


def test_stages_process_page_and_verdict_agree_on_several_classes(made):
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
    assert said["action"] in ("keep", "rebalance")
    assert "macro average precision" in said["sentence"]
    assert said["table"]["labels"] == ["bus", "car", "van"]
    none = read_table(EVALUATE / "none/folds.parquet")
    assert said["reference"] == pytest.approx(none.average_precision.mean())

    page = Path("reports/index.html").read_text(encoding="utf-8")
    assert verify.verify(page, None) == []
    cell = page.index('<th scope="row">van</th><td>none</td>')
    changed = page[:cell] + page[cell:].replace("<td>9</td>", "<td>8</td>", 1)
    (line,) = verify.verify(changed, None)
    assert line.startswith("'Results by class, on the test rows', row van, column 3: the page has '8'")


def test_a_fold_s_row_follows_from_its_predictions(made):
    seen, folds = (read_table(EVALUATE / f"class_weight/{name}.parquet") for name in ("out_of_fold", "folds"))
    row = folds.iloc[-1]
    held = seen[(seen["repeat"] == row["repeat"]) & (seen.fold == row.fold)]
    y, probability = held.y.to_numpy(), task_of(read_json(INGEST / "schema.json")).probability(held)
    assert [row[f"trained_proportion_{code}"] for code in range(3)] == pytest.approx([1 / 3] * 3)
    true = np.array([row[f"training_rows_{code}"] for code in range(3)])
    corrected = correct_proportions(probability, trained=np.full(3, 1 / 3), true=true / true.sum())
    assert row.recalibrated_log_loss == pytest.approx(metrics.log_loss(y, corrected))
    assert row.recalibrated_brier < row.brier
    ranked = [metrics.average_precision_score(y == code, probability[:, code]) for code in range(3)]
    assert row.average_precision == pytest.approx(np.mean(ranked))
    assert row.average_precision_2 == pytest.approx(ranked[2])


def test_c_is_chosen_by_the_corrected_log_loss_of_all_classes(made):
    fitted = read_json(Path("data/train/class_weight/coefficients.json"))
    assert fitted["tuning"]["metric"] == "prior_corrected_log_loss"
    losses = dict(zip([each["C"] for each in fitted["tuning"]["params"]], fitted["tuning"]["values"], strict=True))
    assert losses[fitted["best_params"]["C"]] == pytest.approx(min(losses.values()))
    # Whatever C, weights of the classes must not make the corrected loss as large as their own shift does.
    assert max(losses.values()) < np.log(3)


def test_a_rarest_class_too_small_for_folds_gives_no_verdict_and_a_way_out(project, vehicles, tmp_path):
    rows = pd.read_csv(vehicles)
    few = pd.concat([rows[rows.kind != "van"], rows[rows.kind == "van"].head(9)])
    few.to_csv(tmp_path / "few.csv", index=False)
    only = [f"~variant@variants.{name}" for name in ("random_under", "random_over", "augmentation", "smote")]
    project(f"data.path={tmp_path / 'few.csv'}", *SETTINGS, *only)
    reproduce(["none", "class_weight"], compare)
    said = read_json(Path("reports/verdict.json"))
    assert said["action"] == "none"
    assert "merge it with another class or leave it out with data.classes" in said["sentence"]
    page = Path("reports/index.html").read_text(encoding="utf-8")
    assert verify.verify(page, None) == []


def test_groups_that_hold_all_of_a_class_are_refused_by_its_name():
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"size": rng.normal(size=60), "kind": np.repeat([0, 1, 2], [30, 20, 10])})
    groups = pd.Series(np.where(table.kind == 2, 99, np.arange(60)))
    from imblearn import FunctionSampler
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    from pipeline.fit.steps import Steps

    task = Multiclass(LABELS, LABELS)
    chain = chains.Chain(Steps(scale=StandardScaler()), FunctionSampler(), LogisticRegression(), None, None, task)
    how = {"folds": 2, "repeats": 1, "seed": 0, "groups": groups, "weight": ones(60)}
    with pytest.raises(InputError, match="the training rows have no row of class 'van'"):
        folds.out_of_fold(table, target="kind", chain=chain, **how)
