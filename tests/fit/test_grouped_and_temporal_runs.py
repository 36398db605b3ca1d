import numpy as np
import pandas as pd
import pytest

from pipeline import config
from pipeline.fit import run, splits


@pytest.mark.parametrize("by", ["group", "time"])
def test_a_whole_run_keeps_groups_together_and_time_in_order(project, by):
    random = np.random.default_rng(2)
    table = pd.DataFrame({"x": random.normal(size=400), "z": random.normal(size=400)})
    table["who"], table["day"] = [f"p{number}" for number in random.integers(0, 80, 400)], random.permutation(400)
    table["y"] = (table.x + random.normal(size=400) > 1.4).astype(int)
    folder = project()
    table.to_csv(folder / "t.csv", index=False)
    choice = {"group": ["split=grouped", "data.group=who", "data.drop=[day]"]}
    choice["time"] = ["split=temporal", "data.time=day", "data.drop=[who]"]
    project("data=csv", "data.path=t.csv", "data.target=y", "evaluate.repeats=2", "model.search=null", *choice[by])
    params = config.load()
    made = run.run(params, "smote")
    seen, tested = made.out_of_fold, made.predictions.index
    if by == "group":
        who = table.who
        assert not set(who[tested]) & set(who[seen.index.unique()])
        assert seen.groupby([seen.repeat, who[seen.index].to_numpy()]).fold.nunique().max() == 1
        assert made.folds.repeat.nunique() == 2
    else:
        day = table.day
        assert day[tested].min() > day[seen.index].max()
        assert [day[rows.index].min() for _, rows in seen.groupby("fold")] == sorted(
            day[rows.index].min() for _, rows in seen.groupby("fold")
        )
        assert made.folds.repeat.nunique() == 1
        assert (made.folds.positives >= splits.LEAST).all()
