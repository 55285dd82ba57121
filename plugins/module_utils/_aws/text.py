# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Making untrusted text safe to print."""

from __future__ import annotations

# A proxy between here and AWS may answer with a whole HTML page.
_MAX_LENGTH = 500


def one_line(text: str) -> str:
    """Return a text as one line without control characters, which a terminal interprets."""
    return "".join(letter if letter.isprintable() else " " for letter in " ".join(text.split()))


def shorten(text: str) -> str:
    """Return a text, or its first 500 characters. Mask secrets first: half a secret would not be recognized."""
    return text if len(text) <= _MAX_LENGTH else f"{text[:_MAX_LENGTH]}..."
