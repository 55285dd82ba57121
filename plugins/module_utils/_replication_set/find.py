# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Finding a replication set.

ListReplicationSets succeeds in any Region where the service exists. GetReplicationSet succeeds only in a Region that is in
the set, and fails with ResourceNotFoundException in every other one (sources: Prowler, Terraform's AWS provider).
"""

from __future__ import annotations

import math
import time
from functools import partial
from typing import TYPE_CHECKING, Callable, Dict, Iterable, Iterator, Mapping, NamedTuple, Sequence, Tuple, TypeVar

try:
    from botocore.exceptions import BotoCoreError
except ImportError:
    BotoCoreError = Exception  # AnsibleAWSModule reports it

from .._aws import errors
from .._aws.arn import account_id_of_arn, partition_of_arn, validate_region_names
from .._aws.calls import Attempts, error_from_botocore
from .._aws.errors import Failure, as_failure, invalid_option
from .._aws.parallel import in_parallel, no_response
from .._aws.sessions import all_service_regions, partition_of_region, service_regions
from .._aws.text import shorten, without_full_stop
from .api import get_replication_set, list_replication_sets
from .service import SERVICE, validate_replication_set_arn
from .state import ReplicationSet

if TYPE_CHECKING:
    from botocore.client import BaseClient

    from .._aws.connection import Connection

#: The value of search_regions for every Region of the partition where the service exists.
ALL_REGIONS = "all"

#: botocore waits 60 s to connect and 60 s for a response. A Region that can't be reached must not delay the task by minutes.
#: The user's aws_config overrides these.
SEARCH_DEFAULTS = {"connect_timeout": 10, "read_timeout": 20}

#: The object of the search if no ARN is known, for messages.
OWN_SET = "the account's replication set"

Result = TypeVar("Result")

#: A call, which takes a client for a Region, and how the call is tried.
Call = Callable[["BaseClient", Attempts], Result]
#: A Region with the result or the failure of its call.
Outcome = Tuple[str, "Result | Failure"]

Failures = Dict[str, Failure]


class Found(NamedTuple):
    """What Regions report about a set.

    :ivar region: the Region that returned it.
    :ivar replication_set: the set; None if the account has no such set.
    :ivar other_arns: the ARNs of the account's sets, if the requested set is not among them.
    """

    region: str
    replication_set: ReplicationSet | None
    other_arns: tuple[str, ...] = ()

    @property
    def arn(self) -> str:
        """The set's ARN; empty without a set."""
        return self.replication_set.arn if self.replication_set else ""


def validate_search(arn: str | None, search_regions: Sequence[str]) -> None:
    """Validate the options of a search.

    :raises Failure: names the option, the value and what is expected.
    """
    validate_replication_set_arn(arn)
    names = [name for name in search_regions if name != ALL_REGIONS]
    validate_region_names("search_regions", names, f"a name such as eu-west-1, or {ALL_REGIONS}")


def validate_account_of_arn(connection: Connection, arn: str) -> None:
    """Validate that an ARN belongs to the account of the credentials.

    :raises Failure: names both accounts. If STS does not respond, nothing is raised.
    """
    account_id = connection.account_id_if_known()
    if account_id and account_id_of_arn(arn) != account_id:
        raise Failure(
            f"arn: {arn} belongs to account {account_id_of_arn(arn)}, but the credentials belong to account {account_id}",
            code=errors.ACCOUNT_MISMATCH,
        )


def find_replication_set(
    connection: Connection, arn: str | None, search_regions: Sequence[str], deadline: float = math.inf
) -> Found:
    """Find a replication set: in the connection's own Region first, then in the others in parallel.

    If no Region returns the set with this ARN, STS says whether the ARN belongs to another account.

    :param arn: the set's ARN; None for the account's own set, which ListReplicationSets names.
    :param search_regions: more Regions to search, or ALL_REGIONS. If empty, only the connection's Region is searched.
    :param deadline: a time of time.monotonic(). The search does not wait for any Region after it.
    :return: the set. Without an ARN, the result can be that the account has none.
    :raises Failure: if the set does not exist, or if no Region returns it and a Region that may have it did
        not respond.
    """
    regions = [connection.region, *_other_regions(connection, arn, search_regions)]
    wire = Wire(connection, deadline)
    wire.client(connection.region)
    if wire.seconds_left() <= 0:
        raise Failure(
            f"Failed to find {name_of_set(arn)} in Region {connection.region}",
            code=errors.WAIT_TIMEOUT,
            reason="the timeout ended before the first call",
            advice="Set a longer timeout.",
        )
    try:
        return _find(wire, arn, regions)
    except Failure as failure:
        if failure.is_transient and wire.seconds_left() <= 0:
            raise failure.with_advice(f"Set a longer timeout. {failure.advice}") from failure
        # If AWS was not reached or its response could not be read, a call of STS would fail too.
        if arn and failure.code not in (*errors.BOTOCORE_ADVICE, *errors.NO_RESPONSE_ERRORS):
            try:
                validate_account_of_arn(connection, arn)
            except Failure as mismatch:
                raise mismatch from failure
        raise


class Wire:
    """The calls of a task that only reads.

    :ivar region: the connection's own Region.
    """

    #: The longest time limit of a call with all its attempts, in seconds, and the shortest one if the task is about to time out.
    longest, shortest = 45, 0

    def __init__(self, connection: Connection, deadline: float = math.inf) -> None:
        """
        :param deadline: when the task times out, as a time of now().
        """
        self.region = connection.region
        self.mask: Callable[[str], str] = connection.mask
        self._connection = connection
        self._deadline = deadline

    def client(self, region: str) -> BaseClient:
        """Return a client for a Region. Raises Failure, for example without credentials."""
        return self._connection.client(SERVICE, region)

    def now(self) -> float:
        """Return the time in seconds, on a clock that only goes forward."""
        return time.monotonic()

    def seconds_left(self) -> float:
        """Return the time until the task times out; negative if it has timed out."""
        return self._deadline - self.now()

    def limit(self) -> float:
        """Return the time limit of a call, in seconds."""
        return min(self.longest, max(self.shortest, self.seconds_left()))

    def attempts(self) -> Attempts:
        """Return how calls are tried."""
        return Attempts(deadline=self.now() + self.limit())

    def ask(self, regions: Iterable[str], call: Call[Result]) -> Iterator[Outcome[Result]]:
        """Call the first Region and then, if the caller goes on, all others in parallel.

        :return: each Region with the result or the failure of its call, as the calls end. A caller that stops does not wait for the
            calls that have not ended. If the task has timed out, only the first Region is called.
        :raises Failure: if a client can't be made.
        """
        first, *others = regions
        for group in ([first], others):
            if group and (group == [first] or self.seconds_left() > 0):
                attempts = self.attempts()
                yield from self.call_all({name: partial(call, self.client(name), attempts) for name in group})

    def first(self, regions: Sequence[str], call: Call[Result], failures: Failures) -> tuple[str, Result] | None:
        """Return the first Region that succeeds, with its result.

        :param failures: the failures of Regions are added to it.
        """
        for region, result in self.ask(regions, call) if regions else ():
            if not isinstance(result, Failure):
                return region, result
            failures[region] = result
        return None

    def call_all(self, calls: Mapping[str, Callable[[], Result]]) -> Iterator[Outcome[Result]]:
        """Make calls in parallel. A single call without a time limit of the task needs no thread: its client limits each read."""
        if len(calls) > 1 or self._deadline < math.inf:
            yield from in_parallel(calls, self.limit())
            return
        ((region, call),) = calls.items()
        outcome: Result | Failure
        try:
            outcome = call()
        except Exception as error:
            outcome = as_failure(error)
        yield region, outcome


def _find(wire: Wire, arn: str | None, regions: Sequence[str]) -> Found:
    """Return the set from the first Region that returns it.

    :param regions: the Regions to search: the connection's own first.
    :return: that there is no set only if no Region lists one, and the own Region responded or lacks the service.
    :raises Failure: if the set was not found, or if a Region that may have it did not respond.
    """
    own = regions[0]
    failures: Failures = {}
    candidates = list(regions)
    empty = []
    if not arn:
        for region, arns in wire.ask(regions, list_replication_sets):
            if isinstance(arns, Failure):
                failures[region] = arns
            elif arns:
                arn = _only_arn(arns, region)
                candidates = [region, *(name for name in regions if name != region and name not in failures)]
                break
            else:
                empty.append(region)
    if arn:
        found = wire.first(candidates, partial(get_replication_set, arn=arn), failures)
        if found:
            return Found(*found)
    if len(regions) == 1 and failures:
        raise _with_search_advice(failures[own], own)
    # A Region may have the set until it says that it does not.
    failures = {name: failures.get(name) or no_response(name, 0) for name in regions if arn or name not in empty}
    if own in failures and _lacks_service(failures[own], own):
        # This Region can't have a set, so the results of the others are complete.
        del failures[own]
    # A list names the account's set in every Region, so the other Regions need not respond if the own one does. But if any list
    # named a set, there is one.
    if empty and not arn and (own in empty or not failures):
        return Found(min(empty, key=regions.index), None)
    raise search_failure(name_of_set(arn), regions, failures, wire.mask)


def look(wire: Wire, arn: str, known: Sequence[str]) -> Found:
    """Return the set from the first Region that returns it, or that the account does not have it.

    One list is enough to see that it does not: a Region that is down or denied must not prevent a change.

    :param arn: the set's ARN; empty for the account's own set.
    :param known: the Regions of the set, as far as they are known.
    :raises Failure: if no Region lists the sets, or if a listed set can't be read.
    """
    failures: Failures = {}
    found = wire.first(known or [wire.region], partial(get_replication_set, arn=arn), failures) if arn else None
    if found:
        return Found(*found)
    everywhere = searchable_regions(wire.region, arn)
    unlisted: Failures = {}
    listed = wire.first(everywhere, list_replication_sets, unlisted)
    arns = listed[1] if listed else []
    arn = arn or _only_arn(arns, wire.region)
    if listed and not arn:
        return Found(wire.region, None)
    if arn and not (failures and wire.seconds_left() <= 0):
        others = [region for region in everywhere if region not in failures]
        found = wire.first(others, partial(get_replication_set, arn=arn), failures)
        if found:
            return Found(*found)
    if not listed and all(failure.code == errors.NOT_FOUND for failure in failures.values()):
        raise search_failure(OWN_SET, list(unlisted), unlisted, wire.mask)
    if listed and arn not in arns:
        return Found(wire.region, None, tuple(arns))
    # Failures of Regions that are not known to be in the set don't matter.
    failures = {region: failure for region, failure in failures.items() if region in known} or failures
    failure = search_failure(name_of_set(arn), list(failures), failures, wire.mask)
    if failure.code == errors.NOT_FOUND:
        raise failure.with_advice("Check the ARN.")
    # The Region that responds is being added to the set or deleted from it, or the list lags.
    raise failure.transient() if any(one.code == errors.NOT_FOUND for one in failures.values()) else failure


def name_of_set(arn: str | None) -> str:
    """Return a set in words for a message."""
    return f"the replication set {arn}" if arn else OWN_SET


def _only_arn(arns: Sequence[str], region: str) -> str:
    """Return the ARN of the account's only set; empty if it has none. Raises Failure if it has several."""
    if len(arns) > 1:
        # An account has at most one set (CloudFormation, Terraform). Don't guess which one is meant.
        raise Failure(
            f"Found {len(arns)} replication sets in Region {region}: {', '.join(arns)}",
            code=errors.MULTIPLE_REPLICATION_SETS,
        )
    return arns[0] if arns else ""


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
    :raises Failure: if there are none.
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


def _lacks_service(failure: Failure, region: str) -> bool:
    """Return whether a failure is a connection error of a Region where the service does not exist, according to botocore."""
    return failure.code in errors.CONNECTION_ERRORS and region not in all_service_regions(SERVICE)


def _with_search_advice(failure: Failure, region: str) -> Failure:
    """Return the failure of the only Region that was searched, with advice."""
    if failure.code == errors.NOT_FOUND:
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
    failures: Mapping[str, Failure],
    mask: Callable[[str], str],
) -> Failure:
    """Return the failure of a search: either no Region has the set, or Regions that may have it did not respond.

    :param what: the object of the search.
    :param searched: all Regions of the search, including those that timed out.
    :param failures: the Regions that failed, each with its failure.
    :param mask: masks secrets in AWS's messages.
    """
    unknown = {
        region: failures[region]
        for region in searched
        if region in failures and failures[region].code != errors.NOT_FOUND
    }
    if not unknown:
        return Failure(
            f"Failed to find {what} in any of these Regions: {', '.join(searched)}",
            code=errors.NOT_FOUND,
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
    return Failure(
        f"Failed to find {what} in the Regions {', '.join(searched)}. These Regions may have it, but could not be searched:"
        f" {reasons}",
        # If the Regions failed for different reasons, one code can't represent all of them.
        code=first.code if same else errors.SEARCH_INCOMPLETE,
        reason="",
        advice=" ".join(dict.fromkeys(failure.advice for failure in unknown.values()))
        if same
        else errors.ADVICE[errors.SEARCH_INCOMPLETE],
        cause=first.cause if same else None,
        is_transient=any(failure.is_transient for failure in unknown.values()),
    )
