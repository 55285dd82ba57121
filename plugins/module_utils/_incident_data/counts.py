# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lists and counts what a replication set holds, in all of its Regions."""

from __future__ import annotations

import math
import time
from collections import Counter
from functools import partial
from typing import TYPE_CHECKING, Any, Collection, Iterable, Mapping, NamedTuple, Sequence

from .._aws.arn import account_id_of_arn, is_of_another_account
from .._aws.errors import ACCESS_DENIED, ON_MODULE_HOST, READ_TIMEOUT, Failure, is_from_aws
from .._aws.text import one_line
from .._replication_set.service import ACTIVE
from .kinds import KINDS, Kind
from .read import Listing, Place, Reader
from .workers import Workers

if TYPE_CHECKING:
    from .._aws.connection import Connection
    from .._replication_set.state import ReplicationSet

#: The time limit for all lists together, in seconds.
TIMEOUT = 300

#: The parts that are counted, each with the kind whose lists contain it.
PARTS: Mapping[str, Kind] = {
    "response_plans": KINDS["response_plans"],
    "incidents": KINDS["incident_records"],
    "open_incidents": KINDS["incident_records"],
    "contacts": KINDS["contacts"],
    "escalation_plans": KINDS["contacts"],
    "on_call_schedules": KINDS["contacts"],
    "rotations": KINDS["rotations"],
}

# The parts of ListContacts, by the type of the contact (botocore's model, shape ContactType).
_CONTACT_TYPES = {"PERSONAL": "contacts", "ESCALATION": "escalation_plans", "ONCALL_SCHEDULE": "on_call_schedules"}

# The facts about each object of a kind, each with AWS's name. AWS may leave out only the display name.
_FACTS: Mapping[str, Mapping[str, str]] = {
    "response_plans": {"arn": "arn", "name": "name", "display_name": "displayName"},
    "incident_records": {
        "arn": "arn",
        "title": "title",
        "impact": "impact",
        "status": "status",
        "creation_time": "creationTime",
    },
    "contacts": {"arn": "ContactArn", "alias": "Alias", "display_name": "DisplayName"},
    "rotations": {"arn": "RotationArn", "name": "Name"},
}

# The statuses of an incident (botocore's model, shape IncidentRecordStatus). An incident with any other status counts as open.
_OPEN, _RESOLVED = "OPEN", "RESOLVED"

Item = Mapping[str, Any]


class Lists(NamedTuple):
    """
    What the lists of a replication set have returned.

    :ivar account_id: the ID of the replication set's account.
    :ivar lists: each list of each Region. A list that failed has the pages that AWS returned before the failure.
    """

    account_id: str
    lists: Sequence[Listing]

    def of(self, part: str) -> Lists:
        """Return only the lists that contain a part."""
        return Lists(self.account_id, [one for one in self.lists if one.place.kind is PARTS[part]])

    def is_denied(self) -> bool:
        """Return whether the caller has no permission for these lists: AWS denied them, and none of them returned a page.

        If a list returned a page first, it is not the caller's policy that denied the next page.
        """
        # What denies a call between the host and AWS says nothing about the caller's permissions.
        codes = {one.failure.code if is_from_aws(one.failure.cause) else "" for one in self.lists if one.failure}
        return codes == {ACCESS_DENIED} and not any(one.pages for one in self.lists)

    def items(self) -> list[Item]:
        """Return the items of the lists, each once, sorted by ARN.

        Items of other accounts are left out: they are shared with this account, but are not part of its replication set. If
        Regions return different statuses of an incident, it counts as open unless all of them return RESOLVED.
        """
        found: dict[str, Item] = {}
        for one in self.lists:
            for arn, item in _items(one):
                is_first_or_open = arn not in found or item.get("status", _RESOLVED) != _RESOLVED
                if is_first_or_open and not is_of_another_account(arn, self.account_id):
                    found[arn] = item
        return [found[arn] for arn in sorted(found)]

    def shared_warning(self) -> str | None:
        """Return a warning if a list contains objects of other accounts, which are not counted; otherwise None."""
        shared = {(one.place.kind.words, arn) for one in self.lists for arn, _item in _items(one)}
        shared = {(words, arn) for words, arn in shared if is_of_another_account(arn, self.account_id)}
        numbers = Counter(words for words, _arn in sorted(shared))
        found = ", ".join(f"{number} of the {words}" for words, number in numbers.items())
        return f"{found} belong to other accounts, and are not counted." if found else None


