# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests of what a replication set holds, with botocore's clients of both APIs."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError
from endpoint.backend import kinds, utils
from endpoint.client import active_set
from endpoint.server import LocalEndpoint
from helpers.incident_data import (
    contact,
    contacts_arn,
    incident,
    incident_arn,
    one_of_each,
    response_plan,
    rotation,
)

from .calls import ARN, error_code

SET = active_set({"us-east-1": "DefaultKey", "eu-west-1": "DefaultKey"})
PLAN, FIRST, TURNS = (
    response_plan("a-plan")["body"]["arn"],
    contacts_arn("contact/first"),
    contacts_arn("rotation/turns"),
)
CHANNEL, ENGAGEMENT, PAGE = (contacts_arn(f"{kind}/first/1") for kind in ("contact-channel", "engagement", "page"))
RANGE = {"StartTime": 1767000000, "EndTime": 1800000000}
RELATED_ITEM = {"identifier": {"type": "OTHER", "value": {"url": "https://example.com"}}}
OVERRIDE = "12345678-1234-1234-1234-123456789012"

# Each operation, with an input that finds the object in one_of_each().
_CALLS: dict[str, dict[str, dict[str, Any]]] = {
    "ssm-incidents": {
        "ListResponsePlans": {},
        "GetResponsePlan": {"arn": PLAN},
        "GetResourcePolicies": {"resourceArn": PLAN},
        "ListIncidentRecords": {},
        "GetIncidentRecord": {"arn": incident_arn("one")},
        "ListTimelineEvents": {"incidentRecordArn": incident_arn("one")},
        "GetTimelineEvent": {"incidentRecordArn": incident_arn("one"), "eventId": "e1"},
        "ListRelatedItems": {"incidentRecordArn": incident_arn("one")},
        "ListIncidentFindings": {"incidentRecordArn": incident_arn("one")},
        "BatchGetIncidentFindings": {"incidentRecordArn": incident_arn("one"), "findingIds": ["f1"]},
        "ListTagsForResource": {"resourceArn": PLAN},
    },
    "ssm-contacts": {
        "ListContacts": {},
        "GetContact": {"ContactId": FIRST},
        "GetContactPolicy": {"ContactArn": FIRST},
        "ListContactChannels": {"ContactId": FIRST},
        "GetContactChannel": {"ContactChannelId": CHANNEL},
        "ListRotations": {},
        "GetRotation": {"RotationId": TURNS},
        "ListRotationOverrides": {"RotationId": TURNS, **RANGE},
        "GetRotationOverride": {"RotationId": TURNS, "RotationOverrideId": OVERRIDE},
        "ListRotationShifts": {"RotationId": TURNS, **RANGE},
        "ListEngagements": {},
        "DescribeEngagement": {"EngagementId": ENGAGEMENT},
        "ListPagesByContact": {"ContactId": FIRST},
        "ListPagesByEngagement": {"EngagementId": ENGAGEMENT},
        "DescribePage": {"PageId": PAGE},
        "ListPageReceipts": {"PageId": PAGE},
        "ListPageResolutions": {"PageId": PAGE},
        "ListTagsForResource": {"ResourceARN": FIRST},
    },
}
CALLS = {
    service: {name: given for name, given in calls.items() if name in utils.service_model(service).operation_names}
    for service, calls in _CALLS.items()
}
ALL = [(service, operation) for service, calls in CALLS.items() for operation in calls]
LISTS = [(service, operation) for service, operation in ALL if not operation.endswith("ForResource")]
LISTS = [(service, operation) for service, operation in LISTS if kinds.is_list(service, operation)]


def method_of(client: Any, operation: str) -> Any:
    names = {name: method for method, name in client.meta.method_to_api_mapping.items()}
    return getattr(client, names[operation])


def call(client: Any, operation: str, **given: Any) -> dict[str, Any]:
    """Make a call, and return its answer without what botocore adds."""
    answer: dict[str, Any] = method_of(client, operation)(**given)
    answer.pop("ResponseMetadata")
    return answer


@pytest.fixture
def held(endpoint: LocalEndpoint) -> LocalEndpoint:
    """Return the endpoint with a set that holds one object of each kind."""
    endpoint.seed(SET, arn=ARN)
    endpoint.seed_data(*one_of_each())
    return endpoint


def items_of(service: str, operation: str, answer: dict[str, Any]) -> list[Any]:
    member = kinds.result_member(service, operation)
    assert member is not None
    items: list[Any] = answer[member]
    return items


# What is returned -----------------------------------------------------------------------------------------------------


def test_every_operation_that_is_served_is_called_here() -> None:
    served = {(service, operation) for service, names in kinds.SERVED.items() for operation in names}
    assert set(ALL) == served | {("ssm-incidents", "ListTagsForResource")}


