# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests of the control interface over HTTP."""

from __future__ import annotations

from typing import Any

import pytest
from endpoint.client import ControlClient, send
from endpoint.server import LocalEndpoint

from .calls import Connect, error_code

ACTIVE = {"status": "ACTIVE", "regionMap": {"us-east-1": {"status": "ACTIVE"}}}


def test_faults(control: ControlClient, client: Any) -> None:
    rules = [{"fault": "throttle", "times": 2}, {"fault": "internal"}]
    status, rules_left = control.request("POST", "faults", rules)
    assert (status, [rule["times"] for rule in rules_left]) == (200, [2, 1])
    assert error_code(client.list_replication_sets) == "ThrottlingException"
    assert [rule["times"] for rule in control.request("GET", "faults")[1]] == [1, 1]
    assert control.request("DELETE", "faults")[0] == 200
    assert control.request("GET", "faults") == (200, [])
    client.list_replication_sets()


@pytest.mark.parametrize(
    ("path", "body", "message"),
    [
        ("faults", {"fault": "reset"}, "must be a list of rules"),
        ("faults", [{"fault": "reset"}, {"fault": "unknown"}], "fault must be one of"),
        ("faults", "{", "not JSON"),
        ("settings", [], "must be a JSON object"),
        ("settings", {"answer_shape": "model", "colour": "red"}, "unknown setting: colour"),
        ("settings", {"answer_shape": "full"}, "answer_shape must be"),
        ("settings", {"transition": {"progression": "manual"}}, "transition must be"),
        ("settings", {"transition": {"progression": "time", "seconds": "1"}}, "transition must be"),
        ("settings", {"enforce_iam": 1}, "enforce_iam must be true or false"),
        ("settings", {"fail_next": {"mars-1": "x"}}, "fail_next must be"),
        ("settings", {"empty_list_pages": -1}, "empty_list_pages must be"),
        ("settings", {"page_size": True}, "page_size must be"),
        ("settings", {"enabled_accounts": "all"}, "enabled_accounts must be"),
        ("settings", {"enabled_accounts": ["12"]}, "enabled_accounts must be"),
        ("settings", {"min_region_age_hours": "24"}, "min_region_age_hours must be"),
        ("seed", {"body": {}}, "at least one Region"),
        ("seed", {}, "body"),
        ("seed", {"body": {**ACTIVE, "status": "SLEEPING"}}, "a ReplicationSet needs a status"),
        ("seed", {"body": {**ACTIVE, "regionMap": {"us-east-1": {}}}}, "a RegionInfo needs a status"),
        ("seed", {"body": {**ACTIVE, "colour": "red"}}, "not members of a ReplicationSet: colour"),
        ("seed", {"body": {**ACTIVE, "createdTime": "yesterday, or so"}}, "yesterday"),
        ("data", {}, "objects must be a list"),
        ("data", {"objects": [], "colour": "red"}, "colour"),
        ("users", {}, "policy"),
        ("keys", {"arn": "alias/mine"}, "must be the ARN of a KMS key"),
        ("keys", {"arn": "arn:aws:kms:mars-1:123456789012:key/k"}, "must be the ARN of a KMS key"),
    ],
)
def test_malformed_requests(
    endpoint: LocalEndpoint, control: ControlClient, path: str, body: Any, message: str
) -> None:
    status, answer = control.request("POST", path, body)
    assert status == 400
    assert message in answer["error"]
    assert endpoint.faults.left() == []
    assert endpoint.configure()["answer_shape"] == "recorded"


def test_unknown_paths(control: ControlClient) -> None:
    status, answer = control.request("POST", "nonsense")
    assert status == 404
    assert "POST /incident-manager-endpoint/faults" in answer["known"]


