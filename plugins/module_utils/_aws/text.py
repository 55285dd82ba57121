# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Functions that make untrusted text safe to print."""

from __future__ import annotations

from typing import Any, Mapping

# A proxy may respond with a whole HTML page.
_MAX_LENGTH = 500


def one_line(text: str) -> str:
    """Return a text as one line without control characters, which a terminal would interpret."""
    return "".join(letter if letter.isprintable() else " " for letter in " ".join(text.split()))


def shorten(text: str) -> str:
    """Return at most the first 500 characters of a text. Mask secrets first: a part of a secret may not be found."""
    return text if len(text) <= _MAX_LENGTH else f"{text[:_MAX_LENGTH]}..."


def printable(value: Any) -> Any:
    """Return a text, or mappings and lists of texts, without the characters that a terminal or a browser interprets.

    :return: the same with each such character replaced. Anything else is returned unchanged.
    """
    if isinstance(value, str):
        # Not printable: control characters, marks of the direction of text, surrogates and line separators.
        return value if value.isprintable() else "".join(map(_printable, value))
    if isinstance(value, Mapping):
        return {printable(key): printable(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [printable(item) for item in value]
    return value


def _printable(letter: str) -> str:
    return letter if letter.isprintable() else " " if letter.isspace() else "\N{REPLACEMENT CHARACTER}"
