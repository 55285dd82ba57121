# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests that compare all answers, as they are sent, with botocore's model of the service."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError
from botocore.loaders import Loader
from botocore.model import ServiceModel, StructureShape
from endpoint.backend import utils
from endpoint.server import LocalEndpoint
from helpers.model_check import MISSING, differences
from helpers.recorded import REPLICATION_SET

from .calls import ARN

MODEL = ServiceModel(Loader().load_service_model("ssm-incidents", "service-2"), "ssm-incidents")
# Members that the model requires, but the recorded answers lack.
MISSING_MEMBERS = {"statusUpdateDateTime"}

ADD_REGION = {"actions": [{"addRegionAction": {"regionName": "us-west-2"}}]}
UNKNOWN_ARN = ARN[:-1] + "8"
FOREIGN_ARN = ARN.replace("123456789012", "222222222222")
S3_ARN = "arn:aws:s3:::bucket"

# The operation, its input, and the code of the error, or "" for none.
CALLS: list[tuple[str, dict[str, Any], str]] = [
    ("ListReplicationSets", {}, ""),
    ("ListReplicationSets", {"maxResults": 1, "nextToken": "x"}, "ValidationException"),
    ("GetReplicationSet", {"arn": ARN}, ""),
    ("GetReplicationSet", {"arn": UNKNOWN_ARN}, "ResourceNotFoundException"),
    ("GetReplicationSet", {"arn": FOREIGN_ARN}, "AccessDeniedException"),
    ("GetReplicationSet", {"arn": S3_ARN}, "ValidationException"),
    ("CreateReplicationSet", {"regions": {"us-east-1": {}}}, "ServiceQuotaExceededException"),
    ("CreateReplicationSet", {"regions": {"af-south-1": {}}}, "ValidationException"),
    ("UpdateReplicationSet", {"arn": ARN, **ADD_REGION}, ""),
    ("UpdateReplicationSet", {"arn": UNKNOWN_ARN, **ADD_REGION}, "ResourceNotFoundException"),
    ("UpdateReplicationSet", {"arn": FOREIGN_ARN, **ADD_REGION}, "AccessDeniedException"),
    ("UpdateReplicationSet", {"arn": S3_ARN, **ADD_REGION}, "ValidationException"),
    ("DeleteReplicationSet", {"arn": ARN}, ""),
    ("DeleteReplicationSet", {"arn": UNKNOWN_ARN}, "ResourceNotFoundException"),
    ("DeleteReplicationSet", {"arn": FOREIGN_ARN}, "AccessDeniedException"),
    ("DeleteReplicationSet", {"arn": S3_ARN}, "ValidationException"),
    ("UpdateDeletionProtection", {"arn": ARN, "deletionProtected": True}, ""),
    ("UpdateDeletionProtection", {"arn": UNKNOWN_ARN, "deletionProtected": True}, "ResourceNotFoundException"),
    ("UpdateDeletionProtection", {"arn": FOREIGN_ARN, "deletionProtected": True}, "AccessDeniedException"),
    ("UpdateDeletionProtection", {"arn": S3_ARN, "deletionProtected": True}, "ValidationException"),
    ("ListTagsForResource", {"resourceArn": ARN}, ""),
    ("ListTagsForResource", {"resourceArn": UNKNOWN_ARN}, "ResourceNotFoundException"),
    ("ListTagsForResource", {"resourceArn": FOREIGN_ARN}, "AccessDeniedException"),
    ("ListTagsForResource", {"resourceArn": S3_ARN}, "ValidationException"),
    ("TagResource", {"resourceArn": ARN, "tags": {"a": "b"}}, ""),
    ("TagResource", {"resourceArn": ARN, "tags": {f"k{n}": "" for n in range(50)}}, "ServiceQuotaExceededException"),
    ("TagResource", {"resourceArn": UNKNOWN_ARN, "tags": {"a": "b"}}, "ResourceNotFoundException"),
    ("TagResource", {"resourceArn": FOREIGN_ARN, "tags": {"a": "b"}}, "AccessDeniedException"),
    ("TagResource", {"resourceArn": S3_ARN, "tags": {"a": "b"}}, "ValidationException"),
    ("UntagResource", {"resourceArn": ARN, "tagKeys": ["a", "b"]}, ""),
    ("UntagResource", {"resourceArn": UNKNOWN_ARN, "tagKeys": ["a"]}, "ResourceNotFoundException"),
    ("UntagResource", {"resourceArn": FOREIGN_ARN, "tagKeys": ["a"]}, "AccessDeniedException"),
    ("UntagResource", {"resourceArn": S3_ARN, "tagKeys": ["a"]}, "ValidationException"),
]
# The same for a set that is UPDATING.
CALLS_WHILE_UPDATING: list[tuple[str, dict[str, Any], str]] = [
    ("GetReplicationSet", {"arn": ARN}, ""),
    ("UpdateReplicationSet", {"arn": ARN, **ADD_REGION}, "ConflictException"),
    ("DeleteReplicationSet", {"arn": ARN}, "ValidationException"),
    ("UpdateDeletionProtection", {"arn": ARN, "deletionProtected": True}, "ValidationException"),
    ("TagResource", {"resourceArn": ARN, "tags": {"a": "b"}}, "ConflictException"),
    ("UntagResource", {"resourceArn": ARN, "tagKeys": ["a"]}, "ConflictException"),
]


