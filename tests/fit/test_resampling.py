import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from imblearn import FunctionSampler
from imblearn.over_sampling import SMOTE, RandomOverSampler
from imblearn.under_sampling import RandomUnderSampler
from omegaconf import OmegaConf

from pipeline import ingest as ingest_stage
from pipeline import preprocess as preprocess_stage
from pipeline import resample as resample_stage
from pipeline import split as split_stage
from pipeline.errors import InputError
from pipeline.files import read_json, read_table
from pipeline.fit import build
from pipeline.fit.provenance import provenance
from pipeline.fit.resampling import resample
from pipeline.fit.samplers import suit
from pipeline.table import mountain_shop

ROOT = Path(__file__).parents[2]
VARIANTS = sorted(path.stem for path in (ROOT / "conf" / "variant").glob("*.yaml"))
SYNTHESIZERS = {
    "smote",
    "smote_nc",
    "borderline_smote",
    "svm_smote",
    "kmeans_smote",
    "adasyn",
    "smote_tomek",
    "smote_enn",
}
DROPPERS = {
    "random_under",
    "tomek_links",
    "edited_nearest_neighbours",
    "near_miss",
    "one_sided_selection",
    "instance_hardness_threshold",
}


@pytest.fixture
def visits():
    """Six who buy, nine who do not, indexed by row_id."""
    X = pd.DataFrame(
        {
            "time": [9.0, 7.9, 9.5, 7.0, 8.5, 9.9, 1.0, 2.0, 3.0, 2.5, 1.5, 0.5, 3.5, 2.2, 1.1],
            "pages": [4.0, 4.5, 3.0, 5.0, 4.2, 3.3, 1.0, 2.0, 1.5, 0.2, 0.7, 1.9, 2.1, 1.3, 0.4],
        },
        index=pd.RangeIndex(20, 35, name="row_id"),
    )
    return X, pd.Series([1] * 6 + [0] * 9, index=X.index, name="buy", dtype="int8")


@pytest.fixture(scope="module")
def shop():
    """300 simulated visits, standardised, 45 of them with a purchase."""
    table, _ = mountain_shop.simulate(rows=300, prevalence=0.15, seed=5)
    X = table.drop(columns="buy").astype(float)
    index = pd.Index(np.random.default_rng(0).permutation(1000)[:300], name="row_id")
    return ((X - X.mean()) / X.std()).set_axis(index), table.buy.astype("int8").set_axis(index)


def sampler_of(name, seed=42):
    node = OmegaConf.create({"seed": seed, "variant": OmegaConf.load(ROOT / "conf" / "variant" / f"{name}.yaml")})
    node = OmegaConf.to_container(node.variant.sampler, resolve=True)
    return build.build(node, where=name, method="fit_resample", trusted=["sklearn", "imblearn"])


def test_smote_new_rows_lie_between_a_minority_row_and_one_of_its_k_nearest(visits):
    X, y = visits
    k = 2
    X_new, y_new = resample(X, y, SMOTE(k_neighbors=k, random_state=0), [0, 1])
    minority = X[y == 1].to_numpy()
    distances = np.linalg.norm(minority[:, None] - minority[None], axis=2)
    nearest = distances.argsort(axis=1)[:, 1 : k + 1]
    made = X_new.to_numpy()[len(X) :]
    assert len(made) == 3
    assert (y_new[len(X) :] == 1).all()
    for row in made:
        offsets = []
        for start, ends in zip(minority, nearest, strict=True):
            for end in minority[ends]:
                fraction = np.dot(row - start, end - start) / np.dot(end - start, end - start)
                if 0 <= fraction <= 1:
                    offsets.append(np.linalg.norm(start + fraction * (end - start) - row))
        assert min(offsets) < 1e-12


def test_smote_keeps_every_original_row_and_balances_the_classes(visits):
    X, y = visits
    X_new, y_new = resample(X, y, SMOTE(k_neighbors=2, random_state=0), [0, 1])
    assert y_new.value_counts().to_dict() == {0: 9, 1: 9}
    assert (X_new.iloc[: len(X)].to_numpy() == X.to_numpy()).all()
    assert (y_new.iloc[: len(X)].to_numpy() == y.to_numpy()).all()


