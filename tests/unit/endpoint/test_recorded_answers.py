# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests that the endpoint answers what the real service answered in the examples of awscli."""

from __future__ import annotations

import importlib.util
import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from endpoint.server import LocalEndpoint
from recorded_answers import ACCOUNT, ARN, EXAMPLES, GET, LIST, TAGS

from .calls import Connect, error_code


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


def test_create_returns_the_arn_of_the_model(endpoint: LocalEndpoint, connect: Connect) -> None:
    """The recorded output, {"replicationSetArns": [...]}, contradicts the model, which every SDK uses: the endpoint
    follows the model. The recorded call has one key for two Regions, which contradicts the User Guide ("Data protection
    in Incident Manager"): the endpoint follows the guide, and takes the call with a key in each Region."""
    key = endpoint.make_key("arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab")
    other_key = endpoint.make_key(key.replace("us-east-1", "us-east-2"))
    client = connect("us-east-1", ACCOUNT)
    recorded = {"us-east-1": {"sseKmsKeyId": key}, "us-east-2": {"sseKmsKeyId": key}}
    assert error_code(client.create_replication_set, regions=recorded) == "ValidationException"
    regions = {"us-east-1": {"sseKmsKeyId": key}, "us-east-2": {"sseKmsKeyId": other_key}}
    answer = as_cli(client.create_replication_set(regions=regions))
    assert list(answer) == ["arn"]
    assert re.fullmatch(r"arn:aws:ssm-incidents::111122223333:replication-set/[0-9a-f-]{36}", answer["arn"])


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


@pytest.mark.skipif(not importlib.util.find_spec("awscli"), reason="There is no awscli in this environment")
@pytest.mark.parametrize("name", EXAMPLES)
def test_the_copies_equal_the_examples_of_awscli(name: str) -> None:
    spec = importlib.util.find_spec("awscli")
    assert spec is not None
    assert spec.origin is not None
    page = (Path(spec.origin).parent / "examples/ssm-incidents" / f"{name}.rst").read_text()
    assert json.loads(page.split("Output::")[1].split("For more information")[0]) == EXAMPLES[name]
