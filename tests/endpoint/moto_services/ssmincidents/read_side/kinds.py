# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The kinds of objects, and the operations that list or get them. Everything else comes from botocore's model."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

from botocore.model import OperationModel, Shape, StructureShape

from ..utils import CONTACTS, SERVICE, service_model


class Kind(NamedTuple):
    """
    A kind of object.

    :ivar service: the API that has it.
    :ivar shape: the model's shape with all members of an object. Items of a list may have fewer.
    :ivar id: the member that identifies it, None if there is none.
    :ivar parents: the members with the ARNs of the objects that it belongs to.
    :ivar needs_parent: whether it belongs to an object that its body does not always name.
    :ivar has_tags: whether ListTagsForResource takes its ARN.
    """

    service: str
    shape: str
    id: str | None = None
    parents: tuple[str, ...] = ()
    needs_parent: bool = False
    has_tags: bool = False


_KINDS = {
    "response_plan": Kind(SERVICE, "GetResponsePlanOutput", "arn", has_tags=True),
    "resource_policy": Kind(SERVICE, "ResourcePolicy", "policyId", needs_parent=True),
    "incident_record": Kind(SERVICE, "IncidentRecord", "arn", has_tags=True),
    "timeline_event": Kind(SERVICE, "TimelineEvent", "eventId", ("incidentRecordArn",)),
    "related_item": Kind(SERVICE, "RelatedItem", needs_parent=True),
    "finding": Kind(SERVICE, "Finding", "id", needs_parent=True),
    "contact": Kind(CONTACTS, "GetContactResult", "ContactArn", has_tags=True),
    "contact_policy": Kind(CONTACTS, "GetContactPolicyResult", None, ("ContactArn",), needs_parent=True),
    "contact_channel": Kind(CONTACTS, "GetContactChannelResult", "ContactChannelArn", ("ContactArn",)),
    "rotation": Kind(CONTACTS, "GetRotationResult", "RotationArn", has_tags=True),
    "rotation_override": Kind(
        CONTACTS, "GetRotationOverrideResult", "RotationOverrideId", ("RotationArn",), needs_parent=True
    ),
    "rotation_shift": Kind(CONTACTS, "RotationShift", needs_parent=True),
    "engagement": Kind(CONTACTS, "DescribeEngagementResult", "EngagementArn", ("ContactArn",)),
    "page": Kind(CONTACTS, "DescribePageResult", "PageArn", ("ContactArn", "EngagementArn")),
    "page_receipt": Kind(CONTACTS, "Receipt", needs_parent=True),
    "page_resolution": Kind(CONTACTS, "ResolutionContact", needs_parent=True),
}

# answers.py has functions of their own for BatchGetIncidentFindings and ListTagsForResource.
_READS: dict[str, dict[str, str]] = {
    SERVICE: {
        "ListResponsePlans": "response_plan",
        "GetResponsePlan": "response_plan",
        "GetResourcePolicies": "resource_policy",
        "ListIncidentRecords": "incident_record",
        "GetIncidentRecord": "incident_record",
        "ListTimelineEvents": "timeline_event",
        "GetTimelineEvent": "timeline_event",
        "ListRelatedItems": "related_item",
        "ListIncidentFindings": "finding",
        "BatchGetIncidentFindings": "finding",
    },
    CONTACTS: {
        "ListContacts": "contact",
        "GetContact": "contact",
        "GetContactPolicy": "contact_policy",
        "ListContactChannels": "contact_channel",
        "GetContactChannel": "contact_channel",
        "ListRotations": "rotation",
        "GetRotation": "rotation",
        "ListRotationOverrides": "rotation_override",
        "GetRotationOverride": "rotation_override",
        "ListRotationShifts": "rotation_shift",
        "ListEngagements": "engagement",
        "DescribeEngagement": "engagement",
        "ListPagesByContact": "page",
        "ListPagesByEngagement": "page",
        "DescribePage": "page",
        "ListPageReceipts": "page_receipt",
        "ListPageResolutions": "page_resolution",
    },
}
# An older botocore has neither findings nor their operations.
KINDS = {name: kind for name, kind in _KINDS.items() if kind.shape in service_model(kind.service).shape_names}
# The operations that list or get objects of a kind.
READS = {
    service: {name: kind for name, kind in reads.items() if name in service_model(service).operation_names}
    for service, reads in _READS.items()
}
# This includes ListTagsForResource of ssm-contacts. That of ssm-incidents also serves replication sets: see responses.py.
SERVED = {SERVICE: frozenset(READS[SERVICE]), CONTACTS: frozenset({*READS[CONTACTS], "ListTagsForResource"})}


def members_of(shape: Shape | None) -> StructureShape:
    """Return a shape that must be a structure."""
    assert isinstance(shape, StructureShape)
    return shape


def operation_model(service: str, operation: str) -> OperationModel:
    return service_model(service).operation_model(operation)


@cache
def result_member(service: str, operation: str) -> str | None:
    """Return the output member that has the object or the list of objects; None if the output itself is the object."""
    members = members_of(operation_model(service, operation).output_shape).members
    found = [name for name in members if name.lower() != "nexttoken"]
    is_wrapped = len(found) == 1 and members[found[0]].type_name in ("structure", "list")
    return found[0] if is_wrapped else None


@cache
def is_list(service: str, operation: str) -> bool:
    """Return whether an operation answers in pages."""
    output = members_of(operation_model(service, operation).output_shape)
    return any(name.lower() == "nexttoken" for name in output.members)


@cache
def arn_member(service: str, operation: str) -> str | None:
    """Return the required input member with an ARN: the object's, or its parent's. None if there is none."""
    given = members_of(operation_model(service, operation).input_shape)
    return next(
        (name for name in given.required_members if "arn:" in str(given.members[name].metadata.get("pattern"))), None
    )
