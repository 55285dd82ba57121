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

from .._aws.text import iso_time


def plain(value: Any) -> Any:
    """Return a response that botocore parsed as a value that JSON can represent: times are texts in ISO 8601 and UTC.

    :raises ValueError, OverflowError: if a time is out of range in UTC, or if a number is infinite or not a number.
    """
    if isinstance(value, datetime):
        return iso_time(value)
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError("JSON can't represent the number")
    return value


def line(value: Any) -> bytes:
    """Return a value as one line of JSON. Control characters and all characters outside of ASCII are escaped.

    :param value: a value that plain() returned.
    """
    return json.dumps(value, allow_nan=False, separators=(",", ":")).encode("ascii") + b"\n"


def fingerprint(*values: Any) -> int:
    """Return a number of 128 bits that is the same for the same values, and practically never for different ones.

    Fingerprints can be added up: the sum does not depend on the order of the values.
    """
    text = json.dumps(values, sort_keys=True, separators=(",", ":"))
    return int.from_bytes(hashlib.sha256(text.encode("ascii")).digest()[:16], "big")
