# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Paths in this checkout, and the documentation in its plugins."""

from __future__ import annotations

import re
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
# The Makefile makes this folder, in which the checkout has the path that a collection needs.
COLLECTIONS = CHECKOUT / ".build" / "root"
GUIDES = CHECKOUT / "docs" / "docsite" / "rst"
PLUGINS = CHECKOUT / "plugins"
MODULES = PLUGINS / "modules"


def documentation(plugin: Path, variable: str) -> str:
    """Return the YAML that a plugin's file assigns to DOCUMENTATION, EXAMPLES or RETURN."""
    text = plugin.read_text(encoding="utf-8")
    (block,) = re.findall(rf'^{variable} = r"""\n(.*?)^"""$', text, re.MULTILINE | re.DOTALL)
    return str(block)
