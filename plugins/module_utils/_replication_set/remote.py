# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Incident Manager as a change needs it: each call in a Region that is named, sent once, and over after some seconds.

Everything that a change does outside of itself goes through this class, time included.
"""

from __future__ import annotations

import time
from datetime import datetime, timezone
from functools import partial
from typing import TYPE_CHECKING, Any, Callable, Iterator, Mapping, TypeVar

from .._aws.errors import AnsibleSSMIncidentsError
from .._aws.parallel import in_parallel
from . import api
from .plan import ADD_REGION, CREATE, DELETE, DELETE_REGION, TAG, UNTAG, UPDATE_PROTECTION, Step
from .search import searchable_regions
from .service import SERVICE

if TYPE_CHECKING:
    from botocore.client import BaseClient

    from .._aws.connection import Connection

Result = TypeVar("Result")

#: How long a call may take, in seconds: at most, and at least if the task's time is nearly over.
_LONGEST_CALL, _SHORTEST_CALL = 20, 3


class Remote:
    """The calls to Incident Manager in every Region, and the clock.

    :ivar region: the connection's own Region.
    """

    def __init__(self, connection: Connection, deadline: float) -> None:
        """
        :param deadline: when the task's time is over, as now() tells the time.
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
        """Return how long the task may still take; negative if its time is over."""
        return self._deadline - self.now()

    def is_over(self) -> bool:
        """Tell whether the task's time is over."""
        return self.seconds_left() <= 0

    def seconds_until(self, moment: datetime) -> float:
        """Return how long it is until a time of the day; negative if it is past."""
        return (moment - datetime.now(timezone.utc)).total_seconds()

    def sleep(self, seconds: float) -> None:
        """Sleep. Whoever needs the time calls now() afterwards."""
        time.sleep(seconds)

    def side_by_side(
        self, calls: Mapping[str, Callable[[], Result]]
    ) -> Iterator[tuple[str, Result | AnsibleSSMIncidentsError]]:
        """Make calls at the same time, and yield each Region with what its call returned or how it failed, as they come.

        A caller that has what it needs can stop: it does not wait for the others.
        """
        seconds = min(_LONGEST_CALL, max(_SHORTEST_CALL, self.seconds_left()))
        return in_parallel(calls, seconds)

    def list_replication_sets(self, region: str) -> list[str]:
        """Return the ARNs of the account's replication sets, as a Region lists them."""
        return api.list_replication_sets(self._client(region))

    def get_replication_set(self, region: str, arn: str) -> dict[str, Any]:
        """Return a replication set, as a Region that is in it returns it."""
        return api.get_replication_set(self._client(region), arn)

    def list_tags(self, region: str, arn: str) -> dict[str, str]:
        """Return the tags of a replication set."""
        return api.list_tags(self._client(region), arn)

    def send(self, region: str, arn: str, step: Step, token: str) -> str:
        """Make the call of a step, once.

        :param arn: the set's ARN; empty to create one.
        :param token: the client token, the same for every try of the step, so that AWS takes the step once.
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
        return self._connection.client(SERVICE, region, retry=False)
