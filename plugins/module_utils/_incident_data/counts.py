# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Counting what a replication set holds, in all of its Regions."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Collection, Iterable, Mapping, Sequence

from .._aws.arn import account_id_of_arn
from .._aws.errors import ON_MODULE_HOST, READ_TIMEOUT, AnsibleSSMIncidentsError
from .._aws.parallel import in_parallel
from .api import list_pages
from .contents import PARTS, Item, Listing, merge, part_of

if TYPE_CHECKING:
    from botocore.client import BaseClient

    from .._aws.connection import Connection

#: How long all lists may take together, in seconds.
TIMEOUT = 300


def data_counts(
    connection: Connection, replication_set: Mapping[str, Any] | None, arn: str, include: Collection[str] = tuple(PARTS)
) -> dict[str, Any]:
    """Count what a replication set holds. Every Region of the set is asked, as it is not known whether one shows everything.

    What can't be listed is no error: it is named in ``missing``.

    :param replication_set: the set, as botocore parsed it; None if the account has none, which then holds nothing.
    :param arn: the set's ARN, empty if there is none.
    :param include: the parts to count, of PARTS. Nothing else is asked for.
    :return: complete, missing, counts and each of PARTS, as the info module of the data documents them.
    """
    regions = sorted(replication_set["regionMap"]) if replication_set else []
    listings = list(dict.fromkeys(PARTS[part] for part in PARTS if part in include))
    found, failures = _list_everywhere(connection, listings, regions)
    facts: dict[str, Any] = {"complete": not failures, "missing": [], "counts": dict.fromkeys(PARTS)}
    for part, listing in PARTS.items():
        facts[part] = None
        if part not in include:
            continue
        pages = [page for region in regions for page in found.get((listing, region), [])]
        # Without any answer from a set nothing is known, not even that there is nothing.
        if pages or not replication_set:
            items = merge(listing, account_id_of_arn(arn), pages) if pages else []
            facts["counts"][part], facts[part] = part_of(part, items)
        facts["missing"] += [
            _missing(connection, part, region, failures[listing, region])
            for region in regions
            if (listing, region) in failures
        ]
    return facts


def _list_everywhere(
    connection: Connection, listings: Iterable[Listing], regions: Iterable[str]
) -> tuple[dict[tuple[Listing, str], list[Sequence[Item]]], dict[tuple[Listing, str], AnsibleSSMIncidentsError]]:
    """Make lists side by side.

    :return: the pages of each list and Region that came, also before a failure; and the failures.
    """
    pages: dict[tuple[Listing, str], list[Sequence[Item]]] = {}
    failures: dict[tuple[Listing, str], AnsibleSSMIncidentsError] = {}
    calls = {}
    for listing, region in ((listing, region) for listing in listings for region in regions):
        try:
            client = connection.client(listing.service, region)
        except AnsibleSSMIncidentsError as failure:
            failures[listing, region] = failure
            continue
        pages[listing, region] = []
        calls[listing, region] = partial(_collect, client, listing, pages[listing, region])
    for (listing, region), result in in_parallel(calls, TIMEOUT):
        if isinstance(result, AnsibleSSMIncidentsError):
            failures[listing, region] = result if result.reason else _timeout(listing, region)
    # A list that has not ended in time may still grow.
    return {key: list(collected) for key, collected in pages.items()}, failures


def _timeout(listing: Listing, region: str) -> AnsibleSSMIncidentsError:
    """Return the failure of a list that has not ended in time, which in_parallel() can't name."""
    return AnsibleSSMIncidentsError(
        f"Failed to list the {listing.what} in Region {region}",
        code=READ_TIMEOUT,
        reason=f"the list was not complete after {TIMEOUT} seconds",
    )


def _collect(client: BaseClient, listing: Listing, pages: list[Sequence[Item]]) -> None:
    for page in list_pages(client, listing):
        pages.append(page)


def _missing(connection: Connection, part: str, region: str, failure: AnsibleSSMIncidentsError) -> dict[str, str]:
    return {
        "part": part,
        "region": region,
        "code": failure.code,
        "msg": connection.mask(failure.describe(ON_MODULE_HOST, connection.mask)),
    }
