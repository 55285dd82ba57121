# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The calls of a change: each in a given Region, without retries, and with a time limit.

A change uses this class for everything outside of itself, including the time.
"""

from __future__ import annotations

import time
from datetime import datetime, timezone
from functools import partial
from typing import TYPE_CHECKING, Any, Callable, Iterator, Mapping, TypeVar

from .._aws.calls import ONCE
from .._aws.errors import AnsibleSSMIncidentsError
from .._aws.parallel import in_parallel, within
from . import api
from .plan import ADD_REGION, CREATE, DELETE, DELETE_REGION, TAG, UNTAG, UPDATE_PROTECTION, Step
from .search import searchable_regions
from .service import SERVICE

if TYPE_CHECKING:
    from botocore.client import BaseClient

    from .._aws.connection import Connection

Result = TypeVar("Result")

#: The longest time limit of a call, in seconds, and the shortest one if the task is about to time out.
_LONGEST_CALL, _SHORTEST_CALL = 20, 3


class Remote:
    """The calls to Incident Manager in every Region, and the clock.

    :ivar region: the connection's own Region.
    """

    def __init__(self, connection: Connection, deadline: float) -> None:
        """
        :param deadline: when the task times out, as a time of now().
        """
        self.region = connection.region
        self.mask: Callable[[str], str] = connection.mask
        self._connection = connection
        self._deadline = deadline

    def regions(self, arn: str | None) -> list[str]:
        """Return all Regions where the service exists, in the partition of the ARN or of the connection's Region."""
        return searchable_regions(self.region, arn)

    def now(self) -> float:
        """Return the time in seconds, on a clock that only goes forward."""
        return time.monotonic()

    def seconds_left(self) -> float:
        """Return the time until the task times out; negative if it has timed out."""
        return self._deadline - self.now()

    def is_over(self) -> bool:
        """Return whether the task has timed out."""
        return self.seconds_left() <= 0

    def seconds_until(self, moment: datetime) -> float:
        """Return the time until a moment; negative if the moment has passed."""
        return (moment - datetime.now(timezone.utc)).total_seconds()

    def sleep(self, seconds: float) -> None:
        """Sleep for a number of seconds."""
        time.sleep(seconds)

    def side_by_side(
        self, calls: Mapping[str, Callable[[], Result]]
    ) -> Iterator[tuple[str, Result | AnsibleSSMIncidentsError]]:
        """Make calls in parallel, and yield each Region with the result or the failure of its call, as the calls end.

        A caller can stop when it has what it needs. It then doesn't wait for the other calls.

        :raises AnsibleSSMIncidentsError: if a client can't be made, for example without credentials.
        """
        # The clients are made one after the other, within the time of the task: a program that returns credentials can hang.
        within(
            max(_SHORTEST_CALL, self.seconds_left()), self.region, lambda: [self._client(region) for region in calls]
        )
        seconds = min(_LONGEST_CALL, max(_SHORTEST_CALL, self.seconds_left()))
        return in_parallel(calls, seconds)

    def list_replication_sets(self, region: str) -> list[str]:
        """Return the ARNs of the account's replication sets, from one Region."""
        return api.list_replication_sets(self._client(region), ONCE)

    def get_replication_set(self, region: str, arn: str) -> dict[str, Any]:
        """Return a replication set, from one of its Regions."""
        return api.get_replication_set(self._client(region), arn, ONCE)

    def list_tags(self, region: str, arn: str) -> dict[str, str]:
        """Return the tags of a replication set."""
        return api.list_tags(self._client(region), arn, ONCE)

    def send(self, region: str, arn: str, step: Step, token: str) -> str:
        """Send a step, without retries.

        :param arn: the set's ARN; empty to create one.
        :param token: the client token, the same for every attempt at the step, so that AWS makes the step once.
        :return: the set's ARN.
        """
        client = self._client(region)
        if step.action == CREATE:
            return api.create_replication_set(client, client_token=token, **step.values)
        calls: dict[str, Callable[..., None]] = {
            ADD_REGION: partial(api.add_region, client_token=token),
            DELETE_REGION: partial(api.delete_region, client_token=token),
            UPDATE_PROTECTION: partial(api.update_deletion_protection, client_token=token),
            TAG: api.tag_resource,
            UNTAG: api.untag_resource,
            DELETE: api.delete_replication_set,
        }
        calls[step.action](client, arn, **step.values)
        return arn

    def _client(self, region: str) -> BaseClient:
        return self._connection.client(SERVICE, region)
