# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reports of audits for these tests: usual ones, and hostile or unusual ones."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

KEY = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
RULES = {"state": "present", "minimum_regions": 2, "deletion_protected": True}


def report_of(*accounts: dict[str, Any]) -> dict[str, Any]:
    """Return a report with these rows."""
    outcomes = [account["outcome"] for account in accounts]
    counts = {outcome: outcomes.count(outcome) for outcome in ("passed", "failed", "unknown")}
    return {
        "format_version": 2,
        "time": "2026-11-23T06:00:00.000000+00:00",
        "summary": {"accounts": len(accounts), **counts},
        "notes": [],
        "accounts": list(accounts),
    }


def account(name: str, outcome: str, **changes: Any) -> dict[str, Any]:
    """Return a row of a report."""
    return {
        "name": name,
        "account_id": "111122223333",
        "expected_account_id": None,
        "outcome": outcome,
        "exists": True,
        "region": "eu-west-1",
        "replication_set": {
            "arn": "arn:aws:ssm-incidents::111122223333:replication-set/c4bcb603-4bf9-bb3f-413c-08df53673b57",
            "created_by": "arn:aws:sts::111122223333:assumed-role/Admin/alice",
            "created_time": "2025-02-14T17:57:22.010000+00:00",
            "deletion_protected": True,
            "last_modified_by": "arn:aws:sts::111122223333:assumed-role/Deploy/ansible",
            "last_modified_time": "2026-10-02T08:12:44.010000+00:00",
            "region_map": {
                "eu-central-1": {
                    "kms_key": None,
                    "sse_kms_key_id": KEY,
                    "status": "ACTIVE",
                    "status_message": None,
                    "status_update_date_time": "2026-10-02T08:12:44.010000+00:00",
                },
                "eu-west-1": {
                    "kms_key": None,
                    "sse_kms_key_id": "DefaultKey",
                    "status": "ACTIVE",
                    "status_message": None,
                    "status_update_date_time": "2025-02-14T17:57:22.010000+00:00",
                },
            },
            "status": "ACTIVE",
            "tags": {"team": "sre"},
        },
        "findings": [],
        "error": None,
        "msg": "All rules are met",
        "rules": RULES,
        "time": "2026-11-23T05:59:00.000000+00:00",
        **changes,
    }


def finding(rule: str, expected: Any, actual: Any, msg: str, **changes: Any) -> dict[str, Any]:
    """Return a finding of a row."""
    return {"rule": rule, "region": None, "expected": expected, "actual": actual, "known": True, "msg": msg, **changes}


FAILED = account(
    "payments-prod",
    "failed",
    findings=[
        finding("deletion_protected", True, False, "Can be deleted"),
        finding("regions", ["eu-west-1"], None, "Other Regions are wanted"),
    ],
    msg="Can be deleted. Other Regions are wanted",
)
FAILED["replication_set"] = copy.deepcopy(FAILED["replication_set"])
FAILED["replication_set"]["deletion_protected"] = False
FAILED["replication_set"]["region_map"]["eu-central-1"] |= {
    "status": "FAILED",
    "status_message": "The KMS key is disabled",
    "kms_key": {"key_state": "PendingDeletion", "enabled": False, "deletion_date": "2026-12-01T00:00:00+00:00"},
}
NO_SET = account(
    "sandbox",
    "failed",
    account_id="222233334444",
    exists=False,
    replication_set={},
    findings=[finding("state", "present", "absent", "Has no replication set")],
)
UNKNOWN = account(
    "data-lake",
    "unknown",
    account_id=None,
    exists=None,
    region=None,
    replication_set=None,
    error={"code": "AccessDeniedException", "message": "User audit is not authorized"},
    msg="Access was denied. Allow ssm-incidents:ListReplicationSets.",
)
RETIRED = account(
    "legacy", "passed", account_id="444455556666", exists=False, replication_set={}, rules={"state": "absent"}
)
PASSED = account("web-prod", "passed", account_id="555566667777")
REPORT = report_of(FAILED, NO_SET, UNKNOWN, RETIRED, PASSED)

