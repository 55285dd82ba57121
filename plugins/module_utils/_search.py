# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where a replication set can be seen: in the connection's own Region or, where the user says so, in others.

ListReplicationSets answers from any Region where the service exists. GetReplicationSet answers only from a Region that
is in the set, and ResourceNotFoundException from every other one (sources: Prowler, Terraform's AWS provider).
"""

from __future__ import annotations

from queue import SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING, Any, Iterator, NamedTuple, Sequence

from ._api import get_replication_set, list_replication_sets
from ._arn import partition_of_arn
from ._errors import NOT_FOUND, AnsibleSSMIncidentsError

if TYPE_CHECKING:
    from botocore.client import BaseClient

    from ._connection import Connection

#: What search_regions takes for every Region of the partition where the service exists.
ALL = "all"

#: botocore waits 60 s to connect and 60 s for an answer, several times over. Where many Regions are asked, one that
#: can't be reached must not cost minutes. These hold where the user's aws_config says nothing.
SEARCH_DEFAULTS = {"connect_timeout": 10, "read_timeout": 20, "retries": {"total_max_attempts": 2}}

# What a Region without the service looks like: its host name does not resolve, or nobody answers.
_NO_CONNECTION = ("ConnectionClosedError", "ConnectTimeoutError", "EndpointConnectionError")


class DifferentFailures(AnsibleSSMIncidentsError):
    """Regions failed, and not all for one reason: the code is the first one's, and does not stand for all."""


class Answer(NamedTuple):
    """What the account says, and the client of the Region that said it; without a set, arn is empty."""

    client: BaseClient
    arn: str
    replication_set: dict[str, Any] | None


def find_replication_set(connection: Connection, arn: str | None, search_regions: Sequence[str]) -> Answer:
    """Find a replication set: in the connection's own Region first, then in the others side by side.

    :param arn: the set's ARN; None for the account's own set, which ListReplicationSets names.
    :param search_regions: further Regions to ask; ALL for all of them. Empty: only the own Region is asked.
    :return: the set's answer, or, where no ARN was given, that the account has none.
    :raises AnsibleSSMIncidentsError: where it is not found, or a Region that could have it could not be asked.
    """
    others = _regions_to_search(connection, arn, search_regions)
    own = connection.client()
    try:
        arn = arn or _own_arn(own)
        return _ask(own, arn)
    except AnsibleSSMIncidentsError as failure:
        if not others:
            raise _with_advice(failure, connection) from failure
        if failure.exception is None:
            # Not a Region's failure but an answer that no other Region makes better.
            raise
        failures = {connection.region: failure}

    without = None
    for region, answer in _ask_side_by_side(connection, others, arn):
        if isinstance(answer, AnsibleSSMIncidentsError):
            failures[region] = answer
        elif answer.replication_set is not None:
            return answer
        else:
            without = answer
    if without and failures[connection.region].code in _NO_CONNECTION and not connection.has_service():
        # Not a Region that could have a set: the others' answer is the whole one.
        del failures[connection.region]
    if without and not failures:
        return without
    raise _nothing_found(arn, [connection.region, *others], failures)


def _ask(client: BaseClient, arn: str | None) -> Answer:
    """Ask one Region for the set, where the account has one."""
    return Answer(client, arn or "", get_replication_set(client, arn) if arn else None)


def _own_arn(client: BaseClient) -> str | None:
    arns = list_replication_sets(client)
    if len(arns) > 1:
        # An account has at most one (CloudFormation, Terraform): to guess which is meant would be worse than to fail.
        raise AnsibleSSMIncidentsError(
            f"Found {len(arns)} replication sets in Region {client.meta.region_name}: {', '.join(arns)}",
            advice="Name the one that is meant in the option arn.",
        )
    return arns[0] if arns else None


def _regions_to_search(connection: Connection, arn: str | None, search_regions: Sequence[str]) -> list[str]:
    """Return the Regions to ask after the connection's own: each once, in the order given."""
    regions: dict[str, None] = {}
    for name in search_regions:
        if name != ALL:
            regions[name] = None
            continue
        partition = partition_of_arn(arn) if arn else connection.partition()
        every = connection.service_regions(partition)
        if not every:
            raise AnsibleSSMIncidentsError(
                f"search_regions: botocore knows no Region of partition {partition} where Incident Manager exists",
                advice="Name the Regions instead, or install a newer botocore.",
            )
        regions.update(dict.fromkeys(every))
    regions.pop(connection.region, None)
    return list(regions)


def _ask_side_by_side(
    connection: Connection, regions: Sequence[str], arn: str | None
) -> Iterator[tuple[str, Answer | AnsibleSSMIncidentsError]]:
    """Ask several Regions at once.

    The threads are daemons: where one Region hangs, a caller that has its answer need not wait for it.

    :return: each Region with its answer, in the order in which they come.
    """
    answers: SimpleQueue[tuple[str, Answer | AnsibleSSMIncidentsError]] = SimpleQueue()

    def ask(region: str, client: BaseClient) -> None:
        try:
            answers.put((region, _ask(client, arn or _own_arn(client))))
        except AnsibleSSMIncidentsError as failure:
            answers.put((region, failure))
        except Exception as failure:  # Whatever it is, the Regions that answer count.
            answers.put((region, AnsibleSSMIncidentsError(f"Failed to ask Region {region}", failure)))

    for region in regions:
        try:
            # One after the other: boto3's sessions, unlike its clients, are not safe to share between threads.
            client = connection.client(region)
        except AnsibleSSMIncidentsError as failure:
            answers.put((region, failure))
        else:
            Thread(target=ask, args=(region, client), daemon=True).start()
    for _region in regions:
        yield answers.get()


def _with_advice(failure: AnsibleSSMIncidentsError, connection: Connection) -> AnsibleSSMIncidentsError:
    """Return a failure of the only Region asked, with what its user can do."""
    if failure.code == NOT_FOUND:
        return failure.advising(
            "GetReplicationSet answers only from a Region that is in the replication set, and"
            f" {connection.region} may just not be one of the set's: name its Regions in search_regions, or"
            " use search_regions: all."
        )
    if failure.code in _NO_CONNECTION and not connection.has_service():
        known = ", ".join(connection.service_regions("aws"))
        return failure.advising(
            f"botocore knows of no Incident Manager in Region {connection.region}: it exists in {known}. {failure.advice}"
        )
    return failure


def _nothing_found(
    arn: str | None, asked: Sequence[str], failures: dict[str, AnsibleSSMIncidentsError]
) -> AnsibleSSMIncidentsError:
    """Return what to say after a search without a find: which Regions have no such set, and which could not be asked."""
    what = f"the replication set {arn}" if arn else "the account's replication set"
    refused = {region: failures[region] for region in asked if region in failures and not _is_missing(failures[region])}
    if not refused:
        return AnsibleSSMIncidentsError(
            f"Failed to find {what} in any of the Regions {', '.join(asked)}",
            failures[asked[0]].exception,
            advice="It does not exist, or not in these Regions.",
        )
    by_reason: dict[str, list[str]] = {}
    for region, failure in refused.items():
        by_reason.setdefault(failure.reason.replace(region, "the Region"), []).append(region)
    reasons = "; ".join(f"{', '.join(regions)} ({reason})" for reason, regions in by_reason.items())
    first = next(iter(refused.values()))
    same = all(failure.code == first.code for failure in refused.values())
    kind = AnsibleSSMIncidentsError if same else DifferentFailures
    return kind(
        f"Failed to find {what}: of the Regions {', '.join(asked)}, these could not be asked and may have it: {reasons}",
        first.exception,
        reason="",
        advice=first.advice if same else "Take the reasons away, or ask only Regions that answer.",
    )


def _is_missing(failure: AnsibleSSMIncidentsError) -> bool:
    return failure.code == NOT_FOUND
