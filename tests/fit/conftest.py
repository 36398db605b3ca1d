import numpy as np
import pandas as pd
import pytest

from pipeline.table import mountain_shop


@pytest.fixture(scope="module")
def visits():
    """60 visits, 15 of them with a purchase, in an order that says nothing."""
    table, _ = mountain_shop.simulate(rows=60, prevalence=0.25, seed=8)
    index = pd.Index(np.random.default_rng(1).permutation(500)[:60], name="row_id")
    return table.astype(float).astype({"buy": "int8"}).set_axis(index)
