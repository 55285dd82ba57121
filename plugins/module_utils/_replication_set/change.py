# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The change of a replication set to its desired state: read, decide and send a step, until nothing is left to do.

After every step, the set is read and the remaining steps are planned again. It makes no difference whether this run,
an earlier run that was killed, or somebody else made a step. decide.py decides what to do next.

If a Region is down in the middle of a change:

* Each read goes to the Region with the fewest failures first and, if that fails, to all others at once (ChangeWire).
* A step is sent once, to a Region that is in the set before and after it. If the call fails, the set is read before the step is sent
  again, with the same client token, to a Region that has not failed. Until then, its outcome can be unknown.
* If no Region responds, the change reads again after a pause, until it times out. AWS continues the steps that have started.
"""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import replace
from datetime import datetime, timezone
from functools import partial
from itertools import chain, repeat
from typing import TYPE_CHECKING, Callable, Iterable, Iterator, List, Mapping
from uuid import uuid4

from .._aws import errors
from .._aws.calls import ONCE, Attempts
from .._aws.errors import Failure, aws_response
from .._aws.text import iso_time
from .api import list_tags, send
from .decide import DONE, UNKNOWN, Attempt, History, Wait, decide, wait_for_response
from .desired import DesiredState
from .find import Call, Failures, Found, Outcome, Result, Wire, look, name_of_set
from .service import ACTIVE, PAUSES
from .state import Region, ReplicationSet
from .steps import Create, Step, numbered

if TYPE_CHECKING:
    from .._aws.connection import Connection

# How long after the time limit the first step may be sent, in seconds. With a wait_timeout of 0, the set is read first.
_GRACE = 2

#: How long to retry listing the tags for the result of a task, in seconds.
_LAST_READ_SECONDS = 60

Validator = Callable[["ReplicationSet | None", List[Step]], object]


class ChangeWire(Wire):
    """The calls and the clock of a change. Each call is made once, because the change decides what to do after a failure.

    :ivar regions: the Regions of the set, as far as they are known: those of the last read, or of the set that this run has
        created. A Region that is not ACTIVE may not return the set.
    """

    longest, shortest = 20, 3

    def __init__(self, connection: Connection, deadline: float) -> None:
        super().__init__(connection, deadline)
        self.regions: Mapping[str, Region] = {}
        # The failures of each Region since its last success.
        self._failures: Counter[str] = Counter()

    def seconds_until(self, moment: datetime) -> float:
        """Return the time until a moment; negative if the moment has passed."""
        return (moment - datetime.now(timezone.utc)).total_seconds()

    def sleep(self, seconds: float) -> None:
        """Sleep for a number of seconds."""
        time.sleep(seconds)

    def healthiest_first(self, regions: Iterable[str]) -> list[str]:
        """Return Regions in the order in which to call them: fewest failures, then ACTIVE, then the user's own Region."""
        inactive = {name for name, region in self.regions.items() if region.status != ACTIVE}
        return sorted(regions, key=lambda name: (self._failures[name], name in inactive, name != self.region, name))

    def attempts(self) -> Attempts:
        """Return how calls are tried."""
        return ONCE

    def ask(self, regions: Iterable[str], call: Call[Result]) -> Iterator[Outcome[Result]]:
        """Call the healthiest Region and then, if the caller goes on, all others in parallel. For the result, see Wire.

        A conflict does not count as a failure of a Region, nor does a set that is not found.
        """
        for region, outcome in super().ask(self.healthiest_first(regions), call):
            if not isinstance(outcome, Failure):
                self._failures[region] = 0
            elif outcome.code not in (errors.CONFLICT, errors.NOT_FOUND):
                self._failures[region] += 1
            yield region, outcome


