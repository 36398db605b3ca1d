"""What over-samplers need of memory, and what is refused."""

from pathlib import Path

import numpy as np
import pandas as pd
import psutil
import pytest
from folding import ONES, STANDARD, chained
from imblearn import FunctionSampler
from imblearn.combine import SMOTETomek
from imblearn.over_sampling import ADASYN, SMOTE, SMOTEN, BorderlineSMOTE, RandomOverSampler
from imblearn.over_sampling.base import BaseOverSampler
from imblearn.under_sampling import TomekLinks
from sklearn import config_context

from pipeline import config
from pipeline.errors import InputError
from pipeline.fit import chains, folds, memory, run, tuning
from pipeline.fit.memory import Limit, OutOfMemory, largest, needed
from pipeline.fit.resampling import resample
from pipeline.fit.samplers import suit
from pipeline.table import room

ROOT = Path(__file__).parents[2]
ROW = (3 * 2 + 14) * 8  # bytes of a row with two numbers
WHERE = "variants.smote.sampler"


@pytest.fixture(scope="module")
def rows():
    """2,000 rows with two numbers, 100 of them positive."""
    X = pd.DataFrame(np.random.default_rng(5).normal(size=(2000, 2)), columns=["a", "b"])
    return X, pd.Series([1] * 100 + [0] * 1900, name="buy", dtype="int8")


@pytest.fixture(scope="module")
def three():
    """Codes 0 to 2, with 600, 300 and 60 rows."""
    X = pd.DataFrame(np.random.default_rng(5).normal(size=(960, 2)), columns=["a", "b"])
    return X, pd.Series([0] * 600 + [1] * 300 + [2] * 60, dtype="int8")


@pytest.fixture
def groups(tmp_path):
    """Writes a cgroup's files: what /proc says, and limits by file; returns the limits found."""

    def found(memberships, files):
        (tmp_path / "proc").write_text(memberships)
        for name, text in files.items():
            (tmp_path / "fs" / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / "fs" / name).write_text(text)
        return min(room.cgroup_limits(tmp_path / "proc", tmp_path / "fs"))

    return found


class Doubled(BaseOverSampler):
    """A sampler of the user's own that says how many rows it makes."""

    def _fit_resample(self, X, y):
        raise NotImplementedError


@pytest.mark.parametrize(
    ("sampler", "number"),
    [
        (SMOTE(), 3800),
        (SMOTE(sampling_strategy=0.5), 2850),
        (SMOTE(sampling_strategy={1: 700}), 2600),
        (BorderlineSMOTE(), 3800),
        (ADASYN(), 3800),
        (RandomOverSampler(shrinkage=1.0), 3800),
        (SMOTETomek(), 3800),
        (SMOTETomek(smote=SMOTE(sampling_strategy=0.25)), 2375),
        (Doubled(sampling_strategy=0.5), 2850),
        (SMOTE(sampling_strategy=0.01), 2000),  # which imbalanced-learn refuses: fewer than there are
        (TomekLinks(), 0),
        (FunctionSampler(), 0),
    ],
)
def test_the_memory_needed_follows_from_the_rows_that_come_out(rows, sampler, number):
    assert needed(sampler, *rows) == number * ROW


@pytest.mark.parametrize("strategy", ["auto", 0.31, {1: 101}])
def test_the_rows_that_are_counted_are_those_that_are_made(rows, strategy):
    made = memory.rows_made(strategy, rows[1])
    for sampler in (SMOTE(sampling_strategy=strategy), RandomOverSampler(sampling_strategy=strategy)):
        assert len(resample(*rows, sampler, [0, 1])[1]) == 2000 + made[1]


def test_categories_take_six_numbers_and_their_search_all_pairs_of_rows(rows):
    X, y = rows[0].assign(c="x"), rows[1]
    of_rows = 3800 * (3 * (2 + 6) + 14) * 8
    assert needed(suit(RandomOverSampler(), X), X, y) == of_rows
    assert needed(suit(RandomOverSampler(shrinkage=1.0), X), X, y) == of_rows  # the one within Jitter
    assert needed(suit(SMOTE(), X), X, y) == of_rows + 16 * 100**2
    with config_context(working_memory=0.05):  # MiB
        assert needed(suit(SMOTE(), X), X, y) == of_rows  # of less than one MiB, none
    texts = X[["c"]].assign(d="y")
    with config_context(working_memory=1):  # SMOTEN computes all of them at once
        many = pd.concat([texts] * 10), pd.concat([y] * 10)
        assert needed(SMOTEN(), *many) == 38_000 * (3 * 12 + 14) * 8 + 16 * 1000**2


