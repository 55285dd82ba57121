# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every kind of answer, as it comes over the wire, against botocore's model of the service."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from botocore.loaders import Loader
from botocore.model import ListShape, MapShape, ServiceModel, Shape, StringShape, StructureShape
from botocore.parsers import create_parser

from .calls import ARN

if TYPE_CHECKING:
    from collections.abc import Iterator

    from endpoint.server import LocalEndpoint

    from .calls import Connect

MODEL = ServiceModel(Loader().load_service_model("ssm-incidents", "service-2"), "ssm-incidents")
# Required by the model, and not in what AWS recorded.
LEFT_OUT = {"statusUpdateDateTime"}
TYPES: dict[str, Any] = {
    "structure": dict,
    "map": dict,
    "list": list,
    "string": str,
    "boolean": bool,
    "timestamp": (int, float),
}

SET: dict[str, Any] = {
    "status": "ACTIVE",
    "createdBy": "arn:aws:sts::123456789012:assumed-role/Admin/me",
    "createdTime": "2021-05-14T17:57:22.010000+00:00",
    "lastModifiedBy": "arn:aws:sts::123456789012:assumed-role/Admin/me",
    "lastModifiedTime": "2021-05-14T17:57:22.010000+00:00",
    "deletionProtected": False,
    "regionMap": {
        "us-east-1": {"sseKmsKeyId": "DefaultKey", "status": "ACTIVE"},
        "us-east-2": {"sseKmsKeyId": "DefaultKey", "status": "ACTIVE", "statusMessage": "Tagging inaccessible"},
    },
}
ADD = {"actions": [{"addRegionAction": {"regionName": "us-west-2"}}]}
MISSING = ARN[:-1] + "8"
THEIRS = ARN.replace("123456789012", "222222222222")
WRONG = "arn:aws:s3:::bucket"

# (operation, input, the error it ends in or "").
ANSWERS: list[tuple[str, dict[str, Any], str]] = [
    ("ListReplicationSets", {}, ""),
    ("ListReplicationSets", {"maxResults": 1, "nextToken": "x"}, "ValidationException"),
    ("GetReplicationSet", {"arn": ARN}, ""),
    ("GetReplicationSet", {"arn": MISSING}, "ResourceNotFoundException"),
    ("GetReplicationSet", {"arn": THEIRS}, "AccessDeniedException"),
    ("GetReplicationSet", {"arn": WRONG}, "ValidationException"),
    ("CreateReplicationSet", {"regions": {"us-east-1": {}}}, "ServiceQuotaExceededException"),
    ("CreateReplicationSet", {"regions": {"af-south-1": {}}}, "ValidationException"),
    ("UpdateReplicationSet", {"arn": ARN, **ADD}, ""),
    ("UpdateReplicationSet", {"arn": MISSING, **ADD}, "ResourceNotFoundException"),
    ("UpdateReplicationSet", {"arn": THEIRS, **ADD}, "AccessDeniedException"),
    ("UpdateReplicationSet", {"arn": WRONG, **ADD}, "ValidationException"),
    ("DeleteReplicationSet", {"arn": ARN}, ""),
    ("DeleteReplicationSet", {"arn": MISSING}, "ResourceNotFoundException"),
    ("DeleteReplicationSet", {"arn": THEIRS}, "AccessDeniedException"),
    ("DeleteReplicationSet", {"arn": WRONG}, "ValidationException"),
    ("UpdateDeletionProtection", {"arn": ARN, "deletionProtected": True}, ""),
    ("UpdateDeletionProtection", {"arn": MISSING, "deletionProtected": True}, "ResourceNotFoundException"),
    ("UpdateDeletionProtection", {"arn": THEIRS, "deletionProtected": True}, "AccessDeniedException"),
    ("UpdateDeletionProtection", {"arn": WRONG, "deletionProtected": True}, "ValidationException"),
    ("ListTagsForResource", {"resourceArn": ARN}, ""),
    ("ListTagsForResource", {"resourceArn": MISSING}, "ResourceNotFoundException"),
    ("ListTagsForResource", {"resourceArn": THEIRS}, "AccessDeniedException"),
    ("ListTagsForResource", {"resourceArn": WRONG}, "ValidationException"),
    ("TagResource", {"resourceArn": ARN, "tags": {"a": "b"}}, ""),
    ("TagResource", {"resourceArn": ARN, "tags": {f"k{n}": "" for n in range(50)}}, "ServiceQuotaExceededException"),
    ("TagResource", {"resourceArn": MISSING, "tags": {"a": "b"}}, "ResourceNotFoundException"),
    ("TagResource", {"resourceArn": THEIRS, "tags": {"a": "b"}}, "AccessDeniedException"),
    ("TagResource", {"resourceArn": WRONG, "tags": {"a": "b"}}, "ValidationException"),
    ("UntagResource", {"resourceArn": ARN, "tagKeys": ["a", "b"]}, ""),
    ("UntagResource", {"resourceArn": MISSING, "tagKeys": ["a"]}, "ResourceNotFoundException"),
    ("UntagResource", {"resourceArn": THEIRS, "tagKeys": ["a"]}, "AccessDeniedException"),
    ("UntagResource", {"resourceArn": WRONG, "tagKeys": ["a"]}, "ValidationException"),
]
# Of a set on the move.
BUSY: list[tuple[str, dict[str, Any], str]] = [
    ("GetReplicationSet", {"arn": ARN}, ""),
    ("UpdateReplicationSet", {"arn": ARN, **ADD}, "ConflictException"),
    ("DeleteReplicationSet", {"arn": ARN}, "ValidationException"),
    ("UpdateDeletionProtection", {"arn": ARN, "deletionProtected": True}, "ValidationException"),
    ("TagResource", {"resourceArn": ARN, "tags": {"a": "b"}}, "ConflictException"),
    ("UntagResource", {"resourceArn": ARN, "tagKeys": ["a"]}, "ConflictException"),
]