def list_data(
    connection: Connection,
    replication_set: ReplicationSet | None,
    include: Collection[str] = tuple(PARTS),
    seconds: float | None = None,
) -> Lists:
    """List what a replication set holds.

    All Regions of the set are called, because AWS does not document whether a single Region returns everything.

    :param replication_set: the set; None if the account has none. Nothing is listed then.
    :param include: the parts to list, of PARTS. Other lists are not called.
    :param seconds: the time limit for all lists together; by default TIMEOUT.
    """
    regions = sorted(replication_set.regions) if replication_set else []
    kinds = {PARTS[part].name: PARTS[part] for part in PARTS if part in include}.values()
    lists = [
        Listing(Place(kind, operation, region)) for region in regions for kind in kinds for operation in kind.lists
    ]
    reader = Reader(connection, regions, {})
    limit = TIMEOUT if seconds is None else seconds

    def read(one: Listing) -> None:
        reader.read_list(one, math.inf, partial(_validated, one.place.kind))

    ended = []
    workers = Workers(len(lists))
    for one, is_in_time in workers.run(read, lists, time.monotonic() + limit):
        message = f"Failed to list the {one.place.kind.words} in Region {one.place.region}"
        reason = f"the list was not complete after {limit:g} seconds"
        ended.append(one if is_in_time else one.cut(Failure(message, code=READ_TIMEOUT, reason=reason)))
    workers.end()
    account_id = account_id_of_arn(replication_set.arn) if replication_set else ""
    return Lists(account_id, sorted(ended, key=lambda one: one.place.region))


def data_facts(connection: Connection, lists: Lists, include: Collection[str] = tuple(PARTS)) -> dict[str, Any]:
    """Return the facts about what a replication set holds.

    A list that failed raises no error. ``missing`` names it, and the facts contain the pages that it returned.

    :param lists: what list_data() returned for the same parts.
    :return: complete, missing, counts and each of PARTS, as ssm_incidents_data_info documents them.
    """
    failed = [one for one in lists.lists if one.failure]
    facts: dict[str, Any] = {"complete": not failed, "missing": [], "counts": dict.fromkeys(PARTS)}
    for part in PARTS:
        facts[part] = None
        if part not in include:
            continue
        own = lists.of(part)
        count, facts_of_part = _part_facts(part, own.items())
        failures = [(one.place.region, one.failure) for one in own.lists if one.failure]
        # That there is none is known only if the list of every Region is complete.
        if count or not failures:
            facts["counts"][part], facts[part] = count, facts_of_part
        for region, failure in failures:
            msg = connection.mask(failure.describe(ON_MODULE_HOST, connection.mask))
            facts["missing"].append({"part": part, "region": region, "code": failure.code, "msg": msg})
    return facts


def state_warning(replication_set: ReplicationSet) -> str | None:
    """Return a warning if a replication set or one of its Regions is not ACTIVE; otherwise None.

    AWS does not document whether such a Region returns everything.
    """
    regions = {name: region.status for name, region in replication_set.regions.items()}
    if {replication_set.status, *regions.values()} == {ACTIVE}:
        return None
    described = ", ".join(f"{region} {one}" for region, one in sorted(regions.items()))
    return one_line(
        f"The replication set is {replication_set.status} ({described}). It may hold more than AWS returns now."
    )


def _items(one: Listing) -> list[tuple[str, Item]]:
    """Return the items of a list, each with its ARN."""
    return [(item[one.place.kind.id or ""], item) for page in one.pages for item in page]


def _validated(kind: Kind, item: dict[str, Any]) -> dict[str, Any]:
    """Return an item of a list. Raises a ValueError if it lacks what is counted, or if it belongs to no part."""
    for fact, member in _FACTS[kind.name].items():
        if fact != "display_name" and item.get(member) is None:
            raise ValueError(f"{member} is missing")
    if kind is PARTS["contacts"] and item.get("Type") not in _CONTACT_TYPES:
        raise ValueError("a contact has an unknown Type")
    return item


def _part_facts(part: str, items: Sequence[Item]) -> tuple[int, Any]:
    """Return the count of a part, and its facts as ssm_incidents_data_info documents them.

    :param items: the items of the part's lists.
    """
    if part == "incidents":
        return len(items), _incident_facts(items)
    if part == "open_incidents":
        items = [item for item in items if item["status"] != _RESOLVED]
    if PARTS[part] is PARTS["contacts"]:
        items = [item for item in items if _CONTACT_TYPES[item["Type"]] == part]
    names = _FACTS[PARTS[part].name]
    return len(items), [{fact: item.get(member) for fact, member in names.items()} for item in items]


def _incident_facts(items: Iterable[Item]) -> dict[str, Any]:
    statuses = {_OPEN: 0, _RESOLVED: 0}
    for item in items:
        statuses[item["status"]] = statuses.get(item["status"], 0) + 1
    # The texts of times sort as the times do.
    times = sorted(item["creationTime"] for item in items)
    return {
        "by_status": statuses,
        "first_creation_time": times[0] if times else None,
        "last_creation_time": times[-1] if times else None,
    }
