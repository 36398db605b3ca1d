import importlib
import re
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from sklearn.linear_model import LogisticRegression

from pipeline.errors import InputError
from pipeline.fit import build as build_
from pipeline.fit import code, stored

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "extensions/README.md").read_text(encoding="utf-8")
SAMPLER, VARIANT = (re.search(rf"```{kind}\n(.*?)```", TEXT, re.DOTALL)[1] for kind in ("python", "yaml"))
MODEL = "from sklearn.linear_model import LogisticRegression\n\n\nclass Logit(LogisticRegression):\n    pass\n"
TRUSTED = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))["trusted_packages"]


@pytest.fixture
def project_of(tmp_path, monkeypatch):
    """Goes to an empty folder, from which modules are imported, and writes these files there."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    there = set(sys.modules)

    def write(**modules):
        for name, text in modules.items():
            path = Path(name.replace("__", "/")).with_suffix(".py")
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
        importlib.invalidate_caches()

    yield write
    for name in set(sys.modules) - there:
        if name.partition(".")[0] in ("extensions", "mine"):
            del sys.modules[name]


def build(node, method="fit_resample", trusted=TRUSTED):
    return build_.build(node, where="variants.mine.sampler", method=method, trusted=trusted)


def test_the_sampler_in_the_readme_is_built_and_repeats_the_rarest_class(project_of):
    assert len([line for line in SAMPLER.splitlines() if line.strip()]) <= 10
    project_of(extensions__repeat=SAMPLER)
    sampler = build(yaml.safe_load(VARIANT)["sampler"])
    X, y = pd.DataFrame({"a": [1.0, 2.0, 3.0, 4.0]}), pd.Series([0, 1, 0, 0])
    X_resampled, y_resampled = sampler.fit_resample(X, y)
    assert X_resampled.a.tolist() == [1, 2, 3, 4, 2, 2]
    assert y_resampled.tolist() == [0, 1, 0, 0, 1, 1]


def test_the_project_trusts_extensions_unless_settings_say_otherwise(project_of):
    project_of(extensions__repeat=SAMPLER)
    with pytest.raises(InputError, match="expected a class from sklearn, imblearn, pipeline, found extensions.repeat"):
        build({"_target_": "extensions.repeat.Repeat"}, trusted=["sklearn", "imblearn", "pipeline"])
    with pytest.raises(InputError, match="extensions.repeat has no Repeet; did you mean 'Repeat'"):
        build({"_target_": "extensions.repeat.Repeet"})
    with pytest.raises(InputError, match="extensions.other.Repeat can't be imported"):
        build({"_target_": "extensions.other.Repeat"})


@pytest.mark.parametrize("name", ["mine", "mine__deep"])
def test_a_module_elsewhere_beside_the_project_is_refused_with_the_way_out(project_of, tmp_path, name):
    project_of(**{name: SAMPLER})
    target = f"{name.replace('__', '.')}.Repeat"
    with pytest.raises(InputError) as refused:
        build({"_target_": target}, trusted=[*TRUSTED, "mine"])
    file = tmp_path / f"{name.replace('__', '/')}.py"
    assert str(refused.value) == (
        f"variants.mine.sampler._target_: {target} is in {file}. There, changes would go unnoticed, and "
        f"results become stale. Move the file to extensions/, and write extensions.{target}."
    )


def test_one_line_of_an_extension_changes_the_hash_of_the_code_and_a_cache_does_not(project_of):
    bare = code.code()
    project_of(extensions__repeat=SAMPLER)
    first = code.code()
    Path("extensions/__pycache__").mkdir()
    Path("extensions/__pycache__/repeat.cpython-311.pyc").write_bytes(b"cache")
    Path("extensions/README.md").write_text("words", encoding="utf-8")
    assert code.code() == first != bare
    project_of(extensions__repeat=SAMPLER.replace("times=1", "times=2"))
    assert code.code() not in (first, bare)


def test_trusted_packages_count_by_the_version_of_their_distribution(monkeypatch):
    assert code.versions(TRUSTED) == code.versions(["nowhere"]) == {}
    assert list(code.versions(["yaml", *TRUSTED])) == ["PyYAML"]
    before = code.code(trusted=["yaml"])
    monkeypatch.setattr(code, "version", lambda name: "99" if name == "PyYAML" else "1")
    changed = code.code(trusted=["yaml"])
    monkeypatch.setattr(code, "version", lambda name: "1")
    assert len({before, changed, code.code(trusted=["yaml"])}) == 3


def test_a_model_of_an_extension_is_stored_and_read_and_one_from_elsewhere_is_not(project_of):
    project_of(extensions__logit=MODEL, mine=MODEL)
    X, y = np.arange(20.0).reshape(-1, 1), np.arange(20) > 12
    model = build({"_target_": "extensions.logit.Logit", "C": 2.0}, method="predict_proba").fit(X, y)
    stored.write_model(Path("model.skops"), model)
    read = stored.read_model(Path("model.skops"))
    assert type(read) is type(model)
    assert read.predict_proba(X).tolist() == LogisticRegression(C=2.0).fit(X, y).predict_proba(X).tolist()
    other = importlib.import_module("mine").Logit().fit(X, y)
    with pytest.raises(InputError, match=r"Logit can't be stored safely, because it contains mine.Logit"):
        stored.write_model(Path("other.skops"), other)
