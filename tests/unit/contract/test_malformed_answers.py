# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests of responses that AWS should never send. They lead to an explained failure, never to a traceback or a pass."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from ansible.errors import AnsibleError
from botocore.client import BaseClient
from endpoint.server import LocalEndpoint

from .schema import AUDIT, ERROR, violations

ACCOUNT = "123456789012"
ARN = f"arn:aws:ssm-incidents::{ACCOUNT}:replication-set/c4bcb603-4bf9-bb3f-413c-08df53673b57"
OTHER_ARN = ARN.replace(ACCOUNT, "999999999999")
KEY = f"arn:aws:kms:us-east-1:{ACCOUNT}:key/1234abcd-12ab-34cd-56ef-1234567890ab"
ACTIVE = {"status": "ACTIVE", "sseKmsKeyId": KEY}
SET: dict[str, Any] = {
    "status": "ACTIVE",
    "deletionProtected": True,
    "createdBy": "arn:aws:iam::123456789012:user/ops",
    "createdTime": 1600000000,
    "lastModifiedBy": "arn:aws:iam::123456789012:user/ops",
    "lastModifiedTime": 1600000000,
    "regionMap": {"us-east-1": ACTIVE, "us-west-2": ACTIVE},
}

Run = Callable[..., Any]


def with_region(name: str, region: Any) -> dict[str, Any]:
    return {**SET, "regionMap": {"us-east-1": ACTIVE, name: region}}


MALFORMED: dict[str, dict[str, Any]] = {
    "a Region is null": with_region("us-west-2", None),
    "a Region is a text": with_region("us-west-2", "ACTIVE"),
    "a Region has no name": with_region("", ACTIVE),
    "a Region has an invalid name": with_region("\x1b[31mjunk\n", ACTIVE),
    "no Region": {**SET, "regionMap": {}},
    "the Regions are a list": {**SET, "regionMap": []},
    "a Region's status is a number": with_region("us-west-2", {**ACTIVE, "status": 5}),
    "a key is empty": with_region("us-west-2", {**ACTIVE, "sseKmsKeyId": ""}),
    "a key is a number": with_region("us-west-2", {**ACTIVE, "sseKmsKeyId": 5}),
    "a key is a list": with_region("us-west-2", {**ACTIVE, "sseKmsKeyId": []}),
    "a time that is out of range": {**SET, "createdTime": "0001-01-01T00:00:00+14:00"},
    "another set's ARN": {**SET, "arn": OTHER_ARN},
    "an invalid ARN": {**SET, "arn": "garbage"},
    "an ARN that is a number": {**SET, "arn": 5},
    "an ARN that is a list": {**SET, "arn": ["x"]},
    "a creator that is a dictionary": {**SET, "createdBy": {"a": 1}},
    "no status": {name: value for name, value in SET.items() if name != "status"},
    "a status that is null": {**SET, "status": None},
}


@pytest.fixture
def answer(endpoint: LocalEndpoint) -> Callable[[dict[str, Any], str], None]:
    """Return a function that makes the endpoint list an ARN and return any body as the set."""

    def respond(body: dict[str, Any], arn: str = ARN) -> None:
        listed = json.dumps({"replicationSetArns": [arn]})
        found = json.dumps({"replicationSet": body})
        endpoint.faults.add(
            {"fault": "body", "operation": "ListReplicationSets", "body": listed, "times": None},
            {"fault": "body", "operation": "GetReplicationSet", "body": found, "times": None},
        )

    return respond


@pytest.mark.slow
@pytest.mark.parametrize("name", MALFORMED)
def test_a_malformed_set(
    run_module: Run, run_action: Run, run_lookup: Run, sleeps: list[float], answer: Run, name: str
) -> None:
    answer(MALFORMED[name])
    rules = {"deletion_protected": True, "customer_managed_keys": True}
    task = run_action("ssm_incidents_replication_set_audit", rules=rules, report_only=True)
    assert task["outcome"] == "unknown" and violations(task.result, {**AUDIT, **ERROR}) == []
    for module in ("ssm_incidents_replication_set_info", "ssm_incidents_replication_set"):
        outcome = run_module(module)
        assert outcome.failed and outcome["error"]["code"] == "MalformedAnswer", outcome["msg"]
        assert "Traceback" not in outcome.output and "\x1b" not in outcome["msg"]
    with pytest.raises(AnsibleError, match="can't be read"):
        run_lookup(on_missing="skip", on_denied="skip")


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({**SET, "regionMap": []}, "replicationSet.regionMap is not a map"),
        (with_region("us-west-2", None), "replicationSet.regionMap.us-west-2 is not a structure"),
        (with_region("us-west-2", "ACTIVE"), "replicationSet.regionMap.us-west-2 is not a structure"),
        (
            with_region("us-west-2", {**ACTIVE, "status": 5}),
            "replicationSet.regionMap.us-west-2.status is not a string",
        ),
        ({**SET, "deletionProtected": "no"}, "replicationSet.deletionProtected is not a boolean"),
        ({**SET, "createdTime": True}, "replicationSet.createdTime is not a timestamp"),
        ([], "replicationSet is not a structure"),
    ],
)
def test_the_member_of_a_malformed_set_is_named(run_module: Run, answer: Run, body: Any, path: str) -> None:
    answer(body)
    outcome = run_module("ssm_incidents_replication_set_info")
    assert outcome["error"]["code"] == "MalformedAnswer" and path in outcome["msg"]


