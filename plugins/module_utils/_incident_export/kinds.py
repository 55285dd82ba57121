# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is exported, as a table: the kinds of objects, and the operations that list and read each (botocore's models).

What an operation takes and returns is not in here, as botocore's model has it. Nothing of AWS is imported here.
"""

from __future__ import annotations

from typing import Mapping, NamedTuple

from .._incident_data.contents import CONTACTS, INCIDENTS

#: The version of the folder's form: of manifest.json and of the lines of the other files.
FORMAT_VERSION = 1


class Kind(NamedTuple):
    """
    A kind of object.

    :ivar name: the name of its file, without the suffix.
    :ivar service: the API that has it.
    :ivar id: the member of a list's item with the object's ARN or ID; None if it has none.
    :ivar lists: the operations that list it, each with the kind of the object that it asks about, or None if it lists what
        there is in a Region.
    :ivar gets: the operations that read one object. Of a kind without any, the list's item is all that there is.
    :ivar times: the period that its lists ask for, by name, if they require one.
    :ivar parent_id: the member of an object with the ARN of the object that it belongs to, if it has one.
    """

    name: str
    service: str
    id: str | None
    lists: Mapping[str, str | None]
    gets: tuple[str, ...] = ()
    times: str | None = None
    parent_id: str | None = None


#: The set itself, whose ARN is known.
REPLICATION_SET = Kind("replication_set", INCIDENTS, "arn", {}, ("GetReplicationSet", "ListTagsForResource"))

KINDS: Mapping[str, Kind] = {
    kind.name: kind
    for kind in (
        REPLICATION_SET,
        Kind(
            "response_plans",
            INCIDENTS,
            "arn",
            {"ListResponsePlans": None},
            ("GetResponsePlan", "ListTagsForResource"),
        ),
        Kind("resource_policies", INCIDENTS, "policyId", {"GetResourcePolicies": "response_plans"}),
        Kind(
            "incident_records",
            INCIDENTS,
            "arn",
            {"ListIncidentRecords": None},
            ("GetIncidentRecord", "ListTagsForResource"),
        ),
        # Their list leaves out eventData.
        Kind(
            "timeline_events",
            INCIDENTS,
            "eventId",
            {"ListTimelineEvents": "incident_records"},
            ("GetTimelineEvent",),
            parent_id="incidentRecordArn",
        ),
        Kind("related_items", INCIDENTS, None, {"ListRelatedItems": "incident_records"}),
        Kind(
            "findings",
            INCIDENTS,
            "id",
            {"ListIncidentFindings": "incident_records"},
            ("BatchGetIncidentFindings",),
        ),
        # Persons, escalation plans and on-call schedules.
        Kind(
            "contacts",
            CONTACTS,
            "ContactArn",
            {"ListContacts": None},
            ("GetContact", "GetContactPolicy", "ListTagsForResource"),
        ),
        Kind(
            "contact_channels",
            CONTACTS,
            "ContactChannelArn",
            {"ListContactChannels": "contacts"},
            ("GetContactChannel",),
            parent_id="ContactArn",
        ),
        Kind("rotations", CONTACTS, "RotationArn", {"ListRotations": None}, ("GetRotation", "ListTagsForResource")),
        Kind(
            "rotation_overrides",
            CONTACTS,
            "RotationOverrideId",
            {"ListRotationOverrides": "rotations"},
            ("GetRotationOverride",),
            times="all",
            parent_id="RotationArn",
        ),
        Kind("rotation_shifts", CONTACTS, None, {"ListRotationShifts": "rotations"}, times="past"),
        Kind("engagements", CONTACTS, "EngagementArn", {"ListEngagements": None}, ("DescribeEngagement",)),
        Kind(
            "pages",
            CONTACTS,
            "PageArn",
            {"ListPagesByEngagement": "engagements", "ListPagesByContact": "contacts"},
            ("DescribePage",),
        ),
        Kind("page_receipts", CONTACTS, None, {"ListPageReceipts": "pages"}),
        Kind("page_resolutions", CONTACTS, None, {"ListPageResolutions": "pages"}),
    )
}

#: Operations that answer ResourceNotFoundException if an object that exists has no such thing. That a contact without a
#: policy is one is unknown: an empty answer counts as none too.
NONE_IF_NOT_FOUND = ("GetContactPolicy",)

# Incident Manager was announced in May 2021: nothing in it is older.
_FIRST_TIME = "2020-01-01T00:00:00.000000+00:00"
_LAST_TIME = "2100-01-01T00:00:00.000000+00:00"


def periods(started: str) -> dict[str, tuple[str, str]]:
    """Return the periods that lists ask for, each as its start and end.

    Which periods AWS accepts is unknown. One that it refuses makes the export incomplete.

    :param started: when the export started. Later shifts follow from the rotation and its overrides.
    """
    return {"all": (_FIRST_TIME, _LAST_TIME), "past": (_FIRST_TIME, started)}


#: What no operation of both APIs returns, as the manifest says it.
NOT_INCLUDED = (
    "The values of the secrets of PagerDuty integrations: they are in AWS Secrets Manager.",
    "Runbooks and their runs: they are documents and automation executions of AWS Systems Manager.",
    "The settings of chat channels and SNS topics: only their ARNs are here.",
    "RAM shares: only the policies of response plans and contacts are here.",
    "Post-incident analyses: they are OpsItems of AWS Systems Manager.",
    "Alarms and EventBridge rules that start incidents.",
    "The activation of contact channels: a channel that is created again must be activated again by its person.",
    "Shifts of rotations after the start of the export.",
    "Resources that other accounts share with this account: they belong to the replication sets of those accounts.",
)


def sub_lists(kind: Kind) -> list[tuple[Kind, str]]:
    """Return the operations that list what belongs to an object of a kind, each with the kind that it lists."""
    return [
        (part, operation) for part in KINDS.values() for operation, parent in part.lists.items() if parent == kind.name
    ]


def is_unit(kind: Kind) -> bool:
    """Tell whether objects of a kind are read and compared as a whole, with all that belongs to them.

    All others are a part of one such object.
    """
    return not kind.lists or None in kind.lists.values() or bool(sub_lists(kind))


def units_below(kind: Kind) -> set[str]:
    """Return the names of a kind that is read as a whole and of those below it, whose objects nothing else may list."""
    below = (part for part, _operation in sub_lists(kind) if is_unit(part))
    return {kind.name}.union(*(units_below(part) for part in below))


#: The kinds that are read as a whole, in the order in which they are found: pages are found in contacts and engagements.
LEVELS: tuple[tuple[Kind, ...], ...] = (
    tuple(kind for kind in KINDS.values() if is_unit(kind) and set(kind.lists.values()) <= {None}),
    tuple(kind for kind in KINDS.values() if is_unit(kind) and not set(kind.lists.values()) <= {None}),
)
