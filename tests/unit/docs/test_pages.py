# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests of the pages as a forge shows them: with docutils alone, which does not know the roles and directives of Ansible
and Sphinx. "make docs" checks the same pages as HTML."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from helpers.checkout import CHECKOUT, GUIDES, PLUGINS

core = pytest.importorskip("docutils.core", reason="There is no docutils in this environment")
nodes = pytest.importorskip("docutils.nodes")
utils = pytest.importorskip("docutils.utils")

PAGES = sorted([CHECKOUT / "docs" / "docsite" / "index.rst", *GUIDES.glob("*.rst")])
MARKDOWN = [CHECKOUT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md")]
# What README links to outside of the guides. antsibull-changelog writes it.
LINKED = [CHECKOUT / "CHANGELOG.rst"]


def parsed(page: Path, messages: list[str]) -> Any:
    """Return the document tree of a page. The problems that docutils finds are added to messages."""

    class Log:
        def write(self, message: str) -> None:
            messages.append(message)

    settings = {
        "warning_stream": Log(),
        "report_level": utils.Reporter.WARNING_LEVEL,
        "halt_level": 5,
        "input_encoding": "utf-8",
    }
    return core.publish_doctree(page.read_text(encoding="utf-8"), source_path=page.name, settings_overrides=settings)


def links(page: Path) -> list[str]:
    """Return the links of a page, without those to other hosts."""
    if page.suffix == ".md":
        found = re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8"))
    else:
        found = [node["refuri"] for node in parsed(page, []).findall(nodes.reference) if "refuri" in node]
    return [link for link in found if not re.match(r"(https?|mailto):", link)]


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's titles, as a forge makes them."""
    text = page.read_text(encoding="utf-8")
    if page.suffix == ".md":
        titles = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
        return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}
    return {name for section in parsed(page, []).findall(nodes.section) for name in section["ids"]}


@pytest.mark.parametrize("page", [*PAGES, *LINKED], ids=lambda page: page.name)
def test_docutils_finds_no_problem(page: Path) -> None:
    messages: list[str] = []
    parsed(page, messages)
    assert messages == []


@pytest.mark.parametrize("page", [*PAGES, *MARKDOWN], ids=lambda page: page.name)
def test_each_link_leads_to_a_file_and_a_title(page: Path) -> None:
    for link in links(page):
        path, _separator, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


def test_every_guide_is_in_the_table_of_contents_and_on_the_first_page() -> None:
    contents = yaml.safe_load((GUIDES.parent / "extra-docs.yml").read_text(encoding="utf-8"))
    listed = [name for section in contents["sections"] for name in section["toctree"]]
    guides = {page.stem for page in GUIDES.glob("*.rst")}
    assert sorted(listed) == sorted(guides)
    first = links(GUIDES.parent / "index.rst")
    assert guides <= {Path(link.partition("#")[0]).stem for link in first}
    plugins = {path.stem for kind in ("modules", "lookup", "inventory") for path in (PLUGINS / kind).glob("*.py")}
    assert plugins <= {Path(link).stem for link in first}
