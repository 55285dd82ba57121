# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How a task calls Incident Manager: in which Regions, for how long, and by which clock."""

from __future__ import annotations

import math
import time
from collections import Counter
from datetime import datetime, timezone
from functools import partial
from typing import TYPE_CHECKING, Callable, Iterable, Iterator, Mapping, Tuple, TypeVar

from .._aws.calls import ONCE, Attempts
from .._aws.errors import CONFLICT, NOT_FOUND, AnsibleSSMIncidentsError, as_failure
from .._aws.parallel import in_parallel
from .service import SERVICE

if TYPE_CHECKING:
    from botocore.client import BaseClient

    from .._aws.connection import Connection

Result = TypeVar("Result")

#: A call, which takes a client for a Region, and how the call is tried.
Call = Callable[["BaseClient", Attempts], Result]
#: A Region with the result or the failure of its call.
Outcome = Tuple[str, "Result | AnsibleSSMIncidentsError"]


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
        """Return a client for a Region. Raises AnsibleSSMIncidentsError, for example without credentials."""
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
        :raises AnsibleSSMIncidentsError: if a client can't be made.
        """
        first, *others = regions
        for group in ([first], others):
            if group and (group == [first] or self.seconds_left() > 0):
                attempts = self.attempts()
                yield from self.call_all({name: partial(call, self.client(name), attempts) for name in group})

    def call_all(self, calls: Mapping[str, Callable[[], Result]]) -> Iterator[Outcome[Result]]:
        """Make calls in parallel. A single call without a time limit of the task needs no thread: its client has time limits."""
        if len(calls) > 1 or self._deadline < math.inf:
            yield from in_parallel(calls, self.limit())
            return
        ((region, call),) = calls.items()
        outcome: Result | AnsibleSSMIncidentsError
        try:
            outcome = call()
        except Exception as error:
            outcome = as_failure(error)
        yield region, outcome


class ChangeWire(Wire):
    """The calls and the clock of a change. Each call is made once, because the change decides what to do after a failure.

    :ivar moving: the Regions that are being added to the set or deleted from it. They may not return it.
    """

    longest, shortest = 20, 3

    def __init__(self, connection: Connection, deadline: float) -> None:
        super().__init__(connection, deadline)
        self.moving: set[str] = set()
        # The failures of each Region since its last success.
        self._failures: Counter[str] = Counter()

    def seconds_until(self, moment: datetime) -> float:
        """Return the time until a moment; negative if the moment has passed."""
        return (moment - datetime.now(timezone.utc)).total_seconds()

    def sleep(self, seconds: float) -> None:
        """Sleep for a number of seconds."""
        time.sleep(seconds)

    def healthiest_first(self, regions: Iterable[str]) -> list[str]:
        """Return Regions in the order in which to call them: fewest failures, then not moving, then the user's own Region."""
        return sorted(regions, key=lambda name: (self._failures[name], name in self.moving, name != self.region, name))

    def attempts(self) -> Attempts:
        """Return how calls are tried."""
        return ONCE

    def ask(self, regions: Iterable[str], call: Call[Result]) -> Iterator[Outcome[Result]]:
        """Call the healthiest Region and then, if the caller goes on, all others in parallel. For the result, see Wire.

        A conflict does not count as a failure of a Region, nor does a set that is not found.
        """
        for region, outcome in super().ask(self.healthiest_first(regions), call):
            if not isinstance(outcome, AnsibleSSMIncidentsError):
                self._failures[region] = 0
            elif outcome.code not in (CONFLICT, NOT_FOUND):
                self._failures[region] += 1
            yield region, outcome