def problems(shape: Shape, value: Any, allowed_missing: set[str], path: str = "") -> Iterator[str]:
    """What of a JSON value the model does not say."""
    if not isinstance(value, TYPES[shape.type_name]):
        yield f"{path} is no {shape.type_name}: {value!r}"
        return
    given: Any = value
    if isinstance(shape, StructureShape):
        yield from (f"{path}.{name} is not in the model" for name in given if name not in shape.members)
        missing = set(shape.required_members) - set(given) - allowed_missing
        yield from (f"{path}.{name} is missing" for name in missing)
        for name in given.keys() & shape.members.keys():
            yield from problems(shape.members[name], given[name], allowed_missing, f"{path}.{name}")
    elif isinstance(shape, MapShape):
        for name, item in given.items():
            yield from problems(shape.value, item, allowed_missing, f"{path}.{name}")
    elif isinstance(shape, ListShape):
        for item in given:
            yield from problems(shape.member, item, allowed_missing, f"{path}[]")
    elif isinstance(shape, StringShape) and shape.enum and value not in shape.enum:
        yield f"{path} is none of {shape.enum}: {value!r}"


def check(client: Any, operation: str, given: dict[str, Any], code: str, allowed_missing: set[str]) -> None:
    """Make a call, and compare the raw answer with the model and with what botocore's parser makes of it."""
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
        # moto's serializer adds these two, and botocore reads neither once there is the header.
        assert body.pop("__type") == code
        assert body.pop("Message") == body["message"]
        assert raw["headers"]["x-amzn-errortype"] == code
    else:
        output = model.output_shape
        assert output is not None
        shape = output
        assert raw["status_code"] == model.http["responseCode"]
        assert {**create_parser("rest-json").parse(raw, output), "ResponseMetadata": None} == {
            **parsed,
            "ResponseMetadata": None,
        }
        assert raw["body"] or not output.members
    assert list(problems(shape, body, allowed_missing)) == []


@pytest.mark.parametrize(("operation", "given", "code"), ANSWERS)
def test_answers(endpoint: LocalEndpoint, client: Any, operation: str, given: dict[str, Any], code: str) -> None:
    endpoint.seed(SET, arn=ARN, tags={"a": "b"})
    check(client, operation, given, code, LEFT_OUT)


@pytest.mark.parametrize(("operation", "given", "code"), BUSY)
def test_answers_meanwhile(
    endpoint: LocalEndpoint, client: Any, operation: str, given: dict[str, Any], code: str
) -> None:
    endpoint.seed(SET, arn=ARN)
    client.update_replication_set(arn=ARN, **ADD)
    check(client, operation, given, code, LEFT_OUT)


def test_create(client: Any) -> None:
    check(client, "CreateReplicationSet", {"regions": {"us-east-1": {}}, "tags": {"a": "b"}}, "", LEFT_OUT)


def test_the_full_shape_leaves_nothing_out(endpoint: LocalEndpoint, client: Any) -> None:
    endpoint.configure(answer_shape="model")
    arn = client.create_replication_set(regions={"us-east-1": {}})["arn"]
    check(client, "GetReplicationSet", {"arn": arn}, "", set())
    shape = MODEL.shape_for("ReplicationSet")
    assert isinstance(shape, StructureShape)
    assert set(client.get_replication_set(arn=arn)["replicationSet"]) == set(shape.members)


def test_the_lean_shape_leaves_out_what_is_recorded(client: Any) -> None:
    arn = client.create_replication_set(regions={"us-east-1": {}})["arn"]
    found = client.get_replication_set(arn=arn)["replicationSet"]
    assert "arn" not in found
    assert found["regionMap"] == {"us-east-1": {"sseKmsKeyId": "DefaultKey", "status": "CREATING"}}


@pytest.mark.parametrize("code", [shape.name for shape in MODEL.operation_model("TagResource").error_shapes])
def test_errors_asked_for(endpoint: LocalEndpoint, connect: Connect, code: str) -> None:
    endpoint.faults.add({"fault": "error", "code": code})
    client = connect()
    with pytest.raises(getattr(client.exceptions, code)) as caught:
        client.tag_resource(resourceArn=ARN, tags={"a": "b"})
    shape = next(shape for shape in MODEL.operation_model("TagResource").error_shapes if shape.name == code)
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == shape.metadata["error"]["httpStatusCode"]
    assert set(shape.required_members) <= set(caught.value.response)


def test_all_operations_are_here() -> None:
    from endpoint.backend import utils

    tested = {operation for operation, *_rest in ANSWERS}
    assert tested == set(utils.OPERATIONS)
