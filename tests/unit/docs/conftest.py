# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The code blocks of the README, the guides and the modules' examples, and playbooks to run them in."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path
from typing import Any

import yaml

CHECKOUT = Path(__file__).parents[3]
GUIDES = CHECKOUT / "docs" / "docsite" / "rst"
# The account, the set and the key that the pages speak of.
ACCOUNT = "111122223333"
ARN = f"arn:aws:ssm-incidents::{ACCOUNT}:replication-set/c4bcb603-4bf9-bb3f-413c-08df53673b57"
KEY = f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/1234abcd-12ab-34cd-56ef-1234567890ab"


def code_blocks(page: Path, language: str) -> list[str]:
    """Return a page's blocks of one language: those of reStructuredText, Markdown, or a module's EXAMPLES."""
    text = page.read_text(encoding="utf-8")
    if page.suffix == ".rst":
        found = re.findall(rf"^\.\. code-block:: {language}\n\n((?:(?: .*)?\n)+)", text, re.MULTILINE)
    elif page.suffix == ".md":
        found = re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    else:
        found = re.findall(r'^EXAMPLES = r"""\n(.*?)^"""$', text, re.MULTILINE | re.DOTALL)
    return [textwrap.dedent(block) for block in found]


def tasks_of(page: Path) -> list[dict[str, Any]]:
    """Return all tasks that a page shows, those inside of plays included."""
    blocks = [yaml.safe_load(block) for block in code_blocks(page, "yaml")]
    entries = [entry for block in blocks if isinstance(block, list) for entry in block]
    return [task for entry in entries for task in entry.get("tasks", [entry])]
