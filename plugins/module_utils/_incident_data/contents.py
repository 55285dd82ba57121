# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a replication set holds: the lists of it, and what is counted. Nothing of AWS is imported here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Iterable, Mapping, Sequence

from ansible_collections.amazon.aws.plugins.module_utils.arn import parse_aws_arn

from .._aws.arn import account_id_of_arn
from .._replication_set.facts import iso_time
from .._replication_set.service import ACTIVE

#: botocore's names of both APIs.
INCIDENTS = "ssm-incidents"
CONTACTS = "ssm-contacts"

#: The status of an incident that is over (botocore's model, shape IncidentRecordStatus). With any other it counts as open.
OPEN = "OPEN"
RESOLVED = "RESOLVED"

Item = Mapping[str, Any]


@dataclass(frozen=True, eq=False)
class Listing:
    """
    A list that one operation returns in pages (botocore's model).

    :ivar service: the API.
    :ivar operation: the operation, as botocore's clients name it.
    :ivar what: what it lists, in the words that follow "Failed to list the".
    :ivar member: the member of a page that has the items.
    :ivar token: the member, of input and output, that has the token of the next page.
    :ivar limit: the input member with the largest number of items in a page.
    :ivar required: the members that each item must have, with their types. The first one is the item's ARN.
    :ivar optional: the members that an item may have, with their types.
    """

    service: str
    operation: str
    what: str
    member: str
    token: str
    limit: str
    required: Mapping[str, type]
    optional: Mapping[str, type]


RESPONSE_PLANS = Listing(
    INCIDENTS,
    "list_response_plans",
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
    "rotations",
    "Rotations",
    "NextToken",
    "MaxResults",
    {"RotationArn": str, "Name": str},
    {},
)

#: The parts of what is counted, each with the list that it comes from.
PARTS: Mapping[str, Listing] = {
    "response_plans": RESPONSE_PLANS,
    "incidents": INCIDENT_RECORDS,
    "open_incidents": INCIDENT_RECORDS,
    "contacts": ALL_CONTACTS,
    "escalation_plans": ALL_CONTACTS,
    "on_call_schedules": ALL_CONTACTS,
    "rotations": ROTATIONS,
}

# The type of a contact (botocore's model, shape ContactType), and its part.
_CONTACT_TYPES = {"PERSONAL": "contacts", "ESCALATION": "escalation_plans", "ONCALL_SCHEDULE": "on_call_schedules"}


def state_warning(replication_set: Mapping[str, Any]) -> str | None:
    """Return a warning if a replication set or a Region of it is not ACTIVE, None otherwise.

    Whether such a Region shows everything is not documented.

    :param replication_set: the set, as botocore parsed it.
    """
    status = replication_set["status"]
    regions = {region: info.get("status") for region, info in replication_set["regionMap"].items()}
    if {status, *regions.values()} == {ACTIVE}:
        return None
    described = ", ".join(f"{region} {one}" for region, one in sorted(regions.items()))
    return f"The replication set is {status}, with {described}. It may hold more than AWS returns now."


def validate_items(listing: Listing, items: Iterable[Any]) -> None:
    """Validate the shape of what a list returned, which botocore does not.

    :raises ValueError: names what is missing or has another type. It quotes no data, as these are people's names.
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
        if not parse_aws_arn(item[arn_member]):
            raise ValueError(f"{arn_member} of an item of {listing.member} is not an ARN")
        if listing is INCIDENT_RECORDS:
            iso_time(item["creationTime"])  # an OverflowError for a time that UTC can't have
        if listing is ALL_CONTACTS and item["Type"] not in _CONTACT_TYPES:
            raise ValueError("a contact has a Type that is not known")


def merge(listing: Listing, account_id: str, lists: Iterable[Iterable[Item]]) -> list[Item]:
    """Return the items of several Regions' lists, each once, by ARN.

    An item of another account is left out: it is shared with this one, and is not part of this one's replication set.
    If Regions differ over an incident, one that is not resolved counts.
    """
    arn_member = next(iter(listing.required))
    found: dict[str, Item] = {}
    for items in lists:
        for item in items:
            arn = item[arn_member]
            if account_id_of_arn(arn) in (account_id, "") and (
                arn not in found or item.get("status", RESOLVED) != RESOLVED
            ):
                found[arn] = item
    return [found[arn] for arn in sorted(found)]


def part_of(part: str, items: Sequence[Item]) -> tuple[int, Any]:
    """Return a part's count, and its facts as the module documents them.

    :param items: what merge() returned for the part's list.
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