def test_the_class_ratio_is_the_one_asked_for(visits):
    _, y_new = resample(*visits, SMOTE(sampling_strategy=8 / 9, k_neighbors=2, random_state=0), [0, 1])
    assert y_new.value_counts().to_dict() == {0: 9, 1: 8}
    _, y_new = resample(*visits, RandomUnderSampler(random_state=0), [0, 1])
    assert y_new.value_counts().to_dict() == {0: 6, 1: 6}


class Vandal:
    """A sampler that writes in what it is given."""

    def fit_resample(self, X, y):
        X.iloc[:, 0] = 9.0
        X.insert(0, "planted", 1.0)
        y.iloc[:] = 1 - y
        return X, y


def test_what_a_sampler_writes_in_its_rows_does_not_reach_others(visits):
    X, y = visits
    before = X.copy(), y.copy()
    resample(X, y, Vandal(), [0, 1])
    assert X.equals(before[0])
    assert y.equals(before[1])


def test_resample_leaves_its_rows_as_they_were(visits):
    before = visits[0].copy()
    resample(*visits, SMOTE(k_neighbors=2, random_state=0), [0, 1])
    pd.testing.assert_frame_equal(visits[0], before)


def test_too_few_rows_for_smote_are_counted_as_the_user_counts(visits):
    X, y = visits[0].iloc[2:], visits[1].iloc[2:]
    with pytest.raises(InputError) as caught:
        resample(X, y, SMOTE(k_neighbors=5), [0, 1])
    assert str(caught.value) == (
        "SMOTE needs 6 rows of each class that it oversamples, but class 1 has 4 training rows. "
        "Lower k_neighbors or n_neighbors to 3, or use random_over."
    )


def test_a_sampler_s_other_refusals_name_it_and_the_smaller_class(visits):
    with pytest.raises(InputError) as caught:
        resample(*visits, SMOTE(sampling_strategy=0.1), [0, 1])
    assert str(caught.value).startswith("SMOTE can't resample these 15 rows (class 1 has 6 training rows): ")
    with pytest.raises(InputError, match="SMOTE can't resample these 15 rows .*'k_neighbors' parameter"):
        resample(*visits, SMOTE(k_neighbors=0), [0, 1])


def test_random_over_repeats_row_ids_and_makes_nothing_up(visits):
    X, y = visits
    sampler = RandomOverSampler(random_state=0)
    origin = provenance(X, y, *resample(X, y, sampler, [0, 1]), sampler.sample_indices_)
    assert not origin.synthetic.any()
    assert origin.row_id.tolist()[:15] == list(range(20, 35))
    assert len(origin) == 18
    assert set(origin.row_id[15:]) <= set(range(20, 26))


def test_augmentation_s_copies_are_synthetic(visits):
    X, y = visits
    sampler = RandomOverSampler(shrinkage=1.0, random_state=0)
    origin = provenance(X, y, *resample(X, y, sampler, [0, 1]), sampler.sample_indices_)
    assert origin.synthetic.tolist() == [False] * 15 + [True] * 3
    assert origin.row_id.tolist()[:15] == list(range(20, 35))
    assert origin.row_id[15:].isna().all()


def test_the_identity_keeps_every_row_and_its_row_id(visits):
    X, y = visits
    X_new, y_new = resample(X, y, FunctionSampler(), [0, 1])
    origin = provenance(X, y, X_new, y_new)
    assert origin.row_id.tolist() == X.index.tolist()
    assert (X_new.to_numpy() == X.to_numpy()).all()