@pytest.mark.parametrize("arns", [{}, "", [None], [5]])
def test_a_list_that_is_none(run_module: Run, endpoint: LocalEndpoint, arns: Any) -> None:
    """botocore takes an empty object for an empty list: the account would have no set."""
    body = json.dumps({"replicationSetArns": arns})
    endpoint.faults.add({"fault": "body", "operation": "ListReplicationSets", "body": body, "times": None})
    outcome = run_module("ssm_incidents_replication_set_info")
    assert outcome["error"]["code"] == "MalformedAnswer" and "replicationSetArns" in outcome["msg"]


@pytest.mark.parametrize("value", ["false", "no", [], 0])
def test_protection_that_is_not_true_or_false(run_action: Run, answer: Run, value: Any) -> None:
    """Newer releases of botocore convert the value to a boolean."""
    answer({**SET, "deletionProtected": value})
    task = run_action("ssm_incidents_replication_set_audit", rules={"deletion_protected": True})
    assert task["outcome"] in ("failed", "unknown") and task.failed


@pytest.mark.parametrize("key", ["defaultkey", "alias/aws/x", "1234abcd-12ab-34cd-56ef-1234567890ab", "DefaultKey"])
def test_only_the_arn_of_a_key_is_a_customer_managed_key(run_action: Run, answer: Run, key: str) -> None:
    answer(with_region("us-west-2", {**ACTIVE, "sseKmsKeyId": key}))
    task = run_action("ssm_incidents_replication_set_audit", rules={"customer_managed_keys": True})
    assert task["outcome"] == "failed"
    assert [finding["region"] for finding in task["findings"]] == ["us-west-2"]


def test_a_role_whose_account_lists_another_accounts_set(run_action: Run, run_lookup: Run, answer: Run) -> None:
    answer(SET, OTHER_ARN)
    role = f"arn:aws:iam::{ACCOUNT}:role/audit"
    task = run_action("ssm_incidents_replication_set_audit", assume_role_arn=role, report_only=True)
    assert (task["outcome"], task["error"]["code"]) == ("unknown", "AccountMismatch")
    assert ACCOUNT in task["msg"] and OTHER_ARN in task["msg"]
    with pytest.raises(AnsibleError, match=OTHER_ARN):
        run_lookup(assume_role_arn=role, on_missing="skip", on_denied="skip")


@pytest.mark.parametrize("code", [None, "", "x" * 5000, "Bad\x1b[31m\nCode", 5])
def test_an_invalid_error_code(run_module: Run, endpoint: LocalEndpoint, code: Any) -> None:
    body = json.dumps({"code": code, "message": "No luck"})
    endpoint.faults.add({"fault": "status", "http_status": 400, "body": body, "times": None})
    outcome = run_module("ssm_incidents_replication_set_info")
    assert outcome["error"]["code"] in ("MalformedAnswer", "400", "5")
    assert violations(outcome.result, ERROR) == []


@pytest.mark.parametrize("url", ["http://127.0.0.1:99999", "http://127.0.0.1:port"])
def test_an_invalid_port(run_module: Run, run_action: Run, endpoint: LocalEndpoint, url: str) -> None:
    outcome = run_module("ssm_incidents_replication_set_info", endpoint_url=url)
    assert outcome["error"]["code"] == "InvalidConfiguration"
    assert run_action("ssm_incidents_replication_set_audit", endpoint_url=url)["outcome"] == "unknown"


def test_a_list_that_does_not_end(run_module: Run, endpoint: LocalEndpoint) -> None:
    body = json.dumps({"replicationSetArns": [], "nextToken": "again"})
    endpoint.faults.add({"fault": "body", "operation": "ListReplicationSets", "body": body, "times": None})
    assert run_module("ssm_incidents_replication_set_info")["error"]["code"] == "PaginationError"


def test_a_list_of_too_many_pages(run_module: Run, endpoint: LocalEndpoint) -> None:
    endpoint.configure(empty_list_pages=1000)
    outcome = run_module("ssm_incidents_replication_set_info")
    assert outcome["error"]["code"] == "MalformedAnswer" and "more than 20 pages" in outcome["msg"]


@pytest.mark.parametrize("token", [0, [], {}, False])
def test_an_invalid_token_is_not_the_end_of_the_list(run_action: Run, endpoint: LocalEndpoint, token: Any) -> None:
    body = json.dumps({"replicationSetArns": [], "nextToken": token})
    endpoint.faults.add({"fault": "body", "operation": "ListReplicationSets", "body": body, "times": None})
    task = run_action("ssm_incidents_replication_set_audit", rules={"state": "absent"})
    assert (task["outcome"], task["error"]["code"]) == ("unknown", "MalformedAnswer")


