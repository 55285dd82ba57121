# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Objects as lines of JSON, and their fingerprints. Nothing of AWS is imported here."""

from __future__ import annotations

import hashlib
import json
import math
from datetime import datetime
from typing import Any, Mapping

from .._replication_set.facts import iso_time


def plain(value: Any) -> Any:
    """Return a response as JSON has it: times are ISO 8601 in UTC, and all else is as botocore parsed it.

    :raises ValueError, OverflowError: for a time that UTC can't have, and a number that JSON does not have.
    """
    if isinstance(value, datetime):
        return iso_time(value)
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError("JSON has no such number")
    return value


def line(value: Any) -> bytes:
    """Return a value as one line of JSON, whatever is in its texts: all letters but ASCII's printable ones are escaped.

    :param value: what plain() returns.
    """
    return json.dumps(value, allow_nan=False, separators=(",", ":")).encode("ascii") + b"\n"


def fingerprint(*values: Any) -> int:
    """Return a number of 128 bits that is the same for the same values.

    The sum of the numbers of several objects does not depend on their order.
    """
    text = json.dumps(values, sort_keys=True, separators=(",", ":"))
    return int.from_bytes(hashlib.sha256(text.encode("ascii")).digest()[:16], "big")
