"""How long a sampler will take, told before it starts."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from imblearn import FunctionSampler
from imblearn.over_sampling import SMOTE
from imblearn.under_sampling import EditedNearestNeighbours, InstanceHardnessThreshold, TomekLinks
from omegaconf import OmegaConf
from sklearn.base import BaseEstimator

from pipeline import config, ingest, preprocess, split
from pipeline import resample as resample_stage
from pipeline.errors import InputError
from pipeline.fit import build, duration, run
from pipeline.fit.parallel import threads
from pipeline.fit.resampling import resample

ROOT = Path(__file__).parents[2]
VARIANTS = sorted(path.stem for path in (ROOT / "conf" / "variant").glob("*.yaml") if path.stem != "smote_nc")


class Slow(BaseEstimator):
    """A sampler of the user's own: `seconds` for a million rows, and a power of their number; from `least` rows on."""

    __module__ = "imblearn.of_the_tests"  # others are not tried
    clock = 0.0
    sizes: list = []  # noqa: RUF012

    def __init__(self, seconds=0.0, power=2.0, least=0):
        self.seconds, self.power, self.least = seconds, power, least

    def fit_resample(self, X, y):
        if len(X) < self.least:
            raise ValueError("too few rows")
        Slow.sizes.append((len(X), int(y.sum())))
        Slow.clock += self.seconds * (len(X) / 1e6) ** self.power
        np.random.default_rng().random()
        return X, y


@pytest.fixture
def clocked(monkeypatch):
    """The time is what `Slow` says."""
    Slow.clock, Slow.sizes = 0.0, []
    monkeypatch.setattr(duration.time, "perf_counter", lambda: Slow.clock)


@pytest.fixture(scope="module")
def many():
    """A million rows, 0.2% of them positive."""
    y = pd.Series(np.arange(1_000_000) % 500 == 7).astype("int8")
    return pd.DataFrame({"x": np.arange(1_000_000.0)}), y


@pytest.mark.parametrize("power", [1.0, 1.3, 2.0, 2.5])
def test_the_growth_that_is_seen_is_taken_to_go_on(clocked, many, power):
    assert duration.estimate(Slow(50_000, power), *many) == pytest.approx(50_000)
    assert Slow.clock < 150  # a small part of what it told


def test_a_growth_is_at_least_linear_and_at_most_cubic(clocked, many):
    flat = duration.estimate(Slow(100, 0.2), *many)
    last = Slow.sizes[-1][0]
    assert flat == pytest.approx(100 * (last / 1e6) ** 0.2 * 1e6 / last)
    steep = duration.estimate(Slow(1e9, 4.0), *many)
    size = Slow.sizes[-1][0]
    assert steep == pytest.approx(1e9 * (size / 1e6) ** 4 * (1e6 / size) ** 3)


def test_samples_have_the_proportions_of_the_classes_but_twenty_rows_of_each_at_least(clocked, many):
    duration.estimate(Slow(50_000), *many)
    assert Slow.sizes[:3] == [(519, 20), (519, 20), (1018, 20)]
    Slow.sizes.clear()
    duration.estimate(Slow(50_000), many[0], pd.Series([0, 1] * 500_000))
    assert Slow.sizes[:3] == [(500, 250), (500, 250), (1000, 500)]


def test_short_waits_small_tables_and_the_baseline_are_not_told(clocked, many, monkeypatch):
    assert duration.note(Slow(59, 2.0), *many) == ""
    assert duration.note(Slow(61, 2.0), *many) == "about 61 seconds for 1,000,000 rows"
    Slow.sizes.clear()
    few = many[0][:1999], many[1][:1999]
    assert duration.estimate(Slow(1e9), *few) == 0
    assert Slow.sizes == []
    monkeypatch.setattr(duration, "_timed", None)  # so that a trial would fail
    assert duration.estimate(FunctionSampler(), *many) == 0


def test_what_cannot_be_short_of_sixty_seconds_is_left_after_two_samples(clocked, many):
    duration.estimate(Slow(1e-9), *many)
    assert len(Slow.sizes) == 2


def test_a_sampler_that_refuses_small_samples_is_timed_on_larger_ones(clocked, many):
    assert duration.estimate(Slow(50_000, 2.0, 3000), *many) == pytest.approx(50_000)
    assert duration.estimate(Slow(50_000, 2.0, 10**6), *many) == 0


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (61, "61 seconds"),
        (119, "119 seconds"),
        (120, "2 minutes"),
        (250, "4 minutes"),
        (7199, "120 minutes"),
        (7200, "2 hours"),
        (400_000, "5 days"),
    ],
)
def test_times_are_in_units_that_people_use(monkeypatch, many, seconds, words):
    monkeypatch.setattr(duration, "estimate", lambda *_: seconds)
    assert duration.note(TomekLinks(), *many) == f"about {words} for 1,000,000 rows"


def test_folds_are_counted_with_those_that_choose_c(raw):
    y = pd.Series([0] * 90 + [1] * 10)
    assert (
        duration.again(config.check(raw), "none", y) == 51 * 4 - 1
    )  # 10 times 5 folds and all rows, each with 3 inner folds
    raw["model"]["search"] = None
    assert duration.again(config.check(raw), "none", y) == 50
    raw["evaluate"].update(folds=0)
    assert duration.again(config.check(raw), "none", y) == 0