@pytest.mark.parametrize("status", [201, 202, 203, 206])
def test_a_success_with_another_status_than_200_is_malformed(
    run_action: Run, endpoint: LocalEndpoint, status: int
) -> None:
    body = json.dumps({"replicationSetArns": []})
    endpoint.faults.add({"fault": "status", "http_status": status, "body": body, "times": None})
    task = run_action("ssm_incidents_replication_set_audit", rules={"state": "absent"})
    assert (task["outcome"], task["error"]["code"]) == ("unknown", "MalformedAnswer")


def test_control_characters_are_not_in_the_result_of_an_audit(run_action: Run, answer: Run) -> None:
    """Callbacks display the result."""
    hostile = "a\x1b[2J\x7f\x9b31m\u202eb\u200f\r\nc"
    answer(with_region("us-west-2", {**ACTIVE, "statusMessage": hostile}))
    task = run_action("ssm_incidents_replication_set_audit")
    message = task["replication_set"]["region_map"]["us-west-2"]["status_message"]
    assert message.isprintable() and message.endswith("c")


def test_one_arn_listed_twice_is_one_set(run_module: Run, endpoint: LocalEndpoint) -> None:
    endpoint.seed(SET, arn=ARN)
    body = json.dumps({"replicationSetArns": [ARN, ARN]})
    endpoint.faults.add({"fault": "body", "operation": "ListReplicationSets", "body": body, "times": None})
    assert run_module("ssm_incidents_replication_set_info")["replication_set"]["arn"] == ARN


# The managing module --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", ["DELETING", "CREATING", "SUSPENDED"])
def test_a_region_is_not_deleted_while_another_one_is_not_ready(
    run_module: Run, endpoint: LocalEndpoint, sleeps: list[float], answer: Run, status: str
) -> None:
    """Otherwise the set could lose the only Region that stays, although the status of the set is ACTIVE."""
    answer({**SET, "regionMap": {"us-east-1": {**ACTIVE, "status": status}, "us-west-2": ACTIVE}})
    task = {"regions": [{"name": "us-east-1", "sse_kms_key_id": KEY}], "wait_timeout": 0}
    outcome = run_module("ssm_incidents_replication_set", **task)
    assert outcome["error"]["code"] == "WaitTimeout" and outcome["changed"] is False
    assert f"us-east-1 {status}" in outcome["msg"]
    assert set(endpoint.operations) <= {"ListReplicationSets", "GetReplicationSet"}


def test_a_set_with_an_unknown_status_is_not_ready(
    run_module: Run, endpoint: LocalEndpoint, sleeps: list[float], answer: Run
) -> None:
    answer({**SET, "status": "SUSPENDED"})
    outcome = run_module("ssm_incidents_replication_set", regions=[{"name": "us-east-1"}], wait_timeout=0)
    assert outcome["error"]["code"] == "WaitTimeout" and "SUSPENDED" in outcome["msg"]
    assert set(endpoint.operations) <= {"ListReplicationSets", "GetReplicationSet"}


def test_a_create_that_returns_no_arn_is_sent_again_with_the_same_token(
    run_module: Run, endpoint: LocalEndpoint, sleeps: list[float]
) -> None:
    body = json.dumps({"arn": "garbage"})
    endpoint.faults.add({"fault": "body", "operation": "CreateReplicationSet", "body": body, "times": 3})
    endpoint.configure(transition={"progression": "immediate"})
    outcome = run_module("ssm_incidents_replication_set", regions=[{"name": "us-east-1"}])
    assert not outcome.failed, outcome["msg"]
    assert [action["action"] for action in outcome["actions"]] == ["create_replication_set"]
    creates = [call for call in endpoint.requests if call["operation"] == "CreateReplicationSet"]
    assert len({call["input"]["clientToken"] for call in creates}) == 1


def test_an_error_in_a_library_leaves_the_actions_in_the_result(
    run_module: Run, endpoint: LocalEndpoint, sleeps: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    owned = {"status": "ACTIVE", "sseKmsKeyId": "DefaultKey"}
    endpoint.seed({"status": "ACTIVE", "regionMap": {"us-east-1": owned, "us-west-2": owned}}, arn=ARN)
    call = BaseClient._make_api_call

    def fail_to_update(client: Any, operation: str, *request: Any) -> Any:
        assert operation != "UpdateReplicationSet", "an error in a library"
        return call(client, operation, *request)

    monkeypatch.setattr(BaseClient, "_make_api_call", fail_to_update)
    task = {"regions": [{"name": "us-east-1"}], "deletion_protected": True}
    outcome = run_module("ssm_incidents_replication_set", **task)
    assert outcome["error"]["code"] == "UnexpectedError" and "an error in a library" in outcome["msg"]
    assert outcome["changed"] is True
    assert [(action["action"], action["status"]) for action in outcome["actions"]] == [
        ("update_deletion_protection", "done"),
        ("delete_region", "not_reached"),
    ]
    assert "Traceback" not in outcome.output
