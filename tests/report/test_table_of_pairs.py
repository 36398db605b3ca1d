"""The table of models and methods, on the page of a comparison and in its text."""

import re
from dataclasses import replace

import pytest

from pipeline.judge import comparison
from pipeline.report import verify
from pipeline.report.files import pages
from pipeline.report.page import render
from pipeline.report.tables import markdown

COPIES = {"trees": "none", "trees_smote": "smote"}
CELLS = re.compile(r"<t[dh][^>]*>(.*?)</t[dh]>")


@pytest.fixture
def of_models(evidence):
    """Two visitors' models: trees do for them as the common model does, and SMOTE harms both."""

    def twice(parts):
        return {**parts, **{name: parts[like] for name, like in COPIES.items()}}

    results = twice(evidence.results)
    for name in COPIES:
        model = {**results[name]["model"], "model": "RandomForestClassifier"}
        results[name] = {**results[name], "variant": name, "model": model}
    parts = {key: twice(getattr(evidence, key)) for key in ("predictions", "out_of_fold", "folds", "components")}
    return replace(evidence, results=results, baselines=dict.fromkeys(COPIES, "trees"), **parts)


def rows(page):
    """The rows of the first table below "Which model?", each as the texts of its cells."""
    table = page.partition('<h2 id="pairs">Which model?</h2>')[2].partition("</table>")[0]
    found = [CELLS.findall(row) for row in re.findall(r"<tr>(.*?)</tr>", table, re.DOTALL)]
    return [[re.sub(r"<[^>]*>", " ", cell).split() for cell in cells] for cells in found]


def test_the_page_has_a_row_for_each_model_and_a_column_for_each_method(of_models):
    page = pages(of_models)["index.html"]
    head, line, trees = rows(page)
    assert head == [["model"], ["none"], ["smote"], ["do", "methods", "help", "this", "model?"]]
    assert [cells[0] for cells in (line, trees)] == [["LogisticRegression"], ["trees"]]
    assert line[1] == ["1.000"]  # the reference
    assert trees[1] == ["1.000", "0.000", "to", "0.000", "EQUIVALENT"]
    assert line[2][0] == trees[2][0] == "0.833"  # 5/6 in each fold, against 1
    assert line[2][-1] == trees[2][-1]
    assert line[3] == trees[3] == ["keep", "it", "as", "it", "is", "(proven)"]
    assert "compared with LogisticRegression without resampling, adjusted for all pairs" in page
    assert "<title>visits: which model, and does it need rebalancing?</title>" in page
    assert '<span class="name">trees + smote</span>' in page
    assert "<h1>Keep LogisticRegression without resampling" in page


def test_a_page_of_one_model_has_no_such_table(page, comparison):
    assert "Which model?" not in page
    assert "do methods help" not in markdown(comparison)


def test_without_a_decision_there_is_no_table(of_models):
    without = replace(of_models, folds=dict.fromkeys(of_models.folds), out_of_fold=dict.fromkeys(of_models.folds))
    made = comparison.compare(without)
    assert made["verdict"]["sentence"].startswith("No verdict: there are no folds")
    assert [each["action"] for each in made["verdict"]["models"]] == ["none", "none"]
    assert "Which model?" not in render(made, {}, command="dvc repro", evidence=None)
    assert "do methods help" not in markdown(made)


def test_the_text_has_the_same_table(of_models):
    text = markdown(comparison.compare(of_models))
    (trees,) = (
        line for line in text.splitlines() if line.startswith("| trees ") and "judged" not in line and "[" in line
    )
    cells = [cell.strip() for cell in trees.strip("|").split("|")]
    assert cells[1] == "1.000 [0.000, 0.000] EQUIVALENT"
    assert cells[3] == "keep it as it is (proven)"


def test_a_page_of_models_is_verified_from_the_predictions_in_it(of_models):
    page = pages(of_models)["index.html"]
    assert verify.verify(page, None) == []
    (found, *_) = verify.verify(page.replace("1.000<small>0.000 to", "1.001<small>0.000 to", 1), None)
    assert "'Which model?', row trees, column 2: the page has '1.001', its predictions give '1.000'" in found
