# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads the code blocks of the README, the guides and the plugins' examples."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from endpoint.examples import ACCOUNT, ARN, KEYS
from helpers.checkout import documentation

KEY = KEYS["eu-west-1"]
__all__ = ["ACCOUNT", "ARN", "KEY", "Block", "blocks", "code_blocks", "tasks_of"]

_RST = re.compile(r"^( *)\.\. code(?:-block)?:: *(\w*)\n(?:\1 +:.*\n)*\n((?:(?:\1 .*)?\n)+)", re.MULTILINE)
_MARKDOWN = re.compile(r"^( *)```(\w*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)


class Block(NamedTuple):
    """A code block: its language, its text, and the text between it and the block before it."""

    language: str
    text: str
    before: str


def blocks(page: Path) -> list[Block]:
    """Return a page's blocks: of reStructuredText, of Markdown, or a plugin's EXAMPLES."""
    if page.suffix == ".py":
        return [Block("yaml", documentation(page, "EXAMPLES"), "")]
    text = page.read_text(encoding="utf-8")
    found, end = [], 0
    for match in (_RST if page.suffix == ".rst" else _MARKDOWN).finditer(text):
        found.append(Block(match[2], textwrap.dedent(match[3]), text[end : match.start()]))
        end = match.end()
    return found


def code_blocks(page: Path, language: str) -> list[str]:
    """Return the texts of a page's blocks of one language."""
    return [block.text for block in blocks(page) if block.language == language]


def tasks_of(page: Path) -> list[dict[str, Any]]:
    """Return all tasks of a page, those in plays included."""
    contents = [yaml.safe_load(text) for text in code_blocks(page, "yaml")]
    entries = [entry for content in contents if isinstance(content, list) for entry in content]
    plays = [entry for entry in entries if "ansible.builtin.import_playbook" not in entry]
    return [task for entry in plays for task in entry.get("tasks", [entry])]
