# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Finding a replication set in the connection's own Region and, if search_regions is set, in others.

ListReplicationSets succeeds in any Region where the service exists. GetReplicationSet succeeds only in a Region that is in
the set, and fails with ResourceNotFoundException in every other one (sources: Prowler, Terraform's AWS provider).
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

from .._aws.arn import account_id_of_arn, partition_of_arn, validate_region_names
from .._aws.calls import error_from_botocore
from .._aws.errors import (
    ACCOUNT_MISMATCH,
    ADVICE,
    BOTOCORE_ADVICE,
    CONNECTION_ERRORS,
    MULTIPLE_REPLICATION_SETS,
    NO_ANSWER_ERRORS,
    NOT_FOUND,
    SEARCH_INCOMPLETE,
    WAIT_TIMEOUT,
    AnsibleSSMIncidentsError,
    invalid_option,
)
from .._aws.parallel import in_parallel, within
from .._aws.sessions import all_service_regions, partition_of_region, service_regions
from .._aws.text import shorten, without_full_stop
from .api import get_replication_set, list_replication_sets
from .service import SERVICE, validate_replication_set_arn

if TYPE_CHECKING:
    from botocore.client import BaseClient

    from .._aws.connection import Connection

#: The value of search_regions for every Region of the partition where the service exists.
ALL_REGIONS = "all"

#: botocore waits 60 s to connect and 60 s for a response. A Region that can't be reached must not delay the task by minutes.
#: The user's aws_config overrides these.
SEARCH_DEFAULTS = {"connect_timeout": 10, "read_timeout": 20}

#: The time limit of a call to a Region, in seconds, for all its attempts together.
REGION_SECONDS = 45

#: The object of the search if no ARN is known, for messages.
OWN_SET = "the account's replication set"


class SearchResult(NamedTuple):
    """The result of a search.

    :ivar client: a client for the Region that returned the result.
    :ivar arn: the set's ARN; empty without a set.
    :ivar replication_set: the set as botocore parsed it; None without a set.
    """

    client: BaseClient
    arn: str
    replication_set: dict[str, Any] | None


def validate_search(arn: str | None, search_regions: Sequence[str]) -> None:
    """Validate the options of a search.

    :raises AnsibleSSMIncidentsError: names the option, the value and what is expected.
    """
    validate_replication_set_arn(arn)
    names = [name for name in search_regions if name != ALL_REGIONS]
    validate_region_names("search_regions", names, f"a name such as eu-west-1, or {ALL_REGIONS}")


def validate_account_of_arn(connection: Connection, arn: str) -> None:
    """Validate that an ARN belongs to the account of the credentials.

    :raises AnsibleSSMIncidentsError: names both accounts. If STS does not respond, nothing is raised.
    """
    account_id = connection.account_id_if_known()
    if account_id and account_id_of_arn(arn) != account_id:
        raise AnsibleSSMIncidentsError(
            f"arn: {arn} belongs to account {account_id_of_arn(arn)}, but the credentials belong to account {account_id}",
            code=ACCOUNT_MISMATCH,
        )


def find_replication_set(
    connection: Connection, arn: str | None, search_regions: Sequence[str], deadline: float = math.inf
) -> SearchResult:
    """Find a replication set: in the connection's own Region first, then in the others in parallel.

    If no Region returns the set with this ARN, STS says whether the ARN belongs to another account.

    :param arn: the set's ARN; None for the account's own set, which ListReplicationSets names.
    :param search_regions: more Regions to search, or ALL_REGIONS. If empty, only the connection's Region is searched.
    :param deadline: a time of time.monotonic(). The search does not wait for any Region after it.
    :return: the set. Without an ARN, the result can be that the account has none.
    :raises AnsibleSSMIncidentsError: if the set does not exist, or if no Region returns it and a Region that may have it did
        not respond.
    """
    others = _other_regions(connection, arn, search_regions)
    own = connection.client(SERVICE)
    if time.monotonic() >= deadline:
        raise AnsibleSSMIncidentsError(
            f"Failed to find {f'the replication set {arn}' if arn else OWN_SET} in Region {connection.region}",
            code=WAIT_TIMEOUT,
            reason="the timeout ended before the first call",
            advice="Set a longer timeout.",
        )
    try:
        return _find(connection, own, arn, others, deadline)
    except AnsibleSSMIncidentsError as failure:
        if failure.is_temporary and time.monotonic() >= deadline:
            raise failure.with_advice(f"Set a longer timeout. {failure.advice}") from failure
        # If AWS was not reached or its response could not be read, a call of STS would fail too.
        if arn and failure.code not in (*BOTOCORE_ADVICE, *NO_ANSWER_ERRORS):
            try:
                validate_account_of_arn(connection, arn)
            except AnsibleSSMIncidentsError as mismatch:
                raise mismatch from failure
        raise


def _find(
    connection: Connection, own: BaseClient, arn: str | None, others: Sequence[str], deadline: float
) -> SearchResult:
    """Find a replication set.

    :param own: a client for the connection's own Region.
    :param others: the other Regions. For the other parameters, the result and the errors, see find_replication_set().
    """
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
        # This Region can't have a set, so the results of the others are complete.
        del failures[connection.region]
    if none_found and not failures:
        return none_found
    what = f"the replication set {arn}" if arn else OWN_SET
    raise search_failure(what, [connection.region, *others], failures, connection.mask)


def _seconds_until(deadline: float) -> float:
    """Return the time limit of a call to a Region, in seconds."""
    return min(REGION_SECONDS, max(0, deadline - time.monotonic()))


def _get_from_region(client: BaseClient, arn: str | None) -> SearchResult:
    """Get the set from one Region, if the account has one."""
    return SearchResult(client, arn or "", get_replication_set(client, arn) if arn else None)


def _find_arn(client: BaseClient) -> str | None:
    arns = list_replication_sets(client)
    if len(arns) > 1:
        # An account has at most one set (CloudFormation, Terraform). Don't guess which one is meant.
        raise AnsibleSSMIncidentsError(
            f"Found {len(arns)} replication sets in Region {client.meta.region_name}: {', '.join(arns)}",
            code=MULTIPLE_REPLICATION_SETS,
        )
    return arns[0] if arns else None


def _other_regions(connection: Connection, arn: str | None, search_regions: Sequence[str]) -> list[str]:
    """Return the Regions to search after the connection's own: each once, in the order of the option."""
    regions: dict[str, None] = {}
    for name in search_regions:
        if name == ALL_REGIONS:
            regions.update(dict.fromkeys(searchable_regions(connection.region, arn)))
            continue
        if name not in all_service_regions(SERVICE):
            raise invalid_option(
                "search_regions",
                f"Incident Manager does not exist in {name!r}, according to botocore",
                f"Use Regions among {', '.join(service_regions(SERVICE, 'aws'))}, or install a newer botocore",
            )
        regions[name] = None
    regions.pop(connection.region, None)
    return list(regions)


def searchable_regions(region: str, arn: str | None = None) -> list[str]:
    """Return the Regions of a partition where the service exists, according to botocore.

    :param region: a Region of the partition.
    :param arn: the ARN of a set in the partition. If set, it overrides region.
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
            f"Incident Manager does not exist in any Region of the partition {partition}, according to botocore",
            "Use a Region where it exists, or install a newer botocore.",
        )
    return regions


def _search_in_parallel(
    connection: Connection, regions: Sequence[str], arn: str | None, seconds: float
) -> Iterator[tuple[str, SearchResult | AnsibleSSMIncidentsError]]:
    """Search Regions in parallel, and yield each Region with its result, in the order in which the searches end."""

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
    """Return whether a failure is a connection error of a Region where the service does not exist, according to botocore."""
    return failure.code in CONNECTION_ERRORS and region not in all_service_regions(SERVICE)


def _with_search_advice(failure: AnsibleSSMIncidentsError, region: str) -> AnsibleSSMIncidentsError:
    """Return the failure of the only Region that was searched, with advice."""
    if failure.code == NOT_FOUND:
        return failure.with_advice(
            f"AWS returns a replication set only from a Region that is in the set, and {region} may not be one of them. Set"
            " search_regions to the set's Regions, or to all."
        )
    if _lacks_service(failure, region):
        known = ", ".join(service_regions(SERVICE, "aws"))
        return failure.with_advice(
            f"According to botocore, Incident Manager does not exist in Region {region}. It exists in {known}. {failure.advice}"
        )
    return failure


def search_failure(
    what: str,
    searched: Sequence[str],
    failures: Mapping[str, AnsibleSSMIncidentsError],
    mask: Callable[[str], str],
) -> AnsibleSSMIncidentsError:
    """Return the failure of a search: either no Region has the set, or Regions that may have it did not respond.

    :param what: the object of the search.
    :param searched: all Regions of the search, including those that timed out.
    :param failures: the Regions that failed, each with its failure.
    :param mask: masks secrets in AWS's messages.
    """
    unknown = {
        region: failures[region] for region in searched if region in failures and failures[region].code != NOT_FOUND
    }
    if not unknown:
        return AnsibleSSMIncidentsError(
            f"Failed to find {what} in any of these Regions: {', '.join(searched)}",
            code=NOT_FOUND,
            advice="Set search_regions to the Regions of the replication set, or to all. If you set arn, check it.",
            cause=next(iter(failures.values())).cause,
        )
    by_reason: dict[str, list[str]] = {}
    for region, failure in unknown.items():
        reason = without_full_stop(shorten(mask(failure.reason.replace(region, "the Region"))))
        by_reason.setdefault(reason, []).append(region)
    reasons = "; ".join(f"{', '.join(regions)} ({reason})" for reason, regions in by_reason.items())
    first = next(iter(unknown.values()))
    same = all(failure.code == first.code for failure in unknown.values())
    return AnsibleSSMIncidentsError(
        f"Failed to find {what} in the Regions {', '.join(searched)}. These Regions may have it, but could not be searched:"
        f" {reasons}",
        # If the Regions failed for different reasons, one code can't represent all of them.
        code=first.code if same else SEARCH_INCOMPLETE,
        reason="",
        advice=first.advice if same else ADVICE[SEARCH_INCOMPLETE],
        cause=first.cause if same else None,
        is_temporary=any(failure.is_temporary for failure in unknown.values()),
    )