@pytest.mark.parametrize("name", VARIANTS)
def test_every_variant_builds_runs_and_accounts_for_each_row(name, shop):
    X, y = shop
    sampler = suit(sampler_of(name), X)
    X_new, y_new = (made.reset_index(drop=True) for made in resample(X, y, sampler, [0, 1]))
    origin = provenance(X, y, X_new, y_new, getattr(sampler, "sample_indices_", None))
    assert len(origin) == len(X_new) == len(y_new)
    assert X_new.columns.tolist() == X.columns.tolist()
    assert set(y_new) == {0, 1}
    # What has a row_id is that row, label and all.
    kept = origin.row_id.dropna().astype(int)
    assert (X_new.loc[kept.index].to_numpy() == X.loc[kept].to_numpy()).all()
    assert (y_new.loc[kept.index].to_numpy() == y.loc[kept].to_numpy()).all()
    assert (origin.row_id.isna() == origin.synthetic).all()
    # What is synthetic is like no row, or beyond the number of rows like it.
    columns = X.columns.tolist()
    had = X.assign(y=y).value_counts([*columns, "y"])
    has = X_new.assign(y=y_new).value_counts([*columns, "y"])
    surplus = (has - had.reindex(has.index, fill_value=0)).clip(lower=0)
    if name in SYNTHESIZERS | {"augmentation", "cluster_centroids"}:
        assert 0 < origin.synthetic.sum() <= surplus.sum()
        assert (y_new[origin.synthetic] == (name != "cluster_centroids")).all()
    else:
        assert not origin.synthetic.any()
    if name in DROPPERS:
        assert kept.is_unique
        assert (y_new == 1).sum() == (y == 1).sum()
        assert (y_new == 0).sum() < (y == 0).sum()
    if name in {"none", "class_weight"}:
        assert kept.tolist() == X.index.tolist()
    if name in {"random_over", "augmentation", "smote", "random_under", "near_miss", "cluster_centroids"}:
        assert (y_new == 1).sum() == (y_new == 0).sum()


@pytest.mark.parametrize("name", VARIANTS)
def test_every_variant_gives_the_same_rows_twice(name, shop):
    one, again = (resample(*shop, suit(sampler_of(name), shop[0]), [0, 1]) for _ in range(2))
    pd.testing.assert_frame_equal(one[0], again[0])
    pd.testing.assert_series_equal(one[1], again[1])


@pytest.mark.parametrize("name", VARIANTS)
def test_every_variant_file_opens_with_what_it_does_and_its_source(name):
    first, second, third = (ROOT / "conf" / "variant" / f"{name}.yaml").read_text().splitlines()[:3]
    assert first.startswith("# ")
    assert second.startswith("# ")
    assert third == "sampler:"


def test_main_writes_rows_provenance_and_counts_and_no_test_row(project, stage):
    folder = project("data.simulation.rows=300", "data.simulation.prevalence=0.1")
    for module in (ingest_stage, split_stage, preprocess_stage):
        stage(module)
    train = read_table(folder / "data/preprocess/train.parquet")
    test = read_table(folder / "data/split/test.parquet")
    synthetic = {"none": 0, "random_under": 0, "random_over": 0, "augmentation": 168, "smote": 168, "class_weight": 0}
    for name, made in synthetic.items():
        stage(resample_stage, name)
        table = read_table(folder / f"data/resample/{name}/train.parquet")
        assert table.columns.tolist() == [*train.columns, "row_id", "synthetic"]
        assert table.synthetic.sum() == made
        kept = table[~table.synthetic]
        assert set(kept.row_id) <= set(train.index)
        assert not set(kept.row_id) & set(test.index)
        originals = train.loc[kept.row_id.astype(int)]
        pd.testing.assert_frame_equal(kept[train.columns].set_axis(originals.index), originals)
        counts = read_json(folder / f"data/resample/{name}/classes.json")
        assert (counts["rows"]["negative"], counts["rows"]["positive"]) == (
            (table.buy == 0).sum(),
            (table.buy == 1).sum(),
        )
        assert counts["originals_kept"] == kept.row_id.nunique()
        assert json.loads(json.dumps(counts)) == counts


def test_main_of_an_unknown_variant_lists_those_there_are(project, stage):
    project()
    with pytest.raises(InputError, match=r"params.yaml: there is no variant 'smoote'; did you mean 'smote'\?"):
        stage(resample_stage, "smoote")
    with pytest.raises(InputError, match="expected the name of one variant"):
        stage(resample_stage)
