import re
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from chromium import CHROMIUM, FLAGS

from pipeline.judge import comparison
from pipeline.report import files
from pipeline.report.embedded import pack
from pipeline.report.page import FIGURES, render


@pytest.fixture
def page(evidence):
    return files.pages(evidence)["index.html"]


@pytest.fixture
def browser(tmp_path):
    if CHROMIUM is None:
        pytest.skip("chromium is not installed")

    def run(*arguments):
        command = [CHROMIUM, *FLAGS, f"--user-data-dir={tmp_path / 'profile'}", *arguments]
        return subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout

    return run


def test_the_page_loads_nothing_from_elsewhere(page):
    assert not re.findall(
        r"""(?:src|href)\s*=\s*["'](?!data:|#)|@import|url\(|<script(?! type="application/json")""", page
    )


def test_the_page_escapes_names_that_come_from_the_table(evidence):
    named = replace(evidence, table={**evidence.table, "name": "<b>x</b>", "target": "<script>"})
    page = render(comparison.compare(named), dict.fromkeys(FIGURES, b""), command="dvc repro", evidence=pack(named))
    assert "<script>" not in page
    assert "<b>x" not in page
    assert "&lt;b&gt;x&lt;/b&gt;" in page


def test_a_page_without_tuned_threshold_or_known_truth_renders(comparison):
    for variant in comparison["variants"]:
        variant["holdout"]["tuned"] = None
    comparison["best_possible"] = None
    page = render(comparison, dict.fromkeys(FIGURES, b""), command="dvc repro", evidence=None)
    assert page.count("no tuned threshold") == len(comparison["variants"])
    assert "best possible</th>" not in page
    assert "from data/evaluate" in page


def test_the_page_says_how_many_duplicates_cross_the_split_and_what_one_c_for_all_does(evidence):
    fixed = replace(
        evidence,
        classes={**evidence.classes, "duplicates": {"crossing": 3, "repeated": 5}},
        declared={**evidence.declared, "tuned": False, "grid": None},
    )
    page = render(comparison.compare(fixed), {}, command="dvc repro", evidence=None)
    assert "5 rows repeat another's features, 3 of the test rows a training row's" in page
    assert "C 1 for every variant, though resampling changes how much it penalises" in page
    assert "C chosen for each variant" not in page


def cells(page, variant):
    """The texts of a variant's row in both tables, without intervals."""
    rows = re.findall(rf"<tr[^>]*><th scope=\"row\">{variant}</th>(.*?)</tr>", page, re.DOTALL)
    plain = [re.sub(r"<small>.*?</small>", "", row) for row in rows]
    return [re.findall(r"<td[^>]*>(.*?)</td>", row) for row in plain]


def test_each_figure_stands_in_its_column(page):
    # BOLD at 0.5: 2 found, 2 false alarms, precision 1/2, F1 2/3; at .65: 2 found, 1 false alarm, 2/3, F1 .8.
    tested, same, decisions, ranking, probabilities = cells(page, "smote")
    # Platt's correction needs no test row: mean over observed is not 1 on these.
    assert probabilities[0] == "1.75"
    assert len(probabilities) == 9
    assert tested[:3] == ["WORSE", "0.833", "-0.167"]
    # BOLD alerts on the last four of six at 0.5, and so does TIMID from .15 on.
    assert same[:4] == ["66.7%", "0.150", "100.0%", "0.000"]
    assert decisions[:5] == ["1.000", "0.500", "2", "2", "0.667"]
    assert decisions[5:] == ["0.650", "1.000", "0.667", "2", "1", "0.800"]
    # AP 5/6, AUC 7/8; Brier (.09 + .16 + .3025 + .49 + .1225 + .01) / 6; mean 3.5/6 over 1/3.
    assert ranking == ["8 / 8", "6", "0.833", "0.875", "0.5677", "0.1958", "0.12", "1.75"]
    plain, *_ = cells(page, "none")
    assert plain[:5] == ["0.500", "1.000", "1", "0", "0.667"]


def test_a_browser_shows_both_tables_every_variant_and_every_picture(page, browser, tmp_path):
    # The script runs in the page: it writes what a reader sees into the title, which --dump-dom prints.
    probe = """<script>addEventListener('load', () => {
      const rows = [...document.querySelectorAll('tbody th')].map(th => th.textContent);
      const drawn = [...document.images].filter(i => i.complete && i.naturalWidth > 300).length;
      const fits = document.documentElement.scrollWidth <= document.documentElement.clientWidth;
      document.title = [rows.join(','), drawn, fits].join(';') })</script>"""
    file = tmp_path / "index.html"
    file.write_text(page.replace("</body>", probe + "</body>"))
    for width in (1280, 500):
        dom = browser(f"--window-size={width},900", "--dump-dom", file.as_uri())
        title = re.search(r"<title>(.*?)</title>", dom)[1]
        assert title == "smote,smote,none,smote,best possible,none,smote,best possible,none,smote;9;true"


def test_a_screenshot_of_the_page_is_not_blank(page, browser, tmp_path):
    import matplotlib.image

    file, shot = tmp_path / "index.html", tmp_path / "shot.png"
    file.write_text(page)
    browser("--window-size=1280,2000", f"--screenshot={shot}", file.as_uri())
    pixels = matplotlib.image.imread(Path(shot))[..., :3]
    assert pixels.shape[:2] == (2000, 1280)
    assert 0.02 < (pixels < 0.5).any(axis=2).mean() < 0.5  # ink
