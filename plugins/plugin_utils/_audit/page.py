# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The HTML page of an audit's report: one file that loads nothing. Any text in the report may be hostile."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from datetime import datetime, timezone
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any, Iterable, Mapping

from ansible_collections.incident_manager.aws.plugins.module_utils._replication_set.facts import (
    REGION_FIELDS,
    SET_FIELDS,
)
from ansible_collections.incident_manager.aws.plugins.module_utils._replication_set.service import (
    DEFAULT_KEY,
    KMS_KEY_ARN,
)
from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

from .rules import FAILED, OUTCOMES, PASSED, UNKNOWN

_VERDICTS = {FAILED: "not in order", UNKNOWN: "not known", PASSED: "in order"}

_FINDING_FIELDS = ("msg", "rule", "expected", "actual", "known")
_ERROR_FIELDS = ("code", "message")

# What HTML does not allow, or UTF-8 can't encode: control characters, lone surrogates, noncharacters.
_INVALID_CHARACTER = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")


def audit_page(report: Mapping[str, Any]) -> str:
    """Return the HTML page of an audit's report.

    :param report: what the audit wrote; anything in it may be null or missing. Its accounts keep their order.
    :return: a whole document that can be encoded as UTF-8.
    """
    views = [_view(row) for row in report.get("accounts") or []]
    # Not the report's own summary: the page counts what it lists.
    counts = {outcome: sum(view["outcome"] == outcome for view in views) for outcome in OUTCOMES}
    return _template().render(
        views=views,
        counts=counts,
        worst=next((outcome for outcome in OUTCOMES if counts[outcome]), PASSED),
        verdicts=_VERDICTS,
        notes=report.get("notes") or [],
        time=report.get("time"),
        default_key=DEFAULT_KEY,
    )


def _view(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the template shows of a row, with every key."""
    facts, exists, outcome = row.get("replication_set"), row.get("exists"), row.get("outcome")
    findings = [_fields(finding, _FINDING_FIELDS) for finding in row.get("findings") or []]
    error = _fields(row.get("error"), _ERROR_FIELDS)
    msg = row.get("msg")
    rules = row.get("rules") or {}
    return {
        **_fields(row, ("name", "account_id", "region", "time")),
        "outcome": outcome if outcome in OUTCOMES else UNKNOWN,
        "exists": bool(facts) if exists is None and facts is not None else exists,
        "retired": rules.get("state") == "absent",
        "findings": findings,
        # The message says the same as the findings, and often what AWS's message says.
        "msg": None if findings else msg,
        "error_code": error["code"],
        "error_message": None if str(error["message"]) in str(msg) else error["message"],
        "rules": rules,
        "set": _fields(facts, SET_FIELDS),
        "tags": (facts or {}).get("tags") or {},
        "regions": [
            {"name": name, **_fields(info, REGION_FIELDS)}
            for name, info in ((facts or {}).get("region_map") or {}).items()
        ],
    }


def _fields(mapping: Mapping[str, Any] | None, names: Iterable[str]) -> dict[str, Any]:
    return {name: (mapping or {}).get(name) for name in names}


@lru_cache(maxsize=None)
def _template() -> Template:
    environment = Environment(
        autoescape=True,
        finalize=_as_text,
        loader=FileSystemLoader(str(Path(__file__).parent)),
        lstrip_blocks=True,
        trim_blocks=True,
        undefined=StrictUndefined,
    )
    environment.filters.update(digest=_digest, split_key=_split_key, utc=_utc)
    return environment.get_template("page.html.j2")


def _as_text(value: Any) -> str:
    """Return any value as the text to show: the template prints nothing that does not pass through here."""
    if isinstance(value, Markup):  # from the template itself
        return value
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    # Control characters are made visible: Unicode has pictures of the first 32.
    return _INVALID_CHARACTER.sub(
        lambda match: chr(0x2400 + ord(match.group())) if match.group() < " " else "\N{REPLACEMENT CHARACTER}", text
    )


def _digest(block: str) -> str:
    """Return the hash by which a Content-Security-Policy names a style or a script."""
    return "sha256-" + b64encode(sha256(block.encode()).digest()).decode()


def _split_key(key: Any) -> tuple[str, str]:
    """Return a key's ARN in two parts between which a line may break; the second is empty for other texts."""
    match = KMS_KEY_ARN.fullmatch(_as_text(key))
    return (match["location"], match["key"]) if match else (_as_text(key), "")


def _utc(time: Any) -> datetime | None:
    """Return an ISO 8601 time in UTC, or None for anything else, and for a time without an offset."""
    try:
        moment = datetime.fromisoformat(time)
        return moment.astimezone(timezone.utc) if moment.tzinfo else None
    except (OverflowError, TypeError, ValueError):
        return None
