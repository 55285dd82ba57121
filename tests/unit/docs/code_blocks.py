# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads the code blocks of the README, the guides and the plugins' examples."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path
from typing import Any

import yaml
from checkout import documentation

# The account, the set and the key of the examples.
ACCOUNT = "111122223333"
ARN = f"arn:aws:ssm-incidents::{ACCOUNT}:replication-set/c4bcb603-4bf9-bb3f-413c-08df53673b57"
KEY = f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/1234abcd-12ab-34cd-56ef-1234567890ab"


def code_blocks(page: Path, language: str) -> list[str]:
    """Return a page's blocks of one language: of reStructuredText, of Markdown, or a plugin's EXAMPLES."""
    if page.suffix == ".py":
        return [documentation(page, "EXAMPLES")]
    text = page.read_text(encoding="utf-8")
    if page.suffix == ".rst":
        found = re.findall(rf"^\.\. code-block:: {language}\n\n((?:(?: .*)?\n)+)", text, re.MULTILINE)
    else:
        found = re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return [textwrap.dedent(block) for block in found]


def tasks_of(page: Path) -> list[dict[str, Any]]:
    """Return all tasks of a page, those in plays included."""
    blocks = [yaml.safe_load(block) for block in code_blocks(page, "yaml")]
    entries = [entry for block in blocks if isinstance(block, list) for entry in block]
    return [task for entry in entries for task in entry.get("tasks", [entry])]
