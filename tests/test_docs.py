"""What the documentation names is there: files, commands, targets, settings."""

import re
from pathlib import Path

import pytest
import yaml

from pipeline.cli import COMMANDS

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "AGENTS.md", "CHANGELOG.md")]
PAGES += sorted((ROOT / "docs").glob("*.md"))
NOW = [page for page in PAGES if page.name != "CHANGELOG.md"]  # which names what was there before
CONF = ROOT / "conf"
WRITTEN, SAVED = "# Written by `rebalance inspect", "rebalance inspect ... save=NAME"  # presets of the user's tables
OWN = ("sweep", "plan", "audit")  # files of conf/ with keys that params.yaml does not have


def code(page):
    """The code of a page: its fenced and indented blocks, and what stands in backticks."""
    text = page.read_text(encoding="utf-8")
    blocks = re.findall(r"^```\w*\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    rest = re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)
    return [*blocks, *re.findall(r"^ {4}.+", rest, re.MULTILINE), *re.findall(r"`([^`\n]+)`", rest)]


def rows(page, title):
    """The rows of the tables below a title, as lists of cells."""
    section = page.read_text(encoding="utf-8").partition(f"\n## {title}\n")[2].partition("\n## ")[0]
    lines = [line.strip("|").split("|") for line in section.splitlines() if line.startswith("| `")]
    return [[cell.strip() for cell in line] for line in lines]


def settings():
    """Every setting's value by its path, groups of settings included; variants have their own page."""
    nodes = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    nodes |= {name: yaml.safe_load((CONF / f"{name}.yaml").read_text(encoding="utf-8"))[name] for name in OWN}
    del nodes["variants"]
    return dict(flat(nodes))


def flat(nodes, prefix=""):
    for key, value in nodes.items():
        yield prefix + key, value
        if isinstance(value, dict):
            yield from flat(value, f"{prefix}{key}.")


def anchors(page):
    titles = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title).strip().lower().replace(" ", "-") for title in titles}


def test_readme_and_agents_stay_short():
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= 150
    assert len((ROOT / "AGENTS.md").read_text(encoding="utf-8").splitlines()) <= 40


def test_the_readme_s_picture_is_small():
    assert (ROOT / "docs/images/differences.png").stat().st_size < 60_000


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_between_files_resolves(page):
    for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
        if re.match(r"https?://", link):
            continue
        file, _, anchor = link.partition("#")
        target = (page.parent / file) if file else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


@pytest.mark.parametrize("page", NOW, ids=lambda page: page.name)
def test_every_command_target_stage_and_file_that_is_named_exists(page):
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    for text in code(page):
        named = re.findall(r"(?:^|[\s(])rebalance ([a-z]+)", text, re.MULTILINE)
        assert set(named) <= set(COMMANDS), text
        assert set(re.findall(r"(?:^|[\s(])make ([a-z-]+)", text, re.MULTILINE)) <= targets, text
        for module in re.findall(r"python -m pipeline\.([a-z_.]+)", text):
            assert (ROOT / "pipeline" / f"{module}.py").is_file(), text
        for path in re.findall(r"(?<![\w/.-])(?:pipeline|conf|tests|benchmarks|docs|hydra_plugins)/[\w./-]*", text):
            assert (ROOT / path).exists() or "my_" in path or "/mine." in path or re.search("[A-Z]", path), path


def test_every_setting_that_is_described_exists_with_this_default():
    known, described = settings(), rows(ROOT / "docs/configuration.md", "Keys")
    assert len(described) > 40
    for name, default, _ in described:
        assert name.strip("`") in known, name
        value = known[name.strip("`")]
        if default and not isinstance(value, list | dict):
            assert yaml.safe_load(default) == value, name


def test_every_setting_is_described_but_for_a_constructor_s_arguments():
    described = {name.strip("`") for name, *_ in rows(ROOT / "docs/configuration.md", "Keys")}
    for name, value in settings().items():
        if isinstance(value, dict) or name.startswith("model.") or name == "sweep.job":
            continue
        assert {name, name.rpartition(".")[0]} & described, name


def test_every_choice_of_a_group_is_described():
    described = {row[0].strip("`"): set(re.findall(r"`([^`]+)`", "".join(row[1:]))) for row in groups()}
    assert {"data", "split", "evaluate", "compare"} <= set(described)
    for group, choices in described.items():
        files = [path for path in (CONF / group).glob("*.yaml") if WRITTEN not in path.read_text(encoding="utf-8")]
        assert {path.stem for path in files} == choices - {SAVED} or group == "variant", group


def groups():
    return rows(ROOT / "docs/configuration.md", "Groups")


def test_every_variant_is_described():
    named = re.findall(r"^\| `(\w+)` \|", (ROOT / "docs/variants.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(named) == sorted(path.stem for path in (CONF / "variant").glob("*.yaml"))


def test_every_page_is_in_the_site_s_navigation():
    site = (ROOT / "zensical.toml").read_text(encoding="utf-8")
    assert sorted(re.findall(r'"([\w-]+\.md)"', site)) == sorted(page.name for page in (ROOT / "docs").glob("*.md"))
