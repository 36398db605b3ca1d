import numpy as np
import pandas as pd

from pipeline import config
from pipeline.fit import parallel
from pipeline.tools import audit

CHEAP = tuple(f"~variant@variants.{name}" for name in ("random_under", "random_over", "augmentation", "smote"))


def highest_f1(folds, **_):
    """Chooses the highest mean F1 at 0.5, which on shuffled labels is now this variant, now that."""
    best = max(folds, key=lambda name: folds[name]["default_f1"].mean())
    return {"action": "keep" if best == "none" else "rebalance", "variant": best, "sentence": ""}


def test_the_number_of_processes_changes_no_outcome(project, tmp_path, monkeypatch):
    folder = project(
        "data=csv",
        "data.target=buy",
        f"data.path={tmp_path / 'visits.csv'}",
        "model.search=null",
        "evaluate.repeats=1",
        *CHEAP,
    )
    features = np.random.default_rng(3).normal(size=(120, 3)).round(3)
    table = pd.DataFrame(features, columns=["time", "pages", "age"]).assign(buy=np.repeat([1, 0], [24, 96]))
    table.to_csv(folder / "visits.csv", index=False)
    params = config.load()
    alone = audit.audit(params, null=3, criterion=highest_f1, jobs=1)
    (kept,) = (folder / "audit").iterdir()
    for path in kept.iterdir():
        path.unlink()
    monkeypatch.setattr(parallel, "LEAST", 0.0)  # seconds of work that are worth starting processes
    assert audit.audit(params, null=3, criterion=highest_f1, jobs=2) == alone
