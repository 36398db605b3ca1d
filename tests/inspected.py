"""Tables to inspect."""

import numpy as np
import pandas as pd


def table_of(counts, **more):
    """Rows by class, shuffled, with two columns of noise."""
    rng, labels = np.random.default_rng(2), np.repeat(list(counts), list(counts.values()))
    rows = len(labels)
    return pd.DataFrame({"a": rng.normal(size=rows), "b": rng.normal(size=rows), "y": rng.permutation(labels), **more})
