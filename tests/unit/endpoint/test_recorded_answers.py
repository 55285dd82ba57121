# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What AWS recorded from the real service (awscli, examples/ssm-incidents) comes out of the endpoint the same."""

from __future__ import annotations

import importlib.util
import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from endpoint.server import LocalEndpoint

    from .calls import Connect

ACCOUNT = "111122223333"
ARN = "arn:aws:ssm-incidents::111122223333:replication-set/c4bcb603-4bf9-bb3f-413c-08df53673b57"
GET = {
    "replicationSet": {
        "createdBy": "arn:aws:sts::111122223333:assumed-role/Admin/username",
        "createdTime": "2021-05-14T17:57:22.010000+00:00",
        "deletionProtected": False,
        "lastModifiedBy": "arn:aws:sts::111122223333:assumed-role/Admin/username",
        "lastModifiedTime": "2021-05-14T17:57:22.010000+00:00",
        "regionMap": {
            "us-east-1": {"sseKmsKeyId": "DefaultKey", "status": "ACTIVE"},
            "us-east-2": {
                "sseKmsKeyId": "DefaultKey",
                "status": "ACTIVE",
                "statusMessage": "Tagging inaccessible",
            },
        },
        "status": "ACTIVE",
    }
}
LIST: dict[str, Any] = {"replicationSetArns": [ARN]}
# Recorded for a response plan.
TAGS = {"tags": {"group1": "1"}}
EXAMPLES = {"get-replication-set": GET, "list-replication-sets": LIST, "list-tags-for-resource": TAGS}


def as_cli(answer: dict[str, Any]) -> Any:
    """An answer as the AWS CLI prints it."""
    answer.pop("ResponseMetadata")
    return json.loads(json.dumps(answer, default=lambda time: time.astimezone(UTC).isoformat(timespec="microseconds")))


@pytest.fixture
def recorded(endpoint: LocalEndpoint, connect: Connect) -> Any:
    """A client of the account whose set was recorded."""
    endpoint.seed(GET, account=ACCOUNT, arn=ARN, tags=TAGS["tags"])
    return connect("us-east-1", ACCOUNT)


def test_get(recorded: Any) -> None:
    assert as_cli(recorded.get_replication_set(arn=ARN)) == GET


def test_times_are_epoch_seconds_with_fractions(recorded: Any) -> None:
    bodies: list[bytes] = []
    recorded.meta.events.register_first(
        "response-received.ssm-incidents", lambda response_dict, **_: bodies.append(response_dict["body"]), "spy"
    )
    recorded.get_replication_set(arn=ARN)
    recorded.meta.events.unregister("response-received.ssm-incidents", unique_id="spy")
    assert json.loads(bodies[0])["replicationSet"]["createdTime"] == 1621015042.01


def test_list(recorded: Any) -> None:
    assert as_cli(recorded.list_replication_sets()) == LIST


def test_list_tags(recorded: Any) -> None:
    assert as_cli(recorded.list_tags_for_resource(resourceArn=ARN)) == TAGS


def test_create_answers_arn_as_in_the_model(endpoint: LocalEndpoint, connect: Connect) -> None:
    """The recorded output, {"replicationSetArns": [...]}, is a list's and contradicts the model, which is what
    every SDK reads: the model wins. The call itself is the recorded one, one key for two Regions."""
    key = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
    regions = {"us-east-1": {"sseKmsKeyId": key}, "us-east-2": {"sseKmsKeyId": key}}
    answer = as_cli(connect("us-east-1", ACCOUNT).create_replication_set(regions=regions))
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
def test_no_output(recorded: Any, operation: str, arguments: dict[str, Any]) -> None:
    answer = getattr(recorded, operation)(**arguments)
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 204
    assert as_cli(answer) == {}


def test_a_change_ends_the_recording(recorded: Any) -> None:
    before = datetime.now(UTC)
    recorded.update_deletion_protection(arn=ARN, deletionProtected=True)
    seen = recorded.get_replication_set(arn=ARN)["replicationSet"]
    assert seen["deletionProtected"]
    assert seen["lastModifiedTime"] >= before.replace(microsecond=0)
    assert seen["createdTime"] == datetime.fromisoformat(GET["replicationSet"]["createdTime"])  # type: ignore[arg-type]
    assert seen["regionMap"]["us-east-2"]["statusMessage"] == "Tagging inaccessible"


@pytest.mark.skipif(not importlib.util.find_spec("awscli"), reason="compares the copies with awscli, when it is there")
@pytest.mark.parametrize("name", EXAMPLES)
def test_the_copies_are_true(name: str) -> None:
    spec = importlib.util.find_spec("awscli")
    assert spec is not None
    assert spec.origin is not None
    page = (Path(spec.origin).parent / "examples/ssm-incidents" / f"{name}.rst").read_text()
    assert json.loads(page.split("Output::")[1].split("For more information")[0]) == EXAMPLES[name]
