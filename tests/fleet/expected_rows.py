# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rows that the report of a fleet's audit must have, calculated without the collection's code."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from .accounts import ALLOWED_KEYS, FAILURES, GROUP_RULES, KEY_ACCOUNT, RULES, Account


def expected_row(account: Account) -> dict[str, Any]:
    """Return the expected row of an account, in the form of comparable_row()."""
    return _failing_row(account) if account.failure else _audited_row(account)


def comparable_row(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a report's row without its time and its messages, and with sorted findings."""
    kept = {key: value for key, value in row.items() if key not in ("msg", "time")}
    findings = [{key: value for key, value in finding.items() if key != "msg"} for finding in row["findings"]]
    return {**kept, "findings": _sorted(findings), "error": row["error"] and row["error"]["code"]}


def expected_message_parts(account: Account, urls: Mapping[str, str]) -> list[str]:
    """Return the parts that the msg of a failing account must have.

    :param urls: those of failing_servers().
    """
    assert account.failure
    names = {"account_id": account.account_id, "name": account.name, **urls}
    return [part.format(**names) for part in FAILURES[account.failure].message_parts]


def _audited_row(account: Account) -> dict[str, Any]:
    rules, body = GROUP_RULES[account.group], account.body
    findings = _findings(account)
    outcome = "passed"
    if findings:
        outcome = "failed" if any(finding["known"] for finding in findings) else "unknown"
    region = account.region
    if body is not None and account.search_regions:
        region = account.search_regions[-1]
    facts = {}
    if body is not None:
        facts = {
            "arn": account.arn,
            "created_by": body["createdBy"],
            "created_time": _utc(body["createdTime"]),
            "deletion_protected": body.get("deletionProtected"),
            "last_modified_by": body["lastModifiedBy"],
            "last_modified_time": _utc(body["lastModifiedTime"]),
            "region_map": {
                name: {
                    "kms_key": None,
                    "sse_kms_key_id": info.get("sseKmsKeyId"),
                    "status": info["status"],
                    "status_message": info.get("statusMessage"),
                    "status_update_date_time": _utc(info.get("statusUpdateDateTime")),
                }
                for name, info in body["regionMap"].items()
            },
            "status": body["status"],
            # The tags are listed only if a rule needs them.
            "tags": dict(account.tags) if "tags" in rules and not account.tags_denied else None,
        }
    return {
        "name": account.name,
        "account_id": account.account_id,
        "expected_account_id": _expected_account_id(account),
        "outcome": outcome,
        "exists": body is not None,
        "region": region,
        "replication_set": facts,
        "findings": _sorted(findings),
        "error": None,
        "rules": dict(rules),
    }


def _failing_row(account: Account) -> dict[str, Any]:
    assert account.failure
    code = FAILURES[account.failure].code
    # If the options are not checked, neither the account nor the rules are known.
    options_checked = code not in (None, "InvalidParameter")
    # If Incident Manager answers, the audit asks STS for the account.
    known = code in ("AccessDeniedException", "ThrottlingException", "UnrecognizedClientException")
    return {
        "name": account.name,
        "account_id": account.account_id if options_checked and (known or account.credentials == "role") else None,
        "expected_account_id": _expected_account_id(account) if options_checked else None,
        "outcome": "unknown",
        "exists": None,
        "region": None,
        "replication_set": None,
        "findings": [],
        "error": code,
        "rules": dict(GROUP_RULES[account.group]) if options_checked else None,
    }


def _expected_account_id(account: Account) -> str | None:
    return account.account_id if account.credentials == "role" else None


def _sorted(findings: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(findings, key=lambda finding: json.dumps(finding, sort_keys=True))


def _findings(account: Account) -> list[dict[str, Any]]:
    body = account.body
    findings: list[dict[str, Any]] = []

    def add_finding(rule: str, wanted: Any, found: Any, region: str | None = None, known: bool = True) -> None:
        findings.append({"rule": rule, "region": region, "expected": wanted, "actual": found, "known": known})

    if account.group == "retired":
        if body is not None:
            add_finding("state", "absent", "present")
        return findings
    if body is None:
        if account.group == "standard":
            add_finding("state", "present", "absent")
        return findings
    # The rules of a trial require one Region that is not being deleted, which every set has.
    if account.group == "trial":
        return findings
    regions = body["regionMap"]
    remaining = sorted(name for name in regions if regions[name]["status"] != "DELETING")
    if "eu-west-1" not in remaining:
        add_finding("regions", ["eu-west-1"], remaining, region="eu-west-1")
    if len(remaining) == 1:
        add_finding("minimum_regions", 2, 1)
    if body["status"] != "ACTIVE":
        add_finding("active", "ACTIVE", body["status"])
    for name, info in regions.items():
        if info["status"] != "ACTIVE":
            add_finding("active", "ACTIVE", info["status"], region=name)
        key = info.get("sseKmsKeyId")
        if key == "DefaultKey" or key is None:
            add_finding("customer_managed_keys", True, key, region=name, known=key is not None)
        if key is None or f":{KEY_ACCOUNT}:" not in key:
            add_finding("allowed_kms_keys", ALLOWED_KEYS, key, region=name, known=key is not None)
    protected = body.get("deletionProtected")
    if protected is not True:
        add_finding("deletion_protected", True, protected, known=protected is not None)
    if account.tags_denied:
        add_finding("tags", RULES["tags"], None, known=False)
        return findings
    if account.tags["Team"] != "Resilience":
        add_finding("tags", {"Team": "Resilience"}, {"Team": account.tags["Team"]})
    if "CostCenter" not in account.tags:
        add_finding("tags", {"CostCenter": None}, {})
    return findings


def _utc(time: str | None) -> str | None:
    return time and datetime.fromisoformat(time).astimezone(UTC).isoformat(timespec="microseconds")
