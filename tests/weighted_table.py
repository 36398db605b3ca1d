"""A table with a column of weights, and the settings for it."""

from pathlib import Path

import numpy as np
import pandas as pd

from pipeline import config

OWN = [
    "data=csv",
    "data.path=t.csv",
    "data.target=y",
    "data.weight=w",
    "~variant@variants.augmentation",
    "~variant@variants.smote",
    "evaluate.repeats=1",
    "evaluate.folds=3",
]


def table(rows=300):
    random = np.random.default_rng(2)
    found = pd.DataFrame({"x": random.normal(size=rows), "z": random.normal(size=rows)})
    found["who"], found["day"] = [f"p{number}" for number in random.integers(0, 60, rows)], random.permutation(rows)
    found["w"] = np.round(random.uniform(0.5, 4.0, rows), 2)
    found["y"] = (found.x + 0.7 * random.normal(size=rows) > 1.3).astype(int)
    return found


def settings(project, rows, *overrides, drop="who,day"):
    """The settings for a table, which is written as t.csv to the folder that `project` goes to, and these overrides."""
    # A name of its own, since a process keeps the last table by its settings.
    project(*OWN, f"data.name={Path.cwd().name}", f"data.drop=[{drop}]", *overrides)
    rows.to_csv("t.csv", index=False)
    return config.load()