def test_the_stage_says_the_wait_before_it_begins(project, stage, monkeypatch, capsys):
    project()
    for module in (ingest, split, preprocess):
        stage(module)
    capsys.readouterr()
    seen = []
    monkeypatch.setattr(duration, "estimate", lambda *_: 250.0)
    monkeypatch.setattr(
        resample_stage, "resample", lambda *given: seen.append(capsys.readouterr().out) or resample(*given)
    )
    stage(resample_stage, "smote")
    assert seen == ["smote: about 4 minutes for 700 rows, and at most as long for each of 203 fits in folds\n"]


def test_memory_that_is_short_ends_the_stage_with_what_fits(project, stage):
    project("machine.memory=1e-6")
    for module in (ingest, split, preprocess):
        stage(module)
    with pytest.raises(InputError) as refused:
        stage(resample_stage, "smote")
    assert str(refused.value).startswith(
        "variants.smote: SMOTE makes 1,330 rows of 700 rows and 4 columns, which needs"
    )
    assert str(refused.value).endswith("machine.memory=0.01, or leave it out with -S '~variant@variants.smote'.")


def test_memory_that_runs_out_in_the_stage_ends_it_with_what_was_made_of_what(project, stage, monkeypatch):
    project()
    for module in (ingest, split, preprocess):
        stage(module)

    def exhausted(*_):
        raise MemoryError

    monkeypatch.setattr(SMOTE, "fit_resample", exhausted)
    with pytest.raises(InputError, match="^variants.smote: SMOTE makes 1,330 rows of 700 rows.* memory ran out"):
        stage(resample_stage, "smote")


def test_runs_of_one_variant_are_tried_once_a_process(raw, monkeypatch):
    tried = []
    monkeypatch.setattr(duration, "estimate", lambda *given: tried.append(len(given[2])) or 0.0)
    raw["evaluate"]["folds"] = 0
    for name, seed in (("random_over", 1), ("random_over", 2), ("random_under", 1)):
        run.run(config.check({**raw, "seed": seed}), name)
    assert tried == [700, 700]


@pytest.mark.parametrize("name", VARIANTS)
def test_neither_an_estimate_nor_threads_change_the_rows_made(name, monkeypatch):
    monkeypatch.setattr(duration, "WORTH", 1e-9)
    monkeypatch.setattr(duration, "ENOUGH", 0.0)
    monkeypatch.setattr(duration, "LONG", 0.0)
    random = np.random.default_rng(3)
    y = pd.Series((np.arange(8000) % 20 == 0).astype("int8"))
    X = pd.DataFrame(random.normal(size=(8000, 3)) + y.to_numpy()[:, None], columns=["a", "b", "c"])
    node = OmegaConf.to_container(OmegaConf.merge({"seed": 1}, OmegaConf.load(ROOT / f"conf/variant/{name}.yaml")))
    node = OmegaConf.to_container(OmegaConf.create(node), resolve=True)["sampler"]

    def sampler():
        return build.build(node, where="sampler", method="fit_resample", trusted=["sklearn", "imblearn"])

    alone = resample(X, y, sampler(), [0, 1])
    given = sampler()
    with threads(2, given):
        unfitted = set(vars(given))
        seconds = duration.estimate(given, X, y)
        assert set(vars(given)) == unfitted
        assert (seconds > 0) == (node["_target_"] != "imblearn.FunctionSampler")
        together = resample(X, y, given, [0, 1])
    for one, other in zip(alone, together, strict=True):
        assert one.equals(other)


def test_searches_use_as_many_threads_as_there_are_jobs(monkeypatch):
    from sklearn.neighbors import _base

    asked = []
    real = _base.Parallel
    monkeypatch.setattr(_base, "Parallel", lambda n, **how: asked.append(n) or real(n, **how))
    X = pd.DataFrame(np.random.default_rng(3).normal(size=(300, 2)))
    y = pd.Series([1] * 100 + [0] * 200)
    for jobs in (3, 1):
        with threads(jobs, SMOTE()):
            resample(X, y, SMOTE(), [0, 1])
    with threads(3, InstanceHardnessThreshold()):  # has an estimator, whose sums depend on the order of threads
        resample(X, y, SMOTE(), [0, 1])
    assert asked == [3, 1, 1]


def test_a_search_that_a_recipe_names_finds_the_same_rows():
    text = (ROOT / "docs" / "variants.md").read_text(encoding="utf-8")
    recipe = next(part for part in text.split("```yaml")[1:] if "NearestNeighbors" in part).partition("```")[0]
    node = OmegaConf.to_container(OmegaConf.create(recipe))["sampler"]
    named = build.build(node, where="sampler", method="fit_resample", trusted=["sklearn", "imblearn"])
    random = np.random.default_rng(3)
    y = pd.Series((np.arange(2000) % 10 == 0).astype("int8"))
    X = pd.DataFrame(random.normal(size=(2000, 12)) + y.to_numpy()[:, None])
    found, expected = (
        resample(X, y, sampler, [0, 1])[0] for sampler in (named, EditedNearestNeighbours(n_neighbors=3))
    )
    assert named.n_neighbors.algorithm == "brute"
    assert len(found) < 2000
    assert found.equals(expected)


def test_samples_of_one_size_are_no_growth(clocked):
    y = pd.Series(np.arange(60_000) % 300)
    assert duration.estimate(Slow(1000.0, 1.0), pd.DataFrame({"x": np.arange(60_000.0)}), y) == pytest.approx(60)


def test_a_sampler_that_may_share_a_generator_is_not_tried(many):
    drawn = []
    sampler = FunctionSampler(func=lambda X, y: drawn.append(len(X)) or (X, y), validate=False)
    assert duration.estimate(sampler, *many) == 0
    assert not drawn