class Change:
    """The change of one replication set.

    :ivar desired: the state to reach.
    :ivar wait: whether to wait until the last step is complete. If not, the change has only one step.
    :ivar arn: the set's ARN; empty if it is not known.
    :ivar seen: the last report of AWS; None before the first one.
    :ivar remaining: the steps of the last plan that AWS has not accepted.
    """

    def __init__(
        self,
        wire: ChangeWire,
        desired: DesiredState,
        wait: bool,
        wait_timeout: float,
        log: Callable[[str], object],
        show: Callable[[str], object],
    ) -> None:
        """
        :param wire: the clients, and the clock.
        :param wait_timeout: the time limit of the whole change in seconds, for the message.
        :param log: logs a line for each step that AWS has accepted.
        :param show: shows the user a line of the progress.
        """
        self.desired = desired
        self.wait = wait
        self.region, self.mask = wire.region, wire.mask
        self.arn = desired.arn or ""
        self.seen: Found | None = None
        self.remaining: list[Step] = []
        self._wire = wire
        self._wait_timeout = wait_timeout
        self._log, self._show = log, show
        self._history = History()
        # What the change waits for, and since when.
        self._waiting = ("", 0.0)

    @property
    def current(self) -> ReplicationSet | None:
        """The set that the last plan was made for; None for no set."""
        return self.seen.replication_set if self.seen else None

    @property
    def done(self) -> list[Step]:
        """The steps that AWS has accepted, in order."""
        return self._history.steps(DONE)

    @property
    def unknown(self) -> list[Step]:
        """The steps that AWS may have accepted, although the call failed."""
        return [step for step in self._history.steps(UNKNOWN) if step not in self.done]

    def plan(self) -> None:
        """Read the set, wait until no other change of it is in progress, and plan. This changes nothing.

        :raises Failure: if the set can't be read, if it is not ACTIVE in time, or if the change is not possible.
        """
        for pause in chain(PAUSES, repeat(PAUSES[-1])):
            if not self.wait and self.done:
                return
            decision = self._decide()
            if isinstance(decision, Wait):
                self._pause(decision, pause)
                continue
            self.remaining = decision
            if self._history.first_plan is None:
                for line in numbered(decision):
                    self._show(line)
            self._history = self._history.with_plan(decision)
            if not self.wait and len(decision) > 1:
                actions = ", ".join(step.action for step in decision)
                raise Failure(
                    f"wait: false allows only one step, but this change takes {len(decision)} steps: {actions}",
                    code=errors.WAIT_REQUIRED,
                )
            return

    def apply(self, validate: Validator) -> None:
        """Send the remaining steps.

        :param validate: raises Failure if the remaining steps, except the first one of all, can't succeed.
        :raises Failure: if AWS rejects a step, if the set or a Region fails, or if the change times out.
        """
        while self.remaining:
            if self._wire.seconds_left() <= (0 if self._history.attempts else -_GRACE):
                raise self._timed_out(self._history.last_failure)
            self._send(self.remaining[0])
            self.plan()
            validate(self.current, self.remaining)

    def is_over(self) -> bool:
        """Return whether the task has timed out."""
        return self._wire.seconds_left() <= 0

    # Read and decide --------------------------------------------------------------------------------------------------

    def _decide(self) -> Wait | list[Step]:
        before = self.seen and self._described_status()
        try:
            self.seen = self.look()
        except Failure as failure:
            return wait_for_response(self._history, failure)
        if not self.current and self._history.first_plan is None:
            # The set that was DELETING when the task began no longer exists.
            self.arn = self.desired.arn or ""
        done = len(self.done)
        self._history = self._history.after(self.current)
        self.remaining = [step for step in self.remaining if step not in self.done]
        for step in self.done[done:]:
            self._log_step(step)
        status = self._described_status()
        if status != before and (before or (self.current and self.current.is_changing)):
            self._show(status)
        others, now = self.seen.other_arns, self._wire.now()
        return decide(self.desired, self._history, self.current, others, now, self._is_untried)

    def _pause(self, wait: Wait, pause: float) -> None:
        """Sleep before the set is read again. Raises Failure if the change has waited too long."""
        now, left = self._wire.now(), self._wire.seconds_left()
        if self._waiting[0] != wait.reason:
            self._waiting = (wait.reason, now)
        if wait.failure and now - self._waiting[1] >= wait.limit:
            raise wait.failure
        if left <= 0 or (wait.pause or 0) > left + 1:
            raise self._timed_out(wait.failure)
        self._wire.sleep(min(wait.pause or min(pause, wait.longest), left))

    def _timed_out(self, failure: Failure | None) -> Failure:
        region = (self.seen and self.seen.region) or self.region
        message = f"Timed out after {self._wait_timeout:g} s while changing {name_of_set(self.arn)} in Region {region}"
        if failure:
            # A long reason is shortened, a message is not.
            message, reason = f"{message}: {failure.message}", failure.reason
        else:
            reason = self._described_status()
        moment = _retry_after(failure)
        advice = errors.ADVICE[errors.WAIT_TIMEOUT]
        if moment:
            advice = f"AWS allows another attempt after {iso_time(moment)}. Run the task again after that time."
        going_on = "AWS continues the steps that have started. " if self.done else ""
        return Failure(message, code=errors.WAIT_TIMEOUT, reason=reason, advice=f"{going_on}{advice}")

    def _described_status(self) -> str:
        return self.current.described_status() if self.current else "AWS reports no replication set"

    # Call Regions -----------------------------------------------------------------------------------------------------

    def look(self) -> Found:
        """Return what AWS reports, with the tags if the task changes them.

        :raises Failure: if it can't be determined whether there is a set, or if a listed set can't be read.
        """
        found = look(self._wire, self.arn, list(self._wire.regions))
        if found.replication_set is None:
            return found
        self.arn, self._wire.regions = found.arn, found.replication_set.regions
        if self.desired.tags is None:
            return found
        tags = self._list_tags(found.replication_set)
        return found._replace(replication_set=replace(found.replication_set, tags=tags))

    def find(self, arn: str) -> Found:
        """Return another set of the account. For errors, see look()."""
        return look(self._wire, arn, [])

    def list_tags_for_result(self, replication_set: ReplicationSet) -> Mapping[str, str]:
        """Return the tags of a set. Transient errors are retried for a minute.

        :raises Failure: if no Region of the set lists them.
        """
        end = self._wire.now() + min(_LAST_READ_SECONDS, self._wire.seconds_left())
        for pause in PAUSES:
            try:
                return self._list_tags(replication_set)
            except Failure as failure:
                if not failure.is_transient or self._wire.now() >= end:
                    raise
            self._wire.sleep(max(0, min(pause, end - self._wire.now())))
        return self._list_tags(replication_set)

    def _list_tags(self, replication_set: ReplicationSet) -> Mapping[str, str]:
        failures: Failures = {}
        call = partial(list_tags, arn=replication_set.arn)
        tags = self._wire.first(list(replication_set.regions), call, failures)
        if tags:
            return tags[1]
        raise next(iter(failures.values()))

    def _send(self, step: Step) -> None:
        """Send a step once, to a Region that has not rejected it, and record the result."""
        attempt = self._history.attempt_of(step)
        if not attempt:
            attempt = Attempt(step, str(uuid4()), self.current)
            self._waiting = ("", 0.0)
        attempt = attempt._replace(before=self.current)
        region = min(self._targets(step), key=lambda name: (name in attempt.rejected_in, name in attempt.failures))
        # If the task is interrupted during the call, AWS may have accepted the step.
        self._history = self._history.with_attempt(attempt._replace(outcome=UNKNOWN))
        call = partial(send, arn=self.arn, step=step, token=attempt.token)
        ((_region, result),) = self._wire.ask([region], call)
        if isinstance(result, Failure):
            now = self._wire.now()
            moment = _retry_after(result)
            not_before = now + self._wire.seconds_until(moment) if moment else 0
            self._history = self._history.with_attempt(attempt.failed(region, result, now, not_before))
            return
        if isinstance(step, Create):
            self.arn, self._wire.regions = result, step.created().regions
        self._history = self._history.with_attempt(attempt.accepted())
        self.remaining = [other for other in self.remaining if other != step]
        self._log_step(step)

    def _is_untried(self, attempt: Attempt) -> bool:
        """Return whether there is a Region in which the step has not failed yet."""
        return any(region not in attempt.failures for region in self._targets(attempt.step))

    def _targets(self, step: Step) -> list[str]:
        """Return the Regions to which a step can be sent, the healthiest first."""
        return self._wire.healthiest_first(step.targets(self.current))

    def _log_step(self, step: Step) -> None:
        values = ", ".join(f"{name}: {value}" for name, value in vars(step).items())
        self._log(f"AWS accepted {step.action} for the replication set {self.arn} ({values})")
        number, count = self.done.index(step) + 1, len(self.done) + len(self.remaining)
        self._show(f"accepted: {step.describe('').strip()} (step {number} of {count})")


def _retry_after(failure: Failure | None) -> datetime | None:
    """Return the time after which AWS allows another attempt, if it sent one (ConflictException, botocore's model)."""
    moment = aws_response(failure.cause if failure else None).get("retryAfter")
    if not isinstance(moment, datetime):
        return None
    try:
        return moment.astimezone(timezone.utc) if moment.tzinfo else moment.replace(tzinfo=timezone.utc)
    except OverflowError:
        return None
