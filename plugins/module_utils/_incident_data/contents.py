# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The data of a replication set: the lists that return it, and the parts that are counted. Nothing of AWS is imported here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Iterable, Mapping, Sequence

from ansible_collections.amazon.aws.plugins.module_utils.arn import parse_aws_arn

from .._aws.arn import is_arn_of, is_of_another_account
from .._aws.text import iso_time, one_line
from .._replication_set.service import ACTIVE
from .._replication_set.state import ReplicationSet

#: botocore's names of the two APIs of Incident Manager.
INCIDENTS = "ssm-incidents"
CONTACTS = "ssm-contacts"

#: The statuses of an incident (botocore's model, shape IncidentRecordStatus). An incident with any other status counts as open.
OPEN = "OPEN"
RESOLVED = "RESOLVED"

Item = Mapping[str, Any]


@dataclass(frozen=True, eq=False)
class Listing:
    """
    An operation that returns a list in pages (botocore's model).

    :ivar service: botocore's name of the API.
    :ivar operation: the operation, as botocore's clients name it.
    :ivar resource_type: the type of resource in the items' ARNs (Service Authorization Reference; AWS CLI's examples).
    :ivar what: what it lists, in the words that follow "Failed to list the".
    :ivar member: the member of the response with the items.
    :ivar token: the member with the token of the next page, in the request and in the response.
    :ivar limit: the member of the request with the maximum number of items in a page.
    :ivar required: the members that each item must have, with their types. The first one is the item's ARN.
    :ivar optional: the members that an item may have, with their types.
    """

    service: str
    operation: str
    resource_type: str
    what: str
    member: str
    token: str
    limit: str
    required: Mapping[str, type]
    optional: Mapping[str, type]


RESPONSE_PLANS = Listing(
    INCIDENTS,
    "list_response_plans",
    "response-plan",
    "response plans",
    "responsePlanSummaries",
    "nextToken",
    "maxResults",
    {"arn": str, "name": str},
    {"displayName": str},
)
INCIDENT_RECORDS = Listing(
    INCIDENTS,
    "list_incident_records",
    "incident-record",
    "incidents",
    "incidentRecordSummaries",
    "nextToken",
    "maxResults",
    {"arn": str, "title": str, "impact": int, "status": str, "creationTime": datetime},
    {},
)
ALL_CONTACTS = Listing(
    CONTACTS,
    "list_contacts",
    "contact",
    "contacts, escalation plans and on-call schedules",
    "Contacts",
    "NextToken",
    "MaxResults",
    {"ContactArn": str, "Alias": str, "Type": str},
    {"DisplayName": str},
)
ROTATIONS = Listing(
    CONTACTS,
    "list_rotations",
    "rotation",
    "rotations",
    "Rotations",
    "NextToken",
    "MaxResults",
    {"RotationArn": str, "Name": str},
    {},
)

#: The parts that are counted, each with the list that returns it.
PARTS: Mapping[str, Listing] = {
    "response_plans": RESPONSE_PLANS,
    "incidents": INCIDENT_RECORDS,
    "open_incidents": INCIDENT_RECORDS,
    "contacts": ALL_CONTACTS,
    "escalation_plans": ALL_CONTACTS,
    "on_call_schedules": ALL_CONTACTS,
    "rotations": ROTATIONS,
}

# The parts of ListContacts, by the type of the contact (botocore's model, shape ContactType).
_CONTACT_TYPES = {"PERSONAL": "contacts", "ESCALATION": "escalation_plans", "ONCALL_SCHEDULE": "on_call_schedules"}


def state_warning(replication_set: ReplicationSet) -> str | None:
    """Return a warning if a replication set or one of its Regions is not ACTIVE; otherwise None.

    AWS does not document whether such a Region returns everything.
    """
    status = replication_set.status
    regions = {name: region.status for name, region in replication_set.regions.items()}
    if {status, *regions.values()} == {ACTIVE}:
        return None
    described = ", ".join(f"{region} {one}" for region, one in sorted(regions.items()))
    return one_line(f"The replication set is {status} ({described}). It may hold more than AWS returns now.")


