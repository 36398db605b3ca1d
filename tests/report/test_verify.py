import re
from dataclasses import replace

import pytest

from pipeline.errors import InputError
from pipeline.report import files, verify
from pipeline.tools.verify import run


@pytest.fixture
def rendered(pages, monkeypatch):
    """The page, where computing everything again is known to give the same files and is not repeated."""
    monkeypatch.setattr(files, "pages", lambda evidence: pages)
    return pages["index.html"]


def test_an_unchanged_page_follows_from_its_predictions(page):
    assert verify.verify(page, None) == []


def test_a_changed_cell_is_named(rendered):
    section = rendered.index("Ranking and probabilities on the test rows")
    row = rendered.index('<tr><th scope="row">smote</th>', section)
    changed = rendered[:row] + rendered[row:].replace("<td>0.833", "<td>0.933", 1)
    (line,) = verify.verify(changed, None)
    assert line == (
        "'Ranking and probabilities on the test rows', row smote, column 2: the page has '0.933', "
        "its predictions give '0.833'"
    )


def test_a_changed_verdict_is_named(rendered, said):
    assert said["sentence"].startswith("Keep the model as it is, and move")
    changed = rendered.replace("<h1>Keep the model", "<h1>Drop the model")
    first, *_ = verify.verify(changed, None)
    assert "Drop the model" in first
    assert "Keep the model" in first


def test_a_moved_dot_or_a_changed_step_of_the_slider_is_found(rendered):
    for was, other in (('class="dot" style="left: ', 'class="dot" style="left: 1'), ('"tp": [', '"tp": [9')):
        assert was in rendered
        assert verify.verify(rendered.replace(was, other, 1), None)


def test_a_changed_picture_is_named(rendered):
    source = re.search(r"data:image/png;base64,([A-Za-z0-9+/]{200})", rendered)[1]
    (line,) = verify.verify(rendered.replace(source, source[:-1] + ("A" if source[-1] != "A" else "B")), None)
    assert line.startswith("picture 'Precision against recall")


def test_a_changed_byte_that_shows_nowhere_is_found(rendered):
    (line,) = verify.verify(rendered.replace("<main>", "<main >"), None)
    assert line.endswith("of the file differs, but nothing visible changed")


def test_changed_predictions_are_found_even_with_a_matching_page(page):
    block = verify.BLOCK.search(page)
    start = block[1].index('"out_of_fold"') + 80
    swapped = "A" if block[1][start] != "A" else "B"
    broken = page.replace(block[1], block[1][:start] + swapped + block[1][start + 1 :])
    assert any("predictions in the page were changed" in line for line in verify.verify(broken, None))


def test_every_changed_digit_of_the_tables_is_found(page):
    tables = list(re.finditer(r"<td[^>]*>([^<]*\d)", page))
    assert len(tables) > 40
    for cell in tables[:: len(tables) // 12]:
        digit = cell[1][-1]
        changed = page[: cell.end() - 1] + str((int(digit) + 1) % 10) + page[cell.end() :]
        assert len(verify.differences(changed, page)) == 1


def test_a_page_without_predictions_is_compared_with_what_the_stages_left(evidence, monkeypatch):
    monkeypatch.setattr(files, "pack", lambda evidence: None)
    monkeypatch.setattr(files, "draw", lambda evidence, comparison: {})  # which takes long
    page = files.pages(evidence)["index.html"]
    assert verify.verify(page, evidence) == []
    with pytest.raises(InputError, match="expected a report with its predictions in it"):
        verify.verify(page, None)
    other = replace(evidence, table={**evidence.table, "name": "others"})
    assert any("others" in line for line in verify.verify(page, other))


@pytest.mark.parametrize(("swap", "status"), [(("", ""), 0), (("0.833", "0.834"), 1)])
def test_the_exit_status_says_whether_all_agrees(rendered, tmp_path, capsys, swap, status):
    file = tmp_path / "index.html"
    file.write_text(rendered.replace(*swap, 1) if swap[0] else rendered, encoding="utf-8")
    assert run(file) == status
    last = capsys.readouterr().out.splitlines()[-1]
    assert last.startswith(f"{file}: " + ("the page doesn't agree" if status else "every number and every figure"))
