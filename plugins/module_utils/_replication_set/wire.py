# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How a task calls Incident Manager: in which Regions, for how long at most, and by which clock."""

from __future__ import annotations

import math
import time
from collections import Counter
from datetime import datetime, timezone
from functools import partial
from typing import TYPE_CHECKING, Callable, Iterable, Iterator, Mapping, TypeVar

from .._aws.calls import ONCE, Attempts
from .._aws.errors import CONFLICT, NOT_FOUND, Failure, as_failure
from .._aws.parallel import in_parallel
from .service import SERVICE

if TYPE_CHECKING:
    from botocore.client import BaseClient

    from .._aws.connection import Connection

Result = TypeVar("Result")


class Wire:
    """The clients of a task in every Region, and its clock.

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
        """Return a client for a Region."""
        return self._connection.client(SERVICE, region)

    def now(self) -> float:
        """Return the time in seconds, on a clock that only goes forward."""
        return time.monotonic()

    def seconds_until(self, moment: datetime) -> float:
        """Return the time until a moment; negative if the moment has passed."""
        return (moment - datetime.now(timezone.utc)).total_seconds()

    def sleep(self, seconds: float) -> None:
        """Sleep for a number of seconds."""
        time.sleep(seconds)

    def seconds_left(self) -> float:
        """Return the time until the task times out; negative if it has timed out."""
        return self._deadline - self.now()

    def ask(
        self, regions: Iterable[str], call: Callable[[BaseClient, Attempts], Result]
    ) -> Iterator[tuple[str, Result | Failure]]:
        """Call the first Region and then, if the caller goes on, all others in parallel.

        :param call: takes a client for the Region, and how the call is tried.
        :return: each Region with the result or the failure of its call, as the calls end. A caller that stops does not wait for the
            calls that have not ended. If the task has timed out, only the first Region is called.
        :raises Failure: if a client can't be made, for example without credentials.
        """
        first, *others = regions
        yield from self._call_all({first: partial(call, self.client(first), self._attempts())})
        if others and self.seconds_left() > 0:
            yield from self._call_all(
                {region: partial(call, self.client(region), self._attempts()) for region in others}
            )

    def _call_all(self, calls: Mapping[str, Callable[[], Result]]) -> Iterator[tuple[str, Result | Failure]]:
        # A single call needs a thread only if the task has to end in time, whatever the user's own time limits are.
        if len(calls) > 1 or self._deadline < math.inf:
            yield from in_parallel(calls, self.limit())
            return
        for region, call in calls.items():
            result: Result | Failure
            try:
                result = call()
            except Exception as error:
                result = as_failure(error)
            yield region, result

    def _attempts(self) -> Attempts:
        return Attempts(deadline=time.monotonic() + self.limit())

    def limit(self) -> float:
        """Return the time limit of a call, in seconds."""
        return min(self.longest, max(self.shortest, self.seconds_left()))


class ChangeWire(Wire):
    """The clients and the clock of a change. Each call is made once, because the change itself decides what to do after a failure.

    :ivar moving: the Regions that are being added to the set or deleted from it. They may not return it.
    """

    longest, shortest = 20, 3

    def __init__(self, connection: Connection, deadline: float) -> None:
        super().__init__(connection, deadline)
        self.moving: set[str] = set()
        # The failures of each Region since its last success.
        self._failures: Counter[str] = Counter()

    def healthiest_first(self, regions: Iterable[str]) -> list[str]:
        """Return Regions in the order in which to call them: fewest failures, then not moving, then the user's own Region."""

        def order(name: str) -> tuple[int, bool, bool, str]:
            return self._failures[name], name in self.moving, name != self.region, name

        return sorted(regions, key=order)

    def ask(
        self, regions: Iterable[str], call: Callable[[BaseClient, Attempts], Result]
    ) -> Iterator[tuple[str, Result | Failure]]:
        """Call Regions as Wire does, the healthiest first.

        A conflict does not count as a failure of a Region, nor does a set that is not found.
        """
        for region, result in super().ask(self.healthiest_first(regions), call):
            if not isinstance(result, Failure):
                self._failures[region] = 0
            elif result.code not in (CONFLICT, NOT_FOUND):
                self._failures[region] += 1
            yield region, result

    def _attempts(self) -> Attempts:
        return ONCE

    def _call_all(self, calls: Mapping[str, Callable[[], Result]]) -> Iterator[tuple[str, Result | Failure]]:
        # Also a single call has a time limit: a Region whose name does not resolve must not make the task end late.
        return in_parallel(calls, self.limit())
