"""The results of two variants in a folder, as `dvc repro` leaves them, with an empty MLflow store."""

import shutil
from pathlib import Path

import pytest
from stages import reproduce

from pipeline import compose, config
from pipeline.tracking import publish as publish_
from pipeline.tracking import reproduction

ROOT = Path(__file__).parents[1]
OVERRIDES = ["data.simulation.rows=400", "evaluate.repeats=1"] + [
    f"~variant@variants.{name}" for name in ("random_under", "random_over", "augmentation", "class_weight")
]
PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de"
    "0000000c4944415478da63f8ffff3f0005fe02fe0def46b80000000049454e44ae426082"
)
# Stand-ins for what compare writes, which is published as it is.
REPORTS = {
    "comparison.json": '{"variants": []}\n',
    "verdict.json": '{"action": "none", "evidence": null, "variant": null, "leading": null, "reference": null, '
    '"methods": []}\n',
    "comparison.csv": "variant\nnone\nsmote\n",
    "comparison.md": "| variant |\n|---|\n| none |\n| smote |\n",
    "model_card.md": "# Model card: none\n",
    "index.html": "<!doctype html><title>none, smote</title>\n",
}


@pytest.fixture(scope="session")
def made(tmp_path_factory, store):
    """A folder with these results; copy it."""
    folder = tmp_path_factory.mktemp("made")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        text = compose.compose(OVERRIDES)
        patch.chdir(folder)
        Path("params.yaml").write_text(text, encoding="utf-8")
        names = ("none", "smote")
        reproduce(names)
        own = ("confusion_matrix", "precision_recall", "reliability")
        for picture in ("class_counts", "roc", *(f"{name}/{each}" for name in names for each in own)):
            path = Path("reports/figures", f"{picture}.png")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(PIXEL)
        for name, content in REPORTS.items():
            Path("reports", name).write_text(content, encoding="utf-8")
    shutil.copy(store, folder / "mlflow.db")
    return folder


@pytest.fixture
def reproduced(made, tmp_path, monkeypatch):
    """Goes to a copy of these results."""
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def publish():
    """Publishes the results in the current folder."""
    params = config.load()
    parent, children, results = reproduction.gather(params)
    return publish_.publish(params.tracking, parent, children, results=results)


def set_tracking(key, value):
    """Sets `tracking.key` in params.yaml."""
    head, tracking, tail = Path("params.yaml").read_text(encoding="utf-8").partition("\ntracking:\n")
    lines = tail.splitlines(keepends=True)
    (number,) = [number for number, line in enumerate(lines) if line.startswith(f"  {key}:")]
    lines[number] = f"  {key}: {value}\n"
    Path("params.yaml").write_text(head + tracking + "".join(lines), encoding="utf-8")