def validate_items(listing: Listing, items: Iterable[Any]) -> None:
    """Validate the shape of a list's items. botocore does not validate responses.

    :raises ValueError, OverflowError: names the member that is missing or has another type. It quotes no value, because
        values can be names of people.
    """
    arn_member = next(iter(listing.required))
    for item in items:
        if not isinstance(item, dict):
            raise ValueError(f"an item of {listing.member} is not a dict")
        for name, kind in listing.required.items():
            if not isinstance(item.get(name), kind):
                raise ValueError(f"{name} of an item of {listing.member} is missing or is not a {kind.__name__}")
        for name, kind in listing.optional.items():
            if not isinstance(item.get(name), (kind, type(None))):
                raise ValueError(f"{name} of an item of {listing.member} is not a {kind.__name__}")
        if not parse_aws_arn(item[arn_member]) or not is_arn_of(item[arn_member], listing.resource_type):
            raise ValueError(f"{arn_member} of an item of {listing.member} is not the ARN of a {listing.resource_type}")
        if listing is INCIDENT_RECORDS:
            iso_time(item["creationTime"])  # OverflowError if the time is out of range in UTC
        if listing is ALL_CONTACTS and item["Type"] not in _CONTACT_TYPES:
            raise ValueError("a contact has an unknown Type")


def merge(listing: Listing, account_id: str, lists: Iterable[Iterable[Item]]) -> list[Item]:
    """Return the items of the lists of several Regions, each item once, sorted by ARN.

    Items of other accounts are left out: they are shared with this account, but are not part of its replication set. If
    Regions return different statuses of an incident, it counts as open unless all of them return RESOLVED.

    :param account_id: the ID of the replication set's account.
    """
    arn_member = next(iter(listing.required))
    found: dict[str, Item] = {}
    for items in lists:
        for item in items:
            arn = item[arn_member]
            is_first_or_open = arn not in found or item.get("status", RESOLVED) != RESOLVED
            if is_first_or_open and not is_of_another_account(arn, account_id):
                found[arn] = item
    return [found[arn] for arn in sorted(found)]


def part_of(part: str, items: Sequence[Item]) -> tuple[int, Any]:
    """Return the count of a part, and its facts as ssm_incidents_data_info documents them.

    :param items: the items of the part's list, as merge() returns them.
    """
    if part == "incidents":
        return len(items), _incident_facts(items)
    if part == "open_incidents":
        facts = [_open_incident(item) for item in items if item["status"] != RESOLVED]
    elif part == "response_plans":
        facts = [{"arn": item["arn"], "name": item["name"], "display_name": item.get("displayName")} for item in items]
    elif part == "rotations":
        facts = [{"arn": item["RotationArn"], "name": item["Name"]} for item in items]
    else:
        facts = [
            {"arn": item["ContactArn"], "alias": item["Alias"], "display_name": item.get("DisplayName")}
            for item in items
            if _CONTACT_TYPES[item["Type"]] == part
        ]
    return len(facts), facts


def _incident_facts(items: Sequence[Item]) -> dict[str, Any]:
    statuses = {OPEN: 0, RESOLVED: 0}
    for item in items:
        statuses[item["status"]] = statuses.get(item["status"], 0) + 1
    times = sorted(iso_time(item["creationTime"]) for item in items)
    return {
        "by_status": statuses,
        "first_creation_time": times[0] if times else None,
        "last_creation_time": times[-1] if times else None,
    }


def _open_incident(item: Item) -> dict[str, Any]:
    return {
        "arn": item["arn"],
        "title": item["title"],
        "impact": item["impact"],
        "status": item["status"],
        "creation_time": iso_time(item["creationTime"]),
    }
