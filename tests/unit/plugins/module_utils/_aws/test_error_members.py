# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests of what AWS sends in an error: all its members are in the result, and its message makes a sentence."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible.utils.display import Display
from ansible_collections.incident_manager.aws.plugins.module_utils._aws.errors import (
    ON_CONTROLLER,
    Failure,
    as_failure,
)
from ansible_collections.incident_manager.aws.plugins.module_utils._aws.text import sentences
from endpoint.server import LocalEndpoint

Run = Callable[..., Any]

INFO = "ssm_incidents_replication_set_info"
AUDIT = "ssm_incidents_replication_set_audit"
KEY = "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
SET = {"status": "ACTIVE", "regionMap": {"us-east-1": {"status": "ACTIVE", "sseKmsKeyId": KEY}}}
FIELDS = [{"Name": "ContactId", "Message": "must not be empty"}, {"Name": "MaxResults", "Message": "is too large"}]

pytestmark = pytest.mark.usefixtures("sleeps")


@pytest.fixture
def warnings(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the warnings of the lookup."""
    shown: list[str] = []
    monkeypatch.setattr(Display, "warning", lambda _self, message, **_options: shown.append(message))
    return shown


def error(code: str, message: str | None = None, **options: Any) -> dict[str, Any]:
    return {"fault": "error", "code": code, "message": message, "times": None, **options}


def test_the_members_of_the_model(run_module: Run, run_action: Run, endpoint: LocalEndpoint) -> None:
    members = {
        "resourceIdentifier": "replication-set",
        "resourceType": "REPLICATION_SET",
        "retryAfter": 1767225600,
        "serviceCode": "ssm-incidents",
        "quotaCode": "L-1234",
    }
    endpoint.faults.add(error("ConflictException", "Busy", members=members))
    for result in (run_module(INFO).result, run_action(AUDIT).result):
        assert result["error"] == {
            "code": "ConflictException",
            "message": "Busy",
            "resource_identifier": "replication-set",
            "resource_type": "REPLICATION_SET",
            "retry_after": "2026-01-01T00:00:00.000000+00:00",
        }
        json.dumps(result)
    endpoint.faults.clear()
    endpoint.faults.add(error("ServiceQuotaExceededException", "Full", members=members))
    assert run_module(INFO).result["error"] == {
        "code": "ServiceQuotaExceededException",
        "message": "Full",
        "resource_identifier": "replication-set",
        "resource_type": "REPLICATION_SET",
        "service_code": "ssm-incidents",
        "quota_code": "L-1234",
    }


def test_why_a_contact_is_rejected(run_module: Run, endpoint: LocalEndpoint, tmp_path: Path) -> None:
    """Entries of what is missing have no members, so their texts say which fields AWS rejects."""
    endpoint.seed(SET)
    members = {"Reason": "FIELD_VALIDATION_FAILED", "Fields": FIELDS}
    endpoint.faults.add(error("ValidationException", "Invalid value.", service="ssm-contacts", members=members))
    why = "Invalid value (Reason: FIELD_VALIDATION_FAILED; Fields: ContactId: must not be empty, MaxResults: is too large)"
    assert why in run_module("ssm_incidents_data_info").result["missing"][0]["msg"]
    run_module("ssm_incidents_export", path=str(tmp_path / "export"), allow_incomplete=True)
    manifest = json.loads((tmp_path / "export" / "manifest.json").read_text())
    assert any(why in entry["reason"] for entry in manifest["missing"])


@pytest.mark.parametrize("message", ["", " ", "\u200b", None])
def test_an_empty_message(run_module: Run, endpoint: LocalEndpoint, message: str | None) -> None:
    endpoint.faults.add(error("ValidationException", members={"message": message}))
    result = run_module(INFO).result
    what = "An error occurred (ValidationException) when calling the ListReplicationSets operation"
    assert f": {what}. Check" in result["msg"]
    assert result["error"]["message"] == what


def texts(result: dict[str, Any]) -> list[str]:
    """Return the messages of a result. error.message is not one: it is AWS's own text."""
    missing = [entry["msg"] for entry in result.get("missing", [])]
    # A warning of newer releases of ansible-core is a dictionary.
    return [result.get("msg", ""), *map(json.dumps, result.get("warnings", [])), *missing]


@pytest.mark.sample(1)
@pytest.mark.parametrize("end", ["", ".", "..", ". ", "?", "!"])
def test_one_full_stop(
    run_module: Run, run_lookup: Run, endpoint: LocalEndpoint, warnings: list[str], end: str
) -> None:
    """Every message that has AWS's text in it: failures, warnings, entries of what is missing, and failures of a search."""
    arn = endpoint.seed(SET)
    text = f"Some text of AWS{end}"
    once = {"retries": {"total_max_attempts": 1}}
    shown: list[str] = []
    for operation in ("ListReplicationSets", "GetReplicationSet", "ListTagsForResource"):
        endpoint.faults.clear()
        endpoint.faults.add(error("AccessDeniedException", text, operation=operation))
        shown += texts(run_module(INFO, include_keys=True).result)
        shown += texts(run_module(INFO, search_regions=["eu-west-1"], aws_config=once).result)
        shown += texts(run_module("ssm_incidents_replication_set", arn=arn, tags={}).result)
        run_lookup(on_denied="warn", include_keys=True)
    endpoint.faults.clear()
    endpoint.faults.add(error("AccessDeniedException", text, service="ssm-contacts"))
    shown += texts(run_module("ssm_incidents_data_info").result)
    assert any("Some text of AWS" in line for line in shown) and any("Some text of AWS" in line for line in warnings)
    for line in [*shown, *warnings]:
        assert ".." not in line.replace("...", ""), line
        assert not any(f"{mark}." in line for mark in "?!:"), line


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["One", "Two."], "One. Two."),
        (["One..", "", "Two?"], "One. Two?"),
        (["One:", "Two!"], "One. Two!"),
        (["One ...", "Two"], "One ... Two."),
        (["One. ", "."], "One."),
    ],
)
def test_sentences(texts: list[str], expected: str) -> None:
    assert sentences(*texts) == expected


def test_the_end_of_a_reason_of_another_library() -> None:
    failure = as_failure(ValueError("no end.."))
    assert ".." not in failure.describe(ON_CONTROLLER)
    assert Failure("Failed", code="X", reason="why.", advice="").describe(ON_CONTROLLER) == "Failed: why."
