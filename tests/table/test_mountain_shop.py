from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from pipeline.table import mountain_shop
from pipeline.table.mountain_shop import probability, simulate

# The article's table: mean and standard deviation of time and pages, share of ski and climb.
ARTICLE = {0: (178.2, 60.4, 1.97, 0.58, 0.37, 0.37), 1: (247.1, 64.8, 2.92, 0.60, 0.50, 0.90)}


@pytest.fixture(scope="module")
def large():
    return simulate(rows=400_000, prevalence=0.25, seed=7)


def test_class_counts_are_the_article_s():
    table, truth = simulate(rows=1000, prevalence=0.05, seed=42)
    assert table.columns.tolist() == ["time_on_page", "pages_viewed", "interest_ski", "interest_climb", "buy"]
    assert table.buy.value_counts().to_dict() == {0: 950, 1: 50}
    assert len(truth) == 1000
    assert 10 < table.buy[:500].sum() < 40  # in random order


def test_distributions_by_class_are_the_article_s(large):
    table, _ = large
    for label, (time, time_sd, pages, pages_sd, ski, climb) in ARTICLE.items():
        rows = table[table.buy == label]
        assert rows.time_on_page.mean() == pytest.approx(time, abs=0.6)
        assert rows.time_on_page.std() == pytest.approx(time_sd, abs=0.4)
        assert rows.pages_viewed.mean() == pytest.approx(pages, abs=0.01)
        assert rows.pages_viewed.std() == pytest.approx(pages_sd, abs=0.012)
        assert rows.interest_ski.mean() == pytest.approx(ski, abs=0.005)
        assert rows.interest_climb.mean() == pytest.approx(climb, abs=0.005)
        correlations = rows.drop(columns="buy").corr().to_numpy()[np.triu_indices(4, 1)]
        assert np.abs(correlations).max() < 0.015


def test_values_are_whole_and_pages_never_negative(large):
    table, _ = large
    assert (table % 1 == 0).all(axis=None)
    assert table.pages_viewed.min() == 0
    assert not np.signbit(table.to_numpy()[table.to_numpy() == 0]).any()


def test_the_true_probability_is_the_share_of_buyers_among_visits_like_it(large):
    table, truth = large
    bins = pd.cut(truth, np.linspace(0, 1, 21))
    share, said = table.buy.groupby(bins, observed=True).mean(), truth.groupby(bins, observed=True).mean()
    rows = truth.groupby(bins, observed=True).size()
    assert (np.abs(share - said) < 4 * np.sqrt(said * (1 - said) / rows)).all()
    assert truth.mean() == pytest.approx(0.25, abs=0.002)


def test_the_true_probability_is_bayes_rule_on_a_grid():
    grid = pd.DataFrame(
        [(t, p, s, c) for t in (-80.0, 0.0, 120.0, 260.0, 480.0) for p in range(6) for s in (0, 1) for c in (0, 1)],
        columns=["time_on_page", "pages_viewed", "interest_ski", "interest_climb"],
    ).astype(float)

    def likelihood(visit, time, time_sd, pages, pages_sd, ski, climb):
        viewed = norm(pages, pages_sd)
        return (
            (norm.cdf(visit.time_on_page + 0.5, time, time_sd) - norm.cdf(visit.time_on_page - 0.5, time, time_sd))
            # all that rounds to 0 or below is 0 pages
            * (viewed.cdf(visit.pages_viewed + 0.5) - (visit.pages_viewed > 0) * viewed.cdf(visit.pages_viewed - 0.5))
            * (ski if visit.interest_ski else 1 - ski)
            * (climb if visit.interest_climb else 1 - climb)
        )

    expected = []
    for visit in grid.itertuples():
        stays = 0.95 * likelihood(visit, 178.2, 60.4, 1.97, 0.50, 0.37, 0.37)
        buys = 0.05 * likelihood(visit, 247.1, 64.8, 2.92, 0.53, 0.50, 0.90)
        expected.append(buys / (buys + stays))
    assert probability(grid, prevalence=0.05).tolist() == pytest.approx(expected, rel=1e-6)


def test_pages_below_none_are_none_and_the_truth_knows(monkeypatch):
    # Half of those who only look would view fewer than no pages.
    lookers, buyers = mountain_shop.CLASSES
    monkeypatch.setattr(mountain_shop, "CLASSES", (replace(lookers, pages_mean=-0.5), replace(buyers, pages_mean=0.5)))
    table, truth = simulate(rows=100_000, prevalence=0.3, seed=1)
    none = table.pages_viewed == 0
    assert table.pages_viewed.min() == 0
    assert table.buy[none].mean() == pytest.approx(truth[none].mean(), abs=0.005)


def test_far_out_visits_keep_a_probability_between_0_and_1():
    far = pd.DataFrame(
        {"time_on_page": [-2000.0, 3000.0], "pages_viewed": [0.0, 40.0], "interest_ski": [0, 1], "interest_climb": 1}
    )
    assert probability(far, prevalence=0.05).between(0, 1).all()


def test_the_same_seed_gives_the_same_table_and_another_seed_another():
    one, again, other = (simulate(rows=50, prevalence=0.1, seed=seed)[0] for seed in (1, 1, 2))
    pd.testing.assert_frame_equal(one, again)
    assert not one.equals(other)


@pytest.mark.parametrize(("rows", "prevalence", "buyers"), [(10, 0.3, 3), (1000, 0.0014, 1), (7, 0.5, 4)])
def test_size_and_share_of_buyers_are_as_asked(rows, prevalence, buyers):
    table, _ = simulate(rows=rows, prevalence=prevalence, seed=0)
    assert (len(table), table.buy.sum()) == (rows, buyers)


def test_the_prior_is_the_share_of_buyers_that_the_table_has():
    # 1 of 1,000 rows buys, whatever rounding made of .0014.
    table, truth = simulate(rows=1000, prevalence=0.0014, seed=0)
    assert truth.tolist() == probability(table, prevalence=0.001).tolist()


def test_a_million_visits_are_simulated():
    table, truth = simulate(rows=1_000_000, prevalence=0.01, seed=3)
    assert table.buy.sum() == 10_000
    assert truth.mean() == pytest.approx(0.01, abs=2e-4)
