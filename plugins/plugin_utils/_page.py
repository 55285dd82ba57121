# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From the report of an audit to its page: one file of HTML that loads nothing. All text in it may be hostile."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from datetime import datetime, timezone
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any, Iterable, Mapping

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

_FINDING = ("msg", "rule", "wanted", "found")
_ERROR = ("code", "message")
_SET = ("arn", "created_by", "created_time", "deletion_protected", "last_modified_by", "last_modified_time", "status")
_REGION = ("sse_kms_key_id", "status", "status_message", "status_update_date_time")

# What HTML doesn't allow, or UTF-8 can't encode: control characters, lone surrogates, noncharacters.
_NO_TEXT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")
_KEY_ARN = re.compile(r"(arn:[^/\s]*:)(key/\S*)")


def audit_page(report: Mapping[str, Any]) -> str:
    """Return the HTML page of an audit's report.

    :param report: what the audit wrote; anything in it may be null or missing. Its accounts keep their order.
    :return: a whole document that can be encoded as UTF-8.
    """
    accounts = [_account(account) for account in report.get("accounts") or []]
    # Not the report's own summary: what the page counts is what it lists.
    counts = {
        outcome: sum(account["outcome"] == outcome for account in accounts)
        for outcome in ("failed", "not_asked", "passed")
    }
    return _template().render(
        accounts=accounts, counts=counts, notes=report.get("notes") or [], time=report.get("time")
    )


def _account(account: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the template shows of an account, with every key there."""
    facts, exists, outcome = account.get("replication_set"), account.get("exists"), account.get("outcome")
    findings = [_fields(finding, _FINDING) for finding in account.get("findings") or []]
    error = _fields(account.get("error"), _ERROR)
    msg = account.get("msg")
    rules = account.get("rules") or {}
    return {
        **_fields(account, ("name", "account_id", "region", "time")),
        # What is not known to have failed or passed has not answered.
        "outcome": outcome if outcome in ("failed", "passed") else "not_asked",
        "exists": bool(facts) if exists is None and facts is not None else exists,
        "retired": rules.get("state") == "absent",
        "findings": findings,
        # The paragraph says the same as the findings, and mostly what AWS said too.
        "msg": None if findings else msg,
        "error_code": error["code"],
        "error_message": None if str(error["message"]) in str(msg) else error["message"],
        "rules": rules,
        "set": _fields(facts, _SET),
        "tags": (facts or {}).get("tags") or {},
        "regions": [
            {"name": name, **_fields(info, _REGION)} for name, info in ((facts or {}).get("region_map") or {}).items()
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
    return environment.get_template("audit_page.html.j2")


def _as_text(value: Any) -> str:
    """Return how a value is shown, whatever it is: the template prints nothing that doesn't come through here."""
    if isinstance(value, Markup):  # made by the template itself
        return value
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    # Control characters are made visible: there are pictures of the first 32.
    return _NO_TEXT.sub(
        lambda match: chr(0x2400 + ord(match.group())) if match.group() < " " else "\N{REPLACEMENT CHARACTER}", text
    )


def _digest(block: str) -> str:
    """Return how a Content-Security-Policy names a style or a script: by its content."""
    return "sha256-" + b64encode(sha256(block.encode()).digest()).decode()


def _split_key(key: Any) -> tuple[str, str]:
    """Return a key in two parts between which a line may break: where it is, and which it is."""
    match = _KEY_ARN.fullmatch(_as_text(key))
    return (match.group(1), match.group(2)) if match else (_as_text(key), "")


def _utc(time: Any) -> datetime | None:
    """Return an ISO 8601 time in UTC, or None for what is none or doesn't say from where on Earth it is."""
    try:
        moment = datetime.fromisoformat(time)
        return moment.astimezone(timezone.utc) if moment.tzinfo else None
    except (OverflowError, TypeError, ValueError):
        return None
