# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The table of what a replication set holds: the kinds of objects, and the operations that list and read them (botocore's models).

The counts, the export and its check mode use it. The parameters and the responses of the operations are not in this table:
read.py takes them from botocore's models. Nothing of AWS is imported here.
"""

from __future__ import annotations

from typing import Mapping, NamedTuple

#: botocore's names of the two APIs of Incident Manager.
INCIDENTS = "ssm-incidents"
CONTACTS = "ssm-contacts"

#: The version of the format of the export: of manifest.json and of the lines of the other files.
FORMAT_VERSION = 1


class Kind(NamedTuple):
    """
    A kind of object.

    :ivar name: the name of its file, without the suffix.
    :ivar service: botocore's name of the API that returns it.
    :ivar id: the member of a list's item with the ARN or the ID of the object; None if the items have neither.
    :ivar lists: the operations that list it. The value is the kind of the parent object that the operation takes; None if it
        takes none, and lists all objects in the Region.
    :ivar gets: the operations that read one object. Without any, the list's item is exported.
    :ivar parent_id: the member of the response with the ARN of the parent object; None if there is no such member.
    :ivar what: the objects in words, after "Failed to list the"; by default the name.
    """

    name: str
    service: str
    id: str | None
    lists: Mapping[str, str | None]
    gets: tuple[str, ...] = ()
    parent_id: str | None = None
    what: str = ""

    @property
    def is_listed_by_region(self) -> bool:
        """Whether a list of all objects in a Region contains the objects of this kind."""
        return None in self.lists.values()

    @property
    def resource_type(self) -> str | None:
        """The type of resource in its ARN (Service Authorization Reference; AWS CLI's examples).

        None if it has no ARN, or if these sources differ, as for contact channels.
        """
        return self.name[:-1].replace("_", "-") if self.lists and is_unit(self) else None

    @property
    def words(self) -> str:
        """The objects in words."""
        return self.what or self.name.replace("_", " ")


#: The replication set itself. No list is needed, because its ARN is known.
REPLICATION_SET = Kind("replication_set", INCIDENTS, "arn", {}, ("GetReplicationSet", "ListTagsForResource"))

KINDS: Mapping[str, Kind] = {
    kind.name: kind
    for kind in (
        REPLICATION_SET,
        Kind(
            "response_plans", INCIDENTS, "arn", {"ListResponsePlans": None}, ("GetResponsePlan", "ListTagsForResource")
        ),
        Kind("resource_policies", INCIDENTS, "policyId", {"GetResourcePolicies": "response_plans"}),
        Kind(
            "incident_records",
            INCIDENTS,
            "arn",
            {"ListIncidentRecords": None},
            ("GetIncidentRecord", "ListTagsForResource"),
            what="incidents",
        ),
        # Each event is read, because the items of the list have no eventData.
        Kind(
            "timeline_events",
            INCIDENTS,
            "eventId",
            {"ListTimelineEvents": "incident_records"},
            ("GetTimelineEvent",),
            parent_id="incidentRecordArn",
        ),
        Kind("related_items", INCIDENTS, None, {"ListRelatedItems": "incident_records"}),
        Kind("findings", INCIDENTS, "id", {"ListIncidentFindings": "incident_records"}, ("BatchGetIncidentFindings",)),
        # People, escalation plans and on-call schedules.
        Kind(
            "contacts",
            CONTACTS,
            "ContactArn",
            {"ListContacts": None},
            ("GetContact", "GetContactPolicy", "ListTagsForResource"),
            what="contacts, escalation plans and on-call schedules",
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
            parent_id="RotationArn",
        ),
        Kind("rotation_shifts", CONTACTS, None, {"ListRotationShifts": "rotations"}),
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

#: Operations whose ResourceNotFoundException does not mean that the object is gone. It is unknown whether
#: AWS returns this error or an empty response for a contact without a policy. Both count as no policy.
NONE_IF_NOT_FOUND = ("GetContactPolicy",)

# Nothing in Incident Manager is older than its announcement in May 2021.
_FIRST_TIME = "2020-01-01T00:00:00.000000+00:00"
_LAST_TIME = "2100-01-01T00:00:00.000000+00:00"


def periods(started: str) -> dict[str, dict[str, str]]:
    """Return the start and the end of the period that the lists of some kinds require, by kind.

    It is unknown which periods AWS accepts. If it rejects one, the export is incomplete.

    :param started: the start of the export. Later shifts are not exported, because AWS calculates them from the rotation and its
        overrides.
    """
    return {
        "rotation_overrides": {"start": _FIRST_TIME, "end": _LAST_TIME},
        "rotation_shifts": {"start": _FIRST_TIME, "end": started},
    }


#: What the export does not contain, as sentences for the manifest.
NOT_INCLUDED = (
    "The values of the secrets of PagerDuty integrations. They are in AWS Secrets Manager.",
    "Runbooks and their executions. They are documents and automation executions of AWS Systems Manager.",
    "The settings of chat channels and SNS topics. The export contains only their ARNs.",
    "RAM shares. The export contains only the policies of response plans and contacts.",
    "Post-incident analyses. They are OpsItems of AWS Systems Manager.",
    "Alarms and EventBridge rules that start incidents.",
    "The activation of contact channels. If you create a channel again, its owner must activate it again.",
    "Shifts of rotations after the start of the export.",
    "Resources that other accounts share with this account. They belong to the replication sets of those accounts.",
)


def is_unit(kind: Kind) -> bool:
    """Return whether each object of a kind is a unit: the export reads and compares it as a whole, with its parts.

    The unit kinds are the replication set, kinds that are listed in a Region, and kinds that have parts. Objects of all other
    kinds are parts of a unit.
    """
    has_parts = any(kind.name in part.lists.values() for part in KINDS.values())
    return not kind.lists or kind.is_listed_by_region or has_parts


def units_below(kind: Kind) -> set[str]:
    """Return the names of a unit kind and of the unit kinds that its objects list, directly or through other units.

    If a list of the kind fails, objects of all these kinds may be unknown.
    """
    below = (part for part in KINDS.values() if kind.name in part.lists.values() and is_unit(part))
    return {kind.name}.union(*(units_below(part) for part in below))