def assert_conforms(client: Any, operation: str, given: dict[str, Any], code: str, allowed_missing: set[str]) -> None:
    """Make a call. Compare its raw answer with the model and with what botocore's parser returns."""
    raw: dict[str, Any] = {}
    events = client.meta.events
    events.register_first(
        "response-received.ssm-incidents", lambda response_dict, **_: raw.update(response_dict), "spy"
    )
    methods = {name: method for method, name in client.meta.method_to_api_mapping.items()}
    try:
        parsed = getattr(client, methods[operation])(**given)
    except ClientError as error:
        parsed = error.response
    finally:
        events.unregister("response-received.ssm-incidents", unique_id="spy")
    model = MODEL.operation_model(operation)
    assert parsed.get("Error", {}).get("Code", "") == code
    body = json.loads(raw["body"] or "{}")
    if code:
        shape = next(shape for shape in model.error_shapes if shape.name == code)
        assert raw["status_code"] == shape.metadata["error"]["httpStatusCode"]
        # moto's serializer adds these two members. botocore ignores both if the header exists.
        assert body.pop("__type") == code
        assert body.pop("Message") == body["message"]
        assert raw["headers"]["x-amzn-errortype"] == code
    else:
        output = model.output_shape
        assert output is not None
        shape = output
        assert raw["status_code"] == model.http["responseCode"]
        assert raw["body"] or not output.members
    found = differences(shape, body)
    assert [each for each in found if each.kind != MISSING or each.member not in allowed_missing] == []


@pytest.mark.parametrize(("operation", "given", "code"), CALLS)
def test_answers(endpoint: LocalEndpoint, client: Any, operation: str, given: dict[str, Any], code: str) -> None:
    endpoint.seed(REPLICATION_SET, arn=ARN, tags={"a": "b"})
    assert_conforms(client, operation, given, code, MISSING_MEMBERS)


@pytest.mark.parametrize(("operation", "given", "code"), CALLS_WHILE_UPDATING)
def test_answers_while_updating(
    endpoint: LocalEndpoint, client: Any, operation: str, given: dict[str, Any], code: str
) -> None:
    endpoint.seed(REPLICATION_SET, arn=ARN)
    client.update_replication_set(arn=ARN, **ADD_REGION)
    assert_conforms(client, operation, given, code, MISSING_MEMBERS)


def test_create(client: Any) -> None:
    assert_conforms(
        client, "CreateReplicationSet", {"regions": {"us-east-1": {}}, "tags": {"a": "b"}}, "", MISSING_MEMBERS
    )


def test_answer_shape_model_has_all_members(endpoint: LocalEndpoint, client: Any) -> None:
    endpoint.configure(answer_shape="model")
    arn = client.create_replication_set(regions={"us-east-1": {}})["arn"]
    assert_conforms(client, "GetReplicationSet", {"arn": arn}, "", set())
    shape = MODEL.shape_for("ReplicationSet")
    assert isinstance(shape, StructureShape)
    assert set(client.get_replication_set(arn=arn)["replicationSet"]) == set(shape.members)


def test_answer_shape_recorded_lacks_members(client: Any) -> None:
    arn = client.create_replication_set(regions={"us-east-1": {}})["arn"]
    found = client.get_replication_set(arn=arn)["replicationSet"]
    assert "arn" not in found
    assert found["regionMap"] == {"us-east-1": {"sseKmsKeyId": "DefaultKey", "status": "CREATING"}}


def test_all_operations_are_tested() -> None:
    tested = {operation for operation, *_rest in CALLS}
    assert tested == set(utils.OPERATIONS)
