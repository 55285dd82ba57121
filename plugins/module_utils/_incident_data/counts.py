# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lists and counts what a replication set holds, in all of its Regions."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Collection, Iterable, Mapping, NamedTuple, Sequence, Tuple

from .._aws.arn import account_id_of_arn
from .._aws.errors import ACCESS_DENIED, ON_MODULE_HOST, READ_TIMEOUT, Failure, is_from_aws
from .._aws.parallel import in_parallel
from .api import list_pages
from .contents import PARTS, Item, Listing, merge, part_of

if TYPE_CHECKING:
    from botocore.client import BaseClient

    from .._aws.connection import Connection
    from .._replication_set.state import ReplicationSet

#: The time limit for all lists together, in seconds.
TIMEOUT = 300

# A list in one Region: the Region, and the operation as botocore's clients name it.
Call = Tuple[str, str]


class Lists(NamedTuple):
    """
    What the lists of a replication set have returned, by Region and operation.

    :ivar pages: the pages of each list. A list that failed has those that AWS returned before the failure.
    :ivar failures: the lists that failed, each with its failure.
    """

    pages: Mapping[Call, Sequence[Sequence[Item]]]
    failures: Mapping[Call, Failure]

    def only(self, operation: str) -> Lists:
        """Return only the lists of one operation."""
        pages = {call: pages for call, pages in self.pages.items() if call[1] == operation}
        return Lists(pages, {call: failure for call, failure in self.failures.items() if call[1] == operation})

    def is_denied(self) -> bool:
        """Return whether the caller has no permission for these lists: AWS denied them, and none of them returned a page.

        If a list returned a page first, it is not the caller's policy that denied the next page.
        """
        # What denies a call between the host and AWS says nothing about the caller's permissions.
        codes = {failure.code if is_from_aws(failure.cause) else "" for failure in self.failures.values()}
        return codes == {ACCESS_DENIED} and not any(self.pages.values())


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
    listings = list(dict.fromkeys(PARTS[part] for part in PARTS if part in include))
    return _list_everywhere(connection, listings, regions, TIMEOUT if seconds is None else seconds)


def data_facts(
    connection: Connection,
    replication_set: ReplicationSet | None,
    arn: str,
    lists: Lists,
    include: Collection[str] = tuple(PARTS),
) -> dict[str, Any]:
    """Return the facts about what a replication set holds.

    A list that failed raises no error. ``missing`` names it, and the facts contain the pages that it returned.

    :param arn: the set's ARN; empty if the account has no set.
    :param lists: what list_data() returned for the same set and parts.
    :return: complete, missing, counts and each of PARTS, as ssm_incidents_data_info documents them.
    """
    regions = sorted(replication_set.regions) if replication_set else []
    found, failures = lists
    facts: dict[str, Any] = {"complete": not failures, "missing": [], "counts": dict.fromkeys(PARTS)}
    for part, listing in PARTS.items():
        facts[part] = None
        if part not in include:
            continue
        calls = [(region, listing.operation) for region in regions]
        pages = [page for call in calls for page in found.get(call, [])]
        count, facts_of_part = part_of(part, merge(listing, account_id_of_arn(arn), pages) if pages else [])
        # That there is none is known only if the list of every Region is complete.
        if count or not any(call in failures for call in calls):
            facts["counts"][part], facts[part] = count, facts_of_part
        facts["missing"] += [
            _missing(connection, part, region, failures[region, operation])
            for region, operation in calls
            if (region, operation) in failures
        ]
    return facts


def _list_everywhere(
    connection: Connection, listings: Iterable[Listing], regions: Iterable[str], seconds: float
) -> Lists:
    """Call each list in each Region, in parallel."""
    pages: dict[tuple[str, str], list[Sequence[Item]]] = {}
    failures: dict[tuple[str, str], Failure] = {}
    calls, by_operation = {}, {listing.operation: listing for listing in listings}
    for region, operation in ((region, operation) for region in regions for operation in by_operation):
        listing = by_operation[operation]
        try:
            client = connection.client(listing.service, region)
        except Failure as failure:
            failures[region, operation] = failure
            continue
        pages[region, operation] = []
        calls[region, operation] = partial(_collect, client, listing, pages[region, operation])
    for (region, operation), result in in_parallel(calls, seconds):
        if isinstance(result, Failure):
            # If one call timed out, the cause is botocore's exception. If all lists together took too long, there is no cause.
            is_timeout = result.code == READ_TIMEOUT and result.cause is None
            failures[region, operation] = _timeout(by_operation[operation], region, seconds) if is_timeout else result
    # Copies, because the thread of a list that timed out may still append pages.
    return Lists({call: list(collected) for call, collected in pages.items()}, failures)


def _timeout(listing: Listing, region: str, seconds: float) -> Failure:
    """Return the failure of a list that was not complete in time. The failure of in_parallel() does not name the list."""
    return Failure(
        f"Failed to list the {listing.what} in Region {region}",
        code=READ_TIMEOUT,
        reason=f"the list was not complete after {seconds:g} seconds",
    )


def _collect(client: BaseClient, listing: Listing, pages: list[Sequence[Item]]) -> None:
    """Append each page of a list to ``pages`` as soon as AWS returns it. Raises Failure."""
    for page in list_pages(client, listing):
        pages.append(page)


def _missing(connection: Connection, part: str, region: str, failure: Failure) -> dict[str, str]:
    """Return an entry of ``missing``: a part that could not be listed in a Region, with the failure."""
    return {
        "part": part,
        "region": region,
        "code": failure.code,
        "msg": connection.mask(failure.describe(ON_MODULE_HOST, connection.mask)),
    }
