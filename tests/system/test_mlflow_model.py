"""A logged model where the project is not installed."""

import json
import os
import subprocess
import sys
import urllib.request
from pathlib import Path

import pandas as pd
from reproductions import publish
from stores import stored

# The environment has the project installed: this process forgets it, from the path and from Python's finders.
ELSEWHERE = """
import importlib.util, json, sys
project, model, rows, found = sys.argv[1:]
sys.path = [place for place in sys.path if place not in ("", project)]
sys.meta_path = [finder for finder in sys.meta_path if "editable" not in repr(finder).lower()]
assert importlib.util.find_spec("pipeline") is None
import mlflow.pyfunc, pandas as pd
scored = mlflow.pyfunc.load_model(model).predict(pd.read_parquet(rows))
scored.to_parquet(found)
import pipeline
imported = [name for name in ("omegaconf", "hydra", "imblearn", "matplotlib") if name in sys.modules]
print(json.dumps({"pipeline": pipeline.__file__, "imported": imported}))
"""


def test_a_logged_model_predicts_where_the_project_is_not_importable(reproduced, tmp_path_factory):
    publish()
    (_, _, smote), client = stored(reproduced)
    (logged,) = client.search_logged_models([smote.info.experiment_id], f"source_run_id = '{smote.info.run_id}'")
    folder = Path(urllib.request.url2pathname(logged.artifact_location.removeprefix("file://")))
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    test = pd.read_parquet("data/split/test.parquet").drop(columns="buy")
    test.to_parquet(elsewhere / "rows.parquet")
    root = str(Path(__file__).parents[2])
    blas = {name: value for name, value in os.environ.items() if name.startswith("OPENBLAS_")}
    done = subprocess.run(
        [sys.executable, "-c", ELSEWHERE, root, str(folder), "rows.parquet", "found.parquet"],
        cwd=elsewhere,
        # The last bits are those of one kernel of BLAS.
        env={"PATH": "/usr/bin:/bin", "HOME": str(elsewhere), "DO_NOT_TRACK": "true", **blas},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout.splitlines()[-1])
    assert Path(seen["pipeline"]).is_relative_to(folder)
    assert seen["imported"] == []
    expected = pd.read_parquet("data/evaluate/smote/predictions.parquet").probability
    assert pd.read_parquet(elsewhere / "found.parquet").raw_probability.tolist() == expected.tolist()