def as_botocore(service: str, kind: str, body: dict[str, Any]) -> Any:
    """Return a seeded body with its times as botocore returns them."""
    shape = utils.service_model(service).shape_for(kinds.KINDS[kind].shape)

    def converted(shape: Any, value: Any) -> Any:
        if shape.type_name == "timestamp":
            seconds = value if isinstance(value, int | float) else datetime.fromisoformat(value).timestamp()
            return datetime.fromtimestamp(seconds, UTC)
        if shape.type_name == "structure":
            return {name: converted(shape.members[name], item) for name, item in value.items()}
        if shape.type_name == "list":
            return [converted(shape.member, item) for item in value]
        return value

    return converted(shape, body)


@pytest.mark.parametrize(("service", "operation"), ALL)
def test_each_operation_returns_the_object(held: LocalEndpoint, service: str, operation: str) -> None:
    answer = call(held.client(service), operation, **CALLS[service][operation])
    if operation == "ListTagsForResource":
        assert answer == ({"tags": {"team": "ops"}} if "tags" in answer else {"Tags": [{"Key": "Key", "Value": "Ä 1"}]})
        return
    kind = kinds.READS[service][operation]
    body = next(one["body"] for one in one_of_each() if one["kind"] == kind)
    whole = as_botocore(service, kind, body)
    if operation == "BatchGetIncidentFindings":
        assert answer == {"findings": [whole], "errors": []}
    elif (service, operation) in LISTS:
        (item,) = items_of(service, operation, answer)
        shape: Any = kinds.members_of(kinds.operation_model(service, operation).output_shape)
        members = shape.members[kinds.result_member(service, operation)].member.members
        assert item == {name: value for name, value in whole.items() if name in members}
        assert list(answer) == [kinds.result_member(service, operation)]
    else:
        wrapper = kinds.result_member(service, operation)
        assert answer == ({wrapper: whole} if wrapper else whole)


def test_tags(held: LocalEndpoint) -> None:
    client, contacts = held.client(), held.client("ssm-contacts")
    assert client.list_tags_for_resource(resourceArn=incident_arn("one"))["tags"] == {"a": "b"}
    assert client.list_tags_for_resource(resourceArn=ARN)["tags"] == {}
    assert contacts.list_tags_for_resource(ResourceARN=TURNS)["Tags"] == [{"Key": "r", "Value": "1"}]
    assert error_code(client.list_tags_for_resource, resourceArn=PLAN + "x") == "ResourceNotFoundException"
    for arn, code in ((PAGE, "ResourceNotFoundException"), ("nonsense", "ValidationException")):
        assert error_code(contacts.list_tags_for_resource, ResourceARN=arn) == code
    # Only seeds change what a set holds.
    assert error_code(client.tag_resource, resourceArn=PLAN, tags={"a": "b"}) == "ResourceNotFoundException"


@pytest.mark.sample(4)
@pytest.mark.parametrize(("service", "operation"), LISTS)
def test_pages(held: LocalEndpoint, service: str, operation: str) -> None:
    """Each object is returned once, in pages whose size the caller or the endpoint limits. Empty pages come first."""
    kind = kinds.READS[service][operation]
    seed = next(one for one in one_of_each() if one["kind"] == kind)
    id_member = kinds.KINDS[kind].id
    for number in range(2, 6):
        again = {"policyId": f"{number}", "id": f"f{number}", "RotationOverrideId": f"{OVERRIDE[:-1]}{number + 3}"}
        new = again.get(id_member or "", seed["body"].get(id_member, "") + str(number))
        held.seed_data({**seed, "body": {**seed["body"], **({id_member: new} if id_member else {})}})
    held.configure(empty_list_pages=2)
    client, given = held.client(service), CALLS[service][operation]
    names = {
        name.lower(): name for name in kinds.members_of(kinds.operation_model(service, operation).input_shape).members
    }
    token = names["nexttoken"]
    for asked, limit in (({names["maxresults"]: 2}, 0) if "maxresults" in names else ({}, 2), ({}, 2), ({}, 0)):
        held.configure(page_size=limit)
        sizes: list[int] = []
        found: list[Any] = []
        following: dict[str, str] = {}
        while True:
            answer = call(client, operation, **given, **asked, **following)
            sizes.append(len(items_of(service, operation, answer)))
            found += items_of(service, operation, answer)
            if token not in answer:
                break
            following = {token: answer[token]}
        assert sizes == ([0, 0, 2, 2, 1] if asked or limit else [0, 0, 5])
        if id_member:
            assert len({item[id_member] for item in found}) == 5


def test_inputs_that_select_objects(held: LocalEndpoint) -> None:
    held.seed_data(contact("night", "ESCALATION"), contact("week", "ONCALL_SCHEDULE"), rotation("other"))
    client = held.client("ssm-contacts")
    assert [one["Alias"] for one in client.list_contacts(Type="ESCALATION")["Contacts"]] == ["night"]
    assert [one["Alias"] for one in client.list_contacts(AliasPrefix="w")["Contacts"]] == ["week"]
    assert [one["Name"] for one in client.list_rotations(RotationNamePrefix="o")["Rotations"]] == ["other"]
    assert client.list_engagements(IncidentId="another")["Engagements"] == []
    later = {"StartTime": 1800000000, "EndTime": 1800000001}
    assert client.list_rotation_overrides(RotationId=TURNS, **later)["RotationOverrides"] == []
    # An input that is not served is refused, and not ignored.
    assert error_code(held.client().list_incident_records, filters=[]) == "ValidationException"