def test_the_largest_strategy_that_fits_is_what_trying_all_of_them_finds(rows, monkeypatch):
    monkeypatch.setattr(memory, "STEPS", 500)
    for most in (2004 * ROW, 2500 * ROW, 3123 * ROW - 1, 3800 * ROW):
        fitting = [
            step / 500
            for step in range(27, 501)  # from 100 / 1900 on, which makes no row
            if needed(SMOTE(sampling_strategy=step / 500), *rows) <= most
        ]
        assert largest(SMOTE(), *rows, ["no", "yes"], most) == max(fitting)
    assert largest(SMOTE(), *rows, ["no", "yes"], 2000 * ROW) is None


def test_the_largest_strategy_of_several_classes_gives_each_the_same_share_of_what_was_asked(three):
    labels = ["low", "middle", "high"]
    # 300 and 540 rows were to be made; of a third of them, 100 and 180, there are 1,240.
    found = largest(SMOTE(), *three, labels, 1240 * ROW)
    assert found == {"middle": 400, "high": 240}
    tried = [(300 * step // 10_000) + (540 * step // 10_000) for step in range(10_001)]
    assert found["middle"] + found["high"] - 360 == max(each for each in tried if 960 + each <= 1240)


def test_a_strategy_by_class_stays_one(rows):
    assert largest(SMOTE(sampling_strategy={1: 1100}), *rows, ["no", "yes"], 2500 * ROW) == {"yes": 600}


def test_too_large_a_result_is_refused_with_what_fits(rows):
    limit = Limit(0.5, 5000 * ROW, WHERE)  # 2,500 rows of 5,000
    with pytest.raises(OutOfMemory) as refused:
        resample(*rows, SMOTE(), ["no", "yes"], limit)
    # 3,800 rows need 3,800 / 5,000 = 0.76 of the memory; the first that makes 501 is 601 / 1,900 = 0.31632.
    assert str(refused.value) == (
        "SMOTE makes 3,800 rows of 2,000 rows and 2 columns, which needs about 608 kB of memory; machine.memory=0.5 "
        "allows 400 kB of 800 kB. Make fewer rows: -S ++variants.smote.sampler.sampling_strategy=0.3163, or allow "
        "more: -S machine.memory=0.76."
    )
    fits = SMOTE(sampling_strategy=0.3163, random_state=0)
    assert len(resample(*rows, fits, ["no", "yes"], limit)[1]) == 2500
    with pytest.raises(OutOfMemory):
        resample(*rows, SMOTE(sampling_strategy=0.3164), ["no", "yes"], Limit(1, 2500 * ROW - 1, WHERE))


def test_the_advice_names_the_sampler_within(rows):
    sampler = SMOTETomek(smote=SMOTE())
    with pytest.raises(OutOfMemory, match=r"\+\+variants\.smote\.sampler\.smote\.sampling_strategy=0\.3163, or"):
        resample(*rows, sampler, ["no", "yes"], Limit(0.5, 5000 * ROW, WHERE))


def test_the_advice_for_noise_on_numbers_alone_names_the_setting_of_the_sampler_given(rows):
    X, y = rows[0].assign(c="x"), rows[1]
    sampler = suit(RandomOverSampler(shrinkage=1.0), X)
    need = needed(sampler, X, y)
    with pytest.raises(OutOfMemory, match=r"\+\+variants\.smote\.sampler\.sampling_strategy=0\.\d+, or"):
        resample(X, y, sampler, ["no", "yes"], Limit(0.9, need, WHERE))


def test_the_advice_for_several_classes_can_be_pasted(three):
    with pytest.raises(OutOfMemory, match="sampling_strategy={middle: 400, high: 240}', or"):
        resample(*three, SMOTE(), ["low", "middle", "high"], Limit(0.5, 2480 * ROW, WHERE))


def test_where_nothing_fits_more_memory_is_all_that_helps(rows):
    with pytest.raises(OutOfMemory, match=r"800 kB. Allow more: -S machine.memory=0.76.$"):
        resample(*rows, SMOTE(), ["no", "yes"], Limit(0.1, 5000 * ROW, WHERE))
    with pytest.raises(OutOfMemory, match=r"160 kB. Use a machine with more memory.$"):
        resample(*rows, SMOTE(), ["no", "yes"], Limit(0.5, 1000 * ROW, WHERE))


def test_a_result_that_just_fits_is_made(rows):
    assert len(resample(*rows, SMOTE(), [0, 1], Limit(1, 3800 * ROW, WHERE))[1]) == 3800


class Exhausted(SMOTE):
    """Memory runs out."""

    def fit_resample(self, X, y):
        return np.empty((2**45, 2**10))


class ExhaustedCleaner(TomekLinks):
    fit_resample = Exhausted.fit_resample


def test_memory_that_runs_out_is_a_refusal_too(rows):
    with pytest.raises(OutOfMemory) as refused:
        resample(*rows, Exhausted(), ["no", "yes"], Limit(0.5, 20_000 * ROW, WHERE))
    # Half of 3,800 rows are fewer than there are: nothing fits.
    assert str(refused.value) == (
        "Exhausted makes 3,800 rows of 2,000 rows and 2 columns, which needs about 608 kB of memory or more, and "
        "memory ran out (machine.memory=0.5 allows 1.6 MB of 3.2 MB). Use fewer rows."
    )
    with pytest.raises(OutOfMemory, match="^ExhaustedCleaner ran out of memory on 2,000 rows and 2 columns. Use fewer"):
        resample(*rows, ExhaustedCleaner(), ["no", "yes"], Limit(0.5, 20_000 * ROW, WHERE))
    few = rows[0].iloc[90:500], rows[1].iloc[90:500]  # 10 of 410: half of 800 rows are 400
    with pytest.raises(OutOfMemory, match="Use fewer rows or columns, or a machine"):
        resample(*few, Exhausted(), ["no", "yes"])


def test_c_is_never_chosen_without_the_sampler_because_memory_is_short(visits):
    X, y = visits.drop(columns="buy"), visits.buy
    chain = chained(SMOTE(), grid=[0.1, 1.0])
    short = chains.Chain(STANDARD, SMOTE(), chain.model, chain.search, chain.criterion, chain.task, Limit(1, 9, WHERE))
    with pytest.raises(OutOfMemory):
        tuning.tune(X, y, short, where=(1,), weight=ONES)


def test_folds_are_refused_by_number_and_fewer_run_at_once_where_memory_is_short(visits, monkeypatch):
    need = needed(SMOTE(k_neighbors=2), visits.drop(columns="buy"), visits.buy)
    seen = []
    each = folds.parallel.each
    monkeypatch.setattr(folds.parallel, "each", lambda *task, jobs: seen.append(jobs) or each(*task, jobs=1))
    plain = chained(SMOTE(k_neighbors=2))

    def folded(total, jobs):
        parts = (plain.preprocessing, plain.sampler, plain.model, None, None, plain.task, Limit(1, total, WHERE))
        how = {"folds": 3, "repeats": 1, "seed": 1, "weight": ONES, "jobs": jobs}
        return folds.out_of_fold(visits, target="buy", chain=chains.Chain(*parts), **how)

    assert folded(10 * need, 4).predictions.equals(folded(3 * need + 1, 4).predictions)
    folded(need, 4)
    folded(10 * need, 1)
    assert seen == [4, 3, 1, 1]
    with pytest.raises(InputError, match="^fold 1 of 3: SMOTE makes 60 rows of 40 rows"):
        folded(need // 3, 4)


def test_a_run_is_refused_for_all_its_rows_before_its_folds(raw):
    raw["machine"]["memory"] = 1e-6
    with pytest.raises(OutOfMemory, match="^SMOTE makes 1,330 rows of 700 rows and 4 columns"):
        run.run(config.check(raw), "smote")


def test_the_limit_is_a_share_of_the_lower_of_machine_and_cgroup(raw, monkeypatch):
    raw["machine"]["memory"] = 0.25
    monkeypatch.setattr(room, "cgroup_limits", lambda: [4000, 2**63])
    found = memory.limit(config.check(raw), "smote")
    assert found == Limit(0.25, 4000, "variants.smote.sampler")
    assert found.allowed == 1000
    monkeypatch.setattr(room, "cgroup_limits", lambda: [2**63])
    assert room.total() == psutil.virtual_memory().total


def test_the_limit_of_a_cgroup_of_version_2_is_the_lowest_of_its_line(groups):
    assert groups("0::/a/b\n", {"a/b/memory.max": "max\n", "a/memory.max": "5000\n", "memory.max": "7000\n"}) == 5000
    assert groups("0::/a/b\n", {"a/b/memory.max": "4000\n"}) == 4000
    assert groups("0::/a/b\n", {"a/c/memory.max": "10\n"}) == 4000  # another group


def test_a_container_sees_its_own_cgroup_as_the_root(groups):
    assert groups("0::/\n", {"memory.max": "3000\n"}) == 3000
    assert groups("0::/outside/of/it\n", {}) == 3000


def test_the_limit_of_a_cgroup_of_version_1_is_that_of_its_memory_controller(groups):
    memberships = "12:cpu,cpuacct:/x\n5:memory:/docker/1\n0::/\n"
    files = {"memory/docker/1/memory.limit_in_bytes": "6000\n", "memory/memory.limit_in_bytes": f"{2**63 - 4096}\n"}
    assert groups(memberships, {**files, "x/memory.max": "1\n", "memory/x/memory.limit_in_bytes": "1\n"}) == 6000


def test_without_a_limit_or_without_cgroups_there_is_none(groups, tmp_path):
    assert groups("0::/a\n", {"a/memory.max": "max\n"}) == 2**63
    assert room.cgroup_limits(tmp_path / "none", tmp_path) == [2**63]
