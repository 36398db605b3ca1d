import re

from pipeline.judge.comparison import compare
from pipeline.report.model_card import model_card


def lines(comparison):
    return model_card(comparison, command="dvc repro").splitlines()


def test_the_card_is_of_the_variant_that_the_verdict_chooses(comparison):
    card = lines(comparison)
    assert card[:3] == ["# Model card: visits, none", "", comparison["verdict"]["sentence"]]
    sections = [line for line in card if line.startswith("## ")]
    assert sections == [
        "## Data",
        "## Model",
        "## Metrics on the test rows",
        "## Calibration on the test rows",
        "## Caveats",
        "## Reproduce",
    ]
    comparison["verdict"]["variant"] = "smote"
    assert lines(comparison)[0] == "# Model card: visits, smote"
    assert any("16 rows, 6 of them synthetic" in line for line in lines(comparison))


def test_its_figures_are_the_comparison_s(comparison):
    comparison["verdict"]["variant"] = "smote"
    text = "\n".join(lines(comparison))
    cells = {row[0].strip(): row[1].strip() for row in re.findall(r"^\| ([^|]+)\|([^|]+)\|", text, re.MULTILINE)}
    # BOLD at .65: both positives and one false alarm; its average precision is 5/6.
    found = [cells[name] for name in ("average precision", "ROC AUC", "recall, at t*", "precision, at t*", "F1, at t*")]
    assert found == ["0.833", "0.875", "1.000", "0.667", "0.800"]
    assert "A row is predicted positive from a raw probability of 0.650 on" in text
    assert cells["raw"] == "1.7500"  # mean probability 3.5/6 over a third


def test_it_has_every_caveat_and_what_makes_it_again(comparison):
    card = lines(comparison)
    assert {f"- {caveat}" for caveat in comparison["verdict"]["caveats"]} <= set(card)
    again = "`dvc repro` makes this model and this card again. config `cccccccccccccccc`, code `dddddddddddddddd`."
    assert again in card


def test_without_a_threshold_or_caveats_the_card_says_so(comparison):
    for variant in comparison["variants"]:
        variant["holdout"]["tuned"] = None
    comparison["verdict"]["caveats"] = []
    text = "\n".join(lines(comparison))
    assert "No threshold was tuned: a row is predicted positive from a probability of 0.5 on." in text
    assert "- None was found." in text
    assert "recall, at 0.5" in text


def test_without_a_verdict_it_is_the_baseline_s(evidence):
    leaking = compare(evidence)
    leaking["verdict"] |= {"variant": None, "action": "none", "sentence": "No verdict: a reason."}
    assert lines(leaking)[:3] == ["# Model card: visits, none", "", "No verdict: a reason."]