# Special cases ----------------------------------------------------------------------------------------------------------------


OF_AN_ARN = [(service, operation) for service, operation in ALL if kinds.arn_member(service, operation)]
EMPTY_FOR_UNKNOWN = ("ListTimelineEvents", "ListRelatedItems")


@pytest.mark.parametrize(("service", "operation"), OF_AN_ARN)
def test_arns_that_do_not_exist_or_belong_to_others(held: LocalEndpoint, service: str, operation: str) -> None:
    client, given = held.client(service), CALLS[service][operation]
    member = kinds.arn_member(service, operation)
    assert member is not None
    for arn, code in (
        (given[member] + "x", "ResourceNotFoundException"),
        (given[member].replace("123456789012", "222222222222"), "AccessDeniedException"),
    ):
        expected = "" if operation in EMPTY_FOR_UNKNOWN else code
        assert error_code(method_of(client, operation), **{**given, member: arn}) == expected


@pytest.mark.sample(9)
@pytest.mark.parametrize("has_set", [False, True])
@pytest.mark.parametrize(("service", "operation"), ALL)
def test_without_a_set_and_outside_its_regions(
    endpoint: LocalEndpoint, service: str, operation: str, has_set: bool
) -> None:
    if has_set:
        endpoint.seed(SET, arn=ARN)
        endpoint.seed_data(*one_of_each())
    client, given = endpoint.client(service, "us-west-2"), CALLS[service][operation]
    if service == "ssm-contacts":
        with pytest.raises(ClientError, match=r"ValidationException.*: Account not found for the request"):
            method_of(client, operation)(**given)
    elif (service, operation) in LISTS and (not kinds.arn_member(service, operation) or operation in EMPTY_FOR_UNKNOWN):
        assert items_of(service, operation, call(client, operation, **given)) == []
    else:
        assert error_code(method_of(client, operation), **given) == "ResourceNotFoundException"


def test_the_regions_of_an_object(held: LocalEndpoint) -> None:
    """By default, a Region in the ARN shows the object. Without one, all Regions of the set do. A seed can name Regions."""
    held.seed_data(
        {**incident("east"), "regions": ["us-east-1"]},
        contact("far", region="eu-west-1"),
        {**contact("everywhere"), "regions": ["us-east-1", "eu-west-1"]},
    )
    seen = {
        region: (
            [one["arn"] for one in held.client(region=region).list_incident_records()["incidentRecordSummaries"]],
            [one["Alias"] for one in held.client("ssm-contacts", region).list_contacts()["Contacts"]],
        )
        for region in SET["regionMap"]
    }
    assert seen == {
        "us-east-1": ([incident_arn("one"), incident_arn("east")], ["first", "everywhere"]),
        "eu-west-1": ([incident_arn("one")], ["far", "everywhere"]),
    }
    west = held.client(region="eu-west-1")
    assert error_code(west.get_incident_record, arn=incident_arn("east")) == "ResourceNotFoundException"


def test_objects_are_deleted_with_the_set(held: LocalEndpoint) -> None:
    held.configure(transition={"progression": "immediate"})
    held.client().delete_replication_set(arn=ARN)
    assert error_code(held.client().get_replication_set, arn=ARN) == "ResourceNotFoundException"
    assert held.client().list_incident_records()["incidentRecordSummaries"] == []
    assert error_code(held.client("ssm-contacts").list_contacts) == "ValidationException"
    held.seed(SET, arn=ARN)
    assert held.client("ssm-contacts").list_contacts()["Contacts"] == []


# Permissions and faults -----------------------------------------------------------------------------------------------


@pytest.mark.sample(5)
@pytest.mark.parametrize(("service", "operation"), ALL)
def test_permissions(held: LocalEndpoint, service: str, operation: str) -> None:
    """A call needs its action, on its resource if it has one, and no other action."""
    held.configure(enforce_iam=True)
    given, member = CALLS[service][operation], kinds.arn_member(service, operation)
    arn = next((value for value in given.values() if isinstance(value, str) and value.startswith("arn:")), "*")
    assert member is None or given[member] == arn
    for resource, actions, code in (
        (arn, [f"{service}:{operation}"], ""),
        ("arn:aws:ssm-incidents::123456789012:other", [f"{service}:{operation}"], "AccessDeniedException"),
        ("*", [f"{service}:{name}" for name in CALLS[service] if name != operation], "AccessDeniedException"),
    ):
        statement = {"Effect": "Allow", "Action": actions, "Resource": resource}
        user = held.make_user({"Version": "2012-10-17", "Statement": [statement]})
        assert error_code(method_of(held.client(service, user=user), operation), **given) == code


# Seeds ----------------------------------------------------------------------------------------------------------------