def test_requests(endpoint: LocalEndpoint, control: ControlClient, client: Any) -> None:
    arn = endpoint.seed(ACTIVE)
    client.tag_resource(resourceArn=arn, tags={"a": "b"})
    client.untag_resource(resourceArn=arn, tagKeys=["a"])
    error_code(client.get_replication_set, arn="arn:aws:ssm-incidents::123456789012:replication-set/other")
    seen = control.request("GET", "requests")[1]
    assert [(call["operation"], call["status"]) for call in seen] == [
        ("TagResource", 204),
        ("UntagResource", 204),
        ("GetReplicationSet", 404),
    ]
    assert seen[0]["input"] == {"resourceArn": arn, "tags": {"a": "b"}}
    assert seen[1]["input"] == {"resourceArn": arn, "tagKeys": ["a"]}
    assert {(call["region"], call["account"], call["fault"]) for call in seen} == {("us-east-1", "123456789012", None)}
    assert all("Boto3/" in call["user_agent"] and call["time"] > 0 for call in seen)
    control.request("DELETE", "requests")
    assert endpoint.requests == []


def test_seed(control: ControlClient, connect: Connect) -> None:
    arn = "arn:aws:ssm-incidents::111122223333:replication-set/1"
    given = {"body": ACTIVE, "account": "111122223333", "arn": arn, "tags": {"a": "b"}}
    assert control.request("POST", "seed", given) == (200, {"arn": arn})
    client = connect("us-east-1", "111122223333")
    assert client.list_tags_for_resource(resourceArn=arn)["tags"] == {"a": "b"}
    found = client.get_replication_set(arn=arn)["replicationSet"]
    assert found == ACTIVE


def test_settings(control: ControlClient, client: Any) -> None:
    given = {"answer_shape": "model", "transition": {"progression": "immediate"}}
    status, settings = control.request("POST", "settings", given)
    assert status == 200
    assert settings == control.request("GET", "settings")[1]
    assert {name: settings[name] for name in given} == given
    arn = client.create_replication_set(regions={"us-east-1": {}})["arn"]
    found = client.get_replication_set(arn=arn)["replicationSet"]
    assert (found["arn"], found["status"]) == (arn, "ACTIVE")
    assert found["regionMap"]["us-east-1"]["statusUpdateDateTime"] >= found["createdTime"]


def test_transitions_can_be_set_by_motos_api(endpoint: LocalEndpoint, client: Any) -> None:
    given = {"model_name": "ssm-incidents::replication-set", "transition": {"progression": "manual", "times": 1}}
    status, _answer = send(endpoint.url, "POST", "/moto-api/state-manager/set-transition", given)
    assert status == 201
    arn = client.create_replication_set(regions={"us-east-1": {}})["arn"]
    assert client.get_replication_set(arn=arn)["replicationSet"]["status"] == "ACTIVE"


def test_reset_keeps_other_services(endpoint: LocalEndpoint, control: ControlClient, client: Any) -> None:
    key = endpoint.client("kms").create_key()["KeyMetadata"]["KeyId"]
    endpoint.seed(ACTIVE)
    control.request("POST", "settings", {"answer_shape": "model", "fail_next": {"us-east-1": "x"}})
    control.request("POST", "faults", [{"fault": "internal"}])
    assert control.request("POST", "reset")[0] == 200
    assert client.list_replication_sets()["replicationSetArns"] == []
    assert endpoint.client("kms").describe_key(KeyId=key)["KeyMetadata"]["KeyId"] == key
    settings = control.request("GET", "")[1]["settings"]
    assert (settings["answer_shape"], settings["fail_next"]) == ("recorded", {})


def test_reset_of_moto_removes_the_sets(endpoint: LocalEndpoint, connect: Connect) -> None:
    endpoint.seed(ACTIVE)
    assert send(endpoint.url, "POST", "/moto-api/reset")[0] == 200
    assert connect().list_replication_sets()["replicationSetArns"] == []


def test_make_key(endpoint: LocalEndpoint, control: ControlClient) -> None:
    arn = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
    assert control.make_key(arn) == arn
    metadata = endpoint.client("kms", account="111122223333").describe_key(KeyId=arn)["KeyMetadata"]
    assert (metadata["Arn"], metadata["KeyState"]) == (arn, "Enabled")