# Texts that must be shown unchanged.
HOSTILE = {
    "attribute": "\"' onmouseover=window.executed=1 style='color:red' x=\"",
    "bidirectional": "\u202eabc\u2066def\u2069\u2069\u202eghi",
    "control": "\x00\x07\x1b[31m\x0c\x7f\x85",
    "emoji": "\U0001f600\U0001f1e9\U0001f1ea\u2764\ufe0f",
    "end": "]]>--></script></style></title></bdi></table><img src=https://example.com/x onerror=window.executed=1>",
    "entity": "&lt;b&gt;&amp;&#0;&nbsp",
    "link": "javascript:window.executed=1",
    "long": "W" * 10_000,
    "newline": "\na\r\nb\rc\td\n",
    "script": "<script>window.executed = 1; alert(1)</script>",
    "surrogate": "\ud800x\udfff\ufffe",
    "template": "{{ 7*7 }}{% raw %}{# #}${7*7}",
    "zero width": "\ufeffa\u200b\u200db\u00ad",
}
# What is shown in place of texts that can't be shown.
SHOWN = {
    "control": "\u2400\u2407\u241b[31m\u240c\ufffd\ufffd",
    "newline": "\na\nb\nc\td\n",
    "surrogate": "\ufffdx\ufffd\ufffd",
}


def report_with(text: Callable[[str], str]) -> dict[str, Any]:
    """Return a report with a text in every field that can have one.

    :param text: takes the name of a field, and returns its text.
    """
    row = account(
        text("name"),
        "failed",
        account_id=text("account_id"),
        region=text("region"),
        replication_set={
            **{
                field: text(field)
                for field in ("arn", "created_by", "created_time", "last_modified_by", "last_modified_time", "status")
            },
            "deletion_protected": True,
            "region_map": {
                text("region name"): {
                    "sse_kms_key_id": text("key"),
                    "status": text("region status"),
                    "status_message": text("status_message"),
                    "status_update_date_time": text("status_update_date_time"),
                    "kms_key": {
                        "key_state": text("key_state"),
                        "enabled": False,
                        "deletion_date": text("deletion_date"),
                    },
                }
            },
            "tags": {text("tag"): text("tag value")},
        },
        findings=[
            finding(text("rule"), text("wanted"), text("found"), text("finding")),
            finding(
                text("rule"),
                {text("wanted tag"): text("wanted value"), text("any tag"): None},
                [text("item")],
                text("finding"),
            ),
        ],
        error={"code": text("code"), "message": text("message")},
        rules={text("rule name"): text("rule value")},
        time=text("account time"),
    )
    return report_of(row, {**UNKNOWN, "error": None, "msg": text("msg")})


# Any report -----------------------------------------------------------------------------------------------------------

any_text = st.text(st.characters(exclude_categories=()), max_size=20)
any_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | any_text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(any_text, inner, max_size=3),
)


_text = any_text | st.sampled_from([text for name, text in HOSTILE.items() if name != "long"])
_null_or_text = st.none() | _text
_finding = st.fixed_dictionaries(
    {
        "rule": _text,
        "region": _null_or_text,
        "expected": any_json,
        "actual": any_json,
        "known": st.booleans(),
        "msg": _text,
    }
)
_region = st.fixed_dictionaries(
    {
        "kms_key": st.none() | st.fixed_dictionaries({"key_state": _null_or_text, "deletion_date": _null_or_text}),
        **dict.fromkeys(("sse_kms_key_id", "status", "status_message", "status_update_date_time"), _null_or_text),
    }
)
_set = st.fixed_dictionaries(
    {
        **dict.fromkeys(
            ("arn", "created_by", "created_time", "last_modified_by", "last_modified_time", "status"), _null_or_text
        ),
        "deletion_protected": st.none() | st.booleans(),
        "region_map": st.dictionaries(_text, _region, max_size=2),
        "tags": st.none() | st.dictionaries(_text, _text, max_size=2),
    }
)
_account = st.fixed_dictionaries(
    {
        "name": _text,
        "account_id": _null_or_text,
        "expected_account_id": _null_or_text,
        "outcome": st.sampled_from(["failed", "unknown", "passed"]),
        "msg": _text.map("{}.".format),
        "region": _null_or_text,
        "findings": st.lists(_finding, max_size=2),
        "error": st.none() | st.fixed_dictionaries({"code": _text, "message": _text}),
        "rules": st.none() | st.dictionaries(_text, any_json, max_size=2),
        "time": st.just("2026-11-23T05:59:00.000000+00:00"),
    }
)
_facts = st.one_of(
    st.just({"exists": None, "replication_set": None}),
    st.just({"exists": False, "replication_set": {}}),
    st.fixed_dictionaries({"exists": st.just(True), "replication_set": _set}),
)
any_report = st.builds(
    lambda accounts, notes: {**report_of(*({**row, **facts} for row, facts in accounts)), "notes": notes},
    st.lists(st.tuples(_account, _facts), max_size=3),
    st.lists(_text, max_size=2),
)
