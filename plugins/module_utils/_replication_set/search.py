# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Finding a replication set in the connection's own Region and, if the user asks for it, in others.

ListReplicationSets answers from any Region where the service exists. GetReplicationSet answers only from a Region that
is in the set, and ResourceNotFoundException from every other one (sources: Prowler, Terraform's AWS provider).
"""

from __future__ import annotations

import math
import time
from functools import partial
from typing import TYPE_CHECKING, Any, Callable, Iterator, Mapping, NamedTuple, Sequence

try:
    from botocore.exceptions import BotoCoreError
except ImportError:
    BotoCoreError = Exception  # AnsibleAWSModule reports it

from .._aws.arn import partition_of_arn, validate_region_names
from .._aws.calls import error_from_botocore
from .._aws.errors import (
    ADVICE,
    CONNECTION_ERRORS,
    MULTIPLE_REPLICATION_SETS,
    NOT_FOUND,
    SEARCH_INCOMPLETE,
    AnsibleSSMIncidentsError,
    invalid_option,
)
from .._aws.parallel import in_parallel, within
from .._aws.sessions import all_service_regions, partition_of_region, service_regions
from .._aws.text import shorten
from .api import get_replication_set, list_replication_sets
from .service import SERVICE, validate_replication_set_arn

if TYPE_CHECKING:
    from botocore.client import BaseClient

    from .._aws.connection import Connection

#: What search_regions takes for every Region of the partition where the service exists.
ALL_REGIONS = "all"

#: botocore waits 60 s to connect and 60 s for an answer. A Region that can't be reached must not cost minutes. These hold
#: unless the user's aws_config has them.
SEARCH_DEFAULTS = {"connect_timeout": 10, "read_timeout": 20}

#: How long a Region is waited for, in seconds, all attempts of a call together.
REGION_SECONDS = 45

#: What is searched for if no ARN is known.
OWN_SET = "the account's replication set"


class SearchResult(NamedTuple):
    """The result of a search.

    :ivar client: a client for the Region that answered.
    :ivar arn: the set's ARN; empty without a set.
    :ivar replication_set: the set as botocore parsed it; None without a set.
    """

    client: BaseClient
    arn: str
    replication_set: dict[str, Any] | None


def validate_search(arn: str | None, search_regions: Sequence[str]) -> None:
    """Check the options of a search before anything is sent.

    :raises AnsibleSSMIncidentsError: names the option, the value and what is expected.
    """
    validate_replication_set_arn(arn)
    names = [name for name in search_regions if name != ALL_REGIONS]
    validate_region_names("search_regions", names, f"a name like eu-west-1, or {ALL_REGIONS}")


def find_replication_set(
    connection: Connection, arn: str | None, search_regions: Sequence[str], deadline: float = math.inf
) -> SearchResult:
    """Find a replication set: in the connection's own Region first, then in the others side by side.

    :param arn: the set's ARN; None for the account's own set, which ListReplicationSets names.
    :param search_regions: further Regions to search; ALL_REGIONS for all of them. Empty: only the connection's Region.
    :param deadline: a time of time.monotonic(), after which no Region is waited for.
    :return: the set or, if no ARN was given, that the account has none.
    :raises AnsibleSSMIncidentsError: if no Region returns it, and it does not exist or a Region may have it that did not answer.
    """
    others = _other_regions(connection, arn, search_regions)
    own = connection.client(SERVICE)
    try:
        arn = arn or within(_seconds_until(deadline), connection.region, partial(_find_arn, own))
        return within(_seconds_until(deadline), connection.region, partial(_get_from_region, own, arn))
    except AnsibleSSMIncidentsError as failure:
        if not others:
            raise _with_search_advice(failure, connection.region) from failure
        if failure.code == MULTIPLE_REPLICATION_SETS:
            # Other Regions return the same list.
            raise
        failures = {connection.region: failure}

    none_found = None
    for region, result in _search_in_parallel(connection, others, arn, _seconds_until(deadline)):
        if isinstance(result, AnsibleSSMIncidentsError):
            failures[region] = result
        elif result.replication_set is not None:
            return result
        else:
            none_found = result
    if none_found and _lacks_service(failures[connection.region], connection.region):
        # Not a Region that could have a set: the others' answers are complete.
        del failures[connection.region]
    if none_found and not failures:
        return none_found
    what = f"the replication set {arn}" if arn else OWN_SET
    raise search_failure(what, [connection.region, *others], failures, connection.mask)


def _seconds_until(deadline: float) -> float:
    """Return how long a Region is waited for."""
    return min(REGION_SECONDS, max(0, deadline - time.monotonic()))


def _get_from_region(client: BaseClient, arn: str | None) -> SearchResult:
    """Get the set from one Region, if the account has one."""
    return SearchResult(client, arn or "", get_replication_set(client, arn) if arn else None)


def _find_arn(client: BaseClient) -> str | None:
    arns = list_replication_sets(client)
    if len(arns) > 1:
        # An account has at most one (CloudFormation, Terraform): don't guess which one is meant.
        raise AnsibleSSMIncidentsError(
            f"Found {len(arns)} replication sets in Region {client.meta.region_name}: {', '.join(arns)}",
            code=MULTIPLE_REPLICATION_SETS,
        )
    return arns[0] if arns else None


def _other_regions(connection: Connection, arn: str | None, search_regions: Sequence[str]) -> list[str]:
    """Return the Regions to search after the connection's own: each once, in the order given."""
    regions: dict[str, None] = {}
    for name in search_regions:
        if name == ALL_REGIONS:
            regions.update(dict.fromkeys(searchable_regions(connection.region, arn)))
            continue
        if name not in all_service_regions(SERVICE):
            raise invalid_option(
                "search_regions",
                f"Incident Manager does not exist in {name!r}, as far as botocore knows",
                f"It exists in {', '.join(service_regions(SERVICE, 'aws'))}, or install a newer botocore",
            )
        regions[name] = None
    regions.pop(connection.region, None)
    return list(regions)


def searchable_regions(region: str, arn: str | None = None) -> list[str]:
    """Return the Regions where the service exists, as botocore knows them.

    :param region: one of the partition's Regions.
    :param arn: a set's ARN, whose partition counts if it is given.
    :raises AnsibleSSMIncidentsError: if there are none.
    """
    try:
        partition = partition_of_arn(arn) if arn else partition_of_region(region)
    except BotoCoreError as error:
        raise error_from_botocore(f"Failed to find the partition of Region {region}", error) from error
    regions = service_regions(SERVICE, partition)
    if not regions:
        raise invalid_option(
            "arn" if arn else "region",
            f"botocore knows no Region of partition {partition} where Incident Manager exists",
            "Use a Region where it exists, or install a newer botocore.",
        )
    return regions


def _search_in_parallel(
    connection: Connection, regions: Sequence[str], arn: str | None, seconds: float
) -> Iterator[tuple[str, SearchResult | AnsibleSSMIncidentsError]]:
    """Search several Regions at once, and yield each Region with its result, in the order in which they come."""

    def search(client: BaseClient) -> SearchResult:
        return _get_from_region(client, arn or _find_arn(client))

    calls = {}
    for region in regions:
        try:
            calls[region] = partial(search, connection.client(SERVICE, region))
        except AnsibleSSMIncidentsError as failure:
            yield region, failure
    yield from in_parallel(calls, seconds)


def _lacks_service(failure: AnsibleSSMIncidentsError, region: str) -> bool:
    """Tell whether a failure is that of a Region where, as botocore knows it, the service does not exist."""
    return failure.code in CONNECTION_ERRORS and region not in all_service_regions(SERVICE)


def _with_search_advice(failure: AnsibleSSMIncidentsError, region: str) -> AnsibleSSMIncidentsError:
    """Return the failure of the only Region that was searched, with advice."""
    if failure.code == NOT_FOUND:
        return failure.with_advice(
            f"GetReplicationSet answers only from a Region that is in the replication set, and {region} may not be one of"
            " them: name the set's Regions in search_regions, or use search_regions: all."
        )
    if _lacks_service(failure, region):
        known = ", ".join(service_regions(SERVICE, "aws"))
        return failure.with_advice(
            f"As far as botocore knows, Incident Manager does not exist in Region {region}, but in {known}. {failure.advice}"
        )
    return failure


def search_failure(
    what: str,
    searched: Sequence[str],
    failures: Mapping[str, AnsibleSSMIncidentsError],
    mask: Callable[[str], str],
) -> AnsibleSSMIncidentsError:
    """Return the failure of a search: either no Region has such a set, or some Regions that may have it did not answer.

    :param what: what was searched for.
    :param searched: the Regions, those that were not reached in time included.
    :param failures: the Regions that failed.
    :param mask: masks secrets in what AWS has said.
    """
    unknown = {
        region: failures[region] for region in searched if region in failures and failures[region].code != NOT_FOUND
    }
    if not unknown:
        return AnsibleSSMIncidentsError(
            f"Failed to find {what} in any of the Regions {', '.join(searched)}",
            code=NOT_FOUND,
            advice="Check the ARN, and search the Regions of the replication set.",
            cause=next(iter(failures.values())).cause,
        )
    by_reason: dict[str, list[str]] = {}
    for region, failure in unknown.items():
        reason = shorten(mask(failure.reason.replace(region, "the Region")))
        by_reason.setdefault(reason, []).append(region)
    reasons = "; ".join(f"{', '.join(regions)} ({reason})" for reason, regions in by_reason.items())
    first = next(iter(unknown.values()))
    same = all(failure.code == first.code for failure in unknown.values())
    return AnsibleSSMIncidentsError(
        f"Failed to find {what}: of the Regions {', '.join(searched)}, these may have it, but could not be searched: {reasons}",
        # If the Regions failed for different reasons, the code of one would not hold for the others.
        code=first.code if same else SEARCH_INCOMPLETE,
        reason="",
        advice=first.advice if same else ADVICE[SEARCH_INCOMPLETE],
        cause=first.cause if same else None,
        is_temporary=any(failure.is_temporary for failure in unknown.values()),
    )
