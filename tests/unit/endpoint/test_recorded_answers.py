# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests with boto3 that the endpoint answers as the real service did in the examples of awscli."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from endpoint.server import LocalEndpoint
from recorded_answers import ACCOUNT, ARN, GET, LIST, TAGS

from .calls import Connect


def as_cli(answer: dict[str, Any]) -> Any:
    """Return an answer as the AWS CLI prints it."""
    answer.pop("ResponseMetadata")
    return json.loads(json.dumps(answer, default=lambda time: time.astimezone(UTC).isoformat(timespec="microseconds")))


@pytest.fixture
def recorded_client(endpoint: LocalEndpoint, connect: Connect) -> Any:
    """Return a client of the account whose set was recorded."""
    endpoint.seed(GET, account=ACCOUNT, arn=ARN, tags=TAGS["tags"])
    return connect("us-east-1", ACCOUNT)


def test_get(recorded_client: Any) -> None:
    assert as_cli(recorded_client.get_replication_set(arn=ARN)) == GET


def test_times_are_epoch_seconds_with_fractions(recorded_client: Any) -> None:
    bodies: list[bytes] = []
    recorded_client.meta.events.register_first(
        "response-received.ssm-incidents", lambda response_dict, **_: bodies.append(response_dict["body"]), "spy"
    )
    recorded_client.get_replication_set(arn=ARN)
    recorded_client.meta.events.unregister("response-received.ssm-incidents", unique_id="spy")
    assert json.loads(bodies[0])["replicationSet"]["createdTime"] == 1621015042.01


def test_list(recorded_client: Any) -> None:
    assert as_cli(recorded_client.list_replication_sets()) == LIST


def test_list_tags(recorded_client: Any) -> None:
    assert as_cli(recorded_client.list_tags_for_resource(resourceArn=ARN)) == TAGS


@pytest.mark.parametrize(
    ("operation", "arguments"),
    [
        ("update_replication_set", {"arn": ARN, "actions": [{"deleteRegionAction": {"regionName": "us-east-2"}}]}),
        ("update_deletion_protection", {"arn": ARN, "deletionProtected": True}),
        ("delete_replication_set", {"arn": ARN}),
        ("tag_resource", {"resourceArn": ARN, "tags": {"group1": "1"}}),
        ("untag_resource", {"resourceArn": ARN, "tagKeys": ["group1"]}),
    ],
)
def test_calls_without_output(recorded_client: Any, operation: str, arguments: dict[str, Any]) -> None:
    answer = getattr(recorded_client, operation)(**arguments)
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 204
    assert as_cli(answer) == {}


def test_a_change_replaces_the_recorded_answer(recorded_client: Any) -> None:
    before = datetime.now(UTC)
    recorded_client.update_deletion_protection(arn=ARN, deletionProtected=True)
    seen = recorded_client.get_replication_set(arn=ARN)["replicationSet"]
    assert seen["deletionProtected"]
    assert seen["lastModifiedTime"] >= before.replace(microsecond=0)
    assert seen["createdTime"] == datetime.fromisoformat(GET["replicationSet"]["createdTime"])
    assert seen["regionMap"]["us-east-2"]["statusMessage"] == "Tagging inaccessible"
