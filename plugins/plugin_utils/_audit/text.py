# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The values of a report as text. No value in a report can be trusted."""

from __future__ import annotations

import json
import re
from datetime import datetime, timezone
from typing import Any

from ansible_collections.incident_manager.aws.plugins.module_utils._aws.text import one_line

# Characters that HTML or XML 1.0 must not contain, or that UTF-8 can't encode: control characters, lone surrogates,
# noncharacters.
_INVALID_CHARACTER = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")


def as_text(value: Any) -> str:
    """Return any JSON value as text that can be encoded as UTF-8: a string as it is, any other value as JSON.

    The first 32 control characters, except tabs and line breaks, become Unicode's control pictures. All other characters
    that a document must not contain become replacement characters.
    """
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return _INVALID_CHARACTER.sub(
        lambda match: chr(0x2400 + ord(match.group())) if match.group() < " " else "\N{REPLACEMENT CHARACTER}", text
    )


def as_line(value: Any) -> str:
    """Return any JSON value as one line of printable text, as as_text() and one_line() do."""
    return one_line(as_text(value))


def utc(time: Any) -> datetime | None:
    """Return an ISO 8601 time in UTC; None for any other value, and for a time without an offset."""
    try:
        moment = datetime.fromisoformat(time)
        return moment.astimezone(timezone.utc) if moment.tzinfo else None
    except (OverflowError, TypeError, ValueError):
        return None
